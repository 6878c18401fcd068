"""A made-up network in the import format, rich in what can go wrong: no two runs differ."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
PROMOTERS = ("code", "name", "phone", "referrer_code", "joined_at", "rank", "status")
PRODUCTS = ("sku", "title", "price_fen", "commission_bp")
ORDERS = (
    "order_number",
    "buyer_code",
    "promoter_code",
    "sku",
    "quantity",
    "paid_fen",
    "paid_at",
    "delivered_at",
    "refunded_fen",
    "refunded_at",
    "utm_source",
    "utm_medium",
    "utm_campaign",
)
IDENTIFIERS = ("code", "kind", "value")
KINDS = ("DEVICE", "PAYOUT_ACCOUNT", "ID_NUMBER", "PHONE", "ADDRESS")


def write(directory: Path, *, promoters: int, orders: int, seed: int = 7) -> Path:
    """The four files; every row is good, so all of them load."""
    chance = random.Random(seed)
    directory.mkdir(parents=True, exist_ok=True)
    codes = [f"p{index:05d}" for index in range(promoters)]
    _write(directory / "promoters.csv", PROMOTERS, _promoters(chance, codes))
    _write(
        directory / "products.csv",
        PRODUCTS,
        [("tea", "茶, green", 9_900, 2000), ("pot", '"Pot"', 19_900, 1500), ("cup", 'Cup, 2 × "blue"', 0, 3000)],
    )
    _write(directory / "orders.csv", ORDERS, _orders(chance, codes, orders))
    _write(directory / "identifiers.csv", IDENTIFIERS, _identifiers(chance, codes, orders))
    return directory


def shuffled(source: Path, target: Path, *, seed: int = 1) -> Path:
    """The same rows in another order; rows of one order keep theirs among each other, as lines do."""
    chance = random.Random(seed)
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.glob("*.csv")):
        with file.open(encoding="utf-8", newline="") as opened:
            head, *body = list(csv.reader(opened))
        if file.name == "orders.csv":
            body = _shuffled_orders(chance, body)
        else:
            chance.shuffle(body)
        _write(target / file.name, head, body)
    return target


def _promoters(chance: random.Random, codes: list[str]) -> list[tuple[str, ...]]:
    rows = []
    for index, code in enumerate(codes):
        near, hub = codes[chance.randrange(max(0, index - 40), max(index, 1))], codes[max(0, index - 1) // 40 * 40]
        referrer = chance.choice((near, hub, hub)) if index and chance.random() < 0.97 else ""
        name = chance.choice(("", "张三", "O'Brien, Ann", f"Name {index % 50}"))
        phone = f"138{chance.randrange(10**8):08d}" if chance.random() < 0.5 else ""
        joined_at = _text(BEGIN - timedelta(minutes=chance.randrange(500_000)))
        rank = chance.choice(("", "PROMOTER", "SENIOR", "ELITE"))
        status = "CLOSED" if chance.random() < 0.03 else chance.choice(("", "ACTIVE"))
        rows.append((code, name, phone, referrer, joined_at, rank, status))
    chance.shuffle(rows)
    return rows


def _orders(chance: random.Random, codes: list[str], count: int) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for index in range(count):
        number, seller = f"o{index:06d}", codes[int(len(codes) * chance.random() ** 2)]
        buyer = chance.choice((f"b{chance.randrange(count // 3)}", chance.choice(codes), seller))
        if seller >= codes[_related(codes)]:
            buyer = f"f{seller}"
        paid_at = BEGIN + timedelta(seconds=chance.randrange(150 * 86_400))
        delivered_at = _text(paid_at + timedelta(days=3)) if chance.random() < 0.8 else ""
        given = seller if chance.random() < 0.9 else ""
        source = chance.choice(("", "wechat", "douyin, live"))
        for sku in chance.sample(("tea", "pot", "cup"), chance.choice((1, 1, 2, 3))):
            paid_fen = chance.choice((0, chance.randrange(100), chance.randrange(3_000_000)))
            refunded = chance.randint(1, paid_fen) if paid_fen and chance.random() < 0.2 else ""
            refunded_at = _text(paid_at + timedelta(days=5)) if refunded else ""
            sold = (number, buyer, given, sku, chance.randint(1, 5), paid_fen, _text(paid_at))
            rows.append((*sold, delivered_at, refunded, refunded_at, source, "", ""))
    return rows


def _identifiers(chance: random.Random, codes: list[str], orders: int) -> list[tuple[str, ...]]:
    """Of promoters and of buyers, some of them shared."""
    people = [*codes, *(f"b{index}" for index in range(orders // 3))]
    rows = {
        (code, chance.choice(KINDS), f"v{chance.randrange(len(codes) // 4)}")
        for code in people
        if chance.random() < 0.3
    }
    for index in range(_related(codes), len(codes)):
        kind, value = KINDS[index % len(KINDS)], f"own{index}"
        rows |= {(codes[index], kind, value), (f"f{codes[index]}", kind, value if index % 3 else "other")}
    return sorted(rows)


def _related(codes: list[str]) -> int:
    """From here on promoters sell to one buyer only, most of whom share an identifier with them."""
    return len(codes) // 4


def _shuffled_orders(chance: random.Random, rows: list[list[str]]) -> list[list[str]]:
    lines: dict[str, list[list[str]]] = {}
    for row in rows:
        lines.setdefault(row[0], []).append(row)
    numbers = [row[0] for row in rows]
    chance.shuffle(numbers)
    return [lines[number].pop(0) for number in numbers]


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
