"""What Neo4j refuses is told by its kind."""

from __future__ import annotations

import pytest

from cypher.statements import Statement
from cypher.store import Store, StoreExhausted, StoreTimeout, StoreUnavailable, connect
from graph_api.servers import Servers
from tests.conftest import Query


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


async def test_a_time_limit_reaches_the_server(servers: Servers, query: Query) -> None:
    """Neo4j stops what nobody waits for any more; giving up here alone would leave it running."""
    hurried = connect(
        servers.neo4j_uri,
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
        timeout_seconds=0.5,
    )
    endless = Statement("tests", "endless", "none", "UNWIND range(1, 1000000000) AS n RETURN sum(n % 7) AS neverending")
    try:
        with pytest.raises(StoreTimeout):
            await hurried.run(endless, {})
    finally:
        await hurried.close()
    running = await query("SHOW TRANSACTIONS YIELD currentQuery, status RETURN currentQuery AS text, status")
    assert [each for each in running if "neverending" in each["text"] and "SHOW" not in each["text"]] == []
