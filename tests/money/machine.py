"""A small network at work: hypothesis chooses what happens, the service and the oracle are told, and must agree.

Everything is small, so that collisions are frequent: up to seven promoters in a tree of four levels, three buyers of
whom one is a promoter, two products, fifteen orders, and instants on a grid of two days over four months around the
Chinese New Year of 2026.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.money import events
from tests.money.events import Event, Plan
from tests.money.oracle import Books
from tests.money.service import Service
from tests.money.sums import expected
from tests.oracle.oracle import month_end

T = TypeVar("T")

RATES = {"p": 2000, "q": 1700}
TREE = {"A": None, "B": "A", "C": "B", "D": "C", "E": "B", "F": None, "G": "D"}
AT_FIRST = ("A", "B", "C", "D")
BUYERS = ("x", "y", "C")
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
MIDNIGHTS = [datetime(2025, 12, 31, 16, tzinfo=UTC) + timedelta(days=2 * index) for index in range(60)]
"""Of Shanghai, every other day from 2026-01-01 on."""
NOONS = [at + timedelta(hours=12) for at in MIDNIGHTS]
FEN = (1, 33, 999, 49_999, 50_000, 100_000, 150_001, 400_000, 2_500_000)
instants = st.sampled_from([*MIDNIGHTS, *NOONS])
promoters = st.sampled_from(tuple(TREE))
numbers = st.integers(0, 14).map("o{}".format)


class World:
    """Runs coroutines of the tests' event loop from hypothesis' thread; every example empties the store.

    `happened` counts what the examples were made of: events and refusals, and how entries and payouts ended.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, service: Service) -> None:
        self._loop = loop
        self.service = service
        self.examples = 0
        self.steps = 0
        self.happened: Counter[str] = Counter()

    def run(self, awaitable: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await awaitable

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop).result()


