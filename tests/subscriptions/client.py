"""The service behind a real server, and a client of graphql-transport-ws."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from graph_api import auth
from graph_api.app import create_app
from graph_api.batched.feed import Feed
from graph_api.listening import listen
from graph_api.servers import Servers
from graph_api.serving import PROTOCOLS
from graph_api.settings import Settings
from graph_api.sockets import Sockets
from graph_api.viewer import Role
from tests.conftest import SECRET

Json = dict[str, Any]
PROTOCOL = "graphql-transport-ws"
PATIENCE_SECONDS = 15.0
TEAM = "subscription($code: String!) { teamChanged(code: $code) { size volumeFen orders validDirectCount } }"
FINDING = (
    "subscription($score: Int! = 60) { findingRaised(minScore: $score) { id detector score status members { code } } }"
)


class Closed(Exception):
    """The server has closed the socket."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Socket:
    """One connection; messages in the order in which they come."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: object) -> None:
        await self.connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def next(self, *, seconds: float = PATIENCE_SECONDS) -> Json:
        """The next message; Closed if there is none any more, TimeoutError if none comes."""
        try:
            async with asyncio.timeout(seconds):
                message: Json = json.loads(await self.connection.recv())
        except ConnectionClosed as error:
            raise Closed(error.rcvd.code if error.rcvd else 1006, error.rcvd.reason if error.rcvd else "") from error
        return message

    async def init(self, token: str | None = None) -> Json:
        await self.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"} if token else {}})
        return await self.next()

    async def subscribe(self, query: str, *, id: str = "1", **variables: Any) -> None:
        await self.send({"type": "subscribe", "id": id, "payload": {"query": query, "variables": variables}})

    async def data(self, id: str = "1") -> Json:
        """The data of the next message, which must be of this operation and without errors."""
        message = await self.next()
        assert (message["type"], message.get("id")) == ("next", id), message
        assert "errors" not in message["payload"], message
        data: Json = message["payload"]["data"]
        return data

    async def team(self, id: str = "1") -> Json:
        team: Json = (await self.data(id))["teamChanged"]
        return team

    async def closed(self) -> int:
        """The code with which the server closes, whatever it says before."""
        try:
            while True:
                await self.next()
        except Closed as closed:
            return closed.code

    async def silent(self, *, seconds: float = 1.0) -> bool:
        """Whether nothing comes for a while."""
        try:
            await self.next(seconds=seconds)
        except TimeoutError:
            return True
        return False


@dataclass
class Served:
    """An instance behind a server of its own."""

    app: FastAPI
    server: uvicorn.Server
    url: str

    @property
    def sockets(self) -> Sockets:
        found: Sockets = next(
            route.app for route in self.app.router.routes if getattr(route, "name", "") == "subscriptions"
        )  # type: ignore[attr-defined]
        return found

    @property
    def feed(self) -> Feed:
        feed: Feed = self.app.state.opened.stores.feed
        return feed

    @asynccontextmanager
    async def open(self, *, headers: Mapping[str, str] | None = None, **options: Any) -> AsyncIterator[Socket]:
        """A socket that is not let in yet."""
        options = {"subprotocols": [PROTOCOL], "proxy": None, **options}
        async with connect(self.url, additional_headers=headers, **options) as connection:
            yield Socket(connection)

    @asynccontextmanager
    async def socket(
        self, role: Role = Role.ADMIN, promoter: str | None = None, **options: Any
    ) -> AsyncIterator[Socket]:
        """A socket that is let in."""
        async with self.open(**options) as socket:
            assert (await socket.init(token(role, promoter)))["type"] == "connection_ack"
            yield socket

    async def watched(self, count: int = 1) -> None:
        """Until so many wait for findings."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.feed._findings) != count:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.01)


def token(role: Role = Role.ADMIN, promoter: str | None = None, *, ttl_seconds: int = 600) -> str:
    return auth.issue(SECRET, role, promoter_code=promoter, ttl_seconds=ttl_seconds)


@asynccontextmanager
async def served(settings: Settings, servers: Servers) -> AsyncIterator[Served]:
    given = settings.model_copy(update={"secret_key": SecretStr(SECRET)})
    app = create_app(given, servers=servers)
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="on", timeout_graceful_shutdown=5, **PROTOCOLS
    )
    server, (bound, address) = uvicorn.Server(config), listen("127.0.0.1", 0)
    # Else the kernel takes megabytes for a client that does not read.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not server.started:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.01)
        yield Served(app, server, f"ws{address.url.removeprefix('http')}/graphql")
    finally:
        server.should_exit = True
        await serving
        bound.close()
