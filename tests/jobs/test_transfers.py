"""Approved payouts reach WeChat once, whatever is lost on the way."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from graph_api.actions import locks, plans, sending
from graph_api.actions.payments import attach
from graph_api.app import create_app
from graph_api.callbacks import BODY_BYTES_MAX, PATH
from graph_api.errors import Conflict, Invalid, NotFound
from graph_api.jobs.transfers import transfer
from graph_api.providers import system_clock
from graph_api.providers.choice import ProviderNotConfigured, sending_providers
from graph_api.rules.calendar import HOUR_US
from graph_api.rules.plan import PayoutProvider
from graph_api.servers import Servers
from graph_api.settings import Settings
from tests.actions.shop import JOINED, NOW, Shop
from tests.conftest import SECRET
from tests.providers.wechat_server import Fault, WechatServer

KIND = PayoutProvider.WECHAT_TRANSFER


@dataclass
class Desk:
    """Finance's desk: a shop whose payouts go through WeChat, and a clock that can be moved ahead."""

    shop: Shop
    wechat: WechatServer
    settings: Settings
    ahead_us: int = 0

    def clock(self) -> int:
        return system_clock() + self.ahead_us

    async def round(self, *, later_us: int = HOUR_US) -> dict[str, int]:
        """One round of the job, an hour later unless told."""
        self.ahead_us += later_us
        providers = sending_providers(self.settings)
        try:
            return await transfer(self.shop.store, self.shop.pii, providers, clock=self.clock)
        finally:
            for provider in providers.values():
                await provider.close()

    async def approved(self, fen: int = 100_000) -> dict[str, Any]:
        """D's payout for one order, approved; those of the uplines are left as they are."""
        await self.shop.sell("o", fen)
        await self.shop.deliver("o")
        await self.shop.settle()
        (payout,) = await self.shop.of("D")
        moved = await self.shop.approve(payout["id"])
        assert moved.errors == []
        return await self.shop.payout(payout["id"])


@pytest_asyncio.fixture
async def desk(shop: Shop, wechat: WechatServer, wechat_settings: Settings) -> Desk:
    given = {"version": "wechat", "starts_at": JOINED, "payout_provider": KIND}
    await plans.publish(shop.store, given, actor="test", now=NOW)
    return Desk(shop, wechat, wechat_settings)


async def test_a_payout_is_sent_confirmed_and_paid(desk: Desk) -> None:
    payout = await desk.approved()
    assert await desk.round(later_us=0) == {"AWAITING_RECEIPT": 1}
    sent = await desk.shop.payout(payout["id"])
    assert (sent["status"], sent["confirmation"]) == ("AWAITING_RECEIPT", f"package-{payout['key']}")
    assert sent["account_id"].startswith("PAYOUT_ACCOUNT:")
    assert "provider_reference" in sent
    assert await desk.round() == {"AWAITING_RECEIPT": 1}
    desk.wechat.confirm(payout["key"])
    assert await desk.round() == {"PAID": 1}
    paid = await desk.shop.payout(payout["id"])
    assert (paid["status"], "confirmation" in paid, "next_ask_at" in paid) == ("PAID", False, False)
    assert desk.wechat.books.moved == [(payout["key"], payout["net_fen"])]
    assert await desk.round() == {}
    assert desk.wechat.asked("send") == 1
    assert (await desk.shop.balance()).paid_fen == 20_000
    await desk.shop.check()


async def test_questions_become_rarer_with_time(desk: Desk) -> None:
    payout = await desk.approved()
    await desk.round(later_us=0)
    asked = desk.wechat.asked("query")
    for _ in range(5):
        await desk.round(later_us=0)
    assert desk.wechat.asked("query") == asked
    await desk.round(later_us=11_000_000)
    assert desk.wechat.asked("query") == asked + 1
    await desk.round(later_us=200 * HOUR_US)
    waits = (await desk.shop.payout(payout["id"]))["next_ask_at"] - desk.clock()
    assert HOUR_US - 5_000_000 < waits <= HOUR_US


