"""Locks: a promoter under review earns on, but nothing of it is paid until a person has decided."""

from __future__ import annotations

from cypher import locks
from cypher.store import Store, Transaction
from graph_api.actions.payouts import end_created, post
from graph_api.errors import NotFound, WrongState
from graph_api.rules import ledger
from graph_api.rules.codes import text_error


async def lock(store: Store, *, code: str, reason: str, actor: str, now: int) -> None:
    """Hold whatever of a promoter is not on its way, until a person says otherwise; locking again changes nothing.

    A lock that findings hold becomes the person's: no dismissal ends it any more.
    """
    _check(reason)

    async def work(transaction: Transaction) -> None:
        if not await lock_within(transaction, code=code, reason=reason, actor=actor, now=now):
            await _take_over(transaction, code=code, reason=reason, actor=actor, now=now)

    await store.write(work, now=now)


async def lock_within(transaction: Transaction, *, code: str, reason: str, actor: str, now: int) -> bool:
    """The same as part of a larger event, whoever locks; whether it was not locked before."""
    standing = await _standing(transaction, code)
    if standing.status == "LOCKED":
        return False
    await end_created(transaction, standing.created_payout_ids, reason="its promoter was locked")
    await locks.lock(transaction, code=code, at=now, reason=reason)
    transaction.journal(
        "promoter_locked", at=now, actor=actor, codes=[code], reason=reason, status_before=standing.status
    )
    return True


async def _take_over(transaction: Transaction, *, code: str, reason: str, actor: str, now: int) -> None:
    """Make a lock that findings hold the person's; what it holds is held already."""
    standing = await _standing(transaction, code)
    if not standing.by_finding or standing.locked_at is None:
        return
    # A finding holds the lock of one instant: another one is what ends its hold.
    at = max(now, standing.locked_at + 1)
    await locks.take_over(transaction, code=code, at=at, reason=reason)
    transaction.journal(
        "lock_taken_over",
        at=at,
        actor=actor,
        codes=[code],
        before={"locked_at": standing.locked_at, "reason": standing.lock_reason},
        after={"locked_at": at, "reason": reason},
    )


async def unlock(store: Store, *, code: str, reason: str, actor: str, now: int) -> None:
    """Let go of exactly what is held, once; unlocking again changes nothing."""
    _check(reason)

    async def work(transaction: Transaction) -> None:
        await unlock_within(transaction, code=code, reason=reason, actor=actor, now=now)

    await store.write(work, now=now)


async def unlock_within(transaction: Transaction, *, code: str, reason: str, actor: str, now: int) -> None:
    """The same as part of a larger event."""
    standing = await _standing(transaction, code)
    if standing.status != "LOCKED":
        return
    status = "ACTIVE" if standing.closed_at is None else "CLOSED"
    await locks.unlock(transaction, code=code, status=status)
    transaction.journal(
        "promoter_unlocked", at=now, actor=actor, codes=[code], reason=reason, lock_reason=standing.lock_reason
    )


async def void_held(store: Store, *, code: str, reason: str, actor: str, now: int) -> int:
    """Take what is held from a promoter for good and return how much, in fen; debts stay, and so does the lock."""
    _check(reason)

    async def work(transaction: Transaction) -> int:
        standing = await _standing(transaction, code)
        if standing.status != "LOCKED":
            raise WrongState(f"{code} is not locked", field=["code"])
        groups = [group for group in await locks.held(transaction, code=code) if group.amount_fen > 0]
        void_fen = sum(group.amount_fen for group in groups)
        if not groups:
            return 0
        seq = transaction.journal(
            "held_voided", at=now, actor=actor, codes=[code], reason=reason, void_fen=void_fen, groups=len(groups)
        )
        await locks.void(transaction, ids=[id for group in groups for id in group.ids], seq=seq)
        await post(transaction, seq, [(now, f"lock:{code}", ledger.void(code, void_fen))])
        return void_fen

    return await store.write(work, now=now)


async def _standing(transaction: Transaction, code: str) -> locks.Standing:
    standing = await locks.standing(transaction, code=code)
    if standing is None:
        raise NotFound(f"no promoter {code!r}", field=["code"])
    return standing


def _check(reason: str) -> None:
    error = text_error(reason, field="reason", required=True)
    if error is not None:
        raise error
