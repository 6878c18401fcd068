"""The library's calendar is the announced one."""

from __future__ import annotations

from datetime import date, timedelta

from graph_api.rules.settlement import Working, presumed
from graph_api.workdays import working
from tests.rules.official_days import announced

ANNOUNCED = [date(2025, 1, 1) + timedelta(days=ahead) for ahead in range(730)]


def test_every_day_of_2025_and_2026_is_as_announced() -> None:
    assert ANNOUNCED[-1] == date(2026, 12, 31)
    assert {day: working(day) for day in ANNOUNCED} == {day: announced(day) for day in ANNOUNCED}


def test_earlier_years_are_known_too() -> None:
    assert working(date(2018, 12, 29)) == Working(works=True, provisional=False)  # a Saturday made up for New Year
    assert working(date(2018, 12, 31)) == Working(works=False, provisional=False)


def test_years_outside_the_calendar_are_judged_provisionally() -> None:
    for day in (date(2003, 12, 31), date(2127, 1, 1), date(2127, 1, 2), date(2127, 1, 4)):
        assert working(day) == presumed(day)
        assert working(day).provisional
