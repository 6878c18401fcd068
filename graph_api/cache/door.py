"""The door to Redis: every call is short or given up, and after a failure nobody waits again until it answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisClusterException, RedisError

from graph_api.cache.scripts import Script

log = structlog.get_logger("promograph.cache")

T = TypeVar("T")
Argument = str | int
Client = redis.asyncio.Redis | redis.asyncio.RedisCluster

CALL_SECONDS = 0.1
CONNECT_SECONDS = 2.0
PROBE_SECONDS = 1.0
FAULTS = (RedisError, RedisClusterException, OSError, TimeoutError)
"""RedisClusterException is no RedisError."""


class Away(Exception):
    """Redis did not answer in time, or is not asked because it just did not."""


class Door:
    """One Redis or Redis cluster, behind a breaker.

    A call that fails or takes longer than `call_seconds` opens the breaker; from then on every call is refused
    at once, and a background task asks Redis until it answers. So a hung Redis costs requests one wait, not one each.
    A cluster's members are remembered, so that it is found again when the one of the address is gone.
    """

    def __init__(self, url: str, *, call_seconds: float = CALL_SECONDS, probe_seconds: float = PROBE_SECONDS) -> None:
        self._urls = [url]
        self._call_seconds = call_seconds
        self._probe_seconds = probe_seconds
        self._client: Client | None = None
        self._recovery: asyncio.Task[None] | None = None
        self.failures = 0

    @property
    def state(self) -> Literal["ready", "away"]:
        return "ready" if self._client is not None and self._recovery is None else "away"

    async def open(self) -> None:
        """Connect if Redis answers; otherwise go on trying in the background."""
        try:
            await self._connect()
        except FAULTS as error:
            self._give_up(error)

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """A script's answer; Away if there is none soon."""
        client = self._client
        if client is None or self._recovery is not None:
            raise Away
        try:
            return await _within(_evaluated(client, script, keys, arguments), self._call_seconds)
        except FAULTS as error:
            if client is self._client:
                self._give_up(error)
            raise Away from error

    async def scan(self, prefix: str) -> AsyncIterator[tuple[str, dict[str, str]]]:
        """Hashes whose key begins with `prefix`, as (rest of the key, fields); for checks, not for requests."""
        client = self._client
        if client is None:
            raise Away
        try:
            async for key in client.scan_iter(match=f"{prefix}*", count=1000):
                values: dict[Any, Any] = await client.hgetall(key)
                yield key.removeprefix(prefix), values
        except FAULTS as error:
            raise Away from error

    async def close(self) -> None:
        if self._recovery is not None:
            self._recovery.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._recovery
        await _closed(self._client)

    def _give_up(self, error: BaseException) -> None:
        self.failures += 1
        if self._recovery is None:
            log.warning("redis_away", reason=type(error).__name__, detail=str(error))
            self._recovery = asyncio.create_task(self._recover())

    async def _recover(self) -> None:
        """Ask until there is an answer, by new connections: each of the old may be dead and would fail once more."""
        old, self._client = self._client, None
        try:
            await asyncio.sleep(self._probe_seconds)
        finally:
            await _closed(old)
        while True:
            try:
                await self._connect()
            except FAULTS:
                pass
            except Exception:
                log.exception("redis_not_asked")  # whatever it is, nobody else would ask again
            else:
                self._recovery = None
                log.info("redis_back")
                return
            await asyncio.sleep(self._probe_seconds)

    async def _connect(self) -> None:
        """To the first that answers; the error of the last if none does."""
        *others, last = self._urls
        for url in others:
            try:
                await self._connect_to(url)
            except FAULTS:
                continue
            return
        await self._connect_to(last)

    async def _connect_to(self, url: str) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            client = await _client(url, self._call_seconds)
            try:
                await client.ping()
            except BaseException:
                await _closed(client)
                raise
        self._client = client
        if isinstance(client, redis.asyncio.RedisCluster):
            given = self._urls[0]
            self._urls = [given, *(_at(given, node.host, node.port) for node in client.get_nodes())]


def _at(url: str, host: str, port: int | str) -> str:
    """The same address at another member."""
    parts = urlsplit(url)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    who, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{who}{at}{place}").geturl()


async def _closed(client: Client | None) -> None:
    if client is not None:
        with contextlib.suppress(*FAULTS):
            await client.aclose()
    if isinstance(client, redis.asyncio.RedisCluster):
        for nodes in ("nodes_cache", "startup_nodes"):  # one that could not be opened closes nothing by itself
            with contextlib.suppress(*FAULTS):
                await client.nodes_manager.aclose(nodes)


async def _client(url: str, call_seconds: float) -> Client:
    """A client for whatever stands at the address: one server, or a member of a cluster."""
    # Beside the limit of a call, in case its task is gone: no connection stays stuck. No retries: the breaker's part.
    options: dict[str, Any] = {
        "socket_timeout": max(2 * call_seconds, 1.0),
        "socket_connect_timeout": CONNECT_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": True,
    }
    single = redis.asyncio.Redis.from_url(url, **options)
    try:
        about = await single.info("cluster")
    except BaseException:
        await single.aclose()
        raise
    if not about.get("cluster_enabled"):
        return single
    await single.aclose()
    return redis.asyncio.RedisCluster.from_url(url, **options)


async def _evaluated(client: Client, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
    try:
        return await client.evalsha(script.sha, len(keys), *keys, *arguments)
    except NoScriptError:
        return await client.eval(script.text, len(keys), *keys, *arguments)


async def _within(work: Awaitable[T], seconds: float) -> T:
    """The answer of `work`, or TimeoutError.

    Not asyncio.timeout: when the event loop itself was late, its timer fires although the answer lies in the
    socket, and a busy process would lose its cache just when it needs it. So after the time there is one more look.
    """
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            done, _ = await asyncio.wait({task}, timeout=seconds / 10)
        if not done:
            raise TimeoutError
        return task.result()
    finally:
        task.cancel()
