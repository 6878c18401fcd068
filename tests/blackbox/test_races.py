"""Writes that race through two instances of the service on one graph: the graph never ends up wrong."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar

import pytest

from tests.blackbox.api import ERRORS, Api, Json, order
from tests.blackbox.recount import rows

T = TypeVar("T")
AT_ONCE = 40
DEPTH = 14
Enrolled = Callable[[Iterable[tuple[str, str | None]]], Awaitable[None]]


MOVE = (
    "mutation($promoter: String!, $referrer: String!) { answer: moveBranch("
    f'input: {{promoterCode: $promoter referrerCode: $referrer reason: "race"}}) {{ {ERRORS} }} }}'
)
BIND = (
    "mutation($promoter: String!, $referrer: String!) { answer: bindReferrer("
    f"input: {{promoterCode: $promoter referrerCode: $referrer}}) {{ {ERRORS} }} }}"
)


async def raced(apis: Sequence[Api], document: str, pairs: Iterable[tuple[str, str]]) -> list[list[Json]]:
    """The errors for each (promoter, referrer); neighbours go to different instances at once."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(api: Api, promoter: str, referrer: str) -> list[Json]:
        async with gate:
            answer = await api.ask(document, {"promoter": promoter, "referrer": referrer})
            errors: list[Json] = answer["answer"]["errors"]
            return errors

    return await _gather(ask(apis[index % len(apis)], *pair) for index, pair in enumerate(pairs))


async def _gather(awaitables: Iterable[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*awaitables))


async def cycles(store: Any) -> int:
    """Promoters that can come back to themselves, counted by walking the stored edges."""
    above = {row["below"]: row["above"] for row in await rows(store, REFERRALS)}
    found = 0
    for code in above:
        seen = {code}
        at = above[code]
        while at in above and at not in seen:
            seen.add(at)
            at = above[at]
        found += at == code
    return found


REFERRALS = "MATCH (a:Promoter)-[:REFERRED]->(b:Promoter) RETURN a.code AS above, b.code AS below"


async def test_opposite_moves_never_close_a_cycle(apis: Sequence[Api], store: Any, enrolled: Enrolled) -> None:
    pairs = [(f"A{index}", f"B{index}") for index in range(200)]
    await enrolled([("R", None), *((code, "R") for pair in pairs for code in pair)])
    answers = await raced(apis, MOVE, (move for a, b in pairs for move in ((a, b), (b, a))))
    assert await cycles(store) == 0
    for (a, b), first, second in zip(pairs, answers[::2], answers[1::2], strict=True):
        assert bool(first) != bool(second), (a, b, first, second)
        loser, winner = (a, b) if first else (b, a)
        (error,) = first or second
        assert error["code"] == "WOULD_CYCLE"
        assert error["path"] == [loser, winner]
    referrals = {(row["above"], row["below"]) for row in await rows(store, REFERRALS)}
    expected = {
        edge
        for (a, b), first in zip(pairs, answers[::2], strict=True)
        for edge in ({("R", a), (a, b)} if first else {("R", b), (b, a)})
    }
    assert referrals == expected


@pytest.mark.long
async def test_moves_around_a_triangle_never_close_a_cycle(apis: Sequence[Api], store: Any, enrolled: Enrolled) -> None:
    triples = [(f"A{index}", f"B{index}", f"C{index}") for index in range(200)]
    await enrolled([("R", None), *((code, "R") for triple in triples for code in triple)])
    answers = await raced(apis, MOVE, (move for a, b, c in triples for move in ((a, b), (b, c), (c, a))))
    assert await cycles(store) == 0
    for index, (a, b, c) in enumerate(triples):
        ends = {a: b, b: c, c: a}
        of_triple = dict(zip((a, b, c), answers[3 * index : 3 * index + 3], strict=True))
        lost = {code: errors for code, errors in of_triple.items() if errors}
        assert len(lost) == 1, of_triple
        ((loser, (error,)),) = lost.items()
        assert error["code"] == "WOULD_CYCLE"
        assert error["path"] == [loser, ends[ends[loser]], ends[loser]]


@pytest.mark.long
async def test_everybody_gets_exactly_one_of_twenty_referrers(
    apis: Sequence[Api], store: Any, enrolled: Enrolled
) -> None:
    people = [f"P{index}" for index in range(100)]
    referrers = [f"R{index}" for index in range(20)]
    await enrolled((code, None) for code in [*referrers, *people])
    asked = [(person, referrer) for person in people for referrer in referrers]
    answers = await raced(apis, BIND, asked)
    won = Counter(person for (person, _), errors in zip(asked, answers, strict=True) if not errors)
    assert won == Counter(people)
    bound = {row["below"]: row["above"] for row in await rows(store, REFERRALS)}
    assert len(bound) == len(people)
    for (person, referrer), errors in zip(asked, answers, strict=True):
        if errors:
            (error,) = errors
            assert error["code"] == "ALREADY_BOUND"
            assert error["referrerCode"] == bound[person] != referrer
        else:
            assert bound[person] == referrer


