"""Files for finance over HTTP: payouts, commission entries, a promoter's statement, a year's tax, as CSV or XLSX.

`GET /exports/NAME.csv` or `.xlsx` with a token, or with a session and its CSRF token. CSV streams page by page; XLSX is finished first and sent then. Beside
them, for the risk team, `GET /exports/evidence.jsonl?promoter=CODE`: a tree as a pack of evidence. What is
wrong is told before a file begins, as JSON with the codes of the GraphQL door; a file that breaks off later has no end.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, NamedTuple, TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from cypher.store import StoreTimeout, StoreUnavailable
from graph_api import evidence, metrics, tables
from graph_api.answers import Refusal, overloaded, refused
from graph_api.batched import listings
from graph_api.batched.listings import Listing, Rows, Wanted
from graph_api.context import Stores, record_looks
from graph_api.door import payer_of, viewer_of_request
from graph_api.errors import DomainError, NotFound
from graph_api.pii import Pii, masked_name
from graph_api.rules import calendar
from graph_api.rules.calendar import DAY_US, YEAR_MAX, day_start
from graph_api.rules.codes import code_error
from graph_api.rules.commission import CommissionKind
from graph_api.rules.payout import PayoutStatus
from graph_api.schema.access import EXPORTS, Forbidden, check_evidence, check_export
from graph_api.schema.enums import CommissionState
from graph_api.sessions import Sessions
from graph_api.viewer import Role, Viewer

T = TypeVar("T")
PARAMETERS: Mapping[str, frozenset[str]] = {
    "payouts": frozenset({"month", "from", "to", "status", "promoter", "names"}),
    "commissions": frozenset({"month", "from", "to", "status", "kind", "promoter", "names"}),
    "statement": frozenset({"month", "promoter", "names"}),
    "tax": frozenset({"year", "names"}),
}
FILES_AT_ONCE = 16
"""Files that a process makes at a time for staff, and as many for promoters: nobody outside takes anybody's place."""
FILES_OF_PAYER_MAX = 2
FILES_AGAIN_SECONDS = 5
BOOKS_AT_ONCE = 2
"""XLSX files that a process puts together at a time; others that have a place wait."""
PACKS_AT_ONCE = 1
"""Packs of evidence that a process makes at a time; who asks meanwhile is told to come again, as one may take minutes."""
PACKS_AGAIN_SECONDS = 60
SEND_SECONDS = 30.0
"""Who takes nothing of a file for so long is gone, or as good as gone, and its place is another's."""

log = structlog.get_logger("promograph.exports")


class File(NamedTuple):
    """`body`: begun, so whatever is wrong from now on breaks it off."""

    name: str
    media_type: str
    body: AsyncIterator[bytes]


@dataclass(slots=True)
class Places:
    """For files that are made in this process at one time: who has how many of them."""

    most: int
    of_payer_max: int
    again_seconds: int
    by_payer: Counter[str] = field(default_factory=Counter)

    def take(self, payer: str) -> None:
        """Refusal if there is none left, or none for this caller."""
        if self.by_payer[payer] >= self.of_payer_max or self.by_payer.total() >= self.most:
            raise overloaded("too many files are being made, try again later", retry_after_seconds=self.again_seconds)
        self.by_payer[payer] += 1

    def give_back(self, payer: str) -> None:
        self.by_payer[payer] -= 1
        self.by_payer += Counter()  # drops those at 0


