"""The embedded pair as its users meet it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import neo4j
import psutil  # type: ignore[import-untyped]
import pytest
import redis

from graph_api.servers import (
    AdminToolFailed,
    DataDirInUse,
    Memory,
    Neo4jHome,
    Neo4jServer,
    ServerDidNotStart,
    Servers,
    ValkeyServer,
    open_servers,
    prepare,
    stopped_neo4j,
)
from graph_api.servers.process import data_dir_lock
from tests.processes import QUICK_JVM
from tests.servers.conftest import GONE_SECONDS_MAX, ROOT, beginning_owner, owner, seconds_until_gone, small_settings


def answer(servers: Servers, statement: str) -> object:
    auth = (servers.neo4j_user, servers.neo4j_password)
    with neo4j.GraphDatabase.driver(servers.neo4j_uri, auth=auth) as driver:
        return driver.execute_query(statement, database_=servers.neo4j_database).records[0][0]


def pids(servers: Servers) -> tuple[int, int]:
    assert servers.neo4j_process
    assert servers.redis_process
    assert servers.neo4j_process.pid
    assert servers.redis_process.pid
    return servers.neo4j_process.pid, servers.redis_process.pid


def test_both_answer_with_the_generated_passwords(embedded: Servers) -> None:
    assert answer(embedded, "RETURN 1") == 1
    with redis.Redis.from_url(embedded.redis_url or "") as cache:
        assert cache.ping()
        assert cache.config_get("maxmemory-policy")["maxmemory-policy"] == "allkeys-lru"


def test_another_password_is_refused(embedded: Servers) -> None:
    with (
        neo4j.GraphDatabase.driver(embedded.neo4j_uri, auth=("neo4j", "neo4j")) as driver,
        pytest.raises(neo4j.exceptions.AuthError),
    ):
        driver.verify_connectivity()
    url = (embedded.redis_url or "").replace(embedded.redis_process.password, "other")  # type: ignore[union-attr]
    with redis.Redis.from_url(url) as cache, pytest.raises(redis.AuthenticationError):
        cache.ping()


def test_secrets_are_readable_by_their_owner_alone(embedded: Servers, data_dir: Path) -> None:
    private = ["neo4j/password", "valkey/password", "valkey/valkey.conf", "servers.json"]
    assert {stat.S_IMODE((data_dir / name).stat().st_mode) for name in private} == {0o600}
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    passwords = {(data_dir / name).read_text() for name in private[:2]}
    commands = [" ".join(psutil.Process(pid).cmdline()) for pid in pids(embedded)]
    assert not [command for command in commands if any(password in command for password in passwords)]
    assert not list(data_dir.rglob("*password.args*"))


def test_only_the_loopback_is_listened_on_and_http_is_off(embedded: Servers) -> None:
    listening = [
        connection.laddr
        for pid in pids(embedded)
        for connection in psutil.Process(pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {place.ip.removeprefix("::ffff:") for place in listening} == {"127.0.0.1"}
    assert len(listening) == 2


def test_load_csv_stays_inside_the_import_directory(embedded: Servers) -> None:
    assert embedded.neo4j_process
    (embedded.neo4j_process.home.import_dir / "rows.csv").write_text("a\n1\n")
    assert answer(embedded, "LOAD CSV FROM 'file:///rows.csv' AS row RETURN count(row)") == 2
    with pytest.raises(neo4j.exceptions.Neo4jError, match="Couldn't load"):
        answer(embedded, "LOAD CSV FROM 'file:///etc/passwd' AS row RETURN count(row)")


def test_the_description_names_doors_and_ports_and_no_password(embedded: Servers) -> None:
    line = embedded.describe()
    assert "Neo4j: embedded at bolt://127.0.0.1:" in line
    assert "cache: embedded at redis://127.0.0.1:" in line
    assert embedded.neo4j_password not in line
    assert embedded.redis_process
    assert embedded.redis_process.password not in line


def test_further_options_of_the_settings_reach_the_jvm(embedded: Servers) -> None:
    assert embedded.neo4j_process
    assert set(QUICK_JVM.split()) <= set(psutil.Process(embedded.neo4j_process.pid).cmdline())


def test_peak_memory_is_told_for_each(embedded: Servers) -> None:
    assert embedded.neo4j_process
    assert embedded.redis_process
    assert 100e6 < embedded.neo4j_process.peak_memory_bytes() < 2e9
    assert 1e6 < embedded.redis_process.peak_memory_bytes() < 1e8


def test_a_second_start_is_refused_with_the_pid_that_holds_the_data_dir(embedded: Servers, data_dir: Path) -> None:
    with pytest.raises(DataDirInUse) as here, open_servers(small_settings(data_dir)):
        pass
    assert (here.value.data_dir, here.value.pid) == (data_dir, os.getpid())
    other = subprocess.run(
        [sys.executable, "-m", "tests.servers.owner", str(data_dir), "both"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert other.returncode != 0
    assert f"DataDirInUse: {data_dir} is in use by process {os.getpid()};" in other.stderr
    assert answer(embedded, "RETURN 1") == 1


def test_another_command_may_join_the_running_servers(embedded: Servers, data_dir: Path) -> None:
    with open_servers(small_settings(data_dir), join=True) as joined:
        assert (joined.neo4j_uri, joined.redis_url) == (embedded.neo4j_uri, embedded.redis_url)
        assert (joined.neo4j_process, joined.redis_process) == (None, None)
        assert answer(joined, "RETURN 2") == 2
    assert answer(embedded, "RETURN 1") == 1


@pytest.mark.long
def test_what_was_committed_survives_kill_9_of_both_and_a_clean_restart(embedded: Servers, data_dir: Path) -> None:
    assert embedded.neo4j_process
    assert embedded.redis_process
    answer(embedded, "CREATE (n:Survivor {name: 'a'}) RETURN n.name")
    with redis.Redis.from_url(embedded.redis_url or "") as cache:
        cache.set("survivor", "a")
    before = pids(embedded)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert seconds_until_gone(*before) < GONE_SECONDS_MAX
    embedded.redis_process.start()
    embedded.neo4j_process.start()
    with redis.Redis.from_url(embedded.redis_url or "") as cache:
        assert cache.get("survivor") == b"a"
    assert answer(embedded, "MATCH (n:Survivor) RETURN collect(n.name)") == ["a"]

    before = pids(embedded)
    embedded.neo4j_process.restart()
    embedded.redis_process.restart()
    assert seconds_until_gone(*before) == pytest.approx(0, abs=0.1)
    assert "Stopped." in (data_dir / "neo4j" / "logs" / "console.log.1").read_text()
    # The addresses handed out before still hold.
    assert answer(embedded, "MATCH (n:Survivor) RETURN collect(n.name)") == ["a"]
    with redis.Redis.from_url(embedded.redis_url or "") as cache:
        assert cache.get("survivor") == b"a"


@pytest.mark.long
def test_kill_9_of_the_owner_leaves_no_process_and_a_free_data_dir(tmp_path: Path) -> None:
    # The first one falls while Neo4j makes its stores, which must not spoil the data dir for the next.
    with beginning_owner(tmp_path, "both") as process:
        while not (tmp_path / "neo4j" / "data" / "databases" / "system").exists():
            assert process.poll() is None
            time.sleep(0.01)
    with owner(tmp_path, "both") as (process, owned):
        assert len(owned) == 2
        process.kill()
        assert seconds_until_gone(*owned.values()) < GONE_SECONDS_MAX
    assert json.loads((tmp_path / "servers.json").read_text())["redis_url"]
    with stopped_neo4j(small_settings(tmp_path)) as offline:
        assert offline.pid is None
        assert not (tmp_path / "servers.json").exists()
        assert "neo4j" in offline.admin_tool("database", "info")
        with pytest.raises(AdminToolFailed, match="no-such-command"):
            offline.admin_tool("no-such-command")


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGHUP])
def test_an_owner_without_handlers_takes_its_servers_along(tmp_path: Path, signal_number: int) -> None:
    with owner(tmp_path, "valkey") as (process, owned):
        process.send_signal(signal_number)
        assert seconds_until_gone(owned["valkey"], owned["keeper"]) < GONE_SECONDS_MAX


def test_kill_9_of_the_owner_ends_its_servers_though_a_fork_of_it_lives(tmp_path: Path) -> None:
    with owner(tmp_path, "valkey", "fork") as (process, owned):
        try:
            process.kill()
            assert seconds_until_gone(owned["valkey"], owned["keeper"]) < GONE_SECONDS_MAX
            with pytest.raises(DataDirInUse), data_dir_lock(tmp_path):
                pass
        finally:
            os.kill(owned["child"], signal.SIGKILL)
    with data_dir_lock(tmp_path):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_kill_9_of_the_keeper_ends_its_server(tmp_path: Path) -> None:
    with owner(tmp_path, "valkey") as (_, owned):
        os.kill(owned["keeper"], signal.SIGKILL)
        assert seconds_until_gone(owned["valkey"]) < GONE_SECONDS_MAX


def test_a_server_that_hangs_is_ended_by_force(tmp_path: Path) -> None:
    with data_dir_lock(tmp_path) as lock:
        valkey = ValkeyServer(tmp_path / "valkey", lock=lock)
        valkey.start()
        pid = valkey.pid
        assert pid
        os.kill(pid, signal.SIGSTOP)
        valkey.stop(grace_seconds=0.3)
        assert seconds_until_gone(pid) < 0.1
        assert valkey.pid is None


def test_a_neo4j_that_does_not_come_up_shows_the_end_of_its_log(tmp_path: Path) -> None:
    settings = small_settings(tmp_path)
    home = Neo4jHome(tmp_path / "neo4j")
    with data_dir_lock(tmp_path) as lock:
        broken = Neo4jServer(home, jars=prepare(settings), lock=lock, memory=Memory("nonsense", "8m", "8m"))
        # As after a first start: the password is not what this is about.
        (home.data_dir / "dbms").mkdir()
        (home.data_dir / "dbms" / "auth.ini").touch()
        with pytest.raises(ServerDidNotStart, match="Neo4j did not start: it ended with 1") as raised:
            broken.start()
    assert "Invalid maximum heap size" in raised.value.log_tail
    assert broken.pid is None


def test_a_valkey_that_does_not_come_up_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with data_dir_lock(tmp_path) as lock:
        valkey = ValkeyServer(tmp_path / "valkey", lock=lock, memory_max="nonsense")
        with pytest.raises(ServerDidNotStart) as raised:
            valkey.start()
    assert "maxmemory" in raised.value.log_tail
