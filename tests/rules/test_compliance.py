"""The prosecution line: levels and people together, the organiser counted."""

from __future__ import annotations

import pytest

from graph_api.rules.compliance import ComplianceState, Meter, meter, over_the_line


@pytest.mark.parametrize(
    ("levels", "people", "state"),
    [
        (3, 30, "OVER"),
        (3, 29, "NEAR"),
        (3, 24, "NEAR"),
        (3, 23, "CLEAR"),
        (2, 30, "CLEAR"),
        (9, 9, "CLEAR"),
        (4, 31, "OVER"),
    ],
)
def test_both_limits_count_together(levels: int, people: int, state: str) -> None:
    assert Meter(levels, people).state is ComplianceState(state)


def test_the_promoter_is_a_level_and_a_person() -> None:
    assert meter({}) == Meter(1, 1)
    assert meter({1: 28, 2: 1}) == Meter(3, 30)
    assert meter({1: 3, 2: 0}) == Meter(2, 4)


def test_a_refusal_names_the_tree_and_its_size() -> None:
    error = over_the_line("R", Meter(3, 31))
    assert (error.code, error.field) == ("COMPLIANCE_LIMIT", ["referrerCode"])
    assert error.message == "the tree of R would have 3 levels and 31 people; the plan refuses 3 levels and 30 people"
