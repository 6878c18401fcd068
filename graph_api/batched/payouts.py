"""Reads of payouts: by id, of a receiver, of everybody; newest first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from strawberry.dataloader import DataLoader

from cypher import contracts, ledger, payout_reads
from cypher.contracts import ContractRow
from cypher.ledger import Check
from cypher.payout_reads import PayoutCard
from cypher.store import Store
from graph_api.batched.grouped import Grouped, cursor_of, keyset_of
from graph_api.rules.money import FEN_MAX
from graph_api.viewer import Role, Viewer


class Turn(NamedTuple):
    """A page of payouts of one status (None: any), after a (created_at, id)."""

    status: str | None
    first: int
    after_at: int
    after_id: str


@dataclass(frozen=True, slots=True)
class PayoutPage:
    rows: tuple[PayoutCard, ...]
    cursors: tuple[str, ...]
    has_next: bool


class PayoutReads:
    """Payouts for one request; a PROMOTER sees its own."""

    def __init__(self, store: Store, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer
        self._received: Grouped[Turn, list[PayoutCard]] = Grouped(self._pages_received, otherwise=list)
        self._sizes: Grouped[str | None, int] = Grouped(self._sizes_received, otherwise=int)
        self._accepted: DataLoader[str, str | None] = DataLoader(self._load_accepted)

    def sees(self, card: PayoutCard) -> bool:
        """Money is the receiver's and the staff's; the shop's own service has no part in it."""
        if self._viewer.role is Role.SERVICE:
            return False
        return self._viewer.role is not Role.PROMOTER or card.promoter_code == self._viewer.promoter_code

    async def card(self, id: str) -> PayoutCard | None:
        found = await self.cards([id])
        return found[0] if found else None

    async def cards(self, ids: list[str]) -> list[PayoutCard]:
        """Those that are there and that this viewer sees, in the order asked for; read anew each time."""
        found = {card.payout["id"]: card for card in await payout_reads.by_ids(self._store, ids=ids)}
        return [found[id] for id in ids if id in found and self.sees(found[id])]

    async def page(self, *, code: str | None, status: str | None, first: int, after: str | None) -> PayoutPage:
        at, id = keyset_of(after, like=[int, str]) if after is not None else (FEN_MAX, "")
        turn = Turn(status, first + 1, int(at), str(id))
        rows = await self._page(turn) if code is None else await self._received.load(code, turn)
        shown = tuple(rows[:first])
        cursors = tuple(cursor_of(row.payout["created_at"], row.payout["id"]) for row in shown)
        return PayoutPage(shown, cursors, len(rows) > first)

    async def count(self, *, code: str | None, status: str | None) -> int:
        if code is not None:
            return await self._sizes.load(code, status)
        return (await payout_reads.size(self._store, status=status)).size

    async def contract(self, version: str | None) -> ContractRow | None:
        """A version of the e-contract, the one in force without one."""
        if version is None:
            return await contracts.current(self._store)
        return await contracts.by_version(self._store, version=version)

    async def accepted_contract(self, code: str) -> str | None:
        """The version that a promoter accepted last."""
        return await self._accepted.load(code)

    async def ledger_check(self) -> Check:
        return await ledger.check(self._store)

    async def _page(self, turn: Turn) -> list[PayoutCard]:
        return await payout_reads.page(self._store, **turn._asdict())

    async def _pages_received(self, codes: list[str], turn: Turn) -> dict[str, list[PayoutCard]]:
        pages: dict[str, list[PayoutCard]] = {}
        for card in await payout_reads.pages_received(self._store, codes=codes, **turn._asdict()):
            pages.setdefault(card.promoter_code, []).append(card)
        return pages

    async def _sizes_received(self, codes: list[str], status: str | None) -> dict[str, int]:
        rows = await payout_reads.sizes_received(self._store, codes=codes, status=status)
        return {row.code: row.size for row in rows}

    async def _load_accepted(self, codes: list[str]) -> list[str | None]:
        found = {row.code: row.version for row in await contracts.acceptances(self._store, codes=codes)}
        return [found.get(code) for code in codes]
