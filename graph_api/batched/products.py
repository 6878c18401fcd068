"""Reads of products."""

from __future__ import annotations

from dataclasses import dataclass

from strawberry.dataloader import DataLoader

from cypher import product_reads
from cypher.product_reads import ProductCard
from cypher.store import Store
from graph_api.batched.grouped import cursor_of, keyset_of


@dataclass(frozen=True, slots=True)
class ProductPage:
    """Products by sku, each with its cursor."""

    rows: tuple[ProductCard, ...]
    cursors: tuple[str, ...]
    has_next: bool


class ProductReads:
    """Products for one request."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cards: DataLoader[str, ProductCard | None] = DataLoader(self._load)

    async def card(self, sku: str) -> ProductCard | None:
        return await self._cards.load(sku)

    async def page(self, *, first: int, after: str | None) -> ProductPage:
        (after_sku,) = keyset_of(after, like=[str]) if after is not None else ("",)
        rows = await product_reads.page(self._store, after_sku=str(after_sku), first=first + 1)
        shown = tuple(rows[:first])
        return ProductPage(shown, tuple(cursor_of(row.sku) for row in shown), len(rows) > first)

    async def count(self) -> int:
        return (await product_reads.size(self._store)).size

    async def _load(self, skus: list[str]) -> list[ProductCard | None]:
        found = {row.sku: row for row in await product_reads.by_skus(self._store, skus=skus)}
        return [found.get(sku) for sku in skus]
