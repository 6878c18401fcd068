"""The jars of the embedded Neo4j: fetched by a committed lock, checked by sha256, kept in a cache.

A jar is in the cache under its path in a Maven repository, or not at all: it is written beside its place and
moved there when its hash is right. Every start hashes all of them (0.3 s), so a damaged cache mends itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx

NEO4J_VERSION = "2026.08.1"
LOCK_PATH = Path(__file__).with_name(f"neo4j-{NEO4J_VERSION}.lock")
THREADS = 8
ATTEMPTS = 4
TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
TIMEOUT = httpx.Timeout(20.0, connect=10.0)


class Progress(Protocol):
    """Told what is being done; `done` of `total` is 0 of 0 when nothing is counted."""

    def __call__(self, message: str, done: int, total: int) -> None: ...


def silent(message: str, done: int, total: int) -> None:
    """Progress for nobody."""


@dataclass(frozen=True, slots=True)
class LockedJar:
    """One jar: its path below a Maven repository, and what its bytes must be."""

    path: str
    sha256: str
    size_bytes: int


class JarDownloadFailed(Exception):
    """A jar could not be fetched; those already in the cache stay, so running again goes on from there."""

    def __init__(self, *, jar: str, reason: str, done: int, total: int, cache_dir: Path) -> None:
        super().__init__(
            f"could not download {jar}: {reason}. {done} of {total} jars are in {cache_dir}; run again, it resumes"
        )
        self.jar, self.reason, self.done, self.total, self.cache_dir = jar, reason, done, total, cache_dir


class _Transient(Exception):
    """Worth another attempt, after `pause_seconds` if the server named one."""

    def __init__(self, reason: str, pause_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.pause_seconds = pause_seconds


class _Final(Exception):
    """Another attempt would get the same answer."""


def read_lock(path: Path = LOCK_PATH) -> tuple[LockedJar, ...]:
    """The jars of a lock file, in class path order: `sha256 size path` a line, `#` starts a comment."""
    lines = [line.split() for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return tuple(LockedJar(path=name, sha256=digest, size_bytes=int(size)) for digest, size, name in lines)


def repository_address(setting: str | None) -> str:
    """The Maven repository to fetch from: the deployment's own, or the one jgo knows."""
    import jgo.constants  # a fifth of a second that only those with an embedded Neo4j need

    return (setting or jgo.constants.MAVEN_CENTRAL_URL).rstrip("/")


def fetch(
    jars: Sequence[LockedJar],
    *,
    cache_dir: Path,
    repository: str,
    on_progress: Progress = silent,
    pause_seconds: float = 0.5,
) -> list[Path]:
    """Bring every jar of the lock into the cache, fetching what is missing or damaged; return their paths.

    Raises JarDownloadFailed. `pause_seconds` is the first pause between attempts; it doubles.
    """
    cache_dir = cache_dir.absolute()
    if _broken(jars, cache_dir):
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _one_fetcher(cache_dir, on_progress):
            # Whoever had the turn before may have fetched them.
            _fetch_missing(jars, _broken(jars, cache_dir), cache_dir, repository, on_progress, pause_seconds)
    return [cache_dir / jar.path for jar in jars]


def _broken(jars: Sequence[LockedJar], cache_dir: Path) -> list[LockedJar]:
    with ThreadPoolExecutor(THREADS) as pool:
        whole = pool.map(lambda jar: _is_whole(jar, cache_dir / jar.path), jars)
        return [jar for jar, ok in zip(jars, whole, strict=True) if not ok]


