"""Sub-graphs at any date, shortest ways, moves tried out and the compliance meter, asked as staff does."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import networkx
import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.actions import identifiers, orders, plans, products, promoters
from graph_api.batched.structures import LOOKED_AT_MAX, Path, StructureReads
from graph_api.errors import DomainError
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, instant, instant_text
from graph_api.rules.plan import ComplianceMode
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.schema.conftest import Json, Service, serving

JOINED = instant("2025-01-01T00:00:00Z")
BY = {"actor": "test", "now": instant("2026-06-01T00:00:00Z")}
REFERRERS = {"R": None, "A": "R", "B": "R", "A1": "A", "A2": "A", "A11": "A1", "B1": "B", "Z": None, "Z1": "Z"}
MOVED_AT = instant("2026-03-01T00:00:00Z")

NETWORK = """query($code: String!, $depth: Int, $limit: Int, $at: DateTime) {
  network(rootCode: $code, maxDepth: $depth, limit: $limit, at: $at) {
    nodes { id kind label level promoter { code } } edges { source target kind weight } truncated } }"""
COLUMNS = """query($code: String!, $depth: Int, $limit: Int, $at: DateTime) {
  networkColumns(rootCode: $code, maxDepth: $depth, limit: $limit, at: $at) {
    codes parents ranks rankNames statuses statusNames joinedSeconds volumesFen truncated } }"""
RELATION = """query($from: String!, $to: String!, $via: [RelationKind!], $hops: Int) {
  relation(fromCode: $from, toCode: $to, via: $via, maxHops: $hops) {
    hops nodes { id kind label promoter { code } } edges { source target kind weight } } }"""
PREVIEW = """query($code: String!, $to: String) { previewMove(promoterCode: $code, referrerCode: $to) {
  wouldCycle cyclePath { code } movedCount uplineDeltas { promoter { code } sizeDelta volumeDeltaFen }
  complianceAfter { levels people state } errors { code message field ... on WouldCycle { path } } } }"""


@pytest_asyncio.fixture
async def service(store: Store, pii: Pii, servers: Servers, settings: Settings) -> AsyncIterator[Service]:
    await products.upsert(store, products.NewProduct("P", "茶", 100_000, 2000), **BY)
    await enrol(store, pii, REFERRERS)
    async with serving(settings, servers) as running:
        yield running


async def enrol(store: Store, pii: Pii, referrers: dict[str, str | None]) -> list[str]:
    rows = [promoters.Enrolment(code, joined_at=JOINED, referrer_code=above) for code, above in referrers.items()]
    outcomes = await promoters.enrol(store, pii, rows, **BY)
    return [outcome.state if outcome.error is None else outcome.error.code for outcome in outcomes]


async def sell(store: Store, number: str, *, buyer: str, seller: str, fen: int = 1000) -> None:
    line = (orders.NewLine("P", 1, fen),)
    (outcome,) = await orders.record(store, [orders.NewOrder(number, buyer, seller, line, JOINED + DAY_US)], **BY)
    assert outcome.state == "recorded"


async def move(store: Store, code: str, to: str | None, *, at: int = MOVED_AT) -> None:
    await promoters.move(store, promoter_code=code, referrer_code=to, reason="r", at=at, key=None, **BY)


async def network(service: Service, code: str, **given: Any) -> Json | None:
    found: Json | None = (await service.data(NETWORK, role=Role.RISK, code=code, **given))["network"]
    return found


def named(subgraph: Json) -> tuple[list[tuple[str, int]], set[tuple[str, str]]]:
    """(label, level) of the nodes in order, and the edges between labels."""
    labels = {node["id"]: node["label"] for node in subgraph["nodes"]}
    assert len(labels) == len(subgraph["nodes"])
    assert all(node["promoter"]["code"] == node["label"] for node in subgraph["nodes"])
    edges = {(labels[edge["source"]], labels[edge["target"]]) for edge in subgraph["edges"]}
    return [(node["label"], node["level"]) for node in subgraph["nodes"]], edges


async def test_a_tree_comes_breadth_first_and_says_when_it_is_cut(service: Service) -> None:
    whole = await network(service, "R", depth=9)
    assert whole is not None
    nodes, edges = named(whole)
    assert nodes == [("R", 0), ("A", 1), ("B", 1), ("A1", 2), ("A2", 2), ("B1", 2), ("A11", 3)]
    assert edges == {(above, code) for code, above in REFERRERS.items() if above not in (None, "Z")}
    assert whole["truncated"] is False
    by_depth = await network(service, "R", depth=2)
    assert by_depth is not None
    assert (len(by_depth["nodes"]), by_depth["truncated"]) == (6, True)
    by_limit = await network(service, "R", depth=9, limit=3)
    assert by_limit is not None
    assert (named(by_limit)[0], by_limit["truncated"]) == ([("R", 0), ("A", 1), ("B", 1)], True)
    exact = await network(service, "R", depth=9, limit=7)
    assert exact is not None
    assert exact["truncated"] is False
    leaf = await network(service, "A11", limit=1)
    assert leaf is not None
    assert (named(leaf)[0], leaf["truncated"]) == ([("A11", 0)], False)
    assert await network(service, "nobody") is None


async def columns(service: Service, code: str, **given: Any) -> Json | None:
    found: Json | None = (await service.data(COLUMNS, role=Role.RISK, code=code, **given))["networkColumns"]
    return found


def told(found: Json) -> list[tuple[str, str | None]]:
    """Each code with the one above it, in order."""
    codes, parents = found["codes"], found["parents"]
    assert all(parent < place for place, parent in enumerate(parents))
    return [(code, codes[parent] if parent >= 0 else None) for code, parent in zip(codes, parents, strict=True)]


async def test_columns_tell_what_nodes_and_edges_tell(service: Service) -> None:
    await sell(service.store, "o-1", buyer="x", seller="A1", fen=700)
    await move(service.store, "A1", "B1")
    for given in ({"depth": 9}, {"depth": 2}, {"depth": 9, "limit": 3}, {"depth": 9, "limit": 7}):
        for at in (instant_text(MOVED_AT - 1), instant_text(MOVED_AT), None):
            nodes, flat = await network(service, "R", at=at, **given), await columns(service, "R", at=at, **given)
            assert nodes is not None
            assert flat is not None
            assert {*flat["codes"]} == {node["label"] for node in nodes["nodes"]}
            assert {(above, code) for code, above in told(flat) if above} == named(nodes)[1]
            assert flat["truncated"] is nodes["truncated"]
    whole = await columns(service, "R")
    assert whole is not None
    assert dict(zip(whole["codes"], whole["volumesFen"], strict=True)) == dict.fromkeys(whole["codes"], 0) | {"A1": 700}
    assert {whole["rankNames"][rank] for rank in whole["ranks"]} == {"PROMOTER"}
    assert {whole["statusNames"][status] for status in whole["statuses"]} == {"ACTIVE"}
    assert {*whole["joinedSeconds"]} == {JOINED // 1_000_000}
    assert await columns(service, "nobody") is None
    assert await columns(service, "R", at=instant_text(JOINED - 1)) is None


@pytest.mark.parametrize("given", [{"limit": 0}, {"limit": 100_001}, {"depth": 0}])
async def test_bounds_of_columns_are_held(service: Service, given: dict[str, int]) -> None:
    answer = await service.ask(COLUMNS, role=Role.RISK, code="R", **given)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_two_pictures_of_a_hundred_thousand_do_not_fit_into_a_request(service: Service) -> None:
    field = 'networkColumns(rootCode: "R") { codes parents ranks statuses joinedSeconds volumesFen truncated }'
    assert "errors" not in await service.ask(f"{{ {field} }}", role=Role.RISK)
    twice = await service.ask(f"{{ {' '.join(f'a{n}: {field}' for n in range(2))} }}", role=Role.RISK)
    assert [error["extensions"]["code"] for error in twice["errors"]] == ["COST_EXCEEDED"]


@pytest.mark.parametrize("given", [{"limit": 0}, {"limit": 5001}, {"limit": -1}, {"depth": 0}, {"depth": -7}])
async def test_bounds_of_a_tree_are_held(service: Service, given: dict[str, int]) -> None:
    answer = await service.ask(NETWORK, role=Role.RISK, code="R", **given)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_the_tree_of_any_past_date_is_the_one_of_that_date(service: Service) -> None:
    store = service.store
    await move(store, "A1", "B1")
    await move(store, "A1", "A2", at=MOVED_AT + 10 * DAY_US)
    await move(store, "B", None, at=MOVED_AT + 20 * DAY_US)

    async def at(days: int) -> set[tuple[str, str]]:
        found = await network(service, "R", depth=9, at=instant_text(MOVED_AT + days * DAY_US))
        assert found is not None
        return named(found)[1]

    always = {("R", "A"), ("A", "A2"), ("A1", "A11")}
    assert await at(-1) == always | {("R", "B"), ("B", "B1"), ("A", "A1")}
    assert await at(0) == always | {("R", "B"), ("B", "B1"), ("B1", "A1")}
    assert await at(10) == always | {("R", "B"), ("B", "B1"), ("A2", "A1")}
    assert await at(20) == always | {("A2", "A1")}
    assert await network(service, "R", at=instant_text(JOINED - 1)) is None


async def test_the_shortest_way_is_networkx_s_over_every_kind(service: Service, pii: Pii) -> None:
    store = service.store
    for index in range(2):
        await sell(store, f"o{index}", buyer="B1", seller="Z1")
    await sell(store, "o2", buyer="x", seller="A11")
    await sell(store, "o3", buyer="x", seller="Z")
    phones = [identifiers.Identification(code, "PHONE", "13800000000") for code in ("A2", "Z")]
    hub = [identifiers.Identification(f"h{index}", "DEVICE", "shop") for index in range(20)]
    hub += [identifiers.Identification(code, "DEVICE", "shop") for code in ("R", "Z")]
    await identifiers.link(store, pii, phones + hub, **BY)
    drawn = networkx.Graph([(above, code) for code, above in REFERRERS.items() if above])
    drawn.add_edges_from([("B1", "Z1"), ("x", "A11"), ("x", "Z"), ("phone", "A2"), ("phone", "Z")])
    for source in REFERRERS:
        for target in REFERRERS:
            found = (await service.data(RELATION, role=Role.RISK, **{"from": source, "to": target}))["relation"]
            assert found["hops"] == networkx.shortest_path_length(drawn, source, target), (source, target)
            assert (found["nodes"][0]["label"], found["nodes"][-1]["label"]) == (source, target)
            ids = [node["id"] for node in found["nodes"]]
            for edge, pair in zip(found["edges"], itertools.pairwise(ids), strict=True):
                assert {edge["source"], edge["target"]} == set(pair)
    found = (await service.data(RELATION, role=Role.RISK, **{"from": "B", "to": "Z"}))["relation"]
    kinds = [(edge["kind"], edge["weight"]) for edge in found["edges"]]
    assert kinds == [("REFERRED", 1), ("PURCHASED_THROUGH", 2), ("REFERRED", 1)]
    way = (await service.data(RELATION, role=Role.RISK, **{"from": "A2", "to": "Z", "via": ["PHONE"]}))["relation"]
    middle = way["nodes"][1]
    assert (way["hops"], middle["kind"], middle["promoter"]) == (2, "PHONE", None)
    assert "13800000000" not in str(way)


async def test_ways_are_bounded_by_kind_and_hops(service: Service) -> None:
    async def asked(**given: Any) -> Json | None:
        found: Json | None = (await service.data(RELATION, role=Role.OPERATOR, **given))["relation"]
        return found

    assert await asked(**{"from": "A11", "to": "B1", "hops": 4}) is None
    found = await asked(**{"from": "A11", "to": "B1", "hops": 5})
    assert found is not None
    assert found["hops"] == 5
    assert await asked(**{"from": "A11", "to": "B1", "via": ["PHONE"]}) is None
    assert await asked(**{"from": "A11", "to": "B1", "via": []}) is None
    assert await asked(**{"from": "R", "to": "Z"}) is None
    assert await asked(**{"from": "R", "to": "nobody"}) is None
    same = await asked(**{"from": "R", "to": "R"})
    assert same is not None
    assert (same["hops"], same["edges"]) == (0, [])
    for hops in (0, -1, 13):
        answer = await service.ask(RELATION, role=Role.RISK, **{"from": "R", "to": "A", "hops": hops})
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_search_gives_up_before_it_holds_half_the_network_and_says_so(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph_api.batched.structures.LOOKED_AT_MAX", 3)
    reads = StructureReads(service.store, None)  # type: ignore[arg-type]
    assert await reads.relation("A11", "B1", kinds=["REFERRED"], hops_max=9) == Path([], [], truncated=True)
    assert LOOKED_AT_MAX == 20_000


async def test_a_move_tried_out_is_what_the_move_does(service: Service) -> None:
    store = service.store
    for index, (buyer, seller) in enumerate([("x", "A1"), ("y", "A11"), ("z", "B1"), ("w", "R")]):
        await sell(store, f"o{index}", buyer=buyer, seller=seller, fen=1000 * (index + 1))
    codes = [code for code in REFERRERS if code != "A1"]
    team = f"{{ {' '.join(f'{c}: promoter(code: {c!r}) {{ team {{ size volumeFen }} }}' for c in codes)} }}".replace(
        "'", '"'
    )
    for target in ("B1", "Z1", None, "A2"):
        before = await service.data(team)
        asked = (await service.data(PREVIEW, role=Role.OPERATOR, code="A1", to=target))["previewMove"]
        assert (asked["wouldCycle"], asked["cyclePath"], asked["movedCount"], asked["errors"]) == (False, [], 2, [])
        await promoters.move(
            store, promoter_code="A1", referrer_code=target, reason="r", at=None, key=None, actor="t", now=BY["now"]
        )
        after = await service.data(team)
        changed = {
            code: (
                after[code]["team"]["size"] - before[code]["team"]["size"],
                after[code]["team"]["volumeFen"] - before[code]["team"]["volumeFen"],
            )
            for code in codes
        }
        told = {d["promoter"]["code"]: (d["sizeDelta"], d["volumeDeltaFen"]) for d in asked["uplineDeltas"]}
        assert told == {code: delta for code, delta in changed.items() if delta != (0, 0)}, target
        root = {"B1": "R", "Z1": "Z", None: "A1", "A2": "R"}[target]
        meter = (await service.data(f'{{ promoter(code: "{root}") {{ compliance {{ levels people state }} }} }}'))[
            "promoter"
        ]["compliance"]
        assert asked["complianceAfter"] == meter, target


async def test_a_move_that_would_be_refused_says_why(service: Service) -> None:
    async def asked(code: str, to: str | None) -> Json:
        preview: Json = (await service.data(PREVIEW, role=Role.RISK, code=code, to=to))["previewMove"]
        return preview

    cycle = await asked("A", "A11")
    assert (cycle["wouldCycle"], [step["code"] for step in cycle["cyclePath"]]) == (True, ["A", "A1", "A11"])
    assert (cycle["errors"][0]["code"], cycle["errors"][0]["path"]) == ("WOULD_CYCLE", ["A", "A1", "A11"])
    assert (cycle["uplineDeltas"], cycle["complianceAfter"]) == ([], {"levels": 4, "people": 7, "state": "CLEAR"})
    with pytest.raises(DomainError) as refused:
        await move(service.store, "A", "A11")
    assert refused.value.message == cycle["errors"][0]["message"]
    assert [error["code"] for error in (await asked("A", "A"))["errors"]] == ["SELF_REFERRAL"]
    assert [error["field"] for error in (await asked("nobody", "A"))["errors"]] == [["promoterCode"]]
    assert [error["field"] for error in (await asked("A", "nobody"))["errors"]] == [["referrerCode"]]
    await promoters.close(service.store, code="Z1", reason="left", **BY)
    assert [error["code"] for error in (await asked("A", "Z1"))["errors"]] == ["NOT_ACTIVE"]


async def test_the_meter_counts_the_promoter_and_warns_at_four_fifths(service: Service, pii: Pii) -> None:
    meter = (
        "query($code: String!) { promoter(code: $code) { compliance { levels people levelsLimit peopleLimit state } } }"
    )

    async def asked(code: str) -> tuple[int, int, str]:
        found = (await service.data(meter, role=Role.RISK, code=code))["promoter"]["compliance"]
        assert (found["levelsLimit"], found["peopleLimit"]) == (3, 30)
        return found["levels"], found["people"], found["state"]

    assert await asked("R") == (4, 7, "CLEAR")
    assert await asked("A11") == (1, 1, "CLEAR")
    await enrol(service.store, pii, {f"m{index}": "A" for index in range(17)})
    assert await asked("R") == (4, 24, "NEAR")
    await enrol(service.store, pii, {f"n{index}": "A" for index in range(6)})
    assert await asked("R") == (4, 30, "OVER")
    assert (await asked("A"))[2] == "NEAR"


async def test_a_plan_that_refuses_lets_no_tree_cross_the_line(service: Service, pii: Pii) -> None:
    store = service.store
    given = {"version": "strict", "starts_at": JOINED + 1, "compliance_mode": ComplianceMode.REFUSE}
    await plans.publish(store, given, **BY)
    states = await enrol(store, pii, {f"m{index}": "A" for index in range(24)})
    assert states == ["recorded"] * 22 + ["COMPLIANCE_LIMIT"] * 2
    assert await enrol(store, pii, {"flat": None, **{f"f{index}": "flat" for index in range(40)}}) == ["recorded"] * 41
    assert await enrol(store, pii, {"deep": "f0"}) == ["COMPLIANCE_LIMIT"]
    with pytest.raises(DomainError) as refused:
        await move(store, "Z", "R")
    assert refused.value.code == "COMPLIANCE_LIMIT"
    tried = (await service.data(PREVIEW, role=Role.RISK, code="Z", to="R"))["previewMove"]
    assert [error["message"] for error in tried["errors"]] == [refused.value.message]
    with pytest.raises(DomainError) as refused:
        await promoters.bind(store, promoter_code="Z", referrer_code="A", at=None, **BY)
    assert refused.value.code == "COMPLIANCE_LIMIT"
    await move(store, "A1", None)
    await move(store, "Z1", None)
    assert (await service.data('{ promoter(code: "R") { compliance { people } } }'))["promoter"]["compliance"] == {
        "people": 27
    }
