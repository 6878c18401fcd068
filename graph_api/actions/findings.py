"""Findings: one a structure, from scan to scan; what is grave locks, and a person decides."""

from __future__ import annotations

import asyncio
import hashlib
import json
import uuid
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

from cypher import detectors, findings
from cypher.findings import State, ToLock
from cypher.store import Store, Transaction
from graph_api.actions.detectors import check_in_force
from graph_api.actions.locks import lock_within, unlock_within
from graph_api.errors import NotFound
from graph_api.risk.detector import LOCK_SCORE, Detector, Found, ParameterSet
from graph_api.risk.identity import followed
from graph_api.risk.registry import Pass
from graph_api.rules.codes import TEXT_LENGTH_MAX, text_error

PAGE = 10_000
BATCH = 200
NAMED_MAX = 10_000
"""Findings in one transaction, and members that they name together: every other write waits for it."""
LOCKED_AT_ONCE = 20
"""Members that one transaction locks: each may have thousands of entries to hold, and every other write waits for it."""

Verdict = Literal["CONFIRM", "DISMISS"]
STATUS: Mapping[Verdict, str] = {"CONFIRM": "CONFIRMED", "DISMISS": "DISMISSED"}
Fresh = Callable[[Found], bool]
T = TypeVar("T")


@dataclass(slots=True)
class Recorded:
    """Keys of findings that are new or open again; how many others changed, closed, or stayed; who was locked."""

    keys: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    changed: int = 0
    closed: int = 0
    unchanged: int = 0
    locked: int = 0


class Known(NamedTuple):
    """A recorded finding."""

    digest: str
    closed_at: int | None
    last_seen: int


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found beside what is recorded, by the key that each structure is known by.

    `digests`: of what was found. `known`: the keys that are recorded. `gone`: recorded, and found no more.
    """

    found: dict[str, Found]
    digests: dict[str, str]
    known: frozenset[str]
    same: list[str]
    changing: list[str]
    gone: list[str]

    def grave(self, detector: Detector) -> list[str]:
        """Those that lock, if a review has not dismissed them."""
        return [key for key, each in self.found.items() if detector.may_lock and each.score >= LOCK_SCORE]


@dataclass(frozen=True, slots=True)
class Put:
    """Keys of what was written: findings to be looked at now, and others."""

    raised: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What recording would do now. `outcomes`: of each finding, by its own key, RAISED, CHANGED or UNCHANGED."""

    outcomes: dict[str, str]
    closed: int
    locked: frozenset[str]


