"""WeChat Pay profit sharing (分账): a promoter's share is taken out of the buyers' payments, one order of ours for each.

A transfer has parts, one for each payment (`transaction_id`); each is asked for under `KEY-TRANSACTION`, so that asking again
is the same part again ("同一分账单号多次请求等同一次"). The transfer is PAID when every part is, FAILED when every part is closed;
whatever lies between is not decided, and if some parts were paid and others closed, it is for people.

Protocol: https://pay.weixin.qq.com/doc/v3/partner/4012690683 (asking), https://pay.weixin.qq.com/doc/v3/merchant/4012525210
(query), https://pay.weixin.qq.com/doc/v2/partner/4015505153 (reasons of closing). WeChat holds a payment that was marked
for sharing for 30 days; what is to be shared has to be asked for within them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from graph_api.providers import Clock, NotVerified, Receipt, Report, Transfer, system_clock
from graph_api.providers.wechat import bad_key, malformed, refused
from graph_api.providers.wechat_wire import (
    Answer,
    NoAnswer,
    Wire,
    answer_of,
    at_of,
    fen_of,
    library,
)

RECEIVER = "PERSONAL_OPENID"
RELATION = "DISTRIBUTOR"
DESCRIPTION_LENGTH_MAX = 80
OUT_ORDER_NO_LENGTH_MAX = 64
NOT_FOUND = ("RESOURCE_NOT_EXISTS", "ORDER_NOT_EXIST", "NOT_FOUND")
SHARED = "TRANSACTION.SUCCESS"
RESULTS = {"PENDING": Receipt.ACCEPTED, "SUCCESS": Receipt.PAID, "CLOSED": Receipt.FAILED}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PartReport:
    """What became of one part; `order_id` is WeChat's name of it."""

    transaction_id: str
    fen: int
    receipt: Receipt
    at: int
    order_id: str | None = None
    reason: str | None = None


def out_order_no(key: str, transaction_id: str) -> str:
    """What a part is asked for under."""
    return f"{key}-{transaction_id}"


def split_refusal(transfer: Transfer) -> str | None:
    """Why profit sharing cannot be asked for this transfer at all."""
    return bad_parts(transfer) or malformed(transfer)


def bad_parts(transfer: Transfer) -> str | None:
    """Why nothing can be looked up for this transfer.

    >>> bad_parts(Transfer("P1", 300, "openid", None, "佣金", parts=(("4200", 100), ("4201", 100))))
    'the parts add up to 200 fen, not 300'
    """
    fens = [fen for _, fen in transfer.parts]
    payments = [transaction_id for transaction_id, _ in transfer.parts]
    if not transfer.parts:
        return "it has no parts: profit sharing pays out of buyers' payments only"
    if len(set(payments)) < len(payments):
        return "two parts come from one payment"
    if min(fens) <= 0:
        return "a part is not positive"
    if sum(fens) != transfer.net_fen:
        return f"the parts add up to {sum(fens)} fen, not {transfer.net_fen}"
    for transaction_id in payments:
        number = out_order_no(transfer.key, transaction_id)
        if not re.fullmatch("[0-9A-Za-z]+", transaction_id) or len(number) > OUT_ORDER_NO_LENGTH_MAX:
            return f"{transaction_id[:64]!r} is no payment of WeChat's"
    return bad_key(transfer)


