"""A promoter's account: what moved it, what is open of its debts, what it received in a year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Sums:
    """`postings`: [kind, before the period, fen]; `entries`: [kind, fen, count]. What is owed more is positive."""

    postings: list[list[Any]]
    entries: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """Lists of columns: one record is ten times cheaper to read than many."""

    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Debts:
    """`debt_fen` ≤ 0 is the sum of all, `ids` are the newest."""

    ids: list[str]
    debt_fen: int


@dataclass(frozen=True, slots=True)
class PaidMonth:
    code: str
    month: int
    tax_method: str
    payouts: int
    gross_fen: int
    withheld_fen: int


@statement
async def sums(run: Run, *, code: str, from_at: int, until_at: int) -> Sums: ...


@statement
async def entries(
    run: Run, *, code: str, from_at: int, until_at: int, after_seq: int, after_id: str, first: int
) -> Page: ...


@statement
async def movements(
    run: Run, *, code: str, from_at: int, until_at: int, after_seq: int, after_id: str, first: int
) -> Page: ...


@statement
async def payouts(run: Run, *, code: str, from_at: int, until_at: int, first: int) -> Page: ...


@statement
async def debts(run: Run, *, code: str, until_at: int, first: int) -> Debts: ...


@statement
async def paid_of_year(run: Run, *, codes: list[str], month_from: int, month_upto: int) -> list[PaidMonth]: ...
