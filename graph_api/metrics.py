"""What Prometheus reads: requests, their latency, the cache's and the store's counters.

Several workers at one address count in files of one directory (`MULTIPROC_DIR` in their environment before they begin), so
that whichever of them is asked tells of all, also of those that have ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from cypher.timing import Timed

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client counts in files, once and for all when it is imported."""
WATCH_SECONDS = 1.0
REGISTRY = CollectorRegistry()
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
REQUESTS = Counter(
    "promograph_requests_total",
    "GraphQL requests by kind of operation and HTTP status.",
    ["operation", "status"],
    registry=REGISTRY,
)
LATENCY_SECONDS = Histogram(
    "promograph_request_seconds",
    "Time to answer a GraphQL request.",
    ["operation"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
SOCKETS = Gauge("promograph_sockets_open", "WebSockets that are open.", multiprocess_mode="livesum", registry=REGISTRY)
OPERATIONS = Gauge(
    "promograph_socket_operations_open",
    "Subscriptions, queries and mutations that run over WebSockets.",
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
OPERATION_SECONDS = Histogram(
    "promograph_operation_seconds",
    "Time to carry out a GraphQL operation, by its name where that is one of few.",
    ["name"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
EVENT_SECONDS = Histogram(
    "promograph_event_seconds",
    "Time to put together an event of a subscription, by its operation's name where that is one of few.",
    ["name"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
STATEMENT_SECONDS = Histogram(
    "promograph_statement_seconds",
    "Time of a named Cypher statement until its last record was read.",
    ["statement"],
    buckets=BUCKETS,
    registry=REGISTRY,
)
STATEMENT_FAILURES = Counter(
    "promograph_statement_failures_total", "Named Cypher statements that failed.", ["statement"], registry=REGISTRY
)
JOURNAL_HEAD = Gauge(
    "promograph_journal_head",
    "The last journal entry that is known here.",
    multiprocess_mode="max",
    registry=REGISTRY,
)
WATCHED = {
    name: Counter(f"promograph_{name}_total", text, registry=REGISTRY)
    for name, text in {
        "neo4j_statements": "Statements sent to Neo4j.",
        "cache_hits": "Values found in the cache.",
        "cache_misses": "Values looked for in the cache and not found.",
        "cache_kept": "Values kept in the cache.",
        "cache_folds": "Times that changes were folded into the cache.",
        "cache_failures": "Times that the cache did not answer.",
    }.items()
}
NAMES_MAX = 100
"""Names of operations beside those of trusted documents; whoever sends more of them is counted together."""
OTHER, ANONYMOUS = "other", "anonymous"
ERRORS = Counter("promograph_errors_total", "Errors in GraphQL answers by code.", ["code"], registry=REGISTRY)


def answered(operation: str, status: int, seconds: float) -> None:
    REQUESTS.labels(operation, str(status)).inc()
    LATENCY_SECONDS.labels(operation).observe(seconds)


def carried_out(name: str, seconds: float) -> None:
    OPERATION_SECONDS.labels(name).observe(seconds)


def told(name: str, seconds: float) -> None:
    EVENT_SECONDS.labels(name).observe(seconds)


def statement_ended(timed: Timed) -> None:
    STATEMENT_SECONDS.labels(timed.statement.full_name).observe(timed.seconds)
    if timed.failed:
        STATEMENT_FAILURES.labels(timed.statement.full_name).inc()


class Names:
    """Under which name an operation is counted: a label that anybody could choose would grow without end."""

    def __init__(self, names_max: int = NAMES_MAX) -> None:
        self._names_max = names_max
        self._seen: set[str] = set()

    def of(self, name: str | None, *, trusted: bool, staff: bool) -> str:
        """Its own for trusted documents, and for the first so many that staff and services send."""
        if name is None:
            return ANONYMOUS
        if trusted or name in self._seen:
            return name
        if not staff or len(self._seen) >= self._names_max or len(name) > 64:
            return OTHER
        self._seen.add(name)
        return name


def errors(payload: Mapping[str, Any]) -> None:
    for error in payload.get("errors", ()):
        ERRORS.labels(error["extensions"]["code"]).inc()


class Watched:
    """Counters that others keep, taken over when Prometheus asks this process, and each second for when it asks another.

    `read`: the journal's head, and the counters of WATCHED by name.
    """

    def __init__(self, read: Callable[[], tuple[int, Mapping[str, int]]]) -> None:
        self._read = read
        self._taken: dict[str, int] = dict.fromkeys(WATCHED, 0)

    def take(self) -> None:
        head, counts = self._read()
        JOURNAL_HEAD.set(head)
        for name, count in counts.items():
            WATCHED[name].inc(count - self._taken[name])
            self._taken[name] = count

    async def follow(self) -> None:
        while True:
            self.take()
            await asyncio.sleep(WATCH_SECONDS)


def text(counted_in: Path | None) -> bytes:
    """The exposition: of this process, or of all that count in files of a directory."""
    if counted_in is None:
        return generate_latest(REGISTRY)
    every = CollectorRegistry()
    MultiProcessCollector(every, path=str(counted_in))  # type: ignore[no-untyped-call]
    return generate_latest(every)