def combined(transfer: Transfer, parts: Sequence[PartReport]) -> Report:
    """One report of all parts.

    >>> asked = Transfer("P1", 300, "openid", None, "佣金", parts=(("4200", 100), ("4201", 200)))
    >>> paid, closed = PartReport("4200", 100, Receipt.PAID, 0), PartReport("4201", 200, Receipt.FAILED, 0, reason="NO_AUTH")
    >>> combined(asked, [paid, closed]).reason
    '100 of 300 fen were paid, 4201 was closed: NO_AUTH'
    """
    found = {part.receipt for part in parts}
    paid_fen = sum(part.fen for part in parts if part.receipt is Receipt.PAID)
    told = [f"{part.transaction_id}: {part.reason}" for part in parts if part.receipt is Receipt.UNKNOWN]
    absent = [part for part in parts if part.receipt is Receipt.ABSENT]
    closed = [f"{part.transaction_id} was closed: {part.reason}" for part in parts if part.receipt is Receipt.FAILED]
    reason: str | None
    if len(found) == 1 and found != {Receipt.UNKNOWN}:
        receipt, reason = found.pop(), "; ".join(closed) or None
        if receipt is Receipt.ABSENT:
            reason = absent[0].reason
    elif told:
        receipt, reason = Receipt.UNKNOWN, told[0]
    elif absent:
        missing = f"{len(absent)} of {len(parts)} parts were not asked for yet"
        receipt, reason = Receipt.UNKNOWN if closed else Receipt.ABSENT, "; ".join([missing, *closed[:1]])
    elif Receipt.ACCEPTED in found:
        receipt, reason = Receipt.ACCEPTED, "; ".join(closed) or f"{paid_fen} of {transfer.net_fen} fen are paid"
    else:
        receipt = Receipt.UNKNOWN
        reason = f"{paid_fen} of {transfer.net_fen} fen were paid, {'; '.join(closed)}"
    return Report(
        key=transfer.key,
        receipt=receipt,
        at=max(part.at for part in parts),
        reference=next((part.order_id for part in parts if part.order_id), None),
        reason=reason,
        net_fen=paid_fen if receipt is Receipt.PAID else None,
    )


