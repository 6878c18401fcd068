"""Payouts as they are held against what a provider reported, and against the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Rows:
    """[the key that was asked for, id, key, promoter code, provider, status, net_fen, finished_at]."""

    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class ClearingPage:
    """`rows`: [id, key, promoter code, status, expected fen, posted fen]; the position is None at the end."""

    last_at: int | None
    last_id: str | None
    expected_fen: int
    rows: list[list[Any]]


@statement
async def named(run: Run, *, names: list[list[str]], provider: str) -> Rows: ...


@statement
async def paid(run: Run, *, after_at: int, after_id: str, until_at: int, provider: str, first: int) -> Rows: ...


@statement
async def clearing(run: Run, *, after_at: int, after_id: str, first: int) -> ClearingPage: ...
