"""Tax withheld on labour income (劳务报酬), by the plan's method: on one month's payouts, or cumulatively over a year.

Source: rules.md 'Tax'; both tables are those of 国家税务总局公告 2018 No. 61, platform workers cumulatively since 2025 No. 16.
"""

from __future__ import annotations

from collections.abc import Collection

from graph_api.rules.calendar import instant, month_shifted
from graph_api.rules.money import half_up
from graph_api.rules.plan import TaxMethod

CUMULATIVE_FROM = instant("2025-10-01T00:00:00+08:00")
"""Before it a CUMULATIVE plan withholds PER_MONTH."""

EXPENSES_FEN = 80_000
EXPENSES_PERCENT = 20
MONTHLY_ALLOWANCE_FEN = 500_000

PER_MONTH_TABLE = ((20, 0), (30, 200_000), (40, 700_000))
"""(rate in per cent, quick deduction in fen) of 劳务报酬所得预扣率表; a rate ends at 2 000 000 and 5 000 000 fen."""

CUMULATIVE_TABLE = (
    (3, 0),
    (10, 252_000),
    (20, 1_692_000),
    (25, 3_192_000),
    (30, 5_292_000),
    (35, 8_592_000),
    (45, 18_192_000),
)
"""(rate in per cent, quick deduction in fen) of the yearly table; a rate ends at 36, 144, 300, 420, 660 and 960 thousand yuan."""


def method_at(plan_method: TaxMethod, at: int) -> TaxMethod:
    """The method that a plan's method means for a payout settled at `at`.

    >>> str(method_at(TaxMethod.CUMULATIVE, CUMULATIVE_FROM)), str(method_at(TaxMethod.CUMULATIVE, CUMULATIVE_FROM - 1))
    ('CUMULATIVE', 'PER_MONTH')
    """
    return plan_method if at >= CUMULATIVE_FROM else TaxMethod.PER_MONTH


def months_worked(months_with_payout: Collection[int], month: int) -> int:
    """The run of consecutive months with a payout that ends with `month`, within its year.

    `month` itself counts whether it is among them or not: the payout at hand lies in it.

    >>> months_worked({202510, 202511, 202512}, 202512), months_worked({202510, 202512}, 202512)
    (3, 1)
    >>> months_worked({202511, 202512, 202601}, 202602)
    2
    """
    count = 1
    while (before := month_shifted(month, by=-count)) // 100 == month // 100 and before in months_with_payout:
        count += 1
    return count


def month_tax_fen(income_fen: int) -> int:
    """PER_MONTH: the tax on all payouts of a month as one income.

    Expenses are 800 yuan or a fifth, whichever is more: 800 yuan up to 4 000, a fifth above.

    >>> month_tax_fen(80_000), month_tax_fen(400_000), month_tax_fen(2_500_000), month_tax_fen(3_000_000)
    (0, 64000, 400000, 520000)
    """
    return _tax_fen(PER_MONTH_TABLE, taxable_hundredths=_month_hundredths(income_fen))


def month_taxable_fen(income_fen: int) -> int:
    """What of a month's income is taxed PER_MONTH, rounded half up to the fen; the tax itself is not computed from it.

    >>> month_taxable_fen(80_000), month_taxable_fen(400_000), month_taxable_fen(400_004)
    (0, 320000, 320003)
    """
    return half_up(max(_month_hundredths(income_fen), 0), 100)


def year_tax_fen(income_fen: int, *, months: int) -> int:
    """CUMULATIVE: the tax on the income of `months` worked.

    >>> year_tax_fen(1_000_000, months=1), year_tax_fen(2_000_000, months=2), year_tax_fen(3_000_000, months=3)
    (9000, 18000, 27000)
    """
    return _tax_fen(CUMULATIVE_TABLE, taxable_hundredths=_year_hundredths(income_fen, months=months))


def year_taxable_fen(income_fen: int, *, months: int) -> int:
    """What of the income of `months` worked is taxed CUMULATIVE, rounded half up to the fen.

    >>> year_taxable_fen(1_000_000, months=1), year_taxable_fen(500_000, months=1)
    (300000, 0)
    """
    return half_up(max(_year_hundredths(income_fen, months=months), 0), 100)


def withheld_fen(
    method: TaxMethod, *, gross_fen: int, others_gross_fen: int, others_withheld_fen: int, months: int
) -> int:
    """What to withhold from one more payout: the tax on the whole less what was withheld; never below 0 nor above the gross.

    `others_*`: the other live payouts that are taxed together with it, those of the month under PER_MONTH, of the
    year under CUMULATIVE. `months`: see `months_worked`; PER_MONTH does not look at it.

    >>> withheld_fen(TaxMethod.PER_MONTH, gross_fen=80_000, others_gross_fen=0, others_withheld_fen=0, months=1)
    0
    >>> withheld_fen(TaxMethod.PER_MONTH, gross_fen=80_000, others_gross_fen=80_000, others_withheld_fen=0, months=1)
    16000
    >>> withheld_fen(
    ...     TaxMethod.CUMULATIVE, gross_fen=1_000_000, others_gross_fen=2_000_000, others_withheld_fen=18_000, months=3
    ... )
    9000
    """
    income_fen = others_gross_fen + gross_fen
    whole_fen = month_tax_fen(income_fen) if method is TaxMethod.PER_MONTH else year_tax_fen(income_fen, months=months)
    return max(min(whole_fen - others_withheld_fen, gross_fen), 0)


def _month_hundredths(income_fen: int) -> int:
    return income_fen * 100 - max(EXPENSES_FEN * 100, income_fen * EXPENSES_PERCENT)


def _year_hundredths(income_fen: int, *, months: int) -> int:
    return income_fen * (100 - EXPENSES_PERCENT) - MONTHLY_ALLOWANCE_FEN * 100 * months


def _tax_fen(table: tuple[tuple[int, int], ...], *, taxable_hundredths: int) -> int:
    """The tax of a table on a taxable amount in hundredths of a fen, rounded half up to the fen once.

    The lines of neighbouring rates meet where the lower one ends, and the higher is steeper: the greatest is the tax.
    """
    tax_10000ths = max(taxable_hundredths * percent - deduction_fen * 10_000 for percent, deduction_fen in table)
    return half_up(max(tax_10000ths, 0), 10_000)
