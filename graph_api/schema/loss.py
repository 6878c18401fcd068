"""What is lost if a promoter leaves; nothing is written."""

from __future__ import annotations

import strawberry

from graph_api.batched import loss
from graph_api.context import Context
from graph_api.rules.calendar import month_of
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.promoters import Promoter, visible
from graph_api.schema.scalars import Fen, Month
from graph_api.schema.teams import TeamLevel


@strawberry.type(description="Sales of a month that hang on a promoter.")
class LossMonth:
    month: Month = strawberry.field(description="The month.")
    own_fen: Fen = strawberry.field(description="Its own sales.")
    team_fen: Fen = strawberry.field(description="Sales of everybody below it.")


@strawberry.type(description="Override of others by their level above the seller.")
class LossLevel:
    level: int = strawberry.field(description="1 is the seller's referrer.")
    own_fen: Fen = strawberry.field(description="On the promoter's own sales: lost if it leaves.")
    branch_fen: Fen = strawberry.field(
        description="On sales of those who stood directly below it: lost only if they leave too."
    )


@strawberry.type(description="What somebody above would miss.")
class UplineLoss:
    code: strawberry.Private[str]
    level: int = strawberry.field(description="Levels above; 1 is the referrer.")
    team_fen: Fen = strawberry.field(description="Its team's sales of the months.")
    own_share_bp: int = strawberry.field(description="Basis points of them that are the promoter's own sales.")
    branch_share_bp: int = strawberry.field(description="The same with everybody below the promoter.")
    override_own_fen: Fen = strawberry.field(description="Its override on the promoter's own sales.")
    override_branch_fen: Fen = strawberry.field(
        description="Its override on sales of those directly below the promoter."
    )

    @resolver(description="The promoter above.")
    async def promoter(self, info: Info) -> Promoter | None:
        return await visible(info.context, self.code)


@strawberry.type(description="Buyers who are bound to a promoter now.")
class BoundCustomers:
    count: int = strawberry.field(description="Those with a live binding: their next order without a code is its own.")
    truncated: bool = strawberry.field(description="Whether more came through it than were looked at.")


@strawberry.type(
    description="What hangs on a promoter: its own sales are lost if it leaves, those of its branch only if that goes too."
    " Nobody moves up: those below keep it as their referrer, and what it earned on them is nobody's from then on."
)
class LossImpact:
    found: strawberry.Private[loss.Loss]
    team_size: int = strawberry.field(description="People below it, who stay where they are.")
    direct_count: int = strawberry.field(description="Of these, directly below.")
    levels: list[TeamLevel] = strawberry.field(description="The team by level; sums of all time.")
    months: list[LossMonth] = strawberry.field(description="Sales month by month, oldest first.")
    own_fen: Fen = strawberry.field(description="Own sales of these months.")
    team_fen: Fen = strawberry.field(description="Sales of everybody below in these months.")
    override_levels: list[LossLevel] = strawberry.field(description="Override of those above in these months.")
    root_share_bp: int = strawberry.field(
        description="Single point: basis points of the whole tree's sales in these months that are its own or below it."
    )

    @resolver(description="The promoter.")
    async def promoter(self, info: Info) -> Promoter | None:
        return await visible(info.context, self.found.code)

    @resolver(description="Those above it, nearest first.")
    async def uplines(self, info: Info, first: int = 10) -> list[UplineLoss]:
        rows = await loss.upline_losses(info.context.promoters, self.found, first)
        return [UplineLoss(**row._asdict()) for row in rows]

    @resolver(description="Override that it earned itself in these months on those below, which would be nobody's.")
    async def override_earned_fen(self, info: Info) -> Fen:
        reads = info.context.commissions
        sums = [await reads.sums(self.found.code, month=month.month) for month in self.found.months]
        return sum(row.amount_fen for rows in sums for row in rows if row.level > 0)

    @resolver(description="Buyers who are bound to it now.")
    async def customers(self, info: Info) -> BoundCustomers:
        found = await loss.customers(info.context.store, self.found.code, now=info.context.now)
        return BoundCustomers(count=found.count, truncated=found.truncated)

    @classmethod
    async def asked(cls, context: Context, code: str, *, months: int, until: int | None) -> LossImpact | None:
        last = month_of(context.now) if until is None else until
        found = await loss.lost(context.store, context.promoters, code, until=last, count=months)
        return cls.of(found) if found is not None else None

    @classmethod
    def of(cls, found: loss.Loss) -> LossImpact:
        levels = sorted({row.level for row in found.overrides})
        return cls(
            found=found,
            team_size=sum(level.size for level in found.levels),
            direct_count=found.levels[0].size if found.levels else 0,
            levels=[
                TeamLevel(level=level.level, size=level.size, orders=level.orders, volume_fen=level.volume_fen)
                for level in found.levels
            ],
            months=[LossMonth(**month._asdict()) for month in found.months],
            own_fen=found.own_fen,
            team_fen=found.team_fen,
            override_levels=[
                LossLevel(
                    level=level,
                    own_fen=sum(row.amount_fen for row in found.overrides if row.level == level and row.own),
                    branch_fen=sum(row.amount_fen for row in found.overrides if row.level == level and not row.own),
                )
                for level in levels
            ],
            root_share_bp=found.root_share_bp,
        )
