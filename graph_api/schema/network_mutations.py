"""Mutations of the referral network."""

from __future__ import annotations

import strawberry

from graph_api.actions import identifiers, promoters
from graph_api.context import Context
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.problems import UserError, attempted, user_errors
from graph_api.schema.promoters import (
    BindReferrerInput,
    EnrolPromoterInput,
    MoveBranchInput,
    PromoterPayload,
    visible,
)
from graph_api.schema.touches import IdentifierInput, LinkIdentifiersPayload


@strawberry.type
class NetworkMutations:
    @resolver(description="Enrols a promoter; the same again is a success.")
    async def enrol_promoter(self, info: Info, input: EnrolPromoterInput) -> PromoterPayload:
        context = info.context
        row = promoters.Enrolment(**vars(input))
        outcomes, errors = await attempted(
            promoters.enrol(context.store, context.pii, [row], actor=context.viewer.actor, now=context.now)
        )
        errors += user_errors([outcome.error for outcome in outcomes or []])
        return await _payload(context, input.code, errors)

    @resolver(description="Gives a promoter without a referrer its one referrer.")
    async def bind_referrer(self, info: Info, input: BindReferrerInput) -> PromoterPayload:
        context = info.context
        _, errors = await attempted(
            promoters.bind(context.store, **vars(input), actor=context.viewer.actor, now=context.now)
        )
        return await _payload(context, input.promoter_code, errors)

    @resolver(description="Moves a promoter with its whole branch; what was sold stays as it was.")
    async def move_branch(self, info: Info, input: MoveBranchInput) -> PromoterPayload:
        context = info.context
        _, errors = await attempted(
            promoters.move(context.store, **vars(input), actor=context.viewer.actor, now=context.now)
        )
        return await _payload(context, input.promoter_code, errors)

    @resolver(description="Closes a promoter: it earns nothing on later orders; its branch stays.")
    async def close_promoter(self, info: Info, code: str, reason: str) -> PromoterPayload:
        context = info.context
        _, errors = await attempted(
            promoters.close(context.store, code=code, reason=reason, actor=context.viewer.actor, now=context.now)
        )
        return await _payload(context, code, errors)

    @resolver(description="Links people to devices, accounts, ID numbers, phones and addresses.")
    async def link_identifiers(self, info: Info, input: list[IdentifierInput]) -> LinkIdentifiersPayload:
        context = info.context
        rows = [identifiers.Identification(row.code, row.kind.value, row.value) for row in input]
        outcomes, errors = await attempted(
            identifiers.link(context.store, context.pii, rows, actor=context.viewer.actor, now=context.now)
        )
        refused = [outcome.error for outcome in outcomes or [] if outcome.error is not None]
        linked = len(outcomes or []) - len(refused)
        return LinkIdentifiersPayload(linked=linked, errors=errors + user_errors(refused))


async def _payload(context: Context, code: str, errors: list[UserError]) -> PromoterPayload:
    promoter = None if errors else await visible(context, code)
    return PromoterPayload(promoter=promoter, errors=errors)