async def test_an_order_sent_fifty_times_at_once_is_one_order(apis: Sequence[Api], store: Any) -> None:
    await apis[0].product("p")
    await apis[0].enrol([("A", None), ("B", "A"), ("C", "B")])
    sale = order("once", {"p": 100_000}, seller="C")
    answers = await _gather(apis[index % len(apis)].record([sale]) for index in range(50))
    assert sum(answer["recorded"] for answer in answers) == 1
    assert sum(answer["duplicates"] for answer in answers) == 49
    assert not any(answer["problems"] for answer in answers)
    entries = await apis[0].entries("once")
    assert sorted((entry["promoter"]["code"], entry["amountFen"]) for entry in entries) == [
        ("A", 3_000),
        ("B", 3_000),
        ("C", 20_000),
    ]
    (stored,) = await rows(store, "MATCH (o:Order) RETURN count(o) AS orders")
    assert stored["orders"] == 1
    other = await apis[1].record([sale | {"buyerCode": "somebody else"}])
    assert [problem["code"] for problem in other["problems"]] == ["CONFLICT"]


async def test_orders_of_overlapping_batches_are_each_recorded_once(apis: Sequence[Api], store: Any) -> None:
    await apis[0].product("p")
    await apis[0].enrol([("A", None), ("B", "A")])
    sales = [order(f"{index}", {"p": 1_000 + index}, seller="B") for index in range(300)]
    batches = [sales[start : start + 100] for start in range(0, 201, 20)]
    answers = await _gather(apis[index % len(apis)].record(batch) for index, batch in enumerate(batches))
    assert sum(answer["recorded"] for answer in answers) == 300
    assert sum(answer["duplicates"] for answer in answers) == sum(map(len, batches)) - 300
    answer = await apis[1].ask('{ promoter(code: "B") { sales { orders volumeFen } } }')
    assert answer["promoter"]["sales"] == {"orders": 300, "volumeFen": sum(range(1_000, 1_300))}


@pytest.mark.long
async def test_whoever_sells_sees_it_at_once_at_another_instance(apis: Sequence[Api]) -> None:
    """32 clients record 50 orders each, below one root fourteen levels up, and ask elsewhere than they told."""
    chain = [f"c{level}" for level in range(DEPTH)]
    sellers = [f"L{client}" for client in range(32)]
    await apis[0].product("p")
    await apis[0].enrol([*zip(chain, [None, *chain[:-1]], strict=True), *((seller, chain[-1]) for seller in sellers)])
    seen = (
        "query($seller: String!, $above: String!) { seller: promoter(code: $seller) { sales { orders volumeFen } }"
        " above: promoter(code: $above) { team { volumeFen } } }"
    )

    async def sell(client: int) -> int:
        told = 0
        for turn in range(50):
            fen = 1_000 + 50 * client + turn
            sale = order(f"{client}-{turn}", {"p": fen}, seller=sellers[client])
            answer = await apis[turn % 2].record([sale])
            assert (answer["recorded"], answer["problems"]) == (1, [])
            told += fen
            found = await apis[(turn + 1) % 2].ask(seen, {"seller": sellers[client], "above": chain[turn % DEPTH]})
            assert found["seller"]["sales"] == {"orders": turn + 1, "volumeFen": told}
            assert found["above"]["team"]["volumeFen"] >= told
        return told

    told = await _gather(sell(client) for client in range(len(sellers)))
    for api in apis:
        teams = await api.promoters(chain, "team { volumeFen }")
        assert {team["team"]["volumeFen"] for team in teams.values()} == {sum(told)}


async def test_a_refund_sent_twenty_times_at_once_is_one_refund(apis: Sequence[Api]) -> None:
    await apis[0].product("p")
    await apis[0].enrol([("A", None)])
    await apis[0].recorded([order("1", {"p": 100_000}, seller="A")])
    at = "2026-01-20T04:00:00Z"
    answers = await _gather(apis[index % len(apis)].refund("1", "key", 33_333, at) for index in range(20))
    assert answers == [None] * 20
    kept = (await apis[1].ask('{ order(number: "1") { refundedFen netFen } }'))["order"]
    assert kept == {"refundedFen": 33_333, "netFen": 66_667}
    clawbacks = [entry["amountFen"] for entry in await apis[0].entries("1") if entry["kind"] == "CLAWBACK"]
    assert clawbacks == [-6_667]
    assert await apis[1].refund("1", "key", 33_334, at) == "CONFLICT"


async def test_refunds_that_race_never_take_more_than_was_paid(apis: Sequence[Api]) -> None:
    await apis[0].product("p")
    await apis[0].enrol([("A", None)])
    await apis[0].recorded([order("1", {"p": 100_000}, seller="A")])
    at = "2026-01-20T04:00:00Z"
    answers = await _gather(apis[index % len(apis)].refund("1", f"key-{index}", 30_000, at) for index in range(20))
    assert Counter(answers) == {None: 3, "OVER_REFUND": 17}
    kept = (await apis[1].ask('{ order(number: "1") { netFen } }'))["order"]
    assert kept == {"netFen": 10_000}
