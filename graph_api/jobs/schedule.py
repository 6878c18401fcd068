"""The scheduler: what runs when, in one process at a time.

Whoever holds the lease in the store runs the jobs. The lease is a courtesy, not a lock: it saves work, and every job is
safe without it. What is done is remembered up to which instant, so that a job that was missed or killed runs at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from cypher import jobs
from cypher.store import Store, StoreTimeout, StoreUnavailable
from graph_api.actions import settlement
from graph_api.jobs import watch
from graph_api.jobs.months import close_ended
from graph_api.jobs.scan import find
from graph_api.jobs.transfers import Providers, transfer
from graph_api.pii import Pii
from graph_api.providers import Clock, system_clock
from graph_api.rules.calendar import DAY_US

ACTOR = "scheduler"
LEASE_MS = 20_000
RENEWED_SECONDS = 5.0
GIVE_UP_SECONDS = 2.0
TICK_SECONDS = 2.0
RETRY_US = 30_000_000
WATCH_US = 5_000_000
OUTCOME_LENGTH_MAX = 2_000

Run = Callable[[int], Awaitable[Any]]

log = structlog.get_logger("promograph.jobs")


@dataclass(frozen=True, slots=True)
class Job:
    """`run(as_of)` is due once for every `every_us`, at its multiples since 1970; `waits_us`: not before the first
    multiple of that after the service was started on its store."""

    name: str
    every_us: int
    run: Run
    waits_us: int = 0

    def due_until(self, now: int) -> int:
        return now - now % self.every_us

    def waits_until(self, now: int) -> int:
        """What is taken for done when it is first seen."""
        return now - now % self.waits_us + self.waits_us - self.every_us


def jobs_of(
    store: Store, pii: Pii, providers: Providers, *, every_seconds: float, clock: Clock = system_clock
) -> tuple[Job, ...]:
    """All jobs in the order in which they run: a month closes before what it released is settled."""
    every_us = round(every_seconds * 1_000_000)

    async def settle(as_of: int) -> dict[str, Any]:
        settled = await settlement.settle(store, as_of, actor=ACTOR, now=clock())
        aside = [list(row) for row in settled.set_aside]
        return {
            "released": settled.released,
            "promotions": settled.promotions,
            "payouts": len(settled.payout_ids),
            "set_aside": aside,
        }

    async def close_months(as_of: int) -> dict[str, Any]:
        return await close_ended(store, as_of, actor=ACTOR, now=clock())

    async def scan(as_of: int) -> dict[str, int]:
        scanned = await find(store, detectors=None, actor=ACTOR, now=clock())
        recorded = scanned.recorded
        return {
            "promoters": scanned.promoters,
            "raised": len(recorded.raised),
            "changed": recorded.changed,
            "closed": recorded.closed,
            "locked": recorded.locked,
        }

    async def look(as_of: int) -> dict[str, int]:
        return (await watch.watch(store, actor=ACTOR, now=clock())).told()

    async def transfers(as_of: int) -> dict[str, int]:
        return await transfer(store, pii, providers, clock=clock)

    found = [Job("close-months", every_us, close_months), Job("settle", every_us, settle)]
    if providers:
        found.append(Job("transfers", round(TICK_SECONDS * 1_000_000), transfers))
    # Both may lock people: nobody is to be surprised by that on the day that a network was loaded.
    found.append(Job(watch.NAME, WATCH_US, look, waits_us=DAY_US))
    found.append(Job("scan", DAY_US, scan, waits_us=DAY_US))
    return tuple(found)


async def run_job(store: Store, job: Job, as_of: int) -> Any:
    """Run a job once and remember how it ended; what it raises is raised."""
    began, began_at = time.monotonic(), system_clock()

    async def record(*, outcome: str | None, failure: str | None) -> None:
        await jobs.record(
            store.unjournalled,
            name=job.name,
            began_at=began_at,
            took_ms=round((time.monotonic() - began) * 1000),
            outcome=outcome,
            failure=failure,
            # What is to come is not done yet, up to whenever it was asked for.
            done_until=min(as_of, began_at) if failure is None else None,
        )

    try:
        answer = await job.run(as_of)
    except Exception as error:
        await record(outcome=None, failure=f"{type(error).__name__}: {error}"[:OUTCOME_LENGTH_MAX])
        raise
    await record(outcome=json.dumps(answer, ensure_ascii=False)[:OUTCOME_LENGTH_MAX], failure=None)
    return answer


@dataclass
class Scheduler:
    """Runs jobs while it leads; `run` never ends by itself and never raises for what a job or the store does."""

    store: Store
    jobs: Sequence[Job]
    clock: Clock = system_clock
    holder: str = field(default_factory=lambda: uuid.uuid4().hex)
    leads: bool = False
    _not_before: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        leading = asyncio.create_task(self._keep_lease())
        try:
            while True:
                if self.leads:
                    await self._run_due()
                await asyncio.sleep(TICK_SECONDS)
        finally:
            leading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await leading
            if self.leads:
                with contextlib.suppress(StoreUnavailable, StoreTimeout, TimeoutError):
                    await asyncio.wait_for(jobs.give_up(self.store.unjournalled, holder=self.holder), GIVE_UP_SECONDS)

    async def _keep_lease(self) -> None:
        while True:
            try:
                lease = await jobs.lead(self.store.unjournalled, holder=self.holder, lease_ms=LEASE_MS)
                if (lease.holder == self.holder) != self.leads:
                    self.leads = not self.leads
                    log.info("scheduler", leads=self.leads)
            except Exception as error:  # whatever it is: another process may lead, and this one asks again
                self.leads = False
                log.warning("no lease", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RENEWED_SECONDS)

    async def _run_due(self) -> None:
        try:
            done = {row.name: row.done_until or 0 for row in await jobs.runs(self.store)}
        except Exception as error:
            log.warning("jobs not read", error=f"{type(error).__name__}: {error}")
            return
        for job in self.jobs:
            now = self.clock()
            if job.waits_us and job.name not in done:
                await self._begin_waiting(job, now)
                continue
            if job.due_until(now) <= done.get(job.name, 0) or now < self._not_before.get(job.name, 0):
                continue
            try:
                await run_job(self.store, job, job.due_until(now))
            except Exception as error:
                self._not_before[job.name] = now + RETRY_US
                log.error("job failed", job=job.name, error=f"{type(error).__name__}: {error}")

    async def _begin_waiting(self, job: Job, now: int) -> None:
        with contextlib.suppress(StoreUnavailable, StoreTimeout):
            await jobs.record(
                self.store.unjournalled,
                name=job.name,
                began_at=now,
                took_ms=0,
                outcome="waits for its first time",
                failure=None,
                done_until=job.waits_until(now),
            )
