"""Profit sharing: a transfer of several parts, each of which may go its own way."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from graph_api.providers import NotVerified, Receipt, Transfer
from graph_api.providers.split import WechatSplit
from tests.providers.wechat_server import Fault, WechatServer

NOW = time.time_ns() // 1000
FIRST = Transfer("P1x1", 600, "openid-A", None, "推广佣金", parts=(("4201", 100), ("4202", 200), ("4203", 300)))
ASKED = replace(FIRST, asked_at=NOW)


@pytest.fixture(autouse=True)
def payments(wechat: WechatServer) -> None:
    wechat.books.payments = {"4201": 1000, "4202": 1000, "4203": 1000}


async def test_a_transfer_is_paid_when_all_its_parts_are(splits: WechatSplit, wechat: WechatServer) -> None:
    report = await splits.send(FIRST)
    assert (report.receipt, report.net_fen) == (Receipt.PAID, 600)
    assert sorted(wechat.books.moved) == [("P1x1-4201", 100), ("P1x1-4202", 200), ("P1x1-4203", 300)]
    again = [(await splits.send(ASKED)).receipt, (await splits.query(ASKED)).receipt]
    assert (again, wechat.moved_fen) == ([Receipt.PAID] * 2, 600)


async def test_sharing_takes_its_time(splits: WechatSplit, wechat: WechatServer) -> None:
    wechat.books.share_result = "PENDING"
    assert (await splits.send(FIRST)).receipt is Receipt.ACCEPTED
    wechat.books.finish_share("P1x1-4201")
    wechat.books.finish_share("P1x1-4202")
    part = await splits.query(ASKED)
    assert (part.receipt, part.reason) == (Receipt.ACCEPTED, "300 of 600 fen are paid")
    wechat.books.finish_share("P1x1-4203")
    assert (await splits.query(ASKED)).receipt is Receipt.PAID


async def test_failed_only_if_no_part_was_paid(splits: WechatSplit, wechat: WechatServer) -> None:
    wechat.books.share_result = "CLOSED"
    failed = await splits.send(FIRST)
    assert failed.receipt is Receipt.FAILED
    assert "ACCOUNT_ABNORMAL" in str(failed.reason)
    second = replace(FIRST, key="P2x1")
    wechat.books.share_result = "PENDING"
    await splits.send(second)
    wechat.books.finish_share("P2x1-4201", "SUCCESS")
    wechat.books.finish_share("P2x1-4202", "CLOSED", "RECEIVER_HIGH_RISK")
    assert (await splits.query(replace(second, asked_at=NOW))).receipt is Receipt.ACCEPTED
    wechat.books.finish_share("P2x1-4203", "SUCCESS")
    half = await splits.query(replace(second, asked_at=NOW))
    assert half.receipt is Receipt.UNKNOWN
    assert half.reason == "400 of 600 fen were paid, 4202 was closed: RECEIVER_HIGH_RISK"


@pytest.mark.parametrize("fault", ["hang", "close", "unsigned", "bad_signature", "wrong_serial", "stale", "garbage"])
async def test_a_lost_answer_stops_the_asking_and_the_rest_is_asked_under_the_same_key(
    splits: WechatSplit, wechat: WechatServer, fault: Any
) -> None:
    wechat.script(Fault(fault, on="split", key="P1x1-4202"))
    lost = await splits.send(FIRST)
    assert (lost.receipt, wechat.asked("split")) == (Receipt.UNKNOWN, 2)
    part = await splits.query(ASKED)
    assert part.receipt is Receipt.ABSENT
    assert part.reason == "1 of 3 parts were not asked for yet"
    assert (await splits.send(ASKED)).receipt is Receipt.PAID
    assert wechat.moved_fen == 600


async def test_nothing_asked_is_absent(splits: WechatSplit, wechat: WechatServer) -> None:
    assert (await splits.query(ASKED)).receipt is Receipt.ABSENT
    assert (await splits.query(FIRST)).receipt is Receipt.UNKNOWN
    wechat.script(Fault("status", on="receiver", value=(500, "SYSTEM_ERROR"), times=2))
    assert (await splits.send(FIRST)).receipt is Receipt.ABSENT  # no money was asked for
    assert (await splits.send(ASKED)).receipt is Receipt.UNKNOWN
    assert wechat.asked("split") == 0


@pytest.mark.parametrize(
    ("transaction_id", "fen", "code"),
    [("4299", 100, "INVALID_REQUEST"), ("4201", 301, "RULE_LIMIT"), ("4201", 1001, "NOT_ENOUGH")],
)
async def test_a_refused_part_fails_nothing_for_good(
    splits: WechatSplit, wechat: WechatServer, transaction_id: str, fen: int, code: str
) -> None:
    report = await splits.send(replace(FIRST, net_fen=fen, parts=((transaction_id, fen),)))
    assert report.receipt is Receipt.UNKNOWN
    assert str(report.reason).startswith(f"{transaction_id}: {code}")


@pytest.mark.parametrize(
    "changed",
    [
        {"transaction_id": "4209"},
        {"out_order_no": "P9x1-4202"},
        {"receivers": []},
        {"receivers": [{"type": "PERSONAL_OPENID", "account": "openid-A", "amount": 201, "result": "SUCCESS"}]},
        {"receivers": [{"type": "PERSONAL_OPENID", "account": "openid-B", "amount": 200, "result": "SUCCESS"}]},
        {"receivers": [{"type": "PERSONAL_OPENID", "account": "openid-A", "amount": 200, "result": "SUCCESS"}] * 2},
        {"receivers": [{"type": "PERSONAL_OPENID", "account": "openid-A", "amount": 200, "result": "NEW"}]},
        {"receivers": [{"type": "MERCHANT_ID", "account": "openid-A", "amount": 200, "result": "SUCCESS"}]},
        {"receivers": "none"},
    ],
)
async def test_a_part_that_contradicts_what_was_asked_is_not_believed(
    splits: WechatSplit, wechat: WechatServer, changed: dict[str, Any]
) -> None:
    wechat.script(Fault("alter", on="split", key="P1x1-4202", value=changed))
    wechat.script(Fault("alter", on="split_query", key="P1x1-4202", value=changed))
    assert (await splits.send(FIRST)).receipt is Receipt.UNKNOWN
    assert (await splits.query(ASKED)).receipt is Receipt.UNKNOWN
    assert (await splits.query(ASKED)).receipt is Receipt.PAID


async def test_the_merchants_own_rest_is_not_a_share(splits: WechatSplit, wechat: WechatServer) -> None:
    await splits.send(FIRST)
    share = {"type": "PERSONAL_OPENID", "account": "openid-A", "amount": 200, "result": "SUCCESS"}
    rest = {"type": "MERCHANT_ID", "account": wechat.keys.mchid, "amount": 800, "result": "SUCCESS"}
    wechat.script(Fault("alter", on="split_query", key="P1x1-4202", value={"receivers": [rest, share]}))
    assert (await splits.query(ASKED)).receipt is Receipt.PAID


@pytest.mark.parametrize(
    "changed",
    [
        {"parts": ()},
        {"parts": (("4201", 300), ("4201", 300))},
        {"parts": (("4201", 599),)},
        {"parts": (("4201", 0), ("4202", 600))},
        {"parts": (("4201", -1), ("4202", 601))},
        {"parts": (("42-01", 600),)},
        {"parts": (("4" * 60, 600),)},
        {"key": "P-1"},
    ],
)
async def test_what_cannot_be_shared_is_not_asked_for(
    splits: WechatSplit, wechat: WechatServer, changed: dict[str, Any]
) -> None:
    assert (await splits.send(replace(FIRST, **changed))).receipt is Receipt.FAILED
    assert (await splits.send(replace(ASKED, **changed))).receipt is Receipt.UNKNOWN
    assert (await splits.query(replace(ASKED, **changed))).receipt is Receipt.UNKNOWN
    assert wechat.calls == []


async def test_a_share_of_somebody_since_forgotten_can_still_be_queried(splits: WechatSplit) -> None:
    await splits.send(FIRST)
    assert (await splits.query(replace(ASKED, account=""))).receipt is Receipt.PAID


async def test_a_callback_names_the_transfer_to_look_at(splits: WechatSplit, wechat: WechatServer) -> None:
    await splits.send(FIRST)
    report = splits.verified(*wechat.split_callback("P1x1-4202"))
    assert (report.key, report.receipt, report.net_fen) == ("P1x1", Receipt.ACCEPTED, None)
    for wrong in ("bad_signature", "wrong_serial", "stale"):
        with pytest.raises(NotVerified):
            splits.verified(*wechat.split_callback("P1x1-4202", wrong=wrong))


async def test_what_is_left_goes_back_to_the_merchant(splits: WechatSplit, wechat: WechatServer) -> None:
    await splits.send(FIRST)
    wechat.script(Fault("hang", on="unfreeze"), Fault("alter", on="unfreeze", value={"transaction_id": "4209"}))
    receipts = [(await splits.unfreeze(transaction_id="4201", key="R1")).receipt for _ in range(3)]
    assert receipts == [Receipt.UNKNOWN, Receipt.UNKNOWN, Receipt.PAID]
    assert wechat.books.unfrozen == {"4201"}
    assert (await splits.unfreeze(transaction_id="4299", key="R1")).receipt is Receipt.UNKNOWN