class WechatSplit:
    """Asks for the parts of transfers, queries them, and releases what is left of a payment to the merchant."""

    name = "WECHAT_SPLIT"

    def __init__(self, wire: Wire, clock: Clock = system_clock) -> None:
        self._wire = wire
        self._clock = clock
        self._pay = library(wire)

    async def send(self, transfer: Transfer) -> Report:
        refusal = split_refusal(transfer)
        if refusal is not None:
            return refused(transfer, refusal, now=self._clock())
        try:
            receiver = await self._pay.profitsharing_add_receiver(
                account_type=RECEIVER, account=transfer.account, relation_type=RELATION, name=transfer.name
            )
            reason = None if answer_of(receiver).status == 200 else f"receiver refused: {answer_of(receiver).refusal}"
        except NoAnswer as error:
            reason = f"receiver not added: {error}"
        if reason is not None:  # no money was asked for in this call
            receipt = Receipt.ABSENT if transfer.asked_at is None else Receipt.UNKNOWN
            return Report(transfer.key, receipt, self._clock(), reason=reason)
        parts: list[PartReport] = []
        for transaction_id, fen in transfer.parts:
            part, answered = await self._ask(transfer, transaction_id, fen)
            parts.append(part)
            if not answered:
                break
        return self._combined(transfer, parts + [self._not_asked(*part) for part in transfer.parts[len(parts) :]])

    async def query(self, transfer: Transfer) -> Report:
        fault = bad_parts(transfer)
        if fault is not None:
            return Report(transfer.key, Receipt.UNKNOWN, self._clock(), reason=fault)
        return self._combined(transfer, [await self._part(transfer, payment, fen) for payment, fen in transfer.parts])

    async def unfreeze(self, *, transaction_id: str, key: str, description: str = "解冻全部剩余资金") -> Report:
        """Release what is left of a payment to the merchant, once every promoter's part of it is paid; PAID: it is released."""
        number = out_order_no(key, transaction_id)
        try:
            answer = answer_of(
                await self._pay.profitsharing_unfreeze(
                    transaction_id=transaction_id, out_order_no=number, description=description
                )
            )
        except NoAnswer as error:
            return Report(key, Receipt.UNKNOWN, self._clock(), reason=str(error))
        said = answer.body
        if answer.status != 200:
            return Report(key, Receipt.UNKNOWN, self._clock(), reason=answer.refusal)
        if (said.get("transaction_id"), said.get("out_order_no")) != (transaction_id, number):
            return Report(key, Receipt.UNKNOWN, self._clock(), reason="the answer is about another payment")
        receipt = {"PROCESSING": Receipt.ACCEPTED, "FINISHED": Receipt.PAID}.get(str(said.get("state")))
        return Report(key, receipt or Receipt.UNKNOWN, self._clock(), reference=said.get("order_id"))

    def verified(self, headers: Mapping[str, str], body: bytes) -> Report:
        """A callback tells of one part only: ACCEPTED, and a reason to query the whole transfer."""
        resource = self._wire.opened(headers, body, event_types=(SHARED,))
        if resource.get("mchid", self._wire.account.mchid) != self._wire.account.mchid:
            raise NotVerified("it is about another merchant")
        number, payment = resource.get("out_order_no"), resource.get("transaction_id")
        if not (isinstance(number, str) and isinstance(payment, str) and number.endswith(f"-{payment}")):
            raise NotVerified("it names no part of ours")
        return Report(
            key=number.removesuffix(f"-{payment}"),
            receipt=Receipt.ACCEPTED,
            at=at_of(resource.get("success_time"), otherwise=self._clock()),
            reason=f"the part of {payment} was paid",
        )

    async def close(self) -> None:
        await self._wire.close()

    async def _ask(self, transfer: Transfer, transaction_id: str, fen: int) -> tuple[PartReport, bool]:
        """The part, and whether WeChat answered at all."""
        share = {"type": RECEIVER, "account": transfer.account, "amount": fen}
        share["description"] = transfer.remark[:DESCRIPTION_LENGTH_MAX]
        try:
            answer = answer_of(
                await self._pay.profitsharing_order(
                    transaction_id=transaction_id,
                    out_order_no=out_order_no(transfer.key, transaction_id),
                    receivers=[share],
                    unfreeze_unsplit=False,
                )
            )
        except NoAnswer as error:
            return PartReport(transaction_id, fen, Receipt.UNKNOWN, self._clock(), reason=str(error)), False
        return self._read(transfer, transaction_id, fen, answer), True

    async def _part(self, transfer: Transfer, transaction_id: str, fen: int) -> PartReport:
        number = out_order_no(transfer.key, transaction_id)
        try:
            answer = answer_of(
                await self._pay.profitsharing_order_query(transaction_id=transaction_id, out_order_no=number)
            )
        except NoAnswer as error:
            return PartReport(transaction_id, fen, Receipt.UNKNOWN, self._clock(), reason=str(error))
        if answer.status == 404 and answer.body.get("code") in NOT_FOUND:
            receipt = Receipt.UNKNOWN if transfer.asked_at is None else Receipt.ABSENT
            return PartReport(transaction_id, fen, receipt, self._clock(), reason=answer.refusal)
        return self._read(transfer, transaction_id, fen, answer)

    def _read(self, transfer: Transfer, transaction_id: str, fen: int, answer: Answer) -> PartReport:
        """One part's answer, held against what was asked: same payment, same number, our receiver once, same amount."""
        said, now = answer.body, self._clock()
        if answer.status != 200:
            return PartReport(transaction_id, fen, Receipt.UNKNOWN, now, reason=answer.refusal)
        numbers = (said.get("transaction_id"), said.get("out_order_no"))
        same = numbers == (transaction_id, out_order_no(transfer.key, transaction_id))
        if same and said.get("state") == "PROCESSING" and "receivers" not in said:
            return PartReport(transaction_id, fen, Receipt.ACCEPTED, now)
        shares = _shares(said)
        told = [(share.get("account") if transfer.account else "", fen_of(share.get("amount"))) for share in shares]
        if not same or told != [(transfer.account, fen)]:
            log.error("provider_contradicts", key=transfer.key, transaction_id=transaction_id, provider=self.name)
            reason = "the answer contradicts what was asked: another payment, receiver or amount"
            return PartReport(transaction_id, fen, Receipt.UNKNOWN, now, reason=reason)
        share = shares[0]
        receipt = RESULTS.get(str(share.get("result")), Receipt.UNKNOWN)
        reason = str(share.get("fail_reason")) if receipt is Receipt.FAILED else ""
        if receipt is Receipt.UNKNOWN:
            reason = f"WeChat says a result that we do not know: {str(share.get('result'))[:64]!r}"
        at, order_id = at_of(share.get("finish_time"), otherwise=now), said.get("order_id")
        return PartReport(
            transaction_id, fen, receipt, at, order_id if isinstance(order_id, str) else None, reason or None
        )

    def _combined(self, transfer: Transfer, parts: Sequence[PartReport]) -> Report:
        found = {part.receipt for part in parts}
        if found == {Receipt.PAID, Receipt.FAILED}:
            log.error("split_half_paid", key=transfer.key)
        return combined(transfer, parts)

    def _not_asked(self, transaction_id: str, fen: int) -> PartReport:
        return PartReport(transaction_id, fen, Receipt.ABSENT, self._clock())


def _shares(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The receivers that are people: WeChat lists the merchant, too, when the rest is released."""
    receivers = said.get("receivers")
    if not isinstance(receivers, list):
        return []
    return [each for each in receivers if isinstance(each, dict) and each.get("type") == RECEIVER]
