"""A small network that is written through the journal and kept beside it in memory, so that every answer can be
compared with one counted another way."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from cypher.statements import Statement
from cypher.store import Store, Transaction
from graph_api.batched.promoters import PromoterReads
from graph_api.batched.rows import Team
from graph_api.cache import Cache
from graph_api.pii import Pii
from graph_api.viewer import Role, Viewer

ADMIN = Viewer(Role.ADMIN)
MONTHS = (202601, 202602, 202603)

ENROL = """
MERGE (p:Person {code: $code})
SET p:Promoter, p.status = 'ACTIVE', p.rank = 'PROMOTER', p.joined_at = $joined_at, p.name_hash = $name_hash
WITH p MATCH (above:Promoter {code: $referrer_code})
MERGE (above)-[:REFERRED {promoter_code: $code}]->(p)
"""
MOVE = """
MATCH (:Promoter)-[r:REFERRED {promoter_code: $code}]->(p:Promoter) DELETE r
WITH p MATCH (above:Promoter {code: $referrer_code})
CREATE (above)-[:REFERRED {promoter_code: $code}]->(p)
"""
SELL = """
MATCH (p:Promoter {code: $code})
SET p.sales_orders = coalesce(p.sales_orders, 0) + 1,
    p.sales_volume_fen = coalesce(p.sales_volume_fen, 0) + $fen
MERGE (s:SalesMonth {promoter_code: $code, month: $month})
  ON CREATE SET s.orders = 0, s.volume_fen = 0, s.refunded_fen = 0
