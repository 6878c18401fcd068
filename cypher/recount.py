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


@statement
async def sales(run: Run, *, after: str, first: int) -> SalesPage: ...


@statement
async def repair_sales(run: Run, *, rows: Rows) -> None: ...


@statement
async def orders(run: Run, *, after: str, first: int) -> OrderPage: ...
