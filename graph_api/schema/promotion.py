"""Promotion: both routes to the next rank, and who is nearly a valid downline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from graph_api.batched.rows import PromotionFacts
from graph_api.context import Context, Language
from graph_api.rules import promotion as rules
from graph_api.rules.promotion import Progress, SalesOfMonth
from graph_api.schema import sentences
from graph_api.schema.enums import Rank
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.scalars import Fen, Month

if TYPE_CHECKING:
    from graph_api.schema.promoters import Promoter


@strawberry.interface(description="A way up; either is enough.")
class PromotionRoute:
    satisfied: bool = strawberry.field(description="Whether it leads up at the next evaluation.")
    detail: str = strawberry.field(description="How far it is, as a sentence.")


@strawberry.type(description="By valid downlines, counted over all time.")
class ValidDownlinesRoute(PromotionRoute):
    current: int = strawberry.field(description="Valid downlines now.")
    required: int = strawberry.field(description="Valid downlines that the plan asks for.")


@strawberry.type(description="Own sales of a calendar month.")
class SalesMonth:
    month: Month = strawberry.field(description="The month.")
    sales_fen: Fen = strawberry.field(description="Own sales of it.")
    reached: bool = strawberry.field(description="Whether they are enough.")


@strawberry.type(description="By own sales of consecutive calendar months.")
class SalesMonthsRoute(PromotionRoute):
    months: list[SalesMonth] = strawberry.field(description="The latest months, oldest first.")
    required_months: int = strawberry.field(description="Consecutive months that the plan asks for.")
    required_fen: Fen = strawberry.field(description="Own sales that each of them must reach.")


@strawberry.type(description="How far the next rank is. It comes by itself, when a month closes or a settlement runs.")
class PromotionProgress:
    code: strawberry.Private[str]
    eligible: bool = strawberry.field(description="Whether a route is satisfied.")
    rank: Rank = strawberry.field(description="The present rank.")
    next_rank: Rank | None = strawberry.field(description="Null at the top.")
    routes: list[PromotionRoute] = strawberry.field(description="Both ways up.")

    @resolver(description="Direct downlines that are one order short of valid, nearest first.")
    async def nearly_valid(
        self, info: Info, first: int = 10
    ) -> list[Annotated[Promoter, strawberry.lazy("graph_api.schema.promoters")]]:
        from graph_api.schema.promoters import Promoter

        return [Promoter.of(card) for card in await info.context.promoters.nearly_valid(self.code, first)]

    @classmethod
    async def of_promoter(cls, context: Context, code: str) -> PromotionProgress:
        plan = await context.plans.in_force(context.now)
        facts = await context.promoters.promotion(code, sales_months=plan.sales_months)
        months = [SalesOfMonth(*month) for month in facts.months]
        progress = rules.progress(plan, rank=facts.rank, valid_downlines=facts.valid_downlines, months=months)
        return cls.of(code, facts, progress, context.language)

    @classmethod
    def of(cls, code: str, facts: PromotionFacts, progress: Progress, language: Language) -> PromotionProgress:
        return cls(
            code=code,
            eligible=progress.eligible,
            rank=facts.rank,
            next_rank=progress.next_rank,
            routes=routes_of(progress, language),
        )


def routes_of(progress: Progress, language: Language) -> list[PromotionRoute]:
    """Both routes, each with how far it is."""
    return [
        ValidDownlinesRoute(
            satisfied=progress.by_downlines,
            detail=sentences.downlines_detail(progress, language=language),
            current=progress.downlines,
            required=progress.downlines_required,
        ),
        SalesMonthsRoute(
            satisfied=progress.by_sales,
            detail=sentences.sales_detail(progress, language=language),
            months=[_month(month, progress) for month in progress.months],
            required_months=len(progress.months),
            required_fen=progress.month_required_fen,
        ),
    ]


def _month(month: SalesOfMonth, progress: Progress) -> SalesMonth:
    reached = month.sales_fen >= progress.month_required_fen
    return SalesMonth(month=month.month, sales_fen=month.sales_fen, reached=reached)
