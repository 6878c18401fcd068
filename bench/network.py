"""The benchmark's network, generated and seeded: one tree with teams of about 100, 1,000 and 10,000, and its orders."""

from __future__ import annotations

import random

from graph_api.actions.orders import NewLine, NewOrder
from graph_api.actions.promoters import Enrolment
from graph_api.rules.calendar import DAY_US, instant

BEGAN_AT = instant("2026-01-01T00:00:00+08:00")
SIZES = (100, 1_000, 10_000)
MEMBERS = 20


def team(size: int) -> list[Enrolment]:
    """A root with 20 direct members; everybody else joins under a random earlier person."""
    draw = random.Random(size)
    rows = [Enrolment(f"t{size}", joined_at=BEGAN_AT)]
    for index in range(size):
        above = rows[0] if index < MEMBERS else rows[draw.randrange(1, len(rows))]
        rows.append(Enrolment(f"t{size}-{index}", referrer_code=above.code, joined_at=BEGAN_AT))
    return rows


def orders(people: list[Enrolment], *, count: int, prefix: str = "o-") -> list[NewOrder]:
    """Orders of three months, sold by random people."""
    draw = random.Random(count)
    return [
        NewOrder(
            number=f"{prefix}{people[0].code}-{index}",
            buyer_code=f"b-{draw.randrange(count)}",
            promoter_code=draw.choice(people).code,
            lines=(NewLine("tea", 1, draw.randrange(100, 100_000)),),
            paid_at=BEGAN_AT + draw.randrange(90 * DAY_US),
        )
        for index in range(count)
    ]
