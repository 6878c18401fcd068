"""The ledger: double entry, append-only. A debit is positive, a credit negative, and every posting sums to 0."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

EXPENSE = "expense"
TAX = "tax"
CLEARING = "clearing"


class PostingKind(StrEnum):
    ACCRUAL = "ACCRUAL"
    PAYOUT = "PAYOUT"
    PAYOUT_RETURNED = "PAYOUT_RETURNED"
    VOID = "VOID"


class Posting(NamedTuple):
    """Parallel accounts and signed amounts; one without accounts says nothing and is not written."""

    kind: PostingKind
    accounts: tuple[str, ...]
    amounts_fen: tuple[int, ...]

    @property
    def is_balanced(self) -> bool:
        return len(self.accounts) == len(self.amounts_fen) and sum(self.amounts_fen) == 0


def payable(promoter_code: str) -> str:
    """The account of what is owed to a promoter.

    >>> payable("otc-6")
    'payable:otc-6'
    """
    return f"payable:{promoter_code}"


def accrual(entries: Iterable[tuple[str, int]]) -> Posting:
    """Commission of one event, as (promoter code, signed fen): an expense, owed to each promoter.

    >>> accrual([("A", 300), ("B", 200), ("A", -50)])
    Posting(kind=<PostingKind.ACCRUAL: 'ACCRUAL'>, accounts=('expense', 'payable:A', 'payable:B'), amounts_fen=(450, -250, -200))
    """
    owed_fen: dict[str, int] = {}
    for promoter_code, amount_fen in entries:
        owed_fen[promoter_code] = owed_fen.get(promoter_code, 0) + amount_fen
    lines = [(payable(promoter_code), -fen) for promoter_code, fen in owed_fen.items()]
    return _against(PostingKind.ACCRUAL, EXPENSE, lines)


def payout(promoter_code: str, *, gross_fen: int, tax_fen: int) -> Posting:
    """An approved payout: what was owed is now owed to the tax office and on its way through the bank.

    >>> payout("A", gross_fen=400_000, tax_fen=64_000).amounts_fen
    (400000, -64000, -336000)
    """
    lines = [(TAX, -tax_fen), (CLEARING, tax_fen - gross_fen)]
    return _against(PostingKind.PAYOUT, payable(promoter_code), lines)


def payout_returned(promoter_code: str, *, gross_fen: int, tax_fen: int) -> Posting:
    """A payout that failed or expired after its approval: the reverse of `payout`.

    >>> payout_returned("A", gross_fen=100, tax_fen=0)
    Posting(kind=<PostingKind.PAYOUT_RETURNED: 'PAYOUT_RETURNED'>, accounts=('payable:A', 'clearing'), amounts_fen=(-100, 100))
    """
    lines = [(TAX, tax_fen), (CLEARING, gross_fen - tax_fen)]
    return _against(PostingKind.PAYOUT_RETURNED, payable(promoter_code), lines)


def void(promoter_code: str, amount_fen: int) -> Posting:
    """Held commission that review has struck out: no longer owed, no longer an expense.

    >>> void("A", 250).accounts, void("A", 250).amounts_fen
    (('payable:A', 'expense'), (250, -250))
    """
    return _against(PostingKind.VOID, payable(promoter_code), [(EXPENSE, -amount_fen)])


def _against(kind: PostingKind, account: str, lines: Iterable[tuple[str, int]]) -> Posting:
    """A posting of `lines` with the one amount on `account` that balances them; lines of 0 are left out."""
    lines = list(lines)
    whole = [(account, -sum(fen for _, fen in lines)), *lines]
    told = [(name, fen) for name, fen in whole if fen != 0]
    return Posting(kind, tuple(name for name, _ in told), tuple(fen for _, fen in told))
