"""The same events in any order, any of them twice, end in the same files and the same earnings.

Fifty variants of one history live side by side in one store, each with codes of its own, and advance in step, so that
one request carries one event of each. Afterwards the variants may differ in nothing but their prefix.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.blackbox.api import Api, Json, advance, order, refund, touch
from tests.oracle.oracle import Line, Network, Order, Promoter, Touch, instant

VARIANTS = 50
EVENTS = 200
DUPLICATES = 25
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")
ABOVE = {"A": None, "B": "A", "C": "B", "D": "C", "E": "B"}
BUYERS = ("x", "y", "z", "C", "E")
RATES = {"p": 2000, "q": 1700}


@dataclass(frozen=True)
class Sale:
    number: str
    buyer: str
    seller: str | None
    lines: tuple[tuple[str, int], ...]
    paid_at: str


@dataclass(frozen=True)
class Refund:
    number: str
    key: str
    sku: str | None
    fen: int
    at: str


@dataclass(frozen=True)
class Advance:
    number: str
    status: str
    at: str


@dataclass(frozen=True)
class Seen:
    buyer: str
    promoter: str
    at: str
    key: str


Event = Sale | Refund | Advance | Seen


def history(chance: random.Random) -> list[Event]:
    """200 events of which none refuses another: refunds stay below each line's payment."""
    events: list[Event] = []
    sales = []
    for index in range(105):
        lines = tuple((sku, chance.randint(40, 9_999)) for sku in chance.choice((("p",), ("p", "q"))))
        seller = chance.choice("ABCDE") if index % 2 else None
        sales.append(Sale(f"o{index}", chance.choice(BUYERS), seller, lines, _at(chance)))
    events += sales
    events += [Seen(chance.choice(BUYERS), chance.choice("ABCDE"), _at(chance), f"t{index}") for index in range(25)]
    for index in range(40):
        sale = sales[index % 30]
        sku = chance.choice((None, sale.lines[0][0]))
        most = min(fen for _, fen in sale.lines) // 4
        events.append(Refund(sale.number, f"r{index}", sku, chance.randint(1, most), _at(chance)))
    for sale in sales[:10]:
        paid_at = instant(sale.paid_at)
        events.append(Advance(sale.number, "SHIPPED", _text(paid_at + timedelta(days=1))))
        events.append(Advance(sale.number, "DELIVERED", _text(paid_at + timedelta(days=2))))
    for sale in sales[40:45]:
        paid_at = instant(sale.paid_at)
        events.append(Refund(sale.number, f"r{sale.number}", None, 3, _text(paid_at + timedelta(hours=1))))
        events.append(Advance(sale.number, "CANCELLED", _text(paid_at + timedelta(hours=2))))
    assert len(events) == EVENTS
    return events


@pytest.mark.long
async def test_any_order_of_the_same_events_ends_the_same(api: Api, exported: Callable[[], Awaitable[Path]]) -> None:
    chance = random.Random(50)
    events = history(chance)
    orders_of_arrival = [chance.sample([*events, *chance.sample(events, DUPLICATES)], EVENTS + DUPLICATES)]
    while len(orders_of_arrival) < VARIANTS:
        again = [*events, *chance.sample(events, DUPLICATES)]
        orders_of_arrival.append(chance.sample(again, len(again)))
    for sku, bp in RATES.items():
        await api.product(sku, bp=bp)
    prefixes = [f"v{index:02d}-" for index in range(VARIANTS)]
    await api.enrol(
        (prefix + code, prefix + above if above else None) for prefix in prefixes for code, above in ABOVE.items()
    )
    for step in zip(*orders_of_arrival, strict=True):
        await _arrive(api, dict(zip(prefixes, step, strict=True)))
    files = _by_prefix(await exported(), prefixes)
    earned = await _earnings(api, prefixes)
    for prefix in prefixes[1:]:
        assert earned[prefix] == earned[prefixes[0]], prefix
        assert files[prefix] == files[prefixes[0]], prefix
    assert earned[prefixes[0]] == _expected(events, files[prefixes[0]]["orders.csv"])


