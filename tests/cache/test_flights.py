"""Questions that go to the graph together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from cypher.store import StoreUnavailable
from graph_api.cache.flights import PASSENGERS_MAX, Flights


class Graph:
    """Answers by text; knows what was asked together, and falls over `poison`."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.was_asked = asyncio.Event()

    async def fly(self, keys: Sequence[str], waited: bool) -> Mapping[str, str]:
        del waited
        self.asked.append(list(keys))
        self.was_asked.set()
        await self.may_answer.wait()
        if "poison" in keys:
            raise LookupError("poison")
        return {key: key.upper() for key in keys}


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
def flights() -> Flights[str, str]:
    return Flights()


async def test_alike_questions_of_one_moment_are_one(graph: Graph, flights: Flights[str, str]) -> None:
    answers = await asyncio.gather(*(flights.answers(1, "teams", [code], graph.fly) for code in "abc"))
    assert [found[code] for found, code in zip(answers, "abc", strict=True)] == ["A", "B", "C"]
    assert graph.asked == [["a", "b", "c"]]
    assert len(flights) == 0


async def test_others_are_not(graph: Graph, flights: Flights[str, str]) -> None:
    """Neither what is asked otherwise nor by whom knows of something newer."""
    await asyncio.gather(
        flights.answers(1, "teams", ["a"], graph.fly),
        flights.answers(1, "cards", ["b"], graph.fly),
        flights.answers(2, "teams", ["a"], graph.fly),
    )
    assert sorted(graph.asked) == [["a"], ["a"], ["b"]]


async def test_what_is_being_asked_is_not_asked_again(graph: Graph, flights: Flights[str, str]) -> None:
    graph.may_answer.clear()
    first = asyncio.ensure_future(flights.answers(1, "teams", ["a", "b"], graph.fly))
    await graph.was_asked.wait()
    graph.was_asked.clear()
    second = asyncio.ensure_future(flights.answers(1, "teams", ["b", "c"], graph.fly))
    await graph.was_asked.wait()
    graph.may_answer.set()
    assert dict(await first) == {"a": "A", "b": "B"}
    assert dict(await second) == {"a": "A", "b": "B", "c": "C"}
    assert graph.asked == [["a", "b"], ["c"]]


async def test_no_more_go_together_than_told(graph: Graph, flights: Flights[str, str]) -> None:
    codes = [f"p{index}" for index in range(PASSENGERS_MAX + 1)]
    await asyncio.gather(*(flights.answers(1, "teams", [code], graph.fly) for code in codes))
    assert [len(asked) for asked in graph.asked] == [PASSENGERS_MAX, 1]


async def test_those_who_wait_at_the_gate_go_together(graph: Graph) -> None:
    flights = Flights[str, str](at_once=1)
    graph.may_answer.clear()
    asked = [asyncio.ensure_future(flights.answers(1, "teams", ["a"], graph.fly))]
    await graph.was_asked.wait()
    for code in "bc":
        asked.append(asyncio.ensure_future(flights.answers(1, "teams", [code], graph.fly)))
        await asyncio.sleep(0)
    graph.may_answer.set()
    await asyncio.gather(*asked)
    assert graph.asked == [["a"], ["b", "c"]]


async def test_nobody_fails_by_what_another_asked(graph: Graph, flights: Flights[str, str]) -> None:
    answers = await asyncio.gather(
        *(flights.answers(1, "teams", [code], graph.fly) for code in ("a", "poison", "b")), return_exceptions=True
    )
    assert isinstance(answers[1], LookupError)
    assert [answers[0], answers[2]] == [{"a": "A"}, {"b": "B"}]
    assert graph.asked == [["a", "poison", "b"], ["a"], ["poison"], ["b"]]
    assert len(flights) == 0


async def test_while_neo4j_is_away_nobody_asks_twice(flights: Flights[str, str]) -> None:
    asked = 0

    async def away(keys: Sequence[str], waited: bool) -> Mapping[str, str]:
        nonlocal asked
        asked += 1
        raise StoreUnavailable("away")

    answers = await asyncio.gather(
        *(flights.answers(1, "teams", [code], away) for code in "abc"), return_exceptions=True
    )
    assert [type(found) for found in answers] == [StoreUnavailable] * 3
    assert asked == 1


async def test_whoever_leaves_takes_nothing_from_the_others(graph: Graph, flights: Flights[str, str]) -> None:
    graph.may_answer.clear()
    left = asyncio.ensure_future(flights.answers(1, "teams", ["a"], graph.fly))
    stays = asyncio.ensure_future(flights.answers(1, "teams", ["b"], graph.fly))
    await graph.was_asked.wait()
    left.cancel()
    await asyncio.wait({left})
    graph.may_answer.set()
    assert (await stays)["b"] == "B"
    assert left.cancelled()
