"""Closing a month: observations that are over, one TIER entry each, promotions by one step. Months close in order."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from cypher import months
from cypher.store import Store, Transaction
from graph_api.actions.plans import all_versions
from graph_api.actions.tiers import post_differences
from graph_api.errors import WrongState
from graph_api.rules.calendar import month_end, month_shifted, month_text
from graph_api.rules.plan import RANKS, Plan, Rank, plan_in_force
from graph_api.rules.promotion import SalesOfMonth, months_ending, progress

COMPLETE_BATCH = 20_000
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
    skipped = await months.open_month_with_sales(store, month=month)
    if skipped is not None:
        raise WrongState(f"close {month_text(skipped.month)} first: months close in order", field=["month"])
    while await _complete_some(store, until_at=month_end(month), actor=actor, now=now):
        pass

    async def work(transaction: Transaction) -> MonthClosed:
        closed = [row.month for row in await months.closed(transaction)]
        if month in closed:
            return MonthClosed(0, 0)
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
        promotions = 0 if late else await _promote(transaction, plan, month, actor=actor)
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


async def _complete_some(store: Store, *, until_at: int, actor: str, now: int) -> bool:
    """End some observations; False when none was left. Bounded transactions: each is harmless to repeat."""

    async def work(transaction: Transaction) -> int:
        done = await months.complete(transaction, until_at=until_at, first=COMPLETE_BATCH)
        if done.orders:
            transaction.journal(
                "orders_completed", at=until_at, actor=actor, codes=done.seller_codes, count=done.orders
            )
        return done.orders

    return await store.write(work, now=now, timeout_seconds=CLOSE_TIMEOUT_SECONDS) == COMPLETE_BATCH


async def _promote(transaction: Transaction, plan: Plan, month: int, *, actor: str) -> int:
    """Promote by one step everybody active who has reached either route, with the evidence."""
    window = months_ending(month, count=plan.sales_months)
    found = await months.candidates(
        transaction,
        month=month,
        sales_month_fen=min(plan.sales_month_fen),
        valid_downlines=min(plan.valid_downlines),
        top_rank=str(RANKS[-1]),
        months=window,
    )
    rows: list[dict[str, Any]] = []
    for promoter in sorted(found.promoters, key=lambda row: str(row["code"])):
        row = _promotion(promoter, plan, window, effective_at=month_end(month))
        if row is not None:
            row["seq"] = transaction.journal(
                "promoted", at=row["effective_at"], actor=actor, codes=[row["code"]], rank=row["to_rank"]
            )
            rows.append(row)
    if rows:
        await months.promote(transaction, rows=rows)
    return len(rows)


def _promotion(promoter: dict[str, Any], plan: Plan, window: list[int], *, effective_at: int) -> dict[str, Any] | None:
    sales = dict(promoter["months"])
    reached = progress(
        plan,
        rank=Rank(promoter["rank"]),
        valid_downlines=promoter["valid_downlines"],
        months=[SalesOfMonth(month, sales.get(month, 0)) for month in window],
    )
    if not reached.eligible:
        return None
    evidence = {
        "valid_downlines": reached.downlines,
        "valid_downlines_required": reached.downlines_required,
        "months": {month_text(month): sales_fen for month, sales_fen in reached.months},
        "month_required_fen": reached.month_required_fen,
    }
    return {
        "code": promoter["code"],
        "from_rank": str(reached.rank),
        "to_rank": str(reached.next_rank),
        "effective_at": effective_at,
        "route": "VALID_DOWNLINES" if reached.by_downlines else "SALES_MONTHS",
        "evidence": json.dumps(evidence),
        "plan_version": plan.version,
    }


def _to_close(month: int, closed: list[int]) -> list[int]:
    """The month and the open ones between it and the last closed month before it."""
    to_close = [month]
    earlier = [other for other in closed if other < month]
    if earlier:
        while (before := month_shifted(to_close[0], by=-1)) > max(earlier):
            to_close.insert(0, before)
    return to_close


def _node(month: int, plan: Plan) -> dict[str, Any]:
    return {
        "month": month,
        "tier_threshold_fen": plan.tier_threshold_fen,
        "tier_bp": plan.tier_bp,
        "plan_version": plan.version,
    }
