"""The ledger as a whole: its sums, and what entries and payouts say beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """Σ over every line; both the sum and the unbalanced postings must be 0."""

    entries: int
    sum_fen: int
    unbalanced_postings: int


@dataclass(frozen=True, slots=True)
class PostingPage:
    """`postings`: each [accounts, amounts_fen]; `last_id` None when there are no more."""

    last_id: str | None
    postings: list[list[list[Any]]]


@dataclass(frozen=True, slots=True)
class OwedPage:
    """`rows`: [code, fen]; `last_code` None when there are no more promoters."""

    rows: list[list[Any]]
    wrong_payout_ids: list[str]
    last_code: str | None


@statement
async def check(run: Run) -> Check: ...


@statement
async def postings(run: Run, *, after: str, first: int) -> PostingPage: ...


@statement
async def owed(run: Run, *, after: str, first: int) -> OwedPage: ...
