"""The command line in this process: what it prints and how it ends, without the two seconds that an interpreter starts.

For commands that start no server of their own; what concerns the process itself is shown by one that is run as such.
"""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from graph_api.cli import main

ENDED_SECONDS_MAX = 240


def inside(*arguments: str | Path, env: Mapping[str, str], typed: str = "") -> subprocess.CompletedProcess[str]:
    """As `promograph` would end with this environment beside ours; `typed`: what it reads from its standard input."""
    argv = ["promograph", *map(str, arguments)]
    printed, told = io.StringIO(), io.StringIO()
    ended: list[int] = []
    # In a thread: a command begins an event loop, and the tests' own may run in this one.
    at_work = threading.Thread(target=lambda: ended.append(_status(told)), daemon=True)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(told):
        for name, value in env.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", argv)
        patch.setattr(sys, "stdin", io.StringIO(typed))
        at_work.start()
        at_work.join(ENDED_SECONDS_MAX)
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
