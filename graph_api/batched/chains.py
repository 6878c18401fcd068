"""Thin runs of referrals, as DEEP_CHAIN has them: each but the ends has a referrer and exactly one direct downline."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from cypher import chains as reads
from cypher import structures
from cypher.chains import Line
from cypher.network import DEPTH_MAX
from cypher.store import Store
from graph_api.batched.asks import INSTANT_FROM, INSTANT_TO
from graph_api.batched.structures import NODES_MAX
from graph_api.errors import Invalid

PEOPLE_MAX = 20_000
"""How many people one question looks at for the lower end of a run."""
LINES_AT_ONCE = 1_000
STEPS_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs. `root`: of the tree below that promoter alone, as though nothing stood above; `through`: somebody on it.

    The lower end joined from one instant to before another.
    """

    levels_min: int
    root: str | None
    through: str | None
    from_at: int
    to_at: int

    @classmethod
    def of(
        cls, levels_min: int, root: str | None, through: str | None, *, from_at: int | None, to_at: int | None
    ) -> Wanted:
        """Invalid unless it can be looked for."""
        window = (INSTANT_FROM if from_at is None else from_at, INSTANT_TO if to_at is None else to_at)
        if not 2 <= levels_min <= DEPTH_MAX:
            raise Invalid(f"minLevels must be 2-{DEPTH_MAX}", field=["minLevels"])
        if window[0] > window[1]:
            raise Invalid("joinedFrom lies after joinedTo", field=["joinedFrom"])
        return cls(levels_min, root, through, *window)


@dataclass(frozen=True, slots=True)
class Found:
    """Runs from the upper end to the lower, longest first; `truncated`: there are more, or not all was looked at."""

    runs: list[list[str]]
    truncated: bool


async def chains(store: Store, wanted: Wanted, *, first: int) -> Found | None:
    """Every longest run of enough levels, looked for from its lower end upwards, as it has one; None: nobody such."""
    named = {code for code in (wanted.root, wanted.through) if code is not None}
    if named and set((await structures.are_promoters(store, codes=sorted(named))).codes) != named:
        return None
    ends, cut = await _ends(store, wanted)
    runs: list[list[str]] = []
    for start in range(0, len(ends), LINES_AT_ONCE):
        for line in await reads.lines(store, codes=ends[start : start + LINES_AT_ONCE]):
            run = _run(line, wanted)
            if run is not None:
                runs.append(run)
    runs.sort(key=lambda run: (-len(run), run))
    shown = _within(runs[:first])
    return Found(shown, truncated=cut or len(runs) > len(shown))


def _within(runs: list[list[str]]) -> list[list[str]]:
    """As many of the first as have no more people together than one answer shows."""
    people = accumulate(len(run) for run in runs)
    return [run for run, so_far in zip(runs, people, strict=True) if so_far <= NODES_MAX]


async def _ends(store: Store, wanted: Wanted) -> tuple[list[str], bool]:
    if wanted.through is not None:
        return await _ends_through(store, wanted.through)
    window = {"from_at": wanted.from_at, "to_at": wanted.to_at, "people_max": PEOPLE_MAX + 1}
    if wanted.root is not None:
        found = await reads.ends_below(store, root_code=wanted.root, **window)
    else:
        found = await reads.ends_joined(store, **window)
    return found.codes, found.looked_at > PEOPLE_MAX


async def _ends_through(store: Store, code: str) -> tuple[list[str], bool]:
    """Lower ends of the runs that somebody is on: itself, or whoever is reached downwards over intermediates."""
    ends = [code]
    rows = (await reads.next_below(store, codes=[code])).rows
    below = await reads.single_below(store, code=code, first=PEOPLE_MAX + 1) if not rows else None
    walking = below.codes if below is not None else []
    steps = 0
    while rows or walking:
        ends += [lower for lower, goes_on in rows if not goes_on]
        walking += [lower for lower, goes_on in rows if goes_on]
        steps += len(walking)
        if steps > STEPS_MAX:
            return ends, True
        rows = (await reads.next_below(store, codes=walking)).rows if walking else []
        walking = []
    return ends, below is not None and below.looked_at > PEOPLE_MAX


def _run(line: Line, wanted: Wanted) -> list[str] | None:
    """The run that ends at the lower end of a line, from its upper end down; None if it is not wanted."""
    if line.directs == 1 or not wanted.from_at <= line.joined_at < wanted.to_at:
        return None
    if wanted.root is not None and all(code != wanted.root for code, _ in line.above):
        return None
    run = [line.code]
    for code, directs in line.above:
        run.append(code)
        if directs != 1 or code == wanted.root:
            break
    if len(run) - 1 < wanted.levels_min or (wanted.through is not None and wanted.through not in run):
        return None
    return run[::-1]
