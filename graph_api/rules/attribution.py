"""Whom a buyer is bound to: a pure function of every touch, so that the order of arrival does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from graph_api.rules.calendar import DAY_US
from graph_api.rules.plan import Attribution, Plan


class Touch(NamedTuple):
    """A buyer came through a promoter at an instant; `key` breaks ties."""

    at: int
    key: str
    promoter_code: str


def bound_to(touches: Iterable[Touch], at: int, plan_at: Callable[[int], Plan]) -> Touch | None:
    """The touch whose binding is live at `at`, or None.

    Under FIRST_TOUCH a live binding is neither moved nor renewed; under LAST_TOUCH each touch replaces it.
    The plan in force at a touch says which, and for how many days it binds.
    """
    bound: Touch | None = None
    until = 0
    for touch in sorted(touches):
        if touch.at > at:
            break
        plan = plan_at(touch.at)
        if bound is not None and touch.at < until and plan.attribution is Attribution.FIRST_TOUCH:
            continue
        bound, until = touch, touch.at + plan.attribution_days * DAY_US
    return bound if bound is not None and at < until else None
