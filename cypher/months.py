"""Closing a month: tiers, observations that end, promotions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    month: int
    tier_threshold_fen: int
    tier_bp: int
    plan_version: str


@dataclass(frozen=True, slots=True)
class OpenMonth:
    month: int


@dataclass(frozen=True, slots=True)
class TierRow:
    """`tier_fen`: what is posted so far for the month, `voided_fen` of it voided, of `review_fen` that a review struck out; `due_at` None until it was released."""

    promoter_code: str
    month: int
    volume_fen: int
    tier_fen: int
    status: str
    closed_at: int | None
    due_at: int | None
    due_provisional: bool
    voided_fen: int
    review_fen: int
    tier_threshold_fen: int
    tier_bp: int
    plan_version: str


@dataclass(frozen=True, slots=True)
class Above:
    promoter_code: str
    month: int


@dataclass(frozen=True, slots=True)
class Completed:
    orders: int
    seller_codes: list[str]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Each {code, rank, promoted_at, months: [[month, volume_fen]], valid_downlines}."""

    promoters: Rows


@statement
async def closed(run: Run) -> list[ClosedMonth]: ...


@statement
async def open_month_with_sales(run: Run, *, month: int) -> OpenMonth | None: ...


@statement
async def tier_rows(run: Run, *, pairs: Rows) -> list[TierRow]: ...


@statement
async def above_threshold(run: Run, *, month: int, threshold_fen: int) -> list[Above]: ...


@statement
async def post_tiers(run: Run, *, rows: Rows, postings: Rows) -> None: ...


@statement
async def complete(run: Run, *, until_at: int, first: int) -> Completed: ...


@statement
async def candidates(
    run: Run,
    *,
    month: int,
    sales_month_fen: int,
    valid_downlines: int,
    top_rank: str,
    months: list[int],
) -> Candidates: ...


@statement
async def promote(run: Run, *, rows: Rows) -> None: ...


@statement
async def close(run: Run, *, rows: Rows) -> None: ...
