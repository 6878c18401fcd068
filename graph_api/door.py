"""The door: GraphQL over HTTP, strict about what comes in and saying little when something breaks inside.

A POST of application/json, or a GET of a query; who is asking is settled before the body is read, and limits before
validation.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from inspect import isawaitable
from typing import Any

import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    execute,
)
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from cypher.store import StoreTimeout, StoreUnavailable
from graph_api import limits, metrics, texts, tracing
from graph_api.answers import (
    GRAPHQL_JSON,
    NOT_UNDERSTOOD,
    NotValid,
    Refusal,
    as_error,
    as_errors,
    as_response,
    refused,
    response_body,
)
from graph_api.auth import Unauthenticated, viewer_of
from graph_api.batched.reach import total
from graph_api.cache import BudgetSpent
from graph_api.context import Context, Stores, language_of
from graph_api.documents import ERRORS_MAX, Documents
from graph_api.limits import BadInput, TooCostly
from graph_api.requests import Bodies, GraphQLRequest, graphql_request_of, media_type_of
from graph_api.schema.access import Forbidden
from graph_api.schema.executor import Executor
from graph_api.sessions import NotOurPage, Sessions, has_cookie
from graph_api.viewer import Role, Viewer

log = structlog.get_logger("promograph.door")


@dataclass(frozen=True, slots=True)
class Understood:
    """A request that may run. `name`: under which it is counted; `asked`: what it may take, in values; `remaining`:
    what its caller may still ask for; `repeated`: the document was asked for before."""

    document: DocumentNode
    operation: OperationDefinitionNode
    name: str
    asked: int
    remaining: int | None
    repeated: bool

    @property
    def extensions(self) -> dict[str, Any]:
        """What the answer says beside the data."""
        budget = {} if self.remaining is None else {"remaining": self.remaining}
        return {"cost": {"asked": self.asked, **budget}}


@dataclass(frozen=True, slots=True)
class Door:
    """An ASGI endpoint over one schema; `stores` and `secret` are asked for at each request.

    `trusted_only`: promoters may send nothing but trusted documents.
    `budgets`: values that a caller of a role may ask for in a minute; a role without one may ask for any number.
    """

    schema: GraphQLSchema
    stores: Callable[[], Stores]
    secret: Callable[[], str]
    production: bool
    documents: Documents
    sessions: Sessions
    budgets: Mapping[Role, int]
    trusted_only: bool
    tracing: Callable[[], tracing.Tracing | None]
    names: metrics.Names = field(default_factory=metrics.Names)
    bodies: Bodies = field(default_factory=Bodies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = uuid.uuid4().hex
        started = time.perf_counter()
        operation = "none"
        try:
            media_type = media_type_of(request)
            viewer = await viewer_of_request(self.sessions, self.stores(), self.secret(), request)
            payer = payer_of(viewer, request.headers.get("authorization"))
            asked = await graphql_request_of(request, self.bodies, payer)
            status, payload, operation = await self._answer(asked, viewer, payer, request, media_type, request_id)
            response = as_response(status, payload, media_type)
            if status == 429:
                response.headers["Retry-After"] = str(payload["errors"][0]["extensions"]["retryAfterSeconds"])
        except Refusal as refusal:
            response = refused(refusal)
        except ClientDisconnect:
            return
        except Exception as error:
            log.error("request failed", request_id=request_id, exc_info=error)
            response = refused(Refusal(500, "INTERNAL", "internal error", requestId=request_id))
        response.headers.update({"X-Request-Id": request_id, "Cache-Control": "no-store"})
        metrics.answered(operation, response.status_code, time.perf_counter() - started)
        await response(scope, receive, send)

    async def _answer(
        self, asked: GraphQLRequest, viewer: Viewer, payer: str, request: Request, media_type: str, request_id: str
    ) -> tuple[int, dict[str, Any], str]:
        """HTTP status, response body and kind of operation."""
        invalid = 400 if media_type == GRAPHQL_JSON else 200
        over_get = request.method == "GET"
        try:
            if over_get and self._is_outside(viewer) and not self._is_trusted(asked, viewer):
                raise Forbidden("POST the text of a query, or GET a trusted document by its documentId")
            understood = await self.understood(asked, viewer, payer)
            if understood.operation.operation is OperationType.SUBSCRIPTION:
                raise BadInput("subscribe over a WebSocket, graphql-transport-ws at /graphql")
            if over_get and understood.operation.operation is not OperationType.QUERY:
                raise Refusal(405, "BAD_USER_INPUT", "POST a mutation", headers={"Allow": "POST"})
        except BudgetSpent as error:
            return 429, {"errors": as_errors(error, request_id)}, "none"
        except NOT_UNDERSTOOD as error:
            return invalid, {"errors": as_errors(error, request_id)}, "none"
        language = language_of(request.headers.get("accept-language", ""))
        context = Context(self.stores(), viewer, language, repeated=understood.repeated)
        payload = await self.carried_out(understood, context, asked, request_id)
        status = invalid if "data" not in payload else 200
        return status, payload | {"extensions": understood.extensions}, understood.operation.operation.value

    async def understood(self, asked: GraphQLRequest, viewer: Viewer, payer: str) -> Understood:
        """The request, valid, paid for and within all limits; one of NOT_UNDERSTOOD says what is wrong."""
        is_staff = _is_staff(viewer)
        try:
            id = asked.document_id
            text = self.documents.text_of(id, is_staff=is_staff) if id is not None else asked.query
            is_trusted = self.documents.trusts(text, is_staff=is_staff)
            if self.trusted_only and viewer.role is Role.PROMOTER and not is_trusted:
                raise Forbidden("promoters may only send documents that are known here, see documentId")
            is_known = self.documents.knows(text)
            if reading := texts.price(text, is_known=is_known, variables=asked.values):
                await self._paid(viewer, payer, reading)
            document = self.documents.of(text)
            operation = document.operation(asked.operation_name)
            if self._is_outside(viewer):
                _refuse_introspection(document.tree)
            estimate = document.estimate(self.schema, operation, asked.variables)
        except RecursionError as error:
            raise TooCostly("the query nests too deep") from error
        cost = self._price(estimate, viewer)
        # Paid before it is validated: what is wrong costs us work too.
        remaining = await self._paid(viewer, payer, cost)
        errors = self.documents.errors(self.schema, document, hide_suggestions=self.production)
        if errors:
            raise NotValid(errors)
        own_name = operation.name.value if operation.name is not None else None
        name = self.names.of(own_name, trusted=is_trusted, staff=viewer.role is not Role.PROMOTER)
        return Understood(document.tree, operation, name, cost, remaining, is_known)

    def _is_outside(self, viewer: Viewer) -> bool:
        """Whether the viewer's clients stand on the open internet, and get nothing that helps to find a way in."""
        return self.production and not _is_staff(viewer)

    def _is_trusted(self, asked: GraphQLRequest, viewer: Viewer) -> bool:
        return asked.document_id is not None or self.documents.trusts(asked.query, is_staff=_is_staff(viewer))

    def _price(self, estimate: limits.Estimate, viewer: Viewer) -> int:
        """In values; TooCostly above the limit of a request."""
        reach, code = self.stores().reach, viewer.promoter_code
        walks = sum(reach.cost(code, depth) * times for depth, times in estimate.own.items())
        walks += sum(reach.cost(None, depth) * times for depth, times in estimate.others.items())
        cost = total(estimate.size.cost, walks)
        limits.check(limits.Size(estimate.size.depth, cost))
        return cost

    async def _paid(self, viewer: Viewer, payer: str, cost: int) -> int | None:
        """What the caller may still ask for; None without a budget, BudgetSpent if it is spent."""
        size = self.budgets.get(viewer.role)
        return await self.stores().budgets.take(payer, size, cost) if size else None

    async def carried_out(
        self, understood: Understood, context: Context, asked: GraphQLRequest, request_id: str
    ) -> dict[str, Any]:
        """The response to a query or mutation, timed and traced by its name."""
        began = time.perf_counter()
        kind, role = understood.operation.operation.value, context.viewer.role
        with tracing.operation(self.tracing(), kind=kind, name=understood.name, request_id=request_id, role=role):
            payload = await self.answer(understood.document, context, asked, request_id)
        metrics.carried_out(understood.name, time.perf_counter() - began)
        return payload

    async def answer(
        self, document: DocumentNode, context: Context, asked: GraphQLRequest, request_id: str, event: object = None
    ) -> dict[str, Any]:
        """The response; of a subscription, the one to an event."""
        result = execute(
            self.schema,
            document,
            root_value=event,
            context_value=context,
            variable_values=asked.variables,
            operation_name=asked.operation_name,
            executor_class=Executor,
            max_coercion_errors=ERRORS_MAX,
            hide_suggestions=self.production,
        )
        executed = result if isinstance(result, ExecutionResult) else await result
        try:
            # Before the answer leaves: what cannot be recorded is not shown.
            await context.record_looks()
        except (StoreTimeout, StoreUnavailable) as error:
            return {"data": None, "errors": [as_error(error, request_id)]}
        if not executed.errors:
            context.keep_answers(executed.data)
        payload = response_body(executed, request_id)
        metrics.errors(payload)
        return payload

    async def events(
        self, document: DocumentNode, context: Context, asked: GraphQLRequest
    ) -> AsyncGenerator[object, None] | ExecutionResult:
        """What a subscription is about to tell, or the errors that keep it from beginning."""
        executor = Executor.build(
            self.schema,
            document,
            context_value=context,
            raw_variable_values=asked.variables,
            operation_name=asked.operation_name,
            max_coercion_errors=ERRORS_MAX,
            hide_suggestions=self.production,
        )
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        stream: Any = create_source_event_stream(executor)
        events: AsyncGenerator[object, None] | ExecutionResult = await stream if isawaitable(stream) else stream
        return events


