"""What the demonstration network consists of, and how it is written as the files of an import."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from graph_api.rules.calendar import DAY_US, HOUR_US, instant_text, month_end, month_of, month_start
from loaders.demo.names import CAMPAIGN_OF_MONTH, PRODUCTS, UTM, person_name
from loaders.sources import COLUMNS

FIRST_MONTH, LAST_MONTH = 202511, 202610
START, END = month_start(FIRST_MONTH), month_end(LAST_MONTH)
PRICE_FEN = {sku: price_fen for sku, _, price_fen, _ in PRODUCTS}
SMALL_SKUS = tuple(sku for sku, _, price_fen, _ in PRODUCTS if price_fen < 100_000)
BUSY_HOURS = (8, 9, 10, 11, 12, 12, 13, 15, 16, 18, 19, 19, 20, 20, 20, 21, 21, 21, 22, 22, 23)


@dataclass(slots=True)
class Member:
    code: str
    name: str
    phone: str
    referrer_code: str
    joined_at: int
    rank: str
    status: str
    level: int


class SoldLine(NamedTuple):
    sku: str
    quantity: int
    paid_fen: int
    refunded_fen: int


@dataclass(slots=True)
class Sale:
    buyer_code: str
    promoter_code: str
    paid_at: int
    lines: list[SoldLine]
    delivered_at: int | None
    refunded_at: int | None
    utm: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where to look: `planted` and `decoys` (just below a threshold) by detector key, and a leader with a big team.

    `signers`: who accepts the contract, and when each joined.
    """

    leader_code: str
    planted: dict[str, list[str]]
    decoys: dict[str, list[str]]
    signers: dict[str, int] = field(default_factory=dict)

    def json(self) -> str:
        shown = {"leader": self.leader_code, "planted": self.planted, "decoys": self.decoys}
        return json.dumps(shown, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


@dataclass
class World:
    """Everything that happened, in the making; all chance comes from `rng`, so one seed is one world."""

    rng: Random
    members: dict[str, Member] = field(default_factory=dict)
    sales: list[Sale] = field(default_factory=list)
    identifiers: list[tuple[str, str, str]] = field(default_factory=list)
    touches: list[tuple[str, str, int]] = field(default_factory=list)
    planted: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    decoys: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    buyers: int = 0

    def join(
        self, at: int, referrer_code: str = "", *, code: str = "", name: str = "", rank: str = "", status: str = ""
    ) -> str:
        """A new promoter; numbers that begin with 120 are nobody's."""
        number = len(self.members) + 1
        code = code or f"p-{number:05d}"
        level = self.members[referrer_code].level + 1 if referrer_code else 0
        name = name or person_name(self.rng)
        self.members[code] = Member(code, name, f"1200{number:07d}", referrer_code, at, rank, status, level)
        return code

    def new_buyer(self) -> str:
        self.buyers += 1
        return f"b-{self.buyers:05d}"

    def sell(
        self,
        promoter_code: str,
        paid_at: int,
        *,
        buyer_code: str = "",
        lines: Sequence[tuple[str, int]] = (),
        refunded_share: float = 0.0,
        refunded_after_us: int = 0,
        delivered: bool = True,
    ) -> Sale:
        """An order of (sku, quantity) lines, a small one by default; what is still under way at the end is so."""
        lines = lines or self.basket()
        delivered_at = paid_at + self.rng.randint(20 * 3600, 6 * 86_400) * 1_000_000
        sale = Sale(
            buyer_code=buyer_code or self.new_buyer(),
            promoter_code=promoter_code,
            paid_at=paid_at,
            lines=[],
            delivered_at=delivered_at if delivered and delivered_at < END else None,
            refunded_at=None,
            utm=self._utm(paid_at),
        )
        if refunded_share:
            sale.refunded_at = min(max(paid_at, sale.delivered_at or 0) + (refunded_after_us or 2 * DAY_US), END - 1)
        for sku, quantity in lines:
            paid_fen = PRICE_FEN[sku] * quantity
            sale.lines.append(SoldLine(sku, quantity, paid_fen, int(paid_fen * refunded_share)))
        self.sales.append(sale)
        return sale

    def basket(self) -> list[tuple[str, int]]:
        skus = self.rng.sample(SMALL_SKUS, self.rng.choice((1, 1, 1, 2, 2, 3)))
        return [(sku, self.rng.choice((1, 1, 1, 2))) for sku in skus]

    def moment(self, day_start: int) -> int:
        """An instant of a Shanghai day, when people are awake."""
        return day_start + self.rng.choice(BUSY_HOURS) * HOUR_US + self.rng.randrange(3600) * 1_000_000

    def identify(self, codes: Iterable[str], kind: str, value: str) -> None:
        self.identifiers += [(code, kind, value) for code in codes]

    def _utm(self, paid_at: int) -> tuple[str, str, str]:
        source, medium, campaign = self.rng.choice(UTM)
        festive = CAMPAIGN_OF_MONTH.get(month_of(paid_at))
        return (
            (source, medium, festive) if source and festive and self.rng.random() < 0.5 else (source, medium, campaign)
        )


def day_start(month: int, day: int) -> int:
    """The first instant of a Shanghai day."""
    return month_start(month) + (day - 1) * DAY_US


def write(world: World, directory: Path, manifest: Manifest) -> None:
    """The files, in the order of time, and planted.json beside them."""
    directory.mkdir(parents=True, exist_ok=True)
    tables: dict[str, Iterable[Sequence[Any]]] = {
        "products": PRODUCTS,
        "promoters": _promoter_rows(world),
        "orders": _order_rows(world),
        "identifiers": sorted(world.identifiers),
        "touches": _touch_rows(world),
    }
    for subject, rows in tables.items():
        with (directory / f"{subject}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(COLUMNS[subject])
            writer.writerows(rows)
    (directory / "planted.json").write_text(manifest.json(), "utf-8")


def _promoter_rows(world: World) -> Iterator[Sequence[Any]]:
    for m in sorted(world.members.values(), key=lambda m: (m.joined_at, m.code)):
        yield m.code, m.name, m.phone, m.referrer_code, instant_text(m.joined_at), m.rank, m.status


def _order_rows(world: World) -> Iterator[Sequence[Any]]:
    for number, sale in enumerate(sorted(world.sales, key=lambda sale: (sale.paid_at, sale.buyer_code)), start=1):
        for sku, quantity, paid_fen, refunded_fen in sale.lines:
            yield (
                f"o-{number:06d}",
                sale.buyer_code,
                sale.promoter_code,
                sku,
                quantity,
                paid_fen,
                instant_text(sale.paid_at),
                "" if sale.delivered_at is None else instant_text(sale.delivered_at),
                refunded_fen or "",
                instant_text(sale.refunded_at) if refunded_fen and sale.refunded_at else "",
                *sale.utm,
            )


def _touch_rows(world: World) -> Iterator[Sequence[Any]]:
    for number, (buyer_code, promoter_code, at) in enumerate(
        sorted(world.touches, key=lambda t: (t[2], t[0])), start=1
    ):
        yield buyer_code, promoter_code, instant_text(at), f"t-{number:06d}"
