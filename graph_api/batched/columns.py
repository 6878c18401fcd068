"""A whole tree as parallel lists: a picture of a hundred thousand people is a handful of lists, not as many objects."""

from __future__ import annotations

from dataclasses import dataclass

from cypher import structures
from cypher.network import DEPTH_MAX
from cypher.statements import Run
from graph_api.errors import Invalid
from graph_api.rules.plan import Rank

PEOPLE_MAX = 100_000
RANKS = tuple(Rank)
STATUSES = ("ACTIVE", "LOCKED", "CLOSED")


@dataclass(frozen=True, slots=True)
class Columns:
    """People below a root, breadth first, each level by code; a list each, all in that order.

    `parents`: the place of who stands above, -1 of the root. `ranks`, `statuses`: places in RANKS and STATUSES.
    `joined_ats`: microseconds. `truncated`: there are more than are shown.
    """

    codes: list[str]
    parents: list[int]
    ranks: list[int]
    statuses: list[int]
    joined_ats: list[int]
    volume_fens: list[int]
    truncated: bool


async def columns(run: Run, root_code: str, *, depth: int, limit: int, at: int | None) -> Columns | None:
    """The tree below a promoter as it is, or was at an instant, in one read; None if there was no such promoter then."""
    if not 1 <= limit <= PEOPLE_MAX:
        raise Invalid(f"limit must be 1-{PEOPLE_MAX}", field=["limit"])
    shown = min(depth, DEPTH_MAX)
    # One level and one person more than are shown tell whether there are more.
    if at is None:
        found = await structures.columns_now(run, code=root_code, depth=shown + 1, first=limit + 1)
    else:
        found = await structures.columns(run, code=root_code, depth=shown + 1, at=at, first=limit + 1)
    if found is None or not found.codes:
        return None
    parents = parents_of(found.codes, found.referrer_codes)
    kept = within(parents, depth=shown, limit=limit)
    return Columns(
        codes=found.codes[:kept],
        parents=parents[:kept],
        ranks=[*map(RANKS.index, map(Rank, found.ranks[:kept]))],
        statuses=[*map(STATUSES.index, found.statuses[:kept])],
        joined_ats=found.joined_ats[:kept],
        volume_fens=found.volume_fens[:kept],
        truncated=kept < len(parents),
    )


def parents_of(codes: list[str], referrer_codes: list[str]) -> list[int]:
    """Places of referrers; -1 of whoever has none among them.

    >>> parents_of(["R", "A", "B", "A1"], ["", "R", "R", "A"])
    [-1, 0, 0, 1]
    """
    places = {code: place for place, code in enumerate(codes)}
    return [places.get(code, -1) for code in referrer_codes]


def within(parents: list[int], *, depth: int, limit: int) -> int:
    """How many of those that come breadth first are within some levels and a number.

    >>> within([-1, 0, 0, 1], depth=1, limit=9), within([-1, 0, 0, 1], depth=9, limit=2)
    (3, 2)
    """
    levels: list[int] = []
    for parent in parents[:limit]:
        level = levels[parent] + 1 if parent >= 0 else 0
        if level > depth:
            break
        levels.append(level)
    return len(levels)
