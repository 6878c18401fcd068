"""How near a tree is to the prosecution line of 2013: at least 3 levels and 30 people, counting the organiser.

Two override levels are no safe harbour (禁止传销条例 art. 7); the meter says where a tree stands, it permits nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from graph_api.errors import ComplianceLimit

LEVELS_LIMIT = 3
PEOPLE_LIMIT = 30
NEAR_PERCENT = 80


class ComplianceState(StrEnum):
    """NEAR from 80 % of both limits on, OVER from both limits on."""

    CLEAR = "CLEAR"
    NEAR = "NEAR"
    OVER = "OVER"


@dataclass(frozen=True, slots=True)
class Meter:
    """The tree below a promoter, who counts as a level and as a person.

    >>> [str(Meter(levels, people).state) for levels, people in ((3, 23), (3, 24), (2, 999), (3, 30))]
    ['CLEAR', 'NEAR', 'CLEAR', 'OVER']
    """

    levels: int
    people: int

    @property
    def state(self) -> ComplianceState:
        if self.levels >= LEVELS_LIMIT and self.people >= PEOPLE_LIMIT:
            return ComplianceState.OVER
        near = (self.levels * 100 >= LEVELS_LIMIT * NEAR_PERCENT, self.people * 100 >= PEOPLE_LIMIT * NEAR_PERCENT)
        return ComplianceState.NEAR if all(near) else ComplianceState.CLEAR


def meter(sizes: dict[int, int]) -> Meter:
    """The meter of a promoter from the people on each level below it (1 is direct).

    >>> meter({1: 2, 2: 27})
    Meter(levels=3, people=30)
    """
    people = {level: size for level, size in sizes.items() if size > 0}
    return Meter(levels=max(people, default=0) + 1, people=sum(people.values()) + 1)


def over_the_line(root_code: str, meter: Meter) -> ComplianceLimit:
    """The refusal of a plan that lets no tree over the line."""
    return ComplianceLimit(
        f"the tree of {root_code} would have {meter.levels} levels and {meter.people} people;"
        f" the plan refuses {LEVELS_LIMIT} levels and {PEOPLE_LIMIT} people",
        field=["referrerCode"],
    )
