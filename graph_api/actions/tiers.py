"""TIER of closed months: one entry at the close, then a correction whenever the month's own sales change."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from cypher import months
from cypher.store import Transaction
from graph_api.actions.entries import Appended, Group, Source, Voided
from graph_api.actions.payouts import absorb_debts
from graph_api.rules.calendar import tier_release_at
from graph_api.rules.commission import CommissionKind, Entry, correction_kind, tier_owed_fen
from graph_api.rules.order import Release, SalesChange


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
    appended = Appended()
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
        appended.extend(
            _source(row, seq, number, transaction.recorded_at),
            [("month close" if at_close else "month changed after close", entry)],
            locked_codes={row.promoter_code} if row.status == "LOCKED" else set(),
        )
    if appended.commissions:
        await months.post_tiers(transaction, rows=appended.commissions, postings=appended.postings)
        await absorb_debts(transaction, appended.debts)
    return len(appended.commissions)


def _source(row: months.TierRow, seq: int, number: str | None, posted_at: int) -> Source:
    """A TIER is one group a promoter and month, released apart from the orders it comes from."""
    release = None
    if row.due_at is not None:
        release = Release(tier_release_at(row.month), row.due_at, row.due_provisional)
    return Source(
        seq=seq,
        number=number,
        month=row.month,
        plan_version=row.plan_version,
        at=posted_at,
        posted_at=posted_at,
        release=release,
        pending_release_at=tier_release_at(row.month),
        voided={Group(row.promoter_code, "", 0): Voided(row.voided_fen, row.review_fen)},
    )


def _target_fen(row: months.TierRow) -> int:
    return tier_owed_fen(
        row.volume_fen,
        month=row.month,
        closed_at=row.closed_at,
        threshold_fen=row.tier_threshold_fen,
        tier_bp=row.tier_bp,
    )
