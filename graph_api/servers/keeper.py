"""Keeps one server process alive exactly as long as its owner: run as a script, standard library only.

The owner (the process that opened the servers) starts one keeper per server and holds the other end of its
stdin. The keeper reads one line of JSON saying what to start, prints the server's pid, and then waits for
`stop SECONDS`, for the end of the pipe, or for the server's own end.

Who dies, and what follows:
- The owner, even by kill -9: its end of the pipe closes and the keeper's parent changes. The pipe alone is
  not enough, because a child the owner forked may still hold a copy of it; the parent's pid alone is slower.
- The keeper, even by kill -9: on Linux the kernel kills the server (PR_SET_PDEATHSIG). That signal is tied
  to the *thread* that forked, which is why the keeper and not the owner sets it: the keeper has one thread,
  and it lives as long as the keeper. Elsewhere the server is left behind, but it holds the lock of its data
  dir (an inherited descriptor), so the next start refuses instead of opening the same files twice.
- The server: the keeper ends with its exit code.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

# How long a server whose owner is gone may take to stop cleanly; a SIGKILL costs it only a recovery.
ORPHAN_GRACE_SECONDS = 1.0
TICK_SECONDS = 0.2
PR_SET_PDEATHSIG = 1


class Stop:
    """When the server must be gone; the earliest wish wins."""

    def __init__(self) -> None:
        self.deadline: float | None = None

    def within(self, seconds: float) -> None:
        wish = time.monotonic() + seconds
        self.deadline = wish if self.deadline is None else min(self.deadline, wish)


def die_with_keeper(keeper_pid: int) -> None:
    """In the server, between fork and exec: ask the kernel to kill it when the keeper ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The keeper may have been killed before prctl; then the signal would never come.
        if os.getppid() != keeper_pid:
            os._exit(1)


def start(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start the server with its output in the log file and the data dir's lock inherited."""
    keeper_pid = os.getpid()
    with open(spec["log"], "ab") as log:
        return subprocess.Popen(
            spec["argv"],
            env=spec["env"],
            cwd=spec["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=spec["fds"],
            # Safe here: the keeper never has a second thread.
            preexec_fn=lambda: die_with_keeper(keeper_pid),
        )


def keep(server: subprocess.Popen[bytes], *, owner_pid: int, stop: Stop, woken: int) -> int:
    """Wait for the server's end, ending it when asked to or when the owner is gone."""
    asked, listening = False, True
    while (code := server.poll()) is None:
        readable = select.select([0, woken] if listening else [woken], [], [], TICK_SECONDS)[0]
        if woken in readable:
            os.read(woken, 4096)
        if 0 in readable:
            message = os.read(0, 4096)
            listening = bool(message)
            stop.within(float(message.split()[-1]) if message else ORPHAN_GRACE_SECONDS)
        if os.getppid() != owner_pid:
            stop.within(ORPHAN_GRACE_SECONDS)
        if stop.deadline is not None and not asked:
            server.terminate()
            asked = True
        if stop.deadline is not None and time.monotonic() > stop.deadline:
            server.kill()
    return code if code >= 0 else 128 - code


def read_line() -> bytes:
    """The first line of stdin, byte by byte: a buffer would swallow what `select` is to see later."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise EOFError
        line += byte
    return line


def main() -> int:
    stop = Stop()
    # A signal (the server's end is one) ends the wait at once.
    woken, waking = os.pipe()
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Handlers, not SIG_IGN: an ignored signal would stay ignored in the server after exec.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.within(ORPHAN_GRACE_SECONDS))
    try:
        spec = json.loads(read_line())
    except EOFError:
        return 1  # the owner died first
    try:
        server = start(spec)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"error {error}", flush=True)
        return 127
    with contextlib.suppress(BrokenPipeError):
        print(server.pid, flush=True)
    return keep(server, owner_pid=spec["owner_pid"], stop=stop, woken=woken)


if __name__ == "__main__":
    sys.exit(main())
