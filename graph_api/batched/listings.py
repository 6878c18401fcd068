"""Lists for finance, whole and in pages: payouts, commission entries, a statement, a year's tax.

A page is read when the one before it has been taken, so a list of any length needs the memory of one page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cypher import listings
from cypher.statements import Run
from graph_api.batched import accounts
from graph_api.rules.calendar import INSTANT_MIN, day_of, local_text, month_text
from graph_api.rules.money import FEN_MAX

ROWS_PER_PAGE = 500
"""A page is put together on the event loop in one go: about ten milliseconds."""
LINES_PER_PAGE = 2_000
"""Of a statement: each page looks through all that moved the account, so fewer are better."""
PROMOTERS_PER_PAGE = 500
Cell = str | int | None
Rows = list[list[Cell]]
ShownName = Callable[[str, str | None], str | None]
"""What is shown of a promoter's sealed name: code and seal to text."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows; everything given must hold. `from_at`/`until_at`: when a payout was made, an entry posted."""

    month: int | None = None
    from_at: int = INSTANT_MIN
    until_at: int = FEN_MAX
    status: str | None = None
    kind: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Columns, and their rows in pages."""

    columns: tuple[str, ...]
    pages: AsyncIterator[Rows]


PAYOUT_COLUMNS = (
    "id",
    "promoter_code",
    "name",
    "month",
    "status",
    "gross_fen",
    "tax_fen",
    "net_fen",
    "tax_method",
    "created_at",
    "due_on",
    "approved_at",
    "finished_at",
    "provider",
    "key",
    "provider_reference",
    "reason",
)
COMMISSION_COLUMNS = (
    "id",
    "promoter_code",
    "name",
    "kind",
    "state",
    "level",
    "order_number",
    "sku",
    "rate_bp",
    "basis_fen",
    "amount_fen",
    "month",
    "plan_version",
    "cause",
    "posted_at",
    "release_at",
    "due_on",
    "payout_id",
)
STATEMENT_COLUMNS = (
    "line",
    "at",
    "promoter_code",
    "name",
    "order_number",
    "entry_id",
    "payout_id",
    "payout_status",
    "payout_tax_fen",
    "payout_net_fen",
    "amount_fen",
    "balance_fen",
)
TAX_COLUMNS = (
    "promoter_code",
    "name",
    "month",
    "tax_method",
    "payouts",
    "gross_fen",
    "taxable_fen",
    "due_fen",
    "withheld_fen",
    "cumulated_gross_fen",
    "cumulated_withheld_fen",
)


def payouts(run: Run, wanted: Wanted, shown: ShownName) -> Listing:
    """Payouts, oldest first."""

    async def pages() -> AsyncIterator[Rows]:
        at: int | None = wanted.from_at
        id: str | None = ""
        while at is not None and id is not None:
            page = await listings.payouts(
                run,
                after_at=at,
                after_id=id,
                until_at=wanted.until_at,
                month=wanted.month,
                status=wanted.status,
                code=wanted.code,
                first=ROWS_PER_PAGE,
            )
            at, id = page.last_at, page.last_id
            yield [_payout(shown(body["promoter_code"], sealed), body) for sealed, body in page.rows]

    return Listing(PAYOUT_COLUMNS, pages())


def commissions(run: Run, wanted: Wanted, shown: ShownName) -> Listing:
    """Commission entries by the month of their payment, oldest first."""

    async def pages() -> AsyncIterator[Rows]:
        month = wanted.month
        if month is None:
            month = await _month_after(run, 0)
        while month is not None:
            async for rows in _month_commissions(run, month, wanted, shown):
                yield rows
            month = await _month_after(run, month) if wanted.month is None else None

    return Listing(COMMISSION_COLUMNS, pages())


def statement(run: Run, code: str, month: int, shown: ShownName) -> Listing:
    """A promoter's month, line by line, each with the balance after it."""

    async def pages() -> AsyncIterator[Rows]:
        moved = await accounts.month_statement(run, code, month)
        named = await listings.named(run, code=code)
        who = [code, shown(code, named.name_sealed if named else None)]
        balance_fen = moved.opening_fen
        yield [["OPENING", None, *who, *[None] * 7, balance_fen]]
        after = (0, "")
        while True:
            found = await accounts.month_movements(run, code, month, after=after, first=LINES_PER_PAGE)
            rows: Rows = []
            for line in found:
                balance_fen += line.amount_fen
                rows.append(_movement(line, who, balance_fen))
            yield rows
            if len(found) < LINES_PER_PAGE:
                break
            after = found[-1].seq, found[-1].id
        yield [["CLOSING", None, *who, *[None] * 7, balance_fen]]

    return Listing(STATEMENT_COLUMNS, pages())


