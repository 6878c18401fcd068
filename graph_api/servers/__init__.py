"""The one door to Neo4j and the cache: given by the settings, else containers if wanted, else embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from graph_api.servers import published
from graph_api.servers.docker import containers, docker_available
from graph_api.servers.jars import (
    JarDownloadFailed,
    Progress,
    fetch,
    read_lock,
    repository_address,
    silent,
)
from graph_api.servers.neo4j import DATABASE, USER, AdminToolFailed, Memory, Neo4jHome, Neo4jServer
from graph_api.servers.process import DataDirInUse, DataDirLock, ServerDidNotStart, data_dir_lock
from graph_api.servers.valkey import NoBinary, ValkeyServer
from graph_api.settings import Settings

__all__ = [
    "AdminToolFailed",
    "DataDirInUse",
    "Doors",
    "JarDownloadFailed",
    "Memory",
    "Neo4jHome",
    "Neo4jServer",
    "Progress",
    "ServerDidNotStart",
    "Servers",
    "ValkeyServer",
    "doors",
    "open_servers",
    "prepare",
    "stopped_neo4j",
]

Kind = Literal["given", "docker", "embedded"]


@dataclass(frozen=True, slots=True)
class Doors:
    """Where each server comes from."""

    neo4j: Kind
    redis: Kind


@dataclass(frozen=True, slots=True)
class Servers:
    """Addresses of a Neo4j and (perhaps) a cache that answer; the handles are None unless embedded."""

    neo4j_uri: str
    neo4j_user: str
    neo4j_password: str
    neo4j_database: str
    redis_url: str | None
    neo4j_kind: Kind
    redis_kind: Literal["given", "docker", "embedded", "none"]
    neo4j_process: Neo4jServer | None = None
    redis_process: ValkeyServer | None = None

    def describe(self) -> str:
        """One line for people; never a password."""
        cache = f"{self.redis_kind} at {_place(self.redis_url)}" if self.redis_url else "none"
        return f"Neo4j: {self.neo4j_kind} at {_place(self.neo4j_uri)}; cache: {cache}"


def _place(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def doors(*, neo4j_given: bool, redis_given: bool, prefer_docker: bool, docker_works: Callable[[], bool]) -> Doors:
    """The choice for each server; an engine is asked for only if something would use it."""
    other: Kind = "embedded"
    if prefer_docker and not (neo4j_given and redis_given) and docker_works():
        other = "docker"
    return Doors(neo4j="given" if neo4j_given else other, redis="given" if redis_given else other)


def prepare(settings: Settings, on_progress: Progress = silent) -> list[Path]:
    """Fetch what an embedded Neo4j needs, and start nothing; raises JarDownloadFailed."""
    on_progress("checking Neo4j's jars", 0, 0)
    return fetch(
        read_lock(),
        cache_dir=settings.jar_cache_dir.expanduser(),
        repository=repository_address(settings.maven_repository),
        on_progress=on_progress,
    )


@contextmanager
def open_servers(
    settings: Settings,
    *,
    prefer_docker: bool = False,
    join: bool = False,
    on_progress: Progress = silent,
) -> Iterator[Servers]:
    """Servers that answer, for the length of the block; what was started for it is stopped after it.

    With `join`, servers another process runs in the data dir are used instead of being refused; they stay
    that process's, so their handles are None. Raises JarDownloadFailed, DataDirInUse, ServerDidNotStart.
    """
    chosen = doors(
        neo4j_given=settings.neo4j_uri is not None,
        redis_given=settings.redis_url is not None,
        prefer_docker=prefer_docker and settings.docker == "auto",
        docker_works=docker_available,
    )
    servers = Servers(
        neo4j_uri=settings.neo4j_uri or "",
        neo4j_user=settings.neo4j_user,
        neo4j_password=settings.neo4j_password.get_secret_value() if settings.neo4j_password else "",
        neo4j_database=settings.neo4j_database,
        redis_url=settings.redis_url.get_secret_value() if settings.redis_url else None,
        neo4j_kind=chosen.neo4j,
        redis_kind=chosen.redis,
    )
    with ExitStack() as stack:
        if "docker" in (chosen.neo4j, chosen.redis):
            servers = _with_containers(servers, settings, stack, on_progress)
        if "embedded" in (chosen.neo4j, chosen.redis):
            running = published.found(_data_dir(settings)) if join else None
            if running and (running["neo4j_uri"] or chosen.neo4j != "embedded"):
                servers = _with_running(servers, running)
            else:
                servers = _with_embedded(servers, settings, stack, on_progress)
        yield servers


def _with_containers(servers: Servers, settings: Settings, stack: ExitStack, on_progress: Progress) -> Servers:
    on_progress("starting containers", 0, 0)
    started = stack.enter_context(
        containers(
            neo4j=servers.neo4j_kind == "docker",
            redis=servers.redis_kind == "docker",
            memory=_memory(settings),
        )
    )
    if started.neo4j_uri:
        servers = replace(
            servers,
            neo4j_uri=started.neo4j_uri,
            neo4j_user=USER,
            neo4j_password=started.password,
            neo4j_database=DATABASE,
        )
    return replace(servers, redis_url=started.redis_url or servers.redis_url)


def _with_running(servers: Servers, running: Mapping[str, str | None]) -> Servers:
    if servers.neo4j_kind == "embedded":
        servers = replace(
            servers,
            neo4j_uri=running["neo4j_uri"] or "",
            neo4j_user=USER,
            neo4j_password=running["neo4j_password"] or "",
            neo4j_database=DATABASE,
        )
    if servers.redis_kind == "embedded":
        url = running["redis_url"]
        servers = replace(servers, redis_url=url, redis_kind="embedded" if url else "none")
    return servers


def _with_embedded(servers: Servers, settings: Settings, stack: ExitStack, on_progress: Progress) -> Servers:
    data_dir = _data_dir(settings)
    lock = stack.enter_context(data_dir_lock(data_dir))
    neo4j, redis = _started(settings, servers, lock, stack, on_progress)
    addresses = {
        "neo4j_uri": neo4j.uri if neo4j else None,
        "neo4j_password": neo4j.password if neo4j else None,
        "redis_url": redis.url if redis else None,
    }
    stack.enter_context(published.published(data_dir, addresses))
    return replace(_with_running(servers, addresses), neo4j_process=neo4j, redis_process=redis)


def _started(
    settings: Settings, servers: Servers, lock: DataDirLock, stack: ExitStack, on_progress: Progress
) -> tuple[Neo4jServer | None, ValkeyServer | None]:
    """The embedded servers, started side by side and stopped by the stack even if one of them fails."""
    neo4j = redis = None
    if servers.neo4j_kind == "embedded":
        neo4j = _neo4j(settings, prepare(settings, on_progress), lock)
        stack.callback(neo4j.stop)
    if servers.redis_kind == "embedded":
        try:
            redis = ValkeyServer(_data_dir(settings) / "valkey", lock=lock)
            stack.callback(redis.stop)
        except NoBinary as error:
            on_progress(f"going on without a cache: {error}", 0, 0)
    # The one that is waited for longest starts in this thread, so that only it reports progress.
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(redis.start) if redis else None
        if neo4j:
            neo4j.start(on_progress)
        if waiting:
            waiting.result()
    return neo4j, redis


@contextmanager
def stopped_neo4j(settings: Settings, on_progress: Progress = silent) -> Iterator[Neo4jServer]:
    """The embedded Neo4j of the data dir, held but not started, for work on its files (`admin_tool`).

    Raises JarDownloadFailed, DataDirInUse.
    """
    with data_dir_lock(_data_dir(settings)) as lock:
        neo4j = _neo4j(settings, prepare(settings, on_progress), lock)
        try:
            yield neo4j
        finally:
            neo4j.stop()


def _neo4j(settings: Settings, jars: Sequence[Path], lock: DataDirLock) -> Neo4jServer:
    return Neo4jServer(
        Neo4jHome(_data_dir(settings) / "neo4j"),
        jars=jars,
        lock=lock,
        memory=_memory(settings),
        jvm_options=settings.neo4j_jvm_options.split(),
    )


def _memory(settings: Settings) -> Memory:
    return Memory(settings.neo4j_heap, settings.neo4j_page_cache, settings.neo4j_transaction_memory)


def _data_dir(settings: Settings) -> Path:
    return settings.data_dir.expanduser().absolute()
