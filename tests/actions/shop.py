"""A small shop whose money the tests follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest_asyncio

from cypher.store import Store
from graph_api.actions import contracts, identifiers, ledger, orders, payouts, products, promoters, settlement
from graph_api.batched.promoters import PromoterReads
from graph_api.batched.rows import Balance
from graph_api.pii import Pii
from graph_api.rules.calendar import instant
from graph_api.viewer import Role, Viewer
from tests.conftest import Query

JOINED = instant("2025-01-01T00:00:00Z")
PAID = instant("2026-03-02T04:00:00Z")
DELIVERED = "2026-03-04T04:00:00Z"
RELEASED = instant("2026-03-11T04:00:00Z")
"""Seven days after the delivery, a Wednesday."""
DUE = instant("2026-03-16T00:00:00+08:00")
"""The third working day after it: Thursday, Friday, Monday."""
NOW = instant("2026-11-01T00:00:00Z")


@dataclass
class Shop:
    """A chain A ← B ← C ← D in which everybody can be paid, and a product at 20 %."""

    store: Store
    pii: Pii
    query: Query

    async def sell(self, number: str, fen: int, *, seller: str = "D", paid_at: int = PAID) -> None:
        await self.sell_all([number], fen, seller=seller, paid_at=paid_at)

    async def sell_all(self, numbers: Sequence[str], fen: int, *, seller: str = "D", paid_at: int = PAID) -> None:
        """Orders of one sum, recorded in one go."""
        sold = [
            orders.NewOrder(number, f"x-{number}", seller, (orders.NewLine("P", 1, fen),), paid_at)
            for number in numbers
        ]
        outcomes = await orders.record(self.store, sold, actor="test", now=NOW)
        assert {outcome.state for outcome in outcomes} == {"recorded"}, outcomes

    async def deliver(self, number: str, at: str = DELIVERED) -> None:
        await orders.advance(self.store, number=number, status="DELIVERED", at=instant(at), actor="test", now=NOW)

    async def refund(self, number: str, fen: int, key: str = "r") -> None:
        await orders.refund(
            self.store, number=number, key=f"{number}-{key}", sku=None, refund_fen=fen, at=DUE, actor="test", now=NOW
        )

    async def settle(self, as_of: int = DUE) -> settlement.Settled:
        return await settlement.settle(self.store, as_of, actor="test", now=NOW)

    async def approve(self, *ids: str) -> payouts.Moved:
        return await payouts.approve(self.store, ids, key=None, actor="test", now=NOW)

    async def confirm(self, *ids: str, at: int = DUE) -> payouts.Moved:
        return await payouts.confirm(self.store, ids, at=at, key=None, actor="test", now=NOW)

    async def fail(self, *ids: str) -> payouts.Moved:
        return await payouts.fail(self.store, ids, reason="closed account", at=DUE, key=None, actor="test", now=NOW)

    async def balance(self, code: str = "D") -> Balance:
        return await PromoterReads(self.store, None, Viewer(Role.ADMIN), self.pii).balance(code)

    async def payout(self, id: str) -> dict[str, Any]:
        (row,) = await self.query("MATCH (x:Payout {id: $id}) RETURN properties(x) AS x", id=id)
        found: dict[str, Any] = row["x"]
        return found

    async def of(self, code: str = "D") -> list[dict[str, Any]]:
        rows = await self.query(
            "MATCH (:Promoter {code: $code})-[:RECEIVES]->(x:Payout) RETURN properties(x) AS x ORDER BY x.seq, x.id",
            code=code,
        )
        return [row["x"] for row in rows]

    async def check(self) -> None:
        """The ledger balances and says the same as entries and payouts."""
        (row,) = await self.query(
            "MATCH (x:Posting) RETURN sum(reduce(s = 0, f IN x.amounts_fen | s + f)) AS sum,"
            " count(CASE WHEN reduce(s = 0, f IN x.amounts_fen | s + f) <> 0 THEN 1 END) AS unbalanced"
        )
        assert row == {"sum": 0, "unbalanced": 0}
        assert await ledger.problems(self.store) == []
        rows = await self.query(
            "MATCH (p:Promoter) RETURN p.code AS code,"
            " reduce(s = 0, f IN COLLECT { MATCH (p)-[:EARNED]->(c) WHERE c.state <> 'VOIDED' RETURN c.amount_fen } | s + f)"
            " - reduce(s = 0, f IN COLLECT { MATCH (p)-[:RECEIVES]->(x)"
            " WHERE x.status IN ['APPROVED', 'SENT', 'AWAITING_RECEIPT', 'PAID'] RETURN x.gross_fen } | s + f) AS owed,"
            " reduce(s = 0, f IN COLLECT { MATCH (x:Posting) UNWIND range(0, size(x.accounts) - 1) AS i WITH x, i"
            " WHERE x.accounts[i] = 'payable:' + p.code RETURN x.amounts_fen[i] } | s + f) AS ledger"
        )
        assert all(row["owed"] == -row["ledger"] for row in rows), rows


@pytest_asyncio.fixture
async def shop(store: Store, pii: Pii, query: Query) -> Shop:
    made = Shop(store, pii, query)
    await products.upsert(store, products.NewProduct("P", "茶", 100_000, 2000), actor="test", now=JOINED)
    rows = [
        promoters.Enrolment(code, joined_at=JOINED, referrer_code=above)
        for code, above in zip("ABCD", [None, *"ABC"], strict=True)
    ]
    await promoters.enrol(store, pii, rows, actor="test", now=JOINED)
    await contracts.publish(store, version="v1", title="推广协议", body="第一条\n第二条", actor="test", now=JOINED)
    accounts = [identifiers.Identification(code, "PAYOUT_ACCOUNT", f"bank-{code}") for code in "ABCD"]
    await identifiers.link(store, pii, accounts, actor="test", now=JOINED)
    for code in "ABCD":
        await contracts.accept(store, code=code, version="current", actor="test", now=JOINED)
    return made
