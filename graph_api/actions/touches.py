"""Touches: a buyer came through a promoter's link or code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cypher import network, orders
from cypher.gathering import Gathering
from cypher.statements import Run
from cypher.store import Store, Transaction
from graph_api.actions.attribution import attribute_codeless
from graph_api.actions.outcome import RECORDED, UNCHANGED, Outcome, refused
from graph_api.actions.plans import all_versions
from graph_api.errors import Conflict, DomainError, NotActive, NotFound
from graph_api.rules.attribution import Touch, bound_to
from graph_api.rules.codes import code_error
from graph_api.rules.plan import plan_in_force


@dataclass(frozen=True, slots=True)
class NewTouch:
    """`key` is the idempotency key."""

    buyer_code: str
    promoter_code: str
    at: int
    key: str


class Telling(NamedTuple):
    """What one caller tells, and in whose name. `historical`: the promoter may be closed by now."""

    touches: Sequence[NewTouch]
    actor: str
    historical: bool


async def record(
    store: Store, touches: Sequence[NewTouch], *, actor: str, now: int, historical: bool = False
) -> list[Outcome]:
    """Record touches; the same touch again is `unchanged`. Callers at one time share a transaction.

    Overloaded if too many touches wait.
    """
    return await RECORDING.ask(store, Telling(touches, actor, historical), now=now)


async def record_all(transaction: Transaction, tellings: Sequence[Telling]) -> list[list[Outcome]]:
    """Record what several callers tell, all touches of one actor in one journal entry."""
    outcomes: list[list[Outcome]] = [[] for _ in tellings]
    for actor in dict.fromkeys(telling.actor for telling in tellings):
        places = [place for place, telling in enumerate(tellings) if telling.actor == actor]
        recorded = await _record(transaction, [tellings[place] for place in places], actor=actor)
        for place, each in zip(places, recorded, strict=True):
            outcomes[place] = each
    return outcomes


RECORDING = Gathering(record_all, rows=lambda telling: len(telling.touches))


async def _record(transaction: Transaction, tellings: Sequence[Telling], *, actor: str) -> list[list[Outcome]]:
    touches = [touch for telling in tellings for touch in telling.touches]
    known = {
        row.key: NewTouch(row.buyer_code, row.promoter_code, row.at, row.key)
        for row in await orders.touch_keys(transaction, keys=sorted({touch.key for touch in touches}))
    }
    codes = sorted({touch.promoter_code for touch in touches})
    statuses = {p.code: p.status for p in await network.people(transaction, codes=codes) if p.promoter}
    fresh: list[NewTouch] = []

    def outcome_of(touch: NewTouch, historical: bool) -> Outcome:
        outcome = _outcome(touch, known, statuses, historical=historical)
        if outcome is RECORDED:
            known[touch.key] = touch
            fresh.append(touch)
        return outcome

    outcomes = [[outcome_of(touch, telling.historical) for touch in telling.touches] for telling in tellings]
    if fresh:
        rows = [{"buyer_code": t.buyer_code, "promoter_code": t.promoter_code, "at": t.at, "key": t.key} for t in fresh]
        await orders.touch(transaction, rows=rows)
        transaction.journal("touches_recorded", at=transaction.recorded_at, actor=actor, count=len(fresh))
        plans = await all_versions(transaction)
        await attribute_codeless(transaction, {t.buyer_code for t in fresh}, plans, actor=actor)
    return outcomes


async def bound_now(run: Run, buyer_code: str, at: int) -> str | None:
    """The promoter that a buyer is bound to at an instant."""
    touches = [Touch(row.at, row.key, row.promoter_code) for row in await orders.bindings(run, buyer_code=buyer_code)]
    plans = await all_versions(run)
    bound = bound_to(touches, at, lambda touched_at: plan_in_force(plans, touched_at))
    return bound.promoter_code if bound else None


def _outcome(
    touch: NewTouch, known: dict[str, NewTouch], statuses: dict[str, str | None], *, historical: bool
) -> Outcome:
    error: DomainError | None = code_error(touch.buyer_code, field="buyerCode") or code_error(touch.key, field="key")
    if error is not None:
        return refused(error)
    if touch.key in known:
        if known[touch.key] == touch:
            return UNCHANGED
        return refused(Conflict("the key was used for another touch", field=["key"]))
    if touch.promoter_code not in statuses:
        return refused(NotFound(f"no promoter {touch.promoter_code!r}", field=["promoterCode"]))
    if statuses[touch.promoter_code] != "ACTIVE" and not historical:
        return refused(NotActive(f"{touch.promoter_code} is not active", field=["promoterCode"]))
    return RECORDED
