"""What would be if some promoters were locked; nothing is written."""

from __future__ import annotations

import strawberry

from graph_api.batched import impact
from graph_api.context import Context
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.promoters import Promoter, visible
from graph_api.schema.scalars import Fen


@strawberry.type(description="What a lock would do to one promoter.")
class LockEffect:
    code: strawberry.Private[str]
    locks: bool = strawberry.field(description="False if it is locked already: then a lock does nothing more.")
    frozen_fen: Fen = strawberry.field(
        description="What would be held that is not yet, less debts: all of the next three."
    )
    observing_fen: Fen = strawberry.field(description="Entries that are still observed.")
    released_fen: Fen = strawberry.field(description="Entries that are released and in no payout.")
    created_fen: Fen = strawberry.field(description="Entries in payouts that nobody approved yet.")
    debt_fen: Fen = strawberry.field(description="Debts that are netted in it, as a positive number.")
    held_fen: Fen = strawberry.field(description="What is held already.")
    entries: int = strawberry.field(description="Entries that would be held.")
    ended_payouts: int = strawberry.field(description="Payouts that nobody approved yet: they come to nothing.")
    stopped_payouts: int = strawberry.field(description="Approved payouts that would not be sent while it is locked.")
    stopped_fen: Fen = strawberry.field(description="Their gross; it is not held, it waits.")
    sent_payouts: int = strawberry.field(description="Payouts that have left: nothing calls them back.")
    sent_fen: Fen = strawberry.field(description="Their gross.")

    @resolver(description="The promoter.")
    async def promoter(self, info: Info) -> Promoter | None:
        return await visible(info.context, self.code)

    @classmethod
    def of(cls, effect: impact.LockEffect) -> LockEffect:
        return cls(
            code=effect.code,
            locks=effect.locks,
            frozen_fen=effect.frozen_fen,
            observing_fen=effect.observing_fen,
            released_fen=effect.released_fen,
            created_fen=effect.created_fen,
            debt_fen=effect.debt_fen,
            held_fen=effect.freeze.held_fen,
            entries=effect.entries,
            ended_payouts=effect.ended,
            stopped_payouts=effect.stopped,
            stopped_fen=effect.stopped_fen,
            sent_payouts=effect.freeze.sent,
            sent_fen=effect.freeze.sent_fen,
        )


@strawberry.type(description="Somebody above who would lose valid downlines. No rank is taken away.")
class UplineEffect:
    effect: strawberry.Private[impact.UplineEffect]
    downlines: list[str] = strawberry.field(description="Codes of the valid downlines that would count no more.")
    valid_downlines: int = strawberry.field(description="Valid downlines now.")
    valid_downlines_after: int = strawberry.field(description="Valid downlines after the lock.")
    required: int | None = strawberry.field(description="What the next rank asks for; null at the top.")
    eligible: bool = strawberry.field(description="Whether the next rank is reached now, by either route.")
    eligible_after: bool = strawberry.field(description="Whether it would still be.")
    rests_on_them: bool = strawberry.field(
        description="Whether its last promotion came by valid downlines, and fewer than it asked for would stay."
    )

    @resolver(description="The promoter above.")
    async def promoter(self, info: Info) -> Promoter | None:
        return await visible(info.context, self.effect.code)

    @classmethod
    def of(cls, effect: impact.UplineEffect) -> UplineEffect:
        return cls(
            effect=effect,
            downlines=list(effect.downlines),
            valid_downlines=effect.now.downlines,
            valid_downlines_after=effect.after.downlines,
            required=effect.now.downlines_required if effect.now.next_rank is not None else None,
            eligible=effect.now.eligible,
            eligible_after=effect.after.eligible,
            rests_on_them=effect.rests,
        )


@strawberry.type(
    description="What a lock of some promoters would do now. It holds their own entries; it does not hold what others earn"
    " on their sales, nor what has left already, and nobody below is locked."
)
class BlastRadius:
    radius: strawberry.Private[impact.BlastRadius]
    promoter_count: int = strawberry.field(description="Promoters asked for.")
    locks: int = strawberry.field(description="Those of them that are not locked yet.")
    frozen_fen: Fen = strawberry.field(description="What would be held that is not yet, to the fen.")
    entries: int = strawberry.field(description="Entries that would be held.")
    ended_payouts: int = strawberry.field(description="Payouts that would come to nothing.")
    stopped_payouts: int = strawberry.field(description="Approved payouts that would not be sent.")
    stopped_fen: Fen = strawberry.field(description="Their gross.")
    sent_fen: Fen = strawberry.field(description="Gross of payouts that have left, and are not stopped.")
    team_size: int = strawberry.field(description="People below them, each once; they are not locked.")
    upline_count: int = strawberry.field(description="Promoters above who would lose valid downlines.")
    override_above_fen: Fen = strawberry.field(
        description="Override that others earned on their sales and that is not paid yet: not frozen."
    )
    override_above_receivers: int = strawberry.field(description="How many earned it.")

    @resolver(description="One by one, by code.")
    def effects(self, first: int = 100) -> list[LockEffect]:
        return [LockEffect.of(effect) for effect in self.radius.effects[:first]]

    @resolver(description="Promoters above who would lose valid downlines, by code.")
    def uplines(self, first: int = 100) -> list[UplineEffect]:
        return [UplineEffect.of(effect) for effect in self.radius.uplines[:first]]

    @classmethod
    async def of_codes(cls, context: Context, codes: list[str]) -> BlastRadius:
        plan = await context.plans.in_force(context.now)
        return cls.of(await impact.blast_radius(context.store, context.promoters, plan, codes))

    @classmethod
    def of(cls, radius: impact.BlastRadius) -> BlastRadius:
        effects = radius.effects
        return cls(
            radius=radius,
            promoter_count=len(effects),
            locks=sum(effect.locks for effect in effects),
            frozen_fen=sum(effect.frozen_fen for effect in effects),
            entries=sum(effect.entries for effect in effects),
            ended_payouts=sum(effect.ended for effect in effects),
            stopped_payouts=sum(effect.stopped for effect in effects),
            stopped_fen=sum(effect.stopped_fen for effect in effects),
            sent_fen=sum(effect.freeze.sent_fen for effect in effects),
            team_size=radius.team_size,
            upline_count=len(radius.uplines),
            override_above_fen=radius.above.amount_fen,
            override_above_receivers=radius.above.receivers,
        )
