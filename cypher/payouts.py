"""Writes of payouts, and what they are decided by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """`payout`: the node's properties."""

    payout: dict[str, Any]
    promoter_status: str
    contract_version: str | None
    has_account: bool


@dataclass(frozen=True, slots=True)
class TaxedPayout:
    code: str
    id: str
    status: str
    month: int
    gross_fen: int
    tax_fen: int
    tax_method: str
    payout_min_fen: int


@dataclass(frozen=True, slots=True)
class Absorbed:
    code: str
    month: int


@statement
async def by_ids(run: Run, *, ids: list[str]) -> list[PayoutRow]: ...


@statement
async def of_year(run: Run, *, codes: list[str], month_from: int, month_upto: int) -> list[TaxedPayout]: ...


@statement
async def absorb(run: Run, *, ids: list[str]) -> list[Absorbed]: ...


@statement
async def create(run: Run, *, rows: Rows) -> None: ...


@statement
async def change(run: Run, *, rows: Rows) -> None: ...


@statement
async def pay_entries(run: Run, *, ids: list[str]) -> None: ...


@statement
async def return_entries(run: Run, *, ids: list[str]) -> None: ...


@statement
async def post(run: Run, *, rows: Rows) -> None: ...
