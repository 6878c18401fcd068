"""Reads of orders: by number, of a seller, of everybody; latest payment first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from strawberry.dataloader import DataLoader

from cypher import order_reads
from cypher.order_reads import OrderCard
from cypher.store import Store
from graph_api.batched.grouped import Grouped, cursor_of, keyset_of
from graph_api.rules.calendar import INSTANT_MIN
from graph_api.rules.money import FEN_MAX
from graph_api.viewer import Role, Viewer

INSTANT_MAX = FEN_MAX


class Sought(NamedTuple):
    """Which orders: paid at or after `paid_from` and before `paid_to`, of one status."""

    status: str | None = None
    paid_from: int | None = None
    paid_to: int | None = None

    @property
    def span(self) -> tuple[int, int]:
        """First and last instant, both included."""
        first = INSTANT_MIN if self.paid_from is None else self.paid_from
        last = INSTANT_MAX if self.paid_to is None else self.paid_to - 1
        return first, last


class Turn(NamedTuple):
    """A page of what is sought, after a (paid_at, number)."""

    sought: Sought
    first: int
    after_paid_at: int
    after_number: str


@dataclass(frozen=True, slots=True)
class OrderPage:
    rows: tuple[OrderCard, ...]
    cursors: tuple[str, ...]
    has_next: bool


class OrderReads:
    """Orders for one request; a PROMOTER sees those it sold."""

    def __init__(self, store: Store, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer
        self._cards: DataLoader[str, OrderCard | None] = DataLoader(self._load)
        self._sold: Grouped[Turn, list[OrderCard]] = Grouped(self._pages_sold, otherwise=list)
        self._sold_sizes: Grouped[Sought, int] = Grouped(self._sizes_sold, otherwise=int)

    def sees(self, seller_code: str | None) -> bool:
        """Staff see every order, a promoter its own sales: a buyer is nobody else's business."""
        return self._viewer.role is not Role.PROMOTER or (
            seller_code is not None and seller_code == self._viewer.promoter_code
        )

    async def card(self, number: str) -> OrderCard | None:
        """The order, or None if it is not there or not for this viewer."""
        card = await self._cards.load(number)
        return card if card is not None and self.sees(card.seller_code) else None

    async def page(self, sought: Sought, *, seller_code: str | None, first: int, after: str | None) -> OrderPage:
        paid_at, number = keyset_of(after, like=[int, str]) if after is not None else (INSTANT_MAX, "")
        turn = Turn(sought, first + 1, int(paid_at), str(number))
        rows = await self._page(turn) if seller_code is None else await self._sold.load(seller_code, turn)
        shown = tuple(rows[:first])
        return OrderPage(shown, tuple(cursor_of(row.paid_at, row.number) for row in shown), len(rows) > first)

    async def count(self, sought: Sought, *, seller_code: str | None) -> int:
        if seller_code is not None:
            return await self._sold_sizes.load(seller_code, sought)
        paid_from, paid_upto = sought.span
        found = await order_reads.size(self._store, paid_from=paid_from, paid_upto=paid_upto, status=sought.status)
        return found.size

    async def _page(self, turn: Turn) -> list[OrderCard]:
        paid_from, paid_upto = turn.sought.span
        return await order_reads.page(
            self._store,
            paid_from=paid_from,
            paid_upto=paid_upto,
            status=turn.sought.status,
            after_paid_at=turn.after_paid_at,
            after_number=turn.after_number,
            first=turn.first,
        )

    async def _pages_sold(self, codes: list[str], turn: Turn) -> dict[str, list[OrderCard]]:
        paid_from, paid_upto = turn.sought.span
        rows = await order_reads.pages_sold(
            self._store,
            codes=codes,
            paid_from=paid_from,
            paid_upto=paid_upto,
            status=turn.sought.status,
            after_paid_at=turn.after_paid_at,
            after_number=turn.after_number,
            first=turn.first,
        )
        pages: dict[str, list[OrderCard]] = {}
        for row in rows:
            pages.setdefault(row.code, []).append(OrderCard(**row.card))
        return pages

    async def _sizes_sold(self, codes: list[str], sought: Sought) -> dict[str, int]:
        paid_from, paid_upto = sought.span
        rows = await order_reads.sizes_sold(
            self._store, codes=codes, paid_from=paid_from, paid_upto=paid_upto, status=sought.status
        )
        return {row.code: row.size for row in rows}

    async def _load(self, numbers: list[str]) -> list[OrderCard | None]:
        found = {row.number: row for row in await order_reads.by_numbers(self._store, numbers=numbers)}
        return [found.get(number) for number in numbers]
