"""The jar cache against a repository that misbehaves, over real HTTP."""

from __future__ import annotations

import hashlib
import shutil
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from graph_api.servers import JarDownloadFailed, prepare
from graph_api.servers.jars import ATTEMPTS, THREADS, LockedJar, fetch, read_lock
from graph_api.settings import Settings

CONTENT = {f"org/example/{name}/1/{name}-1.jar": name.encode() * 5000 for name in ("alpha", "beta", "gamma")}
LOCK = tuple(
    LockedJar(path=path, sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content))
    for path, content in CONTENT.items()
)
ALPHA, BETA, GAMMA = CONTENT


@dataclass
class Repository:
    """A Maven repository on the loopback; `fault` may answer a request itself and say so."""

    address: str = ""
    read: Callable[[str], bytes] = lambda path: CONTENT[path]
    fault: Callable[[BaseHTTPRequestHandler, str, int], bool] = lambda handler, path, number: False
    asked: Counter[str] = field(default_factory=Counter)


@pytest.fixture
def repository() -> Iterator[Repository]:
    state = Repository()
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.removeprefix("/maven/")
            with turn:
                state.asked[path] += 1
                number = state.asked[path]
            if not state.fault(self, path, number):
                send(self, state.read(path))

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.address = f"http://127.0.0.1:{server.server_port}/maven"
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, length: int | None = None) -> bool:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)
    if length is not None:
        handler.close_connection = True
    return True


def hang_up(handler: BaseHTTPRequestHandler) -> bool:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
    return True


def fetched(repository: Repository, cache_dir: Path) -> list[bytes]:
    paths = fetch(LOCK, cache_dir=cache_dir, repository=repository.address, pause_seconds=0.01)
    return [path.read_bytes() for path in paths]


def test_jars_come_in_class_path_order_with_progress(repository: Repository, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    paths = fetch(
        LOCK,
        cache_dir=tmp_path,
        repository=repository.address,
        on_progress=lambda message, done, total: told.append((message, done, total)),
    )
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == list(CONTENT)
    assert told == [("downloading Neo4j", done, 3) for done in (1, 2, 3)]


def test_a_filled_cache_asks_nobody(repository: Repository, tmp_path: Path) -> None:
    fetched(repository, tmp_path)
    repository.asked.clear()
    assert fetched(repository, tmp_path) == list(CONTENT.values())
    assert not repository.asked


def test_a_truncated_and_an_altered_jar_are_fetched_again(repository: Repository, tmp_path: Path) -> None:
    fetched(repository, tmp_path)
    repository.asked.clear()
    (tmp_path / ALPHA).write_bytes(CONTENT[ALPHA][:100])
    altered = bytearray(CONTENT[BETA])
    altered[7] ^= 1
    (tmp_path / BETA).write_bytes(altered)
    assert fetched(repository, tmp_path) == list(CONTENT.values())
    assert repository.asked == {ALPHA: 1, BETA: 1}


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda handler, path, number: send(handler, b"busy", status=503), id="503"),
        pytest.param(
            lambda handler, path, number: send(handler, CONTENT[path][:99], length=len(CONTENT[path])),
            id="cut off",
        ),
        pytest.param(lambda handler, path, number: send(handler, b"x" * len(CONTENT[path])), id="other bytes"),
        pytest.param(lambda handler, path, number: hang_up(handler), id="closed without an answer"),
    ],
)
def test_a_fault_that_passes_is_outlived(
    repository: Repository, tmp_path: Path, fault: Callable[[BaseHTTPRequestHandler, str, int], bool]
) -> None:
    repository.fault = lambda handler, path, number: number < 3 and fault(handler, path, number)
    assert fetched(repository, tmp_path) == list(CONTENT.values())
    assert set(repository.asked.values()) == {3}


