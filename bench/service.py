"""`promograph serve` as a process of its own, on servers that are there."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from bench.memory import memory_mib
from graph_api import auth
from graph_api.servers import Servers
from graph_api.viewer import Role


class Service:
    """`promograph serve` as a process of its own on the benchmark's servers."""

    def __init__(
        self, servers: Servers, data_dir: Path, *, workers: int = 1, changes: Mapping[str, str] | None = None
    ) -> None:
        """`changes`: further settings, in the environment's names."""
        self._secret = secrets.token_hex(32)
        environment = os.environ | {
            "PROMOGRAPH_NEO4J_URI": servers.neo4j_uri,
            "PROMOGRAPH_NEO4J_PASSWORD": servers.neo4j_password,
            "PROMOGRAPH_REDIS_URL": servers.redis_url or "",
            "PROMOGRAPH_SECRET_KEY": self._secret,
            "PROMOGRAPH_DATA_DIR": str(data_dir),
            **(changes or {}),
        }
        self.port = free_port()
        program = str(Path(sys.executable).with_name("promograph"))
        arguments = [program, "serve", "--port", str(self.port), "--workers", str(workers), "--empty", "--no-jobs"]
        self._process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)

    async def ready(self) -> None:
        await listening(self.port)
        for _ in itertools.repeat(None, 300):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            if answer.startswith(b"HTTP/1.1 200"):
                return
            await asyncio.sleep(0.1)
        raise RuntimeError("the service did not get ready within 30 s")

    def token(self, role: Role, *, code: str | None = None) -> str:
        """`code`: the promoter's, for its role."""
        return auth.issue(self._secret, role, promoter_code=code)

    @property
    def process(self) -> int:
        return self._process.pid

    def memory_mib(self) -> int:
        return memory_mib(process=self.process)

    def peak_memory_mib(self) -> int:
        """Of the largest of its processes."""
        workers = psutil.Process(self.process).children(recursive=True)
        return max(memory_mib("VmHWM", process=each) for each in (self.process, *(worker.pid for worker in workers)))

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(20)


async def listening(port: int) -> None:
    """Waits for a process that is starting."""
    for _ in itertools.repeat(None, 1_200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise RuntimeError(f"nobody listened at port {port} within 120 s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
