"""Reads of commission entries: by id, of an order, of a receiver; and a receiver's month summed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from strawberry.dataloader import DataLoader

from cypher import commission_reads
from cypher.commission_reads import EntryRow, SumRow
from cypher.store import Store
from graph_api.batched.grouped import Grouped, cursor_of, keyset_of
from graph_api.rules.calendar import tier_release_at
from graph_api.rules.commission import CommissionKind
from graph_api.rules.money import FEN_MAX
from graph_api.viewer import Role, Viewer


class Sale(NamedTuple):
    """The order of an entry: who bought, who sold, and the chain as it was frozen, seller first."""

    number: str
    buyer_code: str
    seller_code: str | None
    paid_at: int
    chain_codes: tuple[str, ...]
    observed_until: int | None


@dataclass(frozen=True, slots=True)
class EntryCard:
    """A commission entry; `cause` is `sale`, `reattribution`, or the event's key; no `sale`: the close of a month."""

    id: str
    promoter_code: str
    kind: CommissionKind
    state: str
    level: int
    rate_bp: int
    basis_fen: int
    amount_fen: int
    month: int
    plan_version: str
    sku: str | None
    cause: str
    seq: int
    sale: Sale | None
    released_at: int | None
    due_at: int | None
    due_provisional: bool
    payout_id: str | None

    @property
    def of_tier(self) -> bool:
        """Whether it is a month's TIER or a correction of one: those name no product."""
        return self.kind is CommissionKind.TIER or self.sku is None

    @property
    def release_at(self) -> int | None:
        """When it is due for release: the end of its order's observation; a TIER on the 16th of the next month."""
        if self.released_at is not None:
            return self.released_at
        if self.of_tier:
            return tier_release_at(self.month)
        return self.sale.observed_until if self.sale is not None else None


@dataclass(frozen=True, slots=True)
class EntryPage:
    rows: tuple[EntryCard, ...]
    cursors: tuple[str, ...]
    has_next: bool


class Turn(NamedTuple):
    """A page of a month's entries (or of all), after a (seq, id)."""

    month: int | None
    first: int
    after_seq: int
    after_id: str


