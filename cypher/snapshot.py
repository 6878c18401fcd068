"""The network for the detectors, page by page: parallel lists in one record, which is ten times cheaper than rows."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Promoters:
    codes: list[str]
    referrer_codes: list[str]
    claim_codes: list[str]
    joined_ats: list[int]
    referred_ats: list[int]


@dataclass(frozen=True, slots=True)
class Orders:
    """Two tables: orders that were sold, and incomes of receivers. `last_*`: where the page ends; None: it is empty."""

    buyer_codes: list[str]
    seller_codes: list[str]
    paid_ats: list[int]
    paid_fens: list[int]
    refunded_fens: list[int]
    countables: list[bool]
    receiver_codes: list[str]
    days: list[int]
    own_fens: list[int]
    override_fens: list[int]
    open_fens: list[int]
    last_paid_at: int | None
    last_number: str | None


@dataclass(frozen=True, slots=True)
class Shared:
    ids: list[str]
    people: list[list[str]]
    last_id: str | None


@statement
async def promoters(run: Run, *, code: str, first: int) -> Promoters: ...


@statement
async def orders(run: Run, *, paid_at: int, number: str, first: int) -> Orders: ...


@statement
async def identifiers(run: Run, *, id: str, first: int, people_max: int) -> Shared: ...
