"""What Neo4j refuses is told by its kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from neo4j.exceptions import Neo4jError

from cypher import journal
from cypher.statements import Statement
from cypher.store import Overloaded, Store, StoreExhausted, StoreTimeout, StoreUnavailable, Transaction, connect
from graph_api.servers import Servers
from tests.conftest import Query
from tests.cypher.test_gathering import locked


async def test_a_statement_that_wants_too_much_memory_is_refused_as_such(connected: Store) -> None:
    text = (
        "WITH reduce(text = 'x', i IN range(1, 20) | text + text) AS text"
        " UNWIND range(1, 100000) AS i WITH collect(text + i) AS texts RETURN size(texts) AS size"
    )
    with pytest.raises(StoreExhausted) as refused:
        await connected.run(Statement("tests", "greedy", "none", text), {})
    assert isinstance(refused.value, StoreUnavailable)


async def test_one_transaction_never_has_the_whole_heap(servers: Servers, query: Query) -> None:
    """What collects without end would hold up everybody with garbage long before it comes to its limit of time."""
    (limit,) = await query("SHOW SETTINGS 'db.memory.transaction.max' YIELD value RETURN value AS value")
    if servers.neo4j_kind == "given":
        pytest.skip("the limit of a given Neo4j is its owner's")
    assert limit["value"] == "192.00MiB"


@asynccontextmanager
async def hurried(servers: Servers) -> AsyncIterator[Store]:
    """A store whose statements may take half a second."""
    store = connect(
        servers.neo4j_uri,
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
        timeout_seconds=0.5,
    )
    try:
        yield store
    finally:
        await store.close()


async def test_a_time_limit_reaches_the_server(servers: Servers, query: Query) -> None:
    """Neo4j stops what nobody waits for any more; giving up here alone would leave it running."""
    endless = Statement("tests", "endless", "none", "UNWIND range(1, 1000000000) AS n RETURN sum(n % 7) AS neverending")
    async with hurried(servers) as store:
        with pytest.raises(StoreTimeout):
            await store.run(endless, {})
    running = await query("SHOW TRANSACTIONS YIELD currentQuery, status RETURN currentQuery AS text, status")
    assert [each for each in running if "neverending" in each["text"] and "SHOW" not in each["text"]] == []


async def nothing(_: Transaction) -> None:
    """Takes the lock and lets it go."""


async def test_writers_wait_for_their_turn_in_bounded_number_and_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cypher.store.WRITES_WAITING_MAX", 3)
    monkeypatch.setattr("cypher.store.WRITES_WAIT_SECONDS", 0.3)
    go, inside = asyncio.Event(), asyncio.Event()

    async def slow(_: Transaction) -> None:
        inside.set()
        await go.wait()

    holding = asyncio.create_task(store.write(slow))
    await inside.wait()
    waiting = [asyncio.create_task(store.write(nothing)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded) as refused:
        await store.write(nothing)
    assert refused.value.waiting == 3
    given_up = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(answer) for answer in given_up} == {Overloaded}
    go.set()
    await holding
    await store.write(nothing)


async def test_who_waits_for_a_store_that_is_gone_is_told_within_the_time_of_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cypher.store.WRITE_RETRY_SECONDS", 0.5)
    gone = connect("bolt://127.0.0.1:1", user="neo4j", password="x", database="neo4j")
    try:
        async with asyncio.timeout(10):  # fifty times the time of one is 25 s
            answers = await asyncio.gather(*(gone.write(nothing) for _ in range(50)), return_exceptions=True)
    finally:
        await gone.close()
    assert {type(answer) for answer in answers} == {StoreUnavailable}


async def test_a_held_journal_is_asked_for_again(store: Store) -> None:
    """Whoever could not have the lock in time has written nothing."""
    attempts = 0

    async def held_at_first(transaction: Transaction) -> int:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise Neo4jError._hydrate_neo4j(
                code="Neo.ClientError.Transaction.LockAcquisitionTimeout", message="held by another"
            )
        return attempts

    assert await store.write(held_at_first) == 2


async def test_the_journals_lock_is_not_waited_for_without_end(servers: Servers, store: Store) -> None:
    """Neo4j itself stops whoever waits longer than a statement may take."""
    async with locked(store), hurried(servers) as waiting:
        with pytest.raises(StoreTimeout):
            await journal.lock(waiting.unjournalled)
