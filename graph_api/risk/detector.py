"""What a detector is, what it finds, and how a finding is scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

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
Unit = Literal["FEN", "DAYS", "HOURS", "PERCENT", "PEOPLE", "ORDERS", "LEVELS", "TIMES"]


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
    """A number of a definition: its value if nothing else is said, and between what it may be.

    `not_below`: the parameter that it must not be below, as what locks is never below what alerts.
    """

    key: str
    default: int
    least: int
    most: int
    unit: Unit
    meaning: Text
    not_below: str | None = None

    def takes(self, value: int) -> bool:
        return self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """What people have chosen instead of a detector's defaults, by number; 0 are the defaults themselves."""

    number: int
    chosen: Mapping[str, int]


DEFAULTS = ParameterSet(0, {})


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
        for key, wrong in self.faults(chosen or {}).items():
            raise OutOfBounds(wrong, field=[key])
        return self._with(chosen or {})

    def faults(self, chosen: Mapping[str, int]) -> dict[str, str]:
        """What is wrong with each of the parameters chosen: unknown, out of bounds, or below what it must not be below."""
        known = {parameter.key: parameter for parameter in self.parameters}
        wrong: dict[str, str] = {}
        for key, value in chosen.items():
            if key not in known:
                wrong[key] = f"{self.key} has no parameter {key}"
            elif not known[key].takes(value):
                wrong[key] = f"{key} must be {known[key].least} to {known[key].most}, not {value}"
        values = self._with(chosen)
        for upper in self.parameters:
            lower = upper.not_below
            if lower is not None and values[upper.key] < values[lower] and not wrong.keys() & {upper.key, lower}:
                at_fault = upper.key if upper.key in chosen else lower
                wrong[at_fault] = f"{upper.key} of {values[upper.key]} is below {lower} of {values[lower]}"
        return wrong

    def still_valid(self, chosen: Mapping[str, int]) -> dict[str, int]:
        """Of what was chosen once, perhaps for an earlier version, what this one takes; the defaults instead of the rest."""
        kept = dict(chosen)
        while wrong := self.faults(kept):
            kept = {key: value for key, value in kept.items() if key not in wrong}
        return kept

    def _with(self, chosen: Mapping[str, int]) -> dict[str, int]:
        return {parameter.key: parameter.default for parameter in self.parameters} | dict(chosen)


def score(value: int, *, alert: int, lock: int) -> int:
    """60 where the threshold is just met, 90 where the lock threshold is, linear between, at most 100.

    >>> [score(n, alert=3, lock=5) for n in (3, 4, 5, 6)], [score(n, alert=3, lock=3) for n in (2, 3)]
    ([60, 75, 90, 100], [30, 90])
    """
    span = max(lock - alert, 1)
    from_, reached = (lock, LOCK_SCORE) if value >= lock else (alert, ALERT_SCORE)
    return max(0, min(SCORE_MAX, reached + (LOCK_SCORE - ALERT_SCORE) * (value - from_) // span))


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
    cut: bool = False,
) -> Found:
    """A finding over promoters by number, cut to what can be shown; its stake is what its members are not paid yet.

    `cut`: there is more of it than was looked at.
    """
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
        truncated=cut or len(every) > EDGES_MAX or count > len(shown),
        evidence=tuple(evidence),
        at_stake_fen=snapshot.stake_fen(np.asarray(members, dtype=np.int64)) if stake_fen is None else stake_fen,
        sentence=sentence,
    )


def by_code(snapshot: Snapshot, people: Iterable[int]) -> list[int]:
    """People in the order of their codes."""
    return sorted((int(person) for person in people), key=snapshot.code)


def listed(snapshot: Snapshot, people: Sequence[int], *, most: int = 5) -> Text:
    """The first codes, and an ellipsis if there are more."""
    shown = [snapshot.code(person) for person in people[:most]]
    more = "…" if len(people) > most else ""
    return Text("、".join(shown) + more, ", ".join(shown) + more)
