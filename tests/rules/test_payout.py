"""Every pair of statuses, and every reason to wait."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.payout import (
    FINAL,
    LIVE,
    ON_THE_WAY,
    RANK,
    Payable,
    PayoutStatus,
    Step,
    Wait,
    decision,
    parts,
    step,
)

ENDS = "PAID FAILED EXPIRED"
FORWARD = {
    "CREATED": "APPROVED EXPIRED",
    "APPROVED": f"SENT AWAITING_RECEIPT {ENDS}",
    "SENT": f"AWAITING_RECEIPT {ENDS}",
    "AWAITING_RECEIPT": ENDS,
    "PAID": "",
    "FAILED": "",
    "EXPIRED": "",
}
STALE = {
    "CREATED": "",
    "APPROVED": "CREATED",
    "SENT": "CREATED APPROVED",
    "AWAITING_RECEIPT": "CREATED APPROVED SENT",
    "PAID": "CREATED APPROVED SENT AWAITING_RECEIPT",
    "FAILED": "CREATED APPROVED SENT AWAITING_RECEIPT",
    "EXPIRED": "CREATED APPROVED SENT AWAITING_RECEIPT",
}
STATUSES = st.sampled_from(PayoutStatus)


@pytest.mark.parametrize(("status", "told"), [*itertools.product(PayoutStatus, repeat=2)])
def test_each_step(status: PayoutStatus, told: PayoutStatus) -> None:
    if told == status:
        expected = Step.UNCHANGED
    elif told in FORWARD[status].split():
        expected = Step.FORWARD
    else:
        expected = Step.STALE if told in STALE[status].split() else Step.REFUSED
    assert step(status, told) is expected


@given(news=st.lists(STATUSES, max_size=20))
def test_a_payout_only_climbs_and_its_end_is_final(news: list[PayoutStatus]) -> None:
    status = PayoutStatus.CREATED
    seen = [status]
    for told in news:
        if step(status, told) is Step.FORWARD:
            status = told
            seen.append(status)
    ranks = [RANK[status] for status in seen]
    assert ranks == sorted(set(ranks))
    assert all(earlier not in FINAL for earlier in seen[:-1])
    assert PayoutStatus.PAID not in seen or PayoutStatus.APPROVED in seen


def test_statuses_are_the_contract_s_and_grouped() -> None:
    assert [str(status) for status in PayoutStatus] == [*FORWARD]
    assert {"PAID", "FAILED", "EXPIRED"} == FINAL
    assert {"APPROVED", "SENT", "AWAITING_RECEIPT"} == ON_THE_WAY
    assert set(PayoutStatus) - LIVE == {"FAILED", "EXPIRED"}


@pytest.mark.parametrize(
    ("gross_fen", "status", "has_contract", "has_account", "wait"),
    [
        (100, "ACTIVE", True, True, None),
        (100, "CLOSED", True, True, None),
        (101, "ACTIVE", True, True, None),
        (99, "ACTIVE", True, True, Wait.BELOW_MINIMUM),
        (1, "LOCKED", False, False, Wait.BELOW_MINIMUM),
        (0, "ACTIVE", True, True, Wait.NOTHING_DUE),
        (-5, "LOCKED", False, False, Wait.NOTHING_DUE),
        (100, "LOCKED", True, True, Wait.LOCKED),
        (100, "LOCKED", False, False, Wait.LOCKED),
        (100, "ACTIVE", False, True, Wait.NO_CONTRACT),
        (100, "ACTIVE", False, False, Wait.NO_CONTRACT),
        (100, "CLOSED", True, False, Wait.NO_ACCOUNT),
    ],
)
def test_a_promoter_is_paid_or_waits_for_the_first_reason(
    gross_fen: int, status: str, has_contract: bool, has_account: bool, wait: Wait | None
) -> None:
    decided = decision(gross_fen, payout_min_fen=100, status=status, has_contract=has_contract, has_account=has_account)
    assert decided == Payable(gross_fen, wait)
    assert decided.pays is (wait is None)


def test_without_a_minimum_nothing_is_still_not_paid() -> None:
    def wait(gross_fen: int) -> Wait | None:
        return decision(gross_fen, payout_min_fen=0, status="ACTIVE", has_contract=True, has_account=True).wait

    assert [wait(gross_fen) for gross_fen in (-1, 0, 1)] == [Wait.NOTHING_DUE, Wait.NOTHING_DUE, None]


def test_a_part_of_one_fen_is_taken_too() -> None:
    assert parts(3, [("a", 1), ("b", 0), ("c", 2)]) == (("a", 1), ("c", 2))
    assert parts(1, [("a", 1), ("b", 5)]) == (("a", 1),)
