"""When an entry is released, and when what was released is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from graph_api.rules.calendar import day_of, day_start
from graph_api.rules.plan import SettleFrom

SATURDAY = 5
FREE_BY_DATE = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""(month, day) that 全国年节及纪念日放假办法 art. 2 makes free by their date; the other holidays follow moon and sun."""


class Working(NamedTuple):
    """Whether people work on a day; `provisional`: its official calendar is not known yet."""

    works: bool
    provisional: bool


class Due(NamedTuple):
    """The instant from which released money is to be paid out; `provisional`: it may move once the calendar is announced."""

    at: int
    provisional: bool


def released_at(settle_from: SettleFrom, *, paid_at: int, observed_until: int | None) -> int | None:
    """T, the instant that releases an order's entries; None while it is not known because nothing was delivered.

    >>> released_at(SettleFrom.OBSERVATION_END, paid_at=5, observed_until=None) is None
    True
    >>> released_at(SettleFrom.PAYMENT, paid_at=5, observed_until=None)
    5
    """
    return paid_at if settle_from is SettleFrom.PAYMENT else observed_until


def due(t: int, *, days: int, working: Callable[[date], Working]) -> Due:
    """00:00 Shanghai of the `days`-th working day after T's date; with 0 days T itself, so never before T.

    >>> from graph_api.rules.calendar import instant, instant_text
    >>> thursday = instant("2028-01-06T15:00:00+08:00")
    >>> instant_text(due(thursday, days=3, working=presumed).at)
    '2028-01-10T16:00:00Z'
    """
    day, left, provisional = day_of(t), days, False
    while left > 0:
        day += timedelta(days=1)
        judged = working(day)
        provisional |= judged.provisional
        left -= 1 if judged.works else 0
    return Due(day_start(day) if days > 0 else t, provisional)


def presumed(day: date) -> Working:
    """The judgement of a day whose calendar is not announced: Monday to Friday, but the holidays that have a fixed date.

    >>> presumed(date(2027, 12, 31)).works, presumed(date(2028, 1, 1)).works, presumed(date(2028, 10, 2)).works
    (True, False, False)
    """
    works = day.weekday() < SATURDAY and (day.month, day.day) not in FREE_BY_DATE
    return Working(works, provisional=True)
