"""The referral network: enrol, bind, move a branch, close. At most one referrer each, and no cycle.

Every check runs under the journal lock, so nothing can change between the check and the write.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cypher import claims, identifiers, network
from cypher.network import DEPTH_MAX, KnownPerson
from cypher.store import Store, Transaction
from graph_api.actions.compliance import Trees, check_tree, refuses
from graph_api.actions.identifiers import identifier_row
from graph_api.actions.outcome import RECORDED, UNCHANGED, Outcome, refused
from graph_api.actions.requests import Request, check_key, is_repeat
from graph_api.errors import (
    AlreadyBound,
    Conflict,
    DomainError,
    Invalid,
    NotActive,
    NotFound,
    SelfReferral,
    TooManyLevels,
    WouldCycle,
)
from graph_api.pii import Pii
from graph_api.rules.calendar import INSTANT_MIN
from graph_api.rules.codes import code_error, text_error
from graph_api.rules.plan import RANKS, Rank

STATUSES = ("ACTIVE", "LOCKED", "CLOSED")
LOCKED_BEFORE = "locked when imported"
"""Why an imported promoter is locked: the file says neither since when nor what for."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A new promoter. None: not given. `claimed_referrer_code`: what a quarantined row claimed; it is not a referral.

    Spaces around a name or a phone are nobody's: the phone is the one of an identifier or a search without them.
    """

    code: str
    name: str | None = None
    phone: str | None = None
    referrer_code: str | None = None
    joined_at: int | None = None
    rank: Rank | None = None
    status: str | None = None
    claimed_referrer_code: str | None = None

    def __post_init__(self) -> None:
        for told in ("name", "phone"):
            text = getattr(self, told)
            if text is not None:
                object.__setattr__(self, told, text.strip() or None)


async def enrol(
    store: Store,
    pii: Pii,
    rows: Sequence[Enrolment],
    *,
    actor: str,
    now: int,
    historical: bool = False,
) -> list[Outcome]:
    """Enrol promoters; a row's referrer exists already or stands earlier in `rows`.

    The code is the idempotency key: the same content again is `unchanged`, other content a Conflict.
    `historical`: the rows tell what was (an import), so a referrer may be closed by now.
    """

    async def work(transaction: Transaction) -> list[Outcome]:
        known = await _known(transaction, rows)
        outcomes: list[Outcome] = []
        fresh: list[Enrolment] = []
        trees: Trees | None = None
        if not historical and await refuses(transaction, now):
            trees = await Trees.of(transaction, (row.referrer_code for row in rows if row.referrer_code))
        for row in rows:
            outcome = _enrolment_outcome(pii, row, known, historical=historical)
            over = trees.add(row.code, row.referrer_code) if trees is not None and outcome is RECORDED else None
            outcome = refused(over) if over is not None else outcome
            outcomes.append(outcome)
            if outcome is RECORDED:
                fresh.append(row)
                known[row.code] = _as_known(pii, row, known, now=now)
        if fresh:
            await _write_enrolments(transaction, pii, fresh, now=now)
            codes = [code for row in fresh for code in (row.code, row.referrer_code or "")]
            transaction.journal("promoters_enrolled", at=now, actor=actor, codes=codes, count=len(fresh))
        return outcomes

    return await store.write(work, now=now)


async def claim(store: Store, pairs: Sequence[tuple[str, str]], *, actor: str, now: int) -> None:
    """Keep (promoter, claimed referrer) pairs that lay on a cycle; both are enrolled. Claiming again changes nothing."""

    async def work(transaction: Transaction) -> None:
        await network.claim(
            transaction,
            claims=[
                {"promoter_code": promoter, "referrer_code": referrer, "quarantined_at": now}
                for promoter, referrer in pairs
            ],
        )
        transaction.journal("referrals_quarantined", at=now, actor=actor, count=len(pairs))

    if pairs:
        await store.write(work, now=now)


async def bind(store: Store, *, promoter_code: str, referrer_code: str, at: int | None, actor: str, now: int) -> None:
    """Give a promoter without a referrer its one referrer, from an instant on; the same again changes nothing."""
    bound_at = now if at is None else at

    async def work(transaction: Transaction) -> None:
        branch = await branch_of(transaction, promoter_code)
        if branch.referrer_code == referrer_code:
            return
        await bind_within(transaction, branch, promoter_code, referrer_code, bound_at)
        await settle_claim(transaction, branch, promoter_code, referrer_code, reason=None, actor=actor)
        transaction.journal(
            "referrer_bound",
            at=bound_at,
            actor=actor,
            codes=[promoter_code, referrer_code],
            moves_paths=branch.height > 0,
            promoter_code=promoter_code,
            referrer_code=referrer_code,
            claimed_code=branch.claimed_code,
        )

    await store.write(work, now=now)


async def bind_within(
    transaction: Transaction, branch: network.Branch, promoter_code: str, referrer_code: str, at: int
) -> None:
    """Give a promoter without a referrer this one from an instant on, with every check of it."""
    if promoter_code == referrer_code:
        raise SelfReferral("nobody refers themselves", field=["referrerCode"])
    if branch.closed_at is not None:
        raise NotActive(f"{promoter_code} is closed", field=["promoterCode"])
    if branch.referrer_code is not None:
        raise AlreadyBound(referrer_code=branch.referrer_code)
    _check_instant(branch, at)
    await _check_new_upline(transaction, promoter_code, referrer_code, branch.height)
    await network.attach(transaction, code=promoter_code, referrer_code=referrer_code, since_at=at)
    await check_tree(transaction, promoter_code, at=transaction.recorded_at)


async def settle_claim(
    transaction: Transaction,
    branch: network.Branch,
    promoter_code: str,
    referrer_code: str | None,
    *,
    reason: str | None,
    actor: str,
) -> None:
    """End a waiting claim, if there is one: whoever has a referrer now, or shall have none, claims nobody any more."""
    if branch.claimed_code is not None:
        await claims.settle(
            transaction,
            code=promoter_code,
            accepted=branch.claimed_code == referrer_code,
            settled_at=transaction.recorded_at,
            settled_by=actor,
            reason=reason,
        )


async def move(
    store: Store,
    *,
    promoter_code: str,
    referrer_code: str | None,
    reason: str,
    at: int | None,
    key: str | None,
    actor: str,
    now: int,
) -> None:
    """Move a promoter with its whole branch under another referrer, or to the root; sales paid from `at` on follow.

    What was sold stays as frozen. The former referral is kept, so the tree of any past date can be read.
    """
    reason_error = text_error(reason, field="reason", required=True)
    if reason_error is not None:
        raise reason_error
    moved_at = now if at is None else at
    request = Request("move", key, [promoter_code, referrer_code, reason, at])
    check_key(request)

    async def work(transaction: Transaction) -> None:
        if key is not None and await is_repeat(transaction, request):
            return
        branch = await branch_of(transaction, promoter_code)
        if promoter_code == referrer_code:
            raise SelfReferral("nobody refers themselves", field=["referrerCode"])
        if branch.referrer_code == referrer_code:
            return
        _check_instant(branch, moved_at)
        if referrer_code is not None:
            await _check_new_upline(transaction, promoter_code, referrer_code, branch.height)
        if branch.referrer_code is not None:
            await network.detach(transaction, code=promoter_code, until_at=moved_at, reason=reason)
        if referrer_code is not None:
            await network.attach(transaction, code=promoter_code, referrer_code=referrer_code, since_at=moved_at)
            await check_tree(transaction, promoter_code, at=now)
            await settle_claim(transaction, branch, promoter_code, referrer_code, reason=reason, actor=actor)
        transaction.journal(
            "branch_moved",
            at=moved_at,
            actor=actor,
            codes=[promoter_code, branch.referrer_code or "", referrer_code or ""],
            moves_paths=branch.height > 0,
            promoter_code=promoter_code,
            from_code=branch.referrer_code,
            to_code=referrer_code,
            claimed_code=branch.claimed_code,
            reason=reason,
        )

    await store.write(work, now=now)


async def close(store: Store, *, code: str, reason: str, actor: str, now: int) -> None:
    """Close a promoter: it earns nothing on orders paid from now on; its branch stays where it is, and so does a lock."""
    reason_error = text_error(reason, field="reason", required=True)
    if reason_error is not None:
        raise reason_error

    async def work(transaction: Transaction) -> None:
        branch = await branch_of(transaction, code, field="code")
        if branch.closed_at is not None:
            return
        await network.close(transaction, code=code, closed_at=now)
        transaction.journal(
            "promoter_closed", at=now, actor=actor, codes=[code], reason=reason, status_before=branch.status
        )

    await store.write(work, now=now)


def _check_instant(branch: network.Branch, at: int) -> None:
    """Referrals follow one another: at no past instant has anybody two referrers."""
    if branch.since_at is not None and at < branch.since_at:
        raise Invalid("at lies before the last change of referrer", field=["at"])


async def branch_of(transaction: Transaction, code: str, *, field: str = "promoterCode") -> network.Branch:
    """The promoter as a branch that may move; NotFound if there is none."""
    branch = await network.branch(transaction, code=code)
    if branch is None:
        raise NotFound(f"no promoter {code!r}", field=[field])
    return branch


async def _check_new_upline(transaction: Transaction, promoter_code: str, referrer_code: str, height: int) -> None:
    climb = await network.climb(transaction, code=referrer_code)
    if climb is None:
        raise NotFound(f"no promoter {referrer_code!r}", field=["referrerCode"])
    if promoter_code in climb.codes:
        path = climb.codes[: climb.codes.index(promoter_code) + 1]
        raise WouldCycle(path=path[::-1], field=["referrerCode"])
    if climb.status != "ACTIVE":
        raise NotActive(f"{referrer_code} is {climb.status.lower()}", field=["referrerCode"])
    if len(climb.codes) + height > DEPTH_MAX:
        raise TooManyLevels(
            f"the tree would have {len(climb.codes) + height + 1} levels, more than {DEPTH_MAX + 1}",
            field=["referrerCode"],
        )


async def _known(transaction: Transaction, rows: Iterable[Enrolment]) -> dict[str, KnownPerson]:
    codes = {code for row in rows for code in (row.code, row.referrer_code) if code}
    return {person.code: person for person in await network.people(transaction, codes=sorted(codes))}


def _enrolment_outcome(pii: Pii, row: Enrolment, known: dict[str, KnownPerson], *, historical: bool) -> Outcome:
    error = _input_error(row)
    if error is not None:
        return refused(error)
    there = known.get(row.code)
    if there is not None and there.promoter:
        return _repeat_outcome(pii, row, there)
    if row.referrer_code is None:
        return RECORDED
    if row.referrer_code == row.code:
        return refused(SelfReferral("nobody refers themselves", field=["referrerCode"]))
    referrer = known.get(row.referrer_code)
    if referrer is None or not referrer.promoter:
        return refused(NotFound(f"no promoter {row.referrer_code!r}", field=["referrerCode"]))
    if referrer.status != "ACTIVE" and not historical:
        return refused(NotActive(f"{referrer.code} is {(referrer.status or '').lower()}", field=["referrerCode"]))
    if referrer.depth + 1 > DEPTH_MAX:
        return refused(TooManyLevels(f"the tree has {DEPTH_MAX + 1} levels already", field=["referrerCode"]))
    return RECORDED


def _input_error(row: Enrolment) -> DomainError | None:
    error = code_error(row.code, field="code")
    error = error or text_error(row.name, field="name") or text_error(row.phone, field="phone")
    if error is None and row.status is not None and row.status not in STATUSES:
        error = Invalid(f"status must be one of {', '.join(STATUSES)}", field=["status"])
    return error


def _repeat_outcome(pii: Pii, row: Enrolment, there: KnownPerson) -> Outcome:
    """An enrolment that is there: unchanged if it says what was recorded, even if the store has moved on since."""
    referrer_code = row.referrer_code or row.claimed_referrer_code
    same = {
        "name": row.name in (None, "") or pii.hash("name", row.name or "") == there.name_hash,
        "phone": row.phone in (None, "") or pii.hash("PHONE", row.phone or "") in there.phone_hashes,
        "joinedAt": row.joined_at is None or row.joined_at == there.joined_at,
        "referrerCode": referrer_code in [*there.referrer_codes, *there.former_codes, *there.settled_codes]
        if referrer_code
        else not there.referred_at_enrolment,
        "rank": row.rank is None or RANKS.index(row.rank) <= RANKS.index(Rank(there.rank or "PROMOTER")),
        "status": row.status in (None, "ACTIVE", there.status),
    }
    different = [field for field, equal in same.items() if not equal]
    if not different:
        return UNCHANGED
    return refused(Conflict(f"{row.code} is enrolled with other content: {', '.join(different)}", field=different[:1]))


def _as_known(pii: Pii, row: Enrolment, known: dict[str, KnownPerson], *, now: int) -> KnownPerson:
    referrer_code = row.referrer_code or row.claimed_referrer_code
    return KnownPerson(
        code=row.code,
        promoter=True,
        status=row.status or "ACTIVE",
        rank=row.rank or Rank.PROMOTER,
        joined_at=now if row.joined_at is None else row.joined_at,
        name_hash=pii.hash("name", row.name) if row.name else None,
        phone_hashes=[pii.hash("PHONE", row.phone)] if row.phone else [],
        referrer_codes=[referrer_code] if referrer_code else [],
        former_codes=[],
        settled_codes=[],
        referred_at_enrolment=referrer_code is not None,
        depth=known[row.referrer_code].depth + 1 if row.referrer_code else 0,
    )


async def _write_enrolments(transaction: Transaction, pii: Pii, rows: Sequence[Enrolment], *, now: int) -> None:
    await network.enrol(
        transaction,
        rows=[{"code": row.code, "properties": promoter_properties(pii, row, now=now)} for row in rows],
    )
    referrals = [{"code": row.code, "referrer_code": row.referrer_code} for row in rows if row.referrer_code]
    if referrals:
        await network.refer(transaction, rows=referrals)
    phones = [
        identifier_row(pii, code=row.code, kind="PHONE", value=row.phone, enrolment=True) for row in rows if row.phone
    ]
    if phones:
        await identifiers.link(transaction, rows=phones)


def promoter_properties(pii: Pii, row: Enrolment, *, now: int) -> dict[str, Any]:
    """A new promoter's node: personal data sealed; an imported rank or closing holds from the beginning, a lock from now."""
    joined_at = now if row.joined_at is None else row.joined_at
    rank = row.rank or Rank.PROMOTER
    properties: dict[str, Any] = {
        "status": row.status or "ACTIVE",
        "rank": rank,
        "joined_at": joined_at,
        "sales_orders": 0,
        "sales_volume_fen": 0,
        "sales_refunded_fen": 0,
    }
    if rank is not Rank.PROMOTER:
        properties["senior_at"] = INSTANT_MIN
    if rank is Rank.ELITE:
        properties["elite_at"] = INSTANT_MIN
    if row.status == "CLOSED":
        properties["closed_at"] = joined_at
    if row.status == "LOCKED":
        properties |= {"locked_at": now, "lock_reason": LOCKED_BEFORE}
    if row.name:
        properties |= {"name_sealed": pii.seal(row.name), "name_hash": pii.hash("name", row.name)}
    if row.phone:
        properties["phone_sealed"] = pii.seal(row.phone)
    return properties