@pytest.mark.parametrize("kind", ["hang", "close", "unsigned"])
async def test_an_answer_that_is_lost_after_paying_pays_once(desk: Desk, kind: Any) -> None:
    desk.wechat.books.initial_state = "SUCCESS"
    payout = await desk.approved()
    desk.wechat.script(Fault(kind, on="send", after=True))
    assert await desk.round(later_us=0) == {"UNKNOWN": 1}
    lost = await desk.shop.payout(payout["id"])
    assert (lost["status"], bool(lost["note"])) == ("SENT", True)
    assert await desk.round() == {"PAID": 1}
    assert desk.wechat.books.moved == [(payout["key"], payout["net_fen"])]
    assert desk.wechat.asked("send") == 1
    await desk.shop.check()


async def test_a_request_that_never_arrived_is_sent_again_under_its_key(desk: Desk) -> None:
    payout = await desk.approved()
    desk.wechat.script(Fault("close", on="send", after=False))
    assert await desk.round(later_us=0) == {"UNKNOWN": 1}
    assert await desk.round() == {"AWAITING_RECEIPT": 1}
    assert [name for call, name in desk.wechat.calls if call == "send"] == [payout["key"]] * 2


async def test_a_process_killed_between_claiming_and_sending_loses_nothing(desk: Desk) -> None:
    payout = await desk.approved()
    store, pii = desk.shop.store, desk.shop.pii
    (claimed,) = await sending.claim(store, pii, KIND, first=9, now=desk.clock())
    assert (claimed.id, claimed.transfer.asked_at) == (payout["id"], None)
    assert await desk.round(later_us=0) == {}
    assert await desk.round() == {"AWAITING_RECEIPT": 1}
    desk.wechat.confirm(payout["key"])
    assert await desk.round() == {"PAID": 1}
    assert desk.wechat.moved_fen == payout["net_fen"]


async def test_two_rounds_at_once_pay_once(desk: Desk) -> None:
    desk.wechat.books.initial_state = "SUCCESS"
    payout = await desk.approved()
    heard = await asyncio.gather(*(desk.round(later_us=0) for _ in range(4)))
    assert sum((each.get("PAID", 0) for each in heard), 0) == 1
    assert desk.wechat.books.moved == [(payout["key"], payout["net_fen"])]


async def test_a_failed_payout_returns_its_entries_and_the_next_has_another_key(desk: Desk) -> None:
    payout = await desk.approved()
    await desk.round(later_us=0)
    desk.wechat.fail(payout["key"])
    assert await desk.round() == {"FAILED": 1}
    failed = await desk.shop.payout(payout["id"])
    assert (failed["status"], failed["reason"]) == ("FAILED", "REAL_NAME_CHECK_FAIL")
    assert (await desk.shop.balance()).released_fen == 20_000
    await desk.shop.settle()
    first, second = await desk.shop.of("D")
    assert (second["status"], second["gross_fen"]) == ("CREATED", first["gross_fen"])
    assert second["key"] != first["key"]
    await desk.shop.check()


async def test_nothing_is_sent_to_a_locked_promoter_until_it_is_unlocked(desk: Desk) -> None:
    await desk.approved()
    store = desk.shop.store
    await locks.lock(store, code="D", reason="looks odd", actor="risk", now=NOW)
    assert await desk.round() == {}
    await locks.unlock(store, code="D", reason="is fine", actor="risk", now=NOW)
    assert await desk.round() == {"AWAITING_RECEIPT": 1}


async def test_a_payout_that_is_all_tax_has_arrived_without_being_sent(desk: Desk) -> None:
    payout = await desk.approved()
    await desk.shop.query("MATCH (x:Payout {id: $id}) SET x.net_fen = 0", id=payout["id"])
    assert await desk.round() == {}
    assert (await desk.shop.payout(payout["id"]))["status"] == "PAID"
    assert desk.wechat.calls == []


