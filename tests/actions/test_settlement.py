"""From sale to money: release, due dates, payouts, tax, debts, locks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cypher.store import Transaction
from graph_api.actions import contracts, identifiers, ledger, locks, months, promoters, settlement
from graph_api.actions.payouts import Move, move_told
from graph_api.batched.rows import Balance
from graph_api.errors import NotFound, WrongState
from graph_api.rules.calendar import DAY_US, instant
from graph_api.rules.payout import PayoutStatus
from graph_api.rules.settlement import presumed
from tests.actions.shop import DUE, NOW, PAID, RELEASED, Shop


async def test_money_goes_from_observation_to_the_promoter(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    assert await shop.balance() == Balance(20_000, 0, 0, 0, 0, 0)
    assert (await shop.settle(RELEASED)).released == 0
    await shop.deliver("o")
    before = await shop.settle(RELEASED - 1)
    assert (before.released, before.payout_ids) == (0, [])
    released = await shop.settle(RELEASED)
    assert (released.released, released.payout_ids) == (3, [])
    assert await shop.balance() == Balance(0, 0, 20_000, 0, 0, 0)
    assert (await shop.settle(DUE - 1)).payout_ids == []
    settled = await shop.settle(DUE)
    assert len(settled.payout_ids) == 3
    assert (await shop.settle(DUE)).payout_ids == []
    (payout,) = await shop.of("D")
    assert (payout["gross_fen"], payout["tax_fen"], payout["net_fen"]) == (20_000, 0, 20_000)
    assert payout["due_at"] == DUE
    assert await shop.balance() == Balance(0, 0, 20_000, 0, 0, 0)
    moved = await shop.approve(payout["id"])
    assert (moved.ids, moved.errors) == ([payout["id"]], [])
    assert await shop.balance() == Balance(0, 0, 0, 20_000, 0, 0)
    await shop.confirm(payout["id"])
    assert await shop.balance() == Balance(0, 0, 0, 0, 20_000, 0)
    assert (await shop.approve(payout["id"])).errors == []
    assert (await shop.confirm(payout["id"])).errors == []
    assert [e.code for e in (await shop.fail(payout["id"])).errors] == ["WRONG_STATE"]
    assert [e.code for e in (await shop.confirm(payout["id"], at=DUE + 1)).errors] == ["CONFLICT"]
    await shop.check()


@pytest.mark.parametrize("lacking", ["contract", "account"])
async def test_without_contract_or_account_entries_stay_released(shop: Shop, lacking: str) -> None:
    if lacking == "contract":
        await contracts.publish(shop.store, version="v2", title="新协议", body="新", actor="test", now=NOW)
    else:
        await shop.query("MATCH (:Person {code: 'D'})-[r:IDENTIFIED_BY]->() DELETE r")
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    settled = await shop.settle()
    assert len(settled.payout_ids) == (0 if lacking == "contract" else 2)
    assert await shop.balance() == Balance(0, 0, 20_000, 0, 0, 0)
    if lacking == "contract":
        await contracts.accept(shop.store, code="D", version="current", actor="test", now=NOW)
    else:
        again = [identifiers.Identification("D", "PAYOUT_ACCOUNT", "bank-new")]
        await identifiers.link(shop.store, shop.pii, again, actor="test", now=NOW)
    assert len((await shop.settle()).payout_ids) == 1
    await shop.check()


async def test_a_contract_that_was_replaced_is_accepted_no_more(shop: Shop) -> None:
    await contracts.publish(shop.store, version="v2", title="新协议", body="新", actor="test", now=NOW)
    await contracts.accept(shop.store, code="D", version="v2", actor="test", now=NOW)
    await contracts.accept(shop.store, code="D", version="current", actor="test", now=NOW)
    with pytest.raises(WrongState, match="replaced by v2"):
        await contracts.accept(shop.store, code="D", version="v1", actor="test", now=NOW)
    with pytest.raises(NotFound):
        await contracts.accept(shop.store, code="D", version="v3", actor="test", now=NOW)
    (row,) = await shop.query("MATCH (p:Promoter {code: 'D'}) RETURN p.contract_version AS version")
    assert row["version"] == "v2"


async def test_a_refund_before_release_lowers_the_pending_entries(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.refund("o", 50_000)
    assert await shop.balance() == Balance(10_000, 0, 0, 0, 0, 0)
    await shop.deliver("o")
    await shop.settle()
    assert [payout["gross_fen"] for payout in await shop.of()] == [10_000]
    await shop.check()


async def test_a_refund_before_approval_lowers_the_payout_or_ends_it(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    await shop.settle()
    await shop.refund("o", 50_000, "half")
    assert [(x["status"], x["gross_fen"], x["net_fen"]) for x in await shop.of()] == [("CREATED", 10_000, 10_000)]
    await shop.refund("o", 50_000, "rest")
    (payout,) = await shop.of()
    assert (payout["status"], payout["gross_fen"]) == ("EXPIRED", 0)
    assert await shop.balance() == Balance(0, 0, 0, 0, 0, 0)
    assert [e.code for e in (await shop.approve(payout["id"])).errors] == ["WRONG_STATE"]
    assert (await shop.settle()).payout_ids == []
    await shop.check()


async def test_a_refund_after_approval_is_debt_that_the_next_payout_nets(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    await shop.settle()
    (payout,) = await shop.of()
    await shop.approve(payout["id"])
    await shop.refund("o", 100_000)
    balance = await shop.balance()
    assert (balance.on_the_way_fen, balance.owed_fen) == (20_000, 20_000)
    await shop.confirm(payout["id"])
    assert (await shop.balance()).owed_fen == 20_000
    assert (await shop.settle(DUE + 1)).payout_ids == []
    await shop.sell("o2", 150_000)
    await shop.deliver("o2")
    await shop.settle(DUE + 2)
    assert [x["gross_fen"] for x in await shop.of()] == [20_000, 10_000]
    assert (await shop.balance()).owed_fen == 0
    await shop.check()


async def test_a_failed_payout_returns_its_entries_for_a_fresh_attempt(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    await shop.settle()
    (first,) = await shop.of()
    await shop.approve(first["id"])
    await shop.fail(first["id"])
    await shop.check()
    assert await shop.balance() == Balance(0, 0, 20_000, 0, 0, 0)
    assert [e.code for e in (await shop.confirm(first["id"])).errors] == ["WRONG_STATE"]
    await shop.settle()
    _, second = await shop.of()
    assert second["key"] != first["key"]
    await shop.approve(second["id"])
    await shop.confirm(second["id"])
    assert (await shop.balance()).paid_fen == 20_000
    await shop.check()


async def test_tax_is_on_the_months_total(shop: Shop) -> None:
    for number, fen in (("o1", 400_000), ("o2", 400_000)):
        await shop.sell(number, fen)
        await shop.deliver(number)
        await shop.settle(DUE + int(number[1]))
    assert [(x["gross_fen"], x["tax_fen"]) for x in await shop.of()] == [(80_000, 0), (80_000, 16_000)]
    first, second = await shop.of()
    await shop.approve(first["id"])
    await shop.fail(first["id"])
    assert [x["tax_fen"] for x in await shop.of()] == [0, 0]
    await shop.approve(second["id"])
    await shop.settle(DUE + 3)
    assert [x["tax_fen"] for x in await shop.of()] == [0, 0, 16_000]
    await shop.check()


async def test_a_lock_holds_and_release_gives_back_exactly_that_once(shop: Shop) -> None:
    await shop.sell("o1", 100_000)
    await shop.deliver("o1")
    await shop.settle()
    await shop.sell("o2", 200_000)
    await locks.lock(shop.store, code="D", reason="查", actor="RISK", now=NOW)
    assert await shop.balance() == Balance(0, 60_000, 0, 0, 0, 0)
    assert [x["status"] for x in await shop.of()] == ["EXPIRED"]
    await shop.sell("o3", 300_000)
    await shop.deliver("o2")
    assert (await shop.balance()).held_fen == 120_000
    assert [x for x in (await shop.settle()).payout_ids if x == "D"] == []
    await locks.unlock(shop.store, code="D", reason="没事", actor="RISK", now=NOW)
    assert await shop.balance() == Balance(60_000, 0, 60_000, 0, 0, 0)
    await shop.settle()
    assert [(x["status"], x["gross_fen"]) for x in await shop.of()] == [("EXPIRED", 20_000), ("CREATED", 60_000)]
    await locks.unlock(shop.store, code="D", reason="没事", actor="RISK", now=NOW)
    await shop.check()


async def test_what_a_review_voids_is_never_paid_and_never_taken_back(shop: Shop) -> None:
    await shop.sell("o1", 100_000)
    await locks.lock(shop.store, code="D", reason="查", actor="RISK", now=NOW)
    assert await locks.void_held(shop.store, code="D", reason="刷单", actor="RISK", now=NOW) == 20_000
    assert await locks.void_held(shop.store, code="D", reason="刷单", actor="RISK", now=NOW) == 0
    await shop.check()
    await locks.unlock(shop.store, code="D", reason="完", actor="RISK", now=NOW)
    await shop.refund("o1", 40_000, "some")
    await shop.refund("o1", 60_000, "all")
    await shop.deliver("o1")
    await shop.settle()
    assert await shop.balance() == Balance(0, 0, 0, 0, 0, 0)
    await shop.check()


async def test_a_tier_is_released_on_the_16th_and_corrected_ever_after(shop: Shop) -> None:
    await shop.sell("o", 5_000_001)
    await months.close(shop.store, 202603, actor="test", now=NOW)
    assert (await shop.balance()).observing_fen == 1_000_000 + 250_000
    sixteenth = instant("2026-04-16T00:00:00+08:00")
    assert (await shop.settle(sixteenth - 1)).released == 0
    assert (await shop.settle(sixteenth)).released == 1
    due = instant("2026-04-21T00:00:00+08:00")
    await shop.settle(due)
    (payout,) = await shop.of()
    assert payout["gross_fen"] == 250_000
    await shop.approve(payout["id"])
    await shop.refund("o", 1)
    assert (await shop.balance()).owed_fen == 250_000
    await shop.check()


async def test_a_correction_of_what_was_released_to_a_provisional_date_follows_when_the_calendar_is_announced(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.sell("o1", 100_000)
    await shop.deliver("o1")
    await shop.sell("o2", 5_000_001, seller="C")
    await months.close(shop.store, 202603, actor="test", now=NOW)
    with monkeypatch.context() as unannounced:
        unannounced.setattr(settlement, "working", presumed)
        assert (await shop.settle(instant("2026-04-16T00:00:00+08:00"))).released > 0
        await shop.refund("o1", 10_000)
        await shop.refund("o2", 1_000_000)
        await shop.settle(DUE)
    provisional = "MATCH (c:Commission {due_provisional: true}) RETURN count(c) AS count"
    assert await shop.query(provisional) != [{"count": 0}]
    settled = await shop.settle(instant("2026-04-21T00:00:00+08:00"))
    assert settled.set_aside == []
    assert await shop.query(provisional) == [{"count": 0}]
    (payout,) = await shop.of()
    assert payout["gross_fen"] == 20_000 - 2_000
    await shop.check()


@pytest.mark.parametrize("provider", ["WECHAT_TRANSFER", "WECHAT_SPLIT"])
async def test_people_do_not_end_a_payout_that_its_provider_was_asked_to_pay(shop: Shop, provider: str) -> None:
    """It would be paid again under another key while the first can still arrive."""
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    await shop.settle()
    (payout,) = await shop.of()
    await shop.approve(payout["id"])
    await shop.query(
        "MATCH (x:Payout {id: $id}) SET x.provider = $provider, x.status = 'AWAITING_RECEIPT', x.asked_at = $at",
        id=payout["id"],
        provider=provider,
        at=NOW - 30 * DAY_US,
    )
    for told in (shop.fail, shop.confirm):
        assert [(error.code, error.field) for error in (await told(payout["id"])).errors] == [
            ("WRONG_STATE", ["ids", "0"])
        ]
    await shop.query("MATCH (x:Payout) SET x.asked_at = $at", at=NOW - 30 * DAY_US - 1)
    failed = await shop.fail(payout["id"])
    assert bool(failed.errors) == (provider == "WECHAT_SPLIT"), "parts of it may have been paid"
    await shop.check()


async def test_an_order_that_comes_while_a_later_month_is_being_closed_keeps_its_month_open(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete = months.complete_some

    async def meanwhile(*args: Any, **given: Any) -> bool:
        monkeypatch.setattr(months, "complete_some", complete)
        await shop.sell("o", 5_000_001)
        return await complete(*args, **given)

    monkeypatch.setattr(months, "complete_some", meanwhile)
    with pytest.raises(WrongState, match="close 2026-03 first"):
        await months.close(shop.store, 202604, actor="test", now=NOW)
    assert (await months.close(shop.store, 202603, actor="test", now=NOW)).tier_entries == 1
    await months.close(shop.store, 202604, actor="test", now=NOW)
    await shop.check()


async def test_payouts_that_come_back_together_are_posted_each_at_its_own_instant(shop: Shop) -> None:
    for number, seller in (("o1", "D"), ("o2", "C")):
        await shop.sell(number, 100_000, seller=seller)
        await shop.deliver(number)
    await shop.settle()
    (first,), (second,) = await shop.of("D"), await shop.of("C")
    await shop.approve(first["id"], second["id"])
    ends = {first["id"]: DUE + 1, second["id"]: DUE + 2}

    async def back(transaction: Transaction) -> None:
        bodies = [await shop.payout(id) for id in ends]
        moves = [Move(id, PayoutStatus.FAILED, at, "no") for id, at in ends.items()]
        await move_told(transaction, list(zip(bodies, moves, ({}, {}), strict=True)), actor="test")

    await shop.store.write(back, now=NOW)
    posted = await shop.query("MATCH (x:Posting) WHERE x.kind = 'PAYOUT_RETURNED' RETURN x.reference AS of, x.at AS at")
    assert {row["of"]: row["at"] for row in posted} == {f"payout:{id}": at for id, at in ends.items()}
    await shop.check()


async def test_a_poisoned_row_is_set_aside_and_the_rest_is_settled(shop: Shop) -> None:
    for number, seller in (("o1", "D"), ("o2", "C"), ("o3", "B")):
        await shop.sell(number, 100_000, seller=seller)
        await shop.deliver(number)
    await shop.query("MATCH (o:Order {number: 'o2'}) SET o.settlement_days = 'three'")
    await shop.settle(RELEASED)
    await shop.query("MATCH (:Promoter {code: 'B'})-[:EARNED]->(c:Commission {level: 0}) SET c.amount_fen = 'much'")
    settled = await shop.settle()
    assert [(row.subject, row.key) for row in settled.set_aside] == [("ORDER", "o2"), ("PROMOTER", "B")]
    assert sorted([(await shop.payout(id))["promoter_code"] for id in settled.payout_ids]) == ["A", "C", "D"]
    await shop.query("MATCH (o:Order {number: 'o2'}) SET o.settlement_days = 3")
    await shop.query("MATCH (:Promoter {code: 'B'})-[:EARNED]->(c:Commission {level: 0}) SET c.amount_fen = 20000")
    settled = await shop.settle()
    assert settled.set_aside == []
    assert sorted([(await shop.payout(id))["promoter_code"] for id in settled.payout_ids]) == ["A", "B", "C"]
    await shop.check()


async def test_a_ledger_that_was_tampered_with_is_told(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.query("MATCH (x:Posting) SET x.amounts_fen = [26000, -20001, -3000, -3000]")
    assert await ledger.problems(shop.store) == [
        "the ledger sums to -1 fen, 1 postings do not balance",
        "D is owed 20000 fen by entries and payouts, 20001 by the ledger",
    ]
    await shop.query("MATCH (x:Posting) SET x.amounts_fen = [26000, -20000, -3000, -3000]")
    await shop.deliver("o")
    await shop.settle()
    (payout,) = await shop.of()
    await shop.query("MATCH (x:Payout {id: $id}) SET x.gross_fen = 1", id=payout["id"])
    assert await ledger.problems(shop.store) == [f"payout {payout['id']} is not the sum of its entries"]


async def test_two_workers_at_once_pay_once(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    await asyncio.gather(*(shop.settle() for _ in range(8)))
    assert [x["gross_fen"] for x in await shop.of()] == [20_000]
    await shop.check()


async def test_whoever_ends_a_settlement_under_a_key_answers_for_all_that_worked_under_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another copy of the request pays and is killed before it can answer; this one finds nothing left to do."""
    await shop.sell("o", 100_000)
    await shop.deliver("o")

    async def settled() -> settlement.Settled:
        return await settlement.settle(shop.store, DUE, key="monday", actor="test", now=NOW)

    async def killed(*_: object, **__: object) -> None:
        raise ConnectionAbortedError

    with monkeypatch.context() as patched:
        patched.setattr(settlement, "remember", killed)
        with pytest.raises(ConnectionAbortedError):
            await settled()
    done = await settled()
    assert (done.released, len(done.payout_ids)) == (3, 3)
    assert await settled() == done
    nothing = await settlement.settle(shop.store, DUE, key="tuesday", actor="test", now=NOW)
    assert (nothing.released, nothing.payout_ids) == (0, [])


async def test_a_settlement_under_a_key_answers_as_the_first_time(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")

    async def settle(as_of: int) -> settlement.Settled:
        return await settlement.settle(shop.store, as_of, key="monday", actor="test", now=NOW)

    first = await settle(DUE)
    assert (first.released, len(first.payout_ids)) == (3, 3)
    assert await settle(DUE) == first
    with pytest.raises(Exception, match="other content"):
        await settle(DUE + 1)


async def test_moving_after_the_sale_changes_nothing_of_it(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await promoters.move(
        shop.store, promoter_code="D", referrer_code="A", reason="x", at=PAID + 1, key=None, actor="test", now=NOW
    )
    await shop.deliver("o")
    await shop.settle()
    assert [[x["gross_fen"] for x in await shop.of(code)] for code in "ABCD"] == [[], [3_000], [3_000], [20_000]]
    await shop.refund("o", 100_000)
    assert [[x["status"] for x in await shop.of(code)] for code in "BCD"] == [["EXPIRED"]] * 3
    await shop.check()
