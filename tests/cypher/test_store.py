"""What Neo4j refuses is told by its kind."""

from __future__ import annotations

import pytest

from cypher.statements import Statement
from cypher.store import Store, StoreExhausted, StoreUnavailable


async def test_a_statement_that_wants_too_much_memory_is_refused_as_such(connected: Store) -> None:
    text = (
        "WITH reduce(text = 'x', i IN range(1, 20) | text + text) AS text"
        " UNWIND range(1, 100000) AS i WITH collect(text + i) AS texts RETURN size(texts) AS size"
    )
    with pytest.raises(StoreExhausted) as refused:
        await connected.run(Statement("tests", "greedy", "none", text), {})
    assert isinstance(refused.value, StoreUnavailable)