def tax(run: Run, year: int, shown: ShownName) -> Listing:
    """Tax records of everybody who received something in a year, by code and month."""

    async def pages() -> AsyncIterator[Rows]:
        after: str | None = ""
        while after is not None:
            page = await listings.receivers(
                run, after=after, month_from=year * 100 + 1, month_upto=year * 100 + 12, first=PROMOTERS_PER_PAGE
            )
            after = page.last_code
            records = await accounts.year_records(run, [code for code, _ in page.rows], year)
            yield [
                [code, shown(code, sealed), month_text(month), method, *sums]
                for code, sealed in page.rows
                for month, method, *sums in records.get(code, [])
            ]

    return Listing(TAX_COLUMNS, pages())


async def is_there(run: Run, code: str) -> bool:
    """Whether there is such a promoter."""
    return await listings.named(run, code=code) is not None


async def _month_after(run: Run, month: int) -> int | None:
    found = await listings.month_after(run, month=month)
    return found.month if found is not None else None


async def _month_commissions(run: Run, month: int, wanted: Wanted, shown: ShownName) -> AsyncIterator[Rows]:
    seq: int | None = 0
    id: str | None = ""
    while seq is not None and id is not None:
        page = await listings.commissions(
            run,
            month=month,
            after_seq=seq,
            after_id=id,
            from_at=wanted.from_at,
            until_at=wanted.until_at,
            status=wanted.status,
            kind=wanted.kind,
            code=wanted.code,
            first=ROWS_PER_PAGE,
        )
        seq, id = page.last_seq, page.last_id
        yield [_entry(code, shown(code, sealed), number, body) for code, sealed, number, body in page.rows]


def _payout(name: str | None, body: Mapping[str, Any]) -> list[Cell]:
    told = {
        **body,
        "name": name,
        "month": month_text(body["month"]),
        "due_on": day_of(body["due_at"]).isoformat(),
        **_times(body, "created_at", "approved_at", "finished_at"),
    }
    return [told.get(column) for column in PAYOUT_COLUMNS]


def _entry(code: str, name: str | None, number: str | None, body: Mapping[str, Any]) -> list[Cell]:
    told = {
        **body,
        "promoter_code": code,
        "name": name,
        "order_number": number,
        "month": month_text(body["month"]),
        "due_on": day_of(body["due_at"]).isoformat() if body.get("due_at") is not None else None,
        **_times(body, "posted_at", "release_at"),
    }
    return [told.get(column) for column in COMMISSION_COLUMNS]


def _movement(line: accounts.Movement, who: Sequence[Cell], balance_fen: int) -> list[Cell]:
    payout = line.payout or {}
    entry_id = line.id if line.kind not in ("PAYOUT", "PAYOUT_RETURNED", "VOID") else None
    about = [payout.get(name) for name in ("id", "status", "tax_fen", "net_fen")]
    return [line.kind, local_text(line.at), *who, line.order_number, entry_id, *about, line.amount_fen, balance_fen]


def _times(body: Mapping[str, Any], *names: str) -> dict[str, str]:
    return {name: local_text(body[name]) for name in names if body.get(name) is not None}
