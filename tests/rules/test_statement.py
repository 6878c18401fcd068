"""Statements and tax records from rows, at their edges."""

from __future__ import annotations

import pytest

from graph_api.rules.commission import CommissionKind
from graph_api.rules.plan import TaxMethod
from graph_api.rules.statement import StatementUneven, statement
from graph_api.rules.tax import month_taxable_fen, year_taxable_fen
from graph_api.rules.tax_record import PaidMonth, TaxMonth, tax_record

PER_MONTH, CUMULATIVE = TaxMethod.PER_MONTH, TaxMethod.CUMULATIVE


def test_opening_and_movements_give_the_closing() -> None:
    told = statement(
        [
            ("ACCRUAL", True, 900),
            ("PAYOUT", True, -400),
            ("VOID", True, -7),
            ("ACCRUAL", False, 310),
            ("PAYOUT", False, -500),
            ("PAYOUT_RETURNED", False, 500),
            ("VOID", False, -60),
        ],
        [("BASE", 200, 2), ("OVERRIDE", 30, 1), ("TIER", 100, 1), ("CLAWBACK", -40, 3), ("ADJUSTMENT", 20, 1)],
    )
    assert (told.opening_fen, told.closing_fen, told.entry_count) == (493, 743, 8)
    assert (told.paid_out_fen, told.returned_fen, told.voided_fen) == (-500, 500, -60)
    assert told.entries_fen[CommissionKind.CLAWBACK] == -40


def test_nothing_moved_is_nothing() -> None:
    told = statement([], [])
    assert (told.opening_fen, told.closing_fen, told.entry_count) == (0, 0, 0)


@pytest.mark.parametrize("fen", [99, 101])
def test_entries_that_were_posted_otherwise_are_refused(fen: int) -> None:
    with pytest.raises(StatementUneven):
        statement([("ACCRUAL", False, 100), ("ACCRUAL", True, fen - 100)], [("BASE", fen, 1)])


@pytest.mark.parametrize(
    ("income_fen", "taxable_fen"),
    [(0, 0), (79_999, 0), (80_000, 0), (80_001, 1), (400_000, 320_000), (400_001, 320_001), (400_003, 320_002)],
)
def test_what_is_taxed_of_a_month(income_fen: int, taxable_fen: int) -> None:
    assert month_taxable_fen(income_fen) == taxable_fen


def test_what_is_taxed_of_a_year() -> None:
    assert [year_taxable_fen(1_250_000, months=months) for months in (1, 2, 3)] == [500_000, 0, 0]
    assert year_taxable_fen(1_250_003, months=1) == 500_002


def test_months_are_cumulated_in_order_whatever_their_method() -> None:
    record = tax_record(
        [
            PaidMonth(202605, PER_MONTH, 1, 480_000, 76_800),
            PaidMonth(202603, PER_MONTH, 2, 2_500_000, 400_000),
        ]
    )
    assert [row.month for row in record] == [202603, 202605]
    assert [row.cumulated_gross_fen for row in record] == [2_500_000, 2_980_000]
    assert [row.cumulated_withheld_fen for row in record] == [400_000, 476_800]
    assert [row.due_fen for row in record] == [400_000, 76_800]


def test_cumulative_months_count_only_themselves_and_only_a_run() -> None:
    record = tax_record(
        [
            PaidMonth(202601, PER_MONTH, 1, 1_000_000, 160_000),
            PaidMonth(202602, CUMULATIVE, 1, 1_000_000, 9_000),
            PaidMonth(202603, CUMULATIVE, 1, 1_000_000, 9_000),
            PaidMonth(202605, CUMULATIVE, 1, 1_000_000, 60_000),
        ]
    )
    assert [row.taxable_fen for row in record] == [800_000, 300_000, 600_000, 1_900_000]
    # after a month without a payout one month is worked: 3 % of 1 900 000, less 18 000
    assert [row.due_fen for row in record] == [160_000, 9_000, 9_000, 39_000]


def test_a_month_that_withheld_too_much_makes_the_next_ones_due_nothing() -> None:
    record = tax_record(
        [PaidMonth(202601, CUMULATIVE, 1, 1_000_000, 50_000), PaidMonth(202602, CUMULATIVE, 1, 1_000_000, 0)]
    )
    assert [row.due_fen for row in record] == [9_000, 0]


def test_several_rows_of_a_kind_are_added_up() -> None:
    told = statement(
        [("ACCRUAL", False, 100), ("ACCRUAL", False, 60), ("PAYOUT", False, -30), ("PAYOUT", False, -5)],
        [("BASE", 100, 1), ("BASE", 60, 2)],
    )
    assert (told.entries_fen[CommissionKind.BASE], told.entry_count, told.paid_out_fen) == (160, 3, -35)


def test_the_refusal_tells_both_sums() -> None:
    with pytest.raises(StatementUneven, match=r"^entries of 99 fen, posted 100 fen$"):
        statement([("ACCRUAL", False, 100)], [("BASE", 99, 1)])


def test_a_month_of_the_record_tells_all_that_it_was_made_of() -> None:
    assert tax_record([PaidMonth(202603, PER_MONTH, 2, 400_000, 63_000)]) == [
        TaxMonth(202603, PER_MONTH, 2, 400_000, 320_000, 64_000, 63_000, 400_000, 63_000)
    ]
