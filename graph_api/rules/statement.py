"""A promoter's monthly statement: what was owed, what moved it, what is owed then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph_api.rules.commission import CommissionKind
from graph_api.rules.ledger import PostingKind


class StatementUneven(ArithmeticError):
    """The ledger and the entries of a period tell different sums: nothing may be shown then."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Each sum is signed as it moves what is owed; `debt_fen` ≤ 0 is what is open of debts at the end.

    `paid_out_fen`: gross of payouts from their approval; `returned_fen`: of those that came back.
    """

    opening_fen: int
    entries_fen: Mapping[CommissionKind, int]
    entry_count: int
    voided_fen: int
    paid_out_fen: int
    returned_fen: int

    @property
    def closing_fen(self) -> int:
        moved_fen = sum(self.entries_fen.values()) + self.voided_fen + self.paid_out_fen + self.returned_fen
        return self.opening_fen + moved_fen


def statement(postings: Iterable[tuple[str, bool, int]], entries: Iterable[tuple[str, int, int]]) -> Statement:
    """The statement of postings (kind, before the period, fen) and of the period's entries (kind, fen, count).

    StatementUneven if entries were not posted as they are.

    >>> statement([("ACCRUAL", True, 100), ("PAYOUT", False, -100), ("ACCRUAL", False, 50)], [("BASE", 50, 1)]).closing_fen
    50
    """
    opening_fen = 0
    moved_fen = dict.fromkeys(PostingKind, 0)
    for kind, before, fen in postings:
        if before:
            opening_fen += fen
        else:
            moved_fen[PostingKind(kind)] += fen
    entries_fen = dict.fromkeys(CommissionKind, 0)
    entry_count = 0
    for kind, fen, count in entries:
        entries_fen[CommissionKind(kind)] += fen
        entry_count += count
    if sum(entries_fen.values()) != moved_fen[PostingKind.ACCRUAL]:
        raise StatementUneven(
            f"entries of {sum(entries_fen.values())} fen, posted {moved_fen[PostingKind.ACCRUAL]} fen"
        )
    return Statement(
        opening_fen=opening_fen,
        entries_fen=entries_fen,
        entry_count=entry_count,
        voided_fen=moved_fen[PostingKind.VOID],
        paid_out_fen=moved_fen[PostingKind.PAYOUT],
        returned_fen=moved_fen[PostingKind.PAYOUT_RETURNED],
    )
