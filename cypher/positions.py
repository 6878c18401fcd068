"""Journal positions as the cache needs them: settled ones, and what changed between two."""

from __future__ import annotations

from dataclasses import dataclass

from cypher import journal
from cypher.statements import Run, bind
from cypher.store import Store

statement = bind(__name__)


@dataclass(frozen=True, slots=True)
class Fold:
    """`seq` is the head as seen; `above` are the named promoters and everybody above them now, `named` holds buyers too.

    `closes_seq`: position of the last month closed between the two, 0 without one.
    `mark_after` and `mark_upto`: when the entries at the two positions were recorded, 0 without one. Another instant than
    the one known is another past: Neo4j was restored.
    """

    seq: int
    mark_after: int
    mark_upto: int
    paths_seq: int
    closes_seq: int
    named: list[str]
    above: list[str]


@statement
async def fold(run: Run, *, after: int, upto: int) -> Fold: ...


async def settled(store: Store) -> int:
    """The head, once every transaction up to it can be seen whole.

    Neo4j applies a commit piece by piece, and a reader can see the new head before the rest (measured: 1 read in
    300 beside commits of 8,000 nodes). The journal lock is let go after all of it, so whoever has held it knows.
    """
    head = await journal.lock(store.unjournalled)
    store.head = max(store.head, head.seq)
    return head.seq
