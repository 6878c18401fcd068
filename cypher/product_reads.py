"""Reads of products."""

from __future__ import annotations

from dataclasses import dataclass

from cypher.statements import Run, bind

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class ProductCard:
    """A product with its present base rate."""

    sku: str
    title: str
    price_fen: int
    commission_bp: int
    active: bool


@dataclass(frozen=True, slots=True)
class Size:
    size: int


@statement
async def by_skus(run: Run, *, skus: list[str]) -> list[ProductCard]: ...


@statement
async def page(run: Run, *, after_sku: str, first: int) -> list[ProductCard]: ...


@statement
async def size(run: Run) -> Size: ...
