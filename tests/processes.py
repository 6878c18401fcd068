"""The suite in two processes: who may have how many, what begins first, what is left to `--all`, and what each tells at
the end."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest

from graph_api.settings import Settings

PROCESSES = 2
USED = pytest.StashKey[list[str]]()
"""One line for each pair of servers that a process used."""
LONGEST_FIRST = (
    "tests/blackbox/test_faults.py",
    "tests/oracle/test_otc_network.py",
    "tests/oracle/test_permutations.py",
    "tests/risk/test_background.py",
    "tests/money/test_kills.py",
    "tests/loaders/test_offline.py",
    "tests/money/test_machine.py",
    "tests/money/test_races.py",
    "tests/blackbox/test_fuzz.py",
    "tests/servers/test_embedded.py",
    "tests/schema/test_workbench.py",
    "tests/schema/test_access.py",
    "tests/blackbox/test_cache_faults.py",
    "tests/test_cli.py",
    "tests/console/test_demonstration.py",
    "tests/console/test_journeys.py",
    "tests/blackbox/test_kill.py",
    "tests/oracle/test_worked_numbers.py",
)
"""Files that take long begin first, so that no process is left alone with one of them in the end."""
STEADY_JVM = "-XX:+UseSerialGC"
"""Two processors have no time to collect in parallel."""
QUICK_JVM = f"{STEADY_JVM} -XX:TieredStopAtLevel=1"
"""Of a server that lives for one test: compiling for speed pays for itself in hours. It starts in two thirds of the
processor time."""
MEMORY_DISK = Path("/dev/shm")
TEMPORARY = "PYTEST_DEBUG_TEMPROOT"
"""Where pytest makes its temporary directories; whoever has set it keeps it."""
ROOM_BYTES_MIN, MEMORY_BYTES_MIN = 4 * 2**30, 8 * 2**30
"""A run leaves 1.3 GB behind it until it has passed."""


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`; 0 is this process itself."""
    return 0 if _given() else PROCESSES


def pytest_configure(config: pytest.Config) -> None:
    if _has_room(MEMORY_DISK):
        os.environ.setdefault(TEMPORARY, str(MEMORY_DISK))
    config.stash[USED] = []
    if not hasattr(config, "workerinput") and (config.args_source is config.ArgsSource.ARGS or config.option.keyword):
        config.option.all = True  # whoever names tests gets what they name; each process is told
    if config.getoption("numprocesses", None) and _given():
        raise pytest.UsageError("given servers are one store, and tests empty it: only one process may use them")


def _has_room(disk: Path) -> bool:
    """Whether stores may lie in memory: each commit waits for the disk, and a killed process loses nothing by either."""
    return (
        os.access(disk, os.W_OK)
        and shutil.disk_usage(disk).free > ROOM_BYTES_MIN
        and psutil.virtual_memory().available > MEMORY_BYTES_MIN
    )


def _given() -> bool:
    settings = Settings()
    return settings.neo4j_uri is not None or settings.redis_url is not None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="the tests marked long too, as CI runs them")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.option.all:
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
    places = {path: place for place, path in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["used"] = session.config.stash[USED]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """In the process that waits for the others: what one of them told before it ended."""
    lines = getattr(node, "workeroutput", {}).get("used", [])
    node.config.stash[USED] += [f"{node.gateway.id}: {line}" for line in lines]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    for line in config.stash[USED] or ["no server was started"]:
        terminalreporter.write_line(line)
    if not config.option.all:
        terminalreporter.write_line("the tests marked long were left out: make test ARGS=--all runs them too")
