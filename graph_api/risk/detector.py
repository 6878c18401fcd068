"""What a detector is, what it finds, and how a finding is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph_api.errors import OutOfBounds
from graph_api.risk.snapshot import Snapshot

ALERT_SCORE = 60
LOCK_SCORE = 90
SCORE_MAX = 100
MEMBERS_MAX = 500
"""A finding names no more members than this, nearest to its anchor first; `member_count` counts all."""
EDGES_MAX = 2_000

Limits = Mapping[str, int]


class Text(NamedTuple):
    zh: str
    en: str


class Edge(NamedTuple):
    """Between nodes `KIND:key`; `kind` is a RelationKind of the API. REFERRED leads from the referrer to the downline."""

    source: str
    target: str
    kind: str
    weight: int = 1


class Evidence(NamedTuple):
    """A measured value beside the threshold it is held against; money in fen."""

    key: str
    value: str
    threshold: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A structure in a snapshot. `anchor` names it within its detector, however it grows or shrinks."""

    detector: str
    version: int
    anchor: str
    score: int
    members: tuple[str, ...]
    member_count: int
    edges: tuple[Edge, ...]
    truncated: bool
    evidence: tuple[Evidence, ...]
    at_stake_fen: int
    sentence: Text

    @property
    def key(self) -> str:
        return f"{self.detector}:{self.anchor}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a definition: its value if nothing else is said, and between what it may be."""

    key: str
    default: int
    least: int
    most: int

    def check(self, value: int) -> None:
        if not self.least <= value <= self.most:
            raise OutOfBounds(f"{self.key} must be {self.least} to {self.most}, not {value}", field=[self.key])


@dataclass(frozen=True, slots=True)
class Detector:
    """A named definition; `version` rises whenever the same graph would give other findings.

    `followed`: a structure whose anchor has left it is still the same one if its members are; others are of a day or a month.
    """

    key: str
    version: int
    title: Text
    description: Text
    parameters: tuple[Parameter, ...]
    detect: Callable[[Snapshot, Limits], list[Found]]
    may_lock: bool = False
    followed: bool = False

    def limits(self, chosen: Mapping[str, int] | None = None) -> dict[str, int]:
        """All parameters, those chosen instead of the defaults; OutOfBounds for an unknown one or one out of bounds."""
        known = {parameter.key: parameter for parameter in self.parameters}
        for key, value in (chosen or {}).items():
            if key not in known:
                raise OutOfBounds(f"{self.key} has no parameter {key}", field=[key])
            known[key].check(value)
        return {key: parameter.default for key, parameter in known.items()} | dict(chosen or {})


def score(value: int, *, alert: int, lock: int) -> int:
    """60 where the threshold is just met, 90 where the lock threshold is, linear between, at most 100.

    >>> [score(n, alert=3, lock=5) for n in (3, 4, 5, 6)], score(2, alert=3, lock=3)
    ([60, 75, 90, 100], 30)
    """
    span = max(lock - alert, 1)
    return max(0, min(SCORE_MAX, ALERT_SCORE + (LOCK_SCORE - ALERT_SCORE) * (value - alert) // span))


def found(
    snapshot: Snapshot,
    detector: Detector,
    *,
    anchor: str,
    score: int,
    members: Sequence[int] | NDArray[Any],
    edges: Iterable[Edge],
    evidence: Sequence[Evidence],
    sentence: Text,
    stake_fen: int | None = None,
    member_count: int | None = None,
) -> Found:
    """A finding over promoters by number, cut to what can be shown; its stake is what its members are not paid yet."""
    shown = [int(member) for member in members[:MEMBERS_MAX]]
    every = sorted(set(edges))  # however people are numbered, so that a finding changes only when its structure does
    count = len(members) if member_count is None else member_count
    return Found(
        detector=detector.key,
        version=detector.version,
        anchor=anchor,
        score=score,
        members=tuple(snapshot.code(member) for member in shown),
        member_count=count,
        edges=tuple(every[:EDGES_MAX]),
        truncated=len(every) > EDGES_MAX or count > len(shown),
        evidence=tuple(evidence),
        at_stake_fen=snapshot.stake_fen(np.asarray(members, dtype=np.int64)) if stake_fen is None else stake_fen,
        sentence=sentence,
    )


def by_code(snapshot: Snapshot, people: Iterable[int]) -> list[int]:
    """People in the order of their codes."""
    return sorted((int(person) for person in people), key=snapshot.code)


def listed(snapshot: Snapshot, people: Sequence[int], *, most: int = 5) -> str:
    """The first codes, and an ellipsis if there are more."""
    shown = "、".join(snapshot.code(person) for person in people[:most])
    return shown + ("…" if len(people) > most else "")
