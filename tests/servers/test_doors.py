"""Which door is taken; what is behind Docker's cannot be tested without an engine."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from graph_api.servers import Doors, doors, open_servers
from graph_api.servers.docker import docker_available
from graph_api.settings import Settings


@pytest.mark.parametrize(
    ("neo4j_given", "redis_given", "prefer_docker", "engine", "expected"),
    [
        (True, True, False, False, Doors("given", "given")),
        (True, True, True, True, Doors("given", "given")),
        (True, False, False, True, Doors("given", "embedded")),
        (True, False, True, True, Doors("given", "docker")),
        (False, True, True, True, Doors("docker", "given")),
        (False, True, True, False, Doors("embedded", "given")),
        (False, False, True, True, Doors("docker", "docker")),
        (False, False, True, False, Doors("embedded", "embedded")),
        (False, False, False, True, Doors("embedded", "embedded")),
    ],
)
def test_given_comes_before_docker_before_embedded(
    neo4j_given: bool, redis_given: bool, prefer_docker: bool, engine: bool, expected: Doors
) -> None:
    chosen = doors(
        neo4j_given=neo4j_given,
        redis_given=redis_given,
        prefer_docker=prefer_docker,
        docker_works=lambda: engine,
    )
    assert chosen == expected


@pytest.mark.parametrize(("given", "prefer_docker"), [(True, True), (False, False)])
def test_no_engine_is_looked_for_when_nothing_would_use_it(given: bool, prefer_docker: bool) -> None:
    def looked() -> bool:
        raise AssertionError("looked for an engine")

    doors(neo4j_given=given, redis_given=given, prefer_docker=prefer_docker, docker_works=looked)


def test_given_servers_are_passed_on_and_nothing_is_started(tmp_path: Path) -> None:
    settings = Settings(
        neo4j_uri="neo4j+s://graph.example:7687",
        neo4j_user="app",
        neo4j_password=SecretStr("graph-secret"),
        neo4j_database="promoters",
        redis_url=SecretStr("rediss://:cache-secret@cache.example:6380/0"),
        data_dir=tmp_path / "data",
    )
    with open_servers(settings, prefer_docker=True) as servers:
        assert (servers.neo4j_kind, servers.redis_kind) == ("given", "given")
        assert (servers.neo4j_user, servers.neo4j_password) == ("app", "graph-secret")
        assert servers.neo4j_database == "promoters"
        assert servers.redis_url == "rediss://:cache-secret@cache.example:6380/0"
        assert (servers.neo4j_process, servers.redis_process) == (None, None)
        assert servers.describe() == (
            "Neo4j: given at neo4j+s://graph.example:7687; cache: given at rediss://cache.example:6380"
        )
    assert not settings.data_dir.exists()


@pytest.mark.parametrize("address", ["unix:///nowhere.sock", "tcp://127.0.0.1:9", "npipe://x", "nonsense"])
def test_a_docker_client_without_an_engine_is_no_docker(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    begun = time.monotonic()
    assert not docker_available()
    assert time.monotonic() - begun < 5
