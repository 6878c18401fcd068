"""The command line as a person runs it: what it prints, how it ends, and that nothing is left running."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cypher.store import Store
from graph_api import auth
from graph_api.actions import orders
from graph_api.app import SCHEMA
from graph_api.schema import build
from graph_api.servers import Servers
from graph_api.viewer import Role, Viewer
from tests.blackbox.command import environment
from tests.conftest import SECRET
from tests.inside import inside
from tests.processes import QUICK_JVM

PROGRAM = str(Path(sys.executable).with_name("promograph"))
FILES = {
    "products.csv": "sku,title,price_fen,commission_bp\nP,苹果,1000,2000\n",
    "promoters.csv": "code,name,phone,referrer_code,joined_at\nA,甲,13800000001,,2025-01-01T00:00:00Z\nB,乙,,A,2025-01-01T00:00:00Z\n",
    "orders.csv": "order_number,buyer_code,promoter_code,sku,quantity,paid_fen,paid_at,delivered_at,refunded_fen,refunded_at,utm_source,utm_medium,utm_campaign\n"
    "o1,x,B,P,1,100000,2026-01-10T04:00:00Z,,,,,,\n",
    "identifiers.csv": "code,kind,value\nA,DEVICE,d1\n",
}
Ran = subprocess.CompletedProcess[str]


def run(*arguments: str | Path, env: Mapping[str, str]) -> Ran:
    return subprocess.run(
        [PROGRAM, *map(str, arguments)],
        env=dict(env) if "PATH" in env else os.environ | dict(env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def env(servers: Servers, redis_url: str, tmp_path: Path) -> dict[str, str]:
    return environment(servers, secret=SECRET, data_dir=tmp_path / "data", redis_url=redis_url)


def bare_environment() -> dict[str, str]:
    """Of somebody who has set nothing, but that servers for one test start quickly."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PROMOGRAPH_")}
    return bare | {"PROMOGRAPH_NEO4J_JVM_OPTIONS": QUICK_JVM}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    directory = tmp_path / "files"
    directory.mkdir()
    for name, text in FILES.items():
        (directory / name).write_text(text, "utf-8")
    return directory


def told_in_a_sentence(ran: Ran, *words: str) -> None:
    """Failed with a message for people, and no traceback."""
    assert ran.returncode == 1, ran
    assert "Traceback" not in ran.stderr
    message = ran.stderr.strip().splitlines()[-1]
    assert message.startswith("promograph: ")
    assert all(word in message for word in words), message


def test_a_command_that_serves_nothing_imports_neither_the_api_nor_http() -> None:
    heavy = ("fastapi", "uvicorn", "starlette", "polars", "graph_api.app", "graph_api.schema.build")
    code = f"import sys, graph_api.cli; print(sorted(set({heavy}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_export_schema_prints_the_sdl(env: dict[str, str]) -> None:
    ran = run("export-schema", env=env)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, build.sdl(SCHEMA), "")


def test_a_token_is_printed_alone_and_is_good(env: dict[str, str]) -> None:
    ran = run("token", "--role", "PROMOTER", "--promoter", "B", "--ttl", "60", env=env)
    assert auth.viewer_of(SECRET, f"Bearer {ran.stdout.strip()}") == Viewer(Role.PROMOTER, "B")
    assert auth.viewer_of(SECRET, f"Bearer {inside('token', '--role', 'risk', env=env).stdout.strip()}") == Viewer(
        Role.RISK
    )


