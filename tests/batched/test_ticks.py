"""The dispatcher: what is asked in one moment is answered in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from graph_api.batched.ticks import Ticks, shielded


class Answers:
    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.fails = False

    async def __call__(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.calls.append(list(keys))
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("no")
        return {key: key.upper() for key in keys} | {"extra": "told"}


async def test_siblings_that_come_a_turn_later_are_still_in_time() -> None:
    answers = Answers()
    ticks = Ticks(answers)

    async def late(key: str) -> str:
        await asyncio.sleep(0)
        return await shielded(ticks.ask(key))

    assert await asyncio.gather(late("a"), shielded(ticks.ask("b")), late("a")) == ["A", "B", "A"]
    assert answers.calls == [["b", "a"]]


async def test_what_was_told_is_not_asked_again_until_forgotten() -> None:
    answers = Answers()
    ticks = Ticks(answers)
    await shielded(ticks.ask("a"))
    assert await shielded(ticks.ask("extra")) == "told"
    assert len(answers.calls) == 1
    ticks.forget()
    await shielded(ticks.ask("a"))
    assert len(answers.calls) == 2


async def test_who_asked_before_all_was_forgotten_is_answered_with_who_asks_after() -> None:
    answers = Answers()
    ticks = Ticks(answers)
    before = ticks.ask("a")
    ticks.forget()
    async with asyncio.timeout(5):
        assert await asyncio.gather(shielded(before), shielded(ticks.ask("a"))) == ["A", "A"]
    assert answers.calls == [["a"]]


async def test_what_is_known_is_made_at_once_and_the_rest_later() -> None:
    answers = Answers()
    ticks = Ticks(answers)
    later = ticks.soon(["a", "b"], str.__add__)
    assert await asyncio.gather(later, later) == ["AB", "AB"]
    assert ticks.soon(["b", "a"], str.__add__).then(str.lower) == "ba"
    assert await ticks.soon(["b", "c"], str.__add__).then(lambda both: ticks.soon([both, "a"], str.__add__)) == "BCA"
    assert answers.calls == [["a", "b"], ["c"], ["BC"]]


async def test_a_failure_reaches_everybody_and_is_not_remembered() -> None:
    answers = Answers()
    ticks = Ticks(answers)
    answers.fails = True
    found = await asyncio.gather(shielded(ticks.ask("a")), shielded(ticks.ask("b")), return_exceptions=True)
    assert [type(error) for error in found] == [OSError, OSError]
    answers.fails = False
    assert await shielded(ticks.ask("a")) == "A"


async def test_who_stops_waiting_does_not_stop_the_others() -> None:
    ticks = Ticks(Answers())
    future = ticks.ask("a")
    waiting = asyncio.create_task(shielded(future))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await shielded(future) == "A"
