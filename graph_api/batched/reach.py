"""How many people a walk down the tree is expected to meet, so that a query can be priced before it runs.

Everybody within d levels below somebody has that somebody within d levels above. So the mean number of people within d
levels below a promoter is the mean of min(d, people above), and a sample that looks upwards, which costs the depth,
tells how large teams are on average, which downwards would cost the teams.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Sequence

from cypher import reach
from cypher.store import Store, StoreTimeout, StoreUnavailable

SAMPLE = 1_000
EVERY_SECONDS = 600.0
AWAY_SECONDS = 10.0
PEOPLE_PER_VALUE = 100
"""A value of an answer takes about as long as a hundred people of a walk."""
WALK_COST_MAX = 1_000
"""However large a team is, its own promoter may look at it."""
SIZES_KEPT = 10_000


def people(levels: Sequence[int], depth: int) -> float:
    """Mean number of people within so many levels below a promoter; 0 levels stands for all.

    >>> people([0, 1, 1, 2], 0), people([0, 1, 1, 2], 1), people([], 3)
    (1.0, 0.75, 0.0)
    """
    return sum(min(level, depth or level) for level in levels) / len(levels) if levels else 0.0


class Reach:
    """What this process knows of it: a sample of the network, and the sizes of the teams whose owners have looked."""

    def __init__(self, levels: Sequence[int] = ()) -> None:
        self._levels = tuple(levels)
        self._means: dict[int, float] = {}
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def saw(self, code: str, size: int) -> None:
        """A promoter's own team was read."""
        if self._sizes.get(code) != size:
            self._sizes[code] = size
            if len(self._sizes) > SIZES_KEPT:
                self._sizes.popitem(last=False)

    def cost(self, code: str | None, depth: int) -> float:
        """What a walk of somebody's team to a depth weighs, in values; of anybody's without a code."""
        near, all_below = self._mean(depth), self._mean(0)
        size = self._sizes.get(code) if code is not None else None
        if size is None:
            met = near
        elif depth and all_below:
            # As much of it stands within d levels as of all teams, and no less than on average.
            met = min(float(size), max(near, size * near / all_below))
        else:
            met = float(size)
        return min(met / PEOPLE_PER_VALUE, WALK_COST_MAX)

    def _mean(self, depth: int) -> float:
        if depth not in self._means:
            self._means[depth] = people(self._levels, depth)
        return self._means[depth]

    async def look(self, store: Store) -> None:
        """Draw a new sample."""
        self._levels, self._means = tuple((await reach.levels(store, sample=SAMPLE)).levels), {}

    async def begin(self, store: Store) -> None:
        """The first sample, before anybody asks; without one everything is priced as if nobody had a team."""
        try:
            await self.look(store)
        except (StoreUnavailable, StoreTimeout):
            logging.getLogger(__name__).warning("could not look yet how far the network reaches")

    async def follow(self, store: Store) -> None:
        """Runs until cancelled: a new sample every few minutes; an old one, or none, prices as well as it can."""
        while True:
            await asyncio.sleep(EVERY_SECONDS if self._levels else AWAY_SECONDS)
            try:
                await self.look(store)
            except (StoreUnavailable, StoreTimeout):
                continue
            except Exception:
                logging.getLogger(__name__).exception("could not look how far the network reaches")


def total(values: int, walks: float) -> int:
    """The price of an operation.

    >>> total(12, 0.0), total(12, 0.2)
    (12, 13)
    """
    return values + math.ceil(walks)
