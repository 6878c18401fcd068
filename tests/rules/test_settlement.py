"""Release and due dates, on the announced working days of 2025 and 2026."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.calendar import DAY_US, day_of, day_start, instant
from graph_api.rules.plan import SettleFrom
from graph_api.rules.settlement import Due, Working, due, presumed, released_at
from tests.rules.official_days import announced

INSTANTS = st.integers(instant("2024-12-31T00:00:00+08:00"), instant("2026-11-30T00:00:00+08:00"))

# Three working days after the date of T, across every holiday and make-up day.
T_PLUS_3 = [
    ("2024-12-31", "2025-01-06"),  # New Year: one day
    ("2025-01-24", "2025-02-05"),  # Sunday 26 January is made up, then Spring Festival
    ("2025-01-27", "2025-02-07"),
    ("2025-01-30", "2025-02-07"),
    ("2025-02-05", "2025-02-08"),  # Saturday 8 February is made up
    ("2025-02-06", "2025-02-10"),
    ("2025-04-02", "2025-04-08"),  # Qingming
    ("2025-04-03", "2025-04-09"),
    ("2025-04-25", "2025-04-29"),  # Sunday 27 April is made up
    ("2025-04-29", "2025-05-07"),  # Labour Day
    ("2025-04-30", "2025-05-08"),
    ("2025-05-30", "2025-06-05"),  # Dragon Boat
    ("2025-09-26", "2025-09-30"),  # Sunday 28 September is made up
    ("2025-09-30", "2025-10-11"),  # National Day with Mid-Autumn; Saturday 11 October is made up
    ("2025-10-04", "2025-10-11"),
    ("2025-10-09", "2025-10-13"),
    ("2025-12-31", "2026-01-06"),  # New Year; Sunday 4 January is made up
    ("2026-02-12", "2026-02-24"),  # Saturday 14 February is made up, then Spring Festival
    ("2026-02-14", "2026-02-26"),
    ("2026-02-25", "2026-02-28"),  # Saturday 28 February is made up
    ("2026-04-03", "2026-04-09"),  # Qingming
    ("2026-04-30", "2026-05-08"),  # Labour Day
    ("2026-05-06", "2026-05-09"),  # Saturday 9 May is made up
    ("2026-06-18", "2026-06-24"),  # Dragon Boat
    ("2026-09-18", "2026-09-22"),  # Sunday 20 September is made up
    ("2026-09-24", "2026-09-30"),  # Mid-Autumn
    ("2026-09-28", "2026-10-08"),  # National Day
    ("2026-09-30", "2026-10-10"),  # Saturday 10 October is made up
    ("2026-10-09", "2026-10-13"),
    ("2026-12-28", "2026-12-31"),  # the last that lies wholly in an announced year
]
UNANNOUNCED = [
    ("2026-12-29", "2027-01-04"),
    ("2026-12-31", "2027-01-06"),
    ("2027-04-29", "2027-05-04"),  # 1 and 2 May lie on a weekend
    ("2028-04-28", "2028-05-05"),  # Monday 1 and Tuesday 2 May are free by law
    ("2027-09-30", "2027-10-06"),  # Friday 1 October is free by law
]


@pytest.mark.parametrize(("t", "expected"), T_PLUS_3)
@pytest.mark.parametrize("hour", ["00:00:00", "23:59:59.999999"])
def test_due_on_the_third_working_day(t: str, expected: str, hour: str) -> None:
    at = instant(f"{t}T{hour}+08:00")
    assert due(at, days=3, working=announced) == Due(instant(f"{expected}T00:00:00+08:00"), provisional=False)


def test_the_date_of_t_is_the_one_of_shanghai() -> None:
    friday = instant("2026-03-06T15:59:59.999999Z")
    assert due(friday, days=3, working=announced).at == instant("2026-03-10T16:00:00Z")
    assert due(friday + 1, days=3, working=announced).at == instant("2026-03-10T16:00:00Z")
    assert due(friday - DAY_US, days=3, working=announced).at == instant("2026-03-09T16:00:00Z")
    assert due(friday + 1 + 2 * DAY_US, days=3, working=announced).at == instant("2026-03-11T16:00:00Z")


@pytest.mark.parametrize(("t", "expected"), UNANNOUNCED)
def test_a_due_date_that_needs_an_unannounced_calendar_is_provisional(t: str, expected: str) -> None:
    at = instant(f"{t}T12:00:00+08:00")
    assert due(at, days=3, working=announced) == Due(instant(f"{expected}T00:00:00+08:00"), provisional=True)


def test_a_free_day_judged_provisionally_makes_the_date_provisional_too() -> None:
    """A day presumed free may be announced as worked, and then the date is earlier."""
    saturday, sunday = date(2026, 3, 7), date(2026, 3, 8)

    def working(day: date) -> Working:
        return Working(day not in (saturday, sunday), provisional=day == saturday)

    assert due(instant("2026-03-06T12:00:00+08:00"), days=1, working=working) == Due(
        instant("2026-03-09T00:00:00+08:00"), provisional=True
    )


@given(t=INSTANTS)
def test_without_days_it_is_due_at_t_itself(t: int) -> None:
    assert due(t, days=0, working=announced) == Due(t, provisional=False)


@given(t=INSTANTS, days=st.integers(1, 12))
def test_exactly_so_many_working_days_lie_after_the_date_of_t(t: int, days: int) -> None:
    at, provisional = due(t, days=days, working=announced)
    after = [day_of(t) + timedelta(days=ahead) for ahead in range(1, (day_of(at) - day_of(t)).days + 1)]
    assert at == day_start(day_of(at)) > t
    assert sum(announced(day).works for day in after) == days
    assert announced(after[-1]).works
    assert not provisional


def test_released_at_the_end_of_the_observation_or_at_the_payment() -> None:
    assert released_at(SettleFrom.OBSERVATION_END, paid_at=5, observed_until=12) == 12
    assert released_at(SettleFrom.OBSERVATION_END, paid_at=5, observed_until=None) is None
    assert released_at(SettleFrom.PAYMENT, paid_at=5, observed_until=12) == 5
    assert released_at(SettleFrom.PAYMENT, paid_at=5, observed_until=None) == 5


def test_presumed_free_are_weekends_and_the_holidays_with_a_fixed_date() -> None:
    free = {
        day
        for day in (date(2029, 1, 1) + timedelta(days=ahead) for ahead in range(365))
        if day.isoweekday() <= 5 and not presumed(day).works
    }
    assert free == {
        date(2029, 1, 1),
        date(2029, 5, 1),
        date(2029, 5, 2),
        date(2029, 10, 1),
        date(2029, 10, 2),
        date(2029, 10, 3),
    }
    assert presumed(date(2029, 3, 2)) == Working(works=True, provisional=True)  # Friday
    assert presumed(date(2029, 3, 3)) == Working(works=False, provisional=True)  # Saturday
    assert presumed(date(2029, 3, 4)) == Working(works=False, provisional=True)  # Sunday
