"""Writes of orders and touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OrderFacts:
    orders: Rows
    parked: Rows
    products: Rows
    codeless_buyers: list[str]
    plans: Rows
    closed_months: list[int]


@dataclass(frozen=True, slots=True)
class People:
    """Each as the fields of rules.chain.PersonHistory, referrals as [referrer_code, since_at, until_at]."""

    people: Rows


@dataclass(frozen=True, slots=True)
class Orders:
    """Each {properties, lines: [{sku, line}], refunds: [event], voided: [[code, sku, level, amount_fen, review_fen]], locked_codes}, lines in their order."""

    orders: Rows


@dataclass(frozen=True, slots=True)
class EventFacts:
    """`known`: the event under this key, if any; `orders`: the order as in Orders, if it is there."""

    known: Rows
    orders: Rows
    closed_months: list[int]


@dataclass(frozen=True, slots=True)
class Touches:
    """Each {buyer_code, touches: [[at, key, promoter_code]], coded: likewise, codeless: [[number, paid_at, seller_code]]}."""

    buyers: Rows


@dataclass(frozen=True, slots=True)
class TouchRow:
    key: str
    buyer_code: str
    promoter_code: str
    at: int


@dataclass(frozen=True, slots=True)
class TouchTime:
    at: int
    key: str
    promoter_code: str


@statement
async def facts(run: Run, *, numbers: list[str], skus: list[str], buyer_codes: list[str]) -> OrderFacts: ...


@statement
async def people(run: Run, *, codes: list[str]) -> People: ...


@statement
async def load(run: Run, *, numbers: list[str]) -> Orders: ...


@statement
async def event_facts(run: Run, *, key: str, number: str) -> EventFacts: ...


@statement
async def append(
    run: Run,
    *,
    buyers: Rows,
    orders: Rows,
    changed_orders: Rows,
    changed_lines: Rows,
    unsold: list[str],
    sold: Rows,
    sales: Rows,
    commissions: Rows,
    postings: Rows,
    events: Rows,
) -> None: ...


@statement
async def touches(run: Run, *, buyer_codes: list[str]) -> Touches: ...


@statement
async def touch_keys(run: Run, *, keys: list[str]) -> list[TouchRow]: ...


@statement
async def touch(run: Run, *, rows: Rows) -> None: ...


@statement
async def bindings(run: Run, *, buyer_code: str) -> list[TouchTime]: ...
