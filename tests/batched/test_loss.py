"""What hangs on a promoter, beside numbers by hand and counts straight from the orders."""

from __future__ import annotations

import pytest

from graph_api.actions import orders, plans, promoters, touches
from graph_api.batched import loss
from graph_api.batched.loss import Customers, Loss, MonthOfLoss, UplineLoss
from graph_api.batched.promoters import PromoterReads
from graph_api.errors import Invalid
from graph_api.rules.calendar import DAY_US, instant
from graph_api.rules.plan import Attribution
from graph_api.viewer import Role, Viewer
from tests.actions.shop import JOINED, NOW, PAID, Shop, shop

__all__ = ["shop"]
FEBRUARY = instant("2026-02-10T04:00:00Z")


def reads(shop: Shop) -> PromoterReads:
    return PromoterReads(shop.store, None, Viewer(Role.ADMIN), shop.pii)


async def lost(shop: Shop, code: str, *, until: int = 202603, count: int = 2) -> Loss:
    found = await loss.lost(shop.store, reads(shop), code, until=until, count=count)
    assert found is not None
    return found


async def test_own_sales_branch_and_override_by_level(shop: Shop) -> None:
    """A ← B ← C ← D, and E beside B: C's own 100,000 and 50,000, D's 300,000 below, 150,000 of others."""
    await promoters.enrol(
        shop.store, shop.pii, [promoters.Enrolment("E", joined_at=JOINED, referrer_code="A")], actor="test", now=JOINED
    )
    await shop.sell("c1", 100_000, seller="C", paid_at=FEBRUARY)
    await shop.sell("c2", 80_000, seller="C")
    await shop.refund("c2", 30_000)
    await shop.sell("d", 300_000)
    await shop.sell("e", 150_000, seller="E")
    await shop.sell("old", 999_999, seller="C", paid_at=instant("2026-01-10T04:00:00Z"))
    found = await lost(shop, "C")
    assert found.months == (MonthOfLoss(202602, 100_000, 0), MonthOfLoss(202603, 50_000, 300_000))
    assert [(level.level, level.size) for level in found.levels] == [(1, 1)]
    assert [(row.own, row.level, row.receiver_code, row.amount_fen) for row in found.overrides] == [
        (True, 1, "B", 3_000 + 1_500),
        (True, 2, "A", 3_000 + 1_500),
        (False, 2, "B", 9_000),
    ]
    assert found.root_share_bp == 450_000 * 10_000 // 600_000
    assert await loss.upline_losses(reads(shop), found, 10) == [
        UplineLoss("B", 1, 450_000, 150_000 * 10_000 // 450_000, 10_000, 4_500, 9_000),
        UplineLoss("A", 2, 600_000, 2_500, 7_500, 4_500, 0),
    ]
    assert len(await loss.upline_losses(reads(shop), found, 1)) == 1
    root = await lost(shop, "A")
    assert (root.root_share_bp, root.own_fen, root.team_fen, root.path) == (10_000, 0, 600_000, ())
    nothing = await lost(shop, "C", until=202512)
    assert (nothing.root_share_bp, nothing.own_fen, nothing.overrides) == (0, 0, ())
    with pytest.raises(Invalid):
        await lost(shop, "A", count=25)
    assert await loss.lost(shop.store, reads(shop), "zz", until=202603, count=1) is None


async def test_override_stays_with_the_chain_of_the_sale(shop: Shop) -> None:
    await shop.sell("d", 100_000)
    await promoters.move(
        shop.store, promoter_code="D", referrer_code="A", reason="x", at=PAID + 1, key=None, actor="test", now=NOW
    )
    await shop.sell("later", 200_000, paid_at=PAID + 2)
    (row,) = (await lost(shop, "C")).overrides
    assert (row.own, row.level, row.receiver_code, row.amount_fen) == (False, 2, "B", 3_000)


async def test_customers_are_those_whose_binding_is_live(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A touch binds for 30 days, the first one stays; an order with a code touches too."""
    rows = [
        touches.NewTouch("fresh", "C", NOW - DAY_US, "k1"),
        touches.NewTouch("old", "C", NOW - 31 * DAY_US, "k2"),
        touches.NewTouch("another's", "D", NOW - 2 * DAY_US, "k3"),
        touches.NewTouch("another's", "C", NOW - DAY_US, "k4"),
        touches.NewTouch("again", "C", NOW - 40 * DAY_US, "k5"),
        touches.NewTouch("again", "C", NOW - 5 * DAY_US, "k6"),
        touches.NewTouch("first", "C", NOW - 3 * DAY_US, "k7"),
        touches.NewTouch("first", "D", NOW - 2 * DAY_US, "k8"),
    ]
    await touches.record(shop.store, rows, actor="test", now=NOW)
    sold = orders.NewOrder("o", "bought", "C", (orders.NewLine("P", 1, 100),), NOW - DAY_US)
    await orders.record(shop.store, [sold], actor="test", now=NOW)
    assert await loss.customers(shop.store, "C", now=NOW) == Customers(4, False)
    monkeypatch.setattr(loss, "BUYERS_PER_PAGE", 2)
    assert await loss.customers(shop.store, "C", now=NOW) == Customers(4, False)
    assert await loss.customers(shop.store, "C", now=NOW + 30 * DAY_US) == Customers(0, False)
    monkeypatch.setattr(loss, "BUYERS_MAX", 4)
    assert (await loss.customers(shop.store, "C", now=NOW)).truncated
    monkeypatch.undo()
    last = {"version": "last", "starts_at": JOINED, "attribution": Attribution.LAST_TOUCH}
    await plans.publish(shop.store, last, actor="test", now=JOINED)
    assert (await loss.customers(shop.store, "C", now=NOW)).count == 4
    assert (await loss.customers(shop.store, "D", now=NOW)).count == 1