async def test_an_account_that_cannot_be_opened_waits_and_is_told(desk: Desk) -> None:
    payout = await desk.approved()
    await desk.shop.query("MATCH (i:Identifier {kind: 'PAYOUT_ACCOUNT'}) SET i.sealed = 's1.AAAA'")
    assert await desk.round() == {}
    waits = await desk.shop.payout(payout["id"])
    assert (waits["status"], waits["note"][:9]) == ("APPROVED", "not sent:")


async def test_what_was_sent_to_an_account_that_cannot_be_opened_any_more_is_asked_about_by_its_key(desk: Desk) -> None:
    payout = await desk.approved()
    await desk.round(later_us=0)
    await desk.shop.query("MATCH (i:Identifier {kind: 'PAYOUT_ACCOUNT'}) SET i.sealed = 's1.AAAA'")
    desk.wechat.confirm(payout["key"])
    assert await desk.round() == {"PAID": 1}
    assert desk.wechat.asked("send") == 1


async def shared(desk: Desk, payments: dict[str, str]) -> dict[str, Any]:
    """D's approved payout for two orders of 100,000 fen under a plan of profit sharing; `payments`: by order."""
    given = {
        "version": "split",
        "starts_at": JOINED + 1,
        "payout_provider": PayoutProvider.WECHAT_SPLIT,
        "tier_bp": 200,
    }
    await plans.publish(desk.shop.store, given, actor="test", now=NOW)
    for number in ("o1", "o2"):
        await desk.shop.sell(number, 100_000)
        await desk.shop.deliver(number)
    for number, payment in payments.items():
        desk.wechat.books.payments[payment] = 100_000
        await attach(desk.shop.store, number=number, transaction_id=payment, actor="test", now=NOW)
    await desk.shop.settle()
    (payout,) = await desk.shop.of("D")
    assert (await desk.shop.approve(payout["id"])).errors == []
    return await desk.shop.payout(payout["id"])


async def test_profit_sharing_takes_a_payout_from_the_payments_that_yielded_it(desk: Desk) -> None:
    payout = await shared(desk, {"o1": "4200000001", "o2": "4200000002"})
    desk.wechat.script(Fault("close", on="split", after=True))
    assert await desk.round(later_us=0) == {"UNKNOWN": 1}
    assert await desk.round() == {"PAID": 1}
    paid = await desk.shop.payout(payout["id"])
    assert (paid["status"], paid["provider"], paid["part_fens"]) == ("PAID", "WECHAT_SPLIT", [20_000, 20_000])
    moved = {f"{payout['key']}-4200000001": 20_000, f"{payout['key']}-4200000002": 20_000}
    assert sorted(desk.wechat.books.moved) == sorted(moved.items())
    await desk.shop.check()


async def test_what_payments_cannot_carry_goes_by_merchant_transfer(desk: Desk) -> None:
    payout = await shared(desk, {"o1": "4200000001"})
    assert await desk.round(later_us=0) == {}
    assert await desk.round(later_us=0) == {"AWAITING_RECEIPT": 1}
    sent = await desk.shop.payout(payout["id"])
    assert (sent["provider"], "part_fens" in sent) == ("WECHAT_TRANSFER", False)
    assert desk.wechat.asked("split") == 0


async def test_a_payment_is_named_once(desk: Desk) -> None:
    await desk.shop.sell("o", 100_000)
    store = desk.shop.store
    for _ in range(2):
        await attach(store, number="o", transaction_id="4200", actor="test", now=NOW)
    with pytest.raises(Conflict):
        await attach(store, number="o", transaction_id="4201", actor="test", now=NOW)
    with pytest.raises(NotFound):
        await attach(store, number="none", transaction_id="4201", actor="test", now=NOW)
    with pytest.raises(Invalid):
        await attach(store, number="o", transaction_id="../x", actor="test", now=NOW)


def test_a_half_configured_provider_is_not_started() -> None:
    assert sending_providers(Settings(wechat_mchid=None)) == {}
    with pytest.raises(ProviderNotConfigured, match="PROMOGRAPH_WECHAT_APPID"):
        sending_providers(Settings(wechat_mchid="1900000000"))


