"""What is withheld of labour income, by the table of rules.md, counted in fractions and rounded once."""

from __future__ import annotations

from fractions import Fraction


def tax_fen(income_fen: int) -> int:
    """Tax of one month's whole income.

    >>> [tax_fen(fen) for fen in (80_000, 160_000, 400_000, 2_500_000, 3_000_000)]
    [0, 16000, 64000, 400000, 520000]
    """
    if income_fen <= 80_000:
        return 0
    taxable = Fraction(income_fen - 80_000) if income_fen <= 400_000 else Fraction(income_fen * 8, 10)
    if taxable <= 2_000_000:
        tax = taxable * Fraction(20, 100)
    elif taxable <= 5_000_000:
        tax = taxable * Fraction(30, 100) - 200_000
    else:
        tax = taxable * Fraction(40, 100) - 700_000
    return int(tax + Fraction(1, 2))
