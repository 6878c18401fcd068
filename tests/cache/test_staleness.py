"""Whatever happens to Redis or to a reader, no answer is older than what its process knows to be written."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Sequence
from typing import Any

import pytest
import redis.asyncio

from cypher import positions
from cypher.store import Alone, Store, StoreTimeout, Transaction, connect
from graph_api.batched import graph
from graph_api.batched.asks import Ask
from graph_api.batched.graph import Answers
from graph_api.cache import Cache, Field
from graph_api.servers import Servers, ValkeyServer
from tests.batched.network import Network, Reader, statement
from tests.cache.conftest import Process
from tests.conftest import Query

ROUNDS = 12
CROSSINGS = int(os.environ.get("CROSSINGS", "200"))
"""`CROSSINGS=1000 make test ARGS='-k "slow_reader or crossing"'` for the long run."""


async def some(network: Network) -> list[str]:
    return network.chance.sample(list(network.referrers), 6)


async def trade(network: Network, readers: Sequence[Reader], rounds: int = ROUNDS) -> None:
    """Change and look, over and over: the writer sees its own at once, the others after one look at the journal."""
    for _ in range(rounds):
        await network.change()
        codes = await some(network)
        for reader in readers:
            if reader.store is not network.store:
                await reader.cache.follow_once(reader.store)
            assert await reader.stale(network, codes) == []


async def test_a_second_answer_comes_from_the_cache_and_a_change_ends_it(network: Network, writer: Reader) -> None:
    await writer.reads().team("P000", None)
    assert (await writer.reads().team("P000", None)).source == "CACHE"
    await network.sell("P039")
    assert (await writer.reads().team("P000", None)).source == "GRAPH"
    assert await writer.stale(network, list(network.referrers)) == []
    assert await writer.stale(network, list(network.referrers)) == []
    assert writer.cache.report().hits > 100


async def test_processes_see_each_other_through_the_journal(network: Network, writer: Reader, process: Process) -> None:
    other = await process()
    await trade(network, [writer, other], 2 * ROUNDS)
    assert other.cache.report().hits > 0


async def test_what_one_process_has_answered_for_every_other_shows_at_once(
    network: Network, writer: Reader, process: Process
) -> None:
    """Nobody looks at the journal in between: who wrote may ask anywhere, and sees what was written."""
    others = [await process(), await process()]
    await writer.cache.until_kept()
    for turn in range(CROSSINGS):
        await network.change()
        codes = await some(network)
        assert await others[turn % 2].stale(network, codes[:2]) == []
    for other in others:
        assert await other.stale(network, list(network.referrers)) == []
        assert other.cache.report().hits > 0


async def test_a_commit_that_was_told_costs_nobody_the_journals_lock(
    network: Network, writer: Reader, process: Process, query: Query
) -> None:
    other = await process()
    await other.reads().card("P000")

    async def locks() -> int:
        (row,) = await query("MATCH (j:Journal {id: 'head'}) RETURN j.locks AS locks")
        return int(row["locks"])

    before = await locks()
    for _ in range(5):
        await network.sell("P005")
        for _ in range(3):
            await other.cache.follow_once(other.store)
        assert other.store.head == writer.store.head
    assert await locks() == before + 5

    # Whoever does not tell is found by its journal entries, settled by the lock.
    writer.store.others = Alone()
    await network.sell("P005")
    for _ in range(2):
        await other.cache.follow_once(other.store)
    assert other.store.head == writer.store.head
    assert await locks() == before + 7


async def test_whoever_finds_written_what_it_was_to_write_tells_of_it(
    network: Network, writer: Reader, process: Process
) -> None:
    """Who has written it may be gone, or have lost the answer to its commit; the next one is the first to answer."""

    async def nothing_new(_: Transaction) -> None:
        """It is there already."""

    again = await process()
    await again.reads().card("P000")
    writer.store.others = Alone()
    await network.sell("P005")
    before = await writer.cache.told()
    assert before is not None
    assert before.seq < writer.store.head
    await again.store.write(nothing_new)
    told = await writer.cache.told()
    assert told is not None
    assert told.seq == writer.store.head


async def test_what_is_folded_and_was_not_told_of_ends_no_later_for_who_has_not_seen_it(
    network: Network, writer: Reader, process: Process
) -> None:
    """On a cluster it may read from a member that does not show it yet."""
    other = await process()
    await other.reads().card("P000")
    seen = other.store.head
    writer.store.others = Alone()
    await network.sell("P005")
    await writer.reads().card("P000")
    reading = await other.cache.read(other.store, [Field("P005", "x")])
    assert reading.position is not None
    assert writer.cache.report().applied == writer.store.head > seen
    assert reading.position.applied == other.store.head == seen
    other.cache.keep(other.store, reading.position, {Field("P005", "x"): 1})
    await other.cache.until_kept()
    assert (await other.cache.read(other.store, [Field("P005", "x")])).values == {}


async def test_a_fold_that_takes_too_long_gives_way_to_a_new_epoch(
    network: Network, writer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trade(network, [writer], 2)
    before, fold = writer.cache.report(), positions.fold

    async def too_long(store: Store, *, after: int, upto: int) -> Any:
        if after != upto:
            raise StoreTimeout("the fold")
        return await fold(store, after=after, upto=upto)

    monkeypatch.setattr(positions, "fold", too_long)
    await network.sell("P005")
    assert await writer.stale(network, await some(network)) == []
    assert writer.cache.report().epochs == before.epochs + 1


async def test_a_member_of_a_cluster_is_asked_for_what_another_process_has_written(
    network: Network, writer: Reader, servers: Servers
) -> None:
    """By the bookmark of the last commit that was told of: a secondary that is behind it waits until it is not."""
    routed = connect(
        servers.neo4j_uri.replace("bolt://", "neo4j://", 1),
        user=servers.neo4j_user,
        password=servers.neo4j_password,
        database=servers.neo4j_database,
    )
    try:
        writer.cache.join(routed)
        await writer.reads().card("P000")
        for _ in range(3):
            await network.sell("P005")
            written = await writer.cache.told()
            assert written is not None
            assert written.seq == writer.store.head
            assert set(written.bookmarks) <= set((await routed.way_in())["bookmarks"])
    finally:
        await routed.close()


async def test_flush_in_the_middle_of_writes(network: Network, writer: Reader, valkey: ValkeyServer) -> None:
    await trade(network, [writer])
    for _ in range(5):
        await _flush(valkey)
        await trade(network, [writer], 3)
    assert writer.cache.report().epochs >= 6
    assert writer.cache.report().state == "ready"


async def test_hung_redis_costs_one_wait_and_no_answer(network: Network, writer: Reader, valkey: ValkeyServer) -> None:
    await trade(network, [writer], 3)
    await writer.cache.until_kept()
    assert valkey.pid is not None
    os.kill(valkey.pid, signal.SIGSTOP)
    for _ in range(30):
        await writer.reads().card("P001")
    assert writer.cache.report().failures == 1
    await trade(network, [writer], 6)
    os.kill(valkey.pid, signal.SIGCONT)
    await _until_ready(writer)
    await trade(network, [writer])


async def test_stopped_redis(network: Network, writer: Reader, valkey: ValkeyServer) -> None:
    await trade(network, [writer], 3)
    valkey.stop()
    await trade(network, [writer], 6)
    assert writer.cache.report().state == "away"
    valkey.start()
    await _until_ready(writer)
    await trade(network, [writer])
    assert writer.cache.report().hits > 0


@pytest.mark.long
async def test_old_snapshot_restored_in_the_middle_of_writes(
    network: Network, writer: Reader, valkey: ValkeyServer, process: Process
) -> None:
    """Its values are old, but so is its position: the fold goes over everything since once more."""
    other = await process()
    for _ in range(3):
        await trade(network, [writer, other], 2)
        assert await writer.stale(network, list(network.referrers)) == []
        valkey.stop()
        shutil.copytree(valkey.dir, valkey.dir.with_name("snapshot"), dirs_exist_ok=True)
        valkey.start()
        await _until_ready(writer, other)
        await trade(network, [writer, other], 4)
        valkey.stop()
        shutil.rmtree(valkey.dir)
        shutil.move(valkey.dir.with_name("snapshot"), valkey.dir)
        valkey.start()
        await _until_ready(writer, other)
        hits = writer.cache.report().hits
        await trade(network, [writer, other], 4)
        assert writer.cache.report().hits > hits


async def test_a_slow_reader_never_leaves_its_old_answer_behind(
    network: Network, writer: Reader, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It computes before a write and stores after it, 200 times."""
    slow, crossings = await process(), 0
    held, computed, go = False, asyncio.Event(), asyncio.Event()
    answers = graph.answers

    async def answer_late(store: Store, asks: Sequence[Ask], **wanted: bool) -> Answers:
        found = await answers(store, asks, **wanted)
        if held and store is slow.store:
            computed.set()
            await go.wait()
        return found

    monkeypatch.setattr(graph, "answers", answer_late)
    for _ in range(CROSSINGS):
        code = network.chance.choice(list(network.referrers))
        above = network.path(code)[-1] if network.path(code) else code
        await writer.cache.drop(writer.store)
        await slow.cache.follow_once(slow.store)
        held, computed, go = True, asyncio.Event(), asyncio.Event()
        late = asyncio.ensure_future(slow.reads().team(above, None))
        await computed.wait()
        await network.sell(code)
        if crossings % 2:
            assert await writer.stale(network, [above]) == []
        held = False
        go.set()
        await late
        await slow.cache.until_kept()
        crossings += 1
        assert await writer.stale(network, [above]) == []
        await slow.cache.follow_once(slow.store)
        assert await slow.stale(network, [above]) == []
    assert crossings == CROSSINGS


