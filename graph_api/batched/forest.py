"""Every team of the network at once: one read of who stands under whom, then sums level by level in arrays.

A level of all teams costs one addition a promoter, so all of them cost the people times the levels, whatever the shape.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cypher import recount
from cypher.network import DEPTH_MAX
from cypher.store import Store
from graph_api.arrays import added
from graph_api.batched.asks import ALL_TIME

PAGE = 10_000
NOBODY = -1
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Level:
    """How many people stand this far below each promoter, and their own sales: orders and fen."""

    number: int
    sizes: Int64s
    orders: Int64s
    volumes_fen: Int64s


@dataclass(frozen=True, slots=True)
class Forest:
    """Promoters numbered by code, whom each stands under (NOBODY: a root), and own sales by month (ALL_TIME: of all)."""

    numbers: Mapping[str, int]
    referrers: Int32s
    orders: Mapping[int, Int64s]
    volumes_fen: Mapping[int, Int64s]

    def levels(self, month: int = ALL_TIME) -> Iterator[Level]:
        """All teams, level by level downwards, while anybody has one."""
        size = len(self.referrers)
        orders, volumes_fen = self.orders[month], self.volumes_fen[month]
        people = np.flatnonzero(self.referrers != NOBODY)
        above = self.referrers[people]
        number = 1
        # No deeper than a tree may be: pages that were read while somebody moved may show a circle.
        while len(people) and number <= DEPTH_MAX:
            yield Level(
                number,
                np.bincount(above, minlength=size),
                added(size, above, orders[people]),
                added(size, above, volumes_fen[people]),
            )
            above = self.referrers[above]
            further = above != NOBODY
            people, above = people[further], above[further]
            number += 1

    def teams(self, codes: Sequence[str], month: int = ALL_TIME) -> dict[str, list[list[int]]]:
        """Those promoters' teams as `[level, size, orders, volume_fen]`, nearest first; who is not there has none."""
        there = [code for code in codes if code in self.numbers]
        at = np.array([self.numbers[code] for code in there], dtype=np.int64)
        found: dict[str, list[list[int]]] = {code: [] for code in codes}
        for level in self.levels(month):
            columns = (level.sizes[at], level.orders[at], level.volumes_fen[at])
            for code, size, orders, volume_fen in zip(there, *(column.tolist() for column in columns), strict=True):
                if size:
                    found[code].append([level.number, size, orders, volume_fen])
        return found


async def read(store: Store, months: Collection[int] = (ALL_TIME,)) -> Forest:
    """The network as it is now, in pages: what is written meanwhile may be in it or not."""
    wanted = sorted(set(months) - {ALL_TIME})
    codes: list[str] = []
    referrer_codes: list[str] = []
    sums: list[Int64s] = []
    monthly: list[tuple[list[str], Int64s]] = []
    after: str | None = ""
    while after is not None:
        page = await recount.standing(store, after=after, first=PAGE, months=wanted)
        codes += page.codes
        referrer_codes += page.referrer_codes
        sums.append(np.array([page.orders, page.volumes_fen], dtype=np.int64))
        if page.month_codes:
            columns = [page.months, page.month_orders, page.month_volumes_fen]
            monthly.append((page.month_codes, np.array(columns, dtype=np.int64)))
        after = page.last_code
    return await asyncio.to_thread(_forest, codes, referrer_codes, sums, wanted, monthly)


def _forest(
    codes: list[str],
    referrer_codes: list[str],
    sums: list[Int64s],
    months: Sequence[int],
    monthly: list[tuple[list[str], Int64s]],
) -> Forest:
    numbers = {code: number for number, code in enumerate(codes)}
    size = len(codes)
    referrers = np.fromiter((numbers.get(code, NOBODY) for code in referrer_codes), dtype=np.int32, count=size)
    all_time = np.concatenate(sums, axis=1)
    orders, volumes_fen = {ALL_TIME: all_time[0]}, {ALL_TIME: all_time[1]}
    for month in months:
        orders[month], volumes_fen[month] = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    for people, (page_months, page_orders, page_volumes_fen) in monthly:
        at = np.fromiter((numbers[code] for code in people), dtype=np.int64, count=len(people))
        for month in months:
            of_month = page_months == month
            orders[month][at[of_month]] = page_orders[of_month]
            volumes_fen[month][at[of_month]] = page_volumes_fen[of_month]
    return Forest(numbers, referrers, orders, volumes_fen)
