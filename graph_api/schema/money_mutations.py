"""Mutations of money: settlement, payouts, e-contracts, locks."""

from __future__ import annotations

from collections.abc import Awaitable

import strawberry

from graph_api.actions import contracts, locks, payouts, settlement
from graph_api.context import Context
from graph_api.errors import Invalid
from graph_api.schema.access import Forbidden
from graph_api.schema.nodes import kind_and_key, resolver
from graph_api.schema.orders import Info
from graph_api.schema.payouts import (
    ContractPayload,
    Payout,
    PayoutsPayload,
    SetAside,
    SettlePayload,
    VoidHeldPayload,
)
from graph_api.schema.problems import attempted, user_errors
from graph_api.schema.promoters import PromoterPayload, visible
from graph_api.schema.scalars import Instant
from graph_api.viewer import Role

PAYOUTS_MAX = 1000


@strawberry.type
class MoneyMutations:
    @resolver(
        description="Releases what is due at the instant and creates its payouts; running it again changes nothing."
        " With a key, the same again answers as the first time."
    )
    async def settle(self, info: Info, as_of: Instant, key: str | None = None) -> SettlePayload:
        context = info.context
        settled, errors = await attempted(
            settlement.settle(context.store, as_of, key=key, actor=context.viewer.actor, now=context.now)
        )
        done = settled or settlement.Settled()
        return SettlePayload(
            payout_ids=done.payout_ids,
            released=done.released,
            payout_count=len(done.payout_ids),
            promotions=done.promotions,
            set_aside=[SetAside(subject=row.subject, key=row.key, reason=row.reason) for row in done.set_aside],
            errors=errors,
        )

    @resolver(description="Lets payouts go to their provider; a refund after this becomes debt.")
    async def approve_payouts(self, info: Info, ids: list[strawberry.ID], key: str | None = None) -> PayoutsPayload:
        context = info.context
        work = payouts.approve(context.store, _keys(ids), key=key, actor=context.viewer.actor, now=context.now)
        return await _payouts_payload(context, work)

    @resolver(description="They have arrived: for providers without a callback, such as the bank file.")
    async def confirm_payouts(
        self, info: Info, ids: list[strawberry.ID], at: Instant, key: str | None = None
    ) -> PayoutsPayload:
        context = info.context
        work = payouts.confirm(context.store, _keys(ids), at=at, key=key, actor=context.viewer.actor, now=context.now)
        return await _payouts_payload(context, work)

    @resolver(description="They came back: entries are payable again, and the next settlement makes a fresh attempt.")
    async def fail_payouts(
        self, info: Info, ids: list[strawberry.ID], reason: str, at: Instant, key: str | None = None
    ) -> PayoutsPayload:
        context = info.context
        work = payouts.fail(
            context.store, _keys(ids), reason=reason, at=at, key=key, actor=context.viewer.actor, now=context.now
        )
        return await _payouts_payload(context, work)

    @resolver(description='Accepts an e-contract; version may be "current". A promoter accepts for itself.')
    async def accept_contract(self, info: Info, promoter_code: str, version: str) -> PromoterPayload:
        context = info.context
        if context.viewer.role is Role.PROMOTER and context.viewer.promoter_code != promoter_code:
            raise Forbidden(f"{context.viewer.role} may not use Mutation.acceptContract of others")
        _, errors = await attempted(
            contracts.accept(
                context.store,
                code=promoter_code,
                version=version,
                actor=context.viewer.actor,
                now=context.now,
            )
        )
        return PromoterPayload(promoter=None if errors else await visible(context, promoter_code), errors=errors)

    @resolver(description="Publishes an e-contract, which everybody must accept before the next payout.")
    async def publish_contract(self, info: Info, version: str, title: str, body: str) -> ContractPayload:
        context = info.context
        _, errors = await attempted(
            contracts.publish(
                context.store, version=version, title=title, body=body, actor=context.viewer.actor, now=context.now
            )
        )
        return ContractPayload(version=None if errors else version, errors=errors)

    @resolver(description="Holds whatever of a promoter is not on its way, until a person has decided.")
    async def lock_promoter(self, info: Info, code: str, reason: str) -> PromoterPayload:
        context = info.context
        work = locks.lock(context.store, code=code, reason=reason, actor=context.viewer.actor, now=context.now)
        return await _promoter_payload(context, code, work)

    @resolver(description="Lets go of exactly what was held.")
    async def unlock_promoter(self, info: Info, code: str, reason: str) -> PromoterPayload:
        context = info.context
        work = locks.unlock(context.store, code=code, reason=reason, actor=context.viewer.actor, now=context.now)
        return await _promoter_payload(context, code, work)

    @resolver(description="Takes what is held from a locked promoter for good; debts stay, and so does the lock.")
    async def void_held_commissions(self, info: Info, code: str, reason: str) -> VoidHeldPayload:
        context = info.context
        voided_fen, errors = await attempted(
            locks.void_held(context.store, code=code, reason=reason, actor=context.viewer.actor, now=context.now)
        )
        return VoidHeldPayload(voided_fen=voided_fen or 0, errors=errors)


def _keys(ids: list[strawberry.ID]) -> list[str]:
    """The payouts' own ids; whatever is no id of a payout stays as it is, and is not found."""
    if len(ids) > PAYOUTS_MAX:
        raise Invalid(f"at most {PAYOUTS_MAX} payouts at a time, not {len(ids)}", field=["ids"])
    named = [kind_and_key(id) for id in ids]
    return [pair[1] if pair and pair[0] == "Payout" else f"?{id}" for pair, id in zip(named, ids, strict=True)]


async def _payouts_payload(context: Context, work: Awaitable[payouts.Moved]) -> PayoutsPayload:
    moved, errors = await attempted(work)
    if moved is None:
        return PayoutsPayload(payouts=[], errors=errors)
    cards = await context.payouts.cards(moved.ids)
    return PayoutsPayload(payouts=[Payout.of(card) for card in cards], errors=user_errors(moved.errors))


async def _promoter_payload(context: Context, code: str, work: Awaitable[None]) -> PromoterPayload:
    _, errors = await attempted(work)
    return PromoterPayload(promoter=None if errors else await visible(context, code), errors=errors)
