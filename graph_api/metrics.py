"""What Prometheus reads: requests, their latency, the cache's and the store's counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily

from cypher.timing import Timed

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
SOCKETS = Gauge("promograph_sockets_open", "WebSockets that are open.", registry=REGISTRY)
OPERATIONS = Gauge(
    "promograph_socket_operations_open",
    "Subscriptions, queries and mutations that run over WebSockets.",
    registry=REGISTRY,
)
OPERATION_SECONDS = Histogram(
    "promograph_operation_seconds",
    "Time to carry out a GraphQL operation, by its name where that is one of few.",
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
NAMES_MAX = 100
"""Names of operations beside those of trusted documents; whoever sends more of them is counted together."""
OTHER, ANONYMOUS = "other", "anonymous"
ERRORS = Counter("promograph_errors_total", "Errors in GraphQL answers by code.", ["code"], registry=REGISTRY)


def answered(operation: str, status: int, seconds: float) -> None:
    REQUESTS.labels(operation, str(status)).inc()
    LATENCY_SECONDS.labels(operation).observe(seconds)


def carried_out(name: str, seconds: float) -> None:
    OPERATION_SECONDS.labels(name).observe(seconds)


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
    """Counters that others keep, read when Prometheus asks."""

    def __init__(self, read: Callable[[], Mapping[str, float]]) -> None:
        self._read = read

    def collect(self) -> Iterable[CounterMetricFamily]:
        for name, value in self._read().items():
            yield CounterMetricFamily(f"promograph_{name}", name.replace("_", " "), value=value)


def text(watched: Watched) -> bytes:
    """The exposition, with what is watched."""
    beside = CollectorRegistry()
    beside.register(watched)
    return generate_latest(REGISTRY) + generate_latest(beside)