def test_a_wrong_call_is_told_in_a_sentence(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told_in_a_sentence(run("token", "--role", "PROMOTER", env=env), "--promoter")
    told_in_a_sentence(inside("token", "--role", "RISK", "--promoter", "B", env=env), "--promoter")
    told_in_a_sentence(inside("import", tmp_path / "none", env=env), "none")
    told_in_a_sentence(
        inside("import", tmp_path / "none", env=env | {"PROMOGRAPH_NEO4J_URI": "bolt://127.0.0.1:1"}), "none"
    )
    told_in_a_sentence(inside("token", "--role", "RISK", env=env | {"PROMOGRAPH_SECRET_KEY": "short"}), "SECRET_KEY")
    unset = env | {"PROMOGRAPH_SECRET_KEY": "short", "PROMOGRAPH_ENV": "production"}
    told_in_a_sentence(inside("serve", "--port", "0", env=unset), "SECRET_KEY")
    told_in_a_sentence(inside("doctor", env=env | {"PROMOGRAPH_ENV": "staging"}), "PROMOGRAPH_ENV")
    away = env | {"PROMOGRAPH_NEO4J_URI": "bolt://127.0.0.1:1"}
    monkeypatch.setattr("cypher.store.WRITE_RETRY_SECONDS", 0.0)
    told_in_a_sentence(inside("recompute", env=away))
    wrong = env | {"PROMOGRAPH_NEO4J_PASSWORD": "not the password"}
    told_in_a_sentence(inside("recompute", env=wrong))


def test_files_go_in_and_out(store: Store, env: dict[str, str], files: Path, tmp_path: Path) -> None:
    loaded = run("import", files, env=env)
    assert loaded.returncode == 0, loaded
    report = json.loads(loaded.stdout.splitlines()[-1])
    assert report["orders"] == {"loaded": 1, "unchanged": 0, "rejected": 0, "quarantined": 0}
    (files / "products.csv").write_text(FILES["products.csv"] + "Q,bad,-1,2000\n", "utf-8")
    again = inside("import", files, "--rejected", tmp_path / "rejected.csv", env=env)
    assert again.returncode == 3
    assert json.loads(again.stdout.splitlines()[-1])["products"]["rejected"] == 1
    assert "Q,bad" in (tmp_path / "rejected.csv").read_text("utf-8")
    exported = inside("export", tmp_path / "out", env=env)
    assert (exported.returncode, exported.stdout.splitlines()[0]) == (0, "promoters.csv: 2 rows")
    assert {file.name for file in (tmp_path / "out").iterdir()} == set(FILES)


async def test_recompute_repairs_and_doctor_tells(store: Store, env: dict[str, str], files: Path, query: Any) -> None:
    await orders.refund(store, number="o1", key="r", sku=None, refund_fen=100_001, at=0, actor="test", now=0)
    assert inside("import", files, env=env).returncode == 0
    healthy = run("doctor", env=env)
    assert healthy.returncode == 0, healthy
    assert "BAD" not in healthy.stdout
    assert "1 refused when their order came, the latest refund:r of o1: " in healthy.stdout
    await query("MATCH (p:Promoter {code: 'B'}) SET p.sales_orders = 7")
    await query("DROP CONSTRAINT touch_key")
    ill = inside("doctor", env=env)
    assert ill.returncode == 1
    assert "promograph recompute" in ill.stdout
    assert "touch_key" in ill.stdout
    await query("CREATE CONSTRAINT touch_key IF NOT EXISTS FOR ()-[r:TOUCHED]-() REQUIRE r.key IS UNIQUE")
    repaired = inside("recompute", env=env)
    assert repaired.returncode == 0
    assert "1 drifted" in repaired.stdout
    assert "B" in repaired.stdout
    assert "0 drifted" in inside("recompute", env=env).stdout
    assert inside("doctor", env=env).returncode == 0


@contextmanager
def serving(*arguments: str | Path, env: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A `serve` that answers, with its address; stopped in the end if it has not been."""
    process = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", *map(str, arguments)],
        env=dict(env) if "PATH" in env else os.environ | dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("promograph answers at "), line
        yield process, line.split()[-1]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def asked(url: str, token: str, query: str) -> Any:
    """The answer but for what it cost."""
    answer = httpx.post(
        f"{url}/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ).json()
    return {name: value for name, value in answer.items() if name != "extensions"}


@pytest.mark.long
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", [1, 2])
def test_serve_answers_until_a_signal(store: Store, env: dict[str, str], stop: int, workers: int) -> None:
    with serving("--workers", str(workers), "--no-jobs", env=env) as (process, url):
        assert httpx.get(f"{url}/readyz", trust_env=False).json()["ready"] is True
        assert asked(url, auth.issue(SECRET, Role.RISK), "{ plan { version } }") == {
            "data": {"plan": {"version": "default"}}
        }
        process.send_signal(stop)
        assert process.wait(60) == 0
    with pytest.raises(httpx.TransportError):
        httpx.get(url, trust_env=False)


def test_a_taken_port_is_told_in_a_sentence(store: Store, env: dict[str, str]) -> None:
    with serving(env=env) as (_, url):
        told_in_a_sentence(run("serve", "--port", url.rpartition(":")[2], env=env), "cannot listen")


@pytest.mark.long
@pytest.mark.timeout(700)
def test_other_commands_use_the_servers_of_a_running_serve(files: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    bare = bare_environment()
    here = ("--data-dir", data_dir)
    with serving("--empty", *here, env=bare) as (process, url):
        begun = {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        assert begun
        assert run("import", files, *here, env=bare).returncode == 0
        token = run("token", "--role", "OPERATOR", *here, env=bare).stdout.strip()
        answer: Any = None
        for _ in range(50):
            answer = asked(url, token, '{ promoter(code: "A") { team { size volumeFen } } }')
            if answer["data"]["promoter"]:
                break
            time.sleep(0.1)
        assert answer == {"data": {"promoter": {"team": {"size": 1, "volumeFen": 100_000}}}}
        assert run("export", tmp_path / "out", *here, env=bare).returncode == 0
        assert "0 drifted" in run("recompute", *here, env=bare).stdout
        told_in_a_sentence(run("serve", "--port", "0", *here, env=bare), "data")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        for pid in begun:
            assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert (data_dir / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.long
@pytest.mark.timeout(700)
def test_a_demonstration_answers_its_own_queries_and_stops(tmp_path: Path) -> None:
    bare = bare_environment()
    arguments = ("demo", "--exit", "--port", "0", "--promoters", "200", "--data-dir", tmp_path / "data")
    shown: set[str] = set()
    past = "The year's payouts are made and the first findings reviewed."
    for loaded, makes_past in (("loaded in", True), ("was there", False)):
        ran = run(*arguments, env=bare)
        assert ran.returncode == 0, ran
        assert loaded in ran.stdout
        assert (past in ran.stdout) == makes_past
        assert ran.stdout.count("\n# ") == 3
        for words in ("Peak memory: Neo4j ", "/graphiql#token=", *Role, "有效下线", "成交时推荐链"):
            assert words in ran.stdout
        passwords = re.findall(r"^  (?:operator|risk|finance|admin) +(\S{20})$", ran.stdout, re.MULTILINE)
        assert len(passwords) == 4
        assert not shown & set(passwords)
        shown |= set(passwords)
