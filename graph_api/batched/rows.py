"""What the reads of promoters return. What a page has of each of its members is a named tuple: made in a fifth of the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from graph_api.batched.cursors import Keys, cursor
from graph_api.rules.plan import Rank


class Card(NamedTuple):
    """A promoter's own attributes; `path` is its whole upline, nearest first."""

    code: str
    status: Literal["ACTIVE", "LOCKED", "CLOSED"]
    rank: Rank
    joined_at: int
    name_sealed: str | None
    phone_sealed: str | None
    path: tuple[str, ...]

    @property
    def referrer_code(self) -> str | None:
        return self.path[0] if self.path else None


class Sales(NamedTuple):
    """Own sales of a month or of all time: commissionable orders, distinct buyers, net and refunded fen."""

    orders: int
    buyers: int
    volume_fen: int
    refunded_fen: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Sums of entries by where they stand, in fen; `released_fen` is what is payable, less debts: negative if they are more."""

    observing_fen: int
    held_fen: int
    released_fen: int
    on_the_way_fen: int
    paid_fen: int
    withheld_tax_fen: int

    @property
    def owed_fen(self) -> int:
        """Debt: whatever stands below 0, as a positive number."""
        return -sum(min(fen, 0) for fen in (self.observing_fen, self.held_fen, self.released_fen))


@dataclass(frozen=True, slots=True)
class TeamLevel:
    level: int
    size: int
    orders: int
    volume_fen: int


class Team(NamedTuple):
    """A team of a month or of all time, and by level (1 is direct, no gaps); `computed_at` in microseconds."""

    promoter_code: str
    size: int
    orders: int
    volume_fen: int
    levels: tuple[TeamLevel, ...]
    valid_direct_count: int
    computed_at: int
    source: Literal["CACHE", "GRAPH"]


class MemberRow(NamedTuple):
    """A promoter on a page of somebody's downline, in an order, at its keys there.

    `sales` and `team` are of all time, without buyers, levels and valid downlines; `team` is there if it was asked for.
    """

    card: Card
    level: int
    order: str
    keys: Keys
    sales: Sales
    team: Team | None

    @property
    def cursor(self) -> str:
        """Opaque; the page after it begins here."""
        return cursor(self.order, self.keys)


@dataclass(frozen=True, slots=True)
class DownlinePage:
    rows: tuple[MemberRow, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class PromoterRow:
    card: Card
    cursor: str


@dataclass(frozen=True, slots=True)
class PromoterPage:
    rows: tuple[PromoterRow, ...]
    has_next: bool


@dataclass(frozen=True, slots=True)
class PromotionFacts:
    """What promotion is judged by: valid direct downlines and own sales of the plan's months up to `month`."""

    rank: Rank
    valid_downlines: int
    month: int
    months: tuple[tuple[int, int], ...]
