"""Promotion without linked accounts over a real store, beside what the promotion itself says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from graph_api.actions import identifiers, months, orders, promoters
from graph_api.batched.counterfactual import Counterfactual, counterfactual
from graph_api.batched.promoters import PromoterReads
from graph_api.errors import Invalid, NotFound
from graph_api.rules.calendar import instant
from graph_api.rules.plan import Plan
from graph_api.viewer import Role, Viewer
from tests.actions.shop import DELIVERED, DUE, JOINED, NOW, PAID, Shop, shop

__all__ = ["shop"]
PLAN = Plan(valid_downlines=(3, 9), sales_month_fen=(100_000, 900_000), sales_months=1)


async def asked(shop: Shop, *without: str, code: str = "A", linked: bool = True) -> Counterfactual:
    reads = PromoterReads(shop.store, None, Viewer(Role.ADMIN), shop.pii)
    found = await counterfactual(shop.store, reads, PLAN, code, without=without, linked_accounts=linked)
    assert found is not None
    facts = await reads.promotion(code, sales_months=PLAN.sales_months)
    assert found.recounted.actual.downlines == facts.valid_downlines
    assert [tuple(month) for month in found.recounted.actual.months] == list(facts.months)
    return found


async def link(shop: Shop, kind: str, value: str, codes: Sequence[str]) -> None:
    rows = [identifiers.Identification(code, kind, value) for code in codes]
    await identifiers.link(shop.store, shop.pii, rows, actor="test", now=NOW)


async def sold(shop: Shop, seller: str, buyer: str, fen: int = 50_000) -> None:
    order = orders.NewOrder(
        f"{seller}-{buyer}", buyer, seller, (orders.NewLine("P", 1, fen),), PAID, delivered_at=instant(DELIVERED)
    )
    (outcome,) = await orders.record(shop.store, [order], actor="test", now=NOW)
    assert outcome.state == "recorded", outcome


async def downlines(shop: Shop, *codes: str) -> None:
    rows = [promoters.Enrolment(code, joined_at=JOINED, referrer_code="A") for code in codes]
    await promoters.enrol(shop.store, shop.pii, rows, actor="test", now=JOINED)


def numbers(found: Counterfactual) -> tuple[int, int, list[str]]:
    recounted = found.recounted
    return recounted.actual.downlines, recounted.without.downlines, [row.code for row in found.left_out]


async def test_each_reason_to_leave_somebody_out(shop: Shop) -> None:
    """Of A: e shares its device, f hangs on it over a buyer, g and h are one, i sells to e's owner, j and B are honest."""
    await downlines(shop, *"efghij")
    for seller in "Befghj":
        await sold(shop, seller, f"x-{seller}")
    await sold(shop, "i", "owner")
    await shop.settle()
    assert numbers(await asked(shop)) == (7, 7, [])
    await link(shop, "DEVICE", "d", ["A", "e", "owner"])
    await link(shop, "ID_NUMBER", "n", ["owner", "f"])
    await link(shop, "PAYOUT_ACCOUNT", "bank", "gh")
    await link(shop, "ADDRESS", "house", "Aj")
    await link(shop, "PHONE", "shop's", ["A", "j", *(f"crowd{n}" for n in range(20))])
    found = await asked(shop)
    assert numbers(found) == (7, 2, ["e", "f", "g", "h", "owner"])
    assert found.direct == {*"Befghij"}
    reasons = {row.code: [name.partition(":")[0] for name in row.identifiers] for row in found.left_out}
    assert reasons == {
        "e": ["DEVICE"],
        "f": ["ID_NUMBER"],
        "g": ["PAYOUT_ACCOUNT"],
        "h": ["PAYOUT_ACCOUNT"],
        "owner": ["DEVICE", "ID_NUMBER"],
    }
    assert (found.recounted.actual.by_downlines, found.recounted.without.by_downlines) == (True, False)
    assert not found.truncated
    assert numbers(await asked(shop, linked=False)) == (7, 7, [])
    assert numbers(await asked(shop, "j", "x-B", linked=False)) == (7, 5, ["j", "x-B"])


async def test_own_sales_to_linked_buyers_count_for_no_month(shop: Shop) -> None:
    await sold(shop, "A", "stranger", 60_000)
    await sold(shop, "A", "cousin", 40_000)
    await link(shop, "PHONE", "p", ["A", "cousin"])
    await months.close(shop.store, 202602, actor="test", now=DUE)
    found = (await asked(shop)).recounted
    assert [month.sales_fen for month in found.actual.months] == [100_000]
    assert [month.sales_fen for month in found.without.months] == [60_000]
    assert (found.actual.by_sales, found.without.by_sales) == (True, False)
    await shop.query(
        "MATCH (p:Promoter {code: 'A'}) SET p.rank = 'SENIOR' CREATE (p)-[:PROMOTED]->(:Promotion {to_rank: 'SENIOR',"
        " effective_at: $at, seq: 1, route: 'SALES_MONTHS', evidence: '{\"valid_downlines\": 0,"
        ' "valid_downlines_required": 3, "months": {"2026-03": 100000}, "month_required_fen": 100000}\'})',
        at=DUE,
    )
    (step,) = (await asked(shop)).recounted.steps
    assert (step.holds, step.months[0].sales_fen) == (False, 60_000)
    assert (await asked(shop, linked=False)).recounted.steps[0].holds


async def test_a_promotion_by_downlines_that_a_settlement_gave(shop: Shop) -> None:
    from graph_api.actions import plans

    given = {"version": "low", "starts_at": JOINED, "valid_downlines": (2, 9)}
    await plans.publish(shop.store, given, actor="test", now=JOINED)
    await downlines(shop, "e")
    for seller in "Be":
        await sold(shop, seller, f"x-{seller}")
    assert (await shop.settle()).promotions == 1
    (step,) = (await asked(shop)).recounted.steps
    assert (step.step.route, step.step.downlines, step.downlines, step.holds) == ("VALID_DOWNLINES", 2, 2, True)
    await link(shop, "DEVICE", "d", "Be")
    (step,) = (await asked(shop)).recounted.steps
    assert (step.downlines, step.holds) == (0, False)


async def test_who_is_not_there_is_told(shop: Shop) -> None:
    reads = PromoterReads(shop.store, None, Viewer(Role.ADMIN), shop.pii)
    assert await counterfactual(shop.store, reads, PLAN, "zz", without=[], linked_accounts=True) is None
    with pytest.raises(NotFound, match="zz"):
        await asked(shop, "B", "zz")
    with pytest.raises(Invalid):
        await asked(shop, "A")
