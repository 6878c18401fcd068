"""Simulations of a plan on past orders: streamed from the store in pages, counted in slices of a few milliseconds.

One at a time in a process, so that other requests keep a core; the latest few are kept, so that turning their pages
costs nothing until something is written. Counting beside the event loop, in a thread, would make every other step of
every request wait for the interpreter's switch interval.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from cypher import months, plans, simulation
from cypher.store import Store
from graph_api.batched.grouped import cursor_of, keyset_of
from graph_api.errors import Invalid, OutOfBounds
from graph_api.rules.calendar import INSTANT_MIN, month_end, month_start
from graph_api.rules.money import FEN_MAX
from graph_api.rules.plan import Plan
from graph_api.rules.simulation import Compared, PastOrder, Simulation, Standing, TierMonth

ORDERS_MAX = 2_000_000
ORDERS_PER_PAGE = 500
"""A page is one record, and the driver takes it apart on the event loop in one go: a few milliseconds."""
ORDERS_PER_SLICE = 50
TIERS_PER_PAGE = 1_000
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

    async def promoters(self, simulated: Simulated) -> int:
        """How many earn in either."""
        return await asyncio.to_thread(lambda: simulated.simulation.promoters)

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
        paid_at, number, orders = window.paid_from, "", ORDERS_PER_PAGE
        while orders == ORDERS_PER_PAGE:
            page = await simulation.orders(
                self._store, paid_at=paid_at, number=number, paid_to=window.paid_to, first=ORDERS_PER_PAGE
            )
            unknown = running.unknown(past_orders(page.values))
            if unknown:
                told = await simulation.standings(self._store, codes=unknown)
                running.learn((code, Standing(*standing)) for code, *standing in told.rows)
            orders, waiting = 0, past_orders(page.values)
            while some := list(islice(waiting, ORDERS_PER_SLICE)):
                running.take(some)
                orders += len(some)
                paid_at, number = some[-1].paid_at, some[-1].number
                await asyncio.sleep(0)

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
            running.take_tiers(month, rows)
            if rows:
                code = rows[-1].promoter_code


def past_orders(values: Sequence[Any]) -> Iterator[PastOrder]:
    """The orders of `cypher.simulation.Values`, one at a time, so that none outlives its turn.

    >>> [order] = past_orders(["o", 9, 202601, 4, "x", "v", 1, "A", 3, "A", "", "", 2, 0, 0, 2, 2000, 5, 3, "A", 0, 1])
    >>> order.chain_codes, order.override_bps, order.lines, order.posted
    (['A'], [0, 0], [(2000, 5)], [('A', 0, 1)])
    """
    at = 0
    while at < len(values):
        plain = values[at : at + 6]
        at += 6
        lists = []
        for _ in range(5):
            end = at + 1 + values[at]
            lists.append(values[at + 1 : end])
            at = end
        *frozen, lines, posted = lists
        nets = list(zip(lines[::2], lines[1::2], strict=True))
        entries = list(zip(posted[::3], posted[1::3], posted[2::3], strict=True))
        yield PastOrder(*[*plain, *frozen, nets, entries])
