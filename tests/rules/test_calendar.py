"""Instants in microseconds, months and days of Shanghai."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.calendar import (
    DAY_US,
    INSTANT_MAX,
    INSTANT_MIN,
    YEAR_MAX,
    day_of,
    day_start,
    from_datetime,
    instant,
    instant_text,
    month,
    month_end,
    month_of,
    month_shifted,
    month_start,
    month_text,
    tier_release_at,
    to_datetime,
)

INSTANTS = st.integers(-30_000_000_000_000_000, 30_000_000_000_000_000)
MONTHS = st.builds(lambda year, number: year * 100 + number, st.integers(1000, 9000), st.integers(1, 12))
FEBRUARY_US = 1_769_875_200_000_000  # 2026-01-31T16:00:00Z


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T08:00:00+08:00", 0),
        ("1969-12-31t19:00:00-05:00", 0),
        ("1970-01-01T00:00:01z", 1_000_000),
        ("1970-01-01T00:00:00.5Z", 500_000),
        ("1970-01-01T00:00:00.000001Z", 1),
        ("1970-01-01T00:00:00.0000019Z", 1),
        ("1970-01-01T00:00:00.1234+00:00", 123_400),
        ("1970-01-01T00:00:00.123456789Z", 123_456),
        ("1969-12-31T23:59:59.999999Z", -1),
        ("2026-01-31T16:00:00Z", FEBRUARY_US),
        ("2026-02-01T00:00:00+08:00", FEBRUARY_US),
        ("0001-01-01T00:00:00Z", INSTANT_MIN),
    ],
)
def test_an_instant_is_microseconds_since_1970(text: str, at: int) -> None:
    assert instant(text) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-01-31",
        "2026-01-31T16:00:00",
        "2026-01-31 16:00:00Z",
        "2026-01-31T16:00Z",
        "2026-01-31T16:00:00.Z",
        "2026-01-31T16:00:00.1234567890Z",
        "2026-01-31T16:00:00Z ",
        "２026-01-31T16:00:00Z",
        "x" * 50,
    ],
)
def test_what_is_not_an_instant_is_refused_with_its_beginning(text: str) -> None:
    with pytest.raises(ValueError, match=f"^not an RFC 3339 instant with an offset: {text[:40]!r}$"):
        instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:01Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T00:00:00+24:00",
        "0001-01-01T00:00:00.123456789+99:00",
    ],
)
def test_an_instant_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^no such instant: {re.escape(repr(text))}$") as refused:
        instant(text)
    assert refused.value.__cause__ is not None


def test_a_refusal_repeats_no_more_than_40_characters() -> None:
    with pytest.raises(ValueError, match=r"^not an RFC 3339 instant with an offset: 'y{40}'$"):
        instant("y" * 41)


@given(at=INSTANTS)
def test_an_instant_survives_its_text(at: int) -> None:
    assert instant(instant_text(at)) == at
    assert from_datetime(to_datetime(at)) == at
    assert to_datetime(at) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (500_000, "1970-01-01T00:00:00.500000Z"),
        (FEBRUARY_US, "2026-01-31T16:00:00Z"),
    ],
)
def test_an_instant_is_written_in_utc(at: int, text: str) -> None:
    assert instant_text(at) == text


@given(at=INSTANTS)
def test_days_and_months_are_those_of_shanghai(at: int) -> None:
    local = to_datetime(at).astimezone(timezone(timedelta(hours=8)))
    assert day_of(at) == local.date()
    assert month_of(at) == local.year * 100 + local.month
    assert day_start(day_of(at)) <= at < day_start(day_of(at)) + DAY_US
    assert month_start(month_of(at)) <= at < month_end(month_of(at))


def test_the_last_microsecond_of_a_month_is_still_in_it() -> None:
    assert month_of(FEBRUARY_US) == 202602
    assert month_of(FEBRUARY_US - 1) == 202601
    assert month_start(202602) == month_end(202601) == day_start(date(2026, 2, 1)) == FEBRUARY_US
    assert day_of(FEBRUARY_US - 1) == date(2026, 1, 31)


@pytest.mark.parametrize(("text", "number"), [("2026-01", 202601), ("2026-12", 202612), ("0001-10", 110)])
def test_a_month_is_read_and_written(text: str, number: int) -> None:
    assert month(text) == number
    assert month_text(number) == text


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "202601", "2026-01-01", "0000-01", "", "m" * 21])
def test_what_is_not_a_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^not a month YYYY-MM: {text[:20]!r}$"):
        month(text)


@given(number=MONTHS, by=st.integers(-2_000, 2_000))
def test_months_count_twelve_to_a_year(number: int, by: int) -> None:
    shifted = month_shifted(number, by=by)
    assert 1 <= shifted % 100 <= 12
    assert (shifted // 100 - number // 100) * 12 + shifted % 100 - number % 100 == by
    assert month_shifted(shifted, by=-by) == number


@pytest.mark.parametrize(
    ("number", "by", "shifted"),
    [(202601, -1, 202512), (202512, 1, 202601), (202606, 0, 202606), (202601, 11, 202612), (202612, -11, 202601)],
)
def test_a_month_is_shifted(number: int, by: int, shifted: int) -> None:
    assert month_shifted(number, by=by) == shifted


@pytest.mark.parametrize(
    ("number", "released"), [(202601, "2026-02-16"), (202512, "2026-01-16"), (202602, "2026-03-16")]
)
def test_a_month_s_tier_is_released_on_the_sixteenth_of_the_next(number: int, released: str) -> None:
    assert tier_release_at(number) == instant(f"{released}T00:00:00+08:00")


def test_the_last_instant_and_month_of_the_calendar_are_in_it() -> None:
    assert instant(instant_text(INSTANT_MAX)) == INSTANT_MAX
    assert month(f"{YEAR_MAX}-12") == YEAR_MAX * 100 + 12
    for beyond, read in (("9999-01", month), ("9999-01-01T00:00:00Z", instant)):
        with pytest.raises(
            ValueError, match=re.escape(f"out of the calendar, which is 0001 to {YEAR_MAX}: {beyond!r}")
        ):
            read(beyond)
