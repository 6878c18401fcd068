"""Four months of made-up trade: ranks, promotions, moves, refunds, cancellations, closed promoters, late news.

What happens depends on the seed alone, so the same can be lived through again under another plan.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping
from typing import Any

from cypher.store import Store
from graph_api.actions import months, orders, plans, products, promoters, touches
from graph_api.errors import DomainError
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, HOUR_US, month_end, month_start
from graph_api.rules.plan import Rank

MONTHS = (202601, 202602, 202603, 202604)
CLOSED = MONTHS[:3]
BEGIN = month_start(MONTHS[0])
CODES = [f"p{index:02}" for index in range(40)]
LADDER: dict[str, Any] = {
    "sales_months": 1,
    "sales_month_fen": (3_000_000, 8_000_000),
    "valid_downlines": (2, 4),
    "observation_days": 1,
}
"""Low steps, so that many rise; the same under every plan that is compared."""


class Trade:
    """One life of the network; each method is something that happens."""

    def __init__(self, store: Store, pii: Pii, seed: int) -> None:
        self.store = store
        self.pii = pii
        self.chance = random.Random(seed)
        self.told: list[str] = []

    async def begin(self, plan: Mapping[str, Any]) -> None:
        await plans.publish(self.store, {"starts_at": BEGIN, **LADDER, **plan}, actor="test", now=BEGIN)
        for sku, bp in (("tea", 2000), ("pot", 1500), ("cup", 3000)):
            await self._product(sku, bp, BEGIN)
        rows = [
            promoters.Enrolment(
                code,
                referrer_code=CODES[(index - 1) // 3] if index else None,
                joined_at=BEGIN - DAY_US,
                rank=self.chance.choice((None, None, None, Rank.SENIOR, Rank.ELITE)),
                status="CLOSED" if index % 17 == 5 else None,
            )
            for index, code in enumerate(CODES)
        ]
        outcomes = await promoters.enrol(self.store, self.pii, rows, actor="test", now=BEGIN, historical=True)
        assert {outcome.state for outcome in outcomes} == {"recorded"}

    async def live(self) -> None:
        """Everything of the four months; the last one stays open."""
        for month in MONTHS:
            start = month_start(month)
            for half in (start, start + 14 * DAY_US):
                await self._record([self._order(half + self.chance.randrange(14 * 24) * HOUR_US) for _ in range(40)])
                await self._move(half)
            await self._cancel(month_end(month))
            await promoters.close(
                self.store, code=self.chance.choice(CODES[10:]), reason="test", actor="test", now=month_end(month)
            )
            if month == MONTHS[1]:
                await self._product("tea", 2500, start + 20 * DAY_US)
            if month in CLOSED:
                await months.close(self.store, month, actor="test", now=month_end(month))
            await self._late(month)

    async def _move(self, at: int) -> None:
        moved, to = self.chance.sample(CODES, 2)
        with contextlib.suppress(DomainError):
            await promoters.move(
                self.store, promoter_code=moved, referrer_code=to, reason="test", at=at, key=None, actor="test", now=at
            )

    async def _late(self, month: int) -> None:
        """News of a month that is over, and mostly closed: orders, refunds and touches."""
        at, end = month_start(month), month_end(month)
        await self._record([self._order(at + self.chance.randrange(28) * DAY_US) for _ in range(10)])
        for number in self.chance.sample(self.told, 3):
            fen, key = self.chance.randint(1, 1_000_000), f"r{self.chance.random()}"
            with contextlib.suppress(DomainError):
                await orders.refund(
                    self.store, number=number, key=key, sku=None, refund_fen=fen, at=end, actor="test", now=end
                )
        news = [
            touches.NewTouch(self._stranger(), self.chance.choice(CODES), at + HOUR_US, f"late-{month}-{i}")
            for i in range(8)
        ]
        await touches.record(self.store, news, actor="test", now=end)

    async def _cancel(self, at: int) -> None:
        for number in self.chance.sample(self.told, 3):
            with contextlib.suppress(DomainError):
                await orders.advance(self.store, number=number, status="CANCELLED", at=at, actor="test", now=at)

    def _order(self, at: int) -> orders.NewOrder:
        number = f"o{len(self.told):04}"
        self.told.append(number)
        seller = CODES[int(len(CODES) * self.chance.random() ** 2)]
        buyer = self.chance.choice((self._stranger(), self._stranger(), self.chance.choice(CODES), seller))
        fen = (0, self.chance.randrange(100), self.chance.randrange(3_000_000))
        skus = self.chance.sample(("tea", "pot", "cup"), self.chance.choice((1, 1, 2, 3)))
        lines = tuple(orders.NewLine(sku, 1, self.chance.choice(fen)) for sku in skus)
        refunds = tuple(
            orders.LineRefund(line.sku, self.chance.randint(1, line.paid_fen), at + 2 * DAY_US)
            for line in lines
            if line.paid_fen and self.chance.random() < 0.2
        )
        return orders.NewOrder(
            number,
            buyer,
            None if self.chance.random() < 0.25 else seller,
            lines,
            at,
            delivered_at=at + DAY_US if self.chance.random() < 0.7 else None,
            refunds=refunds,
        )

    def _stranger(self) -> str:
        return f"b{self.chance.randrange(30)}"

    async def _record(self, sold: list[orders.NewOrder]) -> None:
        outcomes = await orders.record(self.store, sold, actor="test", now=BEGIN)
        assert {outcome.state for outcome in outcomes} == {"recorded"}

    async def _product(self, sku: str, bp: int, now: int) -> None:
        await products.upsert(self.store, products.NewProduct(sku, sku, 100, bp), actor="test", now=now)


async def lived(store: Store, pii: Pii, plan: Mapping[str, Any], *, seed: int = 5) -> None:
    """All of it, on an empty store, under one plan."""
    trade = Trade(store, pii, seed)
    await trade.begin(plan)
    await trade.live()
