"""A made-up trade with money: payouts arrive, fail and are netted, promoters are locked, what they had held is voided."""

from __future__ import annotations

import contextlib
import random

from cypher.store import Store
from graph_api.actions import contracts, identifiers, locks, orders, payouts, settlement
from graph_api.errors import DomainError
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, month_end, month_start
from tests.schema.trade import CODES, Trade

PLAN = {"version": "money", "override_bp": ((300, 400, 500), (300, 300, 300)), "tier_threshold_fen": 3_000_000}


class Books:
    """What happens depends on the seed alone; every instant is given, so months can be counted from outside."""

    codes = CODES
    months = (202512, 202601, 202602, 202603, 202604, 202605, 202606, 202607)

    def __init__(self, store: Store, pii: Pii, seed: int = 3) -> None:
        self.store, self.pii = store, pii
        self.chance = random.Random(seed)
        self.trade = Trade(store, pii, seed)

    async def begin(self) -> None:
        """Everybody can be paid."""
        await self.trade.begin(PLAN)
        at = month_start(202601)
        await contracts.publish(self.store, version="v1", title="协议", body="一", actor="test", now=at)
        accounts = [identifiers.Identification(code, "PAYOUT_ACCOUNT", f"bank-{code}") for code in CODES]
        await identifiers.link(self.store, self.pii, accounts, actor="test", now=at)
        for code in CODES:
            await contracts.accept(self.store, code=code, version="current", actor="test", now=at)

    async def live(self) -> None:
        await self.begin()
        await self.trade.live()
        for month in (202602, 202603, 202604, 202605, 202606):
            await self.pay(month_end(month) - 10 * DAY_US)
            await self.refund(month_end(month) - 3 * DAY_US)
            if month == 202604:
                await self.review(month_end(month) - 2 * DAY_US)

    async def pay(self, at: int) -> None:
        """A settlement; of its payouts a third fails two weeks later, a third arrives, the rest is on its way."""
        settled = await settlement.settle(self.store, at, actor="test", now=at)
        moved = await payouts.approve(self.store, settled.payout_ids, key=None, actor="test", now=at)
        for id in moved.ids:
            fate = self.chance.randrange(3)
            if fate == 0:
                late = at + 14 * DAY_US
                await payouts.fail(self.store, [id], reason="closed", at=late, key=None, actor="test", now=late)
            elif fate == 1:
                await payouts.confirm(self.store, [id], at=at + DAY_US, key=None, actor="test", now=at + DAY_US)

    async def refund(self, at: int) -> None:
        for number in self.chance.sample(self.trade.told, 30):
            for fen in (self.chance.randint(1, 2_000_000), 1):
                with contextlib.suppress(DomainError):
                    await orders.refund(
                        self.store,
                        number=number,
                        key=f"b{number}{at}{fen}",
                        sku=None,
                        refund_fen=fen,
                        at=at,
                        actor="test",
                        now=at,
                    )

    async def review(self, at: int) -> None:
        """Three are locked, and what they had held is voided; then some of it is refunded."""
        for code in self.chance.sample(CODES, 3):
            await locks.lock(self.store, code=code, reason="test", actor="test", now=at)
            await locks.void_held(self.store, code=code, reason="test", actor="test", now=at)
        await self.refund(at + DAY_US)
