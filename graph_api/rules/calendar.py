"""Instants and months: instants are microseconds since 1970 UTC, months are `yyyymm` of Asia/Shanghai.

China has had one offset, +08:00 without summer time, since 1991; rules.md counts days and months by it.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

SHANGHAI = timezone(timedelta(hours=8))
SECOND_US = 1_000_000
HOUR_US = 3_600 * SECOND_US
DAY_US = 24 * HOUR_US
INSTANT_MIN = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z: before every event."""
YEAR_MAX = 9997
"""What follows an event (a year of observation, a settlement) must still lie in a year of four digits."""
INSTANT_MAX = 253_339_228_799_999_999
"""The last microsecond of that year, UTC."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def instant(text: str) -> int:
    """An RFC 3339 instant with an offset as microseconds; ValueError says what is wrong.

    >>> instant("2026-01-31T16:00:00Z") == instant("2026-02-01T00:00:00+08:00")
    True
    """
    if _INSTANT.fullmatch(text) is None:
        raise ValueError(f"not an RFC 3339 instant with an offset: {text[:40]!r}")
    try:
        at = from_datetime(datetime.fromisoformat(text.upper()))  # cuts what is finer than a microsecond
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no such instant: {text!r}") from error
    if not INSTANT_MIN <= at <= INSTANT_MAX:
        raise ValueError(f"out of the calendar, which is 0001 to {YEAR_MAX}: {text[:40]!r}")
    return at


def from_datetime(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def to_datetime(at: int) -> datetime:
    return _EPOCH + timedelta(microseconds=at)


def instant_text(at: int) -> str:
    """The instant in UTC, shortest exact form.

    >>> instant_text(instant("2026-02-01T00:00:00+08:00"))
    '2026-01-31T16:00:00Z'
    """
    return to_datetime(at).isoformat().replace("+00:00", "Z")


def local_text(at: int) -> str:
    """The instant as clocks in Shanghai show it, with their offset.

    >>> local_text(instant("2026-01-31T16:00:00Z"))
    '2026-02-01T00:00:00+08:00'
    """
    return to_datetime(at).astimezone(SHANGHAI).isoformat()


def month_of(at: int) -> int:
    """The month of an instant in Shanghai.

    >>> month_of(instant("2026-01-31T16:00:00Z"))
    202602
    """
    local = to_datetime(at).astimezone(SHANGHAI)
    return local.year * 100 + local.month


def month(text: str) -> int:
    """`YYYY-MM` as yyyymm; ValueError otherwise."""
    match = _MONTH.fullmatch(text)
    if match is None or match[1] == "0000":
        raise ValueError(f"not a month YYYY-MM: {text[:20]!r}")
    if int(match[1]) > YEAR_MAX:
        raise ValueError(f"out of the calendar, which is 0001 to {YEAR_MAX}: {text!r}")
    return int(match[1]) * 100 + int(match[2])


def month_text(month: int) -> str:
    """
    >>> month_text(202602)
    '2026-02'
    """
    return f"{month // 100:04d}-{month % 100:02d}"


def month_shifted(month: int, *, by: int) -> int:
    """The month `by` months later.

    >>> month_shifted(202601, by=-2)
    202511
    """
    index = month // 100 * 12 + month % 100 - 1 + by
    return index // 12 * 100 + index % 12 + 1


def month_start(month: int) -> int:
    """Its first instant."""
    return from_datetime(datetime(month // 100, month % 100, 1, tzinfo=SHANGHAI))


def month_end(month: int) -> int:
    """The first instant after it."""
    return month_start(month_shifted(month, by=1))


def tier_release_at(month: int) -> int:
    """A month's TIER entry is released on the 16th of the next month, 00:00 Shanghai."""
    return month_end(month) + 15 * DAY_US


def day_of(at: int) -> date:
    """The calendar day in Shanghai."""
    return to_datetime(at).astimezone(SHANGHAI).date()


def day_start(day: date) -> int:
    """Its first instant, 00:00 in Shanghai.

    >>> instant_text(day_start(date(2026, 2, 1)))
    '2026-01-31T16:00:00Z'
    """
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))
