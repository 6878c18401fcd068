"""Reads for the simulation of a plan: past orders in pages, and what else their commission depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Size:
    orders: int


@dataclass(frozen=True, slots=True)
class Page:
    """Lists of columns: one record is ten times cheaper to read than many."""

    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Sold:
    sold: bool


@statement
async def size(run: Run, *, paid_from: int, paid_to: int, limit: int) -> Size: ...


@statement
async def orders(run: Run, *, paid_at: int, number: str, paid_to: int, first: int) -> Page: ...


@statement
async def standings(run: Run, *, codes: list[str]) -> Page: ...


@statement
async def tiers(run: Run, *, month: int, threshold_fen: int, code: str, first: int) -> Page: ...


@statement
async def sold_between(run: Run, *, paid_from: int, paid_to: int) -> Sold: ...
