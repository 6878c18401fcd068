"""Thousands of findings in one scan: bounded transactions, nothing twice when it is stopped midway, nothing when nothing changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import pytest

from cypher.statements import Statement
from cypher.store import Store
from graph_api.actions import findings, promoters
from graph_api.pii import Pii
from graph_api.risk.detector import DEFAULTS, Edge, Evidence, Found, Text
from graph_api.risk.registry import DETECTORS, Pass
from tests.actions.shop import NOW

FINDINGS, PEOPLE, LOCKING = 5_000, 1_000, 100
RING = DETECTORS["IDENTITY_RING"]


def rings(count: int = FINDINGS) -> list[Found]:
    """Rings of three; the first ones are grave and name three hundred people between them."""
    return [ring(number, [f"p{(3 * number + place) % PEOPLE:04}" for place in range(3)]) for number in range(count)]


def ring(number: int, members: Sequence[str]) -> Found:
    return Found(
        detector=RING.key,
        version=RING.version,
        anchor=f"DEVICE:{number:05}@p0000",
        score=90 if number < LOCKING else 60,
        members=tuple(members),
        member_count=len(members),
        edges=tuple(Edge(f"PROMOTER:{code}", f"DEVICE:{number:05}", "DEVICE") for code in members),
        truncated=False,
        evidence=(Evidence("members", str(len(members)), "3"),),
        at_stake_fen=0,
        sentence=Text("共用设备。", "They share a device."),
    )


async def record(store: Store, found: Sequence[Found], now: int) -> findings.Recorded:
    return await findings.record(store, [Pass(RING, tuple(found), 0.0, DEFAULTS)], actor="scan", now=now)


async def one(store: Store, text: str) -> dict[str, Any]:
    (row,) = await store.run(Statement("tests", "one", "none", text), {})
    return dict(row)


COUNTS = """
RETURN COUNT { (:Finding) } AS findings, COUNT { (:Finding)-[:NAMES]->() } AS names, COUNT { (:Finding)-[:LOCKED]->() } AS holds,
  COUNT { (e:JournalEntry) WHERE e.kind = 'finding_raised' } AS raised,
  COUNT { (e:JournalEntry) WHERE e.kind = 'promoter_locked' } AS locked
"""
LOCKS_TAKEN = "MATCH (j:Journal) RETURN j.locks AS locks"
WHOLE = {"findings": FINDINGS, "names": 3 * FINDINGS, "holds": 3 * LOCKING, "raised": FINDINGS, "locked": 3 * LOCKING}


async def peopled(store: Store, pii: Pii) -> None:
    people = [promoters.Enrolment(f"p{number:04}", joined_at=NOW) for number in range(PEOPLE)]
    await promoters.enrol(store, pii, people, actor="test", now=NOW)


@pytest.mark.long
async def test_thousands_of_findings_are_recorded_and_a_second_scan_writes_nothing(store: Store, pii: Pii) -> None:
    await peopled(store, pii)
    done = await record(store, rings(), NOW)
    assert (len(done.raised), done.locked) == (FINDINGS, 3 * LOCKING)
    assert await one(store, COUNTS) == WHOLE
    head = (await store.observe_head()).seq
    again = await record(store, rings(), NOW + 1)
    assert (again.unchanged, again.raised, again.changed, again.closed, again.locked) == (FINDINGS, [], 0, 0, 0)
    assert (await store.observe_head()).seq == head
    assert await one(store, "MATCH (f:Finding) RETURN min(f.last_seen) AS at") == {"at": NOW + 1}
    less = await record(store, rings()[::2], NOW + 2)
    assert (less.closed, less.unchanged) == (FINDINGS // 2, FINDINGS // 2)


@pytest.mark.parametrize("stopped_at", ["a finding", "a lock"])
async def test_a_scan_that_is_stopped_midway_goes_on_with_the_next_one(store: Store, pii: Pii, stopped_at: str) -> None:
    await peopled(store, pii)
    scan = asyncio.create_task(record(store, rings(), NOW))
    count = "COUNT { (:Finding) }" if stopped_at == "a finding" else "COUNT { (:Finding)-[:LOCKED]->() }"
    while not (await one(store, f"RETURN {count} AS n"))["n"]:
        assert not scan.done()
    scan.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await scan
    midway = await one(store, COUNTS)
    assert midway != WHOLE, "each transaction is a small part of it"
    await record(store, rings(), NOW + 1)
    assert await one(store, COUNTS) == WHOLE
    assert (await one(store, "MATCH (p:Promoter {status: 'LOCKED'}) RETURN count(p) AS n"))["n"] == 3 * LOCKING


async def test_many_members_are_locked_a_few_at_a_time_and_once_whenever_it_is_stopped(store: Store, pii: Pii) -> None:
    await peopled(store, pii)
    found = [ring(0, [f"p{number:04}" for number in range(90)])]
    scan = asyncio.create_task(record(store, found, NOW))
    await holding(store, scan)
    scan.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await scan
    midway = await one(store, COUNTS)
    assert midway["holds"] == midway["locked"] < 90
    taken = await one(store, LOCKS_TAKEN)
    assert (await record(store, found, NOW + 1)).locked == 90 - midway["locked"]
    rest = -(-(90 - midway["locked"]) // findings.LOCKED_AT_ONCE)
    assert (await one(store, LOCKS_TAKEN))["locks"] - taken["locks"] == rest >= 2
    whole = await one(store, COUNTS)
    assert (whole["holds"], whole["locked"]) == (90, 90)


async def test_what_a_person_dismisses_while_a_scan_locks_locks_nobody_any_more(store: Store, pii: Pii) -> None:
    await peopled(store, pii)
    found = [ring(0, [f"p{number:04}" for number in range(300)]), ring(1, ["p0900", "p0901", "p0902"])]
    scan = asyncio.create_task(record(store, found, NOW))
    await holding(store, scan)
    for number in (1, 0):
        id = (await one(store, f"MATCH (f:Finding) WHERE f.key CONTAINS '{number:05}' RETURN f.id AS id"))["id"]
        freed = await findings.review(store, id, "DISMISS", None, actor="RISK", now=NOW + 1)
        assert len(freed) < 300 if number == 0 else freed == []
    done = await scan
    assert findings.LOCKED_AT_ONCE <= done.locked < 300
    assert (await one(store, "MATCH (p:Promoter {status: 'LOCKED'}) RETURN count(p) AS n"))["n"] == 0
    assert (await one(store, COUNTS))["holds"] == 0


async def holding(store: Store, scan: asyncio.Task[findings.Recorded]) -> None:
    """Returns once a finding holds somebody's lock."""
    while not (await one(store, "RETURN COUNT { (:Finding)-[:LOCKED]->() } AS n"))["n"]:
        assert not scan.done()