@pytest_asyncio.fixture
async def door(desk: Desk, servers: Servers, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """The service's address for callbacks."""
    given = desk.settings.model_copy(update={"data_dir": settings.data_dir, "secret_key": SecretStr(SECRET)})
    app = create_app(given, servers=dataclasses.replace(servers, redis_url=None))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://promograph") as client,
    ):
        yield client


async def test_paid_after_a_timeout_then_told_five_times_then_a_late_failure_is_one_payment(
    desk: Desk, door: httpx.AsyncClient
) -> None:
    desk.wechat.books.initial_state = "SUCCESS"
    payout = await desk.approved()
    desk.wechat.script(Fault("close", on="send", after=True))
    await desk.round(later_us=0)
    messages = [desk.wechat.callback(payout["key"]) for _ in range(5)]
    posts = [door.post(PATH, headers=headers, content=body) for headers, body in messages]
    assert [answer.status_code for answer in await asyncio.gather(*posts)] == [200] * 5
    assert (await desk.shop.payout(payout["id"]))["status"] == "PAID"
    headers, body = desk.wechat.callback(payout["key"], changed={"state": "FAIL", "fail_reason": "ACCOUNT_FROZEN"})
    assert (await door.post(PATH, headers=headers, content=body)).status_code == 200
    kept = await desk.shop.payout(payout["id"])
    assert kept["status"] == "PAID"
    assert kept["contradiction"] == "WECHAT_TRANSFER says FAILED of a payout that is PAID"
    assert await desk.round() == {}
    assert desk.wechat.books.moved == [(payout["key"], payout["net_fen"])]
    assert (await desk.shop.balance()).paid_fen == 20_000
    await desk.shop.check()


@pytest.mark.parametrize("wrong", ["unsigned", "bad_signature", "wrong_serial", "stale", "garbage"])
async def test_a_callback_that_is_not_genuine_changes_nothing(desk: Desk, door: httpx.AsyncClient, wrong: Any) -> None:
    desk.wechat.books.initial_state = "SUCCESS"
    payout = await desk.approved()
    desk.wechat.script(Fault("close", on="send", after=True))
    await desk.round(later_us=0)
    headers, body = desk.wechat.callback(payout["key"], wrong=wrong)
    answer = await door.post(PATH, headers=headers, content=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "FAIL")
    assert (await desk.shop.payout(payout["id"]))["status"] == "SENT"


async def test_a_callback_with_another_amount_is_kept_for_people(desk: Desk, door: httpx.AsyncClient) -> None:
    desk.wechat.books.initial_state = "SUCCESS"
    payout = await desk.approved()
    desk.wechat.script(Fault("close", on="send", after=True))
    await desk.round(later_us=0)
    headers, body = desk.wechat.callback(payout["key"], changed={"transfer_amount": 1})
    assert (await door.post(PATH, headers=headers, content=body)).status_code == 200
    kept = await desk.shop.payout(payout["id"])
    assert kept["status"] == "SENT"
    assert "1 fen instead of" in kept["note"]


async def test_junk_at_the_callback_door_is_refused(door: httpx.AsyncClient) -> None:
    assert (await door.post(PATH, content=b"")).status_code == 401
    assert (await door.post(PATH, content=b"\xff" * 100)).status_code == 401
    assert (await door.post(PATH, content=b"x" * (BODY_BYTES_MAX + 1))).status_code == 413
    assert (await door.get(PATH)).status_code == 405


async def test_a_genuine_callback_about_somebody_elses_payment_is_taken_and_changes_nothing(
    desk: Desk, door: httpx.AsyncClient
) -> None:
    payout = await desk.approved()
    await desk.round(later_us=0)
    desk.wechat.confirm(payout["key"])
    headers, body = desk.wechat.callback(payout["key"], changed={"out_bill_no": "another"})
    assert (await door.post(PATH, headers=headers, content=body)).status_code == 200
    assert (await desk.shop.payout(payout["id"]))["status"] == "AWAITING_RECEIPT"
