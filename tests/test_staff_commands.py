"""Accounts by the command line: made, listed, given another password, ended; a password only ever goes in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cypher import staff as statements
from cypher.store import Store
from graph_api.passwords import Passwords
from graph_api.pii import Pii
from graph_api.servers import Servers
from tests.blackbox.command import environment
from tests.conftest import SECRET, Query
from tests.inside import inside

PASSWORD = "correct horse battery"


@pytest.fixture
def env(servers: Servers, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return environment(servers, secret=SECRET, data_dir=tmp_path / "data", redis_url=redis_url)


def run(*arguments: str, env: dict[str, str], typed: str = "") -> subprocess.CompletedProcess[str]:
    return inside("staff", *arguments, env=env, typed=typed)


async def fits(store: Store, pii: Pii, name: str, password: str) -> bool:
    attempt = await statements.attempt(store.unjournalled, name=name, at=1, waits_us=[0])
    assert attempt is not None
    return attempt.password_sealed is not None and await Passwords().fits(password, pii.open(attempt.password_sealed))


async def test_an_account_is_made_listed_changed_and_ended(
    store: Store, pii: Pii, env: dict[str, str], query: Query
) -> None:
    made = run("add", "li.wei", "--role", "risk", "--role", "FINANCE", "--locale", "en", env=env, typed=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout) == (0, "li.wei may sign in\n"), made
    assert await fits(store, pii, "li.wei", PASSWORD)
    (line,) = run("list", env=env).stdout.splitlines()
    assert line.split("\t") == ["li.wei", "active", "RISK, FINANCE", "en", "never signed in"]
    again = run("add", "li.wei", "--role", "ADMIN", env=env, typed=f"{PASSWORD}\n")
    assert (again.returncode, "already" in again.stderr) == (1, True)
    assert run("password", "li.wei", env=env, typed="another horse battery\n").returncode == 0
    assert not await fits(store, pii, "li.wei", PASSWORD)
    assert await fits(store, pii, "li.wei", "another horse battery")
    assert run("disable", "li.wei", env=env).returncode == 0
    assert not await fits(store, pii, "li.wei", "another horse battery")
    entries = await query(
        "MATCH (e:JournalEntry) RETURN e.kind AS kind, e.actor AS actor, e.facts AS facts ORDER BY e.seq"
    )
    assert [(row["kind"], row["actor"]) for row in entries] == [
        (kind, "staff") for kind in ("staff_added", "staff_password_set", "staff_disabled")
    ]
    assert all("horse" not in row["facts"] and "argon2" not in row["facts"] for row in entries)


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [
        (("add", "Li Wei", "--role", "RISK"), PASSWORD),
        (("add", "li", "--role", "RISK"), "short"),
        (("add", "li", "--role", "RISK"), "aaaaaaaaaaaaaaaa"),
        (("add", "li", "--role", "RISK"), "the one of li, really"),
        (("add", "li", "--role", "RISK", "--role", "RISK"), PASSWORD),
        (("password", "nobody"), PASSWORD),
        (("disable", "nobody"), ""),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(env: dict[str, str], arguments: tuple[str, ...], typed: str) -> None:
    ran = run(*arguments, env=env, typed=typed)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("promograph: ")
    assert "Traceback" not in ran.stderr
    assert not typed or typed not in ran.stderr
