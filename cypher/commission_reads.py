"""Reads of commission entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """`code`: the receiver; `entry`: the Commission node's properties; `sale`: its order's facts, if it has one."""

    code: str
    entry: dict[str, Any]
    sale: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class PaidRow(EntryRow):
    payout_id: str


@dataclass(frozen=True, slots=True)
class PaidSize:
    payout_id: str
    size: int


@dataclass(frozen=True, slots=True)
class EarnedSize:
    code: str
    size: int


@dataclass(frozen=True, slots=True)
class SumRow:
    code: str
    kind: str
    level: int
    rate_bp: int
    basis_fen: int
    amount_fen: int


@statement
async def by_ids(run: Run, *, ids: list[str]) -> list[EntryRow]: ...


@statement
async def of_orders(run: Run, *, numbers: list[str]) -> list[EntryRow]: ...


@statement
async def pages_earned(
    run: Run, *, codes: list[str], month: int | None, after_seq: int, after_id: str, first: int
) -> list[EntryRow]: ...


@statement
async def sizes_earned(run: Run, *, codes: list[str], month: int | None) -> list[EarnedSize]: ...


@statement
async def pages_paid(run: Run, *, ids: list[str], after_seq: int, after_id: str, first: int) -> list[PaidRow]: ...


@statement
async def sizes_paid(run: Run, *, ids: list[str]) -> list[PaidSize]: ...


@statement
async def sums(run: Run, *, codes: list[str], month: int) -> list[SumRow]: ...
