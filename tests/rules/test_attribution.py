"""Whom a buyer is bound to."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.attribution import Touch, bound_to
from graph_api.rules.calendar import DAY_US
from graph_api.rules.plan import DEFAULT_PLAN, Attribution, Plan

FIRST = replace(DEFAULT_PLAN, attribution=Attribution.FIRST_TOUCH, attribution_days=30)
LAST = replace(DEFAULT_PLAN, attribution=Attribution.LAST_TOUCH, attribution_days=30)
TOUCHES = st.lists(
    st.builds(Touch, st.integers(-5, 120).map(lambda day: day * DAY_US // 2), st.sampled_from("klm"), st.just("A")),
    max_size=10,
)


def touch(day: int, code: str, key: str = "k") -> Touch:
    return Touch(day * DAY_US, key, code)


def always(plan: Plan) -> Callable[[int], Plan]:
    return lambda _at: plan


def seller(touches: list[Touch], at: int, plan: Plan) -> str | None:
    bound = bound_to(touches, at, always(plan))
    return None if bound is None else bound.promoter_code


@pytest.mark.parametrize(
    ("touches", "at", "first", "last"),
    [
        ([], 0, None, None),
        ([touch(1, "A")], 1 * DAY_US, "A", "A"),
        ([touch(1, "A")], 1 * DAY_US - 1, None, None),
        ([touch(1, "A")], 31 * DAY_US - 1, "A", "A"),
        ([touch(1, "A")], 31 * DAY_US, None, None),
        ([touch(1, "A"), touch(5, "B")], 6 * DAY_US, "A", "B"),
        ([touch(1, "A"), touch(5, "A")], 33 * DAY_US, None, "A"),  # a first touch is not renewed
        ([touch(1, "A"), touch(31, "B")], 31 * DAY_US, "B", "B"),  # the first has just run out
        ([touch(1, "A"), touch(30, "B")], 31 * DAY_US, None, "B"),  # B came while A was bound
        ([touch(1, "A"), touch(50, "B")], 40 * DAY_US, None, None),
        ([touch(1, "A"), touch(5, "B"), touch(32, "C")], 33 * DAY_US, "C", "C"),  # B came to nothing, C did not
        ([touch(1, "A", "k"), touch(1, "B", "l")], 1 * DAY_US, "A", "B"),  # one instant: by key
    ],
)
def test_first_and_last_touch(touches: list[Touch], at: int, first: str | None, last: str | None) -> None:
    assert (seller(touches, at, FIRST), seller(touches, at, LAST)) == (first, last)
    assert (seller(touches[::-1], at, FIRST), seller(touches[::-1], at, LAST)) == (first, last)


def test_the_plan_at_each_touch_says_how_it_binds() -> None:
    touches = [touch(1, "A"), touch(2, "B"), touch(3, "C")]
    plans = {1: FIRST, 2: replace(LAST, attribution_days=5), 3: FIRST}
    assert bound_to(touches, 4 * DAY_US, lambda at: plans[at // DAY_US]) == touches[1]
    assert bound_to(touches, 7 * DAY_US, lambda at: plans[at // DAY_US]) is None


def test_without_days_a_touch_binds_nobody() -> None:
    assert seller([touch(1, "A")], DAY_US, replace(FIRST, attribution_days=0)) is None


def test_a_touch_before_1970_binds_too() -> None:
    """Instants are negative then: nothing is bound before the first touch, whatever its sign."""
    assert seller([touch(-50, "A")], -49 * DAY_US, FIRST) == "A"
    assert seller([touch(-50, "A"), touch(-10, "B")], -9 * DAY_US, FIRST) == "B"


@given(touches=TOUCHES, at=st.integers(0, 60 * DAY_US), seed=st.integers(0, 99))
def test_the_order_of_arrival_does_not_matter(touches: list[Touch], at: int, seed: int) -> None:
    arrived = random.Random(seed).sample(touches, len(touches))
    for plan in (FIRST, LAST):
        assert bound_to(arrived, at, always(plan)) == bound_to(touches, at, always(plan))


@given(touches=TOUCHES, at=st.integers(0, 60 * DAY_US))
def test_last_touch_is_the_latest_that_still_binds(touches: list[Touch], at: int) -> None:
    past = [touch for touch in touches if touch.at <= at]
    latest = max(past, default=None)
    expected = latest if latest is not None and at < latest.at + 30 * DAY_US else None
    assert bound_to(touches, at, always(LAST)) == expected


@given(touches=TOUCHES, at=st.integers(0, 60 * DAY_US))
def test_first_touch_binds_in_runs_of_its_days(touches: list[Touch], at: int) -> None:
    left = sorted(touch for touch in touches if touch.at <= at)
    bound = None
    while left:
        bound, *later = left
        left = [touch for touch in later if touch.at >= bound.at + 30 * DAY_US]
    expected = bound if bound is not None and at < bound.at + 30 * DAY_US else None
    assert bound_to(touches, at, always(FIRST)) == expected
