"""Tax withheld, against the official tables written as brackets and computed in fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.calendar import instant, month_shifted
from graph_api.rules.plan import TaxMethod
from graph_api.rules.tax import (
    CUMULATIVE_FROM,
    method_at,
    month_tax_fen,
    months_worked,
    withheld_fen,
    year_tax_fen,
)

INCOMES = st.one_of(st.integers(0, 20_000_000), st.integers(0, 10**15))
PER_MONTH, CUMULATIVE = TaxMethod.PER_MONTH, TaxMethod.CUMULATIVE

# (upper end in yuan, per cent, quick deduction in yuan) as published.
LABOUR = [(20_000, 20, 0), (50_000, 30, 2_000), (math.inf, 40, 7_000)]
YEARLY = [
    (36_000, 3, 0),
    (144_000, 10, 2_520),
    (300_000, 20, 16_920),
    (420_000, 25, 31_920),
    (660_000, 30, 52_920),
    (960_000, 35, 85_920),
    (math.inf, 45, 181_920),
]


def bracket_tax(brackets: list[tuple[float, int, int]], taxable_fen: Fraction) -> int:
    """The row whose upper end is not exceeded, then half up to the fen."""
    if taxable_fen <= 0:
        return 0
    percent, deduction_yuan = next((rate, off) for upper, rate, off in brackets if taxable_fen <= upper * 100)
    return math.floor(taxable_fen * percent / 100 - deduction_yuan * 100 + Fraction(1, 2))


def labour_tax(income_fen: int) -> int:
    taxable = Fraction(income_fen - 80_000) if income_fen <= 400_000 else Fraction(income_fen * 8, 10)
    return bracket_tax(LABOUR, taxable)


def yearly_tax(income_fen: int, months: int) -> int:
    return bracket_tax(YEARLY, Fraction(income_fen * 8, 10) - 500_000 * months)


@pytest.mark.parametrize(
    ("income_fen", "tax_fen"),
    [
        (0, 0),
        (1, 0),
        (80_000, 0),
        (80_002, 0),
        (80_003, 1),
        (400_000, 64_000),
        (400_001, 64_000),
        (400_004, 64_001),
        (2_500_000, 400_000),
        (2_500_003, 400_001),
        (3_000_000, 520_000),
        (6_250_000, 1_300_000),
        (6_250_002, 1_300_001),
        (10_000_000, 2_500_000),
    ],
)
def test_tax_of_a_month(income_fen: int, tax_fen: int) -> None:
    assert month_tax_fen(income_fen) == tax_fen


@pytest.mark.parametrize(
    ("income_fen", "months", "tax_fen"),
    [
        (1_000_000, 1, 9_000),
        (2_000_000, 2, 18_000),
        (3_000_000, 3, 27_000),
        (625_000, 1, 0),
        (625_020, 1, 0),
        (625_021, 1, 1),
        (5_125_000, 1, 108_000),
        (18_625_000, 1, 1_188_000),
        (38_125_000, 1, 4_308_000),
        (53_125_000, 1, 7_308_000),
        (83_125_000, 1, 14_508_000),
        (120_625_000, 1, 25_008_000),
        (133_125_000, 1, 29_508_000),
        (83_125_000, 12, 12_858_000),
    ],
)
def test_tax_of_a_year_so_far(income_fen: int, months: int, tax_fen: int) -> None:
    assert year_tax_fen(income_fen, months=months) == tax_fen


@given(income_fen=INCOMES)
def test_a_month_is_taxed_as_the_published_brackets_say(income_fen: int) -> None:
    assert month_tax_fen(income_fen) == labour_tax(income_fen)


@given(income_fen=INCOMES, months=st.integers(1, 12))
def test_a_year_is_taxed_as_the_published_brackets_say(income_fen: int, months: int) -> None:
    assert year_tax_fen(income_fen, months=months) == yearly_tax(income_fen, months)


@given(payouts=st.lists(st.integers(1, 5_000_000), min_size=1, max_size=8))
def test_the_payouts_of_a_month_withhold_the_tax_of_their_total(payouts: list[int]) -> None:
    withheld: list[int] = []
    for index, gross_fen in enumerate(payouts):
        tax_fen = withheld_fen(
            PER_MONTH,
            gross_fen=gross_fen,
            others_gross_fen=sum(payouts[:index]),
            others_withheld_fen=sum(withheld),
            months=7,
        )
        assert 0 <= tax_fen < gross_fen or tax_fen == gross_fen == 1
        withheld.append(tax_fen)
    assert sum(withheld) == labour_tax(sum(payouts))


@given(payouts=st.lists(st.integers(1, 5_000_000), min_size=1, max_size=12))
def test_monthly_payouts_withhold_what_the_year_so_far_lacks(payouts: list[int]) -> None:
    withheld: list[int] = []
    for index, gross_fen in enumerate(payouts):
        before_fen = sum(withheld)
        tax_fen = withheld_fen(
            CUMULATIVE,
            gross_fen=gross_fen,
            others_gross_fen=sum(payouts[:index]),
            others_withheld_fen=before_fen,
            months=index + 1,
        )
        assert tax_fen == min(max(yearly_tax(sum(payouts[: index + 1]), index + 1) - before_fen, 0), gross_fen)
        withheld.append(tax_fen)


@given(
    method=st.sampled_from(TaxMethod),
    gross_fen=INCOMES,
    others_gross_fen=INCOMES,
    others_withheld_fen=INCOMES,
    months=st.integers(1, 12),
)
def test_withheld_is_never_below_zero_nor_above_the_gross(
    method: TaxMethod, gross_fen: int, others_gross_fen: int, others_withheld_fen: int, months: int
) -> None:
    tax_fen = withheld_fen(
        method,
        gross_fen=gross_fen,
        others_gross_fen=others_gross_fen,
        others_withheld_fen=others_withheld_fen,
        months=months,
    )
    assert 0 <= tax_fen <= gross_fen


@pytest.mark.parametrize(
    ("method", "gross_fen", "others_gross_fen", "others_withheld_fen", "months", "tax_fen"),
    [
        (PER_MONTH, 80_000, 0, 0, 1, 0),
        (PER_MONTH, 80_000, 80_000, 0, 1, 16_000),
        (PER_MONTH, 80_000, 80_000, 16_000, 1, 0),  # the one that withheld them stays when the other has failed
        (PER_MONTH, 80_000, 80_000, 20_000, 1, 0),
        (PER_MONTH, 100, 3_000_000, 0, 1, 100),  # what others did not withhold takes no more than the gross
        (PER_MONTH, 1, 3_000_000, 0, 1, 1),
        (CUMULATIVE, 1_000_000, 0, 0, 1, 9_000),
        (CUMULATIVE, 1_000_000, 1_000_000, 9_000, 2, 9_000),
        (CUMULATIVE, 1_000_000, 1_000_000, 9_000, 1, 24_000),  # a second payout of one month
        (CUMULATIVE, 100, 1_000_000, 9_000, 2, 0),  # a lean month gives nothing back
    ],
)
def test_withheld(
    method: TaxMethod,
    gross_fen: int,
    others_gross_fen: int,
    others_withheld_fen: int,
    months: int,
    tax_fen: int,
) -> None:
    assert tax_fen == withheld_fen(
        method,
        gross_fen=gross_fen,
        others_gross_fen=others_gross_fen,
        others_withheld_fen=others_withheld_fen,
        months=months,
    )


@given(months=st.sets(st.integers(0, 30), max_size=24), ahead=st.integers(0, 30))
def test_months_worked_is_the_run_that_ends_with_the_month_within_its_year(months: set[int], ahead: int) -> None:
    paid, month = {month_shifted(202501, by=by) for by in months}, month_shifted(202501, by=ahead)
    january = month // 100 * 100 + 1
    run = [month]
    while run[-1] > january and run[-1] - 1 in paid:
        run.append(run[-1] - 1)
    assert months_worked(paid, month) == len(run)
    assert months_worked(paid | {month}, month) == len(run)
    assert all(earlier == later - 1 for later, earlier in pairwise(run))


@pytest.mark.parametrize(
    ("paid", "month", "worked"),
    [
        (set(), 202601, 1),
        ({202512}, 202601, 1),
        ({202511, 202512}, 202512, 2),
        ({202510, 202512}, 202512, 1),
        (set(range(202501, 202512)), 202512, 12),
        ({202601, 202602, 202604}, 202603, 3),
    ],
)
def test_months_worked(paid: set[int], month: int, worked: int) -> None:
    assert months_worked(paid, month) == worked


def test_cumulative_begins_with_october_2025_in_shanghai() -> None:
    assert instant("2025-09-30T16:00:00Z") == CUMULATIVE_FROM
    assert method_at(CUMULATIVE, CUMULATIVE_FROM) is CUMULATIVE
    assert method_at(CUMULATIVE, CUMULATIVE_FROM - 1) is PER_MONTH
    assert method_at(PER_MONTH, CUMULATIVE_FROM) is PER_MONTH
    assert method_at(PER_MONTH, CUMULATIVE_FROM - 1) is PER_MONTH
