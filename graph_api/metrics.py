"""What Prometheus reads: requests, their latency, the cache's and the store's counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily

REGISTRY = CollectorRegistry()
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
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
SOCKETS = Gauge("promograph_sockets_open", "WebSockets that are open.", registry=REGISTRY)
OPERATIONS = Gauge(
    "promograph_socket_operations_open",
    "Subscriptions, queries and mutations that run over WebSockets.",
    registry=REGISTRY,
)
ERRORS = Counter("promograph_errors_total", "Errors in GraphQL answers by code.", ["code"], registry=REGISTRY)


def answered(operation: str, status: int, seconds: float) -> None:
    REQUESTS.labels(operation, str(status)).inc()
    LATENCY_SECONDS.labels(operation).observe(seconds)


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
