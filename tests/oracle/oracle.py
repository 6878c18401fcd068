"""An independent count of what rules.md says, from the CSV files of the import format.

Written to be obviously right, not fast, and to share no code with the product: csv, datetime and integers.
Numbers of the default plan stand here as literals. It models a history that is imported as a whole before any
month is closed, so every rank at recording is the one in promoters.csv, and a promotion changes no entry.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

SHANGHAI = timezone(timedelta(hours=8))
RANKS = ("PROMOTER", "SENIOR", "ELITE")
OVERRIDE_BP = ((300, 400, 500), (300, 300, 300))
TIER_THRESHOLD_FEN = 5_000_000
TIER_BP = 500
OBSERVATION = timedelta(days=7)
BINDING = timedelta(days=30)
VALID_DOWNLINES = {"SENIOR": 20, "ELITE": 60}
SALES_MONTH_FEN = {"SENIOR": 1_000_000, "ELITE": 3_000_000}
SALES_MONTHS = 3
STRONG_KINDS = {"DEVICE", "PAYOUT_ACCOUNT", "PHONE", "ID_NUMBER"}


def share(fen: int, bp: int) -> int:
    """`floor(fen × bp / 10 000)`.

    >>> share(99_999, 2000), share(99_999, 300), share(1, 2000)
    (19999, 2999, 0)
    """
    return fen * bp // 10_000


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def month_of(at: datetime) -> str:
    """
    >>> month_of(instant("2026-01-31T16:00:00Z"))
    '2026-02'
    """
    local = at.astimezone(SHANGHAI)
    return f"{local.year:04d}-{local.month:02d}"


def month_after(month: str) -> str:
    """
    >>> month_after("2026-12")
    '2027-01'
    """
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def month_end(month: str) -> datetime:
    """The first instant after it.

    >>> month_end("2026-01").isoformat()
    '2026-01-31T16:00:00+00:00'
    """
    after = month_after(month)
    return datetime(int(after[:4]), int(after[5:]), 1, tzinfo=SHANGHAI).astimezone(UTC)


def months_between(first: str, last: str) -> list[str]:
    """
    >>> months_between("2026-11", "2027-01")
    ['2026-11', '2026-12', '2027-01']
    """
    months = [first]
    while months[-1] < last:
        months.append(month_after(months[-1]))
    return months


def spread(refund_fen: int, nets: list[int]) -> list[int]:
    """A refund without a sku over the lines: by remaining net, largest remainder first, then line order.

    >>> spread(10, [100, 100, 100])
    [4, 3, 3]
    >>> spread(100, [70, 20, 10])
    [70, 20, 10]
    """
    whole = sum(nets)
    parts = [refund_fen * net // whole for net in nets]
    by_remainder = sorted(range(len(nets)), key=lambda index: (-(refund_fen * nets[index] % whole), index))
    for index in by_remainder[: refund_fen - sum(parts)]:
        parts[index] += 1
    return parts


@dataclass
class Promoter:
    code: str
    referrer: str | None
    joined_at: datetime
    rank: str
    status: str

    def closed_at(self, at: datetime) -> bool:
        """An imported CLOSED promoter is closed from `joined_at`."""
        return self.status == "CLOSED" and at >= self.joined_at


@dataclass
class Line:
    sku: str
    quantity: int
    paid_fen: int
    refunded_fen: int

    @property
    def net_fen(self) -> int:
        return self.paid_fen - self.refunded_fen


@dataclass
class Order:
    number: str
    buyer: str
    given: str | None
    paid_at: datetime
    delivered_at: datetime | None
    lines: list[Line] = field(default_factory=list)
    seller: str | None = None

    @property
    def month(self) -> str:
        return month_of(self.paid_at)

    @property
    def paid_fen(self) -> int:
        return sum(line.paid_fen for line in self.lines)

    @property
    def net_fen(self) -> int:
        return sum(line.net_fen for line in self.lines)

    @property
    def refunded_fen(self) -> int:
        return sum(line.refunded_fen for line in self.lines)

    @property
    def counts(self) -> bool:
        """Somebody else's purchase through a promoter: the only kind that earns or counts."""
        return self.seller is not None and self.seller != self.buyer


