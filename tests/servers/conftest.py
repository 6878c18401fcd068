"""One embedded pair for the whole folder: every start of a JVM costs seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from graph_api.servers import Servers, open_servers
from graph_api.settings import Settings
from tests.processes import QUICK_JVM

# The jars are shared with every other embedded Neo4j of this user, so only the first run downloads them.
ROOT = Path(__file__).parents[2]
GONE_SECONDS_MAX = 2.0


def small_settings(data_dir: Path) -> Settings:
    """Everything embedded, whatever the environment of the run gives."""
    return Settings(
        data_dir=data_dir,
        neo4j_uri=None,
        redis_url=None,
        neo4j_heap="512m",
        neo4j_page_cache="64m",
        neo4j_jvm_options=QUICK_JVM,
    )


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a space and beyond ASCII, as a user's folders are."""
    return tmp_path_factory.mktemp("servers") / "推广 data"


@pytest.fixture(scope="session")
def embedded(data_dir: Path) -> Iterator[Servers]:
    with open_servers(small_settings(data_dir)) as servers:
        yield servers


@contextmanager
def beginning_owner(data_dir: Path, *args: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that is going to own servers; killed, and so they, at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.servers.owner", str(data_dir), *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def owner(data_dir: Path, *args: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """One whose servers answer, and the pids it told."""
    with beginning_owner(data_dir, *args) as process:
        assert process.stdout
        pids = {name: pid for name, pid in json.loads(process.stdout.readline()).items() if pid}
        yield process, pids


def is_gone(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def seconds_until_gone(*pids: int) -> float:
    begun = time.monotonic()
    while not all(is_gone(pid) for pid in pids) and time.monotonic() < begun + 10:
        time.sleep(0.02)
    return time.monotonic() - begun
