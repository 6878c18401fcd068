"""Days cut into spans: each day once, in order, whatever the period."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.errors import Invalid
from graph_api.rules.calendar import instant_text
from graph_api.rules.spans import SPANS_MAX, Period, spans

DAYS = st.dates(date(2, 1, 1), date(9990, 1, 1))


@given(DAYS, st.integers(0, SPANS_MAX - 1), st.sampled_from(["DAY", "WEEK", "MONTH"]))
def test_each_day_lies_in_one_span(first: date, more: int, period: Period) -> None:
    last = first + timedelta(days=more)
    found = spans(period, first, last)
    assert (found[0].first, found[-1].last) == (first, last)
    for before, after in pairwise(found):
        assert before.last + timedelta(days=1) == after.first
        assert before.until_at == after.from_at
    for span in found:
        days = (span.last - span.first).days + 1
        assert span.until_at - span.from_at == days * 86_400_000_000
        assert days == 1 if period == "DAY" else days <= (7 if period == "WEEK" else 31)
    for span in found[1:]:
        assert period != "WEEK" or span.first.weekday() == 0
        assert period != "MONTH" or span.first.day == 1


def test_a_day_begins_in_shanghai() -> None:
    (span,) = spans("MONTH", date(2026, 2, 1), date(2026, 2, 28))
    assert (instant_text(span.from_at), instant_text(span.until_at)) == ("2026-01-31T16:00:00Z", "2026-02-28T16:00:00Z")


def test_four_hundred_spans_are_the_most_and_none_is_refused() -> None:
    first = date(2025, 1, 1)
    assert len(spans("DAY", first, first + timedelta(days=399))) == 400
    for period, last in (
        ("DAY", first + timedelta(days=400)),
        ("MONTH", date(2060, 1, 1)),
        ("DAY", date(2024, 12, 31)),
    ):
        with pytest.raises(Invalid):
            spans(period, first, last)  # type: ignore[arg-type]
    with pytest.raises(Invalid):
        spans("MONTH", first, date(9998, 1, 1))
