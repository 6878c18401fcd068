"""Closing a month: observations that are over, one TIER entry each, promotions by one step. Months close in order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from cypher import months
from cypher.statements import Run
from cypher.store import Store, Transaction
from graph_api.actions.plans import all_versions
from graph_api.actions.promotions import by_month
from graph_api.actions.tiers import post_differences
from graph_api.errors import OutOfBounds, WrongState
from graph_api.rules.calendar import month_end, month_shifted, month_text
from graph_api.rules.plan import Plan, plan_in_force

COMPLETE_BATCH = 20_000
ALONG_MAX = 1_200
"""Months without sales that one close takes along: a slip of the keyboard is not to close thousands of years."""
CLOSE_TIMEOUT_SECONDS = 600.0


class MonthClosed(NamedTuple):
    tier_entries: int
    promotions: int


async def close(store: Store, month: int, *, actor: str, now: int) -> MonthClosed:
    """Close a month; closing it again changes nothing.

    An earlier month that has sales must be closed before; earlier ones without sales are closed along.
    """
    closed = await months.closed(store)
    if any(row.month == month for row in closed):
        return MonthClosed(0, 0)
    await _in_order(store, month)
    while await complete_some(store, until_at=month_end(month), actor=actor, now=now):
        pass

    async def work(transaction: Transaction) -> MonthClosed:
        closed = [row.month for row in await months.closed(transaction)]
        if month in closed:
            return MonthClosed(0, 0)
        await _in_order(transaction, month)  # an order may have come since
        versions = await all_versions(transaction)
        plan = plan_in_force(versions, month_end(month) - 1)
        await months.close(
            transaction,
            rows=[_node(m, plan_in_force(versions, month_end(m) - 1)) for m in _to_close(month, closed)],
        )
        above = await months.above_threshold(transaction, month=month, threshold_fen=plan.tier_threshold_fen)
        pairs = sorted((row.promoter_code, row.month) for row in above)
        tier_entries = await post_differences(transaction, pairs, at_close=True, number=None, actor=actor)
        # A month that is closed after a later one brings no promotion: the later close has judged since.
        late = any(other > month for other in closed)
        promotions = 0 if late else await by_month(transaction, plan, month, effective_at=month_end(month), actor=actor)
        transaction.journal(
            "month_closed",
            at=month_end(month),
            actor=actor,
            month=month,
            tiers=tier_entries,
            promotions=promotions,
        )
        return MonthClosed(tier_entries, promotions)

    return await store.write(work, now=now, timeout_seconds=CLOSE_TIMEOUT_SECONDS)


async def _in_order(run: Run, month: int) -> None:
    skipped = await months.open_month_with_sales(run, month=month)
    if skipped is not None:
        raise WrongState(f"close {month_text(skipped.month)} first: months close in order", field=["month"])


async def complete_some(store: Store, *, until_at: int, actor: str, now: int) -> bool:
    """End some observations; False when none was left. Bounded transactions: each is harmless to repeat."""

    async def work(transaction: Transaction) -> int:
        done = await months.complete(transaction, until_at=until_at, first=COMPLETE_BATCH)
        if done.orders:
            transaction.journal(
                "orders_completed", at=until_at, actor=actor, codes=done.seller_codes, count=done.orders
            )
        return done.orders

    return await store.write(work, now=now, timeout_seconds=CLOSE_TIMEOUT_SECONDS) == COMPLETE_BATCH


def _to_close(month: int, closed: list[int]) -> list[int]:
    """The month and the open ones between it and the last closed month before it; OutOfBounds if they are many."""
    last = max((other for other in closed if other < month), default=month_shifted(month, by=-1))
    between = [month_shifted(month, by=-back) for back in range(ALONG_MAX + 1)]
    to_close = sorted(each for each in between if each > last)
    if len(to_close) > ALONG_MAX:
        raise OutOfBounds(
            f"{month_text(last)} is the last closed month before it; one close takes at most {ALONG_MAX} along",
            field=["month"],
        )
    return to_close


def in_steps(month: int, closed: Iterable[int]) -> list[int]:
    """Months to close one after the other so that `month` is closed and none takes too many along.

    >>> in_steps(202601, [202511]), in_steps(202601, [190001]), in_steps(202601, [])
    ([202601], [200001, 202601], [202601])
    """
    steps = [month]
    last = max((other for other in closed if other < month), default=month_shifted(month, by=-1))
    while (before := month_shifted(last, by=ALONG_MAX)) < month:
        steps.insert(-1, before)
        last = before
    return steps


def _node(month: int, plan: Plan) -> dict[str, Any]:
    return {
        "month": month,
        "tier_threshold_fen": plan.tier_threshold_fen,
        "tier_bp": plan.tier_bp,
        "plan_version": plan.version,
    }
