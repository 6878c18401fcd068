"""Scan the network for structures: read it, look at it in a thread, record what was found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from cypher.store import Store
from graph_api.actions import findings
from graph_api.actions.findings import Recorded
from graph_api.jobs.snapshot import read
from graph_api.risk.links import hubs
from graph_api.risk.registry import DETECTORS, Chosen, Pass, named, scan

HUB_MAX = DETECTORS["IDENTITY_RING"].limits()["hub_max"]
_turn = asyncio.Lock()
"""One scan at a time in a process: a snapshot of a million promoters takes a gigabyte and a half."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What each detector found, identifiers of too many people to link anybody (with how many), what was recorded."""

    passes: list[Pass]
    hubs: list[tuple[str, int]]
    promoters: int
    orders: int
    read_seconds: float
    recorded: Recorded = field(default_factory=Recorded)


async def look(store: Store, *, detectors: Iterable[str] | None, now: int, chosen: Chosen | None = None) -> Scanned:
    """Find, and write nothing."""
    wanted = named(detectors)
    async with _turn:
        began = time.monotonic()
        snapshot = await read(store, as_of=now)
        read_seconds = round(time.monotonic() - began, 3)
        passes = await asyncio.to_thread(scan, snapshot, wanted, chosen)
        crowded = await asyncio.to_thread(hubs, snapshot, HUB_MAX)
    return Scanned(passes, crowded, snapshot.promoters, len(snapshot.sellers), read_seconds)


async def find(store: Store, *, detectors: Iterable[str] | None, actor: str, now: int) -> Scanned:
    """Find and record. Two scans at once record the same findings once."""
    scanned = await look(store, detectors=detectors, now=now)
    recorded = await findings.record(store, scanned.passes, actor=actor, now=now)
    return Scanned(scanned.passes, scanned.hubs, scanned.promoters, scanned.orders, scanned.read_seconds, recorded)
