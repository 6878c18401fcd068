"""OpenTelemetry spans, one an operation and one a statement, sent by OTLP over HTTP; without an address there are none.

The SDK is an extra (`promograph[tracing]`) and is imported only where it is wanted. Spans are collected and sent by a
thread of the SDK's own; an operation that is not sampled costs its statements one look.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from cypher import timing
from cypher.timing import Timed

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

NAME = "promograph"


class TracingNotInstalled(Exception):
    """Spans are asked for, and what sends them is not installed."""


class Tracing:
    """Makes and sends spans, until `close`."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import trace

        self._trace = trace
        self._provider = provider
        self._tracer = provider.get_tracer(NAME)
        timing.listen(self._ended)

    def close(self) -> None:
        """Sends what is left; takes a few seconds at most."""
        timing.ignore(self._ended)
        self._provider.shutdown()

    @contextmanager
    def operation(self, kind: str, name: str, request_id: str, role: str) -> Iterator[None]:
        """A span around an operation, which is a trace of its own: what a client says of sampling is not asked."""
        attributes: dict[str, Any] = {
            "graphql.operation.type": kind,
            "graphql.operation.name": name,
            "promograph.request_id": request_id,
            "promograph.role": role,
        }
        with self._tracer.start_as_current_span(f"{kind} {name}", attributes=attributes):
            yield

    def _ended(self, timed: Timed) -> None:
        if not self._trace.get_current_span().is_recording():
            return
        span = self._tracer.start_span(
            timed.statement.full_name,
            kind=self._trace.SpanKind.CLIENT,
            start_time=timed.began_ns,
            attributes={"db.system.name": "neo4j", "db.operation.name": timed.statement.full_name},
        )
        if timed.failed:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(timed.began_ns + int(timed.seconds * 1e9))


def opened(endpoint: str | None, *, sample_ratio: float) -> Tracing | None:
    """Tracing to the collector at an address, `http://HOST:4318/v1/traces`; None without one."""
    if endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
    except ImportError as error:
        raise TracingNotInstalled("PROMOGRAPH_OTLP_ENDPOINT needs pip install 'promograph[tracing]'") from error
    provider = TracerProvider(
        sampler=TraceIdRatioBased(sample_ratio),
        resource=Resource.create({"service.name": NAME}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=5)))
    return Tracing(provider)


def operation(
    tracing: Tracing | None, *, kind: str, name: str, request_id: str, role: str
) -> AbstractContextManager[None]:
    """A span around an operation, if spans are made."""
    return tracing.operation(kind, name, request_id, role) if tracing is not None else nullcontext()
