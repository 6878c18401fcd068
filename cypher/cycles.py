"""Directed edges between promoters, for cycles of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Edges:
    """Each a list, as the statement says."""

    edges: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Purchases:
    """`looked_at`: how many orders, of promoters or not."""

    edges: list[list[Any]]
    looked_at: int


@statement
async def onward(run: Run, *, codes: list[str], kinds: list[str], from_at: int, to_at: int, first: int) -> Edges: ...


@statement
async def claims(run: Run, *, first: int) -> Edges: ...


@statement
async def purchases(run: Run, *, from_at: int, to_at: int, orders_max: int) -> Purchases: ...
