"""WeChat Pay merchant transfer (商家转账, the interface of 2025): the receiver confirms each payment in WeChat.

Protocol: https://pay.weixin.qq.com/doc/v3/merchant/4012716434 (asking), 4012712115 (callback), 4013774966 (reasons of failure),
https://pay.weixin.qq.com/docs/merchant/apis/mch-trans/transfer-bill/get-transfer-bill-by-out-no.html (query). Three of its sentences decide what is certain here:

- "Status code and error code tell the result of this request only, not that of the bill; never change the number before a
  query says FAIL": so a refusal to an asking is UNKNOWN, whatever its code (even INVALID_REQUEST may mean that the bill
  exists with other content), and only the state FAIL or CANCELLED of the bill ends it.
- The same number with the same content is the same bill: so ABSENT, which leads to asking again under the same key, costs
  nothing if it was wrong. Where a refusal asks for another name or account, that is asked under the same key, too.
- A query knows the last 30 days: so not found is ABSENT only within them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graph_api.providers import (
    KEY_LENGTH_MAX,
    Clock,
    NotVerified,
    Receipt,
    Report,
    Transfer,
    compared,
    system_clock,
)
from graph_api.providers.wechat_wire import (
    Answer,
    NoAnswer,
    Wire,
    answer_of,
    at_of,
    fen_of,
    library,
)
from graph_api.rules.calendar import DAY_US

NAME_FROM_FEN = 30
"""Below it WeChat refuses a name ("0.3元以下不允许输入姓名校验")."""
NAME_REQUIRED_FROM_FEN = 200_000
REMARK_LENGTH_MAX = 32
ACCOUNT_LENGTH_MAX = 64
NAME_BYTES_MAX = 190
"""What one RSA-OAEP block holds, with room to spare; no name is as long."""
FOUND_DAYS = 29
"""Queries answer for 30 days; a day is left for clocks and for our own delay."""
FINISHED = "MCHTRANSFER.BILL.FINISHED"

RECEIPTS = {
    "ACCEPTED": Receipt.ACCEPTED,
    "PROCESSING": Receipt.ACCEPTED,
    "WAIT_USER_CONFIRM": Receipt.AWAITING_RECEIPT,
    "TRANSFERING": Receipt.AWAITING_RECEIPT,  # undecided: the receiver may have to confirm again
    "SUCCESS": Receipt.PAID,
    "FAIL": Receipt.FAILED,
    "CANCELING": Receipt.ACCEPTED,  # the receiver may still have been quicker
    "CANCELLED": Receipt.EXPIRED,
}
FINAL = (Receipt.PAID, Receipt.FAILED, Receipt.EXPIRED)
LAPSED = ("OVERDUE_CLOSE", "MCH_CANCEL")
"""Reasons of FAIL that say: not confirmed within 24 hours, or withdrawn by us."""


def transfer_refusal(transfer: Transfer) -> str | None:
    """Why merchant transfer cannot be asked for this transfer at all.

    >>> transfer_refusal(Transfer("P1", 200_000, "openid", None, "佣金"))
    'WeChat wants the name of the receiver from 200000 fen on'
    """
    if transfer.net_fen >= NAME_REQUIRED_FROM_FEN and not transfer.name:
        return f"WeChat wants the name of the receiver from {NAME_REQUIRED_FROM_FEN} fen on"
    return malformed(transfer)


def malformed(transfer: Transfer) -> str | None:
    """What no call of WeChat's takes.

    >>> malformed(Transfer("P-1", 100, "openid", None, "佣金"))
    'the key is not 1-32 letters and digits'
    """
    if bad_key(transfer) is not None:
        return bad_key(transfer)
    if transfer.net_fen <= 0:
        return "the amount is not positive"
    if not 1 <= len(transfer.account) <= ACCOUNT_LENGTH_MAX:
        return f"the openid is not 1-{ACCOUNT_LENGTH_MAX} characters"
    if not transfer.remark:
        return "there is no remark"
    if transfer.name and len(transfer.name.encode()) > NAME_BYTES_MAX:
        return f"the name is longer than {NAME_BYTES_MAX} bytes"
    return None


def bad_key(transfer: Transfer) -> str | None:
    """A key becomes part of a path: nothing but letters and digits may."""
    if re.fullmatch(f"[0-9A-Za-z]{{1,{KEY_LENGTH_MAX}}}", transfer.key):
        return None
    return f"the key is not 1-{KEY_LENGTH_MAX} letters and digits"


def refused(transfer: Transfer, reason: str, *, now: int) -> Report:
    """We do not ask. That ends a transfer only if nobody has ever asked for it."""
    receipt = Receipt.FAILED if transfer.asked_at is None else Receipt.UNKNOWN
    return Report(transfer.key, receipt, now, reason=f"not asked: {reason}")


class WechatTransfer:
    """Asks for bills, queries and withdraws them, and opens WeChat's callbacks about them."""

    name = "WECHAT_TRANSFER"

    def __init__(self, wire: Wire, clock: Clock = system_clock) -> None:
        self._wire = wire
        self._clock = clock
        self._pay = library(wire)
        self._report_infos = [
            {"info_type": kind, "info_content": content} for kind, content in wire.account.scene_report
        ]

    async def send(self, transfer: Transfer) -> Report:
        refusal = transfer_refusal(transfer)
        if refusal is not None:
            return refused(transfer, refusal, now=self._clock())
        named = bool(transfer.name) and transfer.net_fen >= NAME_FROM_FEN
        try:
            answer = answer_of(
                await self._pay.mch_transfer_bills(
                    out_bill_no=transfer.key,
                    transfer_scene_id=self._wire.account.scene_id,
                    openid=transfer.account,
                    transfer_amount=transfer.net_fen,
                    transfer_remark=transfer.remark[:REMARK_LENGTH_MAX],
                    user_name=transfer.name if named else None,
                    transfer_scene_report_infos=self._report_infos,
                )
            )
        except NoAnswer as error:
            return self._unknown(transfer, str(error))
        return await self._confirmed(transfer, answer)

    async def query(self, transfer: Transfer) -> Report:
        fault = bad_key(transfer)
        if fault is not None:
            return self._unknown(transfer, fault)
        try:
            answer = answer_of(await self._pay.mch_transfer_bills_query(out_bill_no=transfer.key))
        except NoAnswer as error:
            return self._unknown(transfer, str(error))
        if answer.status == 404 and answer.body.get("code") == "NOT_FOUND":
            return self._not_found(transfer)
        if answer.status != 200:
            return self._unknown(transfer, answer.refusal)
        return self._compared(transfer, answer.body)

    async def cancel(self, transfer: Transfer) -> Report:
        """Withdraw a transfer that the receiver has not confirmed; the report tells how it stands after that."""
        fault = bad_key(transfer)
        if fault is not None:
            return self._unknown(transfer, fault)
        try:
            answer = answer_of(await self._pay.mch_transfer_bills_cancel(out_bill_no=transfer.key))
        except NoAnswer as error:
            return self._unknown(transfer, str(error))
        return await self._confirmed(transfer, answer)

    def verified(self, headers: Mapping[str, str], body: bytes) -> Report:
        resource = self._wire.opened(headers, body, event_types=(FINISHED,))
        if resource.get("mch_id", self._wire.account.mchid) != self._wire.account.mchid:
            raise NotVerified("it is about another merchant")
        key = resource.get("out_bill_no")
        if not isinstance(key, str) or fen_of(resource.get("transfer_amount")) is None:
            raise NotVerified("it names no bill and amount")
        return self._report(key, resource)

    async def close(self) -> None:
        await self._wire.close()

    async def _confirmed(self, transfer: Transfer, answer: Answer) -> Report:
        """An answer to an asking or a withdrawal names no amount: what ends a transfer is read again by a query."""
        if answer.status != 200:
            return self._unknown(transfer, answer.refusal)
        said = answer.body
        if said.get("out_bill_no") != transfer.key or said.get("state") not in RECEIPTS:
            return self._compared(transfer, said)
        if RECEIPTS[said["state"]] in FINAL:
            return await self.query(transfer)
        return compared(self._report(transfer.key, said), transfer)

    def _compared(self, transfer: Transfer, said: Mapping[str, Any]) -> Report:
        """A query's answer, held against what was asked."""
        key, state = said.get("out_bill_no"), said.get("state")
        if not isinstance(key, str):
            return self._unknown(transfer, "the answer names no bill")
        report = compared(self._report(key, said), transfer)
        if report.receipt is Receipt.UNKNOWN:
            return report
        if said.get("mch_id", self._wire.account.mchid) != self._wire.account.mchid:
            return self._unknown(transfer, "the answer is about another merchant")
        if report.receipt in FINAL and report.net_fen is None:
            return self._unknown(transfer, f"the answer {state} names no amount")
        return report

    def _report(self, key: str, said: Mapping[str, Any]) -> Report:
        state, fail_reason = said.get("state"), said.get("fail_reason")
        receipt = RECEIPTS.get(state, Receipt.UNKNOWN) if isinstance(state, str) else Receipt.UNKNOWN
        reason = fail_reason if isinstance(fail_reason, str) and fail_reason else None
        if receipt is Receipt.FAILED and reason in LAPSED:
            receipt = Receipt.EXPIRED
        elif receipt is Receipt.UNKNOWN:
            reason = f"WeChat says a state that we do not know: {str(state)[:64]!r}"
        elif state in ("CANCELING", "CANCELLED"):
            reason = reason or "withdrawn"
        account, confirmation = said.get("openid"), said.get("package_info")
        reference = said.get("transfer_bill_no")
        return Report(
            key=key,
            receipt=receipt,
            at=at_of(said.get("update_time") or said.get("create_time"), otherwise=self._clock()),
            reference=reference if isinstance(reference, str) else None,
            reason=reason,
            net_fen=fen_of(said.get("transfer_amount")),
            account=account if isinstance(account, str) and account else None,
            confirmation=confirmation if isinstance(confirmation, str) else None,
        )

    def _not_found(self, transfer: Transfer) -> Report:
        now = self._clock()
        report = Report(transfer.key, Receipt.ABSENT, now, reason="WeChat knows no such bill")
        if transfer.asked_at is None:
            return replace(report, receipt=Receipt.UNKNOWN, reason="not found, and not known when it was asked for")
        if now - transfer.asked_at > FOUND_DAYS * DAY_US:
            reason = "not found, but WeChat answers for 30 days only: look for it in the fund bill"
            return replace(report, receipt=Receipt.UNKNOWN, reason=reason)
        return report

    def _unknown(self, transfer: Transfer, reason: str) -> Report:
        return Report(transfer.key, Receipt.UNKNOWN, self._clock(), reason=reason)
