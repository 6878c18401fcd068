"""What goes out of the door: answers, refusals, and errors by a code, saying little when something breaks inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from graphql import ExecutionResult, GraphQLError
from starlette.responses import Response

from cypher.store import Overloaded, StoreTimeout, StoreUnavailable
from graph_api.cache import BudgetSpent
from graph_api.documents import UnknownDocument
from graph_api.errors import DomainError, ManyErrors
from graph_api.limits import BadInput, TooCostly
from graph_api.schema.access import Forbidden

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

log = structlog.get_logger("promograph.door")


class Refusal(Exception):
    """An answer without execution: HTTP status, error code, message; `facts` stand beside the code."""

    def __init__(
        self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None, **facts: str | int
    ) -> None:
        super().__init__(message)
        self.facts = facts
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


def overloaded(message: str, *, retry_after_seconds: int) -> Refusal:
    """Too much of a kind is under way in this process, or of this caller; nothing was done."""
    headers = {"Retry-After": str(retry_after_seconds)}
    return Refusal(503, "OVERLOADED", message, headers=headers, retryAfterSeconds=retry_after_seconds)


class NotValid(Exception):
    """The document is not valid for the schema."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = list(errors)


NOT_UNDERSTOOD = (BadInput, BudgetSpent, TooCostly, Forbidden, GraphQLError, NotValid, UnknownDocument)


def response_body(result: ExecutionResult, request_id: str) -> dict[str, Any]:
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
    if not isinstance(error, GraphQLError):
        shown: dict[str, Any] = {"message": str(error)}
    else:  # as a text it would quote its source at each place
        shown = dict(error.formatted)
        shown.pop("extensions", None)
        cause = error.original_error if error.original_error is not None and error.path is not None else error
        if cause is not error and isinstance(cause, GraphQLError) and cause.nodes is None:
            cause = TypeError(cause.message)  # an answer that its own type refuses is nobody's input
    if isinstance(cause, BudgetSpent):
        facts = {"asked": cause.asked, "remaining": cause.remaining}
        waits = {"retryAfterSeconds": cause.retry_after_seconds, "cost": facts}
        return shown | {"extensions": {"code": "COST_EXCEEDED", **waits}}
    if isinstance(cause, UnknownDocument):
        return shown | {"extensions": {"code": "UNKNOWN_DOCUMENT", "documentId": cause.document_id[:128]}}
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
    body = {"errors": [{"message": str(refusal), "extensions": {"code": refusal.code, **refusal.facts}}]}
    response = as_response(refusal.status, body, JSON)
    response.headers.update(refusal.headers)
    return response


def as_response(status: int, payload: Mapping[str, Any], media_type: str) -> Response:
    return Response(orjson.dumps(payload), status, media_type=f"{media_type}; charset=utf-8")
