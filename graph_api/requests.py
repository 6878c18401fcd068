"""What comes in at the door: one GraphQL request, in the strict JSON of a POST or in the address of a GET, of bounded size."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from starlette.requests import Request

from graph_api.answers import GRAPHQL_JSON, JSON, Refusal, overloaded
from graph_api.limits import BadInput

BODY_BYTES_MAX = 2 * 1024 * 1024
ADDRESS_BYTES_MAX = 8 * 1024
"""What proxies commonly let through; whatever is longer is posted."""
VALUES_MAX = 50_000
"""In all of a request: a thousand orders of ten lines have fewer. To hold each against its type takes long."""
BODY_SECONDS = 30.0
"""Whoever takes longer to send a body holds it back."""
BODIES_BYTES_MAX, BODIES_OF_PAYER_BYTES_MAX = 64 * 1024 * 1024, 16 * 1024 * 1024
"""What a process holds of bodies that are still being sent, by everybody and by one caller."""
AGAIN_SECONDS = 1
METHODS = ("GET", "POST")
PARAMETERS_MAX = 8


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """`document_id`: of a trusted document, instead of a query; `values`: how many there are in the variables."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None
    document_id: str | None = None
    values: int = 0


def media_type_of(request: Request) -> str:
    """The media type to answer with; refuses what is neither a GET nor a POST of JSON."""
    if request.method not in METHODS:
        raise Refusal(405, "BAD_USER_INPUT", "POST a GraphQL request", headers={"Allow": ", ".join(METHODS)})
    if request.method == "POST":
        _check_body_type(request)
    accepted = [part.strip().partition(";")[0].lower() for part in request.headers.get("accept", "*/*").split(",")]
    if GRAPHQL_JSON in accepted and (JSON not in accepted or accepted.index(GRAPHQL_JSON) < accepted.index(JSON)):
        return GRAPHQL_JSON
    if not {JSON, "application/*", "*/*", ""} & set(accepted):
        raise Refusal(406, "BAD_USER_INPUT", f"accept {JSON} or {GRAPHQL_JSON}")
    return JSON


def _check_body_type(request: Request) -> None:
    """JSON and nothing else: a page of somebody else's can post forms and plain texts without being asked about it."""
    given, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if given.strip().lower() != JSON or charset not in ("", "utf-8", "utf8"):
        raise Refusal(415, "BAD_USER_INPUT", f"send Content-Type: {JSON}")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal(415, "BAD_USER_INPUT", "send the body without Content-Encoding")


@dataclass(slots=True)
class Bodies:
    """What a process holds of bodies that are still being sent, in bytes."""

    by_payer: Counter[str] = field(default_factory=Counter)

    async def read(self, request: Request, payer: str) -> bytes:
        """A body as it was sent; Refusal if it is too large or too slow, or if too much is being sent at once."""
        held = 0

        def hold(size: int) -> None:
            nonlocal held
            held += size
            self.by_payer[payer] += size
            if self.by_payer[payer] > BODIES_OF_PAYER_BYTES_MAX or self.by_payer.total() > BODIES_BYTES_MAX:
                raise overloaded("too much is being sent at once, try again", retry_after_seconds=AGAIN_SECONDS)

        try:
            return await body_of(request, bytes_max=BODY_BYTES_MAX, hold=hold)
        finally:
            self.by_payer[payer] -= held
            self.by_payer += Counter()  # drops those at 0


async def graphql_request_of(request: Request, bodies: Bodies, payer: str) -> GraphQLRequest:
    """What is asked, in the address of a GET, else in the body."""
    if request.method == "GET":
        return from_address(request.scope["query_string"])
    return from_body(await bodies.read(request, payer))


async def body_of(request: Request, *, bytes_max: int, hold: Callable[[int], None] = lambda size: None) -> bytes:
    """What was sent; Refusal if it is too large or too slow. `hold` hears of each part's bytes, and may refuse it."""
    too_large = Refusal(413, "BAD_USER_INPUT", f"a request is at most {bytes_max} bytes")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > bytes_max:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                hold(len(part))
                body += part
                if len(body) > bytes_max:
                    raise too_large
    except TimeoutError as error:
        slow = f"the request was not sent within {BODY_SECONDS:.0f} s"
        raise Refusal(408, "TIMEOUT", slow, headers={"Connection": "close"}) from error
    return bytes(body)


def from_address(query_string: bytes) -> GraphQLRequest:
    """The request in an address: texts as they are, variables and extensions as JSON."""
    if len(query_string) > ADDRESS_BYTES_MAX:
        raise Refusal(414, "BAD_USER_INPUT", f"an address holds at most {ADDRESS_BYTES_MAX} bytes: POST the request")
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
        given = _unique(
            [(name, from_json(text) if name in ("variables", "extensions") else text) for name, text in pairs]
        )
    except ValueError as error:
        raise Refusal(400, "BAD_USER_INPUT", f"the address holds no request: {str(error)[:120]}") from error
    return _checked(given)


def from_body(body: bytes) -> GraphQLRequest:
    """The request in the body of a POST."""
    try:
        given = from_json(body.decode("utf-8"))
    except ValueError as error:
        raise Refusal(400, "BAD_USER_INPUT", f"the body is not JSON: {str(error)[:120]}") from error
    if isinstance(given, list):
        raise Refusal(400, "BAD_USER_INPUT", "one operation a request: batches are not served")
    return _checked(given)


def _checked(given: object) -> GraphQLRequest:
    try:
        return graphql_request(given)
    except BadInput as error:
        raise Refusal(400, "BAD_USER_INPUT", str(error)) from error


def from_json(text: str) -> Any:
    """What a client has sent; ValueError if it is not strictly JSON, or has more commas than VALUES_MAX."""
    if text.count(",") > VALUES_MAX:
        raise ValueError(f"it holds more than {VALUES_MAX} values")
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
        "documentId": (str,),
        "variables": (dict, type(None)),
        "operationName": (str, type(None)),
        "extensions": (dict, type(None)),
    }
    if not isinstance(given, dict) or ("query" in given) == ("documentId" in given):
        raise BadInput("send an object with a query, or with a documentId in its place")
    for name, types in kinds.items():
        if name in given and not isinstance(given[name], types):
            raise BadInput(f"{name} has the wrong type")
    variables = given.get("variables") or {}
    return GraphQLRequest(
        given.get("query", ""), variables, given.get("operationName"), given.get("documentId"), count(variables)
    )


def count(given: object) -> int:
    """How many values there are in lists and objects, to any depth."""
    found, pending = 0, [given]
    while pending:
        node = pending.pop()
        if isinstance(node, dict | list):
            found += len(node)
            pending.extend(node.values() if isinstance(node, dict) else node)
    return found


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
