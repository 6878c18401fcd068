"""What every command needs: messages, settings, servers and store, one way to each."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from rich.console import Console

from graph_api import auth, logs
from graph_api.opening import Opened, opened
from graph_api.pii import Pii
from graph_api.servers import Neo4jServer, Progress, Servers, open_servers, stopped_neo4j
from graph_api.settings import Settings
from loaders.progress import shown

T = TypeVar("T")

err = Console(stderr=True, highlight=False)

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where the embedded servers keep their files.", show_default=False)
]


class NotAnswered(Exception):
    """A query of the demonstration did not give real numbers."""


def fail(message: str) -> NoReturn:
    err.print(f"promograph: {' '.join(message.split())}", style="red", markup=False, soft_wrap=True)
    sys.exit(1)


def settings_of(data_dir: Path | None) -> Settings:
    settings = Settings()
    return settings if data_dir is None else settings.model_copy(update={"data_dir": data_dir})


@contextmanager
def starting(settings: Settings, *, join: bool = False) -> Iterator[Servers]:
    """The servers of the settings, with progress on stderr while they start."""
    with ExitStack() as stack:
        with shown() as progress:
            tell: Progress = lambda message, done, total: progress(message, done, total)  # noqa: E731
            servers = stack.enter_context(open_servers(settings, join=join, on_progress=tell))
        yield servers


def secret_of(settings: Settings) -> str:
    """The secret, before any server is started for nothing."""
    return auth.secret_key(settings, embedded=settings.neo4j_uri is None)


@contextmanager
def stopped(settings: Settings, progress: Callable[[str, int, int], None]) -> Iterator[Neo4jServer]:
    """The embedded Neo4j, held but not running."""
    tell: Progress = lambda message, done, total: progress(message, done, total)  # noqa: E731
    with stopped_neo4j(settings, tell) as neo4j:
        yield neo4j


def pii_of(settings: Settings) -> Pii:
    """The keys of personal data."""
    keys = settings.pii_keys.get_secret_value() if settings.pii_keys else None
    return Pii.from_secret(secret_of(settings), keys=keys)


def with_store(settings: Settings, work: Callable[[Opened], Awaitable[T]]) -> T:
    """Run `work` on the store of the settings, on a running `serve`'s servers if there are any."""
    logs.configure()
    with starting(settings, join=True) as servers:
        return asyncio.run(on_servers(settings, servers, work))


async def on_servers(settings: Settings, servers: Servers, work: Callable[[Opened], Awaitable[T]]) -> T:
    async with opened(settings, servers) as running:
        return await work(running)


def now() -> int:
    return time.time_ns() // 1000
