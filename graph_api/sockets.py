"""The door's other leaf: GraphQL over WebSockets, by the protocol graphql-transport-ws.

The protocol is Strawberry's; who comes in, what may be asked and what is said of errors is the door's. A browser sends
its cookies along to any socket, so one that comes in by its session comes from a page of ours and shows its CSRF token.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NoReturn, cast

import orjson
from graphql import ExecutionResult, OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.async_base_view import AsyncWebSocketAdapter
from strawberry.http.exceptions import NonJsonMessageReceived, NonTextMessageReceived, WebSocketDisconnected
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import ErrorMessage, SubscribeMessage
from strawberry.types.unset import UNSET, UnsetType

from cypher.store import StoreTimeout, StoreUnavailable
from graph_api import metrics
from graph_api.answers import as_error, as_errors
from graph_api.auth import Unauthenticated, viewer_until
from graph_api.context import Context, Language, language_of
from graph_api.door import Door, Understood, payer_of
from graph_api.limits import BadInput, TooCostly
from graph_api.requests import GraphQLRequest, count, from_json, graphql_request
from graph_api.sessions import CSRF_HEADER, NotOurPage, SignedIn, has_cookie
from graph_api.viewer import Viewer

MESSAGE_BYTES_MAX = 256 * 1024
"""A longer message ends its socket; the server holds to it while it reads."""
SOCKETS_MAX = WAITING_MAX = 1_000
"""Those that were let in, and apart from them those that have shown no token yet: nobody outside takes anybody's place."""
SOCKETS_OF_PROMOTER_MAX, SOCKETS_OF_OTHER_MAX = 20, 200
"""Others: a service's token, or a member of staff, in all its tabs."""
OPERATIONS_OF_SOCKET_MAX = 20
OPERATIONS_OF_PROMOTER_MAX, OPERATIONS_OF_OTHER_MAX = 40, 1_000
OPERATIONS_MAX = 5_000
ID_LENGTH_MAX = REASON_LENGTH_MAX = 120
INIT_SECONDS = 3.0
SEND_SECONDS = 30.0
"""Who takes no message for so long is gone, or as good as gone."""
AWAY_SECONDS = 1.0
SESSION_SECONDS = 10.0
"""How long a session that was ended may go on hearing."""

FORBIDDEN, SUBPROTOCOL_NOT_ACCEPTABLE, TRY_AGAIN_LATER = 4403, 4406, 1013
"""Close codes. Clients of the protocol come back by themselves after 4403, with a fresh token, and 1013, but not after 4400."""


@dataclass(slots=True)
class Sockets:
    """An ASGI endpoint beside a door; it knows how many are open in this process, `waiting` for a token or let in."""

    door: Door
    init_seconds: float = INIT_SECONDS
    send_seconds: float = SEND_SECONDS
    session_seconds: float = SESSION_SECONDS
    waiting: int = 0
    open: int = 0
    operations: int = 0
    by_payer: Counter[str] = field(default_factory=Counter)
    operations_by_payer: Counter[str] = field(default_factory=Counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        if GRAPHQL_TRANSPORT_WS_PROTOCOL not in scope.get("subprotocols", ()):
            await websocket.accept()
            await websocket.close(SUBPROTOCOL_NOT_ACCEPTABLE, "Subprotocol not acceptable")
            return
        await websocket.accept(GRAPHQL_TRANSPORT_WS_PROTOCOL)
        if self.waiting >= WAITING_MAX:
            await websocket.close(TRY_AGAIN_LATER, "Too many sockets")
            return
        self.waiting += 1
        metrics.SOCKETS.inc()
        handler = None
        try:
            async with asyncio.timeout(None) as patience:
                handler = _Handler(self, websocket, patience)
                await handler.handle()
        except (WebSocketDisconnected, TimeoutError):
            pass
        finally:
            if handler is not None and handler.is_let_in:
                self.open -= 1
            else:
                self.waiting -= 1
            metrics.SOCKETS.dec()


class _Wire(AsyncWebSocketAdapter):
    """Strict JSON in, compact JSON out; `patience` ends with whoever takes no message for too long."""

    def __init__(self, websocket: WebSocket, patience: asyncio.Timeout, send_seconds: float) -> None:
        super().__init__(cast("Any", None))
        self._websocket = websocket
        self._patience = patience
        self._send_seconds = send_seconds

    async def iter_json(self, *, ignore_parsing_errors: bool = False) -> AsyncGenerator[object, None]:
        while True:
            yield await self._received()

    async def _received(self) -> object:
        try:
            return from_json(await self._websocket.receive_text())
        except (WebSocketDisconnect, RuntimeError) as error:
            raise WebSocketDisconnected from error
        except KeyError as error:
            raise NonTextMessageReceived from error
        except ValueError as error:
            raise NonJsonMessageReceived from error

    async def send_json(self, message: Mapping[str, object]) -> None:
        await self._in_time(self._websocket.send_text(orjson.dumps(message).decode()))

    async def close(self, code: int, reason: str) -> None:
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnected):
                await self._in_time(self._websocket.close(code, reason[:REASON_LENGTH_MAX]))

    async def _in_time(self, sending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._send_seconds):
                await sending
        except TimeoutError as error:
            with suppress(RuntimeError):  # it is over already
                self._patience.reschedule(asyncio.get_running_loop().time())
            raise WebSocketDisconnected from error
        except (WebSocketDisconnect, RuntimeError) as error:  # RuntimeError: it was closed meanwhile
            raise WebSocketDisconnected from error


