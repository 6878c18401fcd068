"""The feed and the follower where the journal is slow to read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cypher import journal
from cypher.store import StoreTimeout, connect
from graph_api.batched import feed
from graph_api.batched.feed import Feed
from graph_api.cache import Cache, follow
from graph_api.servers import Servers
from tests.actions.shop import Shop, shop

__all__ = ["shop"]


async def test_a_page_that_takes_too_long_is_read_in_shorter_ones(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, told = [], journal.told

    async def slow(*store: Any, first: int, **given: Any) -> Any:
        asked.append(first)
        if first > feed.PAGE // 4:
            raise StoreTimeout("too long")
        return await told(*store, first=first, **given)

    monkeypatch.setattr(journal, "told", slow)
    waits = Feed(shop.store)
    waits.position = shop.store.head
    with waits.team("A"):
        await shop.sell("1", 1_000)
        for _ in range(2):
            with pytest.raises(StoreTimeout):
                await waits.advance()
        await waits.advance()
    assert asked == [feed.PAGE, feed.PAGE // 2, feed.PAGE // 4]
    assert waits.position == shop.store.head


async def test_where_it_cannot_be_found_out_whom_it_concerns_everybody_is_woken(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = journal.told

    async def slow(*store: Any, watched: list[str], **given: Any) -> Any:
        if watched:
            raise StoreTimeout("too long")
        return await told(*store, watched=watched, **given)

    monkeypatch.setattr(journal, "told", slow)
    waits = Feed(shop.store)
    waits.position = shop.store.head
    with waits.team("A") as watch:
        await shop.sell("1", 1_000)
        for _ in range(feed.TIMEOUTS_MAX):
            with pytest.raises(StoreTimeout):
                await waits.advance()
        await waits.advance()
        async with asyncio.timeout(5):
            await watch.news()
    assert waits.position == shop.store.head


async def test_who_is_slow_to_tell_does_not_hold_up_the_follower(shop: Shop, servers: Servers) -> None:
    other = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    telling, never = asyncio.Event(), asyncio.Event()

    async def tell() -> None:
        telling.set()
        await never.wait()

    following = asyncio.create_task(follow(other, Cache(None), tell, every_seconds=0.01))
    try:
        await telling.wait()
        await shop.sell("1", 1_000)
        async with asyncio.timeout(10):
            while other.head < shop.store.head:  # noqa: ASYNC110 - nothing tells us
                await asyncio.sleep(0.01)
    finally:
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
        await other.close()
