"""A small load client: keep-alive connections that send one request after the other."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests per second and latency in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float

    @classmethod
    def of(cls, latencies: Sequence[float], seconds: float) -> Figures:
        cuts = statistics.quantiles(latencies, n=100)
        return cls(len(latencies) / seconds, cuts[49] * 1000, cuts[98] * 1000)

    def __str__(self) -> str:
        return f"{self.per_second:8.0f}/s   p50 {self.p50_ms:7.2f} ms   p99 {self.p99_ms:7.2f} ms"


def graphql_body(query: str, **variables: Any) -> bytes:
    return json.dumps({"query": query, "variables": variables}).encode()


def turns_within(seconds: float) -> Iterator[int]:
    """Turns until time is up; those begun are finished."""
    until = time.perf_counter() + seconds
    return itertools.takewhile(lambda _: time.perf_counter() < until, itertools.count())


async def hammer(ask: Callable[[int], Awaitable[None]], *, clients: int, turns: Iterable[int]) -> Figures:
    """`clients` tasks that together ask once a turn."""
    return Figures.of(*await laps(ask, clients=clients, turns=turns))


async def laps(
    ask: Callable[[int], Awaitable[None]], *, clients: int, turns: Iterable[int]
) -> tuple[list[float], float]:
    """What each turn took and what all took, in seconds."""
    latencies: list[float] = []
    left = iter(turns)

    async def client() -> None:
        for turn in left:
            began = time.perf_counter()
            await ask(turn)
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return latencies, time.perf_counter() - began


class Connections:
    """A pool of raw HTTP/1.1 connections to one local port; lighter on the shared processors than a full client."""

    def __init__(self, port: int, token: str = "", *, path: str = "/graphql") -> None:
        self._port = port
        self._token = token
        self._path = path
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def post(self, body: bytes) -> dict[str, Any]:
        """The answer, which must have no errors."""
        answer = await self.told(body)
        if answer.get("errors"):
            raise RuntimeError(f"the service answered {answer['errors']}")
        return answer

    async def told(self, body: bytes) -> dict[str, Any]:
        """The answer, whatever it is."""
        reader, writer = await self._connection()
        writer.write(
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        answer: dict[str, Any] = json.loads(await reader.readexactly(length))
        self._idle.append((reader, writer))
        return answer

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """An idle one that the service has not closed meanwhile, or another."""
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():
                return reader, writer
            writer.close()
        return await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
