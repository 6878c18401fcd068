"""Promotion: two routes up the ladder, one step at each evaluation, no way down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from graph_api.rules.calendar import month_shifted
from graph_api.rules.plan import RANKS, Plan, Rank


class SalesOfMonth(NamedTuple):
    month: int
    sales_fen: int


class Progress(NamedTuple):
    """Both routes of the next step; `months` end with the month asked for, oldest first."""

    rank: Rank
    next_rank: Rank | None
    downlines: int
    downlines_required: int
    months: tuple[SalesOfMonth, ...]
    month_required_fen: int

    @property
    def by_downlines(self) -> bool:
        return self.next_rank is not None and self.downlines >= self.downlines_required

    @property
    def by_sales(self) -> bool:
        return self.next_rank is not None and all(month.sales_fen >= self.month_required_fen for month in self.months)

    @property
    def eligible(self) -> bool:
        return self.by_downlines or self.by_sales


def months_ending(month: int, *, count: int) -> list[int]:
    """
    >>> months_ending(202602, count=3)
    [202512, 202601, 202602]
    """
    return [month_shifted(month, by=-back) for back in reversed(range(count))]


def progress(plan: Plan, *, rank: Rank, valid_downlines: int, months: Sequence[SalesOfMonth]) -> Progress:
    """How far a promoter of `rank` is; `months` are the consecutive months of own sales that count, oldest first."""
    step = RANKS.index(rank)
    if step + 1 == len(RANKS):
        return Progress(rank, None, valid_downlines, plan.valid_downlines[-1], tuple(months), plan.sales_month_fen[-1])
    return Progress(
        rank,
        RANKS[step + 1],
        valid_downlines,
        plan.valid_downlines[step],
        tuple(months),
        plan.sales_month_fen[step],
    )
