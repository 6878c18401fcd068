"""A network of any size as files to import, generated and seeded: three orders and two identifiers a promoter."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from graph_api.rules.calendar import DAY_US, instant, instant_text

BEGAN_AT = instant("2026-01-01T00:00:00+08:00")
JOINING_US = 60 * DAY_US
SELLING_US = 90 * DAY_US
ROOT_EVERY = 500
ORDERS_EACH = 3
PROMOTER_BUYS = 0.05
REFUNDED = 0.03
SHARED = {"DEVICE": 0.02, "PAYOUT_ACCOUNT": 0.005}
"""How many of a hundred have the identifier of somebody at random instead of their own."""

PROMOTERS = "code,name,phone,referrer_code,joined_at"
PRODUCTS = "sku,title,price_fen,commission_bp"
ORDERS = (
    "order_number,buyer_code,promoter_code,sku,quantity,paid_fen,paid_at,delivered_at,refunded_fen,refunded_at,"
    "utm_source,utm_medium,utm_campaign"
)
IDENTIFIERS = "code,kind,value"


def write(directory: Path, *, promoters: int, root_every: int = ROOT_EVERY) -> None:
    """The four files; everybody joins under a random earlier person, and those who joined early sell most."""
    directory.mkdir(parents=True, exist_ok=True)
    write_rows(directory / "promoters.csv", PROMOTERS, _promoters(promoters, root_every))
    write_rows(directory / "products.csv", PRODUCTS, [["tea", "tea", 10_000, 2_000]])
    write_rows(directory / "identifiers.csv", IDENTIFIERS, _identifiers(promoters))
    write_rows(directory / "orders.csv", ORDERS, _orders(promoters))


def _promoters(count: int, root_every: int) -> Iterator[list[object]]:
    draw = random.Random(count)
    for index in range(count):
        referrer = promoter(draw.randrange(index)) if index % root_every else ""
        yield [promoter(index), "", "", referrer, instant_text(BEGAN_AT + index * JOINING_US // count)]


def _identifiers(count: int) -> Iterator[list[object]]:
    draw = random.Random(count)
    for index in range(count):
        for kind, shared in SHARED.items():
            yield [promoter(index), kind, f"{kind}-{draw.randrange(count) if draw.random() < shared else index}"]


def _orders(count: int) -> Iterator[list[object]]:
    draw = random.Random(count)
    for index in range(ORDERS_EACH * count):
        buyer = draw.randrange(count)
        paid_at = BEGAN_AT + JOINING_US + draw.randrange(SELLING_US)
        paid_fen = draw.randrange(1_000, 50_000)
        yield [
            f"o{index:08}",
            promoter(buyer) if draw.random() < PROMOTER_BUYS else f"b{buyer:07}",
            promoter(int(count * draw.random() ** 2)),
            "tea",
            1,
            paid_fen,
            instant_text(paid_at),
            instant_text(paid_at + 3 * DAY_US),
            *((paid_fen, instant_text(paid_at + 5 * DAY_US)) if draw.random() < REFUNDED else ("", "")),
            *("", "", ""),
        ]


def promoter(index: int) -> str:
    return f"p{index:07}"


def write_rows(path: Path, header: str, rows: Iterable[list[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)
