"""The service put together: the GraphQL door, health, metrics and a plain index, over one store and one cache."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.telemetry import TelemetryConfig
from pydantic import SecretStr
from starlette.routing import Route, WebSocketRoute

from cypher import timing
from graph_api import logs, metrics, tracing, trusted
from graph_api.answers import Refusal, refused
from graph_api.auth import Unauthenticated, check_shared
from graph_api.callbacks import PATH, Callbacks
from graph_api.console import console_routes
from graph_api.documents import Documents
from graph_api.door import Door
from graph_api.exports import Exports
from graph_api.graphiql import graphiql_routes
from graph_api.jobs.schedule import Scheduler, jobs_of
from graph_api.jobs.transfers import Providers
from graph_api.opening import Opened, Readiness, opened, sending
from graph_api.schema import build
from graph_api.servers import Servers, open_servers
from graph_api.sessions import Sessions
from graph_api.settings import Settings
from graph_api.sign_in import SignIn
from graph_api.sockets import Sockets
from graph_api.viewer import Role

SCHEMA = build.build()

NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""Spans and metrics are our own; FastAPI would make its own of every request once OpenTelemetry is installed."""
INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>promograph</title></head>
<body><h1>promograph</h1>
<p>A promoter network service: who referred whom, served through GraphQL.</p>
<ul>{links}</ul></body></html>
"""


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """A work that goes on beside whatever the block does, and ends with it."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def scheduling(settings: Settings, running: Opened, providers: Providers) -> AsyncIterator[None]:
    """The scheduler beside whatever the block does."""
    jobs = jobs_of(running.store, running.stores.pii, providers, every_seconds=settings.jobs_every_seconds)
    async with beside(Scheduler(running.store, jobs).run()):
        yield


def create_app(
    settings: Settings | None = None,
    *,
    servers: Servers | None = None,
    runs_jobs: bool = False,
    counted_in: Path | None = None,
) -> FastAPI:
    """The ASGI application; without `servers` it opens those of the settings, or joins those of the data dir.

    With `runs_jobs` it is one of those that may run the scheduler. `counted_in`: where it and others at its address
    count what metrics tell.
    """
    settings = settings or Settings()
    production = settings.env == "production"

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with contextlib.ExitStack() as stack:
            joined = await asyncio.to_thread(_given_or_joined, settings, servers, stack)
            app.state.tracing = tracing.opened(settings.otlp_endpoint, sample_ratio=settings.trace_sample_ratio)
            if app.state.tracing is not None:
                stack.callback(app.state.tracing.close)
            timing.listen(metrics.statement_ended)
            stack.callback(timing.ignore, metrics.statement_ended)
            async with opened(settings, joined) as running, sending(settings) as providers:
                app.state.opened, app.state.providers = running, providers
                app.state.readiness = Readiness(running)
                app.state.watched = metrics.Watched(lambda: _counters(running))
                jobs = scheduling(settings, running, providers) if runs_jobs else contextlib.nullcontext()
                async with beside(app.state.watched.follow()), jobs:
                    yield

    logs.configure()
    app = FastAPI(
        title="promograph", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None, telemetry=NO_TELEMETRY
    )
    app.state.leaving = False
    sessions = Sessions.of(settings)
    door = Door(
        schema=build.graphql_schema(SCHEMA),
        stores=lambda: _opened(app).stores,
        secret=lambda: _opened(app).secret,
        production=production,
        sessions=sessions,
        documents=Documents(
            trusted.documents(settings.documents, settings.documents_dir),
            staff=trusted.staff_documents(settings.documents),
        ),
        tracing=lambda: app.state.tracing,
        trusted_only=settings.documents == "only",
        budgets={Role(role): size for role, size in settings.budgets.items() if size},
    )
    app.router.routes.append(Route("/graphql", door, name="graphql"))
    app.router.routes.append(WebSocketRoute("/graphql", Sockets(door), name="subscriptions"))
    callbacks = Callbacks(lambda: _opened(app).stores, lambda: app.state.providers)
    app.router.routes.append(Route(PATH, callbacks.__call__, methods=["POST"], name="callbacks"))
    exports = Exports(stores=lambda: _opened(app).stores, secret=lambda: _opened(app).secret, sessions=sessions)
    app.router.routes.append(Route("/exports/{file}", exports, name="exports"))
    sign_in = SignIn(lambda: _opened(app).stores, lambda: _opened(app).secret, sessions)
    app.router.routes.append(Route("/session", sign_in, name="session"))
    app.router.routes.extend(console_routes(cdn_base_url=settings.cdn_base_url, invite_url=settings.invite_url))
    if not production:
        app.router.routes.extend(graphiql_routes())
    _add_pages(app, settings, counted_in)
    return app


def _given_or_joined(settings: Settings, servers: Servers | None, stack: contextlib.ExitStack) -> Servers:
    return servers or stack.enter_context(open_servers(settings, join=True))


def _opened(app: FastAPI) -> Opened:
    running: Opened = app.state.opened
    return running


def _add_pages(app: FastAPI, settings: Settings, counted_in: Path | None) -> None:
    addresses = ["/console/", "/m/", "/graphql", "/healthz", "/readyz"]
    if settings.env != "production":
        addresses.insert(3, "/graphiql")
    if settings.shows_metrics:
        addresses.append("/metrics")
        _add_metrics(app, settings.metrics_token, counted_in)
    links = "".join(f'<li><a href="{address}">{address}</a></li>' for address in addresses)

    @app.get("/", response_class=HTMLResponse)
    async def index() -> str:
        return INDEX.format(links=links)

    @app.get("/healthz")
    async def healthz() -> Mapping[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    async def readyz() -> Response:
        report = {"ready": False, "leaving": True} if app.state.leaving else await app.state.readiness.report()
        return JSONResponse(report, 200 if report["ready"] else 503)


def _add_metrics(app: FastAPI, token: SecretStr | None, counted_in: Path | None) -> None:
    """Without a token to anybody who asks."""

    @app.get("/metrics")
    async def exposition(request: Request) -> Response:
        try:
            if token is not None:
                check_shared(token.get_secret_value(), request.headers.get("authorization"))
        except Unauthenticated as error:
            return refused(Refusal(401, "UNAUTHENTICATED", str(error), headers={"WWW-Authenticate": "Bearer"}))
        app.state.watched.take()
        text = await asyncio.to_thread(metrics.text, counted_in)
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _counters(running: Opened) -> tuple[int, dict[str, int]]:
    cache = running.stores.cache.report()
    return running.store.head, {
        "neo4j_statements": running.store.statements_run,
        "cache_hits": cache.hits,
        "cache_misses": cache.misses,
        "cache_kept": cache.kept,
        "cache_folds": cache.folds,
        "cache_failures": cache.failures,
    }
