"""Findings: one a structure, from scan to scan; what is grave locks, and a person decides."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from cypher import findings
from cypher.findings import State, ToLock
from cypher.store import Store, Transaction
from graph_api.actions.locks import lock_within, unlock_within
from graph_api.errors import NotFound
from graph_api.risk.detector import LOCK_SCORE, Detector, Found
from graph_api.risk.identity import followed
from graph_api.risk.registry import Pass
from graph_api.rules.codes import TEXT_LENGTH_MAX, text_error

PAGE = 10_000
BATCH = 200
"""Findings in one transaction, each with up to 500 members."""

Verdict = Literal["CONFIRM", "DISMISS"]
STATUS: Mapping[Verdict, str] = {"CONFIRM": "CONFIRMED", "DISMISS": "DISMISSED"}
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


async def record(store: Store, passes: Sequence[Pass], *, actor: str, now: int) -> Recorded:
    """Bring the findings of these detectors up to what they have found, and lock whom a finding may lock."""
    done = Recorded()
    for each in passes:
        await _record(store, each.detector, each.found, done, actor=actor, now=now)
    return done


async def _record(
    store: Store, detector: Detector, found: Sequence[Found], done: Recorded, *, actor: str, now: int
) -> None:
    known = await _known(store, detector.key)
    now_found = {each.key: each for each in found}
    if detector.followed:
        now_found = await _followed(store, known, now_found)
    digests = {key: _digest(each) for key, each in now_found.items()}
    same = [key for key, digest in digests.items() if known.get(key) == (digest, None)]
    changing = [key for key in now_found if key not in set(same)]
    gone = [key for key, (_, closed_at) in known.items() if closed_at is None and key not in now_found]
    for keys in _batches(changing, BATCH):
        rows = [_row(key, now_found[key], digests[key], now) for key in keys]
        raised = await _put(store, rows, actor=actor, now=now)
        done.raised += raised
        done.changed += len(keys) - len(raised)
    for keys in _batches(same, PAGE):
        await findings.seen(store.unjournalled, keys=keys, at=now)
    for keys in _batches(gone, BATCH):
        await _close(store, keys, actor=actor, now=now)
    done.keys += now_found
    done.unchanged += len(same)
    done.closed += len(gone)
    if detector.may_lock:
        grave = [key for key, each in now_found.items() if each.score >= LOCK_SCORE]
        for keys in _batches(grave, BATCH):
            for row in await findings.to_lock(store, keys=keys, score=LOCK_SCORE):
                done.locked += await _lock(store, row, actor=actor, now=now)


async def _known(store: Store, detector: str) -> dict[str, tuple[str, int | None]]:
    """Digest and closing of every recorded finding, by key."""
    known: dict[str, tuple[str, int | None]] = {}
    key = ""
    while rows := (await findings.known(store, detector=detector, key=key, first=PAGE)).rows:
        known |= {key: (digest, closed_at) for key, digest, closed_at in rows}
        key = rows[-1][0]
    return known


async def _followed(
    store: Store, known: Mapping[str, tuple[str, int | None]], found: Mapping[str, Found]
) -> dict[str, Found]:
    """What was found by the key it is known by."""
    lost = [key for key, (_, closed_at) in known.items() if closed_at is None and key not in found]
    new = [each for key, each in found.items() if key not in known]
    if not lost or not new:
        return dict(found)
    members: dict[str, frozenset[str]] = {}
    for keys in _batches(lost, BATCH):
        members |= {key: frozenset(codes) for key, codes in (await findings.members(store, keys=keys)).rows}
    known_as = followed(new, members)
    return {known_as.get(key, key): each for key, each in found.items()}


def _digest(found: Found) -> str:
    told = (
        found.version,
        found.score,
        sorted(found.members),
        found.member_count,
        found.edges,
        found.evidence,
        found.at_stake_fen,
        found.sentence,
    )
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def _row(key: str, found: Found, digest: str, now: int) -> dict[str, Any]:
    properties = {
        "detector": found.detector,
        "detector_version": found.version,
        "score": found.score,
        "closed_at": None,
        "last_seen": now,
        "member_count": found.member_count,
        "truncated": found.truncated,
        "at_stake_fen": found.at_stake_fen,
        "evidence": json.dumps(found.evidence, ensure_ascii=False),
        "edges": json.dumps(found.edges, ensure_ascii=False),
        "sentence_zh": found.sentence.zh,
        "sentence_en": found.sentence.en,
        "digest": digest,
    }
    return {"key": key, "id": uuid.uuid4().hex, "members": list(found.members), "properties": properties}


async def _put(store: Store, rows: Sequence[dict[str, Any]], *, actor: str, now: int) -> list[str]:
    """Write findings that are new or differ; the keys of those that are to be looked at now."""

    async def work(transaction: Transaction) -> list[str]:
        before = {state.key: state for state in await findings.states(transaction, keys=[row["key"] for row in rows])}
        raised: list[str] = []
        for row in rows:
            state, properties = before.get(row["key"]), row["properties"]
            properties["status"] = _status(state, properties["score"])
            is_raised = state is None or (
                properties["status"] == "OPEN" and (state.status != "OPEN" or state.closed_at is not None)
            )
            if is_raised:
                raised.append(row["key"])
            transaction.journal(
                "finding_raised" if is_raised else "finding_changed",
                at=now,
                actor=actor,
                id=state.id if state else row["id"],
                key=row["key"],
                before=_told(state),
                after={name: properties[name] for name in ("status", "score", "member_count", "digest")},
            )
        await findings.put(transaction, rows=list(rows))
        return raised

    return await store.write(work, now=now)


def _status(before: State | None, score: int) -> str:
    """What a review has dismissed stays dismissed until it is graver than it was then."""
    if before is None:
        return "OPEN"
    if before.status == "DISMISSED" and score > (before.reviewed_score or 0):
        return "OPEN"
    return before.status


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


async def _close(store: Store, keys: list[str], *, actor: str, now: int) -> None:
    async def work(transaction: Transaction) -> None:
        for state in await findings.states(transaction, keys=keys):
            transaction.journal(
                "finding_closed",
                at=now,
                actor=actor,
                id=state.id,
                key=state.key,
                before=_told(state),
                after={"closed_at": now},
            )
        await findings.close(transaction, keys=keys, at=now)

    await store.write(work, now=now)


async def _lock(store: Store, row: ToLock, *, actor: str, now: int) -> int:
    """Lock whom a finding names and has not locked before: what a person has unlocked since stays unlocked."""
    reason = f"{row.sentence}（{row.id}）"
    reason = reason if len(reason) <= TEXT_LENGTH_MAX else f"{row.sentence[: TEXT_LENGTH_MAX - 40]}…（{row.id}）"

    async def work(transaction: Transaction) -> int:
        locked = 0
        for code in row.codes:
            locked += await lock_within(transaction, code=code, reason=reason, actor=actor, now=now)
            await findings.hold(transaction, id=row.id, code=code, at=now)
        return locked

    return await store.write(work, now=now)


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


def _batches(rows: Sequence[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])