@dataclass(frozen=True, slots=True)
class Writing:
    """By whom, when, and on what grounds: each write holds only while the parameters it was found with are in force."""

    store: Store
    detector: Detector
    parameters: ParameterSet
    actor: str
    now: int
    fresh: Fresh | None = None

    def may_raise(self, found: Found) -> bool:
        return self.fresh is None or self.fresh(found)

    async def run(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        async def checked(transaction: Transaction) -> T:
            await check_in_force(transaction, self.detector, self.parameters)
            return await work(transaction)

        return await self.store.write(checked, now=self.now)


async def record(
    store: Store,
    passes: Sequence[Pass],
    *,
    actor: str,
    now: int,
    of: Collection[str] | None = None,
    fresh: Fresh | None = None,
) -> Recorded:
    """Bring the findings of these detectors up to what they have found, and lock whom a finding may lock.

    `now`: not after what was looked at was read; what others have seen or closed since stays as they left it. `of`: nobody but these
    promoters was looked at, so findings of other promoters stay as they are; their detectors' anchors are PROMOTER@DAY.
    `fresh`: nothing else is raised, or locks; what is open already changes and closes all the same.
    WrongState once other parameters come into force than those that were looked with.
    """
    done = Recorded()
    for each in passes:
        known = await (_known(store, each.detector.key) if of is None else _known_of(store, each.detector.key, of))
        writing = Writing(store, each.detector, each.parameters, actor, now, fresh)
        await _record(writing, known, each.found, done)
        if of is None:
            await detectors.scanned(
                store.unjournalled,
                key=each.detector.key,
                at=now,
                took_ms=round(each.seconds * 1000),
                found=len(each.found),
                parameter_set=each.parameters.number,
                actor=actor,
            )
    return done


async def _record(writing: Writing, known: Mapping[str, Known], found: Sequence[Found], done: Recorded) -> None:
    store, detector, now = writing.store, writing.detector, writing.now
    stands: set[str] = set()
    told = [each for each in found if writing.may_raise(each) or _is_open(known.get(each.key))]
    compared = await _compared(store, detector, known, told, now=now)
    for keys in _small_batches(compared):
        rows = await asyncio.to_thread(_rows, compared, keys, writing)
        put = await _put(writing, rows)
        stands.update(put.raised, put.changed)
        done.raised += put.raised
        done.changed += len(put.changed)
    for keys in _batches(compared.same, PAGE):
        rows = [{"key": key, "at_stake_fen": compared.found[key].at_stake_fen} for key in keys]
        seen = await findings.seen(store.unjournalled, rows=rows, at=now, parameter_set=writing.parameters.number)
        stands.update(seen.keys)
        done.unchanged += len(seen.keys)
    for keys in _batches(compared.gone, BATCH):
        done.closed += await _close(writing, keys)
    done.keys += compared.found
    grave = [key for key in compared.grave(detector) if key in stands and writing.may_raise(compared.found[key])]
    for keys in _batches(grave, BATCH):
        for row in await findings.to_lock(store, keys=keys, score=LOCK_SCORE):
            done.locked += await _lock(writing, row)


async def foreseen(store: Store, detector: Detector, found: Sequence[Found], *, now: int) -> Foreseen:
    """What recording would do, by reads alone."""
    compared = await _compared(store, detector, await _known(store, detector.key), found, now=now)
    grave = compared.grave(detector)
    asked = [key for key in dict.fromkeys([*compared.changing, *grave]) if key in compared.known]
    states = {state.key: state for keys in _batches(asked, PAGE) for state in await findings.states(store, keys=keys)}
    outcomes = dict.fromkeys(compared.same, "UNCHANGED")
    for key in compared.changing:
        before = states.get(key)
        status = _status(before, compared.found[key].score)
        outcomes[key] = "RAISED" if _is_raised(before, status) else "CHANGED"
    locked: set[str] = set()
    locking = [key for key in grave if _status(states.get(key), compared.found[key].score) != "DISMISSED"]
    for keys in _batches(locking, BATCH):
        rows = [{"key": key, "members": list(compared.found[key].members)} for key in keys]
        locked.update((await findings.lockable(store, rows=rows)).codes)
    by_own_key = {compared.found[key].key: outcome for key, outcome in outcomes.items()}
    return Foreseen(by_own_key, len(compared.gone), frozenset(locked))


async def _compared(
    store: Store, detector: Detector, known: Mapping[str, Known], found: Sequence[Found], *, now: int
) -> Compared:
    now_found = {each.key: each for each in found}
    if detector.followed:
        now_found = await _followed(store, known, now_found)
    digests = await asyncio.to_thread(lambda: {key: _digest(each) for key, each in now_found.items()})
    same = {key for key, digest in digests.items() if key in known and known[key][:2] == (digest, None)}
    return Compared(
        found=now_found,
        digests=digests,
        known=frozenset(known),
        same=sorted(same),
        changing=[key for key in now_found if key not in same],
        gone=[
            key for key, was in known.items() if was.closed_at is None and was.last_seen <= now and key not in now_found
        ],
    )


async def _known(store: Store, detector: str) -> dict[str, Known]:
    """Every recorded finding of a detector, by key."""
    known: dict[str, Known] = {}
    key = ""
    while rows := (await findings.known(store, detector=detector, key=key, first=PAGE)).rows:
        known |= {key: Known(*was) for key, *was in rows}
        key = rows[-1][0]
    return known


async def _known_of(store: Store, detector: str, codes: Collection[str]) -> dict[str, Known]:
    """The recorded findings of these promoters, by key; a code may itself hold what parts a key."""
    wanted = {f"{detector}:{code}" for code in codes}
    rows = (await findings.known_of(store, starts=[f"{start}@" for start in sorted(wanted)])).rows
    return {key: Known(*was) for key, *was in rows if key.rpartition("@")[0] in wanted}


async def _followed(store: Store, known: Mapping[str, Known], found: Mapping[str, Found]) -> dict[str, Found]:
    """What was found by the key it is known by."""
    lost = [key for key, was in known.items() if was.closed_at is None and key not in found]
    new = [each for key, each in found.items() if key not in known]
    if not lost or not new:
        return dict(found)
    members: dict[str, frozenset[str]] = {}
    for keys in _batches(lost, BATCH):
        members |= {key: frozenset(codes) for key, codes in (await findings.members(store, keys=keys)).rows}
    known_as = followed(new, members)
    return {known_as.get(key, key): each for key, each in found.items()}


def _is_open(known: Known | None) -> bool:
    return known is not None and known.closed_at is None


def _digest(found: Found) -> str:
    """Of what makes a finding another than it was; the stake is left out, which every sale of a member changes."""
    told = (
        found.version,
        found.score,
        sorted(found.members),
        found.member_count,
        found.edges,
        found.evidence,
        found.sentence,
    )
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def _rows(compared: Compared, keys: Sequence[str], writing: Writing) -> list[dict[str, Any]]:
    return [_row(key, compared.found[key], compared.digests[key], writing) for key in keys]


def _row(key: str, found: Found, digest: str, writing: Writing) -> dict[str, Any]:
    properties = {
        "detector": found.detector,
        "detector_version": found.version,
        "parameter_set": writing.parameters.number,
        "score": found.score,
        "closed_at": None,
        "last_seen": writing.now,
        "member_count": found.member_count,
        "truncated": found.truncated,
        "at_stake_fen": found.at_stake_fen,
        "evidence": json.dumps(found.evidence, ensure_ascii=False),
        "edges": json.dumps(found.edges, ensure_ascii=False),
        "sentence_zh": found.sentence.zh,
        "sentence_en": found.sentence.en,
        "digest": digest,
    }
    return {
        "key": key,
        "id": uuid.uuid4().hex,
        "may_raise": writing.may_raise(found),
        "members": list(found.members),
        "properties": properties,
    }


async def _put(writing: Writing, rows: Sequence[dict[str, Any]]) -> Put:
    """Write findings that are new or differ, but for those that another has seen, or closed, later than this one looked."""

    async def work(transaction: Transaction) -> Put:
        before = {state.key: state for state in await findings.states(transaction, keys=[row["key"] for row in rows])}
        put = Put()
        written: list[dict[str, Any]] = []
        for row in rows:
            state, properties = before.get(row["key"]), row["properties"]
            if state is not None and max(state.last_seen, state.closed_at or 0) > writing.now:
                continue
            properties["status"] = _status(state, properties["score"])
            is_raised = _is_raised(state, properties["status"])
            if is_raised and not row["may_raise"]:
                continue
            written.append(row)
            (put.raised if is_raised else put.changed).append(row["key"])
            transaction.journal(
                "finding_raised" if is_raised else "finding_changed",
                at=writing.now,
                actor=writing.actor,
                id=state.id if state else row["id"],
                key=row["key"],
                before=_told(state),
                after={
                    name: properties[name] for name in ("status", "score", "member_count", "digest", "parameter_set")
                },
            )
        await findings.put(transaction, rows=written)
        return put

    return await writing.run(work)


def _status(before: State | None, score: int) -> str:
    """What a review has dismissed stays dismissed until it is graver than it was then."""
    if before is None:
        return "OPEN"
    if before.status == "DISMISSED" and score > (before.reviewed_score or 0):
        return "OPEN"
    return before.status


def _is_raised(before: State | None, status: str) -> bool:
    """Whether it is to be looked at now: new, or open again."""
    return before is None or (status == "OPEN" and (before.status != "OPEN" or before.closed_at is not None))


def _told(state: State | None) -> dict[str, Any] | None:
    """A finding as the journal remembers it."""
    if state is None:
        return None
    return {
        "status": state.status,
        "score": state.score,
        "member_count": state.member_count,
        "digest": state.digest,
        "closed_at": state.closed_at,
    }


async def _close(writing: Writing, keys: list[str]) -> int:
    """How many were closed: those that nobody else has closed, or seen later than this one looked."""

    async def work(transaction: Transaction) -> int:
        states = await findings.states(transaction, keys=keys)
        closing = [state for state in states if state.closed_at is None and state.last_seen <= writing.now]
        for state in closing:
            transaction.journal(
                "finding_closed",
                at=writing.now,
                actor=writing.actor,
                id=state.id,
                key=state.key,
                before=_told(state),
                after={"closed_at": writing.now},
            )
        await findings.close(transaction, keys=[state.key for state in closing], at=writing.now)
        return len(closing)

    return await writing.run(work)


async def _lock(writing: Writing, seen: ToLock) -> int:
    """Lock whom a finding names and has not met before, locked or not: whom a person has unlocked since stays unlocked.

    A few members a transaction; each asks again, for a person may have dismissed the finding since `seen` was read.
    """

    async def work(transaction: Transaction) -> list[bool]:
        rows = await findings.to_lock(transaction, keys=[seen.key], score=LOCK_SCORE)
        return [is_new for row in rows for is_new in await _lock_first(transaction, row, writing)]

    locked = 0
    for _ in _batches(seen.codes, LOCKED_AT_ONCE):
        met = await writing.run(work)
        if not met:
            break
        locked += sum(met)
    return locked


async def _lock_first(transaction: Transaction, row: ToLock, writing: Writing) -> list[bool]:
    """Of the first of them, whether each was not locked before."""
    reason = f"{row.sentence}（{row.id}）"
    reason = reason if len(reason) <= TEXT_LENGTH_MAX else f"{row.sentence[: TEXT_LENGTH_MAX - 40]}…（{row.id}）"
    met: list[bool] = []
    for code in row.codes[:LOCKED_AT_ONCE]:
        is_new = await lock_within(transaction, code=code, reason=reason, actor=writing.actor, now=writing.now)
        await findings.hold(transaction, id=row.id, code=code, is_own=is_new)
        met.append(is_new)
    return met


async def review(store: Store, id: str, verdict: Verdict, note: str | None, *, actor: str, now: int) -> list[str]:
    """What a person decides. Dismissing ends the locks that the finding holds, unless something else does; who was freed."""
    error = text_error(note, field="note")
    if error is not None:
        raise error

    async def work(transaction: Transaction) -> list[str]:
        state = await findings.by_id(transaction, id=id)
        if state is None:
            raise NotFound(f"no finding {id!r}", field=["id"])
        status = STATUS[verdict]
        await findings.review(transaction, id=id, status=status, note=note, at=now, actor=actor)
        freed = (await findings.let_go(transaction, id=id)).codes if verdict == "DISMISS" else []
        for code in freed:
            reason = f"finding {id} was dismissed" + (f": {note}" if note else "")
            await unlock_within(transaction, code=code, reason=reason[:TEXT_LENGTH_MAX], actor=actor, now=now)
        transaction.journal(
            "finding_reviewed",
            at=now,
            actor=actor,
            id=id,
            key=state.key,
            before=_told(state),
            after={"status": status, "note": note, "unlocked": freed},
        )
        return freed

    return await store.write(work, now=now)


def _small_batches(compared: Compared) -> Iterator[list[str]]:
    """What changes, so much at once that a transaction stays short."""
    batch: list[str] = []
    named = 0
    for key in compared.changing:
        members = len(compared.found[key].members)
        if batch and (len(batch) == BATCH or named + members > NAMED_MAX):
            yield batch
            batch, named = [], 0
        batch.append(key)
        named += members
    if batch:
        yield batch


def _batches(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])
