"""The peers' network, generated and seeded: roots with 20 members each, whose teams are all of one size."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from bench import files
from bench.network import BEGAN_AT, MEMBERS
from graph_api.rules.calendar import DAY_US, instant_text

TEAMS = (10, 300)
"""People in each member's team."""
ROOTS = 16
HOUR_US = DAY_US // 24
Person = tuple[str, str, int]


def root(team: int, index: int) -> str:
    return f"r{team}-{index:02}"


def write(directory: Path) -> None:
    """The files to import; everybody has sold once, and nothing was refunded."""
    people = list(_people())
    files.write_rows(directory / "promoters.csv", files.PROMOTERS, _promoters(people))
    files.write_rows(directory / "products.csv", files.PRODUCTS, [["tea", "tea", 10_000, 2_000]])
    files.write_rows(directory / "orders.csv", files.ORDERS, _orders(people))


def _people() -> Iterator[Person]:
    """Code, referrer ("" at a root) and hour of joining; below a member everybody joins under a random earlier one."""
    draw = random.Random(ROOTS)
    for team in TEAMS:
        for index in range(ROOTS):
            top = root(team, index)
            yield top, "", 0
            for member in range(MEMBERS):
                branch = [f"{top}-{member:02}"]
                yield branch[0], top, 1 + member
                for below in range(team):
                    above = draw.choice(branch)
                    branch.append(f"{branch[0]}-{below:03}")
                    yield branch[-1], above, 1 + MEMBERS


def _promoters(people: list[Person]) -> Iterator[list[object]]:
    for code, above, hour in people:
        yield [code, "", "", above, instant_text(BEGAN_AT + hour * HOUR_US)]


def _orders(people: list[Person]) -> Iterator[list[object]]:
    draw = random.Random(len(people))
    for index, (code, _, _) in enumerate(people):
        paid_at = BEGAN_AT + 30 * DAY_US + draw.randrange(90 * DAY_US)
        paid = (draw.randrange(1_000, 50_000), instant_text(paid_at))
        yield [f"o{index:07}", f"b{index:07}", code, "tea", 1, *paid, instant_text(paid_at + 3 * DAY_US), *[""] * 5]