class CommissionReads:
    """Commission entries for one request; a PROMOTER sees its own."""

    def __init__(self, store: Store, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer
        self._cards: DataLoader[str, EntryCard | None] = DataLoader(self._load)
        self._of_orders: DataLoader[str, list[EntryCard]] = DataLoader(self._load_of_orders)
        self._earned: Grouped[Turn, list[EntryCard]] = Grouped(self._pages_earned, otherwise=list)
        self._sizes: Grouped[int | None, int] = Grouped(self._sizes_earned, otherwise=int)
        self._paid: Grouped[Turn, list[EntryCard]] = Grouped(self._pages_paid, otherwise=list)
        self._paid_sizes: DataLoader[str, int] = DataLoader(self._sizes_paid)
        self._sums: Grouped[int, list[SumRow]] = Grouped(self._sums_earned, otherwise=list)

    def sees(self, entry: EntryCard) -> bool:
        """Money is the receiver's and the staff's."""
        return self._viewer.role is not Role.PROMOTER or entry.promoter_code == self._viewer.promoter_code

    async def card(self, id: str) -> EntryCard | None:
        entry = await self._cards.load(id)
        return entry if entry is not None and self.sees(entry) else None

    async def of_order(self, number: str) -> list[EntryCard]:
        """The entries of an order that this viewer may see, oldest first."""
        return [entry for entry in await self._of_orders.load(number) if self.sees(entry)]

    async def page(self, code: str, *, month: int | None, first: int, after: str | None) -> EntryPage:
        seq, id = keyset_of(after, like=[int, str]) if after is not None else (FEN_MAX, "")
        return _entry_page(await self._earned.load(code, Turn(month, first + 1, int(seq), str(id))), first)

    async def page_of_payout(self, payout_id: str, *, first: int, after: str | None) -> EntryPage:
        """The entries that a payout pays, newest first."""
        seq, id = keyset_of(after, like=[int, str]) if after is not None else (FEN_MAX, "")
        return _entry_page(await self._paid.load(payout_id, Turn(None, first + 1, int(seq), str(id))), first)

    async def count_of_payout(self, payout_id: str) -> int:
        return await self._paid_sizes.load(payout_id)

    async def count(self, code: str, *, month: int | None) -> int:
        return await self._sizes.load(code, month)

    async def sums(self, code: str, *, month: int) -> list[SumRow]:
        """The month's entries summed by kind, level and rate."""
        return await self._sums.load(code, month)

    async def _pages_earned(self, codes: list[str], turn: Turn) -> dict[str, list[EntryCard]]:
        rows = await commission_reads.pages_earned(
            self._store,
            codes=codes,
            month=turn.month,
            after_seq=turn.after_seq,
            after_id=turn.after_id,
            first=turn.first,
        )
        pages: dict[str, list[EntryCard]] = {}
        for row in rows:
            pages.setdefault(row.code, []).append(_card(row))
        return pages

    async def _pages_paid(self, ids: list[str], turn: Turn) -> dict[str, list[EntryCard]]:
        rows = await commission_reads.pages_paid(
            self._store, ids=ids, after_seq=turn.after_seq, after_id=turn.after_id, first=turn.first
        )
        pages: dict[str, list[EntryCard]] = {}
        for row in rows:
            pages.setdefault(row.payout_id, []).append(_card(row))
        return pages

    async def _sizes_paid(self, ids: list[str]) -> list[int]:
        sizes = {row.payout_id: row.size for row in await commission_reads.sizes_paid(self._store, ids=ids)}
        return [sizes.get(id, 0) for id in ids]

    async def _sizes_earned(self, codes: list[str], month: int | None) -> dict[str, int]:
        rows = await commission_reads.sizes_earned(self._store, codes=codes, month=month)
        return {row.code: row.size for row in rows}

    async def _sums_earned(self, codes: list[str], month: int) -> dict[str, list[SumRow]]:
        sums: dict[str, list[SumRow]] = {}
        for row in await commission_reads.sums(self._store, codes=codes, month=month):
            sums.setdefault(row.code, []).append(row)
        return sums

    async def _load(self, ids: list[str]) -> list[EntryCard | None]:
        found = {row.entry["id"]: _card(row) for row in await commission_reads.by_ids(self._store, ids=ids)}
        return [found.get(id) for id in ids]

    async def _load_of_orders(self, numbers: list[str]) -> list[list[EntryCard]]:
        entries: dict[str, list[EntryCard]] = {number: [] for number in numbers}
        for row in await commission_reads.of_orders(self._store, numbers=numbers):
            if row.sale is not None:
                entries[row.sale["number"]].append(_card(row))
        return [entries[number] for number in numbers]


def _entry_page(rows: list[EntryCard], first: int) -> EntryPage:
    """`rows` holds one more than asked for if there is one."""
    shown = tuple(rows[:first])
    return EntryPage(shown, tuple(cursor_of(row.seq, row.id) for row in shown), len(rows) > first)


def _card(row: EntryRow) -> EntryCard:
    entry = row.entry
    sale = row.sale
    return EntryCard(
        id=entry["id"],
        promoter_code=row.code,
        kind=CommissionKind(entry["kind"]),
        state=entry["state"],
        level=entry["level"],
        rate_bp=entry["rate_bp"],
        basis_fen=entry["basis_fen"],
        amount_fen=entry["amount_fen"],
        month=entry["month"],
        plan_version=entry["plan_version"],
        sku=entry.get("sku"),
        cause=entry["cause"],
        seq=entry["seq"],
        sale=None if sale is None else Sale(**{**sale, "chain_codes": tuple(sale["chain_codes"])}),
        released_at=entry.get("release_at"),
        due_at=entry.get("due_at"),
        due_provisional=bool(entry.get("due_provisional")),
        payout_id=entry.get("payout_id"),
    )
