"""A promoter's tax record of a year: what it received each month, what of it is taxed, what was withheld."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from graph_api.rules import tax
from graph_api.rules.plan import TaxMethod


class PaidMonth(NamedTuple):
    """Payouts of one month and method that were received; the month is that of their settlement."""

    month: int
    method: TaxMethod
    payouts: int
    gross_fen: int
    withheld_fen: int


class TaxMonth(NamedTuple):
    """A month of the record. `due_fen`: the tax on what was received; `cumulated_*`: with the year's months before.

    Withheld differs from due where a payout that was counted with it came back after its approval, or where a lean
    month had less than was to be withheld.
    """

    month: int
    method: TaxMethod
    payouts: int
    gross_fen: int
    taxable_fen: int
    due_fen: int
    withheld_fen: int
    cumulated_gross_fen: int
    cumulated_withheld_fen: int


def tax_record(paid: Iterable[PaidMonth]) -> list[TaxMonth]:
    """The months of a year, oldest first. CUMULATIVE counts that method's months alone, its taxable amount with them.

    >>> [row] = tax_record([PaidMonth(202603, TaxMethod.PER_MONTH, 1, 400_000, 64_000)])
    >>> row.taxable_fen, row.due_fen
    (320000, 64000)
    """
    record: list[TaxMonth] = []
    cumulative: list[PaidMonth] = []
    for row in sorted(paid):
        taxable_fen, due_fen = tax.month_taxable_fen(row.gross_fen), tax.month_tax_fen(row.gross_fen)
        if row.method is TaxMethod.CUMULATIVE:
            taxable_fen, due_fen = _cumulative(row, cumulative)
            cumulative.append(row)
        before = record[-1] if record else None
        record.append(
            TaxMonth(
                row.month,
                row.method,
                row.payouts,
                row.gross_fen,
                taxable_fen,
                due_fen,
                row.withheld_fen,
                row.gross_fen + (before.cumulated_gross_fen if before else 0),
                row.withheld_fen + (before.cumulated_withheld_fen if before else 0),
            )
        )
    return record


def _cumulative(row: PaidMonth, before: list[PaidMonth]) -> tuple[int, int]:
    """(taxable so far, tax due in this month) of the cumulative method."""
    income_fen = row.gross_fen + sum(earlier.gross_fen for earlier in before)
    months = tax.months_worked({earlier.month for earlier in before}, row.month)
    whole_fen = tax.year_tax_fen(income_fen, months=months)
    due_fen = max(whole_fen - sum(earlier.withheld_fen for earlier in before), 0)
    return tax.year_taxable_fen(income_fen, months=months), due_fen
