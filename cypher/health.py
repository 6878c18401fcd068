"""Reads about the store itself."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Component:
    name: str
    version: str
    edition: str


@dataclass(frozen=True, slots=True)
class Constraints:
    names: list[str]


@dataclass(frozen=True, slots=True)
class Sizes:
    promoters: int
    orders: int
    commissions: int


@dataclass(frozen=True, slots=True)
class Leader:
    """`size`: people one and two levels below."""

    code: str
    size: int


@dataclass(frozen=True, slots=True)
class PayoutTroubles:
    contradicted: int
    silent: int
    waiting: int


@dataclass(frozen=True, slots=True)
class RefusedEvents:
    """`order_number`, `key` and `refusal` are the latest one's, None without any."""

    count: int
    order_number: str | None
    key: str | None
    refusal: str | None


@statement
async def components(run: Run) -> Component: ...


@statement
async def constraints(run: Run) -> Constraints: ...


@statement
async def sizes(run: Run) -> Sizes: ...


@statement
async def biggest_team(run: Run) -> Leader | None: ...


@statement
async def payout_troubles(run: Run, *, asked_before: int, missing_providers: list[str]) -> PayoutTroubles: ...


@statement
async def refused_events(run: Run) -> RefusedEvents: ...
