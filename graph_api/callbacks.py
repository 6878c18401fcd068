"""What payment providers call back with: believed only if it is signed, and applied as often as it comes, once.

The answer tells WeChat whether to call again: 200 is done, 503 comes again later, 401 is nobody's message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from cypher.store import StoreTimeout, StoreUnavailable
from graph_api.actions import sending
from graph_api.actions.sending import Heard
from graph_api.answers import Refusal
from graph_api.context import Stores
from graph_api.providers import NotVerified, Provider, Receipt, Report, compared, notifiers, system_clock
from graph_api.requests import body_of
from graph_api.rules.plan import PayoutProvider

BODY_BYTES_MAX = 64 * 1024
PATH = "/callbacks/wechat"

log = structlog.get_logger("promograph.callbacks")


class Callbacks:
    """POST only; one address for both of WeChat's kinds of message."""

    def __init__(
        self, stores: Callable[[], Stores], providers: Callable[[], Mapping[PayoutProvider, Provider]]
    ) -> None:
        self._stores = stores
        self._providers = providers

    async def __call__(self, request: Request) -> Response:
        try:
            body = await body_of(request, bytes_max=BODY_BYTES_MAX)
        except Refusal as refusal:
            return _answer(refusal.status, "FAIL", str(refusal))
        except ClientDisconnect:
            return _answer(400, "FAIL", "broke off")
        try:
            kind, report = self._verified(request.headers, body)
        except NotVerified as error:
            log.warning("callback not verified", reason=str(error))
            return _answer(401, "FAIL", "not verified")
        try:
            await self._apply(kind, report)
        except (StoreUnavailable, StoreTimeout):
            return _answer(503, "FAIL", "again later")
        return _answer(200, "SUCCESS", "")

    def _verified(self, headers: Mapping[str, str], body: bytes) -> tuple[PayoutProvider, Report]:
        """Each kind of message is opened by one provider only."""
        reasons = []
        for kind, notifier in notifiers(self._providers()):
            try:
                return kind, notifier.verified(headers, body)
            except NotVerified as error:
                reasons.append(str(error))
        raise NotVerified("; ".join(reasons) or "no provider is configured")

    async def _apply(self, kind: PayoutProvider, report: Report) -> None:
        stores = self._stores()
        sent = await sending.by_keys(stores.store, stores.pii, [report.key])
        if not sent:
            log.error("callback about an unknown payout", key=report.key, receipt=report.receipt)
            return
        (found,) = sent
        heard = compared(report, found.transfer)
        if heard.receipt is Receipt.ACCEPTED:  # one part of several: the whole is asked about
            await sending.ask_soon(stores.store, found.id, now=system_clock())
            return
        await sending.told(stores.store, [Heard(found.id, heard)], provider=kind, now=system_clock())


def _answer(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status)
