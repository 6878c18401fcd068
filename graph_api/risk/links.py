"""Identifiers that link people; one of more than `hub_max` people links nobody, as a shop's till or a hostel's address does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from graph_api.arrays import grouped
from graph_api.risk.detector import Edge, Parameter, Text
from graph_api.risk.snapshot import Bools, Int32s, Int64s, Snapshot
from graph_api.rules.codes import IDENTIFIER_KINDS, STRONG_KINDS

STRONG = np.array([kind in STRONG_KINDS for kind in IDENTIFIER_KINDS])
"""Kinds that one person has for itself; people share an address without being one."""
HUB_MAX = Parameter(
    "hub_max",
    20,
    2,
    1000,
    "PEOPLE",
    Text("一个标识超过多少人使用即不再视为关联", "An identifier of more people than this links nobody"),
)


def hubs(snapshot: Snapshot, hub_max: int) -> list[tuple[str, int]]:
    """Identifiers that are ignored, with how many people each has."""
    people = snapshot.people_by_identifier
    return [(snapshot.identifiers[i], int(people[i])) for i in np.flatnonzero(people > hub_max).tolist()]


def linking(snapshot: Snapshot, hub_max: int) -> Bools:
    """Which links are of an identifier that links people: two at least, and no hub."""
    people = snapshot.people_by_identifier[snapshot.link_identifiers]
    return (people >= 2) & (people <= hub_max)


def promoter_pairs(snapshot: Snapshot, hub_max: int) -> tuple[Int64s, Int64s]:
    """Edges that connect exactly the promoters who share an identifier: each with the next one of it."""
    links = np.flatnonzero(linking(snapshot, hub_max) & (snapshot.link_people < snapshot.promoters))
    order, _ = grouped(snapshot.link_identifiers[links])
    ordered = links[order]
    same = np.diff(snapshot.link_identifiers[ordered]) == 0
    people = snapshot.link_people[ordered].astype(np.int64)
    return people[:-1][same], people[1:][same]


CHUNK = 1_000_000
"""Identifiers compared at once."""


class Sharing:
    """Answers which people share a strong identifier."""

    def __init__(self, snapshot: Snapshot, hub_max: int) -> None:
        strong: Bools = STRONG[snapshot.kind_by_identifier[snapshot.link_identifiers]]
        chosen = linking(snapshot, hub_max) & strong
        people, identifiers = snapshot.link_people[chosen], snapshot.link_identifiers[chosen]
        order = np.argsort(people, kind="stable")
        self._identifiers: Int32s = identifiers[order]
        self._starts = np.searchsorted(people[order], np.arange(len(snapshot.codes) + 1))
        self._width = max(len(snapshot.identifiers), 1)
        self._keys = np.sort(people.astype(np.int64) * self._width + identifiers)

    def of(self, person: int) -> set[int]:
        return {int(i) for i in self._identifiers[self._starts[person] : self._starts[person + 1]]}

    def shares(self, a: Int32s, b: Int32s) -> Bools:
        """Pair by pair, whether the two people share one: each pair once, from the one who has fewer."""
        if not len(self._keys) or not len(a):
            return np.zeros(len(a), dtype=np.bool_)
        people = len(self._starts) - 1
        different, places = np.unique(a.astype(np.int64) * people + b, return_inverse=True)
        a, b = np.divmod(different, people)
        held = np.diff(self._starts)
        fewer, other = np.where(held[a] <= held[b], a, b), np.where(held[a] <= held[b], b, a)
        answer = np.zeros(len(different), dtype=np.bool_)
        chunks = np.cumsum(held[fewer]) // CHUNK
        for chunk in np.split(np.arange(len(different)), np.flatnonzero(np.diff(chunks)) + 1):
            answer[chunk] = self._share(fewer[chunk], other[chunk])
        shared: Bools = answer[places]
        return shared

    def _share(self, a: Int64s, b: Int64s) -> Bools:
        counts = self._starts[a + 1] - self._starts[a]
        pairs = np.repeat(np.arange(len(a)), counts)
        offsets = np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
        wanted = b[pairs] * self._width + self._identifiers[self._starts[a][pairs] + offsets]
        places = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        answer = np.zeros(len(a), dtype=np.bool_)
        answer[pairs[self._keys[places] == wanted]] = True
        return answer


def link_edges(snapshot: Snapshot, people: Iterable[int], identifiers: Iterable[int]) -> Iterator[Edge]:
    """Edges from people to those of their identifiers that are named."""
    wanted = set(people)
    for identifier in sorted(identifiers):
        id = snapshot.identifiers[identifier]
        for person in sorted(wanted.intersection(snapshot.people_with(identifier))):
            yield Edge(snapshot.node(person), id, id.partition(":")[0])
