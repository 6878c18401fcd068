"""Every event names, in the journal, everybody whose cached values it changes: after each, nothing cached differs
from the graph."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cypher import journal
from graph_api.actions import identifiers, months, orders, products, promoters, touches
from graph_api.actions.identifiers import Identification
from graph_api.actions.orders import NewLine, NewOrder
from graph_api.actions.products import NewProduct
from graph_api.actions.promoters import Enrolment
from graph_api.actions.touches import NewTouch
from graph_api.batched.drift import cache_drift
from graph_api.errors import DomainError
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, instant, month_shifted
from tests.batched.network import Reader

START = instant("2026-01-01T00:00:00Z")
EVENTS = 70


class Events:
    """Random business events, most of them accepted, in a time that goes on."""

    def __init__(self, reader: Reader, pii: Pii, seed: int) -> None:
        self.store, self.pii, self.chance = reader.store, pii, random.Random(seed)
        self.codes: list[str] = []
        self.numbers: list[str] = []
        self.now = START
        self.month = 202512
        self.kinds: list[tuple[int, Callable[[], Awaitable[Any]]]] = [
            (3, self.enrol),
            (8, self.order),
            (6, self.advance),
            (3, self.refund),
            (2, self.move),
            (2, self.bind),
            (4, self.link),
            (2, self.touch),
            (2, self.close_month),
            (1, self.close),
        ]

    async def any(self) -> str:
        self.now += self.chance.randrange(DAY_US)
        weights = [weight for weight, _ in self.kinds]
        (event,) = self.chance.choices([event for _, event in self.kinds], weights)
        with contextlib.suppress(DomainError):
            await event()
        return event.__name__

    @property
    def by(self) -> dict[str, Any]:
        return {"actor": "test", "now": self.now}

    async def open(self) -> None:
        await products.upsert(self.store, NewProduct("tea", "茶", 10_000, 2000), **self.by)
        for _ in range(12):
            await self.enrol()

    async def enrol(self) -> None:
        code = f"p{len(self.codes):02d}"
        # A buyer's code, now and then: somebody who bought before it promotes.
        code = self.chance.choice(["b0", "b1", "b2", code, code, code])
        above = self.chance.choice([*self.codes, None]) if self.codes else None
        (outcome,) = await promoters.enrol(self.store, self.pii, [Enrolment(code, referrer_code=above)], **self.by)
        if outcome.state == "recorded":
            self.codes.append(code)

    async def order(self) -> None:
        number = f"o{len(self.numbers)}"
        seller = self.chance.choice([*self.codes, None])
        buyer = self.chance.choice([*self.codes, "b0", "b1", "b2", "b3", "b4"])
        lines = (NewLine("tea", 1, self.chance.randrange(1, 2_000_000)),)
        paid_at = self.now - self.chance.randrange(20 * DAY_US)
        await orders.record(self.store, [NewOrder(number, buyer, seller, lines, paid_at)], **self.by)
        self.numbers.append(number)

    async def advance(self) -> None:
        status = self.chance.choice(["SHIPPED", "DELIVERED", "DELIVERED", "CANCELLED"])
        number = self.chance.choice([*self.numbers, f"o{len(self.numbers)}"])
        await orders.advance(self.store, number=number, status=status, at=self.now, **self.by)

    async def refund(self) -> None:
        number, key = self.chance.choice([*self.numbers, "o0"]), str(self.now)
        fen = self.chance.randrange(1, 500_000)
        given = {"number": number, "key": key, "sku": None, "refund_fen": fen, "at": self.now}
        await orders.refund(self.store, **given, **self.by)  # type: ignore[arg-type]

    async def move(self) -> None:
        code, above = self.chance.choice(self.codes), self.chance.choice([*self.codes, None])
        given = {"promoter_code": code, "referrer_code": above, "reason": "test", "at": None, "key": None}
        await promoters.move(self.store, **given, **self.by)  # type: ignore[arg-type]

    async def bind(self) -> None:
        code, above = self.chance.choice(self.codes), self.chance.choice(self.codes)
        await promoters.bind(self.store, promoter_code=code, referrer_code=above, at=None, **self.by)

    async def link(self) -> None:
        code = self.chance.choice([*self.codes, "b0", "b1", "b2", "b3", "b4"])
        row = Identification(code, "DEVICE", f"device-{self.chance.randrange(4)}")
        await identifiers.link(self.store, self.pii, [row], **self.by)

    async def touch(self) -> None:
        row = NewTouch(f"b{self.chance.randrange(5)}", self.chance.choice(self.codes), self.now - DAY_US, str(self.now))
        await touches.record(self.store, [row], **self.by)

    async def close_month(self) -> None:
        await months.close(self.store, self.month, **self.by)
        self.month = month_shifted(self.month, by=1)

    async def close(self) -> None:
        await promoters.close(self.store, code=self.chance.choice(self.codes), reason="test", **self.by)


async def read_everything(reader: Reader, codes: list[str]) -> None:
    reads = reader.reads()
    await asyncio.gather(
        *(reads.card(code) for code in codes),
        *(reads.sales(code, month) for code in codes for month in (None, 202601, 202602)),
        *(reads.team(code, month) for code in codes for month in (None, 202601)),
        *(reads.promotion(code) for code in codes),
        *(reads.nearly_valid(code, 5) for code in codes),
        *(reads.downline(code, depth=1000) for code in codes),
        *(reads.downline(code, order="TEAM_VOLUME_DESC") for code in codes),
        *(reads.downline_count(code, depth=1000) for code in codes),
        reads.promoters(),
        reads.promoters_count(),
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_event_leaves_a_value_behind(writer: Reader, pii: Pii, seed: int) -> None:
    events = Events(writer, pii, seed)
    await events.open()
    for _ in range(EVENTS):
        await read_everything(writer, events.codes)
        happened = await events.any()
        assert await cache_drift(writer.store, writer.cache) == [], happened
    happened_kinds = {event.kind for event in await journal.events(writer.store, after=0, first=10_000)}
    assert {
        "branch_moved",
        "identifiers_linked",
        "month_closed",
        "order_attributed",
        "orders_completed",
    } <= happened_kinds
