"""Scan the network for structures: read it, look at it in a thread, record what was found."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from cypher.store import Store
from graph_api.actions import detectors as parameters_of
from graph_api.actions import findings
from graph_api.actions.detectors import Given
from graph_api.actions.findings import Foreseen, Recorded
from graph_api.errors import WrongState
from graph_api.jobs.snapshot import read
from graph_api.jobs.threads import in_thread
from graph_api.risk.detector import Detector, Found, Limits, ParameterSet
from graph_api.risk.links import hubs
from graph_api.risk.registry import DETECTORS, Pass, named, scan
from graph_api.risk.snapshot import Snapshot

turn = asyncio.Lock()
"""One scan at a time in a process: a snapshot of a million promoters takes a gigabyte and a half.

Under it threads are awaited to their end (`in_thread`), or a scan that is cancelled would leave its snapshot behind."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What each detector found, identifiers of too many people to link anybody (with how many), what was recorded."""

    passes: list[Pass]
    hubs: list[tuple[str, int]]
    promoters: int
    orders: int
    read_seconds: float
    recorded: Recorded = field(default_factory=Recorded)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a detector would find with other parameters, the gravest first, and what recording it would do.

    `limits`: every parameter that was tried. `at_stake_fen` counts each promoter once, whatever names it.
    """

    detector: Detector
    limits: Limits
    found: list[Found]
    foreseen: Foreseen
    at_stake_fen: int
    promoters: int
    orders: int
    seconds: float


async def look(store: Store, *, detectors: Iterable[str] | None, now: int) -> Scanned:
    """Find with the parameters in force, and write nothing."""
    wanted = named(detectors)
    async with turn:
        began = time.monotonic()
        chosen = await parameters_of.in_force(store)
        snapshot = await read(store, as_of=now)
        read_seconds = round(time.monotonic() - began, 3)
        passes = await in_thread(scan, snapshot, wanted, chosen)
        hub_max = DETECTORS["IDENTITY_RING"].limits(chosen["IDENTITY_RING"].chosen)["hub_max"]
        crowded = await in_thread(hubs, snapshot, hub_max)
    return Scanned(passes, crowded, snapshot.promoters, len(snapshot.sellers), read_seconds)


async def find(store: Store, *, detectors: Iterable[str] | None, actor: str, now: int) -> Scanned:
    """Find and record. Two scans at once record the same findings once."""
    scanned = await look(store, detectors=detectors, now=now)
    recorded = await findings.record(store, scanned.passes, actor=actor, now=now)
    return Scanned(scanned.passes, scanned.hubs, scanned.promoters, scanned.orders, scanned.read_seconds, recorded)


async def try_out(store: Store, key: str, given: Given, *, now: int) -> Trial:
    """What a detector would find with these parameters in place of those in force; nothing is written.

    ManyErrors for parameters that it does not take. WrongState while a scan or another trial runs in this process: a trial
    is somebody waiting at a screen, and is better asked again than queued.
    """
    detector = parameters_of.named(key)
    in_force = (await parameters_of.in_force(store, [key]))[key]
    tried = ParameterSet(in_force.number, parameters_of.chosen(detector, in_force.chosen, given))
    if turn.locked():
        raise WrongState("a scan or another trial is running; try again when it has ended")
    async with turn:
        began = time.monotonic()
        snapshot = await read(store, as_of=now)
        (done,) = await in_thread(scan, snapshot, [detector], {key: tried})
        at_stake_fen = await in_thread(_at_stake_fen, snapshot, done.found)
    foreseen = await findings.foreseen(store, detector, done.found, now=now)
    return Trial(
        detector=detector,
        limits=detector.limits(tried.chosen),
        found=sorted(done.found, key=lambda found: (-found.score, found.anchor)),
        foreseen=foreseen,
        at_stake_fen=at_stake_fen,
        promoters=snapshot.promoters,
        orders=len(snapshot.sellers),
        seconds=round(time.monotonic() - began, 3),
    )


def _at_stake_fen(snapshot: Snapshot, found: Iterable[Found]) -> int:
    """Of everybody named, once each; a structure too large to name all of its members adds what it says itself."""
    every = list(found)
    named_whole = {code for each in every if each.member_count == len(each.members) for code in each.members}
    numbers = [number for number in range(snapshot.promoters) if snapshot.codes[number] in named_whole]
    larger_fen = sum(each.at_stake_fen for each in every if each.member_count > len(each.members))
    return snapshot.stake_fen(np.array(numbers, dtype=np.int64)) + larger_fen
