"""Callers that share a transaction: each gets its own answer, and none spoils another's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from cypher import journal
from cypher.gathering import Gathering, Overloaded
from cypher.statements import Statement
from cypher.store import Store, StoreUnavailable, Transaction, connect
from tests.conftest import Query

NOW = 1_700_000_000_000_000
NOTE = Statement("tests", "note", "none", "UNWIND $names AS name CREATE (:Person {code: name})")


class Notes:
    """Writes names; "poison" raises, "refused" is refused, and every transaction that began is remembered."""

    def __init__(self, **bounds: int) -> None:
        self.batches: list[list[str]] = []
        self.gathering = Gathering(self._write, rows=lambda _: 1, **bounds)

    async def _write(self, transaction: Transaction, names: Sequence[str]) -> list[str | Exception]:
        self.batches.append(list(names))
        good = [name for name in names if name != "refused"]
        await transaction.run(NOTE, {"names": good})
        if "poison" in names:
            raise ZeroDivisionError
        transaction.journal("noted", at=NOW, actor="test", names=good)
        return [ValueError(name) if name == "refused" else name.upper() for name in names]


@asynccontextmanager
async def locked(store: Store) -> AsyncIterator[None]:
    """The journal lock is held, as by another process, so that whoever writes waits together."""
    inside, leave = asyncio.Event(), asyncio.Event()

    async def hold(_: Transaction) -> None:
        inside.set()
        await leave.wait()

    other = connect(
        store._login["uri"], user=store._login["user"], password=store._login["password"], database=store._database
    )
    holding = asyncio.create_task(other.write(hold))
    await inside.wait()
    try:
        yield
    finally:
        leave.set()
        await holding
        await other.close()


async def asked(store: Store, notes: Notes, *names: str) -> list[asyncio.Task[str]]:
    """Everybody asks, in this order, and waits."""
    tasks = [asyncio.create_task(notes.gathering.ask(store, name, now=NOW + i)) for i, name in enumerate(names)]
    await asyncio.sleep(0)
    return tasks


async def codes(query: Query) -> list[str]:
    return [row["code"] for row in await query("MATCH (p:Person) RETURN p.code AS code ORDER BY code")]


async def test_who_comes_while_another_writes_shares_the_next_transaction(store: Store, query: Query) -> None:
    notes = Notes()
    async with locked(store):
        tasks = await asked(store, notes, "a", "b", "c")
    assert await asyncio.gather(*tasks) == ["A", "B", "C"]
    assert notes.batches == [["a", "b", "c"]]
    (event,) = await journal.events(store, after=0, first=10)
    assert event.recorded_at == NOW + 2
    assert await codes(query) == ["a", "b", "c"]


async def test_a_batch_is_bounded(store: Store) -> None:
    notes = Notes(batch_max=2)
    async with locked(store):
        tasks = await asked(store, notes, "a", "b", "c")
    await asyncio.gather(*tasks)
    assert notes.batches == [["a", "b"], ["c"]]


async def test_a_refusal_is_told_to_its_caller_alone_and_costs_nobody_a_transaction(store: Store) -> None:
    notes = Notes()
    async with locked(store):
        tasks = await asked(store, notes, "a", "refused", "b")
    first, refused, last = await asyncio.gather(*tasks, return_exceptions=True)
    assert (first, last) == ("A", "B")
    assert isinstance(refused, ValueError)
    assert len(notes.batches) == 1


async def test_whose_work_raises_fails_alone(store: Store, query: Query) -> None:
    notes = Notes()
    async with locked(store):
        tasks = await asked(store, notes, "a", "b", "poison", "d", "e")
    *good, poisoned = [*tasks[:2], *tasks[3:], tasks[2]]
    assert await asyncio.gather(*good) == ["A", "B", "D", "E"]
    with pytest.raises(ZeroDivisionError):
        await poisoned
    assert await codes(query) == ["a", "b", "d", "e"]
    assert max(batch.count("a") for batch in notes.batches) == 1


async def test_a_cancelled_caller_takes_nobody_with_it(store: Store, query: Query) -> None:
    notes = Notes()
    async with locked(store):
        tasks = await asked(store, notes, "a", "gone", "c")
        tasks[1].cancel()
        await asyncio.gather(tasks[1], return_exceptions=True)
        (line,) = notes.gathering._lines.values()
        assert (len(line._waiting), line._rows) == (2, 2), "who has left is kept in no memory"
    assert await asyncio.gather(tasks[0], tasks[2]) == ["A", "C"]
    assert await codes(query) == ["a", "c"]
    assert await notes.gathering.ask(store, "later", now=NOW) == "LATER"


async def test_a_caller_that_is_cancelled_while_it_is_written_takes_nobody_with_it(store: Store, query: Query) -> None:
    inside = asyncio.Event()

    async def write(transaction: Transaction, names: Sequence[str]) -> list[str]:
        await transaction.run(NOTE, {"names": list(names)})
        inside.set()
        await asyncio.sleep(0)
        return [name.upper() for name in names]

    gathering: Gathering[str, str] = Gathering(write, rows=lambda _: 1)
    async with locked(store):
        gone, stays = (asyncio.create_task(gathering.ask(store, name, now=NOW)) for name in ("gone", "stays"))
        await asyncio.sleep(0)
    await inside.wait()
    gone.cancel()
    assert await stays == "STAYS"
    assert await codes(query) == ["gone", "stays"]


async def test_a_full_queue_refuses_and_takes_more_once_it_has_room(store: Store) -> None:
    notes = Notes(waiting_max=2)
    async with locked(store):
        tasks = await asked(store, notes, "a", "b", "c")
        with pytest.raises(Overloaded) as refused:
            await tasks[2]
        assert (refused.value.waiting, refused.value.retry_after_seconds) == (2, 1)
    assert await asyncio.gather(*tasks[:2]) == ["A", "B"]
    assert await notes.gathering.ask(store, "c", now=NOW) == "C"


async def test_a_store_that_is_gone_is_told_to_everybody_once(servers_gone: Store) -> None:
    notes = Notes()
    tasks = await asked(servers_gone, notes, "a", "b", "c")
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(answer) for answer in answers} == {StoreUnavailable}
    assert notes.batches == []


@pytest_asyncio.fixture
async def servers_gone(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store at whose address nobody listens, given up at once."""
    monkeypatch.setattr("cypher.store.WRITE_RETRY_SECONDS", 0.0)
    gone = connect("bolt://127.0.0.1:1", user="neo4j", password="none", database="neo4j")
    yield gone
    await gone.close()