async def viewer_of_request(sessions: Sessions, stores: Stores, secret: str, request: Request) -> Viewer:
    """Who asks, by a token or by a session of the browser; Refusal without either."""
    if "authorization" not in request.headers and has_cookie(request.headers):
        try:
            found = await sessions.of_request(stores.store, secret, request.headers, now=time.time_ns() // 1000)
        except Unauthenticated as error:
            raise Refusal(401, "UNAUTHENTICATED", str(error), headers={"WWW-Authenticate": "Bearer"}) from error
        except NotOurPage as error:
            raise Refusal(403, "FORBIDDEN", str(error)) from error
        except StoreUnavailable as error:
            raise Refusal(503, "UNAVAILABLE", "the store cannot be reached, try again") from error
        except StoreTimeout as error:
            raise Refusal(504, "TIMEOUT", "the answer took too long") from error
        return found.viewer
    try:
        return viewer_of(secret, request.headers.get("authorization"))
    except Unauthenticated as error:
        challenge = 'Bearer error="invalid_token"' if "authorization" in request.headers else "Bearer"
        raise Refusal(401, "UNAUTHENTICATED", str(error), headers={"WWW-Authenticate": challenge}) from error


def payer_of(viewer: Viewer, authorization: object) -> str:
    """Whose budget pays: a promoter's, whatever tokens it has; of others each token, and each person without one.

    A token is told by what of it is signed: the rest may be spelled in several ways, each of which would be another.
    """
    if viewer.promoter_code is not None or not isinstance(authorization, str):
        return viewer.actor
    signed = authorization.partition(" ")[2].strip().rpartition(".")[0]
    return f"{viewer.actor}:{sha256(signed.encode()).hexdigest()[:16]}"


def _is_staff(viewer: Viewer) -> bool:
    """Whether a person of the house asks. A service is somebody else's server: it writes its own texts, and no more."""
    return viewer.role not in (Role.PROMOTER, Role.SERVICE)


def _refuse_introspection(document: DocumentNode) -> None:
    if limits.asks_for_introspection(document):
        raise Forbidden("introspection is for staff")
