"""The command line in this process: what it prints and how it ends, without the two seconds that an interpreter starts.

For commands that start no server of their own; what concerns the process itself is shown by one that is run as such.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from graph_api import logs
from graph_api.cli import main
from tests.blackbox.command import Command, Ended

ENDED_SECONDS_MAX = 240
ONE_AT_A_TIME = threading.Lock()
"""The environment and the standard streams are the process's."""


def inside(*arguments: str | Path, env: Mapping[str, str], typed: str = "") -> subprocess.CompletedProcess[str]:
    """As `promograph` would end with this environment beside ours; `typed`: what it reads from its standard input."""
    argv = ["promograph", *map(str, arguments)]
    printed, told = io.StringIO(), io.StringIO()
    ended: list[int] = []
    # In a thread: a command begins an event loop, and the tests' own may run in this one.
    at_work = threading.Thread(target=lambda: ended.append(_status(told)), daemon=True)
    with (
        ONE_AT_A_TIME,
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(printed),
        redirect_stderr(told),
    ):
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", argv)
        patch.setattr(sys, "stdin", io.StringIO(typed))
        at_work.start()
        at_work.join(ENDED_SECONDS_MAX)
    logs.configure()  # a command has led them to `told`
    assert ended, f"{argv} has not ended: {told.getvalue()}"
    return subprocess.CompletedProcess(argv, ended[0], printed.getvalue(), told.getvalue())


def _status(told: io.StringIO) -> int:
    """What the interpreter would end with."""
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc(file=told)
        return 1
    return 0


class Inside(Command):
    """Runs `promograph` in the tests' own process, whose event loop goes on meanwhile."""

    async def __call__(self, *arguments: str | Path, timeout_seconds: float = ENDED_SECONDS_MAX) -> Ended:
        ran = await asyncio.wait_for(asyncio.to_thread(inside, *arguments, env=self.environment), timeout_seconds)
        return Ended(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="session")
def promograph(promograph_with: Callable[[str], Command], redis_url: str) -> Command:
    """The command line on the tests' servers."""
    return Inside(promograph_with(redis_url).environment)
