"""The same servers as containers, for people with Docker (extra `docker`, imported only when wanted).

No continuous integration runs this door, since it needs an engine: tests hold how it is chosen, not what
it does.
"""

from __future__ import annotations

import importlib.util
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

NEO4J_IMAGE = "neo4j:2026.08-community"
VALKEY_IMAGE = "valkey/valkey:9"
BOLT_PORT, REDIS_PORT = 7687, 6379
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

    try:
        client = docker.from_env(timeout=PING_SECONDS_MAX)
    except Exception:  # the client reports a missing engine in many types, and each means the same here
        return False
    try:
        return bool(client.ping())
    except Exception:
        return False
    finally:
        client.close()


@contextmanager
def containers(*, neo4j: bool, redis: bool, heap: str, page_cache: str) -> Iterator[Containers]:
    """Run the wanted servers in containers for the length of the block."""
    from contextlib import ExitStack

    from testcontainers.community.neo4j import Neo4jContainer
    from testcontainers.community.redis import RedisContainer

    password = secrets.token_urlsafe(24)
    neo4j_uri = redis_url = None
    with ExitStack() as stack:
        if neo4j:
            graph = Neo4jContainer(NEO4J_IMAGE, username="neo4j", password=password)
            for name, value in {
                "NEO4J_server_memory_heap_max__size": heap,
                "NEO4J_server_memory_pagecache_size": page_cache,
                "NEO4J_dbms_usage__report_enabled": "false",
            }.items():
                graph.with_env(name, value)
            neo4j_uri = stack.enter_context(graph).get_connection_url()
        if redis:
            cache = RedisContainer(VALKEY_IMAGE, port=REDIS_PORT, password=password)
            # The image is Valkey's: the container class would call `redis-server`.
            cache.with_command(f"valkey-server --requirepass {password}")
            stack.enter_context(cache)
            host, port = cache.get_container_host_ip(), cache.get_exposed_port(REDIS_PORT)
            redis_url = f"redis://:{password}@{host}:{port}/0"
        yield Containers(neo4j_uri=neo4j_uri, redis_url=redis_url, password=password)
