"""Promotions: by either route when a month closes, by valid downlines when a settlement ends their observations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cypher import months
from cypher.statements import Run
from cypher.store import Store, Transaction
from graph_api.actions.plans import in_force
from graph_api.rules.calendar import month_of, month_shifted, month_text
from graph_api.rules.plan import RANKS, Plan, Rank
from graph_api.rules.promotion import Progress, SalesOfMonth, months_ending, progress


async def by_month(transaction: Transaction, plan: Plan, month: int, *, effective_at: int, actor: str) -> int:
    """Promote by one step everybody active who has reached either route at the close of a month."""
    window = months_ending(month, count=plan.sales_months)
    found = await months.candidates(
        transaction,
        month=month,
        sales_month_fen=min(plan.sales_month_fen),
        valid_downlines=min(plan.valid_downlines),
        top_rank=str(RANKS[-1]),
        months=window,
    )
    reached = [(row, _progress(row, plan, window)) for row in found.promoters]
    return await _promote(
        transaction, plan, [pair for pair in reached if pair[1].eligible], effective_at=effective_at, actor=actor
    )


async def by_downlines(store: Store, *, effective_at: int, actor: str, now: int, timeout_seconds: float) -> int:
    """Promote by one step everybody active who has enough valid downlines, but nobody twice at one instant.

    The route by months of sales is judged when a month closes, not here. Looking everybody over takes long in a large
    network, so the lock is taken only if somebody is to be promoted, and they are judged again under it.
    """

    async def work(transaction: Transaction) -> int:
        plan = await in_force(transaction, effective_at)
        reached = await _reached_by_downlines(transaction, plan, effective_at)
        return await _promote(transaction, plan, reached, effective_at=effective_at, actor=actor)

    if not await _reached_by_downlines(store, await in_force(store, effective_at), effective_at):
        return 0
    return await store.write(work, now=now, timeout_seconds=timeout_seconds)


async def _reached_by_downlines(run: Run, plan: Plan, effective_at: int) -> list[tuple[dict[str, Any], Progress]]:
    window = months_ending(month_shifted(month_of(effective_at), by=-1), count=plan.sales_months)
    found = await months.candidates(
        run,
        month=0,
        sales_month_fen=min(plan.sales_month_fen),
        valid_downlines=min(plan.valid_downlines),
        top_rank=str(RANKS[-1]),
        months=window,
    )
    fresh = [row for row in found.promoters if (row["promoted_at"] or effective_at - 1) < effective_at]
    reached = [(row, _progress(row, plan, window)) for row in fresh]
    return [pair for pair in reached if pair[1].by_downlines]


async def _promote(
    transaction: Transaction,
    plan: Plan,
    reached: Iterable[tuple[dict[str, Any], Progress]],
    *,
    effective_at: int,
    actor: str,
) -> int:
    rows: list[dict[str, Any]] = []
    for promoter, step in sorted(reached, key=lambda pair: str(pair[0]["code"])):
        # A month may close after a settlement of a later instant has promoted: a step never begins before the last one.
        since_at = max(effective_at, promoter["promoted_at"] or effective_at)
        row = _promotion(promoter["code"], step, plan, effective_at=since_at)
        row["seq"] = transaction.journal("promoted", at=since_at, actor=actor, codes=[row["code"]], rank=row["to_rank"])
        rows.append(row)
    if rows:
        await months.promote(transaction, rows=rows)
    return len(rows)


def _progress(promoter: dict[str, Any], plan: Plan, window: list[int]) -> Progress:
    sales = dict(promoter["months"])
    return progress(
        plan,
        rank=Rank(promoter["rank"]),
        valid_downlines=promoter["valid_downlines"],
        months=[SalesOfMonth(month, sales.get(month, 0)) for month in window],
    )


def _promotion(code: str, step: Progress, plan: Plan, *, effective_at: int) -> dict[str, Any]:
    evidence = {
        "valid_downlines": step.downlines,
        "valid_downlines_required": step.downlines_required,
        "months": {month_text(month): sales_fen for month, sales_fen in step.months},
        "month_required_fen": step.month_required_fen,
    }
    return {
        "code": code,
        "from_rank": str(step.rank),
        "to_rank": str(step.next_rank),
        "effective_at": effective_at,
        "route": "VALID_DOWNLINES" if step.by_downlines else "SALES_MONTHS",
        "evidence": json.dumps(evidence),
        "plan_version": plan.version,
    }