def _is_whole(jar: LockedJar, path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size != jar.size_bytes:
                return False
            return hashlib.file_digest(file, "sha256").hexdigest() == jar.sha256
    except OSError:
        return False


@contextmanager
def _one_fetcher(cache_dir: Path, on_progress: Progress) -> Iterator[None]:
    """One process fetches at a time; the kernel lets go of the lock when its holder dies."""
    with (cache_dir / ".fetching").open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_progress("waiting for another process that is downloading the jars", 0, 0)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch_missing(
    jars: Sequence[LockedJar],
    missing: Sequence[LockedJar],
    cache_dir: Path,
    repository: str,
    on_progress: Progress,
    pause_seconds: float,
) -> None:
    done, total = len(jars) - len(missing), len(jars)
    sessions = _Sessions()
    largest_first = sorted(missing, key=lambda jar: -jar.size_bytes)
    failed: Future[None] | None = None
    with sessions, ThreadPoolExecutor(THREADS) as pool:
        futures = {
            pool.submit(_fetch_one, jar, cache_dir, repository, sessions, pause_seconds): jar for jar in largest_first
        }
        for future in as_completed(futures):
            if future.exception() is not None:
                # Let go of what has not begun, so the error is told soon; nobody is woken for what is cancelled so.
                failed = future
                sessions.give_up.set()
                pool.shutdown(wait=False, cancel_futures=True)
                break
            done += 1
            on_progress("downloading Neo4j", done, total)
    if failed is None:
        return
    reason = failed.exception()
    if not isinstance(reason, (_Final, _Transient, OSError)):
        failed.result()
    there = sum(not future.cancelled() and future.exception() is None for future in futures)
    raise JarDownloadFailed(
        jar=futures[failed].path,
        reason=str(reason),
        done=total - len(missing) + there,
        total=total,
        cache_dir=cache_dir,
    ) from reason


class _Sessions:
    """One HTTP session per thread, over one set of trusted certificates (loading those costs 20 ms each)."""

    def __init__(self) -> None:
        self._trusted = httpx.create_ssl_context()
        self._of_thread = threading.local()
        self._all: list[httpx.Client] = []
        self.give_up = threading.Event()

    def session(self) -> httpx.Client:
        if not hasattr(self._of_thread, "client"):
            self._of_thread.client = httpx.Client(
                verify=self._trusted,
                timeout=TIMEOUT,
                follow_redirects=True,
                headers={"accept-encoding": "identity"},
            )
            self._all.append(self._of_thread.client)
        client: httpx.Client = self._of_thread.client
        return client

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        for client in self._all:
            client.close()


def _fetch_one(jar: LockedJar, cache_dir: Path, repository: str, sessions: _Sessions, pause_seconds: float) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return _download(jar, cache_dir / jar.path, f"{repository}/{jar.path}", sessions.session())
        except _Transient as fault:
            if attempt == ATTEMPTS or sessions.give_up.is_set():
                raise _Transient(f"{fault} ({attempt} attempts)") from fault
            wait = fault.pause_seconds or pause_seconds * 2 ** (attempt - 1)
            sessions.give_up.wait(wait * random.uniform(0.75, 1.25))  # noqa: S311
    raise AssertionError("unreachable")


def _download(jar: LockedJar, place: Path, address: str, session: httpx.Client) -> None:
    """Fetch one jar beside its place and move it there if it is the locked one."""
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(place.name + ".part")
    digest = hashlib.sha256()
    try:
        with session.stream("GET", address) as answer, part.open("wb") as file:
            _check_status(answer)
            for block in answer.iter_raw():
                digest.update(block)
                file.write(block)
    except httpx.TransportError as error:
        raise _Transient(f"{type(error).__name__}: {error}") from error
    except httpx.HTTPError as error:
        raise _Final(f"{type(error).__name__}: {error}") from error
    if digest.hexdigest() != jar.sha256:
        # Once more: a proxy's error page comes with status 200 and is often gone a second later.
        size_bytes = part.stat().st_size
        part.unlink()
        raise _Transient(
            f"sha256 {digest.hexdigest()[:12]}… of {size_bytes} bytes is not the locked "
            f"{jar.sha256[:12]}… of {jar.size_bytes}"
        )
    os.replace(part, place)


def _check_status(answer: httpx.Response) -> None:
    if answer.status_code in TRANSIENT_STATUS:
        pause = answer.headers.get("retry-after", "")
        raise _Transient(f"HTTP {answer.status_code}", min(float(pause), 15.0) if pause.isdigit() else None)
    if not answer.is_success:
        raise _Final(f"HTTP {answer.status_code}")
