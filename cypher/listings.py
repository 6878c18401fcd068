"""Whole lists in pages that each walk a bounded part of an index, for files that leave the house."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class PayoutPage:
    """`rows`: [sealed name, the payout's properties]; the position is None when there is nothing more."""

    last_at: int | None
    last_id: str | None
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class MonthAfter:
    month: int


@dataclass(frozen=True, slots=True)
class CommissionPage:
    """`rows`: [code, sealed name, order number, the entry's properties]; the position is None when there is nothing more."""

    last_seq: int | None
    last_id: str | None
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class ReceiverPage:
    """`rows`: [code, sealed name]; the position is None when there is nobody more."""

    last_code: str | None
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Named:
    code: str
    name_sealed: str | None


@statement
async def payouts(
    run: Run,
    *,
    after_at: int,
    after_id: str,
    until_at: int,
    month: int | None,
    status: str | None,
    code: str | None,
    first: int,
) -> PayoutPage: ...


@statement
async def month_after(run: Run, *, month: int) -> MonthAfter | None: ...


@statement
async def commissions(
    run: Run,
    *,
    month: int,
    after_seq: int,
    after_id: str,
    from_at: int,
    until_at: int,
    status: str | None,
    kind: str | None,
    code: str | None,
    first: int,
) -> CommissionPage: ...


@statement
async def receivers(run: Run, *, after: str, month_from: int, month_upto: int, first: int) -> ReceiverPage: ...


@statement
async def named(run: Run, *, code: str) -> Named | None: ...
