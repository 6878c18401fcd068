"""Scans by hand and by the scheduler."""

from __future__ import annotations

import asyncio

from graph_api.actions import detectors, identifiers
from graph_api.jobs.scan import find
from graph_api.jobs.schedule import jobs_of, run_job
from tests.actions.shop import NOW, Shop
from tests.blackbox.command import Command

COUNT = "MATCH (f:Finding) RETURN count(f) AS findings"


async def shared(shop: Shop) -> None:
    links = [identifiers.Identification(code, "DEVICE", "d") for code in "ABC"]
    await identifiers.link(shop.store, shop.pii, links, actor="test", now=NOW)


async def test_a_scan_by_hand_prints_what_it_found_and_a_dry_one_writes_nothing(
    shop: Shop, promograph: Command
) -> None:
    await shared(shop)
    dry = await promograph("scan", "--dry-run")
    assert (dry.status, "nothing written" in dry.stdout) == (0, True), dry
    assert "IDENTITY_RING: 1 in" in dry.stdout
    assert "   60  3 promoters of the tree of A (A, B, C) share device." in dry.stdout
    assert await shop.query(COUNT) == [{"findings": 0}]
    done = await promograph("scan", "--detector", "IDENTITY_RING", "--detector", "DEEP_CHAIN")
    assert (done.status, "1 raised, 0 changed" in done.stdout) == (0, True), done
    assert await shop.query(COUNT) == [{"findings": 1}]
    wrong = await promograph("scan", "--detector", "NONE")
    assert (wrong.status, "no detector NONE" in wrong.stderr) == (1, True)


async def test_the_scheduler_scans_daily(shop: Shop) -> None:
    await shared(shop)
    scan = jobs_of(shop.store, shop.pii, {}, every_seconds=3600)[-1]
    assert (scan.name, scan.due_until(scan.every_us + 5)) == ("scan", scan.every_us)
    told = await run_job(shop.store, scan, NOW)
    assert told == {"promoters": 4, "raised": 1, "changed": 0, "closed": 0, "locked": 0}
    assert (await run_job(shop.store, scan, NOW))["raised"] == 0


async def test_the_command_and_the_scheduler_scan_with_the_parameters_that_people_set(
    shop: Shop, promograph: Command
) -> None:
    await shared(shop)
    await detectors.choose(
        shop.store,
        "IDENTITY_RING",
        [("members_lock", 3)],
        reset=False,
        based_on=None,
        reason="r",
        actor="RISK",
        now=NOW,
    )
    dry = await promograph("scan", "--dry-run")
    assert "   90  3 promoters of the tree of A (A, B, C) share device." in dry.stdout, dry
    scan = jobs_of(shop.store, shop.pii, {}, every_seconds=3600)[-1]
    assert (await run_job(shop.store, scan, NOW))["locked"] == 3


async def test_two_scans_at_once_record_each_structure_once(shop: Shop) -> None:
    await shared(shop)
    both = await asyncio.gather(*(find(shop.store, detectors=None, actor="test", now=NOW) for _ in range(2)))
    assert [len(each.recorded.keys) for each in both] == [1, 1]
    assert sum(len(each.recorded.raised) for each in both) == 1
    assert await shop.query(COUNT) == [{"findings": 1}]
