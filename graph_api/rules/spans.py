"""A run of days cut into days, weeks or months of Shanghai."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, NamedTuple

from graph_api.errors import Invalid
from graph_api.rules.calendar import DAY_US, YEAR_MAX, day_start

Period = Literal["DAY", "WEEK", "MONTH"]
SPANS_MAX = 400


class Span(NamedTuple):
    """From a day up to and with another."""

    first: date
    last: date

    @property
    def from_at(self) -> int:
        return day_start(self.first)

    @property
    def until_at(self) -> int:
        """The first instant after it."""
        return day_start(self.last) + DAY_US


def span_of(first: date, last: date) -> Span:
    """From a day up to and with another; Invalid if there is none, or out of the calendar."""
    if not 1 < first.year <= last.year <= YEAR_MAX:
        raise Invalid("out of the calendar", field=["from"])
    if last < first:
        raise Invalid("to lies before from", field=["to"])
    return Span(first, last)


def spans(period: Period, first: date, last: date) -> list[Span]:
    """The days from `first` to `last`, both with, in spans, oldest first; those at the ends may be cut short.

    Weeks begin on Monday. Invalid if there are more than 400, or none.

    >>> [(s.first.isoformat(), s.last.isoformat()) for s in spans("MONTH", date(2026, 1, 30), date(2026, 3, 1))]
    [('2026-01-30', '2026-01-31'), ('2026-02-01', '2026-02-28'), ('2026-03-01', '2026-03-01')]
    """
    first, last = span_of(first, last)
    found: list[Span] = []
    while first <= last:
        if len(found) == SPANS_MAX:
            raise Invalid(f"more than {SPANS_MAX} points: take a longer period or fewer days", field=["from"])
        end = min(_last_of(period, first), last)
        found.append(Span(first, end))
        first = end + timedelta(days=1)
    return found


def _last_of(period: Period, day: date) -> date:
    if period == "DAY":
        return day
    if period == "WEEK":
        return day + timedelta(days=6 - day.weekday())
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
