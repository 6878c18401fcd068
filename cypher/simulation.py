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
class Values:
    """Orders one after another as flat values: a list for each column of each order would keep the collector busy.

    An order is number, paid_at, month, known_seq, buyer_code, plan_version, then five lists, each behind its length:
    chain_codes, receiver_codes, override_bps, lines (base_bp, net_fen), entries (code, level, amount_fen).
    """

    values: list[Any]


@dataclass(frozen=True, slots=True)
class Sold:
    sold: bool


@statement
async def size(run: Run, *, paid_from: int, paid_to: int, limit: int) -> Size: ...


@statement
async def orders(run: Run, *, paid_at: int, number: str, paid_to: int, first: int) -> Values: ...


@statement
async def standings(run: Run, *, codes: list[str]) -> Page: ...


@statement
async def tiers(run: Run, *, month: int, threshold_fen: int, code: str, first: int) -> Page: ...


@statement
async def sold_between(run: Run, *, paid_from: int, paid_to: int) -> Sold: ...
