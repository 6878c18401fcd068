"""Heads of requests: what a client sends before anybody can say what it wants is bounded in bytes and in time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 64 * 1024
HEAD_SECONDS = 10.0


class BoundedHeads(HttpToolsProtocol):
    """uvicorn's protocol, which waits for the end of a head for ever and keeps all of it.

    Bytes are counted of parts that end no head: the part that does is bounded by what a socket is read by at once.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._heads = 0
        self._bytes = 0
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        heads = self._heads
        is_in_body = self.cycle is not None and self.cycle.more_body and not self.cycle.response_complete
        super().data_received(data)
        if self._heads != heads or is_in_body or self.transport.is_closing():
            return
        self._bytes += len(data)
        if self._bytes > HEAD_BYTES_MAX:
            self._done()
            self.send_400_response(f"A head is at most {HEAD_BYTES_MAX} bytes.")
        elif self._late is None:
            self._wait()

    def on_headers_complete(self) -> None:
        self._heads += 1
        self._bytes = 0
        self._done()
        super().on_headers_complete()

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEAD_SECONDS, self._close)

    def _done(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        self._late = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self._wait()  # the head of the next request, which came before the answer to this one
