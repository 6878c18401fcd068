"""The service on a small network, asked as anybody.

A ─ B ─ C ─ D          S ─ T: strangers
└── E                  every promoter sold one order, `o-CODE`, to the buyer `x-CODE`
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from cypher.statements import Record, Statement
from cypher.store import Store
from graph_api import auth
from graph_api.actions import orders, products, promoters
from graph_api.app import create_app
from graph_api.context import Stores
from graph_api.pii import Pii
from graph_api.rules.calendar import instant
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import SECRET, empty

Json = dict[str, Any]
JOINED = instant("2025-01-01T00:00:00Z")
PAID = instant("2026-01-10T04:00:00Z")
REFERRERS = {"A": None, "B": "A", "C": "B", "D": "C", "E": "A", "S": None, "T": "S"}
NAMES = {code: f"姓名{code}" for code in REFERRERS}
PHONES = {code: f"1380000{index:04}" for index, code in enumerate(REFERRERS)}


@dataclass(frozen=True)
class Service:
    """A running instance."""

    client: httpx.AsyncClient
    stores: Stores

    @property
    def store(self) -> Store:
        return self.stores.store

    def headers(self, role: Role, promoter: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {auth.issue(SECRET, role, promoter_code=promoter)}"}

    async def post(
        self, query: str, *, role: Role = Role.ADMIN, promoter: str | None = None, **variables: Any
    ) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return await self.client.post("/graphql", json=body, headers=self.headers(role, promoter))

    async def ask(self, query: str, *, role: Role = Role.ADMIN, promoter: str | None = None, **variables: Any) -> Json:
        """The whole answer, whatever it is."""
        answer: Json = (await self.post(query, role=role, promoter=promoter, **variables)).json()
        return answer

    async def data(self, query: str, *, role: Role = Role.ADMIN, promoter: str | None = None, **variables: Any) -> Json:
        """The data of an answer without errors."""
        answer = await self.ask(query, role=role, promoter=promoter, **variables)
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data


@asynccontextmanager
async def serving(
    settings: Settings, servers: Servers, changes: Mapping[str, Any] | None = None
) -> AsyncIterator[Service]:
    """An instance with the tests' secret and other settings."""
    given = settings.model_copy(update={"secret_key": SecretStr(SECRET), **(changes or {})})
    app = create_app(given, servers=servers)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://promograph", timeout=60) as client,
    ):
        yield Service(client, app.state.opened.stores)


async def fill(store: Store, pii: Pii) -> None:
    """The network of this module's picture."""
    now = JOINED
    await products.upsert(store, products.NewProduct("P", "苹果", 100_000, 2000), actor="test", now=now)
    rows = [
        promoters.Enrolment(code, NAMES[code], PHONES[code], referrer, JOINED) for code, referrer in REFERRERS.items()
    ]
    outcomes = await promoters.enrol(store, pii, rows, actor="test", now=now)
    assert {outcome.state for outcome in outcomes} == {"recorded"}
    sales = [
        orders.NewOrder(f"o-{code}", f"x-{code}", code, (orders.NewLine("P", 1, 100_000),), PAID) for code in REFERRERS
    ]
    recorded = await orders.record(store, sales, actor="test", now=now)
    assert {outcome.state for outcome in recorded} == {"recorded"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what is read from Neo4j, but for the journal, the folds of it and its store's name: a service reads these
    by itself."""
    names: list[str] = []
    run = Store.run

    async def named(store: Store, statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        if statement.subject not in {"journal", "positions", "migrations"}:
            names.append(statement.full_name)
        return await run(store, statement, parameters)

    monkeypatch.setattr(Store, "run", named)
    return names


@pytest_asyncio.fixture
async def service(store: Store, servers: Servers, settings: Settings) -> AsyncIterator[Service]:
    """On an empty store."""
    async with serving(settings, servers) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def network(connected: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Service]:
    """On the network of the picture, which tests of one module share and leave as it is."""
    await empty(connected)
    await fill(connected, pii)
    async with serving(settings, servers) as running:
        yield running
