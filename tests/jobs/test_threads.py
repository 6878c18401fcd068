"""A thread is awaited to its end, by whoever was cancelled too."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from graph_api.errors import WrongState
from graph_api.jobs import scan
from graph_api.jobs.threads import in_thread
from graph_api.risk.detector import Detector, ParameterSet
from graph_api.risk.registry import Pass
from graph_api.risk.snapshot import Snapshot
from tests.actions.shop import NOW, Shop


async def test_who_is_cancelled_goes_when_the_thread_has_ended() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()
        raise ValueError("nobody's any more")

    asking = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):
        asking.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert not asking.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended.is_set()


async def test_what_the_thread_gives_or_raises_is_told() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_a_trial_that_is_cancelled_keeps_its_turn_until_its_snapshot_is_gone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else asking and cancelling again and again fills the process with snapshots."""
    begun, may_end = threading.Event(), threading.Event()
    looks = scan.scan

    def held(snapshot: Snapshot, detectors: Sequence[Detector], chosen: dict[str, ParameterSet]) -> list[Pass]:
        begun.set()
        may_end.wait(10)
        return looks(snapshot, detectors, chosen)

    monkeypatch.setattr(scan, "scan", held)
    trying = asyncio.create_task(scan.try_out(shop.store, "DEEP_CHAIN", [], now=NOW))
    await asyncio.to_thread(begun.wait, 10)
    trying.cancel()
    await asyncio.sleep(0.05)
    with pytest.raises(WrongState):
        await scan.try_out(shop.store, "DEEP_CHAIN", [], now=NOW)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await trying
    assert (await scan.try_out(shop.store, "DEEP_CHAIN", [], now=NOW)).promoters == 4
