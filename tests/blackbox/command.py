"""The command line as an operator runs it: a process of its own, on the tests' servers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.blackbox.api import Json

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-c", "import sys; from graph_api.cli import main; sys.exit(main())")
"""What the installed `promograph` does, also where it is not installed."""


class Ended(NamedTuple):
    status: int
    stdout: str
    stderr: str

    @property
    def report(self) -> Json:
        """The last line of stdout."""
        found: Json = json.loads(self.stdout.strip().splitlines()[-1])
        return found


class Command:
    """Runs `promograph` with one environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = {**os.environ, **environment}

    async def __call__(self, *arguments: str | Path, timeout_seconds: float = 240) -> Ended:
        process = await self._start(*arguments)
        try:
            stdout, stderr = await asyncio.wait_for(process.communicate(), timeout_seconds)
        finally:
            await _end(process)
        assert process.returncode is not None
        return Ended(process.returncode, stdout.decode(), stderr.decode())

    async def killed(
        self, *arguments: str | Path, when: Callable[[], Awaitable[bool]], timeout_seconds: float = 60
    ) -> int:
        """Start, wait until `when`, kill -9; the exit status, −9 unless it ended before."""
        process = await self._start(*arguments)
        try:
            async with asyncio.timeout(timeout_seconds):
                while process.returncode is None and not await when():  # noqa: ASYNC110 - nothing tells us
                    await asyncio.sleep(0.002)
        finally:
            await _end(process)
        assert process.returncode is not None
        return process.returncode

    async def _start(self, *arguments: str | Path) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *PROGRAM,
            *map(str, arguments),
            cwd=ROOT,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
    await process.communicate()


def environment(servers: Any, *, secret: str, data_dir: Path, redis_url: str) -> dict[str, str]:
    """Settings that lead the command to the tests' servers."""
    return {
        "PROMOGRAPH_NEO4J_URI": servers.neo4j_uri,
        "PROMOGRAPH_NEO4J_USER": servers.neo4j_user,
        "PROMOGRAPH_NEO4J_PASSWORD": servers.neo4j_password,
        "PROMOGRAPH_NEO4J_DATABASE": servers.neo4j_database,
        "PROMOGRAPH_REDIS_URL": redis_url,
        "PROMOGRAPH_SECRET_KEY": secret,
        "PROMOGRAPH_DATA_DIR": str(data_dir),
    }
