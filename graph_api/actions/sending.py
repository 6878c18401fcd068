"""Payouts on their way to a provider: claimed before they are sent, then moved by what the provider tells.

A payout is SENT from before its first request, so that a crash in between looks like a request whose answer was lost:
the provider is asked what it knows under the payout's key, and sends under that key again only if it knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import structlog

from cypher import sending
from cypher.sending import Asked
from cypher.store import Store, Transaction
from graph_api.actions.payouts import Move, move_told
from graph_api.pii import Pii, SealBroken
from graph_api.providers import Receipt, Report, Transfer
from graph_api.rules.calendar import HOUR_US, month_text
from graph_api.rules.payout import FINAL, PayoutStatus, Step, parts, step
from graph_api.rules.plan import PayoutProvider

FIRST_QUESTION_US = 10_000_000
LAST_QUESTION_US = HOUR_US
NEVER = 2**62
"""`next_ask_at` of payouts that nobody is asked about: those of a bank file."""
STATUS_OF = {
    Receipt.AWAITING_RECEIPT: PayoutStatus.AWAITING_RECEIPT,
    Receipt.PAID: PayoutStatus.PAID,
    Receipt.FAILED: PayoutStatus.FAILED,
    Receipt.EXPIRED: PayoutStatus.EXPIRED,
}

log = structlog.get_logger("promograph.sending")


class Outgoing(NamedTuple):
    """A payout and what its provider is asked to pay for it."""

    id: str
    transfer: Transfer


class Heard(NamedTuple):
    """What a provider told of a payout."""

    id: str
    report: Report


def transfer_of(asked: Asked, pii: Pii, *, asked_at: int | None) -> Transfer:
    """What is asked of the provider; SealBroken if name or account cannot be opened."""
    body = asked.payout
    return Transfer(
        key=body["key"],
        net_fen=body["net_fen"],
        account=pii.open(asked.account_sealed) if asked.account_sealed else "",
        name=pii.open(asked.name_sealed) if asked.name_sealed else None,
        remark=f"推广佣金 {month_text(body['month'])}",
        asked_at=asked_at,
        parts=tuple(zip(body.get("part_payments", ()), body.get("part_fens", ()), strict=True)),
    )


async def claim(
    store: Store, pii: Pii, provider: PayoutProvider, *, first: int, now: int, file: str | None = None
) -> list[Outgoing]:
    """Take approved payouts for sending, the longest waiting first: from here on they are SENT, and asked by nobody else.

    A payout of nothing (all of it is tax) has arrived at once. `file` is the bank file that they go into.
    """

    async def work(transaction: Transaction) -> list[Outgoing]:
        rows = await sending.to_ask(
            transaction, status=str(PayoutStatus.APPROVED), provider=str(provider), now=now, first=first
        )
        if provider is PayoutProvider.WECHAT_SPLIT:
            rows = await _with_parts(transaction, rows, now=now)
        outgoing = []
        moves = []
        for row in rows:
            try:
                transfer = transfer_of(row, pii, asked_at=None)
            except SealBroken as error:
                log.error("payout cannot be sent", id=row.payout["id"], reason=str(error))
                wait = {"next_ask_at": now + LAST_QUESTION_US, "note": f"not sent: {error}"}
                await sending.put_off(transaction, rows=[{"id": row.payout["id"], "properties": wait}])
                continue
            nothing = transfer.net_fen == 0
            properties: dict[str, Any] = {
                "asked_at": now,
                "account_id": row.account_id,
                "next_ask_at": NEVER if file is not None else now + FIRST_QUESTION_US,
                "file": file,
                "part_payments": row.payout.get("part_payments"),
                "part_fens": row.payout.get("part_fens"),
            }
            status = PayoutStatus.PAID if nothing else PayoutStatus.SENT
            moves.append((row.payout, Move(row.payout["id"], status, now, None), properties))
            if not nothing:
                outgoing.append(Outgoing(row.payout["id"], transfer))
        if moves:
            await move_told(transaction, moves, actor=f"provider:{provider}")
        return outgoing

    return await store.write(work, now=now)


async def _with_parts(transaction: Transaction, rows: Sequence[Asked], *, now: int) -> list[Asked]:
    """Payouts with the payments they are shared from; those that payments cannot carry go by merchant transfer."""
    shares: dict[str, list[tuple[str, int]]] = {}
    for share in await sending.shares(transaction, ids=[row.payout["id"] for row in rows]):
        shares.setdefault(share.id, []).append((share.transaction_id, share.fen))
    carried = []
    other_way = {"provider": str(PayoutProvider.WECHAT_TRANSFER), "next_ask_at": now}
    for row in rows:
        found = parts(row.payout["net_fen"], shares.get(row.payout["id"], ()))
        if found is None:
            await sending.put_off(transaction, rows=[{"id": row.payout["id"], "properties": other_way}])
            continue
        of_parts = {"part_payments": [payment for payment, _ in found], "part_fens": [fen for _, fen in found]}
        carried.append(replace(row, payout={**row.payout, **of_parts}))
    return carried


async def waiting(store: Store, pii: Pii, provider: PayoutProvider, *, first: int, now: int) -> list[Outgoing]:
    """Payouts on their way that it is time to ask the provider about."""
    found: list[Outgoing] = []
    for status in (PayoutStatus.SENT, PayoutStatus.AWAITING_RECEIPT):
        rows = await sending.to_ask(store, status=str(status), provider=str(provider), now=now, first=first)
        found += _to_query(rows, pii)
    return found


async def by_keys(store: Store, pii: Pii, keys: Sequence[str]) -> list[Outgoing]:
    """The payouts that a provider knows under these keys, if they were ever sent."""
    return _to_query(await sending.by_keys(store, keys=sorted(set(keys))), pii)


async def in_file(store: Store, pii: Pii, file: str) -> list[Outgoing]:
    """What went into a bank file, in its order: always the same."""
    return [_asked(row, pii) for row in await sending.in_file(store, file=file)]


def _asked(row: Asked, pii: Pii) -> Outgoing:
    asked_at = row.payout.get("asked_at", row.payout["created_at"])
    return Outgoing(row.payout["id"], transfer_of(row, pii, asked_at=asked_at))


def _to_query(rows: Iterable[Asked], pii: Pii) -> list[Outgoing]:
    """One whose account or name cannot be opened is asked about without them, and holds up no other."""
    found = []
    for row in rows:
        try:
            found.append(_asked(row, pii))
        except SealBroken as error:
            log.error("payout is asked about by its key alone", id=row.payout["id"], reason=str(error))
            found.append(_asked(replace(row, account_sealed="", name_sealed=None), pii))
    return found


async def ask_soon(store: Store, id: str, *, now: int) -> None:
    """Its provider has news of a payout that is on its way: let the next round ask."""

    async def work(transaction: Transaction) -> None:
        await sending.put_off(transaction, rows=[{"id": id, "properties": {"next_ask_at": now}}])

    await store.write(work, now=now)


class Told(NamedTuple):
    """What was made of reports: payouts that moved, and those where a report contradicts their end."""

    moved: list[str]
    contradicted: list[str]


async def told(store: Store, heard: Sequence[Heard], *, provider: PayoutProvider, now: int) -> Told:
    """Move payouts as a provider told; late news changes nothing, another end than the recorded one is kept for people."""

    async def work(transaction: Transaction) -> Told:
        rows = {row.payout["key"]: row.payout for row in await sending.by_keys(transaction, keys=_keys(heard))}
        moves: dict[str, tuple[dict[str, Any], Move, dict[str, Any]]] = {}
        notes = []
        contradicted = []
        for id, report in heard:
            body = rows.get(report.key)
            if body is None or body["id"] != id:
                continue
            status, status_told = PayoutStatus(body["status"]), STATUS_OF.get(report.receipt)
            if id in moves or (status in FINAL and status_told is None):
                continue
            judged = step(status, status_told) if status_told is not None else Step.UNCHANGED
            if judged is Step.FORWARD and status_told is not None:
                move = Move(id, status_told, min(report.at, now), report.reason)
                moves[id] = (body, move, _facts(body, report, now=now))
            elif judged is Step.REFUSED:
                contradicted.append(id)
                notes.append(_contradiction(transaction, body, report, provider=provider, now=now))
            elif status not in FINAL:
                notes.append({"id": id, "properties": _facts(body, report, now=now)})
        if moves:
            await move_told(transaction, list(moves.values()), actor=f"provider:{provider}")
        if notes:
            await sending.put_off(transaction, rows=notes)
        return Told(list(moves), contradicted)

    return await store.write(work, now=now)


def _keys(heard: Iterable[Heard]) -> list[str]:
    return sorted({each.report.key for each in heard})


def _facts(body: dict[str, Any], report: Report, *, now: int) -> dict[str, Any]:
    """What to keep of a report, and when to ask again: ever more rarely, from seconds to an hour."""
    age_us = now - body["asked_at"]
    facts: dict[str, Any] = {
        "next_ask_at": now + min(max(age_us // 2, FIRST_QUESTION_US), LAST_QUESTION_US),
        "note": report.reason if report.receipt in (Receipt.UNKNOWN, Receipt.ABSENT) else None,
    }
    if report.reference is not None:
        facts["provider_reference"] = report.reference
    if report.confirmation is not None:
        facts["confirmation"] = report.confirmation
    if STATUS_OF.get(report.receipt) in FINAL:
        facts |= {"next_ask_at": None, "confirmation": None}
    return facts


def _contradiction(
    transaction: Transaction, body: dict[str, Any], report: Report, *, provider: PayoutProvider, now: int
) -> dict[str, Any]:
    text = f"{provider} says {report.receipt} of a payout that is {body['status']}"
    if body.get("contradiction") != text:
        log.error("payout contradicted", id=body["id"], said=report.receipt, stands=body["status"])
        transaction.journal(
            "payout_contradicted",
            at=now,
            actor=f"provider:{provider}",
            codes=[body["promoter_code"]],
            id=body["id"],
            said=str(report.receipt),
            reference=report.reference,
        )
    return {"id": body["id"], "properties": {"contradiction": text}}
