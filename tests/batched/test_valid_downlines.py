"""Who counts as a valid downline, and who is nearly one: one downline for each reason why not."""

from __future__ import annotations

from typing import Any

import pytest_asyncio

from cypher.store import Store
from graph_api.batched.promoters import PromoterReads
from graph_api.pii import Pii
from tests.batched.network import ADMIN
from tests.conftest import Query

DOWNLINE = """
MERGE (above:Person {code: 'A'}) SET above:Promoter, above.status = 'ACTIVE', above.rank = 'PROMOTER', above.joined_at = 0
CREATE (d:Person:Promoter {code: $code, status: $status, rank: 'PROMOTER', joined_at: $joined_at})
CREATE (above)-[:REFERRED {promoter_code: $code}]->(d)
"""
ORDER = """
MATCH (d:Promoter {code: $code})
MERGE (buyer:Person {code: $buyer})
CREATE (buyer)-[:PLACED]->(:Order {number: $number, buyer_code: $buyer, status: $status, paid_fen: 100,
  refunded_fen: $refunded_fen, commissionable: $buyer <> $code, observed_until: $until, month: 202601})<-[:SOLD]-(d)
"""
SHARE = """
MATCH (d:Person {code: $code}), (buyer:Person {code: $buyer})
MERGE (i:Identifier {id: $kind + ':' + $code}) SET i.kind = $kind
CREATE (d)-[:IDENTIFIED_BY]->(i), (buyer)-[:IDENTIFIED_BY]->(i)
"""


class Case:
    """Downlines of A, each with a name that says why it counts or does not."""

    def __init__(self, query: Query) -> None:
        self.query, self.number = query, 0

    async def downline(self, code: str, *, status: str = "ACTIVE") -> None:
        self.number += 1
        await self.query(DOWNLINE, code=code, status=status, joined_at=self.number)

    async def order(
        self, code: str, status: str, *, buyer: str | None = None, refunded_fen: int = 0, until: int | None = None
    ) -> None:
        self.number += 1
        given: dict[str, Any] = {"buyer": buyer or f"b{self.number}", "number": f"o{self.number}", "until": until}
        await self.query(ORDER, code=code, status=status, refunded_fen=refunded_fen, **given)

    async def share(self, code: str, kind: str) -> None:
        await self.query(SHARE, code=code, buyer=f"b-{code}", kind=kind)


@pytest_asyncio.fixture
async def case(store: Store, query: Query) -> Case:
    case = Case(query)
    for code in ("completed", "partly-refunded", "shares-address", "second-order-counts"):
        await case.downline(code)
    await case.order("completed", "COMPLETED")
    await case.order("completed", "COMPLETED")
    await case.order("partly-refunded", "COMPLETED", refunded_fen=99)
    await case.order("shares-address", "COMPLETED", buyer="b-shares-address")
    await case.share("shares-address", "ADDRESS")
    await case.order("second-order-counts", "COMPLETED", buyer="second-order-counts")
    await case.order("second-order-counts", "COMPLETED")
    for code in ("bought-it-itself", "wholly-refunded", "no-order", "on-the-way", "paid"):
        await case.downline(code)
    await case.order("bought-it-itself", "COMPLETED", buyer="bought-it-itself")
    await case.order("wholly-refunded", "COMPLETED", refunded_fen=100)
    await case.order("on-the-way", "SHIPPED")
    await case.order("paid", "PAID")
    for kind in ("DEVICE", "PAYOUT_ACCOUNT", "PHONE", "ID_NUMBER"):
        code = f"shares-{kind}"
        await case.downline(code)
        await case.order(code, "COMPLETED", buyer=f"b-{code}")
        await case.share(code, kind)
    await case.downline("ends-late")
    await case.downline("ends-soon")
    await case.order("ends-late", "DELIVERED", until=200)
    await case.order("ends-soon", "DELIVERED", until=100)
    await case.order("ends-soon", "DELIVERED", until=300)
    for code, status in (("locked", "LOCKED"), ("closed", "CLOSED")):
        await case.downline(code, status=status)
        await case.order(code, "COMPLETED")
    await query(
        "MATCH (d:Promoter {code: 'completed'}) CREATE (e:Person:Promoter {code: 'second-level', status: 'ACTIVE'})"
        " CREATE (d)-[:REFERRED {promoter_code: 'second-level'}]->(e)"
    )
    await case.order("second-level", "COMPLETED")
    return case


async def test_only_real_third_party_sales_that_outlived_their_observation_count(
    case: Case, store: Store, pii: Pii
) -> None:
    reads = PromoterReads(store, None, ADMIN, pii)
    assert (await reads.team("A", None)).valid_direct_count == 4
    assert (await reads.team("A", 202512)).valid_direct_count == 4
    assert (await reads.team("A", None, valid=False)).valid_direct_count == 0
    assert (await reads.promotion("A")).valid_downlines == 4


async def test_nearly_valid_are_named_nearest_first(case: Case, store: Store, pii: Pii) -> None:
    reads = PromoterReads(store, None, ADMIN, pii)
    cards = await reads.nearly_valid("A", 100)
    assert [card.code for card in cards] == [
        "ends-soon",
        "ends-late",
        "on-the-way",
        "paid",
        "bought-it-itself",
        "wholly-refunded",
        "no-order",
        "shares-DEVICE",
        "shares-PAYOUT_ACCOUNT",
        "shares-PHONE",
        "shares-ID_NUMBER",
    ]
    assert {card.path for card in cards} == {("A",)}
    assert [card.code for card in await reads.nearly_valid("A", 2)] == ["ends-soon", "ends-late"]
