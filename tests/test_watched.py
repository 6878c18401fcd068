"""What operators see: operations and statements by name, the slow ones with their plan, and spans."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from structlog.testing import capture_logs

from cypher import health, team, timing
from cypher.store import Store
from graph_api import trusted
from graph_api.metrics import ANONYMOUS, OTHER, Names
from graph_api.pii import Pii
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.slow import SlowStatements
from graph_api.viewer import Role
from tests.conftest import empty
from tests.schema.conftest import Service, fill, serving

VIEW = next(text for text in trusted.shipped().values() if "TeamView" in text)


@pytest_asyncio.fixture(scope="module")
async def network(connected: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Service]:
    await empty(connected)
    await fill(connected, pii)
    async with serving(settings, servers) as running:
        yield running


def test_only_few_names_become_labels() -> None:
    names = Names(names_max=2)
    assert names.of(None, trusted=False, staff=True) == ANONYMOUS
    assert names.of("TeamView", trusted=True, staff=False) == "TeamView"
    assert [names.of(f"q{n}", trusted=False, staff=False) for n in range(3)] == [OTHER] * 3
    assert [names.of(f"q{n}", trusted=False, staff=True) for n in range(3)] == ["q0", "q1", OTHER]
    assert names.of("q1", trusted=False, staff=False) == "q1"
    assert Names().of("q" * 65, trusted=False, staff=True) == OTHER


async def test_operations_and_statements_are_timed_by_name(network: Service) -> None:
    failures = failures_of("journal.head", (await network.client.get("/metrics")).text)
    await network.data(VIEW, role=Role.PROMOTER, promoter="B")
    await network.data("query Junk { me { code } }", role=Role.PROMOTER, promoter="B")
    text = (await network.client.get("/metrics")).text
    assert 'promograph_operation_seconds_count{name="TeamView"}' in text
    assert f'promograph_operation_seconds_count{{name="{OTHER}"}}' in text
    assert "Junk" not in text
    assert 'promograph_statement_seconds_bucket{le="0.1",statement="journal.head"}' in text
    assert failures_of("journal.head", text) == failures


def failures_of(statement: str, metrics: str) -> list[str]:
    """The line that counts them, if any was met in this process."""
    return [
        line
        for line in metrics.splitlines()
        if line.startswith(f'promograph_statement_failures_total{{statement="{statement}"')
    ]


async def test_a_slow_statement_is_told_and_its_plan_once(store: Store) -> None:
    slow = SlowStatements(store, slow_seconds=1e-9, plan_seconds=0)
    timing.listen(slow)
    explaining = asyncio.create_task(slow.explain())
    try:
        with capture_logs() as told:
            for _ in range(2):
                await health.sizes(store)
            await team.counts(
                store,
                codes=["secret"],
                level_min=1,
                depth=1,
                code_start="hidden",
                name_hash=None,
                status=None,
                rank=None,
            )
            async with asyncio.timeout(30):
                while not {line["statement"] for line in told if "plan" in line} >= {"health.sizes", "team.counts"}:  # noqa: ASYNC110 - nothing tells us
                    await asyncio.sleep(0.01)
    finally:
        timing.ignore(slow)
        explaining.cancel()
    ours = [line for line in told if line["statement"] in ("health.sizes", "team.counts")]  # others go on meanwhile
    lines = [line for line in ours if line["event"] == "slow statement"]
    assert [line["statement"] for line in lines] == ["health.sizes", "health.sizes", "team.counts"]
    assert lines[2]["sizes"] == {"codes": 1}
    plans = {line["statement"]: line["plan"] for line in ours if "plan" in line}
    assert sum("plan" in line for line in ours) == len(plans) == 2
    assert plans["team.counts"][0].startswith("ProduceResults")
    assert any("NodeUniqueIndexSeek" in step for step in plans["team.counts"])
    assert "secret" not in str(told)
    assert "hidden" not in str(told)


async def test_a_quick_statement_is_not_told(store: Store) -> None:
    slow = SlowStatements(store, slow_seconds=1000)
    timing.listen(slow)
    with capture_logs() as told:
        await health.sizes(store)
    timing.ignore(slow)
    assert told == []


class Collector(ThreadingHTTPServer):
    """A collector that speaks OTLP over HTTP."""

    spans: list[Any]


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
            server.spans += [
                span for resource in sent.resource_spans for scope in resource.scope_spans for span in scope.spans
            ]
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = Collector(("127.0.0.1", 0), Handler)
    server.spans = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("ratio", [1.0, 0.0])
async def test_an_operation_is_a_span_above_its_statements(
    collector: Collector, network: Service, servers: Servers, settings: Settings, ratio: float
) -> None:
    address = f"http://127.0.0.1:{collector.server_port}/v1/traces"
    async with serving(settings, servers, {"otlp_endpoint": address, "trace_sample_ratio": ratio}) as service:
        answer = await service.post('query Own { product(sku: "P") { title } }')
    if ratio == 0.0:
        assert collector.spans == []
        return
    (operation,) = [span for span in collector.spans if not span.parent_span_id]
    statements = [span for span in collector.spans if span.parent_span_id == operation.span_id]
    attributes = {each.key: each.value.string_value for each in operation.attributes}
    assert operation.name == "query Own"
    assert attributes["promograph.request_id"] == answer.headers["x-request-id"]
    assert (attributes["graphql.operation.type"], attributes["promograph.role"]) == ("query", "ADMIN")
    assert [span.name for span in statements] == ["product_reads.by_skus"]
    assert len(collector.spans) == 1 + len(statements)
    assert operation.start_time_unix_nano <= statements[0].start_time_unix_nano < statements[0].end_time_unix_nano


def test_what_makes_spans_is_not_even_imported_without_an_address() -> None:
    code = "import sys, graph_api.app; from graph_api.tracing import opened; assert opened(None, sample_ratio=1) is None; sys.exit('opentelemetry.sdk.trace' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
