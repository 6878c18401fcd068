"""Settling: releasing entries and finding whom to pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Pending:
    """Each [key, release_at, settlement_days]."""

    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Released:
    """How many entries became payable, and whose."""

    released: int
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Earliest:
    payable_at: int


@dataclass(frozen=True, slots=True)
class Codes:
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Payables:
    """Each {code, status, contract_version, gross_fen, entries, due_at, provisional, has_account}."""

    promoters: Rows


@statement
async def pending_orders(run: Run, *, as_of: int, set_aside: list[str], first: int) -> Pending: ...


@statement
async def release_orders(run: Run, *, rows: Rows) -> Released: ...


@statement
async def pending_tiers(run: Run, *, as_of: int, set_aside: list[str], first: int) -> Pending: ...


@statement
async def release_tiers(run: Run, *, rows: Rows) -> Released: ...


@statement
async def provisional(run: Run, *, after: str, first: int) -> Pending: ...


@statement
async def redate(run: Run, *, rows: Rows) -> None: ...


@statement
async def earliest(run: Run, *, after: int, as_of: int) -> Earliest | None: ...


@statement
async def payable_codes(run: Run, *, payable_at: int, after: str, first: int) -> Codes: ...


@statement
async def payables(run: Run, *, codes: list[str], as_of: int) -> Payables: ...


@statement
async def reckon_payable(run: Run, *, codes: list[str]) -> None: ...
