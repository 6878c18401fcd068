"""Sums by span of time for dashboards. A span is [its first instant, the first after it]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Sold:
    """`active`: distinct sellers; `steps`: orders by which of the bounds their value reaches, from none to all."""

    from_at: int
    walked: int
    active: int
    orders: int
    volume_fen: int
    refunded_fen: int
    commission_fen: int
    steps: list[int]


@dataclass(frozen=True, slots=True)
class Joined:
    from_at: int
    walked: int
    joined: int
    referred: int


@dataclass(frozen=True, slots=True)
class PaidOut:
    from_at: int
    walked: int
    payouts: int
    gross_fen: int
    net_fen: int


@dataclass(frozen=True, slots=True)
class Grouped:
    """`groups`: [key, orders, volume_fen] each."""

    walked: int
    groups: list[list[Any]]


@statement
async def sold(
    run: Run,
    *,
    spans: list[list[int]],
    orders_max: int,
    bounds_fen: list[int],
    commissions: bool,
    sku: str | None,
    utm_source: str | None,
    utm_medium: str | None,
    utm_campaign: str | None,
    rank: str | None,
    root_code: str | None,
) -> list[Sold]: ...


@statement
async def joined(run: Run, *, spans: list[list[int]], people_max: int, root_code: str | None) -> list[Joined]: ...


@statement
async def paid_out(
    run: Run, *, spans: list[list[int]], payouts_max: int, rank: str | None, root_code: str | None
) -> list[PaidOut]: ...


@statement
async def grouped(
    run: Run,
    *,
    from_at: int,
    until_at: int,
    by: str,
    first: int,
    orders_max: int,
    sku: str | None,
    utm_source: str | None,
    utm_medium: str | None,
    utm_campaign: str | None,
    rank: str | None,
    root_code: str | None,
) -> Grouped: ...