@dataclass(frozen=True)
class Touch:
    buyer: str
    promoter: str
    at: datetime


@dataclass
class Sales:
    orders: int = 0
    volume_fen: int = 0
    refunded_fen: int = 0
    buyer_codes: set[str] = field(default_factory=set)

    @property
    def buyers(self) -> int:
        return len(self.buyer_codes)


@dataclass
class Level:
    size: int = 0
    orders: int = 0
    volume_fen: int = 0


@dataclass(frozen=True)
class PromotionStep:
    code: str
    month: str
    to_rank: str
    routes: frozenset[str]


class Network:
    """Everything recorded, and each rule as one method over it."""

    def __init__(
        self,
        promoters: Iterable[Promoter],
        rates: Mapping[str, int],
        orders: Iterable[Order],
        identifiers: Iterable[tuple[str, str, str]] = (),
        touches: Iterable[Touch] = (),
    ) -> None:
        self.promoters = {promoter.code: promoter for promoter in promoters}
        self.rates = dict(rates)
        self.orders = {order.number: order for order in orders}
        self.touches = list(touches)
        self.owners: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.held: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for code, kind, value in identifiers:
            self.owners[kind, value].add(code)
            self.held[code].add((kind, value))
        self.children: dict[str, list[str]] = defaultdict(list)
        self.quarantined = self._on_a_cycle()
        for promoter in self.promoters.values():
            if promoter.code in self.quarantined:
                promoter.referrer = None
            elif promoter.referrer is not None:
                self.children[promoter.referrer].append(promoter.code)
        self._attribute()
        self._count_sales()
        self._valid_from = {code: self.valid_from(code) for code in self.promoters}

    @classmethod
    def read(cls, directory: Path, touches: Iterable[Touch] = ()) -> Network:
        """The four files of a directory whose rows are all good."""
        identifiers = [(row["code"], row["kind"], row["value"]) for row in _rows(directory / "identifiers.csv")]
        promoters = []
        for row in _rows(directory / "promoters.csv"):
            promoters.append(
                Promoter(
                    code=row["code"],
                    referrer=row["referrer_code"] or None,
                    joined_at=instant(row["joined_at"]),
                    rank=row.get("rank") or "PROMOTER",
                    status=row.get("status") or "ACTIVE",
                )
            )
            if row["phone"]:
                identifiers.append((row["code"], "PHONE", row["phone"]))
        rates = {row["sku"]: int(row["commission_bp"]) for row in _rows(directory / "products.csv")}
        orders: dict[str, Order] = {}
        for row in _rows(directory / "orders.csv"):
            order = orders.setdefault(
                row["order_number"],
                Order(
                    number=row["order_number"],
                    buyer=row["buyer_code"],
                    given=row["promoter_code"] or None,
                    paid_at=instant(row["paid_at"]),
                    delivered_at=instant(row["delivered_at"]) if row["delivered_at"] else None,
                ),
            )
            order.lines.append(
                Line(row["sku"], int(row["quantity"]), int(row["paid_fen"]), int(row["refunded_fen"] or 0))
            )
        return cls(promoters, rates, orders.values(), identifiers, touches)

    def upline(self, code: str) -> Iterator[str]:
        """Nearest first."""
        above = self.promoters[code].referrer
        while above is not None:
            yield above
            above = self.promoters[above].referrer

    def _on_a_cycle(self) -> set[str]:
        """Who comes back to itself along the claimed referrals."""
        found = set()
        for code in self.promoters:
            seen = {code}
            above = self.promoters[code].referrer
            while above is not None and above not in seen:
                seen.add(above)
                above = self.promoters[above].referrer
            if above == code:
                found.add(code)
        return found

    def _attribute(self) -> None:
        """A code names the seller; without one it is whom the buyer is bound to at `paid_at`."""
        touches: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for touch in self.touches:
            touches[touch.buyer].append((touch.at, touch.promoter))
        for order in self.orders.values():
            if order.given:
                touches[order.buyer].append((order.paid_at, order.given))
        for order in self.orders.values():
            order.seller = order.given or _bound_to(touches[order.buyer], order.paid_at)

    def _count_sales(self) -> None:
        self.own: dict[str, Sales] = defaultdict(Sales)
        self.own_by_month: dict[tuple[str, str], Sales] = defaultdict(Sales)
        self.sold: dict[str, list[Order]] = defaultdict(list)
        for order in self.orders.values():
            if not order.counts:
                continue
            assert order.seller is not None
            self.sold[order.seller].append(order)
            for sales in (self.own[order.seller], self.own_by_month[order.seller, order.month]):
                sales.orders += 1
                sales.volume_fen += order.net_fen
                sales.refunded_fen += order.refunded_fen
                sales.buyer_codes.add(order.buyer)

    @property
    def months(self) -> list[str]:
        """From the first month with an order to the last."""
        seen = sorted({order.month for order in self.orders.values()})
        return months_between(seen[0], seen[-1])

    def sales(self, code: str, month: str | None = None) -> Sales:
        if month is None:
            return self.own.get(code) or Sales()
        return self.own_by_month.get((code, month)) or Sales()

    def teams(self, month: str | None = None) -> dict[str, list[Level]]:
        """Everybody's team by level, nearest first: each promoter walks up and adds itself to all above."""
        teams: dict[str, list[Level]] = {code: [] for code in self.promoters}
        for code in self.promoters:
            own = self.sales(code, month)
            for index, above in enumerate(self.upline(code)):
                levels = teams[above]
                while len(levels) <= index:
                    levels.append(Level())
                levels[index].size += 1
                levels[index].orders += own.orders
                levels[index].volume_fen += own.volume_fen
        return teams

    def earnings(self) -> dict[tuple[str, str, str], int]:
        """Σ of the entries of one promoter, month and kind: (code, month, BASE | OVERRIDE | CLAWBACK) → fen.

        The first entry of a line is on what was paid; a refund takes the difference of the targets back. Both
        are kept by month of the payment.
        """
        sums: dict[tuple[str, str, str], int] = defaultdict(int)
        for order in self.orders.values():
            for code, kind, _level, rate_bp in self.receivers(order):
                for line in order.lines:
                    bp = self.rates[line.sku] if kind == "BASE" else rate_bp
                    first = share(line.paid_fen, bp)
                    sums[code, order.month, kind] += first
                    sums[code, order.month, "CLAWBACK"] += share(line.net_fen, bp) - first
        return sums

    def override_lines(self) -> dict[tuple[str, str], dict[tuple[int, int], tuple[int, int]]]:
        """(code, month) → (level, rate) → (sales, overrides), both as first recorded: refunds are CLAWBACK."""
        lines: dict[tuple[str, str], dict[tuple[int, int], tuple[int, int]]] = defaultdict(dict)
        for order in self.orders.values():
            for code, kind, level, rate_bp in self.receivers(order):
                if kind == "OVERRIDE":
                    of_month = lines[code, order.month]
                    sales_fen, amount_fen = of_month.get((level, rate_bp), (0, 0))
                    amount_fen += sum(share(line.paid_fen, rate_bp) for line in order.lines)
                    of_month[level, rate_bp] = (sales_fen + order.paid_fen, amount_fen)
        return lines

    def receivers(self, order: Order) -> list[tuple[str, str, int, int]]:
        """Who earns on an order: (code, kind, level, override rate). CLOSED is skipped, nobody moves up."""
        if not order.counts:
            return []
        assert order.seller is not None
        found = []
        for level, code in enumerate([order.seller, *self.upline(order.seller)][:3]):
            receiver = self.promoters[code]
            if code == order.buyer or receiver.closed_at(order.paid_at):
                continue
            rate_bp = OVERRIDE_BP[level - 1][RANKS.index(receiver.rank)] if level else 0
            found.append((code, "OVERRIDE" if level else "BASE", level, rate_bp))
        return found

    def tiers(self) -> dict[tuple[str, str], int]:
        """(code, month) → the TIER entry, for months above the threshold."""
        return {
            (code, month): share(sales.volume_fen, TIER_BP)
            for (code, month), sales in self.own_by_month.items()
            if sales.volume_fen > TIER_THRESHOLD_FEN and not self.promoters[code].closed_at(month_end(month))
        }

    def shares_identifier(self, code: str, other: str) -> bool:
        return any(kind in STRONG_KINDS for kind, _value in self.held[code] & self.held[other])

    def valid_from(self, code: str) -> datetime | None:
        """When its first sale with a net, to an unrelated buyer, has outlived its observation."""
        ends = [
            order.delivered_at + OBSERVATION
            for order in self.sold[code]
            if order.delivered_at is not None and order.net_fen > 0 and not self.shares_identifier(code, order.buyer)
        ]
        return min(ends, default=None)

    def valid_downlines(self, code: str, at: datetime) -> int:
        """Direct and ACTIVE, with such a sale by then."""
        starts = [self._valid_from[child] for child in self.children[code] if self._is_active(child)]
        return sum(start is not None and start <= at for start in starts)

    def _is_active(self, code: str) -> bool:
        return self.promoters[code].status == "ACTIVE"

    def promotions(self, months: Iterable[str] | None = None) -> list[PromotionStep]:
        """What closing the months one by one promotes; sets nobody's rank in `promoters`."""
        ranks = {code: promoter.rank for code, promoter in self.promoters.items()}
        steps = []
        for month in months or self.months:
            for code in self.promoters:
                if not self._is_active(code) or ranks[code] == RANKS[-1]:
                    continue
                to_rank = RANKS[RANKS.index(ranks[code]) + 1]
                routes = set()
                if self.valid_downlines(code, month_end(month)) >= VALID_DOWNLINES[to_rank]:
                    routes.add("VALID_DOWNLINES")
                last = [self.sales(code, each).volume_fen for each in _months_ending(month)]
                if all(fen >= SALES_MONTH_FEN[to_rank] for fen in last):
                    routes.add("SALES_MONTHS")
                if routes:
                    ranks[code] = to_rank
                    steps.append(PromotionStep(code, month, to_rank, frozenset(routes)))
        return steps