def test_a_missing_jar_is_told_at_once_with_what_is_there_and_the_next_run_goes_on(
    repository: Repository, tmp_path: Path
) -> None:
    repository.fault = lambda handler, path, number: path == GAMMA and send(handler, b"", status=404)
    with pytest.raises(JarDownloadFailed) as raised:
        fetched(repository, tmp_path)
    failure = raised.value
    there = sum((tmp_path / path).exists() for path in CONTENT)
    assert (failure.jar, failure.reason, failure.done, failure.total) == (GAMMA, "HTTP 404", there, 3)
    assert str(failure) == (
        f"could not download {GAMMA}: HTTP 404. {there} of 3 jars are in {tmp_path}; run again, it resumes"
    )
    assert repository.asked[GAMMA] == 1

    repository.fault = lambda handler, path, number: False
    repository.asked.clear()
    assert fetched(repository, tmp_path) == list(CONTENT.values())
    assert sum(repository.asked.values()) == 3 - there


def test_a_missing_jar_is_told_while_many_others_wait_for_their_turn(repository: Repository, tmp_path: Path) -> None:
    content = b"x" * 50
    first = LockedJar(path=GAMMA, sha256=LOCK[2].sha256, size_bytes=LOCK[2].size_bytes)
    rest = [
        LockedJar(path=f"org/example/{n}.jar", sha256=hashlib.sha256(content).hexdigest(), size_bytes=50)
        for n in range(10 * THREADS)
    ]
    refused = threading.Event()

    def fault(handler: BaseHTTPRequestHandler, path: str, number: int) -> bool:
        if path == GAMMA:
            send(handler, b"", status=404)
            refused.set()
            return True
        return refused.wait(60) and send(handler, content)

    repository.fault = fault
    with pytest.raises(JarDownloadFailed, match="HTTP 404") as raised:
        fetch([first, *rest], cache_dir=tmp_path, repository=repository.address, pause_seconds=0.01)
    assert raised.value.done == sum((tmp_path / jar.path).exists() for jar in rest) < len(rest)


def test_a_lie_about_the_content_never_reaches_the_cache(repository: Repository, tmp_path: Path) -> None:
    repository.fault = lambda handler, path, number: path == BETA and send(handler, b"<html>portal</html>")
    with pytest.raises(JarDownloadFailed, match=r"of 19 bytes is not the locked .* \(4 attempts\)"):
        fetched(repository, tmp_path)
    assert repository.asked[BETA] == ATTEMPTS
    assert not (tmp_path / BETA).exists()
    assert not list(tmp_path.rglob("*.part"))


def test_nobody_listening_is_a_clear_failure(tmp_path: Path) -> None:
    with pytest.raises(JarDownloadFailed, match="ConnectError"):
        fetch(LOCK, cache_dir=tmp_path, repository="http://127.0.0.1:9/maven", pause_seconds=0.01)


def test_two_who_fetch_at_once_download_each_jar_once(repository: Repository, tmp_path: Path) -> None:
    answers: list[list[bytes]] = []
    threads = [threading.Thread(target=lambda: answers.append(fetched(repository, tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [list(CONTENT.values())] * 4
    assert set(repository.asked.values()) == {1}


def test_a_broken_cache_of_the_real_jars_mends_itself(repository: Repository, tmp_path: Path) -> None:
    whole = Settings().jar_cache_dir
    prepare(Settings())
    repository.read = lambda path: (whole / path).read_bytes()
    jars = read_lock()
    for jar in jars:
        (tmp_path / jar.path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(whole / jar.path, tmp_path / jar.path)
    truncated, altered, missing = (jars[0], jars[100], jars[-1])
    (tmp_path / truncated.path).write_bytes((whole / truncated.path).read_bytes()[:-1])
    flipped = bytearray((whole / altered.path).read_bytes())
    flipped[len(flipped) // 2] ^= 0xFF
    (tmp_path / altered.path).write_bytes(flipped)
    (tmp_path / missing.path).unlink()

    paths = prepare(Settings(jar_cache_dir=tmp_path, maven_repository=repository.address))

    assert repository.asked == {truncated.path: 1, altered.path: 1, missing.path: 1}
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert digests == [jar.sha256 for jar in jars]


def test_the_lock_names_225_distinct_jars_and_no_repository() -> None:
    jars = read_lock()
    assert len({jar.path for jar in jars}) == len(jars) == 225
    assert all(len(jar.sha256) == 64 and jar.path.endswith(".jar") and "://" not in jar.path for jar in jars)
