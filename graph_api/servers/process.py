"""A server process that lives as long as its owner (keeper.py says how), and who may use a data dir."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

KEEPER = Path(__file__).with_name("keeper.py")
PUBLISHED = "servers.json"
LOG_TAIL_LINES = 30
# How long a start waits for servers whose owner is dead and which their keepers are ending right now.
DYING_SECONDS = 5.0


class DataDirInUse(Exception):
    """Another process runs its servers in this data dir."""

    def __init__(self, *, data_dir: Path, pid: int) -> None:
        super().__init__(f"{data_dir} is in use by process {pid}; stop it, or choose another data dir")
        self.data_dir, self.pid = data_dir, pid


class ServerDidNotStart(Exception):
    """An embedded server ended or stayed silent instead of starting; carries the end of its log."""

    def __init__(self, *, server: str, reason: str, log_path: Path) -> None:
        self.server, self.reason, self.log_path = server, reason, log_path
        self.log_tail = log_tail(log_path)
        super().__init__(f"{server} did not start: {reason}. The end of {log_path}:\n{self.log_tail}")


def log_tail(path: Path) -> str:
    try:
        return "\n".join(path.read_text("utf-8", "replace").splitlines()[-LOG_TAIL_LINES:])
    except OSError as error:
        return f"({error})"


@dataclass(frozen=True, slots=True)
class DataDirLock:
    """The right to run servers in a data dir.

    The lock belongs to the open file, and every server inherits it: the kernel lets go when the last of
    owner, keepers and servers has ended, so neither a stale file nor an orphan can fool the next start.
    """

    fd: int

    def note(self, pid: int) -> None:
        """Write down who else holds it, for the message of whoever is refused."""
        os.write(self.fd, f"{pid}\n".encode())


@contextmanager
def data_dir_lock(data_dir: Path) -> Iterator[DataDirLock]:
    """Hold the data dir; raises DataDirInUse when somebody living holds it."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Between another's taking the lock and writing its pid down, nobody's or an old pid is read.
        deadline = time.monotonic() + DYING_SECONDS
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                owner, *others = [int(line) for line in os.pread(fd, 4096, 0).split()] or [0]
                if psutil.pid_exists(owner) and owner:
                    raise DataDirInUse(data_dir=data_dir, pid=owner) from None
                if time.monotonic() > deadline:
                    living = next((pid for pid in others if psutil.pid_exists(pid)), owner)
                    raise DataDirInUse(data_dir=data_dir, pid=living) from None
                time.sleep(0.05)
        os.ftruncate(fd, 0)
        # What a killed owner published is not true any more.
        (data_dir / PUBLISHED).unlink(missing_ok=True)
        lock = DataDirLock(fd)
        lock.note(os.getpid())
        yield lock
    finally:
        os.close(fd)


def kept_password(place: Path) -> str:
    """The password in this file, readable by its owner alone; made on first use."""
    with contextlib.suppress(FileNotFoundError):
        return place.read_text("ascii")
    # Hexadecimal: one that begins with "-" would be taken for an option by Neo4j's admin tool (1 start in 64 failed).
    password = secrets.token_hex(24)
    write_private(place, password)
    return password


def write_private(place: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    part = place.with_name(place.name + ".part")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, place)


class KeptProcess:
    """A server and the keeper that ends it with its owner."""

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log_path: Path,
        lock: DataDirLock,
    ) -> None:
        self.log_path = log_path
        if log_path.exists():
            os.replace(log_path, log_path.with_name(log_path.name + ".1"))
        # -I -S: the keeper starts in 30 ms and depends on nothing a user may have in the environment.
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", "-S", KEEPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[lock.fd],
            # Ctrl-C in a terminal reaches the whole group; the owner alone decides when its servers stop.
            start_new_session=True,
        )
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._stdin, self._stdout = self._keeper.stdin, self._keeper.stdout
        spec = {
            "argv": [str(part) for part in argv],
            "env": dict(env),
            "cwd": str(cwd),
            "log": str(log_path),
            "fds": [lock.fd],
            "owner_pid": os.getpid(),
        }
        self._stdin.write(json.dumps(spec).encode() + b"\n")
        self._stdin.flush()
        told = self._stdout.readline().decode().strip()
        if not told.isdigit():
            self._keeper.wait()
            self._close()
            raise ServerDidNotStart(server=str(argv[0]), reason=told or "its keeper ended", log_path=log_path)
        self.pid = int(told)
        lock.note(self.pid)
        self._peak_bytes = 0
        self._server: psutil.Process | None = None
        with contextlib.suppress(psutil.NoSuchProcess):
            self._server = psutil.Process(self.pid)

    def exit_code(self) -> int | None:
        """None while it runs, and for the moment its keeper needs to notice the end."""
        return self._keeper.poll()

    def is_running(self) -> bool:
        """Asked of the kernel, so it is false as soon as the server is dead."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return (
                self._server is not None and self._server.is_running() and self._server.status() != psutil.STATUS_ZOMBIE
            )
        return False

    def wait(self, timeout_seconds: float | None = None) -> int:
        """Wait for it to end by itself; raises subprocess.TimeoutExpired."""
        code = self._keeper.wait(timeout_seconds)
        self._close()
        return code

    def stop(self, grace_seconds: float) -> None:
        """SIGTERM, wait, SIGKILL after the grace; does nothing when it has ended."""
        self.peak_memory_bytes()
        # A BrokenPipeError says the keeper has ended; what it left is looked for below.
        with contextlib.suppress(OSError, ValueError):
            self._stdin.write(f"stop {grace_seconds}\n".encode())
            self._stdin.flush()
        try:
            self._keeper.wait(grace_seconds + 10)
        except subprocess.TimeoutExpired:
            self._keeper.kill()
            self._keeper.wait()
        self._close()
        self._end_leftover()

    def _end_leftover(self) -> None:
        """Where no kernel ends a server with its keeper, do it; psutil knows a reused pid from ours."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if self._server is not None:
                self._server.kill()
                self._server.wait(10)

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._stdin.close()
        self._stdout.close()

    def listening_ports(self) -> list[int]:
        """TCP ports the server listens on."""
        connections = psutil.Process(self.pid).net_connections("tcp")
        return sorted({found.laddr.port for found in connections if found.status == psutil.CONN_LISTEN})

    def peak_memory_bytes(self) -> int:
        """The most memory it ever held (VmHWM on Linux; elsewhere the most seen by these calls)."""
        try:
            status = Path(f"/proc/{self.pid}/status")
            if status.exists():
                lines = status.read_text().splitlines()
                seen = next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)
            else:
                seen = int(psutil.Process(self.pid).memory_info().rss)
            self._peak_bytes = max(self._peak_bytes, seen)
        except (OSError, psutil.Error):
            pass  # it has ended; what was seen before still holds
        return self._peak_bytes
