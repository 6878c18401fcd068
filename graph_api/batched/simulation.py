"""Simulations of a plan on past orders: streamed from the store in pages, counted in a worker thread.

One at a time in a process, so that other requests keep a core; the latest few are kept, so that turning their pages
costs nothing until something is written.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from cypher import months, plans, simulation
from cypher.store import Store
from graph_api.batched.grouped import cursor_of, keyset_of
from graph_api.errors import Invalid, OutOfBounds
from graph_api.rules.calendar import INSTANT_MIN, month_end, month_start
from graph_api.rules.money import FEN_MAX
from graph_api.rules.plan import Plan
from graph_api.rules.simulation import Compared, PastOrder, Simulation, Standing, TierMonth

ORDERS_MAX = 2_000_000
ORDERS_PER_PAGE = 1_000
"""A page is one record, and the driver takes it apart on the event loop in one go: 10 ms."""
TIERS_PER_PAGE = 2_000
KEPT = 2


class Window(NamedTuple):
    """Orders paid at or after `paid_from` and before `paid_to`."""

    paid_from: int
    paid_to: int

    @classmethod
    def of(cls, paid_from: int | None, paid_to: int | None) -> Window:
        """Without a bound: from the beginning, to the end."""
        return cls(INSTANT_MIN if paid_from is None else paid_from, FEN_MAX if paid_to is None else paid_to)


@dataclass(frozen=True, slots=True)
class Simulated:
    """A finished simulation. TIER is counted for closed months that lie in the window with all their sales.

    `open_months` have none yet, as really; of `cut_months` a part of the sales lies outside.
    """

    simulation: Simulation
    tier_months: tuple[int, ...]
    open_months: tuple[int, ...]
    cut_months: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ComparedPage:
    rows: tuple[Compared, ...]
    cursors: tuple[str, ...]
    has_next: bool


class Simulations:
    """Shared by all requests of a process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._kept: OrderedDict[tuple[Plan, Window, int], Simulated] = OrderedDict()

    async def run(self, plan: Plan, window: Window) -> Simulated:
        """What the plan would have paid on the orders of a window; Invalid or OutOfBounds if there is no such window."""
        if window.paid_from >= window.paid_to:
            raise Invalid("paidTo must lie after paidFrom", field=["paidTo"])
        async with self._turn:
            key = (plan, window, self._store.head)
            if key not in self._kept:
                self._kept[key] = await self._simulated(plan, window)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return self._kept[key]

    async def page(self, simulated: Simulated, *, first: int, after: str | None) -> ComparedPage:
        """Promoters, greatest difference first, then by code."""
        after_key = None
        if after is not None:
            size_fen, code = keyset_of(after, like=[int, str])
            after_key = (-int(size_fen), str(code))
        rows = await asyncio.to_thread(simulated.simulation.page, first=first + 1, after=after_key)
        shown = tuple(rows[:first])
        cursors = tuple(cursor_of(abs(row.difference_fen), row.code) for row in shown)
        return ComparedPage(shown, cursors, len(rows) > first)

    async def _simulated(self, plan: Plan, window: Window) -> Simulated:
        found = await simulation.size(self._store, **window._asdict(), limit=ORDERS_MAX + 1)
        if found.orders > ORDERS_MAX:
            raise OutOfBounds(f"a window of more than {ORDERS_MAX} orders: simulate parts of it", field=["paidTo"])
        versions = [plans.plan_of(row.plan) for row in await plans.versions(self._store)]
        running = Simulation(plan, {version.version: version for version in versions})
        await self._orders(running, window)
        closed = {row.month for row in await months.closed(self._store)}
        open_months = sorted(running.months - closed)
        cut_months = [month for month in sorted(running.months & closed) if await self._cut(month, window)]
        tier_months = sorted(running.months - {*open_months, *cut_months})
        for month in tier_months:
            await self._tiers(running, month)
        return Simulated(running, tuple(tier_months), tuple(open_months), tuple(cut_months))

    async def _orders(self, running: Simulation, window: Window) -> None:
        paid_at, number = window.paid_from, ""
        orders: list[PastOrder] | None = None
        while orders is None or len(orders) == ORDERS_PER_PAGE:
            page = await simulation.orders(
                self._store, paid_at=paid_at, number=number, paid_to=window.paid_to, first=ORDERS_PER_PAGE
            )
            orders = [PastOrder(*row) for row in page.rows]
            unknown = running.unknown(orders)
            if unknown:
                told = await simulation.standings(self._store, codes=unknown)
                running.standings |= {code: Standing(*standing) for code, *standing in told.rows}
            await asyncio.to_thread(running.take, orders)
            if orders:
                paid_at, number = orders[-1].paid_at, orders[-1].number

    async def _cut(self, month: int, window: Window) -> bool:
        """Whether some of the month's sales lie outside the window: its TIER cannot be compared then."""
        start, end = month_start(month), month_end(month)
        outside = [(start, min(window.paid_from, end)), (max(window.paid_to, start), end)]
        for paid_from, paid_to in outside:
            if paid_from < paid_to:
                found = await simulation.sold_between(self._store, paid_from=paid_from, paid_to=paid_to)
                if found.sold:
                    return True
        return False

    async def _tiers(self, running: Simulation, month: int) -> None:
        code = ""
        rows: list[TierMonth] | None = None
        while rows is None or len(rows) == TIERS_PER_PAGE:
            page = await simulation.tiers(
                self._store,
                month=month,
                threshold_fen=running.plan.tier_threshold_fen,
                code=code,
                first=TIERS_PER_PAGE,
            )
            rows = [TierMonth(*row) for row in page.rows]
            await asyncio.to_thread(running.take_tiers, month, rows)
            if rows:
                code = rows[-1].promoter_code
