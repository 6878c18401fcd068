"""Payouts: approve, and whatever a provider or a bank says of them. Nothing moves backwards, nothing is paid twice.

Every move runs under the journal lock; a payout's key at its provider is its idempotency key there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cypher import contracts, payouts
from cypher.payouts import PayoutRow, TaxedPayout
from cypher.store import Store, Transaction
from graph_api.actions.entries import posting_row
from graph_api.actions.plans import in_force
from graph_api.actions.requests import Request, once
from graph_api.errors import Conflict, DomainError, NotFound, WrongState
from graph_api.rules import ledger, tax
from graph_api.rules.codes import text_error
from graph_api.rules.payout import FINAL, ON_THE_WAY, PayoutStatus, Step, decision, is_told_by_people, step
from graph_api.rules.plan import PayoutProvider, TaxMethod


class Moved(NamedTuple):
    """Payouts that stand as asked, in the order asked for, and why others do not."""

    ids: list[str]
    errors: list[DomainError]


class Move(NamedTuple):
    """What is said of a payout: where it stands now, since when, and why."""

    id: str
    status: PayoutStatus
    at: int
    reason: str | None = None


async def approve(store: Store, ids: Sequence[str], *, key: str | None, actor: str, now: int) -> Moved:
    """Let payouts go to their provider; from here on a refund becomes debt. Approving again changes nothing."""

    async def work(transaction: Transaction) -> Moved:
        rows = await _rows(transaction, ids)
        current = await contracts.current(transaction)
        plan = await in_force(transaction, now)
        errors: list[DomainError] = []
        fresh: list[PayoutRow] = []
        for index, id in enumerate(ids):
            error = _approval_error(rows.get(id), id, current.version if current else None)
            if error is not None:
                error.field = ["ids", str(index)]
                errors.append(error)
            elif rows[id].payout["status"] == PayoutStatus.CREATED and rows[id] not in fresh:
                fresh.append(rows[id])
        if fresh:
            await _approve(transaction, fresh, provider=str(plan.payout_provider), actor=actor, now=now)
        refused = {ids[int((error.field or ["", "0"])[1])] for error in errors}
        return Moved([id for id in dict.fromkeys(ids) if id not in refused], errors)

    return await once(store, Request("approve", key, list(ids)), work, now=now)


async def confirm(store: Store, ids: Sequence[str], *, at: int, key: str | None, actor: str, now: int) -> Moved:
    """The money has arrived, says a bank; the same again changes nothing."""
    return await _told(store, "confirm", [Move(id, PayoutStatus.PAID, at) for id in ids], key=key, actor=actor, now=now)


async def fail(
    store: Store, ids: Sequence[str], *, reason: str, at: int, key: str | None, actor: str, now: int
) -> Moved:
    """The money did not arrive, says a bank: entries are payable again, and the next settlement makes a fresh attempt."""
    error = text_error(reason, field="reason", required=True)
    if error is not None:
        raise error
    moves = [Move(id, PayoutStatus.FAILED, at, reason) for id in ids]
    return await _told(store, "fail", moves, key=key, actor=actor, now=now)


async def absorb_debts(transaction: Transaction, entry_ids: Sequence[str]) -> None:
    """Debts lower a payout of their promoter that is not approved yet, or end it; later ones stay debts."""
    if entry_ids:
        lowered = await payouts.absorb(transaction, ids=list(entry_ids))
        await reckon_tax(transaction, [(row.code, row.month) for row in lowered])


async def reckon_tax(transaction: Transaction, pairs: Iterable[tuple[str, int]]) -> None:
    """Tax of these promoters' payouts anew where they are not approved yet; one that fell below the minimum ends."""
    codes_by_year: dict[int, set[str]] = {}
    for code, month in pairs:
        codes_by_year.setdefault(month // 100, set()).add(code)
    for year, codes in codes_by_year.items():
        rows = await live_of_year(transaction, codes, year)
        ended = [
            row for row in rows if row.status == PayoutStatus.CREATED and row.gross_fen < max(row.payout_min_fen, 1)
        ]
        taxes = [*_taxes([row for row in rows if row not in ended]), *((row, 0) for row in ended)]
        if taxes:
            changes = [{"id": row.id, "tax_fen": fen, "net_fen": row.gross_fen - fen} for row, fen in taxes]
            await payouts.change(transaction, rows=changes)
        await end_created(transaction, [row.id for row in ended], reason="refunds took it below the minimum")


async def live_of_year(transaction: Transaction, codes: Iterable[str], year: int) -> list[TaxedPayout]:
    """These promoters' live payouts of a year, oldest first: what tax on one more is computed from."""
    return await payouts.of_year(
        transaction, codes=sorted(codes), month_from=year * 100 + 1, month_upto=year * 100 + 12
    )


async def end_created(transaction: Transaction, ids: Sequence[str], *, reason: str) -> None:
    """Payouts that nobody approved yet come to nothing; their entries wait for the next settlement."""
    if ids:
        ending = {"status": str(PayoutStatus.EXPIRED), "reason": reason, "finished_at": transaction.recorded_at}
        await payouts.change(transaction, rows=[{"id": id, **ending} for id in ids])
        await payouts.return_entries(transaction, ids=list(ids))


def tax_fen(gross_fen: int, *, method: TaxMethod, month: int, others: Iterable[TaxedPayout]) -> int:
    """What to withhold from one more payout of a promoter, beside its other live payouts of the year."""
    together = [
        row
        for row in others
        if row.tax_method == method and (row.month == month if method is TaxMethod.PER_MONTH else row.month <= month)
    ]
    return tax.withheld_fen(
        method,
        gross_fen=gross_fen,
        others_gross_fen=sum(row.gross_fen for row in together),
        others_withheld_fen=sum(row.tax_fen for row in together),
        months=tax.months_worked({row.month for row in together}, month),
    )


def _taxes(rows: Iterable[TaxedPayout]) -> list[tuple[TaxedPayout, int]]:
    """(payout, tax) of those not approved yet: what the approved ones have withheld is fixed, the rest follows in order."""
    by_code: dict[str, list[TaxedPayout]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    found: list[tuple[TaxedPayout, int]] = []
    for of_one in by_code.values():
        known = [row for row in of_one if row.status != PayoutStatus.CREATED]
        for row in of_one:
            if row.status == PayoutStatus.CREATED:
                withheld_fen = tax_fen(row.gross_fen, method=TaxMethod(row.tax_method), month=row.month, others=known)
                known.append(replace(row, tax_fen=withheld_fen))
                found.append((row, withheld_fen))
    return found


async def _rows(transaction: Transaction, ids: Iterable[str]) -> dict[str, PayoutRow]:
    return {row.payout["id"]: row for row in await payouts.by_ids(transaction, ids=sorted(set(ids)))}


def _approval_error(row: PayoutRow | None, id: str, contract_version: str | None) -> DomainError | None:
    if row is None:
        return NotFound(f"no payout {id!r}")
    status = PayoutStatus(row.payout["status"])
    if status in (PayoutStatus.FAILED, PayoutStatus.EXPIRED):
        return WrongState(f"the payout is {status}; the next settlement makes a fresh one")
    if status is not PayoutStatus.CREATED:
        return None
    judged = decision(
        row.payout["gross_fen"],
        payout_min_fen=row.payout["payout_min_fen"],
        has_contract=contract_version is not None and row.contract_version == contract_version,
        has_account=row.has_account,
        status=row.promoter_status,
    )
    return None if judged.pays else WrongState(f"the payout may not be paid: {judged.wait}")


async def _approve(
    transaction: Transaction, fresh: Sequence[PayoutRow], *, provider: str, actor: str, now: int
) -> None:
    bodies = [row.payout for row in fresh]
    codes = [body["promoter_code"] for body in bodies]
    seq = transaction.journal(
        "payouts_approved", at=now, actor=actor, codes=codes, ids=[body["id"] for body in bodies], provider=provider
    )
    await payouts.change(
        transaction,
        rows=[
            {
                "id": body["id"],
                "status": str(PayoutStatus.APPROVED),
                "approved_at": now,
                "provider": provider,
                "next_ask_at": now,
            }
            for body in bodies
        ],
    )
    postings = [
        ledger.payout(body["promoter_code"], gross_fen=body["gross_fen"], tax_fen=body["tax_fen"]) for body in bodies
    ]
    references = (f"payout:{body['id']}" for body in bodies)
    await post(transaction, seq, [(now, *each) for each in zip(references, postings, strict=True)])
    await reckon_tax(transaction, [(body["promoter_code"], body["month"]) for body in bodies])


async def post(transaction: Transaction, seq: int, postings: Iterable[tuple[int, str, ledger.Posting]]) -> None:
    """Append the postings of one journal entry, each with its instant and what it refers to."""
    rows = [
        posting_row(
            posting,
            id=f"{seq}-{index}",
            seq=seq,
            at=at,
            recorded_at=transaction.recorded_at,
            reference=reference,
        )
        for index, (at, reference, posting) in enumerate(postings)
    ]
    await payouts.post(transaction, rows=rows)


async def _told(
    store: Store,
    what: str,
    moves: Sequence[Move],
    *,
    key: str | None,
    actor: str,
    now: int,
) -> Moved:
    async def work(transaction: Transaction) -> Moved:
        rows = await _rows(transaction, (move.id for move in moves))
        errors: list[DomainError] = []
        fresh: dict[str, Move] = {}
        stand: list[str] = []
        for index, move in enumerate(moves):
            error = _move_error(rows.get(move.id), move, now=transaction.recorded_at)
            if error is not None:
                error.field = ["ids", str(index)]
                errors.append(error)
                continue
            stand.append(move.id)
            if rows[move.id].payout["status"] != move.status:
                fresh.setdefault(move.id, move)
        if fresh:
            await move_told(transaction, [(rows[id].payout, move, {}) for id, move in fresh.items()], actor=actor)
        return Moved(list(dict.fromkeys(stand)), errors)

    return await once(store, Request(what, key, [list(move) for move in moves]), work, now=now)


def _move_error(row: PayoutRow | None, move: Move, *, now: int) -> DomainError | None:
    if row is None:
        return NotFound(f"no payout {move.id!r}")
    status = PayoutStatus(row.payout["status"])
    if status is move.status:
        if status in FINAL and row.payout.get("finished_at") != move.at:
            return Conflict(f"the payout is {status} since another instant")
        return None
    if step(status, move.status) is not Step.FORWARD:
        return WrongState(f"a payout that is {status} does not become {move.status}")
    if not is_told_by_people(
        PayoutProvider(row.payout["provider"]), status, asked_at=row.payout.get("asked_at"), now=now
    ):
        return WrongState(f"{row.payout['provider']} has been asked to pay it and alone can say what came of it")
    return None


def _returned(body: Mapping[str, Any]) -> ledger.Posting:
    return ledger.payout_returned(body["promoter_code"], gross_fen=body["gross_fen"], tax_fen=body["tax_fen"])


async def move_told(
    transaction: Transaction, moves: Sequence[tuple[Mapping[str, Any], Move, Mapping[str, Any]]], *, actor: str
) -> None:
    """Put payouts where they are said to stand, with every consequence for entries, ledger and tax.

    Each (the payout, where it stands now, further properties to set); every move is a step forward.
    """
    seq = transaction.journal(
        "payouts_moved",
        at=max(move.at for _, move, _ in moves),
        actor=actor,
        codes=[body["promoter_code"] for body, _, _ in moves],
        moves=[[move.id, str(move.status), move.reason] for _, move, _ in moves],
    )
    await payouts.change(transaction, rows=[{**facts, **_moved_properties(move)} for _, move, facts in moves])
    paid = [move.id for _, move, _ in moves if move.status is PayoutStatus.PAID]
    if paid:
        await payouts.pay_entries(transaction, ids=paid)
    lost = [(body, move) for body, move, _ in moves if move.status in (PayoutStatus.FAILED, PayoutStatus.EXPIRED)]
    if lost:
        returned = [
            (move.at, f"payout:{move.id}", _returned(body))
            for body, move in lost
            if PayoutStatus(body["status"]) in ON_THE_WAY
        ]
        await post(transaction, seq, returned)
        await payouts.return_entries(transaction, ids=[move.id for _, move in lost])
        await reckon_tax(transaction, [(body["promoter_code"], body["month"]) for body, _ in lost])


def _moved_properties(move: Move) -> dict[str, Any]:
    properties: dict[str, Any] = {"id": move.id, "status": str(move.status)}
    if move.status in FINAL:
        properties |= {"finished_at": move.at, "next_ask_at": None}
    if move.reason is not None:
        properties["reason"] = move.reason
    return properties
