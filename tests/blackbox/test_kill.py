"""An import that is killed is run again, and nobody can tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox import network_files
from tests.blackbox.command import Command
from tests.blackbox.recount import earned, rows

PROMOTERS, ORDERS = 2_500, 3_000
Emptied = Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return network_files.write(tmp_path_factory.mktemp("source"), promoters=PROMOTERS, orders=ORDERS)


def contents(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(directory.iterdir())}


async def imported(promograph: Command, directory: Path) -> None:
    ended = await promograph("import", directory)
    assert ended.status == 0, ended
    for kind in ("promoters", "products", "orders", "identifiers"):
        assert ended.report[kind]["rejected"] == ended.report[kind]["quarantined"] == 0, ended.report


async def exported(promograph: Command, directory: Path) -> dict[str, bytes]:
    ended = await promograph("export", directory)
    assert ended.status == 0, ended
    return contents(directory)


@pytest.mark.long
async def test_killed_and_shuffled_imports_end_like_an_undisturbed_one(
    promograph: Command, store: Any, emptied: Emptied, source: Path, tmp_path: Path
) -> None:
    await imported(promograph, source)
    undisturbed = await exported(promograph, tmp_path / "undisturbed")
    undisturbed_earned = await earned(store)
    assert set(undisturbed) >= {"promoters.csv", "products.csv", "orders.csv", "identifiers.csv"}
    assert undisturbed["promoters.csv"].count(b"\np0") == PROMOTERS

    await emptied()
    await _kill_halfway(promograph, store, source, label="Promoter", at_least=1)
    await _kill_halfway(promograph, store, source, label="Order", at_least=1)
    await imported(promograph, source)
    assert await exported(promograph, tmp_path / "killed") == undisturbed
    assert await earned(store) == undisturbed_earned

    await emptied()
    await imported(promograph, tmp_path / "undisturbed")
    assert await exported(promograph, tmp_path / "round") == undisturbed
    assert await earned(store) == undisturbed_earned

    await emptied()
    await imported(promograph, network_files.shuffled(source, tmp_path / "shuffled"))
    assert await exported(promograph, tmp_path / "from-shuffled") == undisturbed
    assert await earned(store) == undisturbed_earned


async def _kill_halfway(promograph: Command, store: Any, source: Path, *, label: str, at_least: int) -> None:
    whole = {"Promoter": PROMOTERS, "Order": ORDERS}[label]

    async def count() -> int:
        (row,) = await rows(store, f"MATCH (n:{label}) RETURN count(n) AS found")
        found: int = row["found"]
        return found

    async def begun() -> bool:
        return await count() >= at_least

    assert await promograph.killed("import", source, when=begun) == -9
    assert at_least <= await count() < whole, "the kill came too late to be in the middle"
