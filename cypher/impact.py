"""Reads for what would be if: a promoter locked, gone, or without some of those around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)

Rows = list[list[Any]]


@dataclass(frozen=True, slots=True)
class Freeze:
    """`entries` and `debt_fen` are of what is in no payout or in one that is only CREATED, and not held yet."""

    code: str
    status: str
    observing_fen: int
    released_fen: int
    held_fen: int
    created_fen: int
    debt_fen: int
    entries: int
    created: int
    approved: int
    approved_fen: int
    sent: int
    sent_fen: int


@dataclass(frozen=True, slots=True)
class Supported:
    """`last_promotion`: one row [route, evidence], or none."""

    code: str
    downlines: list[str]
    last_promotion: Rows


@dataclass(frozen=True, slots=True)
class Above:
    receivers: int
    entries: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Circle:
    downlines: list[str]
    people: list[str]


@dataclass(frozen=True, slots=True)
class Counted:
    """`downlines`: [code, active, since, since without]; `sales`: [month, fen]; `promotions`: [rank, at, route, evidence]."""

    downlines: Rows
    sales: list[tuple[int, int]]
    promotions: Rows


@statement
async def freezes(run: Run, *, codes: list[str]) -> list[Freeze]: ...


@statement
async def supported(run: Run, *, codes: list[str]) -> list[Supported]: ...


@statement
async def above(run: Run, *, codes: list[str]) -> Above: ...


@statement
async def circle(run: Run, *, code: str, people: list[str], first: int) -> Circle | None: ...


@statement
async def counted(run: Run, *, code: str, left_out: list[str]) -> Counted: ...
