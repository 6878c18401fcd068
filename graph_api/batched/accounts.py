"""Reads of a promoter's account: monthly statements, open debts, tax records."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cypher import accounts
from cypher.statements import Run
from graph_api.batched.grouped import cursor_of, keyset_of
from graph_api.errors import Invalid
from graph_api.rules.calendar import YEAR_MAX, month_end, month_start
from graph_api.rules.money import FEN_MAX
from graph_api.rules.plan import TaxMethod
from graph_api.rules.statement import Statement, StatementUneven, statement
from graph_api.rules.tax_record import PaidMonth, TaxMonth, tax_record

READS_MAX = 5
"""A write that commits between two lines of a read shows half of itself; then it is read again."""
PAUSE_SECONDS = 0.02


class Movement(NamedTuple):
    """Something that moved an account: an entry, or a posting of a payout or a review; `payout` as it stands now."""

    seq: int
    id: str
    at: int
    kind: str
    amount_fen: int
    order_number: str | None
    payout: dict[str, int | str] | None


class MovedPayout(NamedTuple):
    """A payout that left (negative) or came back."""

    id: str
    at: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class EntryIds:
    ids: tuple[str, ...]
    cursors: tuple[str, ...]
    has_next: bool


async def month_statement(run: Run, code: str, month: int) -> Statement:
    """What moved a promoter's account in a month; StatementUneven if ledger and entries really differ."""
    reads = 0
    while True:
        reads += 1
        found = await accounts.sums(run, code=code, from_at=month_start(month), until_at=month_end(month))
        try:
            return statement([(*row,) for row in found.postings], [(*row,) for row in found.entries])
        except StatementUneven:
            if reads == READS_MAX:
                raise
            await asyncio.sleep(PAUSE_SECONDS)


async def month_movements(run: Run, code: str, month: int, *, after: tuple[int, str], first: int) -> list[Movement]:
    """A page of what moved it, oldest first."""
    page = await accounts.movements(
        run,
        code=code,
        from_at=month_start(month),
        until_at=month_end(month),
        after_seq=after[0],
        after_id=after[1],
        first=first,
    )
    return [Movement(*row) for row in page.rows]


async def month_payouts(run: Run, code: str, month: int, *, first: int) -> list[MovedPayout]:
    """The payouts that left or came back in a month, oldest first."""
    page = await accounts.payouts(run, code=code, from_at=month_start(month), until_at=month_end(month), first=first)
    return [MovedPayout(*row) for row in page.rows]


async def month_entries(run: Run, code: str, month: int, *, first: int, after: str | None) -> EntryIds:
    """A page of the entries that moved it, newest first."""
    seq, id = keyset_of(after, like=[int, str]) if after is not None else (FEN_MAX, "")
    page = await accounts.entries(
        run,
        code=code,
        from_at=month_start(month),
        until_at=month_end(month),
        after_seq=int(seq),
        after_id=str(id),
        first=first + 1,
    )
    shown = page.rows[:first]
    return EntryIds(tuple(id for _, id in shown), tuple(cursor_of(*row) for row in shown), len(page.rows) > first)


async def debts_at_end(run: Run, code: str, month: int, *, first: int) -> accounts.Debts:
    """What is open of debts when a month ends."""
    return await accounts.debts(run, code=code, until_at=month_end(month), first=first)


async def year_records(run: Run, codes: Sequence[str], year: int) -> dict[str, list[TaxMonth]]:
    """Tax records of a year, of those who received something."""
    if not 1 <= year <= YEAR_MAX:
        raise Invalid(f"a year is 1-{YEAR_MAX}", field=["year"])
    paid: dict[str, list[PaidMonth]] = {}
    for row in await accounts.paid_of_year(
        run, codes=list(codes), month_from=year * 100 + 1, month_upto=year * 100 + 12
    ):
        month = PaidMonth(row.month, TaxMethod(row.tax_method), row.payouts, row.gross_fen, row.withheld_fen)
        paid.setdefault(row.code, []).append(month)
    return {code: tax_record(months) for code, months in paid.items()}
