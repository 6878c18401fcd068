"""Cycles, thin chains, rings and hubs, held to networkx and to the detectors on the same stored graph, and bounded at hubs."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import neo4j
import networkx
import pytest
import pytest_asyncio

from cypher.statements import statements
from cypher.store import Store
from graph_api.batched import chains as thin_runs
from graph_api.batched import cycles as circles
from graph_api.batched import rings
from graph_api.jobs.snapshot import read
from graph_api.risk import deep_chain
from graph_api.rules.calendar import DAY_US, instant, instant_text
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import Query, empty
from tests.schema.conftest import Json, Service, serving

START = instant("2026-01-01T00:00:00Z")
PEOPLE = [f"p{index:03}" for index in range(120)]
CROWD = 10_000
SCANS = {"AllNodesScan", "NodeByLabelScan", "UnionNodeByLabelsScan", "DirectedAllRelationshipsScan", "NodeIndexScan"}

CYCLES = """query($kinds: [RelationKind!], $through: String, $min: Int! = 1, $max: Int! = 6, $from: DateTime, $to: DateTime,
  $first: Int! = 20) {
  cycles(kinds: $kinds, throughCode: $through, minLength: $min, maxLength: $max, from: $from, to: $to, first: $first) {
    truncated cycles { length codes structure { nodes { id label } edges { source target kind weight netFen } } } } }"""
CHAINS = """query($root: String, $min: Int! = 6, $through: String, $from: DateTime, $to: DateTime, $first: Int! = 100) {
  chains(rootCode: $root, minLevels: $min, throughCode: $through, joinedFrom: $from, joinedTo: $to, first: $first) {
    truncated chains { levels codes } } }"""
RING = """query($code: String!, $kinds: [RelationKind!], $hops: Int! = 12, $limit: Int! = 500, $sameTree: Boolean! = false) {
  ring(code: $code, kinds: $kinds, maxHops: $hops, limit: $limit, sameTree: $sameTree) {
    people truncated hubs { kind label people }
    structure { nodes { id label kind level } edges { source target kind } } } }"""
HUBS = """query($kind: IdentifierKind, $first: Int! = 20, $after: String) {
  identifierHubs(kind: $kind, first: $first, after: $after) {
    pageInfo { hasNextPage endCursor } edges { node { kind label people } } } }"""


class Drawn(NamedTuple):
    """What was stored: referrals, claims (promoter, claimed), purchases (buyer, promoter, paid_at, net), holders."""

    service: Service
    above: dict[str, str]
    claims: dict[str, str]
    purchases: list[tuple[str, str, int, int]]
    holders: dict[str, list[str]]

    def bought(self, first: int, last: int) -> dict[tuple[str, str], tuple[int, int]]:
        """(orders, net fen) by (buyer, promoter) of a window."""
        sums: dict[tuple[str, str], tuple[int, int]] = {}
        for buyer, seller, paid_at, net in self.purchases:
            if first <= paid_at < last:
                orders, fen = sums.get((buyer, seller), (0, 0))
                sums[buyer, seller] = (orders + 1, fen + net)
        return sums


@pytest_asyncio.fixture(scope="module")
async def drawn(connected: Store, servers: Servers, settings: Settings, query: Query) -> AsyncIterator[Drawn]:
    await empty(connected)
    chance = random.Random(11)
    above = {
        code: PEOPLE[index - 1] if chance.random() < 0.85 else chance.choice(PEOPLE[:index])
        for index, code in enumerate(PEOPLE)
        if index and index % 40
    }
    roots = [code for code in PEOPLE if code not in above]
    claims = dict(zip(roots, [roots[1], roots[2], roots[0]], strict=False)) | {"c1": "c2", "c2": "c1", "c3": "c3"}
    purchases = []
    for number in range(150):
        buyer, seller = chance.choice(PEOPLE[:40]), chance.choice(PEOPLE[:40])
        purchases.append((buyer, seller, START + chance.randrange(60) * DAY_US, 100 + number))
    holders = {}
    for number in range(60):
        kind = chance.choice(["DEVICE", "PHONE", "ADDRESS"])
        holders[f"{kind}:{number:08x}"] = chance.sample([*PEOPLE, "b1", "b2", "b3"], chance.randrange(1, 4))
    holders["DEVICE:ffff0001"] = PEOPLE[:21]
    holders["PHONE:ffff0002"] = PEOPLE[30:50]
    await store(query, above, claims, purchases, holders)
    await crowd(query)
    async with serving(settings, servers) as running:
        yield Drawn(running, above, claims, purchases, holders)


async def store(
    query: Query,
    above: dict[str, str],
    claims: dict[str, str],
    purchases: list[tuple[str, str, int, int]],
    holders: dict[str, list[str]],
) -> None:
    await query(
        "UNWIND range(0, size($codes) - 1) AS n CREATE (:Person:Promoter {code: $codes[n], joined_at: $at + n * $day,"
        " status: 'ACTIVE', rank: 'PROMOTER'})",
        codes=[*PEOPLE, "c1", "c2", "c3"],
        at=START,
        day=DAY_US,
    )
    await query("UNWIND ['b1', 'b2', 'b3'] AS code CREATE (:Person {code: code})")
    for kind, pairs in (("REFERRED", above), ("CLAIMED_REFERRAL", claims)):
        await query(
            "UNWIND $rows AS row MATCH (p:Promoter {code: row[0]}), (q:Promoter {code: row[1]})"
            f" CREATE (q)-[:{kind} {{promoter_code: p.code}}]->(p)",
            rows=[list(pair) for pair in pairs.items()],
        )
    await query(
        "UNWIND range(0, size($rows) - 1) AS n WITH n, $rows[n] AS row"
        " MATCH (b:Person {code: row[0]}), (s:Promoter {code: row[1]})"
        " CREATE (b)-[:PLACED]->(:Order {number: 'o' + n, paid_at: row[2], paid_fen: row[3] + 50, refunded_fen: 50})<-[:SOLD]-(s)",
        rows=[list(row) for row in purchases],
    )
    await query(
        "UNWIND $rows AS row MERGE (i:Identifier {id: row[0]}) SET i.kind = split(row[0], ':')[0]"
        " WITH i, row UNWIND row[1] AS code MATCH (p:Person {code: code}) CREATE (p)-[:IDENTIFIED_BY]->(i)",
        rows=[list(row) for row in holders.items()],
    )


async def crowd(query: Query) -> None:
    """One who has referred ten thousand and sold to each of them, all with one device; its first downline refers one."""
    await query(
        "CREATE (hub:Person:Promoter {code: 'hub', joined_at: $at, status: 'ACTIVE', rank: 'PROMOTER'})"
        " CREATE (i:Identifier {id: 'DEVICE:eeee0000', kind: 'DEVICE'}) CREATE (hub)-[:IDENTIFIED_BY]->(i)"
        " WITH hub, i UNWIND range(1, $crowd) AS n"
        " CREATE (hub)-[:REFERRED {promoter_code: 'm' + n}]->(p:Person:Promoter {code: 'm' + n, joined_at: $at - n,"
        " status: 'ACTIVE', rank: 'PROMOTER'})"
        " CREATE (p)-[:IDENTIFIED_BY]->(i)"
        " CREATE (p)-[:PLACED]->(:Order {number: 'm' + n, paid_at: $at - n, paid_fen: 9, refunded_fen: 0})<-[:SOLD]-(hub)",
        at=START - DAY_US,
        crowd=CROWD,
    )


async def cycles(drawn: Drawn, **given: Any) -> tuple[list[tuple[str, ...]], Json]:
    found = (await drawn.service.data(CYCLES, role=Role.RISK, **given))["cycles"]
    return [tuple(each["codes"]) for each in found["cycles"]], found


def canonical(cycle: list[str]) -> tuple[str, ...]:
    first = cycle.index(min(cycle))
    return (*cycle[first:], *cycle[:first])


def expected_cycles(edges: Any, most: int, through: str | None = None) -> set[tuple[str, ...]]:
    graph: networkx.DiGraph[str] = networkx.DiGraph(list(edges))
    found = {canonical(cycle) for cycle in networkx.simple_cycles(graph, length_bound=most)}
    return {cycle for cycle in found if through is None or through in cycle}


async def test_cycles_of_purchases_are_those_of_networkx_with_orders_and_fen(drawn: Drawn) -> None:
    first, last = START + 5 * DAY_US, START + 55 * DAY_US
    window = {"from": instant_text(first), "to": instant_text(last), "kinds": ["PURCHASED_THROUGH"]}
    bought = drawn.bought(first, last)
    expected = expected_cycles(bought, 3)
    assert len(expected) > 10
    codes, told = await cycles(drawn, max=3, first=60, **window)
    assert (set(codes), len(codes)) == (expected, len(expected))
    assert codes == sorted(codes, key=lambda cycle: (len(cycle), cycle))
    assert told["truncated"] is False
    for each in told["cycles"]:
        label = {node["id"]: node["label"] for node in each["structure"]["nodes"]}
        edges = {
            (label[edge["source"]], label[edge["target"]]): (edge["weight"], edge["netFen"])
            for edge in each["structure"]["edges"]
        }
        steps = list(zip(each["codes"], [*each["codes"][1:], each["codes"][0]], strict=True))
        assert edges == {step: bought[step] for step in steps}
    few, cut = await cycles(drawn, max=3, first=5, **window)
    assert (few, cut["truncated"]) == (codes[:5], True)
    longer, _ = await cycles(drawn, min=3, max=3, first=60, **window)
    assert set(longer) == {cycle for cycle in expected if len(cycle) == 3}


async def test_cycles_through_a_person_are_those_of_networkx(drawn: Drawn) -> None:
    edges = drawn.bought(0, 2**62).keys()
    tested = 0
    for code in PEOPLE[:40:3]:
        expected = expected_cycles(edges, 4, code)
        codes, told = await cycles(drawn, through=code, max=4, first=60, kinds=["PURCHASED_THROUGH"])
        assert set(codes) <= expected
        assert [len(cycle) for cycle in codes] == sorted(map(len, expected))[:60]
        assert told["truncated"] is (len(expected) > 60)
        tested += len(codes)
    assert tested > 20
    mixed = [*edges, *((q, p) for p, q in drawn.above.items()), *((q, p) for p, q in drawn.claims.items())]
    kinds = ["PURCHASED_THROUGH", "CLAIMED_REFERRAL", "REFERRED"]
    codes, _ = await cycles(drawn, through="p003", max=3, first=60, kinds=kinds)
    assert set(codes) == expected_cycles(mixed, 3, "p003")


async def test_cycles_of_claims_are_those_of_networkx(drawn: Drawn) -> None:
    expected = expected_cycles([(q, p) for p, q in drawn.claims.items()], 6)
    codes, told = await cycles(drawn, kinds=["CLAIMED_REFERRAL"])
    assert set(codes) == expected
    assert [len(cycle) for cycle in codes] == [1, 2, 3]
    assert {edge["kind"] for each in told["cycles"] for edge in each["structure"]["edges"]} == {"CLAIMED_REFERRAL"}
    assert (await cycles(drawn, kinds=["CLAIMED_REFERRAL"], through="c1"))[0] == [("c1", "c2")]
    assert (await cycles(drawn, kinds=["CLAIMED_REFERRAL"], min=4))[0] == []


async def test_nobody_and_nothing_are_no_whole_answer(drawn: Drawn) -> None:
    answer = await drawn.service.ask(CYCLES, through="", kinds=["PURCHASED_THROUGH"], first=20)
    assert answer["data"]["cycles"] is None
    for query in (CYCLES, RING):
        answer = await drawn.service.ask(query, code="c1", kinds=[], first=20)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_walk_or_a_look_that_was_cut_says_so(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circles, "STEPS_MAX", 50)
    codes, told = await cycles(drawn, kinds=["PURCHASED_THROUGH"], max=6)
    assert told["truncated"] is True
    assert set(codes) <= expected_cycles(drawn.bought(0, 2**62), 6)
    monkeypatch.setattr(circles, "STEPS_MAX", 400_000)
    monkeypatch.setattr(circles, "ORDERS_MAX", 10)
    assert (await cycles(drawn, kinds=["PURCHASED_THROUGH"], max=2))[1]["truncated"] is True
    monkeypatch.setattr(circles, "EDGES_MAX", 1)
    somebody = max(expected_cycles(drawn.bought(0, 2**62), 3), key=len)[0]
    assert (await cycles(drawn, kinds=["PURCHASED_THROUGH"], through=somebody))[1]["truncated"] is True


async def runs(drawn: Drawn, **given: Any) -> list[tuple[str, ...]]:
    found = (await drawn.service.data(CHAINS, role=Role.OPERATOR, **given))["chains"]
    assert [each["levels"] for each in found["chains"]] == [len(each["codes"]) - 1 for each in found["chains"]]
    assert found["truncated"] is False
    codes = [tuple(each["codes"]) for each in found["chains"]]
    assert codes == sorted(codes, key=lambda run: (-len(run), run))
    return codes


def thin(above: dict[str, str], least: int) -> set[tuple[str, ...]]:
    """Longest thin runs, found by walking down from everybody who is no intermediate."""
    graph: networkx.DiGraph[str] = networkx.DiGraph([(q, p) for p, q in above.items()])
    within = {n for n in graph if graph.in_degree(n) == 1 and graph.out_degree(n) == 1}
    found = set()
    for top in set(graph) - within:
        for code in graph.successors(top):
            run = [top, code]
            while run[-1] in within:
                run += graph.successors(run[-1])
            if len(run) > least:
                found.add(tuple(run))
    return found


async def test_chains_are_those_of_the_detector_and_of_a_walk(drawn: Drawn) -> None:
    snapshot = await read(drawn.service.store, as_of=START)
    for least in (3, 6):
        found = deep_chain.detect(snapshot, deep_chain.DETECTOR.limits({"levels_min": least}))
        expected = thin(drawn.above, least)
        assert {each.members for each in found} == expected
        told = await runs(drawn, min=least, **{"from": instant_text(START)})
        assert (set(told), len(told)) == (expected, len(expected))
    assert len(expected) > 1


async def test_chains_of_a_tree_through_somebody_and_of_late_joiners(drawn: Drawn) -> None:
    graph: networkx.DiGraph[str] = networkx.DiGraph([(q, p) for p, q in drawn.above.items()])
    for root in PEOPLE[::9]:
        below = networkx.descendants(graph, root) if root in graph else set()
        part = {code: drawn.above[code] for code in below}
        assert set(await runs(drawn, root=root, min=2)) == thin(part, 2), root
    every = thin(drawn.above, 2)
    for code in PEOPLE[::5]:
        assert set(await runs(drawn, through=code, min=2)) == {run for run in every if code in run}, code
    late = START + 60 * DAY_US
    assert set(await runs(drawn, min=2, **{"from": instant_text(late)})) == {
        run for run in every if START + PEOPLE.index(run[-1]) * DAY_US >= late
    }
    answer = await drawn.service.ask(CHAINS, min=2)
    assert answer["data"]["chains"]["truncated"] is False


async def test_chains_show_so_many_people_together_and_tell_the_cut(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = await runs(drawn, min=3)
    monkeypatch.setattr(thin_runs, "NODES_MAX", len(every[0]) + len(every[1]))
    found = (await drawn.service.data(CHAINS, role=Role.OPERATOR, min=3))["chains"]
    assert ([tuple(each["codes"]) for each in found["chains"]], found["truncated"]) == (every[:2], len(every) > 2)
    assert len(every) > 2


def component(drawn: Drawn, code: str, hops: int, kinds: set[str]) -> dict[str, int]:
    """Hops to everybody, over identifiers of at most twenty people."""
    graph: networkx.Graph[str] = networkx.Graph()
    graph.add_node(code)
    for id, people in drawn.holders.items():
        if len(people) <= 20 and id.partition(":")[0] in kinds:
            graph.add_edges_from((id, person) for person in people)
    distances = networkx.single_source_shortest_path_length(graph, code, cutoff=2 * hops)
    return {node: distance // 2 for node, distance in distances.items() if ":" not in node}


async def ring(drawn: Drawn, code: str, **given: Any) -> Json:
    found: Json = (await drawn.service.data(RING, role=Role.RISK, code=code, **given))["ring"]
    return found


@pytest.mark.parametrize("hops", [1, 2, 12])
async def test_a_ring_is_the_component_of_networkx(drawn: Drawn, hops: int) -> None:
    sizes = set()
    for code in [*PEOPLE[::7], "b1"]:
        for kinds in (None, ["DEVICE"], ["PHONE", "ADDRESS"]):
            expected = component(drawn, code, hops, set(kinds or ["DEVICE", "PHONE", "ADDRESS"]))
            found = await ring(drawn, code, hops=hops, kinds=kinds)
            nodes = found["structure"]["nodes"]
            people = {node["label"]: node["level"] for node in nodes if node["kind"] in ("PROMOTER", "BUYER")}
            assert people == expected
            assert found["people"] == len(expected)
            assert found["truncated"] is (
                len(component(drawn, code, 99, set(kinds or ["DEVICE", "PHONE", "ADDRESS"]))) > len(expected)
            )
            label = {node["id"]: node["label"] for node in nodes}
            told = {(label[edge["source"]], label[edge["target"]]) for edge in found["structure"]["edges"]}
            assert told == {
                (person, id.partition(":")[2])
                for id, holders in drawn.holders.items()
                if id.partition(":")[0] in (kinds or ["DEVICE", "PHONE", "ADDRESS"]) and len(holders) <= 20
                for person in holders
                if len(set(holders) & expected.keys()) > 1 and person in expected
            }
            hubs = {(hub["label"], hub["people"]) for hub in found["hubs"]}
            crowded = bool(set(PEOPLE[:21]) & expected.keys()) and "DEVICE" in (kinds or ["DEVICE"])
            assert hubs == ({("ffff0001", 21)} if crowded else set())
            sizes.add(len(expected))
    assert max(sizes) > 2


async def test_a_ring_of_one_tree_holds_its_promoters_only(drawn: Drawn) -> None:
    graph: networkx.DiGraph[str] = networkx.DiGraph([(q, p) for p, q in drawn.above.items()])
    smaller = 0
    for code in PEOPLE[::7]:
        tree = next(part for part in networkx.weakly_connected_components(graph) if code in part)
        own = Drawn(
            drawn.service,
            {},
            {},
            [],
            {id: [p for p in people if p in tree] for id, people in drawn.holders.items() if len(people) <= 20},
        )
        expected = component(own, code, 12, {"DEVICE", "PHONE", "ADDRESS"})
        found = await ring(drawn, code, sameTree=True)
        assert {n["label"] for n in found["structure"]["nodes"] if n["kind"] == "PROMOTER"} == expected.keys()
        smaller += len(expected) < len(component(drawn, code, 12, {"DEVICE", "PHONE", "ADDRESS"}))
    assert smaller


async def test_a_ring_that_is_cut_says_so(drawn: Drawn) -> None:
    found = await ring(drawn, "p030", limit=5)
    assert found["truncated"] is True
    assert len(found["structure"]["nodes"]) <= 5


async def test_hubs_are_listed_page_by_page_however_little_a_page_looks_at(
    drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def listed(**given: Any) -> tuple[list[tuple[str, str, int]], int]:
        found, after, pages = [], None, 0
        while True:
            page = (await drawn.service.data(HUBS, role=Role.RISK, after=after, **given))["identifierHubs"]
            found += [(edge["node"]["kind"], edge["node"]["label"], edge["node"]["people"]) for edge in page["edges"]]
            pages += 1
            if not page["pageInfo"]["hasNextPage"]:
                return found, pages
            after = page["pageInfo"]["endCursor"]

    every = [("DEVICE", "eeee0000", CROWD + 1), ("DEVICE", "ffff0001", 21)]
    assert await listed() == (every, 1)
    assert await listed(first=1) == (every, 2)
    assert await listed(kind="PHONE") == ([], 1)
    assert await listed(kind="DEVICE") == (every, 1)
    monkeypatch.setattr(rings, "HUBS_LOOKED_AT_MAX", 7)
    found, pages = await listed()
    assert found == every
    assert pages >= len(drawn.holders) // 7


async def test_at_a_hub_of_ten_thousand_everything_stays_bounded_and_says_so(drawn: Drawn) -> None:
    service = drawn.service
    network = await service.data('{ network(rootCode: "hub", limit: 500) { nodes { label } truncated } }')
    assert (len(network["network"]["nodes"]), network["network"]["truncated"]) == (500, True)
    diff = await service.data(
        '{ networkDiff(rootCode: "hub", from: "2025-12-31T00:00:00Z", to: "2026-01-02T00:00:00Z", limit: 500)'
        " { nodes { state } unchanged truncated } }"
    )
    assert diff["networkDiff"] == {"nodes": [{"state": "UNCHANGED"}] * 500, "unchanged": 500, "truncated": True}
    relation = 'query($to: String!) { relation(fromCode: "m1", toCode: $to) { hops truncated } }'
    assert (await service.data(relation, to=f"m{CROWD}"))["relation"] == {"hops": 2, "truncated": False}
    assert (await service.data(relation, to="p000"))["relation"] == {"hops": 0, "truncated": True}
    found = await ring(drawn, "m7")
    assert (found["people"], found["hubs"]) == (1, [{"kind": "DEVICE", "label": "eeee0000", "people": CROWD + 1}])
    codes, told = await cycles(drawn, through="hub", kinds=["PURCHASED_THROUGH", "REFERRED"], max=2, first=10)
    assert (len(codes), told["truncated"]) == (10, True)
    assert await runs(drawn, through="hub", min=2) == []


@pytest.mark.parametrize(
    ("document", "given"),
    [
        (CYCLES, {"kinds": ["PHONE"]}),
        (CYCLES, {"kinds": ["REFERRED"]}),
        (CYCLES, {"max": 13}),
        (CYCLES, {"min": 0}),
        (CYCLES, {"min": 3, "max": 2}),
        (CYCLES, {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        (CYCLES, {"first": 101}),
        (CHAINS, {"min": 1}),
        (CHAINS, {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}),
        (RING, {"code": "p000", "kinds": ["REFERRED"]}),
        (RING, {"code": "p000", "hops": 13}),
        (RING, {"code": "p000", "limit": 0}),
        (HUBS, {"after": "nonsense"}),
    ],
)
async def test_what_cannot_be_asked_is_refused(drawn: Drawn, document: str, given: Json) -> None:
    answer = await drawn.service.ask(document, role=Role.RISK, **given)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("subject", ["changes", "chains", "claims", "cycles", "rings", "structures"])
async def test_each_question_begins_at_an_index(drawn: Drawn, servers: Servers, subject: str) -> None:
    auth = (servers.neo4j_user, servers.neo4j_password)
    async with neo4j.AsyncGraphDatabase.driver(servers.neo4j_uri, auth=auth) as driver:
        for name, statement in statements(subject).items():
            given = dict.fromkeys(statement.parameters)
            result = await driver.execute_query(
                f"EXPLAIN {statement.sent_text}", {"given": given}, database_=servers.neo4j_database
            )
            assert result.summary.plan is not None
            assert not operators(result.summary.plan) & SCANS, name


def operators(plan: dict[str, Any]) -> set[str]:
    """Names of a plan's operators."""
    below = (operators(child) for child in plan.get("children", []))
    return {plan["operatorType"].partition("@")[0]}.union(*below)


async def test_nobody_has_no_shape(drawn: Drawn) -> None:
    assert (await drawn.service.data(CYCLES, through="zz"))["cycles"] is None
    assert (await drawn.service.data(CHAINS, root="zz"))["chains"] is None
    assert (await drawn.service.data(RING, code="zz"))["ring"] is None
