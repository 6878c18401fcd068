"""Corrections that come late: to payouts that come to nothing, to orders that change hands, to what a review voided."""

from __future__ import annotations

from graph_api.actions import locks, orders, touches
from graph_api.batched.rows import Balance
from graph_api.rules.calendar import DAY_US
from tests.actions.shop import NOW, PAID, Shop


async def test_a_payout_that_refunds_end_withholds_nothing(shop: Shop) -> None:
    await shop.sell("o", 2_000_000)
    await shop.deliver("o")
    await shop.settle()
    (payout,) = await shop.of()
    assert (payout["gross_fen"], payout["tax_fen"], payout["net_fen"]) == (400_000, 64_000, 336_000)
    await shop.refund("o", 2_000_000)
    (payout,) = await shop.of()
    assert payout["status"] == "EXPIRED"
    assert (payout["gross_fen"], payout["tax_fen"], payout["net_fen"]) == (0, 0, 0)
    await shop.check()


async def touch(shop: Shop, promoter: str, *, days_before: int) -> None:
    told = touches.NewTouch("x", promoter, PAID - days_before * DAY_US, f"{promoter}-{days_before}")
    (outcome,) = await touches.record(shop.store, [told], actor="test", now=NOW)
    assert outcome.state == "recorded", outcome


async def sell_without_code(shop: Shop) -> None:
    order = orders.NewOrder("o", "x", None, (orders.NewLine("P", 1, 100_000),), PAID)
    await orders.record(shop.store, [order], actor="test", now=NOW)


async def test_what_a_locked_promoter_loses_to_an_earlier_touch_leaves_what_is_held(shop: Shop) -> None:
    await touch(shop, "D", days_before=1)
    await sell_without_code(shop)
    await locks.lock(shop.store, code="D", reason="查", actor="RISK", now=NOW)
    await locks.lock(shop.store, code="C", reason="查", actor="RISK", now=NOW)
    assert await shop.balance("D") == Balance(0, 20_000, 0, 0, 0, 0)
    await touch(shop, "A", days_before=2)
    for code in "CD":
        assert await shop.balance(code) == Balance(0, 0, 0, 0, 0, 0)
    assert (await shop.balance("A")).observing_fen == 20_000
    await shop.check()


async def test_what_a_review_voided_stays_voided_when_its_order_comes_back(shop: Shop) -> None:
    await touch(shop, "D", days_before=1)
    await sell_without_code(shop)
    await locks.lock(shop.store, code="D", reason="查", actor="RISK", now=NOW)
    assert await locks.void_held(shop.store, code="D", reason="刷单", actor="RISK", now=NOW) == 20_000
    await locks.unlock(shop.store, code="D", reason="完", actor="RISK", now=NOW)
    await touch(shop, "A", days_before=2)
    await touch(shop, "D", days_before=3)
    await shop.deliver("o")
    await shop.settle()
    assert await shop.balance("D") == Balance(0, 0, 0, 0, 0, 0)
    assert (await shop.balance("C")).released_fen == 3_000
    await shop.check()
