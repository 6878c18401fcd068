"""Fifty copies of one request at once, at two instances of the service, are one effect; and nobody is paid twice.

MONEY_KEYS=200 in the environment races 200 keys instead of a few.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.blackbox.api import Api, Json, quoted, refund
from tests.conftest import Query
from tests.money.payable import DUE, ERRORS, balance, check, count, prepare, sell, settle, told

KEYS = int(os.environ.get("MONEY_KEYS", "1"))
COPIES = 50
WORKERS = 20
JOURNALLED = "MATCH (j:JournalEntry {kind: $kind}) WHERE $code IN j.codes"
POSTED = "MATCH (x:Posting {kind: $kind}) WHERE $account IN x.accounts"


async def copies(apis: Sequence[Api], field: str) -> list[Json]:
    """The answers to one mutation sent many times at once, all of which must be taken."""
    return list(await asyncio.gather(*(told(apis[index % len(apis)], field) for index in range(COPIES))))


def moved(name: str, id: str, key: str, more: str = "") -> str:
    return (
        f"{name}(ids: [{quoted(id)}] key: {quoted(key)} {more}) {{ payouts {{ id status grossFen taxFen }} {ERRORS} }}"
    )


@pytest.mark.long
async def test_fifty_copies_of_each_money_mutation_are_one_effect(apis: Sequence[Api], query: Query) -> None:
    await prepare(apis[0], [(f"U{index}", f"S{index}") for index in range(KEYS)])
    for index in range(KEYS):
        await race_settlement(apis, query, index)
        await race_payouts(apis, query, f"U{index}")
        await race_review(apis, query, f"S{index}")
        await check(apis[0], query)


async def race_settlement(apis: Sequence[Api], query: Query, index: int) -> None:
    """One settlement makes one payout each, one refund lowers it once."""
    seller, upline, number = f"S{index}", f"U{index}", f"o{index}"
    await sell(apis[0], number, seller, 10_000_000)
    made = await asyncio.gather(*(settle(apis[i % len(apis)], key=f"settle-{index}") for i in range(COPIES)))
    assert made == [made[0]] * COPIES
    assert made[0].keys() == {seller, upline}
    assert await count(query, "MATCH (:Promoter {code: $code})-[:RECEIVES]->()", code=seller) == 1
    at = "2026-03-16T04:00:00Z"
    await copies(apis, refund(number, f"refund-{index}", 3_333_333, at))
    kept = (await apis[1].ask(f"{{ order(number: {quoted(number)}) {{ refundedFen }} }}"))["order"]
    assert kept == {"refundedFen": 3_333_333}
    # Down by 666,667 and 100,000: what 20 % and 3 % of the net, floored, have fallen by.
    assert await balance(apis[0], seller) == {"releasedFen": 1_333_333}
    assert await balance(apis[1], upline) == {"releasedFen": 200_000}
    taken = "MATCH (:Promoter {code: $code})-[:EARNED]->(c:Commission {kind: 'CLAWBACK'})"
    assert [await count(query, taken, code=code) for code in (seller, upline)] == [1, 1]


async def race_payouts(apis: Sequence[Api], query: Query, code: str) -> None:
    """A payout is approved once, comes back once, and its fresh attempt is paid once."""
    answer = await apis[0].ask(f"{{ promoter(code: {quoted(code)}) {{ payouts {{ edges {{ node {{ id }} }} }} }} }}")
    first = answer["promoter"]["payouts"]["edges"][0]["node"]["id"]
    await copies(apis, moved("approvePayouts", first, f"approve-{code}"))
    assert await count(query, POSTED, kind="PAYOUT", account=f"payable:{code}") == 1
    assert await balance(apis[0], code) == {"onTheWayFen": 200_000}
    await copies(apis, moved("failPayouts", first, f"fail-{code}", f'reason: "no" at: {quoted(DUE)}'))
    assert await count(query, POSTED, kind="PAYOUT_RETURNED", account=f"payable:{code}") == 1
    assert await balance(apis[1], code) == {"releasedFen": 200_000}
    second = (await settle(apis[0]))[code]
    await told(apis[0], moved("approvePayouts", second, f"approve-{code}-again"))
    answers = await copies(apis, moved("confirmPayouts", second, f"confirm-{code}", f"at: {quoted(DUE)}"))
    assert answers[0]["payouts"] == [{"id": second, "status": "PAID", "grossFen": 200_000, "taxFen": 24_000}]
    assert answers == [answers[0]] * COPIES
    assert await count(query, POSTED, kind="PAYOUT", account=f"payable:{code}") == 2
    assert await count(query, "MATCH (j:JournalEntry {kind: 'payouts_moved'}) WHERE $code IN j.codes", code=code) == 2
    assert await balance(apis[1], code) == {"paidFen": 200_000}


async def race_review(apis: Sequence[Api], query: Query, code: str) -> None:
    """A lock holds once, a review strikes out once, and the end of the lock lets go once."""
    locked = f'lockPromoter(code: {quoted(code)} reason: "review") {{ {ERRORS} }}'
    await copies(apis, locked)
    assert await count(query, JOURNALLED, kind="promoter_locked", code=code) == 1
    assert await balance(apis[0], code) == {"heldFen": 1_333_333}
    unlocked = f'unlockPromoter(code: {quoted(code)} reason: "reviewed") {{ {ERRORS} }}'
    await copies(apis, unlocked)
    assert await count(query, JOURNALLED, kind="promoter_unlocked", code=code) == 1
    assert await balance(apis[1], code) == {"releasedFen": 1_333_333}
    await told(apis[0], locked)
    answers = await copies(apis, f'voidHeldCommissions(code: {quoted(code)} reason: "no") {{ voidedFen {ERRORS} }}')
    assert Counter(answer["voidedFen"] for answer in answers) == {1_333_333: 1, 0: COPIES - 1}
    assert await count(query, POSTED, kind="VOID", account=f"payable:{code}") == 1
    assert await balance(apis[0], code) == {}


async def test_an_arrival_and_a_return_that_race_have_one_winner(apis: Sequence[Api], query: Query) -> None:
    await prepare(apis[0], [("S",)])
    await sell(apis[0], "o", "S", 500_000)
    payout = (await settle(apis[0]))["S"]
    await told(apis[0], moved("approvePayouts", payout, "approve"))
    ends = [
        moved("confirmPayouts", payout, f"confirm-{index}", f"at: {quoted(DUE)}")
        if index % 2
        else moved("failPayouts", payout, f"fail-{index}", f'reason: "no" at: {quoted(DUE)}')
        for index in range(COPIES)
    ]
    asked = (apis[index // 2 % len(apis)].ask(f"mutation {{ told: {end} }}") for index, end in enumerate(ends))
    answers = [answer["told"] for answer in await asyncio.gather(*asked)]
    taken = {payout["status"] for answer in answers for payout in answer["payouts"]}
    assert len(taken) == 1
    refused = [error["code"] for answer in answers for error in answer["errors"]]
    assert refused == ["WRONG_STATE"] * (COPIES // 2)
    kept = {"PAID": {"paidFen": 100_000}, "FAILED": {"releasedFen": 100_000}}[taken.pop()]
    assert await balance(apis[0], "S") == kept
    await check(apis[1], query)


async def test_twenty_workers_pay_a_balance_once(apis: Sequence[Api], query: Query) -> None:
    await prepare(apis[0], [("S",)])
    await sell(apis[0], "o", "S", 500_000)
    assert await balance(apis[0], "S") == {"observingFen": 100_000}

    async def work(api: Api) -> None:
        await settle(api)
        answer = await api.ask('{ promoter(code: "S") { payouts { edges { node { id } } } } }')
        ids = [edge["node"]["id"] for edge in answer["promoter"]["payouts"]["edges"]]
        assert len(ids) == 1
        await told(api, f"approvePayouts(ids: [{quoted(ids[0])}]) {{ {ERRORS} }}")
        await told(api, f"confirmPayouts(ids: [{quoted(ids[0])}] at: {quoted(DUE)}) {{ {ERRORS} }}")

    await asyncio.gather(*(work(apis[index % len(apis)]) for index in range(WORKERS)))
    assert await balance(apis[1], "S") == {"paidFen": 100_000}
    paid = "MATCH (x:Payout {status: 'PAID'}) RETURN count(x) AS payouts, sum(x.gross_fen) AS gross_fen"
    assert await query(paid) == [{"payouts": 1, "gross_fen": 100_000}]
    assert await settle(apis[0]) == {}
    await check(apis[0], query)
