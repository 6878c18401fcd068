"""The difference between the trees below somebody at two dates: who entered, who left, who was moved, and how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from cypher import changes
from cypher.store import Store
from graph_api.batched.structures import Below, StructureReads
from graph_api.errors import Invalid

CLOCKS_APART_US = 300_000_000
"""How far a caller's clock may be ahead of ours."""
MOVES_MAX = 5_000


class State(Enum):
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    MOVED = "MOVED"
    UNCHANGED = "UNCHANGED"


class Place(NamedTuple):
    """Where somebody stood: the level below the root, and the referrer."""

    level: int
    referrer_code: str | None


class Person(NamedTuple):
    """Somebody who stood in the tree at one of the dates, or both; None: not then."""

    code: str
    before: Place | None
    after: Place | None

    @property
    def state(self) -> State:
        if self.before is None:
            return State.ADDED
        if self.after is None:
            return State.REMOVED
        if self.before.level and self.before.referrer_code != self.after.referrer_code:
            return State.MOVED
        return State.UNCHANGED


class Move(NamedTuple):
    """A change of referrer; None: nobody."""

    code: str
    from_code: str | None
    to_code: str | None
    at: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """`people`: the root first, then by level; `moves`: of those people, in the order of time."""

    people: list[Person]
    moves: list[Move]
    truncated: bool


async def difference(
    store: Store,
    structures: StructureReads,
    root_code: str,
    *,
    from_at: int,
    to_at: int,
    depth: int,
    limit: int,
    now: int,
) -> Difference | None:
    """Everybody within some levels below a root at either date, and where they stood at both.

    Whoever stands deeper at the other date, or is beyond what was read of it, is looked up there, so that a cut makes
    nobody seem to have come or gone. None if there was no such promoter at the later date.
    """
    if from_at > to_at:
        raise Invalid("from lies after to", field=["from"])
    if to_at > now + CLOCKS_APART_US:
        raise Invalid("to lies in the future", field=["to"])
    after = await structures.below(root_code, depth=depth, limit=limit, at=to_at)
    if after is None:
        return None
    before = await structures.below(root_code, depth=depth, limit=limit, at=from_at)
    places_before, places_after = _places(before), _places(after)
    stood_before = await _elsewhere(store, root_code, places_after.keys() - places_before.keys(), before, from_at)
    stand_after = await _elsewhere(store, root_code, places_before.keys() - places_after.keys(), after, to_at)
    people = [
        Person(code, places_before.get(code) or stood_before.get(code), places_after.get(code) or stand_after.get(code))
        for code in {**places_after, **places_before}
    ]
    people.sort(key=_order)
    shown = people[:limit]
    moves, cut = await _moves(store, [person.code for person in shown], from_at=from_at, to_at=to_at)
    truncated = after.truncated or (before is not None and before.truncated) or len(people) > limit or cut
    return Difference(shown, moves, truncated)


def _places(below: Below | None) -> dict[str, Place]:
    if below is None:
        return {}
    referrers = {edge.target: edge.source for edge in below.edges}
    return {code: Place(level, referrers.get(code)) for code, level in below.levels.items()}


async def _elsewhere(
    store: Store, root_code: str, codes: Iterable[str], below: Below | None, at: int
) -> dict[str, Place]:
    """Where those stood whom a cut tree does not show."""
    wanted = sorted(codes)
    if below is None or not below.truncated or not wanted:
        return {}
    found = await changes.standings(store, codes=wanted, root_code=root_code, at=at)
    return {row.code: Place(row.level, row.referrer_code) for row in found if row.level is not None}


def _order(person: Person) -> tuple[int, str]:
    place = person.after or person.before
    assert place is not None
    return place.level, person.code


async def _moves(store: Store, codes: list[str], *, from_at: int, to_at: int) -> tuple[list[Move], bool]:
    rows = (await changes.changes(store, codes=codes, from_at=from_at, to_at=to_at, first=MOVES_MAX + 1)).rows
    ended: dict[tuple[int, str], tuple[str, str | None]] = {}
    begun: dict[tuple[int, str], str] = {}
    for code, referrer_code, since_at, until_at, reason in rows[:MOVES_MAX]:
        if since_at is not None and since_at == until_at:
            continue  # it was in effect at no instant
        if since_at is not None and from_at < since_at <= to_at:
            begun[since_at, code] = referrer_code
        if until_at is not None and from_at < until_at <= to_at:
            ended[until_at, code] = referrer_code, reason
    moves = []
    for at, code in sorted(begun.keys() | ended.keys()):
        from_code, reason = ended.get((at, code), (None, None))
        moves.append(Move(code, from_code, begun.get((at, code)), at, reason))
    return moves, len(rows) > MOVES_MAX


def counted(people: Iterable[Person]) -> dict[State, int]:
    """How many are in each state."""
    counts: dict[State, int] = defaultdict(int)
    for person in people:
        counts[person.state] += 1
    return counts
