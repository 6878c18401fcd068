"""The door: GraphQL over HTTP, strict about what comes in and saying little when something breaks inside.

POST of application/json only; who is asking is settled before the body is read, and limits before validation.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from typing import Any, NoReturn

import structlog
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    execute,
    get_operation_ast,
    parse,
    validate,
)
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from cypher.gathering import Overloaded
from cypher.store import StoreTimeout, StoreUnavailable
from graph_api import limits, metrics
from graph_api.auth import Unauthenticated, viewer_of
from graph_api.context import Context, Stores, language_of
from graph_api.errors import DomainError, ManyErrors
from graph_api.limits import BadInput, TooCostly
from graph_api.schema.access import Forbidden
from graph_api.schema.executor import Executor
from graph_api.sessions import NotOurPage, Sessions, has_cookie
from graph_api.viewer import Role, Viewer

BODY_BYTES_MAX = 2 * 1024 * 1024
DOCUMENTS_KEPT = 256
DOCUMENT_LENGTH_MAX = 4096
"""Longer texts are rare, and a syntax tree takes a hundred times its text."""
ERRORS_MAX = 5
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

log = structlog.get_logger("promograph.door")


class Refusal(Exception):
    """An answer without execution: HTTP status, error code, message."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


class NotValid(Exception):
    """The document is not valid for the schema."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = list(errors)


NOT_UNDERSTOOD = (BadInput, TooCostly, Forbidden, GraphQLError, NotValid)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    query: str
    variables: dict[str, Any]
    operation_name: str | None


@dataclass(frozen=True, slots=True)
class Door:
    """An ASGI endpoint over one schema; `stores` and `secret` are asked for at each request."""

    schema: GraphQLSchema
    stores: Callable[[], Stores]
    secret: Callable[[], str]
    production: bool
    documents: Documents
    sessions: Sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = uuid.uuid4().hex
        started = time.perf_counter()
        operation = "none"
        try:
            media_type = _media_type(request)
            viewer = await viewer_of_request(self.sessions, self.stores(), self.secret(), request)
            asked = _graphql_request(await _body(request))
            status, payload, operation = await self._answer(asked, viewer, request, media_type, request_id)
            response = _response(status, payload, media_type)
        except Refusal as refusal:
            response = refused(refusal)
        except ClientDisconnect:
            return
        except Exception as error:
            log.error("request failed", request_id=request_id, exc_info=error)
            response = refused(Refusal(500, "INTERNAL", f"internal error, request {request_id}"))
        response.headers["X-Request-Id"] = request_id
        metrics.answered(operation, response.status_code, time.perf_counter() - started)
        await response(scope, receive, send)

    async def _answer(
        self, asked: GraphQLRequest, viewer: Viewer, request: Request, media_type: str, request_id: str
    ) -> tuple[int, dict[str, Any], str]:
        """HTTP status, response body and kind of operation."""
        invalid = 400 if media_type == GRAPHQL_JSON else 200
        try:
            document, operation = self.understood(asked, viewer)
            if operation.operation is OperationType.SUBSCRIPTION:
                raise BadInput("subscribe over a WebSocket, graphql-transport-ws at /graphql")
        except NOT_UNDERSTOOD as error:
            return invalid, {"errors": as_errors(error, request_id)}, "none"
        context = Context.of(self.stores(), viewer, language_of(request.headers.get("accept-language", "")))
        payload = await self.answer(document, context, asked, request_id)
        return invalid if "data" not in payload else 200, payload, operation.operation.value

    def understood(self, asked: GraphQLRequest, viewer: Viewer) -> tuple[DocumentNode, OperationDefinitionNode]:
        """The document and its operation, valid and within all limits; one of NOT_UNDERSTOOD says what is wrong."""
        try:
            document = self.documents.parsed(asked.query)
            operation = get_operation_ast(document, asked.operation_name)
            if operation is None:
                raise BadInput("operationName must name one operation of the query")
            if self.production and viewer.role in (Role.PROMOTER, Role.SERVICE):
                _refuse_introspection(document)
            limits.check_size(self.schema, document, operation, asked.variables)
        except RecursionError as error:
            raise TooCostly("the query nests too deep") from error
        errors = self.documents.errors(self.schema, asked.query, document, hide_suggestions=self.production)
        if errors:
            raise NotValid(errors)
        return document, operation

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
        payload = _payload(executed, request_id)
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


class Documents:
    """Parsed documents, the latest asked for; with what validation said, once it has."""

    def __init__(self, kept: int = DOCUMENTS_KEPT) -> None:
        self._kept = kept
        self._parsed: OrderedDict[str, DocumentNode] = OrderedDict()
        self._valid: set[str] = set()

    def parsed(self, query: str) -> DocumentNode:
        """The document of a text; its shape is within limits."""
        document = self._parsed.get(query)
        if document is not None:
            self._parsed.move_to_end(query)
            return document
        if len(query.encode()) > limits.QUERY_BYTES_MAX:
            raise BadInput(f"a query is at most {limits.QUERY_BYTES_MAX // 1024} KB; give values as variables")
        document = parse(query, max_tokens=limits.TOKENS_MAX)
        limits.check_shape(document)
        return document

    def errors(
        self, schema: GraphQLSchema, query: str, document: DocumentNode, *, hide_suggestions: bool
    ) -> list[GraphQLError]:
        """What is wrong with a document; a right one is kept."""
        if query in self._valid:
            return []
        errors = validate(schema, document, max_errors=ERRORS_MAX, hide_suggestions=hide_suggestions)
        if not errors and len(query) <= DOCUMENT_LENGTH_MAX:
            self._keep(query, document)
        return errors

    def _keep(self, query: str, document: DocumentNode) -> None:
        self._parsed[query] = document
        self._valid.add(query)
        if len(self._parsed) > self._kept:
            dropped, _ = self._parsed.popitem(last=False)
            self._valid.discard(dropped)


def _media_type(request: Request) -> str:
    """The media type to answer with; refuses what is not a POST of JSON."""
    if request.method != "POST":
        raise Refusal(405, "BAD_USER_INPUT", "POST a GraphQL request", headers={"Allow": "POST"})
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if given.strip().lower() != JSON or charset not in ("", "utf-8", "utf8"):
        raise Refusal(415, "BAD_USER_INPUT", f"send Content-Type: {JSON}")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "BAD_USER_INPUT", "send the body without Content-Encoding")
    accepted = [part.strip().partition(";")[0].lower() for part in request.headers.get("accept", "*/*").split(",")]
    if GRAPHQL_JSON in accepted and (JSON not in accepted or accepted.index(GRAPHQL_JSON) < accepted.index(JSON)):
        return GRAPHQL_JSON
    if not {JSON, "application/*", "*/*", ""} & set(accepted):
        raise Refusal(406, "BAD_USER_INPUT", f"accept {JSON} or {GRAPHQL_JSON}")
    return JSON


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


async def _body(request: Request) -> bytes:
    too_large = Refusal(413, "BAD_USER_INPUT", f"a request is at most {BODY_BYTES_MAX} bytes")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > BODY_BYTES_MAX:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise too_large
    return bytes(body)


def _graphql_request(body: bytes) -> GraphQLRequest:
    try:
        given = from_json(body.decode("utf-8"))
    except ValueError as error:
        raise Refusal(400, "BAD_USER_INPUT", f"the body is not JSON: {str(error)[:120]}") from error
    if isinstance(given, list):
        raise Refusal(400, "BAD_USER_INPUT", "one operation a request: batches are not served")
    try:
        return graphql_request(given)
    except BadInput as error:
        raise Refusal(400, "BAD_USER_INPUT", str(error)) from error


def from_json(text: str) -> Any:
    """What a client has sent; ValueError if it is not strictly JSON."""
    try:
        given = json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ValueError("it nests too deep") from error
    if "\\u" in text:
        json.dumps(given, ensure_ascii=False).encode()  # half a surrogate pair is no text
    return given


def graphql_request(given: object) -> GraphQLRequest:
    """A request out of its JSON; BadInput if it is none."""
    kinds: dict[str, tuple[type, ...]] = {
        "query": (str,),
        "variables": (dict, type(None)),
        "operationName": (str, type(None)),
        "extensions": (dict, type(None)),
    }
    if not isinstance(given, dict) or "query" not in given:
        raise BadInput("the body must be an object with a query")
    for name, types in kinds.items():
        if name in given and not isinstance(given[name], types):
            raise BadInput(f"{name} has the wrong type")
    return GraphQLRequest(given["query"], given.get("variables") or {}, given.get("operationName"))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object names a member twice")
    return found


def _refuse_introspection(document: DocumentNode) -> None:
    if limits.asks_for_introspection(document):
        raise Forbidden("introspection is for staff")


def _payload(result: ExecutionResult, request_id: str) -> dict[str, Any]:
    """The response; a request that never ran (bad variables) has no data member."""
    errors = [as_error(error, request_id) for error in result.errors or []]
    if result.data is None and errors and all("path" not in error for error in errors):
        return {"errors": errors}
    return {"data": result.data, "errors": errors} if errors else {"data": result.data}


def as_errors(error: Exception, request_id: str) -> list[dict[str, Any]]:
    """Why nothing was executed, for the response."""
    every = error.errors if isinstance(error, NotValid) else [error]
    return [as_error(each, request_id) for each in every]


def as_error(error: Exception, request_id: str) -> dict[str, Any]:
    """An error for the response: a code everybody may rely on, and no word about the inside."""
    cause: Exception = error
    shown: dict[str, Any] = {"message": str(error)}
    if isinstance(error, GraphQLError):
        shown = dict(error.formatted)
        shown.pop("extensions", None)
        cause = error.original_error if error.original_error is not None and error.path is not None else error
        if cause is not error and isinstance(cause, GraphQLError) and cause.nodes is None:
            cause = TypeError(cause.message)  # an answer that its own type refuses is nobody's input
    code, message = _code(cause)
    if code == "INTERNAL":
        log.error("field failed", request_id=request_id, path=shown.get("path"), exc_info=cause)
        return shown | {"message": "internal error", "extensions": {"code": code, "requestId": request_id}}
    extensions: dict[str, Any] = {"code": code}
    if isinstance(cause, Overloaded):
        extensions["retryAfterSeconds"] = cause.retry_after_seconds
    return shown | {"message": message, "extensions": extensions}


def _code(cause: Exception) -> tuple[str, str]:
    if isinstance(cause, Forbidden):
        return "FORBIDDEN", str(cause)
    if isinstance(cause, TooCostly):
        return "COST_EXCEEDED", str(cause)
    if isinstance(cause, DomainError):
        return "BAD_USER_INPUT", cause.message
    if isinstance(cause, GraphQLError):
        return "BAD_USER_INPUT", cause.message
    if isinstance(cause, BadInput | ManyErrors):
        return "BAD_USER_INPUT", str(cause)
    if isinstance(cause, StoreTimeout):
        return "TIMEOUT", "the answer took too long"
    if isinstance(cause, Overloaded):
        return "OVERLOADED", str(cause)
    if isinstance(cause, StoreUnavailable):
        return "UNAVAILABLE", "the store cannot be reached, try again"
    return "INTERNAL", "internal error"


def refused(refusal: Refusal) -> Response:
    """The answer to a request that is not carried out."""
    body = {"errors": [{"message": str(refusal), "extensions": {"code": refusal.code}}]}
    response = _response(refusal.status, body, JSON)
    response.headers.update(refusal.headers)
    return response


def _response(status: int, payload: Mapping[str, Any], media_type: str) -> Response:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), status, media_type=f"{media_type}; charset=utf-8")
