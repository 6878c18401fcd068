"""Reads of quarantined claims: by page, and the cycle that each lay on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cypher import claims
from cypher.claims import Claim
from cypher.store import Store
from graph_api.batched.grouped import Grouped, cursor_of, keyset_of

TURNS_MAX = 8
"""A cycle may lead over claims to people of the store, over their referrals, over claims again; so often is enough."""
CYCLE_MAX = 1_000


@dataclass(frozen=True, slots=True)
class ClaimPage:
    rows: tuple[Claim, ...]
    cursors: tuple[str, ...]
    has_next: bool


class Cycle(NamedTuple):
    """Codes once round, none if it does not close; `truncated`: none because it is longer than anybody follows it."""

    codes: list[str]
    truncated: bool


NO_CYCLE = Cycle([], truncated=False)
TOO_LONG = Cycle([], truncated=True)


class ClaimReads:
    """For one answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cycles: Grouped[None, Cycle] = Grouped(self._load_cycles, otherwise=lambda: NO_CYCLE)

    async def page(self, *, settled: bool, first: int, after: str | None) -> ClaimPage:
        """Claims by the promoter's code: those that wait, or those that somebody has decided about."""
        start = str(keyset_of(after, like=[str])[0]) if after is not None else ""
        read = claims.settled if settled else claims.waiting
        rows = await read(self._store, after=start, first=first + 1)
        shown = tuple(rows[:first])
        return ClaimPage(shown, tuple(cursor_of(row.code) for row in shown), len(rows) > first)

    async def count(self, *, settled: bool) -> int:
        counts = await claims.counts(self._store)
        return counts.settled if settled else counts.waiting

    async def cycle(self, code: str) -> Cycle:
        """From a promoter to whom it claims, to whom that one names, and on, once round.

        It leads over claims, decided ones too, and where somebody claims nobody over referrals as they are now.
        """
        return await self._cycles.load(code, None)

    async def _load_cycles(self, codes: list[str], _: None) -> Mapping[str, Cycle]:
        walks = {code: [code] for code in codes}
        ended: dict[str, Cycle] = {}
        for turn in range(TURNS_MAX):
            ends = sorted({walk[-1] for walk in walks.values()})
            if not ends:
                break
            read = claims.above_by_claims if turn % 2 == 0 else claims.above_by_referrals
            above: dict[str, str] = dict((await read(self._store, codes=ends)).edges)
            going_on: dict[str, list[str]] = {}
            for code, walk in walks.items():
                further = _further(walk, above)
                if further is None:
                    continue
                if further[-1:] == [code]:
                    ended[code] = Cycle([*walk, *further[:-1]], truncated=False)
                elif further or turn == 0:
                    going_on[code] = [*walk, *further]
            walks = {code: walk for code, walk in going_on.items() if len(walk) <= CYCLE_MAX}
            ended |= dict.fromkeys(going_on.keys() - walks.keys(), TOO_LONG)
        return ended | dict.fromkeys(walks, TOO_LONG)


def _further(walk: list[str], above: Mapping[str, str]) -> list[str] | None:
    """Who stands above the end of a walk, nearest first, to its start if it comes round; None if it meets itself elsewhere."""
    met = set(walk)
    further: list[str] = []
    here = walk[-1]
    while len(further) < CYCLE_MAX and (here := above.get(here, "")):
        further.append(here)
        if here == walk[0]:
            break
        if here in met:
            return None
        met.add(here)
    return further
