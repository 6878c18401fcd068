"""Two routes up the ladder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from graph_api.rules.plan import DEFAULT_PLAN, Rank
from graph_api.rules.promotion import Progress, SalesOfMonth, months_ending, progress


def months(*sales_fen: int) -> tuple[SalesOfMonth, ...]:
    return tuple(SalesOfMonth(202601 + index, fen) for index, fen in enumerate(sales_fen))


def test_the_months_that_count_end_with_the_one_asked_for() -> None:
    assert months_ending(202602, count=3) == [202512, 202601, 202602]
    assert months_ending(202602, count=1) == [202602]
    assert months_ending(202602, count=0) == []


@pytest.mark.parametrize(
    ("rank", "next_rank", "downlines_required", "month_required_fen"),
    [
        (Rank.PROMOTER, Rank.SENIOR, 20, 1_000_000),
        (Rank.SENIOR, Rank.ELITE, 60, 3_000_000),
        (Rank.ELITE, None, 60, 3_000_000),
    ],
)
def test_each_step_has_its_own_numbers(
    rank: Rank, next_rank: Rank | None, downlines_required: int, month_required_fen: int
) -> None:
    sales = months(1, 2, 3)
    assert progress(DEFAULT_PLAN, rank=rank, valid_downlines=7, months=list(sales)) == Progress(
        rank, next_rank, 7, downlines_required, sales, month_required_fen
    )


@pytest.mark.parametrize(
    ("downlines", "sales_fen", "by_downlines", "by_sales"),
    [
        (0, (0, 0, 0), False, False),
        (19, (999_999, 1_000_000, 1_000_000), False, False),
        (20, (1_000_000, 1_000_000, 999_999), True, False),
        (19, (1_000_000, 1_000_000, 1_000_000), False, True),
        (21, (1_000_001, 1_000_000, 9_000_000), True, True),
    ],
)
def test_either_route_is_enough(downlines: int, sales_fen: tuple[int, ...], by_downlines: bool, by_sales: bool) -> None:
    reached = progress(DEFAULT_PLAN, rank=Rank.PROMOTER, valid_downlines=downlines, months=months(*sales_fen))
    assert (reached.by_downlines, reached.by_sales) == (by_downlines, by_sales)
    assert reached.eligible is (by_downlines or by_sales)


def test_there_is_no_step_above_the_last() -> None:
    reached = progress(DEFAULT_PLAN, rank=Rank.ELITE, valid_downlines=10**6, months=months(10**9, 10**9, 10**9))
    assert (reached.by_downlines, reached.by_sales, reached.eligible) == (False, False, False)


def test_the_numbers_are_the_plan_s() -> None:
    plan = replace(DEFAULT_PLAN, valid_downlines=(2, 3), sales_month_fen=(10, 20))
    senior = progress(plan, rank=Rank.SENIOR, valid_downlines=3, months=months(19))
    assert (senior.downlines_required, senior.month_required_fen, senior.by_downlines, senior.by_sales) == (
        3,
        20,
        True,
        False,
    )
