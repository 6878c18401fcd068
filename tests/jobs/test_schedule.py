"""The scheduler: one process at a time, what was missed is caught up with, and a failing job stops no other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from cypher import jobs
from cypher.store import Store
from graph_api.jobs import schedule
from graph_api.jobs.schedule import Job, Scheduler, jobs_of, run_job
from graph_api.rules.calendar import DAY_US, HOUR_US, instant
from tests.actions.shop import DUE, PAID, Shop

LATER = instant("2026-05-20T00:00:00Z")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(schedule, "RENEWED_SECONDS", 0.2)


@asynccontextmanager
async def running(scheduler: Scheduler) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(scheduler.run())
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.02)


def counted(name: str, runs: list[int], *, failing: bool = False) -> Job:
    async def run(as_of: int) -> dict[str, Any]:
        runs.append(as_of)
        if failing:
            raise RuntimeError("broken")
        return {"runs": len(runs)}

    return Job(name, HOUR_US, run)


async def test_a_job_runs_once_for_each_of_its_times(store: Store) -> None:
    now = [LATER + 5]
    runs: list[int] = []
    async with running(Scheduler(store, [counted("job", runs)], clock=lambda: now[0])):
        await until(lambda: runs == [LATER])
        now[0] += HOUR_US
        await until(lambda: len(runs) == 2)
        await asyncio.sleep(0.3)
    assert runs == [LATER, LATER + HOUR_US]
    (ran,) = await jobs.runs(store)
    assert (ran.name, ran.done_until, ran.outcome, ran.failure) == ("job", LATER + HOUR_US, '{"runs": 2}', None)


async def test_a_job_that_waits_does_not_run_on_the_day_it_is_first_seen(store: Store) -> None:
    now = [LATER + 5]
    runs: list[int] = []
    job = replace(counted("job", runs), waits_us=HOUR_US)
    async with running(Scheduler(store, [job], clock=lambda: now[0])):
        await asyncio.sleep(0.6)
        assert runs == []
        now[0] += HOUR_US
        await until(lambda: runs == [LATER + HOUR_US])


async def test_what_may_lock_waits_for_the_first_midnight(store: Store, shop: Shop) -> None:
    waiting = [job for job in jobs_of(store, shop.pii, {}, every_seconds=3600) if job.waits_us]
    assert [job.name for job in waiting] == ["watch", "scan"]
    for job in waiting:
        before = job.waits_until(LATER + 7 * HOUR_US + 1)
        assert job.due_until(LATER + DAY_US - 1) <= before < job.due_until(LATER + DAY_US)


async def test_one_process_leads_and_another_takes_over_when_it_ends(store: Store) -> None:
    first, second = (Scheduler(store, [], clock=lambda: LATER) for _ in range(2))
    async with running(first):
        await until(lambda: first.leads)
        async with running(second):
            await asyncio.sleep(0.6)
            assert (first.leads, second.leads) == (True, False)
    async with running(second):
        await until(lambda: second.leads, seconds=5)  # well before the lease would have lapsed


async def test_a_lease_lapses_if_its_holder_dies(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await jobs.lead(store.unjournalled, holder="dead", lease_ms=700)
    assert (await jobs.lead(store.unjournalled, holder="other", lease_ms=1)).holder == "dead"
    alive = Scheduler(store, [], clock=lambda: LATER)
    async with running(alive):
        await until(lambda: alive.leads)


async def test_racing_for_the_lease_makes_one_leader(store: Store) -> None:
    asked = [jobs.lead(store.unjournalled, holder=f"h{i}", lease_ms=60_000) for i in range(20)]
    assert len({lease.holder for lease in await asyncio.gather(*asked)}) == 1


async def test_a_failing_job_stops_no_other_and_is_told(store: Store) -> None:
    broken: list[int] = []
    fine: list[int] = []
    given = [counted("broken", broken, failing=True), counted("fine", fine)]
    async with running(Scheduler(store, given, clock=lambda: LATER)):
        await until(lambda: fine == [LATER])
        await asyncio.sleep(0.3)
    assert broken == [LATER], "it is not tried again at once"
    told = {row.name: row for row in await jobs.runs(store)}
    assert (told["broken"].failure, told["broken"].done_until) == ("RuntimeError: broken", None)


async def test_months_close_and_what_is_due_is_settled_after_a_long_stop(shop: Shop) -> None:
    await shop.sell("o", 6_000_000, seller="C")
    await shop.deliver("o")
    known = jobs_of(shop.store, shop.pii, {}, every_seconds=3600)
    assert [job.name for job in known] == ["close-months", "settle", "watch", "scan"]
    closing, settling, *_ = known
    assert await run_job(shop.store, closing, PAID) == {"closed": [], "tier_entries": 0, "promotions": 0}
    closed = await run_job(shop.store, closing, LATER)
    assert closed == {"closed": ["2026-03"], "tier_entries": 1, "promotions": 0}
    settled = await run_job(shop.store, settling, LATER)
    assert (settled["released"], settled["payouts"], settled["set_aside"]) == (4, 3, [])
    again = [await run_job(shop.store, job, LATER) for job in known]
    assert again[0]["closed"] == []
    assert (again[1]["released"], again[1]["payouts"]) == (0, 0)
    await shop.check()


async def test_two_workers_and_one_killed_midway_end_where_one_ends(shop: Shop) -> None:
    for number in range(12):
        await shop.sell(f"o{number}", 10_000)
        await shop.deliver(f"o{number}")
    (_, settling, *_) = jobs_of(shop.store, shop.pii, {}, every_seconds=3600)
    killed = asyncio.create_task(run_job(shop.store, settling, DUE))
    await asyncio.sleep(0.15)
    killed.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await killed
    await asyncio.gather(*(run_job(shop.store, settling, DUE) for _ in range(2)))
    assert [payout["gross_fen"] for payout in await shop.of("D")] == [24_000]
    await shop.check()
