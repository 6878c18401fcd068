"""The same servers as containers, for people with Docker (extra `docker`, imported only when wanted).

No continuous integration runs this door, since it needs an engine: tests hold how it is chosen, not what
it does.
"""

from __future__ import annotations

import importlib.util
import secrets
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from graph_api.servers.neo4j import Memory

NEO4J_IMAGE = "neo4j:2026.08-community"
VALKEY_IMAGE = "valkey/valkey:9"
DEFAULT_ENGINE = "unix:///var/run/docker.sock"
PING_SECONDS_MAX = 2


@dataclass(frozen=True, slots=True)
class Containers:
    """Addresses of what was started; None for what was not asked for."""

    neo4j_uri: str | None
    redis_url: str | None
    password: str


def docker_available() -> bool:
    """Whether the extra is installed and an engine answers; a client without an engine is no Docker."""
    if not all(importlib.util.find_spec(name) for name in ("docker", "testcontainers")):
        return False
    import docker  # type: ignore[import-untyped]

    address = docker.utils.kwargs_from_env().get("base_url") or DEFAULT_ENGINE
    if not _listens(address):
        return False
    try:
        with closing(docker.from_env(timeout=PING_SECONDS_MAX)) as client:
            return bool(client.ping())
    except Exception:  # the client reports a broken engine in many types, and each means the same here
        return False


def _listens(address: str) -> bool:
    """Whether somebody listens there; asked before the client is, which takes long and leaks its socket."""
    place = urlsplit(address)
    try:
        if place.scheme in ("unix", "http+unix"):
            with socket.socket(socket.AF_UNIX) as engine:
                engine.settimeout(PING_SECONDS_MAX)
                engine.connect(place.path)
        elif place.hostname and place.port:
            socket.create_connection((place.hostname, place.port), PING_SECONDS_MAX).close()
    except (OSError, ValueError):
        return False
    return True


@contextmanager
def containers(*, neo4j: bool, redis: bool, memory: Memory) -> Iterator[Containers]:
    """Run the wanted servers in containers for the length of the block."""
    from testcontainers.community.neo4j import Neo4jContainer
    from testcontainers.community.valkey import ValkeyContainer

    password = secrets.token_hex(24)
    neo4j_uri = redis_url = None
    with ExitStack() as stack:
        if neo4j:
            graph = Neo4jContainer(NEO4J_IMAGE, username="neo4j", password=password)
            for name, value in {
                "NEO4J_server_memory_heap_max__size": memory.heap,
                "NEO4J_server_memory_pagecache_size": memory.page_cache,
                "NEO4J_db_memory_transaction_max": memory.transaction,
                "NEO4J_dbms_usage__report_enabled": "false",
            }.items():
                graph.with_env(name, value)
            neo4j_uri = stack.enter_context(graph).get_connection_url()
        if redis:
            cache = ValkeyContainer(VALKEY_IMAGE).with_password(password)
            stack.enter_context(cache)
            redis_url = f"redis://:{password}@{cache.get_host()}:{cache.get_exposed_port()}/0"
        yield Containers(neo4j_uri=neo4j_uri, redis_url=redis_url, password=password)
