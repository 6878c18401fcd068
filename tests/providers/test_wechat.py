"""Merchant transfer against a server that follows the protocol, and against everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from graph_api.providers import NotVerified, Receipt, Transfer, compared
from graph_api.providers.choice import provider_of
from graph_api.providers.wechat import WechatTransfer
from graph_api.rules.calendar import DAY_US
from graph_api.rules.plan import PayoutProvider
from graph_api.settings import Settings
from tests.providers.conftest import TIMEOUT_SECONDS
from tests.providers.wechat_server import Fault, Inbox, WechatServer

NOW = time.time_ns() // 1000
FIRST = Transfer("P1x1", 5000, "openid-A", "张三", "推广佣金")
ASKED = replace(FIRST, asked_at=NOW)


async def test_the_receiver_confirms_and_is_paid_once(transfers: WechatTransfer, wechat: WechatServer) -> None:
    asked = await transfers.send(FIRST)
    assert (asked.receipt, asked.confirmation) == (Receipt.AWAITING_RECEIPT, "package-P1x1")
    assert wechat.moved_fen == 0
    wechat.confirm(FIRST.key)
    paid = await transfers.query(ASKED)
    assert (paid.receipt, paid.net_fen, paid.account) == (Receipt.PAID, 5000, "openid-A")
    assert paid.reference == asked.reference is not None
    assert abs(paid.at - time.time_ns() // 1000) < 60_000_000


async def test_asking_again_is_the_same_payment(transfers: WechatTransfer, wechat: WechatServer) -> None:
    wechat.books.initial_state = "SUCCESS"
    receipts = [(await transfers.send(each)).receipt for each in (FIRST, ASKED, ASKED, ASKED, ASKED)]
    assert receipts == [Receipt.PAID] * 5
    assert wechat.moved_fen == 5000


@pytest.mark.parametrize(
    ("state", "reason", "receipt"),
    [
        ("ACCEPTED", None, Receipt.ACCEPTED),
        ("PROCESSING", None, Receipt.ACCEPTED),
        ("WAIT_USER_CONFIRM", None, Receipt.AWAITING_RECEIPT),
        ("TRANSFERING", None, Receipt.AWAITING_RECEIPT),
        ("SUCCESS", None, Receipt.PAID),
        ("FAIL", "REAL_NAME_CHECK_FAIL", Receipt.FAILED),
        ("FAIL", "OVERDUE_CLOSE", Receipt.EXPIRED),
        ("FAIL", "MCH_CANCEL", Receipt.EXPIRED),
        ("CANCELING", None, Receipt.ACCEPTED),
        ("CANCELLED", None, Receipt.EXPIRED),
        ("NEW_STATE", None, Receipt.UNKNOWN),
    ],
)
async def test_every_state_of_a_bill(
    transfers: WechatTransfer, wechat: WechatServer, state: str, reason: str | None, receipt: Receipt
) -> None:
    await transfers.send(FIRST)
    wechat.script(Fault("alter", on="query", value={"state": state} | ({"fail_reason": reason} if reason else {})))
    report = await transfers.query(ASKED)
    assert report.receipt is receipt
    assert reason is None or report.reason == reason


@pytest.mark.parametrize(
    "fault",
    [
        Fault("hang"),
        Fault("close"),
        Fault("status", value=(500, "SYSTEM_ERROR")),
        Fault("status", value=(502, "BAD_GATEWAY")),
        Fault("status", value=(429, "FREQUENCY_LIMITED")),
        Fault("status", value=(403, "NO_AUTH")),
        Fault("garbage"),
        Fault("unsigned"),
        Fault("bad_signature"),
        Fault("wrong_serial"),
        Fault("stale"),
        Fault("stale", value=-301),
        Fault("alter", value={"out_bill_no": "P9"}),
        Fault("alter", value={"out_bill_no": None}),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.value}",
)
async def test_an_answer_lost_after_paying_decides_nothing_and_the_payment_is_found(
    transfers: WechatTransfer, wechat: WechatServer, fault: Fault
) -> None:
    wechat.books.initial_state = "SUCCESS"
    wechat.script(replace(fault, on="send"))
    lost = await transfers.send(FIRST)
    assert lost.receipt is Receipt.UNKNOWN
    assert lost.reason
    wechat.script(replace(fault, on="query"))
    assert (await transfers.query(ASKED)).receipt is Receipt.UNKNOWN
    assert (await transfers.query(ASKED)).receipt is Receipt.PAID
    assert (await transfers.send(ASKED)).receipt is Receipt.PAID
    assert wechat.moved_fen == 5000


async def test_a_request_lost_on_the_way_is_absent_and_asked_again_under_its_key(
    transfers: WechatTransfer, wechat: WechatServer
) -> None:
    wechat.script(Fault("close", on="send", after=False))
    assert (await transfers.send(FIRST)).receipt is Receipt.UNKNOWN
    assert (await transfers.query(ASKED)).receipt is Receipt.ABSENT
    assert (await transfers.send(ASKED)).receipt is Receipt.AWAITING_RECEIPT


async def test_not_found_is_no_absence_once_wechat_has_stopped_looking(transfers: WechatTransfer) -> None:
    old = await transfers.query(replace(FIRST, asked_at=NOW - 30 * DAY_US))
    never = await transfers.query(FIRST)
    assert (old.receipt, never.receipt) == (Receipt.UNKNOWN, Receipt.UNKNOWN)
    assert "30 days" in str(old.reason)


async def test_not_found_is_believed_only_when_signed(transfers: WechatTransfer, wechat: WechatServer) -> None:
    wechat.script(Fault("unsigned", on="query"))
    assert (await transfers.query(ASKED)).receipt is Receipt.UNKNOWN


async def test_a_refused_asking_fails_nothing_for_good(transfers: WechatTransfer, wechat: WechatServer) -> None:
    wechat.books.balance_fen = 100
    poor = await transfers.send(FIRST)
    assert (poor.receipt, poor.reason) == (Receipt.UNKNOWN, "NOT_ENOUGH: 资金不足")
    assert (await transfers.query(ASKED)).receipt is Receipt.ABSENT
    wechat.books.balance_fen = 5000
    assert (await transfers.send(ASKED)).receipt is Receipt.AWAITING_RECEIPT


async def test_other_content_under_a_taken_key_is_refused_and_decides_nothing(
    transfers: WechatTransfer, wechat: WechatServer
) -> None:
    await transfers.send(FIRST)
    other = await transfers.send(replace(ASKED, net_fen=6000))
    assert (other.receipt, str(other.reason)[:15]) == (Receipt.UNKNOWN, "INVALID_REQUEST")
    assert (await transfers.query(replace(ASKED, net_fen=6000))).receipt is Receipt.UNKNOWN
    wechat.confirm(FIRST.key)
    assert (await transfers.query(ASKED)).receipt is Receipt.PAID


@pytest.mark.parametrize(
    "changed",
    [
        {"transfer_amount": 4999},
        {"transfer_amount": "5000"},
        {"transfer_amount": None},
        {"out_bill_no": "P2x1"},
        {"openid": "openid-B"},
        {"mch_id": "1900000000"},
    ],
)
async def test_an_answer_that_contradicts_what_was_asked_is_not_believed(
    transfers: WechatTransfer, wechat: WechatServer, changed: dict[str, Any]
) -> None:
    wechat.books.initial_state = "SUCCESS"
    wechat.script(Fault("alter", on="query", value=changed, times=2))
    for report in (await transfers.send(FIRST), await transfers.query(ASKED)):
        assert (report.key, report.receipt) == (FIRST.key, Receipt.UNKNOWN)
        assert report.reason


async def test_wechat_changes_its_mind_and_both_are_reported_as_told(
    transfers: WechatTransfer, wechat: WechatServer
) -> None:
    wechat.books.initial_state = "SUCCESS"
    assert (await transfers.send(FIRST)).receipt is Receipt.PAID
    wechat.script(Fault("alter", on="query", value={"state": "FAIL", "fail_reason": "OTHER_FAIL_REASON_TYPE"}))
    assert (await transfers.query(ASKED)).receipt is Receipt.FAILED
    assert (await transfers.query(ASKED)).receipt is Receipt.PAID


@pytest.mark.parametrize(
    ("fen", "name", "encrypted"), [(29, "张三", False), (30, "张三", True), (200_000, "张三", True)]
)
async def test_the_name_goes_encrypted_from_thirty_fen_on(
    transfers: WechatTransfer, wechat: WechatServer, fen: int, name: str, encrypted: bool
) -> None:
    wechat.books.names["openid-A"] = "李四"
    report = await transfers.send(replace(FIRST, net_fen=fen, name=name))
    assert ("实名" in str(report.reason)) is encrypted
    assert (await transfers.send(replace(ASKED, net_fen=fen, name="李四"))).receipt is Receipt.AWAITING_RECEIPT


@pytest.mark.parametrize(
    "changed",
    [
        {"net_fen": 200_000, "name": None},
        {"net_fen": 0},
        {"key": "P-1"},
        {"key": "P" * 33},
        {"account": ""},
        {"remark": ""},
        {"name": "张" * 64},
    ],
)
async def test_what_wechat_cannot_be_asked_is_not_asked(
    transfers: WechatTransfer, wechat: WechatServer, changed: dict[str, Any]
) -> None:
    assert (await transfers.send(replace(FIRST, **changed))).receipt is Receipt.FAILED
    assert (await transfers.send(replace(ASKED, **changed))).receipt is Receipt.UNKNOWN  # it was asked before, somehow
    assert wechat.calls == []


@pytest.mark.parametrize("key", ["", "../../refund", "P1/cancel", "P1?x=1", "P" * 33])
async def test_a_key_is_never_a_path(transfers: WechatTransfer, wechat: WechatServer, key: str) -> None:
    odd = replace(ASKED, key=key)
    assert (await transfers.query(odd)).receipt is (await transfers.cancel(odd)).receipt is Receipt.UNKNOWN
    assert wechat.calls == []


async def test_a_payment_to_somebody_since_forgotten_can_still_be_queried(
    transfers: WechatTransfer, wechat: WechatServer
) -> None:
    await transfers.send(FIRST)
    wechat.confirm(FIRST.key)
    assert (await transfers.query(replace(ASKED, account="", name=None))).receipt is Receipt.PAID


async def test_a_withdrawal_ends_what_was_not_confirmed_and_nothing_else(
    transfers: WechatTransfer, wechat: WechatServer
) -> None:
    second = replace(ASKED, key="P2x1")
    await transfers.send(FIRST)
    await transfers.send(second)
    assert (await transfers.cancel(ASKED)).receipt is Receipt.EXPIRED
    wechat.confirm(second.key)
    assert (await transfers.cancel(second)).receipt is Receipt.UNKNOWN
    assert (await transfers.query(second)).receipt is Receipt.PAID
    assert wechat.moved_fen == 5000


async def test_a_callback_is_verified_opened_and_may_come_any_number_of_times(
    transfers: WechatTransfer, wechat: WechatServer, notified: Inbox
) -> None:
    await transfers.send(FIRST)
    wechat.confirm(FIRST.key)
    assert await wechat.notify(FIRST.key, times=3) == [204] * 3
    reports = {transfers.verified(headers, body) for headers, body in notified.messages}
    assert len(notified.messages) == 3
    assert {(each.key, each.receipt, each.net_fen) for each in reports} == {(FIRST.key, Receipt.PAID, 5000)}
    assert compared(reports.pop(), FIRST).receipt is Receipt.PAID


async def test_a_callback_of_another_amount_is_genuine_and_not_believed(
    transfers: WechatTransfer, wechat: WechatServer
) -> None:
    await transfers.send(FIRST)
    report = transfers.verified(*wechat.callback(FIRST.key, changed={"state": "SUCCESS", "transfer_amount": 1}))
    assert (compared(report, FIRST).receipt, report.net_fen) == (Receipt.UNKNOWN, 1)


@pytest.mark.parametrize("wrong", ["unsigned", "bad_signature", "wrong_serial", "stale", "garbage"])
async def test_a_callback_that_wechat_did_not_sign_just_now_is_refused(
    transfers: WechatTransfer, wechat: WechatServer, wrong: Any
) -> None:
    await transfers.send(FIRST)
    with pytest.raises(NotVerified):
        transfers.verified(*wechat.callback(FIRST.key, wrong=wrong))


async def test_five_minutes_are_the_age_of_a_callback(transfers: WechatTransfer, wechat: WechatServer) -> None:
    await transfers.send(FIRST)
    for age in (290, -290):
        transfers.verified(*wechat.callback(FIRST.key, age_seconds=age))
    for age in (305, -305):
        with pytest.raises(NotVerified, match="timestamp"):
            transfers.verified(*wechat.callback(FIRST.key, age_seconds=age))


async def test_a_changed_callback_or_heading_is_refused(transfers: WechatTransfer, wechat: WechatServer) -> None:
    await transfers.send(FIRST)
    headers, body = wechat.callback(FIRST.key)
    broken = [(headers, body + b" "), (headers, b"\xff"), (headers, b"")]
    broken += [({**headers, "wechatpay-timestamp": each}, body) for each in ("", "soon", "-1", "1" * 13, "١٢")]
    broken += [({**headers, "wechatpay-signature": each}, body) for each in ("", "ü", "AAAA", "WECHATPAY/SIGNTEST/x")]
    broken += [({**headers, "wechatpay-signature-type": "SM2"}, body), ({}, body)]
    for each in broken:
        with pytest.raises(NotVerified):
            transfers.verified(*each)
    upper = {name.title(): value for name, value in headers.items()}
    assert transfers.verified(upper, body).key == FIRST.key


@pytest.mark.parametrize(
    "notice",
    [
        [],
        {},
        {"event_type": "TRANSACTION.SUCCESS", "resource": {}},
        {"event_type": "MCHTRANSFER.BILL.FINISHED"},
        {"event_type": "MCHTRANSFER.BILL.FINISHED", "resource": {"algorithm": "AEAD_SM4_GCM"}},
        {"event_type": "MCHTRANSFER.BILL.FINISHED", "resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "x"}},
        {
            "event_type": "MCHTRANSFER.BILL.FINISHED",
            "resource": {"algorithm": "AEAD_AES_256_GCM", "nonce": "x", "ciphertext": "?"},
        },
    ],
    ids=json.dumps,
)
async def test_a_signed_callback_of_another_shape_is_refused(
    transfers: WechatTransfer, wechat: WechatServer, notice: Any
) -> None:
    body = json.dumps(notice).encode()
    with pytest.raises(NotVerified):
        transfers.verified(wechat.keys.signed(body), body)


@pytest.mark.parametrize(
    "changed", [{"out_bill_no": None}, {"transfer_amount": None}, {"transfer_amount": 1.5}, {"mch_id": "1900000000"}]
)
async def test_a_callback_about_nobodys_bill_is_refused(
    transfers: WechatTransfer, wechat: WechatServer, changed: dict[str, Any]
) -> None:
    await transfers.send(FIRST)
    with pytest.raises(NotVerified):
        transfers.verified(*wechat.callback(FIRST.key, changed=changed))


async def test_nobody_at_the_other_end_decides_nothing(wechat: WechatServer) -> None:
    settings = Settings(**{**wechat.settings, "wechat_gateway": "http://127.0.0.1:1"})
    nobody = provider_of(settings, PayoutProvider.WECHAT_TRANSFER)
    assert (await nobody.send(FIRST)).receipt is Receipt.UNKNOWN
    assert (await nobody.query(ASKED)).receipt is Receipt.UNKNOWN
    await nobody.close()


async def test_a_late_answer_is_as_good_as_a_quick_one_until_the_time_is_up(
    transfers: WechatTransfer, wechat: WechatServer
) -> None:
    wechat.script(
        Fault("late", on="send", value=TIMEOUT_SECONDS / 10), Fault("late", on="query", value=TIMEOUT_SECONDS * 2)
    )
    assert (await transfers.send(FIRST)).receipt is Receipt.AWAITING_RECEIPT
    assert (await transfers.query(ASKED)).receipt is Receipt.UNKNOWN
    assert (await transfers.query(ASKED)).receipt is Receipt.AWAITING_RECEIPT


async def test_many_at_once_are_paid_once_each(transfers: WechatTransfer, wechat: WechatServer) -> None:
    wechat.books.initial_state = "SUCCESS"
    asked = [replace(FIRST, key=f"P{index % 5}") for index in range(25)]
    reports = await asyncio.gather(*(transfers.send(each) for each in asked))
    assert {report.receipt for report in reports} <= {Receipt.PAID, Receipt.UNKNOWN}
    assert sorted(wechat.books.moved) == [(f"P{index}", 5000) for index in range(5)]


async def test_a_request_that_is_not_signed_as_the_merchant_gets_nowhere(wechat: WechatServer) -> None:
    settings = Settings(**{**wechat.settings, "wechat_cert_serial": "0" * 40})
    stranger = provider_of(settings, PayoutProvider.WECHAT_TRANSFER)
    report = await stranger.send(FIRST)
    assert (report.receipt, str(report.reason)[:10]) == (Receipt.UNKNOWN, "SIGN_ERROR")
    await stranger.close()