async def _arrive(api: Api, step: dict[str, Event]) -> None:
    sales = [
        order(
            prefix + event.number,
            dict(event.lines),
            seller=prefix + event.seller if event.seller else None,
            buyer=prefix + event.buyer,
            paid_at=event.paid_at,
        )
        for prefix, event in step.items()
        if isinstance(event, Sale)
    ]
    if sales:
        assert (await api.record(sales))["problems"] == []
    fields = {
        f"e{index}": _field(prefix, event)
        for index, (prefix, event) in enumerate(step.items())
        if not isinstance(event, Sale)
    }
    answers = await api.ask_many(fields, kind="mutation")
    assert all(answer["errors"] == [] for answer in answers.values()), answers


def _field(prefix: str, event: Event) -> str:
    if isinstance(event, Refund):
        return refund(prefix + event.number, prefix + event.key, event.fen, event.at, event.sku)
    if isinstance(event, Advance):
        return advance(prefix + event.number, event.status, event.at)
    assert isinstance(event, Seen)
    return touch(prefix + event.buyer, prefix + event.promoter, event.at, prefix + event.key)


def _by_prefix(directory: Path, prefixes: list[str]) -> dict[str, dict[str, list[str]]]:
    """prefix → file → its lines without the prefix."""
    files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file in sorted(directory.iterdir()):
        for line in file.read_text("utf-8").splitlines()[1:]:
            for prefix in prefixes:
                if prefix in line:
                    files[prefix][file.name].append(line.replace(prefix, ""))
    return files


async def _earnings(api: Api, prefixes: list[str]) -> dict[str, dict[str, int]]:
    """prefix → "code month sales" and "code month earned" → fen."""
    months = " ".join(
        f'e{index}: earnings(month: "{month}") {{ totalFen }} s{index}: sales(month: "{month}")'
        " { orders volumeFen refundedFen }"
        for index, month in enumerate(MONTHS)
    )
    found: dict[str, dict[str, int]] = {}
    for prefix in prefixes:
        answers = await api.promoters((prefix + code for code in ABOVE), months)
        found[prefix] = {
            f"{code.removeprefix(prefix)} {month} {what}": fen
            for code, answer in answers.items()
            for index, month in enumerate(MONTHS)
            for what, fen in _of_month(answer, index).items()
        }
    return found


def _of_month(answer: Json, index: int) -> dict[str, int]:
    return {"earned": answer[f"e{index}"]["totalFen"], **answer[f"s{index}"]}


def _expected(events: list[Event], exported: list[str]) -> dict[str, int]:
    """The oracle's answer; how refunds fell on the lines is read from the export, their sum is checked."""
    fell: dict[tuple[str, str], int] = {}
    for line in exported:
        number, _buyer, _seller, sku, _quantity, _paid, _paid_at, _delivered, refunded, *_ = line.split(",")
        fell[number, sku] = int(refunded or 0)
    refunded: dict[str, int] = defaultdict(int)
    paid = {event.number: sum(fen for _, fen in event.lines) for event in events if isinstance(event, Sale)}
    cancelled = {event.number for event in events if isinstance(event, Advance) and event.status == "CANCELLED"}
    orders = []
    for event in events:
        if isinstance(event, Refund):
            refunded[event.number] += event.fen
        if isinstance(event, Sale):
            lines = [Line(sku, 1, fen, fell[event.number, sku]) for sku, fen in event.lines]
            orders.append(Order(event.number, event.buyer, event.seller, instant(event.paid_at), None, lines))
    refunded |= {number: paid[number] for number in cancelled}
    assert {each.number: each.refunded_fen for each in orders if each.refunded_fen} == refunded
    network = Network(
        [Promoter(code, above, BEGIN, "PROMOTER", "ACTIVE") for code, above in ABOVE.items()],
        RATES,
        orders,
        touches=[Touch(e.buyer, e.promoter, instant(e.at)) for e in events if isinstance(e, Seen)],
    )
    earned: dict[tuple[str, str], int] = defaultdict(int)
    for (code, month, _kind), fen in network.earnings().items():
        earned[code, month] += fen
    return {
        f"{code} {month} {what}": value
        for code in ABOVE
        for month in MONTHS
        for what, value in {
            "earned": earned[code, month],
            "orders": network.sales(code, month).orders,
            "volumeFen": network.sales(code, month).volume_fen,
            "refundedFen": network.sales(code, month).refunded_fen,
        }.items()
    }


def _at(chance: random.Random) -> str:
    return _text(BEGIN + timedelta(seconds=chance.randrange(85 * 86_400)))


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
