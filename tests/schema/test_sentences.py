"""What people read: where an entry stands, in both languages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graph_api.batched.commissions import EntryCard, Sale
from graph_api.rules.calendar import instant
from graph_api.rules.commission import CommissionKind
from graph_api.schema.sentences import explanation

PAID_AT = instant("2026-03-02T04:00:00Z")
SALE = Sale("o-1", "x", "C", PAID_AT, ("C", "B", "A"), None)
ENTRY = EntryCard(
    id="1",
    promoter_code="B",
    kind=CommissionKind.OVERRIDE,
    state="OBSERVING",
    level=1,
    rate_bp=300,
    basis_fen=100_000,
    amount_fen=3_000,
    month=202603,
    plan_version="default",
    sku="P",
    cause="sale",
    seq=1,
    sale=SALE,
    released_at=None,
    due_at=None,
    due_provisional=False,
    payout_id=None,
)
RELEASED = {"state": "RELEASED", "released_at": PAID_AT, "due_at": instant("2026-03-16T00:00:00+08:00")}
DEBT = {"kind": CommissionKind.CLAWBACK, "cause": "refund:k", "amount_fen": -3_000, "basis_fen": -100_000}
STANDINGS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "观察中，签收后开始计观察期", "observed from its delivery on"),
    (
        {"sale": SALE._replace(observed_until=instant("2026-03-11T04:00:00Z"))},
        "观察中，2026-03-11 起可释放",
        "observed until 2026-03-11",
    ),
    ({"state": "HELD"}, "账户已锁定，冻结待复核", "held for review while the account is locked"),
    ({"state": "VOIDED"}, "经复核作废", "voided by a review"),
    (RELEASED, "已释放，2026-03-16 起支付", "released, payable from 2026-03-16"),
    (
        {**RELEASED, "due_provisional": True},
        "已释放，2026-03-16 起支付（该年日历未公布，暂定）",
        "released, payable from 2026-03-16 (provisional: that year's calendar is not announced yet)",
    ),
    ({**RELEASED, "payout_id": "9-0"}, "已计入付款，付款单 9-0", "on its way with payout 9-0"),
    ({**RELEASED, "state": "PAID", "payout_id": "9-0"}, "已支付，付款单 9-0", "paid with payout 9-0"),
    ({**RELEASED, **DEBT}, "欠款，从后续付款中扣除", "a debt, taken off the next payouts"),
]


@pytest.mark.parametrize(("changed", "zh", "en"), STANDINGS)
def test_an_entry_says_where_it_stands(changed: dict[str, Any], zh: str, en: str) -> None:
    entry = replace(ENTRY, **changed)
    told = explanation(entry, language="zh", shows_buyer=True, name=lambda code: code)
    assert told.endswith(f"；方案 default；{zh}。")
    told = explanation(entry, language="en", shows_buyer=True, name=lambda code: code)
    assert told.endswith(f"; plan default; {en}.")


def test_the_whole_sentence_names_order_buyer_chain_and_rate() -> None:
    told = explanation(replace(ENTRY, **RELEASED, **DEBT), language="en", shows_buyer=False, name=lambda code: code)
    assert told == (
        "Commission taken back; because of a refund; order o-1; paid on 2026-03-02; chain at the sale C → B; product P;"
        " net changed by ¥-1,000.00 at 3% gives ¥-30.00; plan default; a debt, taken off the next payouts."
    )
