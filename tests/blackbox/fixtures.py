"""The service's doors for tests: instances of its API on the tests' servers, and its command line."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from cypher.store import Store
from graph_api import auth
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.blackbox.api import Api
from tests.blackbox.command import Command, environment
from tests.conftest import SECRET, empty

Opened = Callable[[str], AbstractAsyncContextManager[Api]]


@pytest.fixture(scope="session")
def opened(servers: Servers, settings: Settings) -> Opened:
    return opener(servers, settings)


def opener(servers: Servers, settings: Settings) -> Opened:
    """Opens an instance of the service, asked as ADMIN, on a cache by its address."""
    from graph_api.app import create_app

    given = settings.model_copy(update={"secret_key": SecretStr(SECRET)})

    @asynccontextmanager
    async def instance(redis_url: str) -> AsyncIterator[Api]:
        app = create_app(given, servers=dataclasses.replace(servers, redis_url=redis_url))
        transport = httpx.ASGITransport(app=app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://promograph", timeout=60) as client,
        ):
            yield Api(client, auth.issue(SECRET, Role.ADMIN))

    return instance


@pytest_asyncio.fixture
async def api(store: Store, opened: Opened, redis_url: str) -> AsyncIterator[Api]:
    """The service on an empty store."""
    async with opened(redis_url) as one:
        yield one


@pytest_asyncio.fixture
async def apis(api: Api, opened: Opened, redis_url: str) -> AsyncIterator[Sequence[Api]]:
    """Two instances of it, each with connections of its own."""
    async with opened(redis_url) as other:
        yield api, other


@pytest.fixture
def enrolled(promograph: Command, tmp_path: Path) -> Callable[[Iterable[tuple[str, str | None]]], Awaitable[None]]:
    """Imports many promoters at once: (code, referrer) pairs."""

    async def enrol(pairs: Iterable[tuple[str, str | None]]) -> None:
        rows = [f"{code},,,{referrer or ''},2025-01-01T00:00:00Z" for code, referrer in pairs]
        source = tmp_path / "enrolled"
        source.mkdir()
        (source / "promoters.csv").write_text("\n".join(["code,name,phone,referrer_code,joined_at", *rows, ""]))
        ended = await promograph("import", source)
        assert ended.report["promoters"]["loaded"] == len(rows), ended

    return enrol


@pytest.fixture(scope="session")
def promograph_with(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Command]:
    """The command line on a cache by its address."""
    data_dir = tmp_path_factory.mktemp("command")
    return lambda redis_url: Command(environment(servers, secret=SECRET, data_dir=data_dir, redis_url=redis_url))


@pytest.fixture(scope="session")
def promograph(promograph_with: Callable[[str], Command], redis_url: str) -> Command:
    return promograph_with(redis_url)


@pytest.fixture(scope="session")
def emptied(connected: Store) -> Callable[[], Awaitable[None]]:
    """Empties the store in the middle of a test, however much there is."""

    async def run() -> None:
        await empty(connected)

    return run


@pytest.fixture
def exported(promograph: Command, tmp_path: Path) -> Callable[[], Awaitable[Path]]:
    """Exports what is in the store."""

    async def export() -> Path:
        ended = await promograph("export", tmp_path / "exported")
        assert ended.status == 0, ended
        return tmp_path / "exported"

    return export


__all__ = ["api", "apis", "emptied", "enrolled", "exported", "opened", "promograph", "promograph_with"]
