"""Signing in and out over HTTP: `/session`.

POST a name and a password for a session, GET what it is, PATCH its role, DELETE it. Whatever is wrong with a name or a
password is told in the same words after the same work.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from cypher import staff as statements
from cypher.store import StoreTimeout, StoreUnavailable
from graph_api import metrics, requests
from graph_api.actions import staff
from graph_api.answers import JSON, Refusal, refused
from graph_api.auth import Unauthenticated
from graph_api.context import Stores
from graph_api.passwords import Passwords, TooMany
from graph_api.pii import Pii, SealBroken
from graph_api.requests import from_json
from graph_api.rules.calendar import SECOND_US
from graph_api.rules.staff import PASSWORD_LENGTH_MAX, WAITS_SECONDS, name_error, wait_seconds
from graph_api.sessions import COOKIE, NotOurPage, Sessions, SignedIn, new_token, session_id, token_of

BODY_BYTES_MAX = 4_096
METHODS = ("GET", "POST", "PATCH", "DELETE")
AGAIN_SECONDS = 5
WAITS_US = [seconds * SECOND_US for seconds in WAITS_SECONDS]
WRONG = "the name or the password is wrong; after several attempts wait some minutes before the next"

log = structlog.get_logger("promograph.session")


@dataclass(frozen=True, slots=True)
class SignIn:
    """An ASGI endpoint; `stores` and `secret` are asked for at each request."""

    stores: Callable[[], Stores]
    secret: Callable[[], str]
    sessions: Sessions
    passwords: Passwords = field(default_factory=Passwords)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request, request_id, started = Request(scope, receive), uuid.uuid4().hex, time.perf_counter()
        try:
            response = await self._answer(request)
        except Exception as error:
            response = refused(as_refusal(error, request_id))
            if isinstance(error, Unauthenticated):
                self._forget(response)
        response.headers["X-Request-Id"] = request_id
        response.headers["Cache-Control"] = "no-store"
        metrics.answered("session", response.status_code, time.perf_counter() - started)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in METHODS:
            raise Refusal(405, "BAD_USER_INPUT", "GET, POST, PATCH or DELETE", headers={"Allow": ", ".join(METHODS)})
        self.sessions.check_origin(request.headers)
        if request.method == "POST":
            return await self._begin(request)
        if request.method == "GET":
            found = await self.sessions.find(self.stores().store, self.secret(), request.headers, now=_now())
            return JSONResponse(told(found))
        if request.method == "DELETE" and token_of(request.headers) is None:
            return self._ended()
        try:
            found = await self.sessions.of_request(self.stores().store, self.secret(), request.headers, now=_now())
        except Unauthenticated:
            if request.method == "DELETE":
                return self._ended()
            raise
        if request.method == "PATCH":
            return await self._change(request, found)
        await staff.end_session(self.stores().store, id=found.id, now=_now())
        return self._ended()

    async def _begin(self, request: Request) -> Response:
        given = await body_of(request)
        name, password, role = (given.get(member) for member in ("username", "password", "role"))
        if not isinstance(name, str) or not isinstance(password, str) or not isinstance(role, str | None):
            raise Refusal(400, "BAD_USER_INPUT", "give username and password as texts, and a role if not the first")
        name = name.strip().lower()
        with self.passwords.place():  # who is turned away has made no attempt
            version, attempts = await self._verified(name, password)
        if version is None:
            response = refused(Refusal(401, "UNAUTHENTICATED", WRONG))
            if wait_seconds(attempts) and attempts:
                # Once it is answered: how long an answer takes must not tell whose name there is.
                response.background = BackgroundTask(
                    staff.note_refusals, self.stores().store, name=name, attempts=attempts, now=_now()
                )
            return response
        return await self.begun(request, name=name, version=version, role=role)

    async def _verified(self, name: str, password: str) -> tuple[int | None, int]:
        """The version of the account that the password opens, None if none; how many attempts there were in a row."""
        stores = self.stores()
        attempt = None
        if name_error(name) is None:
            attempt = await statements.attempt(stores.store.unjournalled, name=name, at=_now(), waits_us=WAITS_US)
        heard = attempt is not None and attempt.heard and len(password) <= PASSWORD_LENGTH_MAX
        kept = _opened(stores.pii, attempt.password_sealed) if attempt is not None and heard else None
        fits = await self.passwords.fits(password[:PASSWORD_LENGTH_MAX], kept)
        attempts = attempt.attempts if attempt is not None and attempt.heard else 0
        return (attempt.version, attempts) if attempt is not None and fits else (None, attempts)

    async def begun(self, request: Request, *, name: str, version: int, role: str | None) -> Response:
        """A fresh session, whatever the browser had before: nobody can have prepared its token."""
        store, token, now = self.stores().store, new_token(), _now()
        old = token_of(request.headers)
        if old is not None:
            await staff.end_session(store, id=session_id(old), now=now)
        taken = await staff.begin_session(
            store,
            name=name,
            version=version,
            id=session_id(token),
            role=role,
            now=now,
            ends_at=now + self.sessions.seconds * SECOND_US,
        )
        if taken is None:
            raise Unauthenticated(WRONG)
        return await self._shown(token, now=now)

    async def _change(self, request: Request, found: SignedIn) -> Response:
        role, token, now = (await body_of(request)).get("role"), new_token(), _now()
        if not isinstance(role, str):
            raise Refusal(400, "BAD_USER_INPUT", "give a role as a text")
        store = self.stores().store
        if not await staff.take_role(store, id=found.id, new_id=session_id(token), name=found.name, role=role, now=now):
            raise Refusal(403, "FORBIDDEN", "the account does not have this role")
        return await self._shown(token, now=now)

    async def _shown(self, token: str, *, now: int) -> Response:
        found = await self.sessions.signed_in(self.stores().store, self.secret(), token, now=now)
        if found is None:
            raise Unauthenticated(WRONG)
        response = JSONResponse(told(found))
        self._keep(response, token, int(found.left_seconds))
        return response

    def _ended(self) -> Response:
        response = Response(status_code=204)
        self._forget(response)
        return response

    def _keep(self, response: Response, token: str, seconds: int) -> None:
        response.set_cookie(
            COOKIE, token, max_age=seconds, path="/", secure=self.sessions.secure, httponly=True, samesite="strict"
        )

    def _forget(self, response: Response) -> None:
        self._keep(response, "", 0)


def told(found: SignedIn) -> dict[str, Any]:
    """A session as its pages are told of it."""
    return {
        "name": found.name,
        "role": str(found.viewer.role),
        "roles": list(found.roles),
        "locale": found.locale,
        "csrf": found.csrf,
    }


async def body_of(request: Request) -> Mapping[str, Any]:
    """A small JSON object; a form of another page can send none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Refusal(415, "BAD_USER_INPUT", f"send Content-Type: {JSON}")
    body = await requests.body_of(request, bytes_max=BODY_BYTES_MAX)
    try:
        given = from_json(body.decode("utf-8"))
    except ValueError as error:
        raise Refusal(400, "BAD_USER_INPUT", "the body is not JSON") from error
    if not isinstance(given, dict):
        raise Refusal(400, "BAD_USER_INPUT", "the body must be an object")
    return given


def as_refusal(error: Exception, request_id: str) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, Unauthenticated):
        return Refusal(401, "UNAUTHENTICATED", str(error))
    if isinstance(error, NotOurPage):
        return Refusal(403, "FORBIDDEN", str(error))
    if isinstance(error, TooMany | StoreUnavailable):
        again = {"Retry-After": str(AGAIN_SECONDS)}
        return Refusal(503, "UNAVAILABLE", "nobody can sign in just now, try again", headers=again)
    if isinstance(error, StoreTimeout):
        return Refusal(504, "TIMEOUT", "the answer took too long")
    log.error("session failed", request_id=request_id, exc_info=error)
    return Refusal(500, "INTERNAL", "internal error", requestId=request_id)


def _opened(pii: Pii, sealed: str | None) -> str | None:
    try:
        return pii.open(sealed) if sealed is not None else None
    except SealBroken as error:
        log.error("a kept password cannot be opened", exc_info=error)
        return None


def _now() -> int:
    return time.time_ns() // 1000