def _months_ending(month: str) -> list[str]:
    """
    >>> _months_ending("2026-01")
    ['2025-11', '2025-12', '2026-01']
    """
    index = int(month[:4]) * 12 + int(month[5:]) - 1
    return [f"{each // 12:04d}-{each % 12 + 1:02d}" for each in range(index - SALES_MONTHS + 1, index + 1)]


def _bound_to(touches: list[tuple[datetime, str]], at: datetime) -> str | None:
    """A live binding is neither moved nor renewed."""
    bound: tuple[datetime, str] | None = None
    for touched_at, promoter in sorted(touches):
        if touched_at <= at and (bound is None or touched_at >= bound[0] + BINDING):
            bound = (touched_at, promoter)
    return bound[1] if bound is not None and at < bound[0] + BINDING else None


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def totals(network: Network) -> str:
    """The whole network in one line of JSON, to look at by hand."""
    earnings = network.earnings()
    by_kind: dict[str, int] = defaultdict(int)
    for (_code, _month, kind), fen in earnings.items():
        by_kind[kind] += fen
    return json.dumps(
        {
            "promoters": len(network.promoters),
            "referrals": sum(len(children) for children in network.children.values()),
            "orders": len(network.orders),
            "volume_fen": sum(sales.volume_fen for sales in network.own.values()),
            **by_kind,
            "TIER": sum(network.tiers().values()),
            "promotions": len(network.promotions()),
        }
    )
