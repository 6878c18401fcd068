"""Promotion as it would be without linked accounts, beside the actual one."""

from __future__ import annotations

import strawberry

from graph_api.batched import counterfactual
from graph_api.batched.counterfactual import Counterfactual as Answer
from graph_api.context import Context, Language
from graph_api.rules.counterfactual import LeftOut as Row
from graph_api.rules.counterfactual import StepWithout as StepWithoutRow
from graph_api.rules.plan import Rank
from graph_api.rules.promotion import Progress
from graph_api.schema.enums import IdentifierKind
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.promoters import Promoter, visible
from graph_api.schema.promotion import PromotionRoute, SalesMonth, routes_of
from graph_api.schema.scalars import Instant
from graph_api.schema.structures import HASH_SHOWN


@strawberry.type(description="Both routes to the next rank.")
class PromotionOutlook:
    eligible: bool = strawberry.field(description="Whether a route is satisfied.")
    routes: list[PromotionRoute] = strawberry.field(description="Both ways up.")

    @classmethod
    def of(cls, progress: Progress, language: Language) -> PromotionOutlook:
        return cls(eligible=progress.eligible, routes=routes_of(progress, language))


@strawberry.type(description="An identifier that several people have, by the beginning of its keyed hash.")
class SharedIdentifier:
    kind: IdentifierKind = strawberry.field(description="What it is.")
    hash: str = strawberry.field(description="The beginning of its keyed hash.")

    @classmethod
    def of(cls, name: str) -> SharedIdentifier:
        kind, _, key = name.partition(":")
        return cls(kind=IdentifierKind(kind), hash=key[:HASH_SHOWN])


@strawberry.type(description="Somebody whom the promotion is judged without, and why.")
class LeftOut:
    code: str = strawberry.field(description="Of a promoter or buyer.")
    named: bool = strawberry.field(description="Asked for by code.")
    direct: bool = strawberry.field(description="Whether it is a direct downline; others count as buyers only.")
    identifiers: list[SharedIdentifier] = strawberry.field(description="What joins it to its ring.")

    @classmethod
    def of(cls, row: Row, *, direct: bool) -> LeftOut:
        return cls(
            code=row.code,
            named=row.named,
            direct=direct,
            identifiers=[SharedIdentifier.of(name) for name in row.identifiers],
        )


@strawberry.type(
    description="A step up as it was recorded, and without those left out: months by what is known of those sales now,"
    " downlines by what was counted then less those that only they made valid."
)
class StepWithout:
    rank: Rank = strawberry.field(description="The rank that it led to.")
    at: Instant = strawberry.field(description="From when it counts.")
    holds: bool = strawberry.field(description="Whether a route would still have been enough.")
    downlines: int = strawberry.field(description="Valid downlines then.")
    downlines_without: int = strawberry.field(description="Without those left out.")
    downlines_required: int = strawberry.field(description="What was asked for then.")
    months: list[SalesMonth] = strawberry.field(description="Own sales of the months then, without those left out.")

    @classmethod
    def of(cls, row: StepWithoutRow) -> StepWithout:
        step = row.step
        return cls(
            rank=step.to_rank,
            at=step.effective_at,
            holds=row.holds,
            downlines=step.downlines,
            downlines_without=row.downlines,
            downlines_required=step.downlines_required,
            months=[
                SalesMonth(
                    month=each.month, sales_fen=each.sales_fen, reached=each.sales_fen >= step.month_required_fen
                )
                for each in row.months
            ],
        )


@strawberry.type(
    description="A promoter's promotion without linked accounts. People who share a device, payout account, phone or ID"
    " number, directly or through others, are one ring; identifiers of more than 20 people join nobody. Left out are the"
    " promoter's own ring, every ring with two or more of its direct downlines, and whoever is named: as downlines, as"
    " buyers who make a downline valid, and as buyers of the promoter's own sales."
)
class Counterfactual:
    answer: strawberry.Private[Answer]
    rank: Rank = strawberry.field(description="The present rank.")
    next_rank: Rank | None = strawberry.field(description="Null at the top.")
    actual: PromotionOutlook = strawberry.field(description="As it is.")
    without: PromotionOutlook = strawberry.field(description="Without those left out.")
    rank_holds: bool | None = strawberry.field(
        description="Whether every recorded step up to the present rank would have been reached; null if none is recorded."
    )
    steps: list[StepWithout] = strawberry.field(description="The recorded steps, oldest first.")
    left_out_count: int = strawberry.field(description="How many are left out.")
    truncated: bool = strawberry.field(description="Whether there was more to look at than was: more may be linked.")

    @resolver(description="The promoter.")
    async def promoter(self, info: Info) -> Promoter | None:
        return await visible(info.context, self.answer.code)

    @resolver(description="Who is left out and why, by code.")
    def left_out(self, first: int = 100) -> list[LeftOut]:
        rows = self.answer.left_out[:first]
        return [LeftOut.of(row, direct=row.code in self.answer.direct) for row in rows]

    @classmethod
    async def asked(
        cls, context: Context, code: str, without: list[str], *, linked_accounts: bool
    ) -> Counterfactual | None:
        plan = await context.plans.in_force(context.now)
        answer = await counterfactual.counterfactual(
            context.store, context.promoters, plan, code, without=without, linked_accounts=linked_accounts
        )
        return cls.of(answer, context.language) if answer is not None else None

    @classmethod
    def of(cls, answer: Answer, language: Language) -> Counterfactual:
        recounted = answer.recounted
        return cls(
            answer=answer,
            rank=recounted.actual.rank,
            next_rank=recounted.actual.next_rank,
            actual=PromotionOutlook.of(recounted.actual, language),
            without=PromotionOutlook.of(recounted.without, language),
            rank_holds=all(step.holds for step in recounted.steps) if recounted.steps else None,
            steps=[StepWithout.of(step) for step in recounted.steps],
            left_out_count=len(answer.left_out),
            truncated=answer.truncated,
        )
