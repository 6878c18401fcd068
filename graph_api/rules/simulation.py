"""What a plan would have paid on past orders, beside what was posted for them.

Everything of the sale but the plan stays as it was: seller, chain, the ranks and standing known at the sale, the
products' base rates, buyers, refunds so far. So the plan that was really in force pays exactly what was posted.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from graph_api.rules.commission import Frozen, Line, UplineAt, entries_for_change, frozen_at_sale, tier_owed_fen
from graph_api.rules.plan import RANKS, Plan, Rank

TIER = 3
"""Where sums by level hold the tier: after the seller's base and the two levels of override."""


class PastOrder(NamedTuple):
    """An order as it stands: what it froze, each line's (base_bp, net_fen), each entry's (receiver, level, amount_fen).

    `known_seq`: the journal position at which chain and ranks were frozen.
    """

    number: str
    paid_at: int
    month: int
    known_seq: int
    buyer_code: str
    plan_version: str
    chain_codes: Sequence[str]
    receiver_codes: Sequence[str]
    override_bps: Sequence[int]
    lines: Sequence[tuple[int, int]]
    posted: Sequence[tuple[str, int, int]]


class Standing(NamedTuple):
    """When a promoter rose and closed; the positions at which a rise became known, 0 if it was enrolled so."""

    senior_at: int | None
    senior_seq: int
    elite_at: int | None
    elite_seq: int
    closed_at: int | None

    def rank_known(self, at: int, seq: int) -> Rank:
        """The rank at an instant, as far as it was known at a journal position: a later promotion changes no sale.

        >>> Standing(senior_at=100, senior_seq=7, elite_at=None, elite_seq=0, closed_at=None).rank_known(150, 6)
        <Rank.PROMOTER: 'PROMOTER'>
        """
        if self.elite_at is not None and self.elite_at <= at and self.elite_seq <= seq:
            return Rank.ELITE
        if self.senior_at is not None and self.senior_at <= at and self.senior_seq <= seq:
            return Rank.SENIOR
        return Rank.PROMOTER


UNCHANGED = Standing(senior_at=None, senior_seq=0, elite_at=None, elite_seq=0, closed_at=None)


class TierMonth(NamedTuple):
    """A promoter's own sales of a closed month and the TIER that is posted for them, corrections included."""

    promoter_code: str
    volume_fen: int
    posted_fen: int
    closed_at: int | None


@dataclass(slots=True)
class Sums:
    """Commission by level (base, override of level 1, of level 2) and tier."""

    fen: list[int] = field(default_factory=lambda: [0, 0, 0, 0])

    @property
    def total_fen(self) -> int:
        return sum(self.fen)


class Compared(NamedTuple):
    """A promoter's commission in both."""

    code: str
    simulated_fen: int
    actual_fen: int

    @property
    def difference_fen(self) -> int:
        return self.simulated_fen - self.actual_fen

    @property
    def key(self) -> tuple[int, str]:
        """Greatest difference first, then code."""
        return -abs(self.difference_fen), self.code