class _Id(str):
    """A documentId, in the place of the query that the protocol's handler hands on."""


class _Handler(BaseGraphQLTransportWSHandler[Any, None]):
    """One socket. It stands for Strawberry's view too, of which the protocol wants nothing but `on_ws_connect`."""

    def __init__(self, sockets: Sockets, websocket: WebSocket, patience: asyncio.Timeout) -> None:
        super().__init__(
            view=cast("Any", self),
            websocket=_Wire(websocket, patience, sockets.send_seconds),
            context={},
            root_value=None,
            schema=cast("Any", None),
            connection_init_wait_timeout=timedelta(seconds=sockets.init_seconds),
        )
        self._sockets = sockets
        self._door = sockets.door
        self._headers = websocket.headers
        self._session: SignedIn | None = None
        self._language: Language = language_of(websocket.headers.get("accept-language", ""))
        self._viewer: Viewer | None = None
        self._payer = ""
        self._expiry: asyncio.Task[None] | None = None

    async def on_ws_connect(self, context: Mapping[str, Any]) -> UnsetType:
        """Let in whoever has a good token, in the payload or in the header of the upgrade, until it expires."""
        given = {name.lower(): value for name, value in context["connection_params"].items()}
        authorization = given.get("authorization", self._headers.get("authorization"))
        try:
            viewer, left_seconds = await self._shown(authorization, given.get(CSRF_HEADER.lower()))
        except (Unauthenticated, NotOurPage) as error:
            raise ConnectionRejectionError from error
        payer = payer_of(viewer, authorization)
        if self._sockets.open >= SOCKETS_MAX:
            await self._turn_away("Too many sockets")
        if self._sockets.by_payer[payer] >= (
            SOCKETS_OF_OTHER_MAX if viewer.promoter_code is None else SOCKETS_OF_PROMOTER_MAX
        ):
            await self._turn_away("Too many sockets of one caller")
        self._sockets.by_payer[payer] += 1
        self._sockets.waiting -= 1
        self._sockets.open += 1
        self._viewer, self._payer = viewer, payer
        self._expiry = asyncio.create_task(self._expire(left_seconds))
        return cast("UnsetType", UNSET)  # no payload of the acknowledgement

    async def _shown(self, authorization: object, csrf: object) -> tuple[Viewer, float]:
        """Who it is by what was shown, and for how many seconds at most: a token, else a session of the browser."""
        if authorization is None and has_cookie(self._headers):
            door = self._door
            found = await door.sessions.of_socket(
                door.stores().store, door.secret(), self._headers, csrf=csrf, now=time.time_ns() // 1000
            )
            self._session = found
            return found.viewer, found.left_seconds
        return viewer_until(self._door.secret(), authorization if isinstance(authorization, str) else None)

    @property
    def is_let_in(self) -> bool:
        return self._viewer is not None

    async def _turn_away(self, reason: str) -> NoReturn:
        await self.websocket.close(TRY_AGAIN_LATER, reason)
        raise WebSocketDisconnected

    async def _expire(self, left_seconds: float) -> None:
        if self._session is None:
            await asyncio.sleep(left_seconds)
            await self.websocket.close(FORBIDDEN, "The token has expired")
            return
        ends_at = time.monotonic() + left_seconds
        with suppress(Exception):  # whatever else went wrong, nobody hears more without being looked at
            # It ends in the store, which tells nobody.
            while time.monotonic() < ends_at and await self._session_stands():  # noqa: ASYNC110
                await asyncio.sleep(self._sockets.session_seconds)
        await self._end()

    async def _end(self) -> None:
        await self.websocket.close(FORBIDDEN, "The session is over")

    async def _session_stands(self) -> bool:
        """Whether the session is one still. A socket is no sign that anybody is there: it does not keep one alive."""
        assert self._session is not None
        door, now = self._door, time.time_ns() // 1000
        try:
            return (
                await door.sessions.signed_in(door.stores().store, door.secret(), self._session.token, now=now)
                is not None
            )
        except (StoreUnavailable, StoreTimeout):
            return True  # nothing can be told meanwhile either

    async def shutdown(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        try:
            await super().shutdown()
        finally:
            if self.is_let_in:
                self._sockets.by_payer[self._payer] -= 1
                self._sockets.by_payer += Counter()  # drops those at 0

    async def handle_message(self, message: Any) -> None:
        fault = _fault(message)
        if fault is not None:
            await self.handle_invalid_message(fault)
            return
        if message.get("type") == "subscribe":
            payload: dict[str, Any] = message["payload"]
            if "documentId" in payload:
                message = message | {"payload": payload | {"query": _Id(payload["documentId"])}}
        await super().handle_message(message)

    async def handle_subscribe(self, message: SubscribeMessage) -> None:
        if self._viewer is not None and message["id"] not in self.operations:
            full = None
            most = OPERATIONS_OF_OTHER_MAX if self._viewer.promoter_code is None else OPERATIONS_OF_PROMOTER_MAX
            if len(self.operations) >= OPERATIONS_OF_SOCKET_MAX:
                full = TooCostly(f"a socket runs at most {OPERATIONS_OF_SOCKET_MAX} operations at once")
            elif self._sockets.operations_by_payer[self._payer] >= most:
                full = TooCostly(f"you may run at most {most} operations at once over all sockets")
            elif self._sockets.operations >= OPERATIONS_MAX:
                full = TooCostly("too many operations are running, try again later")
            if full is not None:
                payload = cast("Any", as_errors(full, ""))
                await self.send_message(ErrorMessage(id=message["id"], type="error", payload=payload))
                return
        await super().handle_subscribe(message)

    async def run_operation(self, operation: Operation[Any, None]) -> None:
        """Queries and mutations as over HTTP, subscriptions event by event."""
        request_id = uuid.uuid4().hex
        self._sockets.operations += 1
        self._sockets.operations_by_payer[self._payer] += 1
        metrics.OPERATIONS.inc()
        try:
            await self._run(operation, request_id)
        except WebSocketDisconnected:
            pass
        except Exception as error:
            with suppress(WebSocketDisconnected):
                await _refuse(operation, as_errors(error, request_id))
        finally:
            self._sockets.operations -= 1
            self._sockets.operations_by_payer[self._payer] -= 1
            self._sockets.operations_by_payer += Counter()  # drops those at 0
            metrics.OPERATIONS.dec()

    async def _run(self, operation: Operation[Any, None], request_id: str) -> None:
        assert self._viewer is not None, "nothing runs before the socket is let in"
        id = str(operation.query) if isinstance(operation.query, _Id) else None
        variables = operation.variables or {}
        asked = GraphQLRequest(operation.query, variables, operation.operation_name, id, count(variables))
        understood = await self._door.understood(asked, self._viewer, self._payer)
        definition = understood.operation
        context = Context(self._door.stores(), self._viewer, self._language)
        if definition.operation is OperationType.SUBSCRIPTION:
            events = await self._door.events(understood.document, context, asked)
            if isinstance(events, ExecutionResult):
                await _refuse(operation, [as_error(error, request_id) for error in events.errors or ()])
                return
            async with aclosing(events):
                async for event in events:
                    await _tell(operation, await self._told(understood, context, asked, request_id, event))
        else:
            if self._session is not None and not await self._session_stands():
                await self._end()
                return
            began = time.perf_counter()
            payload = await self._door.carried_out(understood, context, asked, request_id)
            metrics.answered(definition.operation.value, 200, time.perf_counter() - began)
            if "data" not in payload:
                await _refuse(operation, payload["errors"])
                return
            await _tell(operation, payload | {"extensions": understood.extensions})
        await operation.send_operation_message({"id": operation.id, "type": "complete"})

    async def _told(
        self, understood: Understood, context: Context, asked: GraphQLRequest, request_id: str, event: object
    ) -> dict[str, Any]:
        """The response to an event, once the store is there."""
        while True:
            began = time.perf_counter()
            payload = await self._door.answer(understood.document, context.anew(), asked, request_id, event)
            metrics.told(understood.name, time.perf_counter() - began)
            if all(error["extensions"]["code"] != "UNAVAILABLE" for error in payload.get("errors", ())):
                return payload
            await asyncio.sleep(AWAY_SECONDS)


async def _tell(operation: Operation[Any, None], payload: dict[str, Any]) -> None:
    await operation.send_operation_message({"id": operation.id, "type": "next", "payload": cast("Any", payload)})


async def _refuse(operation: Operation[Any, None], errors: list[dict[str, Any]]) -> None:
    """The end of an operation that could not run, or can no more."""
    await operation.send_operation_message({"id": operation.id, "type": "error", "payload": cast("Any", errors)})


def _fault(message: object) -> str | None:
    """What keeps a message from being one of the protocol."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "a message is an object with a type"
    if message["type"] not in ("subscribe", "complete"):
        return None
    id = message.get("id")
    if not isinstance(id, str) or not 1 <= len(id) <= ID_LENGTH_MAX:
        return f"an id is a text of 1-{ID_LENGTH_MAX} characters"
    if message["type"] == "complete":
        return None
    try:
        graphql_request(message.get("payload"))
    except BadInput as error:
        return str(error)
    return None
