"""A WeChat Pay to test against: a real HTTP server with its own keys that follows the protocol, and misbehaves when told.

    async with wechat_server(tmp_path) as wechat:
        settings = Settings(**wechat.settings)            # or PROMOGRAPH_* in the environment: wechat.environment
        wechat.script(Fault("hang", on="send"))           # the next asking takes effect and is never answered
        ...
        wechat.confirm("P1")                              # the receiver takes the money
        await wechat.notify("P1", times=5)                # five genuine callbacks to the notify_url that was asked with
        assert wechat.moved_fen == 100                    # what has really left the merchant

It runs in a thread of its own, so a service in the test's loop, in another thread or in another process can use it.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp as ASGIApplication
from starlette.types import Receive, Scope, Send

from graph_api.rules.calendar import SHANGHAI
from tests.providers.wechat_books import Books, Refusal
from tests.providers.wechat_keys import Keys

Call = Literal["send", "query", "cancel", "receiver", "split", "split_query", "unfreeze"]
Kind = Literal[
    "hang",  # never answers (until the server stops)
    "late",  # answers after `value` seconds
    "close",  # closes the connection in the middle of the answer
    "status",  # answers `value`: (status, code)
    "alter",  # answers with the fields of `value` instead of its own, signed
    "garbage",  # answers with signed bytes that are no JSON
    "unsigned",
    "bad_signature",
    "wrong_serial",
    "stale",  # signed `value` (default 301) seconds ago
]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, `times` times, with the calls of one kind or with any.

    `after`: the request takes effect first, and only its answer suffers. `on`: None is any call. `key`: None is any bill.
    """

    kind: Kind
    on: Call | None = None
    key: str | None = None
    times: int = 1
    after: bool = True
    value: Any = None


