"""Orders against a real store: worked numbers, idempotency, parked events."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cypher import health
from cypher.store import Store
from graph_api.actions import months, orders, products, promoters, touches
from graph_api.actions.orders import LineRefund, NewLine, NewOrder
from graph_api.actions.products import NewProduct
from graph_api.actions.promoters import Enrolment
from graph_api.actions.recompute import recompute
from graph_api.actions.touches import NewTouch
from graph_api.errors import Conflict, OutOfBounds, OverRefund
from graph_api.jobs.months import close_ended
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, instant
from tests.conftest import Query

PAID_AT = instant("2026-01-10T04:00:00Z")
NOW = instant("2026-06-01T00:00:00Z")
BY = {"actor": "test", "now": NOW}


async def chain_of_four(store: Store, pii: Pii) -> None:
    """A ← B ← C ← D and a product at 20 %."""
    rows = [Enrolment("A", joined_at=0), Enrolment("B", referrer_code="A", joined_at=0)]
    rows += [Enrolment("C", referrer_code="B", joined_at=0), Enrolment("D", referrer_code="C", joined_at=0)]
    assert {o.state for o in await promoters.enrol(store, pii, rows, **BY)} == {"recorded"}
    await products.upsert(store, NewProduct("tea", "茶", 10_000, 2000), **BY)


def order(number: str, fen: int, *, seller: str | None = "D", buyer: str = "b1", at: int = PAID_AT) -> NewOrder:
    return NewOrder(number, buyer, seller, (NewLine("tea", 1, fen),), at)


async def earned(query: Query) -> dict[str, int]:
    rows = await query("MATCH (p:Promoter)-[:EARNED]->(c) RETURN p.code AS code, sum(c.amount_fen) AS fen")
    return {row["code"]: row["fen"] for row in rows}


@pytest.mark.parametrize(
    ("fen", "expected"),
    [
        (100_000, {"D": 20_000, "C": 3_000, "B": 3_000}),
        (99_999, {"D": 19_999, "C": 2_999, "B": 2_999}),
        (1, {}),
    ],
)
async def test_seller_and_two_levels_earn(
    store: Store, pii: Pii, query: Query, fen: int, expected: dict[str, int]
) -> None:
    await chain_of_four(store, pii)
    assert [o.state for o in await orders.record(store, [order("o1", fen)], **BY)] == ["recorded"]
    assert await earned(query) == expected


async def test_refunds_take_back_by_target_and_never_more_than_was_paid(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    await orders.record(store, [order("o1", 100_000)], **BY)
    taken: list[int] = []
    before = 20_000
    for step, fen in enumerate([33_333, 33_333, 33_333, 1]):
        await orders.refund(store, number="o1", key=f"r{step}", sku=None, refund_fen=fen, at=PAID_AT + DAY_US, **BY)
        after = (await earned(query))["D"]
        taken.append(before - after)
        before = after
    assert taken == [6667, 6667, 6666, 0]
    with pytest.raises(OverRefund):
        await orders.refund(store, number="o1", key="r9", sku=None, refund_fen=1, at=PAID_AT, **BY)
    assert await earned(query) == {"B": 0, "C": 0, "D": 0}


@pytest.mark.parametrize("number", ["o1", "not-yet-there"])
async def test_a_refund_above_what_any_order_holds_is_a_refund_above_the_payment(
    store: Store, pii: Pii, number: str
) -> None:
    await chain_of_four(store, pii)
    await orders.record(store, [order("o1", 100)], **BY)
    with pytest.raises(OverRefund):
        await orders.refund(store, number=number, key="r", sku=None, refund_fen=2**63 - 1, at=PAID_AT, **BY)


async def test_an_order_number_is_taken_once(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    batch = [order("o1", 100), order("o1", 100), order("o1", 101), order("o2", 5, seller="nobody")]
    outcomes = await orders.record(store, batch, **BY)
    assert [o.state for o in outcomes] == ["recorded", "unchanged", "refused", "refused"]
    assert isinstance(outcomes[2].error, Conflict)
    assert await query("MATCH (o:Order) RETURN count(o) AS n") == [{"n": 1}]


async def test_events_before_their_order_are_parked_and_applied(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    first = await orders.refund(store, number="o1", key="r", sku="tea", refund_fen=40_000, at=PAID_AT, **BY)
    again = await orders.refund(store, number="o1", key="r", sku="tea", refund_fen=40_000, at=PAID_AT, **BY)
    delivered = await orders.advance(store, number="o1", status="DELIVERED", at=PAID_AT + DAY_US, **BY)
    assert (first, again, delivered) == ("parked", "parked", "parked")
    await orders.record(store, [order("o1", 100_000)], **BY)
    assert await earned(query) == {"D": 12_000, "C": 1_800, "B": 1_800}
    (row,) = await query("MATCH (o:Order) RETURN o.status AS status, o.refunded_fen AS refunded")
    assert row == {"status": "DELIVERED", "refunded": 40_000}


async def test_a_parked_event_that_its_order_refuses_stands_with_the_reason_and_holds_up_nothing(
    store: Store, pii: Pii, query: Query
) -> None:
    await chain_of_four(store, pii)
    assert await health.refused_events(store) == health.RefusedEvents(0, None, None, None)
    for key, fen in (("r1", 100_001), ("r2", 40_000)):
        parked = await orders.refund(store, number="o1", key=key, sku=None, refund_fen=fen, at=PAID_AT, **BY)
        assert parked == "parked"
    await orders.record(store, [order("o1", 100_000)], **BY)
    assert await earned(query) == {"D": 12_000, "C": 1_800, "B": 1_800}
    refused = await health.refused_events(store)
    assert (refused.count, refused.order_number, refused.key) == (1, "o1", "refund:r1")
    assert (refused.refusal or "").startswith("OVER_REFUND: ")


async def test_a_refund_that_waits_and_is_told_with_the_order_too_is_taken_once(
    store: Store, pii: Pii, query: Query
) -> None:
    await chain_of_four(store, pii)
    await orders.refund(store, number="o1", key="r", sku="tea", refund_fen=40_000, at=PAID_AT, **BY)
    await orders.refund(store, number="o2", key="r2", sku="tea", refund_fen=30_000, at=PAID_AT, **BY)
    told = (LineRefund("tea", 40_000, PAID_AT),)
    both = [replace(order(number, 100_000), refunds=told, delivered_at=PAID_AT + DAY_US) for number in ("o1", "o2")]
    recorded, other = await orders.record(store, both, **BY)
    assert (recorded.state, other.state) == ("recorded", "refused")
    assert isinstance(other.error, Conflict)
    assert await earned(query) == {"D": 12_000, "C": 1_800, "B": 1_800}
    waiting = "MATCH (e:OrderEvent {state: 'PARKED'}) RETURN e.key AS key"
    assert await query(waiting) == [{"key": "refund:r2"}]
    assert (await orders.record(store, [both[0]], **BY))[0].state == "unchanged"


async def test_months_of_a_time_long_past_are_closed_in_steps(store: Store, pii: Pii) -> None:
    await chain_of_four(store, pii)
    long_past = instant("1900-01-10T04:00:00Z")
    await orders.record(store, [order("o1", 100_000, at=long_past), order("o2", 100_000)], **BY)
    done = await close_ended(store, instant("2026-02-02T00:00:00Z"), actor="test", now=PAID_AT)
    assert done["closed"] == ["1900-01", "2000-01", "2026-01"]


async def test_a_late_touch_attributes_the_codeless_order(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    await orders.record(store, [order("o1", 100_000, seller=None)], **BY)
    assert await earned(query) == {}
    await touches.record(store, [NewTouch("b1", "C", PAID_AT - DAY_US, "t1")], **BY)
    assert await earned(query) == {"C": 20_000, "B": 3_000, "A": 3_000}
    await touches.record(store, [NewTouch("b1", "D", PAID_AT - 2 * DAY_US, "t2")], **BY)
    assert await earned(query) == {"A": 0, "D": 20_000, "C": 3_000, "B": 3_000}


async def test_tier_is_posted_at_close_and_follows_the_month(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    await orders.record(store, [order("o1", 5_000_000)], **BY)
    await orders.record(store, [order("o2", 1, at=PAID_AT + DAY_US)], **BY)
    closed = await months.close(store, 202601, **BY)
    assert (closed.tier_entries, closed.promotions) == (1, 0)
    assert await months.close(store, 202601, **BY) == (0, 0)
    tiers = "MATCH (:Promoter {code: 'D'})-[:EARNED]->(c) WHERE c.level = 0 AND c.rate_bp = 500 RETURN c.kind AS k, c.amount_fen AS fen ORDER BY c.seq"
    assert await query(tiers) == [{"k": "TIER", "fen": 250_000}]
    await orders.refund(store, number="o2", key="r", sku=None, refund_fen=1, at=PAID_AT, **BY)
    assert (await query(tiers))[1:] == [{"k": "CLAWBACK", "fen": -250_000}]


async def test_a_close_takes_a_century_along_and_no_more(store: Store, query: Query) -> None:
    await months.close(store, 202601, **BY)
    with pytest.raises(OutOfBounds, match="2026-01 is the last closed month"):
        await months.close(store, 212602, **BY)
    assert await query("MATCH (c:MonthClose) RETURN collect(c.month) AS months") == [{"months": [202601]}]
    await months.close(store, 212601, **BY)
    assert await query("MATCH (c:MonthClose) RETURN count(c) AS n") == [{"n": 1 + months.ALONG_MAX}]


async def test_refunds_fall_on_the_lines_alike_whichever_is_told_first(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    await products.upsert(store, NewProduct("cup", "杯", 10_000, 2000), **BY)
    lines = (NewLine("tea", 1, 100), NewLine("cup", 1, 100))
    await orders.record(store, [NewOrder(number, "b", "D", lines, PAID_AT) for number in ("o1", "o2")], **BY)
    events = [("a", None, 50, PAID_AT), ("b", "tea", 40, PAID_AT + DAY_US)]
    for number, told in (("o1", events), ("o2", events[::-1])):
        for key, sku, fen, at in told:
            await orders.refund(store, number=number, key=f"{number}{key}", sku=sku, refund_fen=fen, at=at, **BY)
    lines_now = "MATCH (o:Order)-[l:CONTAINS]->(p) RETURN o.number AS o, collect(l.refunded_fen) AS fen ORDER BY o"
    rows = await query(lines_now)
    assert [sorted(row["fen"]) for row in rows] == [[25, 65], [25, 65]]


async def test_a_late_touch_can_leave_an_order_without_a_seller(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    await touches.record(store, [NewTouch("b1", "C", PAID_AT - 25 * DAY_US, "t1")], **BY)
    await orders.record(store, [order("o1", 100_000, seller=None)], **BY)
    assert (await earned(query))["C"] == 20_000
    await touches.record(store, [NewTouch("b1", "A", PAID_AT - 35 * DAY_US, "t0")], **BY)
    assert set((await earned(query)).values()) == {0}
    assert await query("MATCH (:Promoter)-[:SOLD]->(o) RETURN o") == []
    recount = await recompute(store, **BY)
    assert (recount.drift, recount.orders) == ([], 1)


async def test_recompute_finds_and_repairs_drift(store: Store, pii: Pii, query: Query) -> None:
    await chain_of_four(store, pii)
    await orders.record(store, [order("o1", 100_000)], **BY)
    assert (await recompute(store, **BY)).drift_count == 0
    await query("MATCH (s:SalesMonth) SET s.volume_fen = 1")
    await query("MATCH (p:Promoter {code: 'D'}) SET p.sales_orders = 7")
    found = await recompute(store, **BY)
    assert (found.drift_count, found.repaired) == (2, 1)
    assert (await recompute(store, **BY)).drift_count == 0
    await query("MATCH (c:Commission {level: 0}) SET c.amount_fen = c.amount_fen + 1")
    assert "is owed 20000" in (await recompute(store, **BY)).drift[0]
