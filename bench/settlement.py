"""`make bench ARGS=settle`: settling a million entries, beside a bare scan of the same entries."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from bench.memory import memory_mib
from bench.raw import Raw
from cypher import migrations
from cypher.store import connect
from graph_api.actions import contracts, ledger, settlement
from graph_api.rules.calendar import DAY_US, instant
from graph_api.servers import Servers

ENTRIES_PER_ORDER = 3
BATCH = 5_000
RELEASE_AT = instant("2026-03-11T04:00:00Z")
AS_OF = instant("2026-03-31T00:00:00+08:00")
PEOPLE = """
UNWIND $rows AS row
CREATE (p:Person:Promoter {code: row, status: 'ACTIVE', rank: 'PROMOTER', joined_at: 0, contract_version: 'v1'})
CREATE (p)-[:IDENTIFIED_BY {enrolment: false}]->(:Identifier {id: 'PAYOUT_ACCOUNT:' + row, kind: 'PAYOUT_ACCOUNT'})
"""
ORDERS = """
UNWIND $rows AS row
CREATE (o:Order {number: row.number, status: 'COMPLETED', pending_release_at: row.release_at, settlement_days: 3, observed_until: row.release_at})
CREATE (:Posting {id: row.number, seq: 0, kind: 'ACCRUAL', accounts: row.accounts, amounts_fen: row.amounts_fen})
WITH o, row UNWIND row.entries AS entry
MATCH (p:Promoter {code: entry.code})
CREATE (p)-[:EARNED]->(c:Commission {id: entry.id, kind: 'BASE', state: 'OBSERVING', amount_fen: entry.fen, sku: 'tea', month: 202603})<-[:YIELDED]-(o)
"""
SCAN = "MATCH (:Promoter)-[:EARNED]->(c:Commission) RETURN count(c) AS entries, sum(c.amount_fen) AS fen"


async def bench(servers: Servers, *, entries: int) -> None:
    """Entries per second from unreleased to payouts made, and what this process needed for it."""
    store = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    raw = Raw(servers)
    await migrations.migrate(store)
    await contracts.publish(store, version="v1", title="t", body="b", actor="bench", now=0)
    began = time.monotonic()
    await _load(raw, entries)
    print(f"{entries} entries of {entries // 10} promoters made in {time.monotonic() - began:.0f} s")
    scan_seconds = await _scanned(raw, entries)
    before_mib = memory_mib()
    watching = asyncio.create_task(_peak_mib())
    began = time.perf_counter()
    settled = await settlement.settle(store, AS_OF, actor="bench", now=AS_OF)
    seconds = time.perf_counter() - began
    watching.cancel()
    (peak_mib,) = await asyncio.gather(watching)
    assert (settled.released, settled.set_aside) == (entries, []), settled
    assert await ledger.problems(store) == []
    scan_seconds = min(scan_seconds, await _scanned(raw, entries))
    print(
        f"settle, {entries} entries   promograph {entries / seconds:8.0f} entries/s ({seconds:.1f} s,"
        f" {len(settled.payout_ids)} payouts)   bare scan {entries / scan_seconds:8.0f} entries/s"
        f"   ratio {scan_seconds / seconds:.3f}"
    )
    print(f"  memory of this process: {before_mib} MiB before, at most {peak_mib} MiB while settling")
    began = time.perf_counter()
    again = await settlement.settle(store, AS_OF, actor="bench", now=AS_OF)
    assert (again.released, again.payout_ids) == (0, [])
    print(f"  settling again: {time.perf_counter() - began:.2f} s, nothing changed")
    await raw.close()
    await store.close()


async def _load(raw: Raw, entries: int) -> None:
    draw = random.Random(entries)
    people = [f"p{index:07}" for index in range(entries // 10)]
    for start in range(0, len(people), BATCH):
        await raw.run(PEOPLE, rows=people[start : start + BATCH])
    rows: list[dict[str, Any]] = []
    made = 0
    while made < entries:
        codes = draw.sample(people, min(ENTRIES_PER_ORDER, entries - made))
        fens = [draw.randrange(1_000, 20_000) for _ in codes]
        rows.append(
            {
                "number": f"o{made}",
                "release_at": RELEASE_AT + draw.randrange(5 * DAY_US),
                "entries": [
                    {"code": code, "id": f"{made}-{index}", "fen": fen}
                    for index, (code, fen) in enumerate(zip(codes, fens, strict=True))
                ],
                "accounts": ["expense", *(f"payable:{code}" for code in codes)],
                "amounts_fen": [sum(fens), *(-fen for fen in fens)],
            }
        )
        made += len(codes)
        if len(rows) == BATCH or made >= entries:
            await raw.run(ORDERS, rows=rows)
            rows = []


async def _scanned(raw: Raw, entries: int) -> float:
    """Seconds of the quicker of three bare scans."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        (row,) = await raw.run(SCAN)
        taken.append(time.perf_counter() - began)
        assert row["entries"] == entries
    return min(taken)


async def _peak_mib() -> int:
    peak = 0
    try:
        while True:
            peak = max(peak, memory_mib())
            await asyncio.sleep(0.2)
    except asyncio.CancelledError:
        return peak
