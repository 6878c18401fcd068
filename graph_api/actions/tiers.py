"""TIER of closed months: one entry at the close, then a correction whenever the month's own sales change."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

from cypher import months
from cypher.store import Transaction
from graph_api.actions.order_book import entry_properties
from graph_api.rules.calendar import month_end
from graph_api.rules.commission import CommissionKind, Entry, correction_kind, tier_target_fen
from graph_api.rules.order import SalesChange


async def adjust_closed_months(
    transaction: Transaction,
    sales: Iterable[SalesChange],
    *,
    closed_months: Container[int],
    number: str | None,
    actor: str,
) -> None:
    """Post what changed sales of closed months owe or are owed; `number`: the order that caused it, if one did."""
    pairs = sorted({(change.promoter_code, change.month) for change in sales if change.month in closed_months})
    if pairs:
        await post_differences(transaction, pairs, at_close=False, number=number, actor=actor)


async def closed_months(transaction: Transaction) -> set[int]:
    """Months whose every further change posts a correction."""
    return {row.month for row in await months.closed(transaction)}


async def post_differences(
    transaction: Transaction,
    pairs: Sequence[tuple[str, int]],
    *,
    at_close: bool,
    number: str | None,
    actor: str,
) -> int:
    """Post target − posted for (promoter, closed month) pairs and return how many entries that took."""
    rows = await months.tier_rows(transaction, pairs=[{"promoter_code": code, "month": month} for code, month in pairs])
    entries: list[dict[str, Any]] = []
    for row in rows:
        amount_fen = _target_fen(row) - row.tier_fen
        if amount_fen == 0:
            continue
        kind = CommissionKind.TIER if at_close else correction_kind(amount_fen)
        seq = transaction.journal(
            "tier_posted",
            at=transaction.recorded_at,
            actor=actor,
            codes=[row.promoter_code],
            month=row.month,
            amount_fen=amount_fen,
        )
        entry = Entry(row.promoter_code, kind, 0, row.tier_bp, "", row.volume_fen, amount_fen)
        entries.append(
            {
                "promoter_code": row.promoter_code,
                "number": number,
                "properties": entry_properties(
                    entry,
                    id=f"{seq}-0",
                    month=row.month,
                    plan_version=row.plan_version,
                    held=row.status == "LOCKED",
                    cause="month close" if at_close else "month changed after close",
                    posted_at=transaction.recorded_at,
                    seq=seq,
                ),
            }
        )
    if entries:
        await months.post_tiers(transaction, rows=entries)
    return len(entries)


def _target_fen(row: months.TierRow) -> int:
    if row.closed_at is not None and row.closed_at < month_end(row.month):
        return 0
    return tier_target_fen(row.volume_fen, threshold_fen=row.tier_threshold_fen, tier_bp=row.tier_bp)
