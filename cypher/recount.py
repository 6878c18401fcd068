"""Recounts of everything that is stored as a sum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SalesPage:
    """`last_code` is None when there are no more promoters."""

    promoters: Rows
    last_code: str | None


@dataclass(frozen=True, slots=True)
class OrderPage:
    """`last_number` is None when there are no more orders."""

    orders: Rows
    last_number: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Two tables: promoters, and own sales of those who sold in a month. `last_code` is None when there are no more."""

    codes: list[str]
    referrer_codes: list[str]
    orders: list[int]
    volumes_fen: list[int]
    month_codes: list[str]
    months: list[int]
    month_orders: list[int]
    month_volumes_fen: list[int]
    last_code: str | None


@statement
async def sales(run: Run, *, after: str, first: int) -> SalesPage: ...


@statement
async def repair_sales(run: Run, *, rows: Rows) -> None: ...


@statement
async def orders(run: Run, *, after: str, first: int) -> OrderPage: ...


@statement
async def standing(run: Run, *, after: str, first: int, months: list[int]) -> Standing: ...