async def test_readers_and_writers_all_at_once(network: Network, writer: Reader, process: Process) -> None:
    readers = [writer, await process(), await process()]

    async def read(reader: Reader) -> None:
        for _ in range(25):
            await reader.cache.follow_once(reader.store)
            await asyncio.gather(*(reader.reads().team(code, None) for code in await some(network)))

    async def write() -> None:
        for _ in range(60):
            await network.change()

    await asyncio.gather(write(), *(read(reader) for reader in readers))
    for reader in readers:
        await reader.cache.follow_once(reader.store)
        assert await reader.stale(network, list(network.referrers)) == []


async def test_a_code_that_was_asked_for_before_its_enrolment(network: Network, writer: Reader) -> None:
    for _ in range(2):
        assert await writer.reads().card("P040") is None
        assert (await writer.reads().team("P040", None)).levels == ()
        assert (await writer.reads().downline("P040")).rows == ()
    await network.enrol("P040", "P003")
    await network.enrol("P041", "P040")
    assert await writer.stale(network, ["P040"]) == []


async def test_a_move_ends_the_paths_of_everybody_below(network: Network, writer: Reader) -> None:
    top = max(list(network.referrers)[1:], key=lambda code: len(network.below(code)))
    below = list(network.below(top))
    assert len(below) > 5
    for code in below:
        assert await writer.stale(network, [code]) == []
    await network.move(top, next(code for code in network.referrers if code not in {top, *below, network.path(top)[0]}))
    for code in below:
        assert await writer.stale(network, [code]) == []


