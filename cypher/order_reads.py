"""Reads of orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order; each line is [sku, quantity, paid_fen, refunded_fen]."""

    number: str
    status: str
    buyer_code: str
    seller_code: str | None
    paid_fen: int
    refunded_fen: int
    paid_at: int
    delivered_at: int | None
    observed_until: int | None
    lines: list[tuple[str, int, int, int]]


@dataclass(frozen=True, slots=True)
class SoldCard:
    """`card` holds the fields of an OrderCard."""

    code: str
    card: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    size: int


@dataclass(frozen=True, slots=True)
class SoldSize:
    code: str
    size: int


@statement
async def by_numbers(run: Run, *, numbers: list[str]) -> list[OrderCard]: ...


@statement
async def page(
    run: Run,
    *,
    paid_from: int,
    paid_upto: int,
    status: str | None,
    after_paid_at: int,
    after_number: str,
    first: int,
) -> list[OrderCard]: ...


@statement
async def size(run: Run, *, paid_from: int, paid_upto: int, status: str | None) -> Size: ...


@statement
async def pages_sold(
    run: Run,
    *,
    codes: list[str],
    paid_from: int,
    paid_upto: int,
    status: str | None,
    after_paid_at: int,
    after_number: str,
    first: int,
) -> list[SoldCard]: ...


@statement
async def sizes_sold(
    run: Run, *, codes: list[str], paid_from: int, paid_upto: int, status: str | None
) -> list[SoldSize]: ...
