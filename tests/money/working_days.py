"""Working days of 2025 and 2026 as the State Council announced them, written down by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.oracle.oracle import SHANGHAI

HOLIDAYS = {
    (2025, 1): (1, 28, 29, 30, 31),
    (2025, 2): (3, 4),
    (2025, 4): (4,),
    (2025, 5): (1, 2, 5),
    (2025, 6): (2,),
    (2025, 10): (1, 2, 3, 6, 7, 8),
    (2026, 1): (1, 2),
    (2026, 2): (16, 17, 18, 19, 20, 23),
    (2026, 4): (6,),
    (2026, 5): (1, 4, 5),
    (2026, 6): (19,),
    (2026, 9): (25,),
    (2026, 10): (1, 2, 5, 6, 7),
}
"""(year, month) → days from Monday to Friday on which nobody works."""
MAKE_UP_DAYS = {
    (2025, 1): (26,),
    (2025, 2): (8,),
    (2025, 4): (27,),
    (2025, 9): (28,),
    (2025, 10): (11,),
    (2026, 1): (4,),
    (2026, 2): (14, 28),
    (2026, 5): (9,),
    (2026, 9): (20,),
    (2026, 10): (10,),
}
"""(year, month) → Saturdays and Sundays on which everybody works."""


def is_working_day(day: date) -> bool:
    """
    >>> is_working_day(date(2026, 2, 14)), is_working_day(date(2026, 2, 16)), is_working_day(date(2026, 3, 1))
    (True, False, False)
    """
    if day.year not in (2025, 2026):
        raise ValueError(f"no calendar of {day.year}")
    month = (day.year, day.month)
    if day.weekday() < 5:
        return day.day not in HOLIDAYS.get(month, ())
    return day.day in MAKE_UP_DAYS.get(month, ())


def due_at(released_at: datetime, working_days: int) -> datetime:
    """00:00 Shanghai of the n-th working day after the date of `released_at`.

    >>> due_at(datetime(2026, 2, 12, 4, tzinfo=UTC), 3).isoformat()
    '2026-02-23T16:00:00+00:00'
    """
    day = released_at.astimezone(SHANGHAI).date()
    while working_days:
        day += timedelta(days=1)
        working_days -= is_working_day(day)
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)