@dataclass(slots=True)
class Simulation:
    """Fed with orders, then with closed months; holds a pair of sums for each promoter that earns in either."""

    plan: Plan
    versions: Mapping[str, Plan]
    standings: dict[str, Standing] = field(default_factory=dict)
    orders: int = 0
    net_fen: int = 0
    months: set[int] = field(default_factory=set)
    simulated: Sums = field(default_factory=Sums)
    actual: Sums = field(default_factory=Sums)
    _fen_by_code: tuple[dict[str, int], dict[str, int]] = field(default_factory=lambda: ({}, {}))

    def unknown(self, orders: Iterable[PastOrder]) -> list[str]:
        """Uplines of these orders whose standing has not been told yet."""
        uplines = {code for order in orders for code in order.chain_codes[1:]}
        return sorted(uplines - self.standings.keys())

    def learn(self, standings: Iterable[tuple[str, Standing]]) -> None:
        """Take note of standings; those who never rose nor closed, nearly all, share one."""
        self.standings.update((code, UNCHANGED if told == UNCHANGED else told) for code, told in standings)

    def take(self, orders: Iterable[PastOrder]) -> None:
        """Count orders under the plan and as posted."""
        for order in orders:
            self.orders += 1
            self.net_fen += sum(net_fen for _, net_fen in order.lines)
            self.months.add(order.month)
            lines = [Line("", base_bp, 0, net_fen) for base_bp, net_fen in order.lines]
            for entry in entries_for_change(self.frozen(order), lines, first=True):
                self._add(0, entry.promoter_code, entry.level, entry.amount_fen)
            for code, level, amount_fen in order.posted:
                self._add(1, code, level, amount_fen)

    def take_tiers(self, month: int, rows: Iterable[TierMonth]) -> None:
        """Count a closed month's TIER under the plan and as posted."""
        for row in rows:
            owed_fen = tier_owed_fen(
                row.volume_fen,
                month=month,
                closed_at=row.closed_at,
                threshold_fen=self.plan.tier_threshold_fen,
                tier_bp=self.plan.tier_bp,
            )
            self._add(0, row.promoter_code, TIER, owed_fen)
            self._add(1, row.promoter_code, TIER, row.posted_fen)

    def frozen(self, order: PastOrder) -> Frozen:
        """What the order would have frozen under the plan."""
        chain = [self._upline(order, level) for level in range(len(order.chain_codes))]
        return frozen_at_sale(chain, order.buyer_code, self.plan)

    @property
    def difference(self) -> Sums:
        """Simulated minus actual."""
        pairs = zip(self.simulated.fen, self.actual.fen, strict=True)
        return Sums([simulated_fen - actual_fen for simulated_fen, actual_fen in pairs])

    @property
    def promoters(self) -> int:
        """How many earn in either."""
        return sum(1 for _ in self._rows())

    def page(self, *, first: int, after: tuple[int, str] | None) -> list[Compared]:
        """Promoters by difference after a key; the least of a heap, as sorting them all would hold up other work."""
        return heapq.nsmallest(
            first, (row for row in self._rows() if after is None or row.key > after), key=lambda row: row.key
        )

    def _rows(self) -> Iterator[Compared]:
        simulated_fen, actual_fen = self._fen_by_code
        for code in simulated_fen.keys() | actual_fen.keys():
            row = Compared(code, simulated_fen.get(code, 0), actual_fen.get(code, 0))
            if row.simulated_fen or row.actual_fen:
                yield row

    def _add(self, which: int, code: str, level: int, amount_fen: int) -> None:
        sums = self.actual if which else self.simulated
        sums.fen[level] += amount_fen
        fen_by_code = self._fen_by_code[which]
        fen_by_code[code] = fen_by_code.get(code, 0) + amount_fen

    def _upline(self, order: PastOrder, level: int) -> UplineAt:
        """A promoter of the chain as it was frozen; where its level paid nobody by plan, as its history tells."""
        code = order.chain_codes[level]
        if level == 0:
            return UplineAt(code, Rank.PROMOTER, not order.receiver_codes[0])
        standing = self.standings[code]
        if order.override_bps[level - 1] == 0:
            closed = standing.closed_at is not None and standing.closed_at <= order.paid_at
            return UplineAt(code, standing.rank_known(order.paid_at, order.known_seq), closed)
        return UplineAt(code, self._rank(order, level, standing), not order.receiver_codes[level])

    def _rank(self, order: PastOrder, level: int, standing: Standing) -> Rank:
        """The rank known at the sale; if the frozen rate tells of another one, that one."""
        rank = standing.rank_known(order.paid_at, order.known_seq)
        plan = self.versions.get(order.plan_version)
        frozen_bp = order.override_bps[level - 1]
        if plan is None or plan.override_rate_bp(level=level, rank=rank) == frozen_bp:
            return rank
        return next((other for other in RANKS if plan.override_rate_bp(level=level, rank=other) == frozen_bp), rank)