async def test_evicted_invalidations_begin_a_new_epoch(network: Network, writer: Reader, valkey: ValkeyServer) -> None:
    """An LRU may take any key; without `inv` nobody can tell which late answers are old."""
    await trade(network, [writer], 2)
    before = writer.cache.report()
    await _redis(valkey, "UNLINK", *await _keys(valkey, ":inv"))
    await trade(network, [writer], 4)
    assert writer.cache.report().epochs == before.epochs + 1
    await _redis(valkey, "UNLINK", *await _keys(valkey, ":meta"))
    await trade(network, [writer], 4)
    assert writer.cache.report().epochs == before.epochs + 2


async def test_too_many_entries_behind_begin_a_new_epoch(
    network: Network, writer: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trade(network, [writer], 2)
    before = writer.cache.report()
    monkeypatch.setattr("graph_api.cache.cache.FOLD_MAX", 5)
    for _ in range(6):
        await network.sell("P005")
    assert await writer.stale(network, await some(network)) == []
    assert writer.cache.report().epochs == before.epochs + 1


async def undo(store: Store, *, entries: int) -> None:
    """As a restore does: the latest entries are gone, and everybody's own volume is another one."""
    gone = "MATCH (j:Journal) SET j.seq = j.seq - $entries WITH j MATCH (e:JournalEntry) WHERE e.seq > j.seq DETACH DELETE e"
    await store.unjournalled.run(statement(gone), {"entries": entries})
    await store.unjournalled.run(statement("MATCH (p:Promoter) SET p.sales_volume_fen = 7"), {})


async def test_neo4j_restored_to_an_older_state(
    network: Network, writer: Reader, process: Process, store: Store
) -> None:
    """The cache was folded further than the graph now goes: its values are of a future that is gone."""
    await trade(network, [writer], 4)
    assert await writer.stale(network, list(network.referrers)) == []
    await undo(store, entries=50)
    fresh = await process()
    await writer.cache.follow_once(writer.store)
    for reader in (writer, fresh):
        assert {(await reader.reads().sales(code, None)).volume_fen for code in network.referrers} == {7}
    assert writer.store.head == fresh.store.head


@pytest.mark.parametrize("written", [5, 6, 7])
async def test_neo4j_restored_to_an_older_state_and_written_to_before_anybody_looked(
    network: Network, writer: Reader, process: Process, store: Store, written: int
) -> None:
    """Up to, or beyond, the position that the cache was folded to: another past has another entry there."""
    await trade(network, [writer], 4)
    assert await writer.stale(network, list(network.referrers)) == []
    await undo(store, entries=6)
    codes = list(network.referrers)
    anew = f"""MATCH (j:Journal) SET j.seq = j.seq + {written} WITH j.seq AS last UNWIND range(last - {written - 1}, last) AS seq
        CREATE (:JournalEntry {{seq: seq, kind: 'restored', at: 0, recorded_at: 8000000000000000 + seq, actor: 'test',
                                codes: [], facts: '{{}}'}})"""
    await store.unjournalled.run(statement(anew), {})
    fresh = await process()
    assert {(await fresh.reads().sales(code, None)).volume_fen for code in codes} == {7}
    await writer.cache.follow_once(writer.store)
    assert {(await writer.reads().sales(code, None)).volume_fen for code in codes} == {7}


async def test_it_works_without_redis(network: Network, writer: Reader) -> None:
    none = Reader(writer.store, await Cache.open(None), writer.pii)
    assert await none.stale(network, list(network.referrers)) == []
    assert none.cache.report().state == "off"
    await none.cache.follow_once(none.store)
    await none.cache.drop(none.store)
    assert [value async for value in none.cache.values()] == []


async def _until_ready(*readers: Reader) -> None:
    for reader in readers:
        # A connection of before may be dead without anybody having noticed; then the next read is the first to.
        await reader.reads().card("P000")
        await reader.cache.until_kept()
        for _ in range(CROSSINGS):
            if reader.cache.report().state == "ready":
                break
            await asyncio.sleep(0.05)
        assert reader.cache.report().state == "ready"


async def _flush(valkey: ValkeyServer) -> None:
    await _redis(valkey, "FLUSHALL")


async def _keys(valkey: ValkeyServer, ending: str) -> list[str]:
    return [key.decode() for key in await _redis(valkey, "KEYS", f"*{ending}")]


async def _redis(valkey: ValkeyServer, *command: str) -> list[bytes]:
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        found: list[bytes] = await client.execute_command(*command)
        return found
