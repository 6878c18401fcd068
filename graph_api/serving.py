"""Run the HTTP server until Ctrl-C or SIGTERM, in this process or in several beside it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import shutil
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.supervisors import Multiprocess

from graph_api import metrics
from graph_api.heads import BoundedHeads
from graph_api.listening import Address
from graph_api.servers import Servers
from graph_api.settings import Settings, in_environment
from graph_api.sockets import MESSAGE_BYTES_MAX

if TYPE_CHECKING:
    from fastapi import FastAPI

WORKER_SECONDS_MAX = 60
COLLECT_AFTER_OBJECTS = 20_000
PROTOCOLS: Mapping[str, Any] = {
    "http": BoundedHeads,
    "ws_max_size": MESSAGE_BYTES_MAX,
    "ws_max_queue": 4,  # messages that wait to be read: a megabyte a socket at most
    "ws_per_message_deflate": False,  # messages are small, and a compressor each would be most of their memory
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
}


def run(
    settings: Settings,
    servers: Servers,
    *,
    bound: socket.socket,
    workers: int,
    runs_jobs: bool,
    on_ready: Callable[[], None],
) -> None:
    """Serve until a signal. With several workers this process only watches them, and one of them runs the jobs."""
    # Handles of the embedded servers stay here: workers come and go, the servers do not.
    addresses = replace(servers, neo4j_process=None, redis_process=None)
    counted_in = _emptied(settings.data_dir, port=bound.getsockname()[1]) if workers > 1 else None
    config = uvicorn.Config(
        functools.partial(_served, settings, addresses, runs_jobs, counted_in),
        factory=True,
        workers=workers,
        log_level="warning",
        access_log=False,
        lifespan="on",
        server_header=False,
        **PROTOCOLS,
        timeout_graceful_shutdown=10,
        # A worker answers its watcher only once it has imported this room: on a busy machine the five seconds
        # that are usual had each of them killed and begun anew, for ever.
        timeout_worker_healthcheck=WORKER_SECONDS_MAX,
    )
    if counted_in is not None:
        threading.Thread(target=_tell_when_ready, args=(bound, on_ready), daemon=True).start()
        with in_environment(metrics.MULTIPROC_DIR, str(counted_in)):
            _Workers(config, bound, counted_in).run()
    else:
        _Announcing(config, on_ready).run(sockets=[bound])


def _emptied(data_dir: Path, *, port: int) -> Path:
    """Where the workers at a port count; what earlier ones have counted is gone."""
    directory = data_dir.expanduser().absolute() / f"metrics-{port}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700, parents=True)
    return directory


class _Workers(Multiprocess):
    """Processes that are begun anew when they end. What one has counted stays, what was open in it does not."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket, counted_in: Path) -> None:
        super().__init__(config, sockets=[bound])
        self._counted_in = counted_in
        self._running: set[int | None] = set()

    def keep_subprocess_alive(self) -> None:
        super().keep_subprocess_alive()
        running = {process.pid for process in self.processes}
        for ended in self._running - running:
            mark_process_dead(ended, str(self._counted_in))  # type: ignore[no-untyped-call]
        self._running = running


def _served(settings: Settings, servers: Servers, runs_jobs: bool, counted_in: Path | None) -> FastAPI:
    """The application of this process. What it was made of stays for good, so the collector need not walk it again.

    Measured: each of its full runs held up every request for 130 ms; and with Python's own threshold of 700 objects
    its small runs took a quarter of a team view that is put together.
    """
    from graph_api.app import create_app  # by whoever answers only: the one that watches workers needs none of it

    app = create_app(settings, servers=servers, runs_jobs=runs_jobs, counted_in=counted_in)
    app.router.lifespan_context = _draining(app.router.lifespan_context, settings.drain_seconds)
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS)
    return app


def _draining(
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[Any]], drain_seconds: float
) -> Callable[[FastAPI], AbstractAsyncContextManager[Any]]:
    """A life that ends slowly: from SIGTERM on it is not ready, and it goes on answering for a while.

    Whoever spreads requests over several instances has seen by then that this one is leaving. After it the server
    stops: it takes no new connection, closes sockets, and ends once the requests under way are answered.
    """

    @asynccontextmanager
    async def slowly(app: FastAPI) -> AsyncIterator[Any]:
        async with lifespan(app) as state:
            loop, stop = asyncio.get_running_loop(), signal.getsignal(signal.SIGTERM)
            assert callable(stop), "the server listens to SIGTERM before it begins to live"

            def leave(signum: int, frame: FrameType | None) -> None:
                if app.state.leaving:
                    stop(signum, frame)  # asked twice: at once
                app.state.leaving = True
                loop.call_soon_threadsafe(loop.call_later, drain_seconds, stop, signum, None)

            signal.signal(signal.SIGTERM, leave)
            try:
                yield state
            finally:
                signal.signal(signal.SIGTERM, stop)

    return slowly


def _tell_when_ready(bound: socket.socket, on_ready: Callable[[], None]) -> None:
    """Say so once a worker answers; until then connections are refused."""
    host, port = bound.getsockname()[:2]
    for _ in range(600):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{Address(host, port).url}/healthz", trust_env=False).is_success:
                on_ready()
                return
        time.sleep(0.1)


class _Announcing(uvicorn.Server):
    """Says that it is ready once it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._on_ready()
