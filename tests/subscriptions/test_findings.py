"""findingRaised: to whom findings are shown, from the score asked for, each once."""

from __future__ import annotations

import pytest

from graph_api.actions import findings
from graph_api.batched import feed
from graph_api.jobs.scan import find
from graph_api.jobs.watch import watch
from graph_api.risk.registry import DETECTORS, Pass
from graph_api.viewer import Role
from tests.actions.shop import NOW, PAID, Shop
from tests.actions.test_findings import ring
from tests.subscriptions.client import FINDING, Served


async def recorded(shop: Shop, *found: object, now: int = NOW) -> None:
    passes = [Pass(DETECTORS["IDENTITY_RING"], tuple(found), 0.0)]  # type: ignore[arg-type]
    await findings.record(shop.store, passes, actor="test", now=now)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.RISK, Role.ADMIN])
async def test_what_a_scan_raises_arrives(telling: Served, shop: Shop, role: Role) -> None:
    async with telling.socket(role) as socket:
        await socket.subscribe(FINDING)
        await telling.watched()
        await shop.query(
            "MATCH (p:Promoter) MERGE (i:Identifier {id: 'DEVICE:d', kind: 'DEVICE'}) MERGE (p)-[:IDENTIFIED_BY]->(i)"
        )
        await find(shop.store, detectors=["IDENTITY_RING"], actor="test", now=NOW)
        found = (await socket.data())["findingRaised"]
        assert (found["detector"], found["status"]) == ("IDENTITY_RING", "OPEN")
        assert {member["code"] for member in found["members"]} == set("ABCD")
        await find(shop.store, detectors=["IDENTITY_RING"], actor="test", now=NOW + 1)
        assert await socket.silent(), "it is known"


@pytest.mark.parametrize(("role", "promoter"), [(Role.PROMOTER, "A"), (Role.FINANCE, None), (Role.SERVICE, None)])
async def test_findings_are_not_for_others(telling: Served, role: Role, promoter: str | None) -> None:
    async with telling.socket(role, promoter) as socket:
        await socket.subscribe(FINDING)
        message = await socket.next()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "FORBIDDEN")


async def test_a_finding_is_told_when_it_reaches_the_score_asked_for(telling: Served, shop: Shop) -> None:
    async with telling.socket(Role.RISK) as socket:
        await socket.subscribe(FINDING, id="all")
        await socket.subscribe(FINDING, id="grave", score=80)
        await telling.watched(2)
        await recorded(shop, ring("ABC"))
        assert (await socket.data("all"))["findingRaised"]["score"] == 60
        await recorded(shop, ring("ABC", score=79), now=NOW + 1)
        assert await socket.silent()
        await recorded(shop, ring("ABC", score=80), now=NOW + 2)
        assert (await socket.data("grave"))["findingRaised"]["score"] == 80
        await recorded(shop, ring("ABC", score=95), now=NOW + 3)
        assert await socket.silent()
        await recorded(shop, now=NOW + 4)
        await recorded(shop, ring("ABC", score=70), now=NOW + 5)
        assert (await socket.data("all"))["findingRaised"]["score"] == 70
        assert await socket.silent()


async def test_nothing_of_a_backlog_is_lost(telling: Served, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal read entry by entry, by a watcher that is told of many at once."""
    monkeypatch.setattr(feed, "PAGE", 1)
    anchors = [f"DEVICE:{number}@A" for number in range(30)]
    async with telling.socket(Role.RISK) as socket:
        await socket.subscribe(FINDING)
        await telling.watched()
        await recorded(shop, *(ring("ABC", anchor=anchor) for anchor in anchors))
        told = [(await socket.data())["findingRaised"]["id"] for _ in anchors]
        assert len(set(told)) == len(anchors)
        assert await socket.silent()


async def test_what_an_order_raises_arrives_without_a_scan(telling: Served, shop: Shop) -> None:
    await watch(shop.store, actor="scheduler", now=PAID)
    async with telling.socket(Role.RISK) as socket:
        await socket.subscribe(FINDING)
        await telling.watched()
        await shop.sell("spike", 1_000_000)
        await watch(shop.store, actor="scheduler", now=PAID + 1)
        found = (await socket.data())["findingRaised"]
        assert (found["detector"], [member["code"] for member in found["members"]]) == ("COMMISSION_SPIKE", ["D"])


@pytest.mark.parametrize("score", [-1, 101])
async def test_a_score_that_no_finding_can_have_is_refused(telling: Served, score: int) -> None:
    async with telling.socket(Role.RISK) as socket:
        await socket.subscribe(FINDING, score=score)
        message = await socket.next()
        (error,) = message["payload"]
        assert (message["type"], error["extensions"]["code"]) == ("error", "BAD_USER_INPUT")
        assert error["message"] == "minScore must be 0-100"
