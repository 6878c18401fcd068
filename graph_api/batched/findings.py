"""Reads of findings: by id, by filter in either order, of promoters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from strawberry.dataloader import DataLoader

from cypher import detectors as detector_statements
from cypher import finding_reads, locks
from cypher.detectors import Standing
from cypher.locks import Shown
from cypher.store import Store
from graph_api.batched.grouped import Grouped, cursor_of, keyset_of
from graph_api.viewer import Role, Viewer

READERS = frozenset({Role.OPERATOR, Role.RISK, Role.ADMIN})
FindingOrder = Literal["SCORE", "AT_STAKE"]
BEYOND_SCORE = 101
BEYOND_STAKE_FEN = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FindingCard:
    """`finding`: the node's properties; `members`: the codes it names."""

    finding: dict[str, Any]
    members: tuple[str, ...]


class Sifted(NamedTuple):
    """Which findings; None leaves all. `closed`: those whose structure is gone as well."""

    detector: str | None = None
    status: str | None = None
    min_score: int = 0
    member_code: str | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class FindingPage:
    rows: tuple[FindingCard, ...]
    cursors: tuple[str, ...]
    has_next: bool


class FindingReads:
    """Findings for one request; they are the risk team's, and whoever else may read them."""

    def __init__(self, store: Store, viewer: Viewer) -> None:
        self._store = store
        self._viewer = viewer
        self._naming: Grouped[None, list[FindingCard]] = Grouped(self._load_naming, otherwise=list)
        self._locks: DataLoader[str, Shown | None] = DataLoader(self._load_locks)

    async def card(self, id: str) -> FindingCard | None:
        found = await self.cards([id])
        return found[0] if found else None

    async def cards(self, ids: list[str]) -> list[FindingCard]:
        """Those that are there and that this viewer may read, in the order asked for."""
        if self._viewer.role not in READERS or not ids:
            return []
        cards = _cards((await finding_reads.by_ids(self._store, ids=ids)).cards)
        found = {card.finding["id"]: card for card in cards}
        return [found[id] for id in ids if id in found]

    async def ids(self, keys: list[str]) -> list[str]:
        """Ids of findings by key, the gravest first."""
        return (await finding_reads.by_keys(self._store, keys=keys)).ids if keys else []

    async def page(self, sifted: Sifted, *, order: FindingOrder, first: int, after: str | None) -> FindingPage:
        """Ties by id; a cursor goes on in its own order only."""
        which = sifted._asdict() | {"first": first + 1}
        if order == "SCORE":
            score, id = keyset_of(after, like=[int, str]) if after is not None else (BEYOND_SCORE, "")
            read = await finding_reads.page(self._store, **which, after_score=int(score), after_id=str(id))
        else:
            like = [str, int, str]
            _, fen, id = keyset_of(after, like=like) if after is not None else (order, BEYOND_STAKE_FEN, "")
            read = await finding_reads.page_by_stake(self._store, **which, after_fen=int(fen), after_id=str(id))
        cards = _cards(read.cards)
        shown = tuple(cards[:first])
        cursors = tuple(_cursor(order, card) for card in shown)
        return FindingPage(shown, cursors, len(cards) > first)

    async def count(self, sifted: Sifted) -> int:
        return (await finding_reads.size(self._store, **sifted._asdict())).size

    async def naming(self, code: str) -> list[FindingCard]:
        """Findings that are not gone and name a promoter, the gravest first."""
        return await self._naming.load(code, None)

    async def standings(self, detectors: list[str]) -> dict[str, Standing]:
        """What is recorded of each detector."""
        rows = await detector_statements.standings(self._store, keys=detectors)
        return {row.detector: row for row in rows}

    async def parameter_sets(self, detector: str, *, first: int) -> list[list[Any]]:
        """The sets that people have chosen, the latest first, as the statement gives them."""
        return (await detector_statements.history(self._store, detector=detector, first=first)).sets

    async def lock(self, code: str) -> Shown | None:
        """Why a promoter is locked, if it is; whoever shows it to the promoter leaves out what a finding says."""
        return await self._locks.load(code)

    async def _load_locks(self, codes: list[str]) -> list[Shown | None]:
        found = {row.code: row for row in await locks.shown(self._store, codes=codes)}
        return [found.get(code) for code in codes]

    async def _load_naming(self, codes: list[str], _: None) -> dict[str, list[FindingCard]]:
        found: dict[str, list[FindingCard]] = {}
        for row in await finding_reads.of_promoters(self._store, codes=codes):
            found.setdefault(row.code, []).append(FindingCard(row.finding, tuple(row.members)))
        return found


def _cursor(order: FindingOrder, card: FindingCard) -> str:
    finding = card.finding
    if order == "SCORE":
        return cursor_of(finding["score"], finding["id"])
    return cursor_of(order, finding["at_stake_fen"], finding["id"])


def _cards(rows: list[list[Any]]) -> list[FindingCard]:
    return [FindingCard(finding, tuple(members)) for finding, members in rows]
