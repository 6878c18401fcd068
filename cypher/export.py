"""Reads for files: the whole network in pages, each in the order of its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Referrals:
    """[promoter code, referrer code] each."""

    referrals: list[list[str]]


@dataclass(frozen=True, slots=True)
class Page:
    """Lists of columns: one record is ten times cheaper to read than many."""

    rows: list[list[Any]]


@statement
async def referrals_above(run: Run, *, codes: list[str]) -> Referrals: ...


@statement
async def promoters(run: Run, *, joined_at: int, code: str, first: int) -> Page: ...


@statement
async def products(run: Run, *, sku: str, first: int) -> Page: ...


@statement
async def orders(run: Run, *, paid_at: int, number: str, first: int) -> Page: ...


@statement
async def identifiers(run: Run, *, code: str, first: int) -> Page: ...


@statement
async def touches(run: Run, *, key: str, first: int) -> Page: ...