SET s.orders = s.orders + 1, s.volume_fen = s.volume_fen + $fen
MERGE (p)-[:SOLD_IN]->(s)
CREATE (p)-[:SOLD]->(:Order {
  number: $number, buyer_code: $buyer_code, month: $month, commissionable: true, status: 'PAID', paid_fen: $fen,
  refunded_fen: 0, paid_at: 0
})
"""


def statement(text: str) -> Statement:
    return Statement("tests", "raw", "none", text)


@dataclass
class Network:
    """Enrols, moves and sells; `expected_*` count from memory."""

    store: Store
    seed: int = 1
    referrers: dict[str, str | None] = field(default_factory=dict)
    joined_at: dict[str, int] = field(default_factory=dict)
    sold: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    buyers: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.orders = 0

    async def plant(self, size: int, *, reach: int = 12, sales: int = 0) -> None:
        for index in range(size):
            above = f"P{self.chance.randrange(max(0, index - reach), index):03d}" if index else None
            await self.enrol(f"P{index:03d}", above)
        for _ in range(sales):
            await self.sell(self.chance.choice(list(self.referrers)))

    async def enrol(self, code: str, referrer_code: str | None, *, name_hash: str | None = None) -> None:
        joined_at = 1_000_000 * (1 + len(self.joined_at) // 3)
        given = {"code": code, "referrer_code": referrer_code, "joined_at": joined_at, "name_hash": name_hash}
        await self._write(ENROL, given, codes=[code, referrer_code or ""])
        self.referrers[code], self.joined_at[code] = referrer_code, joined_at

    async def move(self, code: str, referrer_code: str) -> None:
        before = self.referrers[code]
        assert before is not None
        given = {"code": code, "referrer_code": referrer_code}
        await self._write(MOVE, given, codes=[code, before, referrer_code], moves_paths=True)
        self.referrers[code] = referrer_code

    async def sell(self, code: str, *, month: int | None = None, fen: int | None = None) -> None:
        month = month or self.chance.choice(MONTHS)
        fen = fen or self.chance.randrange(1, 10_000)
        self.orders += 1
        buyer = f"b{self.chance.randrange(20)}"
        given = {"code": code, "month": month, "fen": fen, "number": f"o{self.orders}", "buyer_code": buyer}
        await self._write(SELL, given, codes=[code])
        self.sold[code, month].append(fen)
        self.buyers[code, month].add(buyer)

    async def change(self) -> None:
        """One random event."""
        codes = list(self.referrers)
        kind = self.chance.random()
        if kind < 0.2:
            await self.enrol(f"P{len(codes):03d}", self.chance.choice(codes))
        elif kind < 0.4:
            code = self.chance.choice(codes[1:])
            below = {code, *self.below(code)}
            await self.move(code, self.chance.choice([other for other in codes if other not in below]))
        else:
            await self.sell(self.chance.choice(codes))

    async def _write(self, text: str, given: dict[str, Any], *, codes: list[str], moves_paths: bool = False) -> None:
        async def work(transaction: Transaction) -> None:
            await transaction.run(statement(text), given)
            transaction.journal("tested", at=0, actor="test", codes=codes, moves_paths=moves_paths)

        await self.store.write(work)

    def path(self, code: str) -> tuple[str, ...]:
        above = self.referrers[code]
        return () if above is None else (above, *self.path(above))

    def below(self, code: str) -> dict[str, int]:
        """Code → level of everybody below."""
        return {other: path.index(code) + 1 for other in self.referrers if code in (path := self.path(other))}

    def own(self, code: str, month: int | None) -> tuple[int, int]:
        months = MONTHS if month is None else (month,)
        fens = [fen for each in months for fen in self.sold[code, each]]
        return len(fens), sum(fens)

    def expected_team(self, code: str, month: int | None) -> list[tuple[int, int, int, int]]:
        levels: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for other, level in self.below(code).items():
            orders, fen = self.own(other, month)
            for index, value in enumerate((1, orders, fen)):
                levels[level][index] += value
        return [(level, *levels[level]) for level in sorted(levels)]

    def expected_total(self, code: str) -> tuple[int, ...]:
        """People, orders and fen of all time."""
        levels = self.expected_team(code, None)
        return tuple(sum(level[column] for level in levels) for column in (1, 2, 3))

    def expected_page(self, code: str, depth: int) -> list[tuple[str, int, tuple[str, ...]]]:
        below = [(level, self.joined_at[other], other) for other, level in self.below(code).items() if level <= depth]
        return [(other, level, self.path(other)) for level, _, other in sorted(below)]


@dataclass(frozen=True)
class Reader:
    """One process's way of reading: a store, a cache, and reads that live for one request."""

    store: Store
    cache: Cache
    pii: Pii

    def reads(self, viewer: Viewer = ADMIN) -> PromoterReads:
        return PromoterReads(self.store, self.cache, viewer, self.pii)

    async def stale(self, network: Network, codes: list[str]) -> list[str]:
        """What is answered about these promoters and is not so; empty when all is well."""
        reads = self.reads()
        wrong: list[str] = []
        for code in codes:
            wrong += await self._wrong(reads, network, code)
        return wrong

    async def _wrong(self, reads: PromoterReads, network: Network, code: str) -> list[str]:
        month = network.chance.choice((None, *MONTHS))
        card, team, sales = await reads.card(code), await reads.team(code, month), await reads.sales(code, month)
        page = await reads.downline(code, depth=2, first=100, totals=True)
        whole = await reads.team(code, month, levels=False)
        own = (sales.orders, sales.volume_fen)
        found: list[tuple[str, Any, Any]] = [
            ("card", card and card.path, network.path(code)),
            ("team", levels(team), network.expected_team(code, month)),
            ("whole", total(whole), total(team)),
            ("sales", own, network.own(code, month)),
            ("page", [(r.card.code, r.level, r.card.path) for r in page.rows], network.expected_page(code, 2)),
        ]
        for member, sales, whole in ((r.card.code, r.sales, r.team) for r in page.rows):
            found.append(("sales on the page", (sales.orders, sales.volume_fen), network.own(member, None)))
            found.append(("team on the page", whole and total(whole), network.expected_total(member)))
        return [f"{what} of {code} ({month}): {got} is not {want}" for what, got, want in found if got != want]


def total(team: Team) -> tuple[int, int, int]:
    return team.size, team.orders, team.volume_fen


def levels(team: Team) -> list[tuple[int, int, int, int]]:
    return [(level.level, level.size, level.orders, level.volume_fen) for level in team.levels]