@dataclass
class WechatServer:
    """One merchant's WeChat. `books` is what it knows; everything a test changes goes through here or there."""

    keys: Keys
    books: Books
    port: int
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[Call, str]] = field(default_factory=list)
    _nonces: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        """What Settings needs to use this server."""
        return {**self.keys.settings, "wechat_gateway": self.url}

    @property
    def environment(self) -> dict[str, str]:
        """The same for a process of its own."""
        return {f"PROMOGRAPH_{name.upper()}": str(value) for name, value in self.settings.items()}

    @property
    def moved_fen(self) -> int:
        """What has left the merchant, over all bills and shares."""
        return sum(fen for _, fen in self.books.moved)

    def reset(self) -> None:
        """As if it had just been started, but for its keys and its address."""
        self.books = Books(mchid=self.keys.mchid, appid=self.keys.appid)
        self.faults.clear()
        self.calls.clear()

    def script(self, *faults: Fault) -> None:
        """Let the next fitting calls go wrong, in this order."""
        self.faults.extend(faults)

    def asked(self, call: Call) -> int:
        return sum(1 for each, _ in self.calls if each == call)

    def confirm(self, key: str) -> None:
        """The receiver takes the money."""
        self.books.finish(key, "SUCCESS")

    def fail(self, key: str, reason: str = "REAL_NAME_CHECK_FAIL") -> None:
        self.books.finish(key, "FAIL", reason)

    def lapse(self, key: str) -> None:
        """24 hours without a confirmation."""
        self.books.finish(key, "FAIL", "OVERDUE_CLOSE")

    def callback(
        self, key: str, *, changed: Mapping[str, Any] | None = None, wrong: Kind | None = None, age_seconds: int = 0
    ) -> tuple[dict[str, str], bytes]:
        """Headers and body of the callback about a bill as it stands; `changed` lets it tell something else.

        `wrong`: unsigned, bad_signature, wrong_serial, stale, or garbage (encrypted with another key).
        """
        resource = {**self.books.bill(key), **(changed or {})}
        sealed = self.keys.sealed(resource, original_type="mch_payment", wrong_key=wrong == "garbage")
        return self._callback("MCHTRANSFER.BILL.FINISHED", sealed, wrong, age_seconds)

    def split_callback(self, number: str, *, wrong: Kind | None = None) -> tuple[dict[str, str], bytes]:
        """The callback that a share was paid."""
        sealed = self.keys.sealed(self.books.share_notice(number), original_type="profitsharing")
        return self._callback("TRANSACTION.SUCCESS", sealed, wrong, 0)

    async def notify(self, key: str, url: str | None = None, *, times: int = 1, **given: Any) -> list[int]:
        """Post the callback `times` times at once, to the notify_url that the bill was asked with unless told; the statuses."""
        where = url or self.books.notify_url(key)
        async with httpx.AsyncClient() as client:
            messages = [self.callback(key, **given) for _ in range(times)]
            posts = [client.post(where, headers=headers, content=body) for headers, body in messages]
            return [answer.status_code for answer in await asyncio.gather(*posts)]

    def _callback(
        self, event_type: str, sealed: Mapping[str, Any], wrong: Kind | None, age_seconds: int
    ) -> tuple[dict[str, str], bytes]:
        notice = {
            "id": secrets.token_hex(18),
            "create_time": datetime.now(SHANGHAI).isoformat(timespec="seconds"),
            "event_type": event_type,
            "resource_type": "encrypt-resource",
            "summary": "通知",
            "resource": sealed,
        }
        body = json.dumps(notice, ensure_ascii=False).encode()
        age = 301 if wrong == "stale" and not age_seconds else age_seconds
        return self.keys.signed(body, wrong=wrong, age_seconds=age), body

    def _next_fault(self, call: Call, name: str) -> Fault | None:
        for index, fault in enumerate(self.faults):
            if fault.on in (None, call) and (fault.key is None or name.startswith(fault.key)):
                if fault.times > 1:
                    self.faults[index] = Fault(**{**vars(fault), "times": fault.times - 1})
                else:
                    del self.faults[index]
                return fault
        return None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; ASGI, because a connection has to be closed in the middle of an answer."""
        request = Request(scope, receive)
        body = await request.body()
        call, name, act = self._routed(request, body)
        if call is None or act is None:
            await self._answer(404, {"code": "RESOURCE_NOT_EXISTS", "message": "no such path"})(scope, receive, send)
            return
        refusal = self.keys.request_refusal(request, body, self._nonces)
        if refusal is not None:
            await self._answer(401, {"code": "SIGN_ERROR", "message": refusal})(scope, receive, send)
            return
        self.calls.append((call, name))
        fault = self._next_fault(call, name)
        status, said = 200, {}
        if fault is None or fault.after:
            try:
                said = act()
            except Refusal as error:
                status, said = error.status, {"code": error.code, "message": error.message}
        await self._suffer(fault, status, said, scope, receive, send)

    async def _suffer(
        self, fault: Fault | None, status: int, said: dict[str, Any], scope: Scope, receive: Receive, send: Send
    ) -> None:
        kind = fault.kind if fault is not None else None
        value = fault.value if fault is not None else None
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind == "late":
            await asyncio.sleep(value)
        if kind == "status":
            status, said = value[0], {"code": value[1], "message": "scripted"}
        if kind == "alter":
            said = {**said, **value}
        response = self._answer(status, said, wrong=kind, age_seconds=value if kind == "stale" else 0)
        if kind == "close":
            length = str(len(response.body) + 1).encode()
            headers = [(k, v) for k, v in response.raw_headers if k != b"content-length"]
            start = {"type": "http.response.start", "status": status}
            await send({**start, "headers": [*headers, (b"content-length", length)]})
            await send({"type": "http.response.body", "body": response.body[:10], "more_body": True})
            raise ConnectionAbortedError("scripted")
        await response(scope, receive, send)

    def _answer(
        self, status: int, said: Mapping[str, Any], *, wrong: Kind | None = None, age_seconds: int | None = 0
    ) -> Response:
        body = b"<html>" if wrong == "garbage" else json.dumps(said, ensure_ascii=False).encode()
        age = (age_seconds or 301) if wrong == "stale" else 0
        headers = self.keys.signed(body, wrong=wrong, age_seconds=age)
        return Response(body, status, headers, media_type="application/json")

    def _routed(self, request: Request, body: bytes) -> tuple[Call | None, str, Any]:
        """Which call it is, whom it is about, and what it does."""
        books, method = self.books, request.method
        parts = request.url.path.strip("/").split("/")
        given = json.loads(body) if body else {}
        match (method, parts):
            case ("POST", ["v3", "fund-app", "mch-transfer", "transfer-bills"]):
                return "send", given.get("out_bill_no", ""), lambda: books.ask(given, self.keys.opened)
            case ("GET", ["v3", "fund-app", "mch-transfer", "transfer-bills", "out-bill-no", key]):
                return "query", key, lambda: books.bill(key)
            case ("POST", ["v3", "fund-app", "mch-transfer", "transfer-bills", "out-bill-no", key, "cancel"]):
                return "cancel", key, lambda: books.cancel(key)
            case ("POST", ["v3", "profitsharing", "receivers", "add"]):
                return "receiver", given.get("account", ""), lambda: books.add_receiver(given)
            case ("POST", ["v3", "profitsharing", "orders"]):
                return "split", given.get("out_order_no", ""), lambda: books.share(given)
            case ("GET", ["v3", "profitsharing", "orders", number]):
                payment = request.query_params.get("transaction_id", "")
                return "split_query", number, lambda: books.shared(number, payment)
            case ("POST", ["v3", "profitsharing", "orders", "unfreeze"]):
                return "unfreeze", given.get("out_order_no", ""), lambda: books.unfreeze(given)
        return None, "", None


@asynccontextmanager
async def _serving(app: ASGIApplication, listener: socket.socket) -> AsyncIterator[None]:
    """An application in a thread of its own, behind a socket that takes connections already."""
    config = uvicorn.Config(app, log_level=60, lifespan="off", ws="none", loop="asyncio", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join, 10)
        listener.close()


@asynccontextmanager
async def wechat_server(
    directory: Path, *, notify_url: str = "http://127.0.0.1:9/notify"
) -> AsyncIterator[WechatServer]:
    """A running server; the merchant's key files lie in `directory`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    keys = Keys.made(directory, notify_url=notify_url)
    served = WechatServer(keys, Books(mchid=keys.mchid, appid=keys.appid), listener.getsockname()[1])
    async with _serving(served, listener):
        yield served


@dataclass
class Inbox:
    """A URL that callbacks can be sent to, and what was sent there."""

    url: str
    messages: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@asynccontextmanager
async def inbox() -> AsyncIterator[Inbox]:
    """A server that only keeps what it is told."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = Inbox(f"http://127.0.0.1:{listener.getsockname()[1]}/notify")

    async def receive(request: Request) -> Response:
        kept.messages.append((dict(request.headers), await request.body()))
        return Response(status_code=204)

    app = Starlette()
    app.add_route("/notify", receive, methods=["POST"])
    async with _serving(app, listener):
        yield kept