class Money(RuleBasedStateMachine):
    """Every rule tells one or a few events to both; after every rule all sums are compared."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.service = self.world.service
        self.books = Books(Plan(), RATES)
        self.told: list[Event] = []
        self.settled_at = LONG_AGO

    def teardown(self) -> None:
        self.world.happened.update(entry.kind for entry in self.books.entries)
        self.world.happened.update(entry.state for entry in self.books.entries)
        self.world.happened.update(payout.status for payout in self.books.payouts)

    @initialize(
        settle_from=st.sampled_from(("OBSERVATION_END", "PAYMENT")),
        settlement_days=st.sampled_from((3, 1)),
        payout_min_fen=st.sampled_from((100, 5_000)),
        unsigned=st.sampled_from("AD-"),
        data=st.data(),
    )
    def begin(
        self, settle_from: str, settlement_days: int, payout_min_fen: int, unsigned: str, data: st.DataObject
    ) -> None:
        plan = Plan(
            settle_from=settle_from,
            settlement_days=settlement_days,
            payout_min_fen=payout_min_fen,
            tier_threshold_fen=150_000,
            valid_downlines=(1, 2),
            sales_month_fen=(60_000, 200_000),
            sales_months=2,
        )
        self.world.examples += 1
        self.books = Books(plan, RATES)
        self.world.run(self.service.open(plan, RATES))
        self.tell(events.PublishContract("v1"))
        for code in AT_FIRST:
            self.tell(events.Enrol(code, TREE[code], LONG_AGO))
            self.tell(events.LinkAccount(code))
            if code != unsigned:
                self.tell(events.Accept(code))
        for at in data.draw(st.lists(instants, min_size=2, max_size=4), "sales"):
            number = f"o{len(self.books.orders)}"
            self.tell(self.sale(number, data, at))
            self.tell(events.Advance(number, "DELIVERED", at + timedelta(days=1)))
        self.compare()

    # People

    @rule(code=promoters)
    def enrol(self, code: str) -> None:
        self.happens(events.Enrol(code, TREE[code], LONG_AGO), events.LinkAccount(code), events.Accept(code))

    @rule(code=promoters, to=promoters, at=instants)
    def bind(self, code: str, to: str, at: datetime) -> None:
        self.happens(events.Bind(code, to, at))

    @rule(code=promoters, to=st.none() | promoters, at=instants, key=st.integers(0, 9))
    def move(self, code: str, to: str | None, at: datetime, key: int) -> None:
        self.happens(events.Move(code, to, at, f"m{key}"))

    @rule(code=st.sampled_from(("A", "C", "D", "E")), at=instants)
    def close(self, code: str, at: datetime) -> None:
        """Its instant is the service's clock, which stands after every month that it has closed."""
        self.happens(events.Close(code, max([at, *map(month_end, self.books.closed_months)])))

    @rule(code=st.sampled_from(("A", "B", "C", "D")))
    def lock(self, code: str) -> None:
        self.happens(events.Lock(code))

    @rule(code=st.sampled_from(("A", "B", "C", "D")))
    def unlock(self, code: str) -> None:
        self.happens(events.Unlock(code))

    @rule(code=st.sampled_from(("B", "C", "D")), locked_before=st.booleans())
    def void(self, code: str, locked_before: bool) -> None:
        self.happens(*([] if locked_before else [events.Lock(code)]), events.Void(code))

    @rule(
        version=st.sampled_from(("v1", "v1", "v1", "v2")),
        code=promoters,
        accepted=st.sampled_from(("current", "current", "v1", "v2")),
    )
    def sign(self, version: str, code: str, accepted: str) -> None:
        self.happens(events.PublishContract(version), events.Accept(code, accepted))

    # Orders

    @rule(data=st.data(), at=instants, days=st.integers(0, 3))
    def deal(self, data: st.DataObject, at: datetime, days: int) -> None:
        """A new order that is delivered. Its number is the next one, which events may be waiting for already."""
        number = f"o{len(self.books.orders)}"
        self.happens(self.sale(number, data, at), events.Advance(number, "DELIVERED", at + timedelta(days=days)))

    @rule(data=st.data(), at=instants, days=st.integers(0, 3), back=st.integers(0, 3))
    def deal_and_refund(self, data: st.DataObject, at: datetime, days: int, back: int) -> None:
        """The refund is told first, and the delivery, if they come before their order."""
        number = f"o{len(self.books.orders)}"
        sale = self.sale(number, data, at)
        fen = data.draw(st.sampled_from((1, sale.lines[0][1], sum(fen for _, fen in sale.lines))), "fen")
        happening: list[Event] = [
            sale,
            events.Advance(number, "DELIVERED", at + timedelta(days=days)),
            events.Refund(number, f"r{number}", None, fen, at + timedelta(days=days + back)),
        ]
        self.happens(*data.draw(st.permutations(happening), "in which order"))

    @rule(number=numbers, data=st.data(), at=instants)
    def sell(self, number: str, data: st.DataObject, at: datetime) -> None:
        self.happens(self.sale(number, data, at))

    def sale(self, number: str, data: st.DataObject, at: datetime) -> events.Sell:
        skus = data.draw(st.sampled_from((("p",), ("q",), ("p", "q"), ("q", "p"))), "skus")
        return events.Sell(
            number,
            data.draw(st.sampled_from(BUYERS), "buyer"),
            data.draw(st.sampled_from(("C", "D", "D", "E", None, None, "A", "B")), "seller"),
            tuple((sku, data.draw(st.sampled_from(FEN), sku)) for sku in skus),
            at,
        )

    @rule(buyer=st.sampled_from(BUYERS), promoter=promoters, at=instants, key=st.integers(0, 9))
    def touch(self, buyer: str, promoter: str, at: datetime, key: int) -> None:
        self.happens(events.Touch(buyer, promoter, at, f"t{key}"))

    @rule(number=numbers, status=st.sampled_from(("DELIVERED", "DELIVERED", "CANCELLED", "SHIPPED")), at=instants)
    def advance(self, number: str, status: str, at: datetime) -> None:
        order = self.books.orders.get(number)
        late = order is not None and at < order.paid_at and status != "SHIPPED"
        self.happens(events.Advance(number, status, order.paid_at + timedelta(days=4) if order and late else at))

    @rule(number=numbers, key=st.integers(0, 30), data=st.data(), at=instants)
    def refund(self, number: str, key: int, data: st.DataObject, at: datetime) -> None:
        self.happens(self.refund_of(number, f"r{key}", data, at))

    @precondition(lambda self: self.books.orders)
    @rule(data=st.data(), at=instants)
    def refund_what_is_sold(self, data: st.DataObject, at: datetime) -> None:
        number = data.draw(st.sampled_from(tuple(self.books.orders)), "number")
        self.happens(self.refund_of(number, f"r{len(self.told)}", data, at))

    def refund_of(self, number: str, key: str, data: st.DataObject, at: datetime) -> events.Refund:
        order = self.books.orders.get(number)
        net_fen = order.net_fen if order else 100_000
        sku = data.draw(st.sampled_from((None, None, None, "p", "q")), "sku")
        fen = data.draw(st.sampled_from((1, max(net_fen // 3, 1), max(net_fen, 1), net_fen + 1)), "fen")
        return events.Refund(number, key, sku, fen, at)

    # Months and settlement

    @precondition(lambda self: not (self.told and isinstance(self.told[-1], events.CloseMonth)))
    @rule(month=st.none() | st.sampled_from(MONTHS))
    def close_month(self, month: str | None) -> None:
        """That one, or the next."""
        open_ = [month for month in MONTHS if month not in self.books.closed_months]
        self.happens(events.CloseMonth(month or next(iter(open_), MONTHS[-1])))

    @rule(at=instants)
    def settle(self, at: datetime) -> None:
        self.happens(events.Settle(at))

    @rule(days=st.integers(1, 20))
    def settle_later(self, days: int) -> None:
        self.happens(self.settling(days))

    @rule(days=st.integers(1, 30), at=instants)
    def pay(self, days: int, at: datetime) -> None:
        """A run as it should be: settled, approved, arrived; what is old already stays as it is."""
        self.happens(self.settling(days))
        payouts = tuple(payout.number for payout in self.books.payouts if payout.status == "CREATED")
        if payouts:
            self.happens(events.Approve(payouts))
            self.happens(events.Confirm(payouts, at))

    def settling(self, days: int) -> events.Settle:
        self.settled_at = max(self.settled_at, MIDNIGHTS[3]) + timedelta(days=days)
        return events.Settle(self.settled_at)

    # Payouts

    def some(self, data: st.DataObject) -> tuple[int, ...]:
        """One, two or all payouts there are."""
        every = range(len(self.books.payouts))
        one_or_two = st.lists(st.sampled_from(every), min_size=1, max_size=2, unique=True).map(tuple)
        return data.draw(st.just(tuple(every)) | one_or_two, "payouts")

    @precondition(lambda self: self.books.payouts)
    @rule(data=st.data())
    def approve(self, data: st.DataObject) -> None:
        self.happens(events.Approve(self.some(data)))

    @precondition(lambda self: self.books.payouts)
    @rule(data=st.data(), at=instants)
    def approve_and_confirm(self, data: st.DataObject, at: datetime) -> None:
        payouts = self.some(data)
        self.happens(events.Approve(payouts), events.Confirm(payouts, at))

    @precondition(lambda self: self.books.payouts)
    @rule(data=st.data(), at=instants)
    def confirm(self, data: st.DataObject, at: datetime) -> None:
        self.happens(events.Confirm(self.some(data), at))

    @precondition(lambda self: self.books.payouts)
    @rule(data=st.data(), at=instants)
    def fail(self, data: st.DataObject, at: datetime) -> None:
        self.happens(events.Fail(self.some(data), at))

    # Anything again

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def again(self, data: st.DataObject) -> None:
        self.happens(data.draw(st.sampled_from(self.told), "again"))

    def happens(self, *happening: Event) -> None:
        for event in happening:
            self.tell(event)
            self.told.append(event)
        self.compare()

    def tell(self, event: Event) -> None:
        refusals = self.books.tell(event)
        answered = self.world.run(self.service.tell(event))
        self.world.happened.update([type(event).__name__, *refusals])
        assert answered == refusals, f"{event}: the service says {answered}, the oracle {refusals}"

    def compare(self) -> None:
        self.world.steps += 1
        found = self.world.run(self.service.observed(tuple(self.books.promoters)))
        wrong = "; ".join(differences(found, expected(self.books)))
        assert not wrong, f"the service ≠ the oracle: {wrong}"


def differences(found: Any, wanted: Any, path: str = "") -> list[str]:
    """Where two answers differ.

    >>> differences({"a": {"b": 1}, "c": [2]}, {"a": {"b": 3}, "c": [2]})
    ['a.b: 1 ≠ 3']
    """
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [
            line
            for key in sorted({*found, *wanted}, key=str)
            for line in differences(found.get(key), wanted.get(key), f"{path}.{key}".lstrip("."))
        ]
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        pairs = enumerate(zip(found, wanted, strict=True))
        return [line for index, (a, b) in pairs for line in differences(a, b, f"{path}[{index}]")]
    return [] if found == wanted else [f"{path}: {found} ≠ {wanted}"]


def machine(world: World) -> type[Money]:
    """The machine bound to a world: hypothesis makes instances by itself."""
    return type("Money", (Money,), {"world": world})
