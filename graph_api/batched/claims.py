"""Reads of quarantined claims: by page, and the cycle that each lay on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


class ClaimReads:
    """For one answer."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cycles: Grouped[None, list[str]] = Grouped(self._load_cycles, otherwise=list)

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

    async def cycle(self, code: str) -> list[str]:
        """From a promoter to whom it claims, to whom that one names, and on, once round; empty if it does not close.

        It leads over claims, decided ones too, and where somebody claims nobody over referrals as they are now.
        """
        return await self._cycles.load(code, None)

    async def _load_cycles(self, codes: list[str], _: None) -> Mapping[str, list[str]]:
        walks = {code: [code] for code in codes}
        closed: dict[str, list[str]] = {}
        for turn in range(TURNS_MAX):
            ends = sorted({walk[-1] for walk in walks.values()})
            if not ends:
                break
            read = claims.above_by_claims if turn % 2 == 0 else claims.above_by_referrals
            above = {row.code: row.codes for row in await read(self._store, codes=ends)}
            going_on: dict[str, list[str]] = {}
            for code, walk in walks.items():
                further = above.get(walk[-1], [])
                if code in further:
                    closed[code] = [*walk, *further[: further.index(code)]]
                elif (further or turn == 0) and not set(further) & set(walk) and len(walk) < CYCLE_MAX:
                    going_on[code] = [*walk, *further]
            walks = going_on
        return closed