@dataclass(frozen=True, slots=True)
class Exports:
    """An ASGI endpoint of `/exports/{file}`; `stores` and `secret` are asked for at each request."""

    stores: Callable[[], Stores]
    secret: Callable[[], str]
    sessions: Sessions
    _books: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BOOKS_AT_ONCE))
    _of_staff: Places = field(default_factory=lambda: Places(FILES_AT_ONCE, FILES_OF_PAYER_MAX, FILES_AGAIN_SECONDS))
    _of_promoters: Places = field(
        default_factory=lambda: Places(FILES_AT_ONCE, FILES_OF_PAYER_MAX, FILES_AGAIN_SECONDS)
    )
    _packs: Places = field(default_factory=lambda: Places(PACKS_AT_ONCE, PACKS_AT_ONCE, PACKS_AGAIN_SECONDS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = uuid.uuid4().hex
        started = time.perf_counter()
        try:
            response = await self._answer(request)
        except Exception as error:
            response = refused(_as_refusal(error, request_id))
        response.headers["X-Request-Id"] = request_id
        try:
            await response(scope, receive, send)
        finally:
            metrics.answered("export", response.status_code, time.perf_counter() - started)

    async def _answer(self, request: Request) -> Response:
        if request.method != "GET":
            raise Refusal(405, "BAD_USER_INPUT", "GET an export", headers={"Allow": "GET"})
        viewer = await viewer_of_request(self.sessions, self.stores(), self.secret(), request)
        payer = payer_of(viewer, request.headers.get("authorization"))
        name, _, form = request.path_params["file"].partition(".")
        if (name, form) == ("evidence", "jsonl"):
            return await self._evidence(request.query_params.multi_items(), viewer, payer)
        if name not in EXPORTS or form not in ("csv", "xlsx"):
            told = f"exports are {', '.join(EXPORTS)}, each .csv or .xlsx, and evidence.jsonl"
            raise Refusal(404, "BAD_USER_INPUT", told)
        asked = Asked.of(name, request.query_params.multi_items(), viewer)
        places = self._of_staff if viewer.promoter_code is None else self._of_promoters
        return await _held(places, payer, partial(self._file, asked, form, viewer))

    async def _file(self, asked: Asked, form: str, viewer: Viewer) -> File:
        stores = self.stores()
        names = Names(stores.pii, viewer, raw=asked.raw_names)
        if asked.wanted.code is not None and not await listings.is_there(stores.store, asked.wanted.code):
            raise Refusal(404, "BAD_USER_INPUT", f"no promoter {asked.wanted.code!r}")
        listing = asked.listing(stores, names)
        pages = _recorded(listing.pages, stores, names)
        file_name = f"{asked.file_name}.{form}"
        if form == "csv":
            body = tables.csv_chunks(listing.columns, pages)
            first = await anext(body)  # whatever is wrong so far is still told as JSON
            return File(file_name, tables.CSV_TYPE, _after(first, body))
        async with self._books:
            book = await tables.xlsx_file(asked.name, listing.columns, pages)
        return File(file_name, tables.XLSX_TYPE, tables.chunks(book))

    async def _evidence(self, given: list[tuple[str, str]], viewer: Viewer, payer: str) -> Response:
        check_evidence(viewer)
        code = dict(given).get("promoter", "")
        if [name for name, _ in given] != ["promoter"]:
            raise _bad("evidence takes promoter, once")
        if (error := code_error(code, field="promoter")) is not None:
            raise _bad(error.message)
        return await _held(self._packs, payer, partial(self._pack, code, viewer))

    async def _pack(self, code: str, viewer: Viewer) -> File:
        stores = self.stores()
        try:
            found = await evidence.tree(stores.store, code)
        except NotFound as missing:
            raise Refusal(404, "BAD_USER_INPUT", missing.message) from missing
        key, now = evidence.signing_key(self.secret()), time.time_ns() // 1000
        lines = evidence.pack(stores.store, stores.pii, code, found, key=key, actor=viewer.actor, now=now)
        first = await anext(lines)
        return File("evidence.jsonl", "application/jsonl", _after(first, lines))


async def _held(places: Places, payer: str, made: Callable[[], Awaitable[File]]) -> Response:
    """A file that is made in a place of its caller's; Refusal without one."""
    places.take(payer)
    try:
        file = await made()
    except BaseException:
        places.give_back(payer)
        raise
    return _Held(partial(places.give_back, payer), file.body, headers=_headers(file.name), media_type=file.media_type)


class _Held(StreamingResponse):
    """A file that keeps its place until it is sent, or whoever asked for it is gone."""

    def __init__(self, give_back: Callable[[], None], body: AsyncIterator[bytes], **given: Any) -> None:
        super().__init__(body, **given)
        self._give_back = give_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.warning("nobody takes an export", seconds=SEND_SECONDS)
        finally:
            self._give_back()


@dataclass(slots=True)
class Names:
    """Names as this request shows them; `looks` holds the raw ones that are not recorded yet."""

    pii: Pii
    viewer: Viewer
    raw: bool
    looks: set[tuple[str, str]] = field(default_factory=set)

    def shown(self, code: str, sealed: str | None) -> str | None:
        if sealed is None:
            return None
        name = self.pii.open(sealed)
        if not self.raw:
            return masked_name(name)
        if code != self.viewer.promoter_code:
            self.looks.add((code, "name"))
        return name


@dataclass(frozen=True, slots=True)
class Asked:
    """A request understood; `year` for the tax only."""

    name: str
    wanted: Wanted
    year: int | None
    raw_names: bool

    @classmethod
    def of(cls, name: str, given: list[tuple[str, str]], viewer: Viewer) -> Asked:
        """Forbidden for who may not have it; Refusal for what cannot be understood."""
        parameters = dict(given)
        own = viewer.promoter_code if name == "statement" else None
        code = parameters.get("promoter", own)
        check_export(name, viewer, code)
        raw_names = parameters.get("names") == "raw"
        if raw_names and viewer.role not in (Role.FINANCE, Role.PROMOTER):
            raise Forbidden(f"{viewer.role} may not see raw names")
        unknown = sorted(parameters.keys() - PARAMETERS[name])
        if unknown or len(parameters) < len(given):
            raise _bad(
                f"{', '.join(unknown) or 'a parameter'}: {name} takes {', '.join(sorted(PARAMETERS[name]))}, once each"
            )
        if parameters.get("names", "masked") not in ("masked", "raw"):
            raise _bad("names: masked or raw")
        required = {"statement": ("promoter", "month"), "tax": ("year",)}.get(name, ())
        missing = [each for each in required if not (parameters.get(each) or (each == "promoter" and own))]
        if missing:
            raise _bad(f"{name} needs {' and '.join(missing)}")
        if code is not None and (error := code_error(code, field="promoter")) is not None:
            raise _bad(error.message)
        year = _parsed(parameters, "year", _year)
        return cls(name, _wanted(name, parameters, code), year, raw_names)

    @property
    def file_name(self) -> str:
        month = calendar.month_text(self.wanted.month) if self.wanted.month is not None else None
        return "-".join([self.name, *([month] if month else []), *([f"{self.year:04}"] if self.year else [])])

    def listing(self, stores: Stores, names: Names) -> Listing:
        if self.name == "payouts":
            return listings.payouts(stores.store, self.wanted, names.shown)
        if self.name == "commissions":
            return listings.commissions(stores.store, self.wanted, names.shown)
        if self.year is not None:
            return listings.tax(stores.store, self.year, names.shown)
        assert self.wanted.code is not None
        assert self.wanted.month is not None
        return listings.statement(stores.store, self.wanted.code, self.wanted.month, names.shown)


def _wanted(name: str, parameters: Mapping[str, str], code: str | None) -> Wanted:
    first, last = _parsed(parameters, "from", _day), _parsed(parameters, "to", _day)
    if first is not None and last is not None and last < first:
        raise _bad("to: before from")
    statuses = PayoutStatus if name == "payouts" else CommissionState
    bounds = {} if first is None else {"from_at": day_start(first)}
    bounds |= {} if last is None else {"until_at": day_start(last) + DAY_US}
    return Wanted(
        month=_parsed(parameters, "month", calendar.month),
        status=_parsed(parameters, "status", lambda text: statuses(text).value),
        kind=_parsed(parameters, "kind", lambda text: CommissionKind(text).value),
        code=code,
        **bounds,
    )


def _parsed(parameters: Mapping[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    if name not in parameters:
        return None
    try:
        return parse(parameters[name])
    except ValueError as error:
        raise _bad(f"{name}: {error}") from error


def _day(text: str) -> date:
    day = date.fromisoformat(text) if len(text) == 10 and text.isascii() else None
    if day is None or not 1 < day.year <= YEAR_MAX:
        raise ValueError(f"not a day YYYY-MM-DD: {text[:20]!r}")
    return day


def _year(text: str) -> int:
    if len(text) != 4 or not text.isascii() or not text.isdecimal() or not 1 < int(text) <= YEAR_MAX:
        raise ValueError(f"not a year YYYY: {text[:20]!r}")
    return int(text)


def _headers(file: str) -> dict[str, str]:
    return {
        "Content-Disposition": f'attachment; filename="{file}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def _bad(message: str) -> Refusal:
    return Refusal(400, "BAD_USER_INPUT", message)


async def _recorded(pages: AsyncIterator[Rows], stores: Stores, names: Names) -> AsyncIterator[Rows]:
    """The pages; what of a page cannot be recorded as looked at is not shown."""
    async for rows in pages:
        await record_looks(stores.store, names.viewer, names.looks, now=time.time_ns() // 1000)
        names.looks.clear()
        yield rows


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    try:
        async for chunk in rest:
            yield chunk
    except Exception as error:
        log.error("export broke off", exc_info=error)
        raise


def _as_refusal(error: Exception, request_id: str) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Forbidden):
        return Refusal(403, "FORBIDDEN", str(error))
    if isinstance(error, DomainError):
        return _bad(error.message)
    if isinstance(error, StoreTimeout):
        return Refusal(504, "TIMEOUT", "the answer took too long")
    if isinstance(error, StoreUnavailable):
        return Refusal(503, "UNAVAILABLE", "the store cannot be reached, try again")
    log.error("export failed", request_id=request_id, exc_info=error)
    return Refusal(500, "INTERNAL", "internal error", requestId=request_id)
