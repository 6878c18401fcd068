"""The plan's bounds that concern how payouts are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph_api.rules.plan import (
    DEFAULT_PLAN,
    PayoutProvider,
    plan_errors,
    product_rate_errors,
    worst_case_bp,
)

SPLIT = replace(DEFAULT_PLAN, payout_provider=PayoutProvider.WECHAT_SPLIT)


def fields(plan: object, **given: object) -> list[list[str] | None]:
    return [error.field for error in plan_errors(plan, **given)]  # type: ignore[arg-type]


def test_profit_sharing_takes_at_most_its_cap_of_a_payment() -> None:
    assert worst_case_bp(SPLIT, 1700) == 3000
    assert fields(SPLIT, commission_bps=[1500, 1700]) == []
    assert fields(SPLIT, commission_bps=[1500, 1701]) == [["splitCapBp"]]
    assert fields(replace(SPLIT, split_cap_bp=2999), commission_bps=[1700]) == [["splitCapBp"]]


@pytest.mark.parametrize("provider", [PayoutProvider.BANK_FILE, PayoutProvider.WECHAT_TRANSFER])
def test_other_providers_pay_from_the_balance_and_know_no_cap(provider: PayoutProvider) -> None:
    assert fields(replace(DEFAULT_PLAN, payout_provider=provider, split_cap_bp=0), commission_bps=[3000]) == []


@pytest.mark.parametrize("cap_bp", [-1, 3001, 10_000])
def test_the_cap_of_profit_sharing_cannot_exceed_what_wechat_allows(cap_bp: int) -> None:
    assert fields(replace(DEFAULT_PLAN, split_cap_bp=cap_bp)) == [["splitCapBp"]]


def test_a_product_that_profit_sharing_could_not_pay_is_refused() -> None:
    assert product_rate_errors(1700, [SPLIT]) == []
    assert [error.field for error in product_rate_errors(1701, [DEFAULT_PLAN, SPLIT])] == [["commissionBp"]]


def test_what_profit_sharing_cannot_pay_is_told_in_numbers() -> None:
    (error,) = plan_errors(SPLIT, commission_bps=[1701])
    assert error.message == "could pay 3001 bp of a payment, above the 3000 that profit sharing may take"
    (error,) = product_rate_errors(1701, [SPLIT])
    assert error.message == "could pay 3001 bp under plan default, above the 3000 that profit sharing may take"
