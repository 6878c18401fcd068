"""The risk team's view: scan, findings with their structure, review, and who sees none of it."""

from __future__ import annotations

import pytest

from graph_api.actions import identifiers, orders, products, promoters
from graph_api.pii import Pii
from graph_api.schema.nodes import global_id
from graph_api.viewer import Role
from tests.schema.conftest import JOINED, PAID, Json, Service

SCAN = """mutation($keys: [String!]) { scanRisk(detectors: $keys) {
  raised changed closed locked errors { code field }
  findings(first: 10) { id detector score status memberCount members { code } atStakeFen sentence }
} }"""
FINDINGS = """query($filter: FindingFilter, $first: Int! = 20, $after: String) { findings(filter: $filter, first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { id detector score status members { code } } }
} }"""
REVIEW = """mutation($id: ID!, $verdict: Verdict!, $note: String) { reviewFinding(id: $id, verdict: $verdict, note: $note) {
  finding { status note reviewedAt } errors { code field }
} }"""


async def planted(service: Service, pii: Pii) -> None:
    """R over five with one device (R1 and R2 with one account too), and a chain of seven."""
    enrolled = [promoters.Enrolment("R", joined_at=JOINED)]
    enrolled += [promoters.Enrolment(f"R{n}", joined_at=JOINED, referrer_code="R") for n in range(1, 6)]
    enrolled += [
        promoters.Enrolment(f"C{n}", joined_at=JOINED, referrer_code=f"C{n - 1}" if n else None) for n in range(7)
    ]
    await promoters.enrol(service.store, pii, enrolled, actor="test", now=JOINED)
    links = [identifiers.Identification(f"R{n}", "DEVICE", "phone-of-all") for n in range(1, 6)]
    links += [identifiers.Identification(f"R{n}", "PAYOUT_ACCOUNT", "one") for n in (1, 2)]
    await identifiers.link(service.store, pii, links, actor="test", now=JOINED)


async def scan(service: Service, keys: list[str] | None = None) -> Json:
    answer: Json = (await service.data(SCAN, role=Role.RISK, keys=keys))["scanRisk"]
    return answer


async def test_a_scan_tells_what_it_found_and_scanning_again_finds_the_same(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    first = await scan(service)
    assert (first["raised"], first["changed"], first["locked"], first["errors"]) == (3, 0, 5, [])
    told = [(each["detector"], each["score"], each["memberCount"]) for each in first["findings"]]
    assert told[0] == ("IDENTITY_RING", 90, 5)
    assert sorted(told[1:]) == [("DEEP_CHAIN", 60, 7), ("SHARED_PAYOUT_ACCOUNT", 60, 2)]
    assert first["findings"][0]["sentence"] == "R 这棵树里 5 名推广员（R1、R2、R3、R4、R5）共用设备、收款账户。"
    again = await scan(service)
    assert (again["raised"], again["changed"], again["locked"]) == (0, 0, 0)
    assert [each["id"] for each in again["findings"]] == [each["id"] for each in first["findings"]]
    one = await scan(service, ["DEEP_CHAIN"])
    assert [each["detector"] for each in one["findings"]] == ["DEEP_CHAIN"]
    wrong = await scan(service, ["NO_SUCH"])
    assert (wrong["errors"], wrong["findings"]) == ([{"code": "NOT_FOUND", "field": ["detectors"]}], [])


async def test_findings_are_listed_gravest_first_in_pages_and_by_filter(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    await scan(service)
    page = (await service.data(FINDINGS, role=Role.OPERATOR, first=2))["findings"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = (await service.data(FINDINGS, first=2, after=page["pageInfo"]["endCursor"]))["findings"]
    every = [edge["node"]["detector"] for edge in page["edges"] + rest["edges"]]
    assert (every[0], set(every[1:])) == ("IDENTITY_RING", {"DEEP_CHAIN", "SHARED_PAYOUT_ACCOUNT"})
    for given, expected in (
        ({"minScore": 90}, {"IDENTITY_RING"}),
        ({"memberCode": "R1"}, {"IDENTITY_RING", "SHARED_PAYOUT_ACCOUNT"}),
        ({"detector": "DEEP_CHAIN"}, {"DEEP_CHAIN"}),
        ({"status": "CONFIRMED"}, set()),
        ({"detector": "DEEP_CHAIN", "memberCode": "R1"}, set()),
    ):
        found = (await service.data(FINDINGS, filter=given))["findings"]
        assert {edge["node"]["detector"] for edge in found["edges"]} == expected, given
        assert found["totalCount"] == len(expected)
    own = await service.data('{ promoter(code: "R1") { findings { detector } } }', role=Role.RISK)
    assert [each["detector"] for each in own["promoter"]["findings"]] == ["IDENTITY_RING", "SHARED_PAYOUT_ACCOUNT"]


async def test_findings_are_listed_by_money_at_stake_in_pages(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    await products.upsert(service.store, products.NewProduct("P", "苹果", 100_000, 2000), actor="test", now=JOINED)
    sold = [
        orders.NewOrder(f"o-{code}", "buyer", code, (orders.NewLine("P", quantity, quantity * 100_000),), PAID)
        for code, quantity in (("C3", 4), ("R3", 2), ("R1", 1))
    ]
    await orders.record(service.store, sold, actor="test", now=PAID)
    await scan(service)
    query = """query($after: String, $by: FindingSort = AT_STAKE) { findings(orderBy: $by, first: 1, after: $after) {
      totalCount pageInfo { hasNextPage endCursor } edges { node { id detector atStakeFen } }
    } }"""
    found: list[Json] = []
    after, goes_on = None, True
    while goes_on:
        page = (await service.data(query, after=after))["findings"]
        found += [edge["node"] for edge in page["edges"]]
        after, goes_on = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert len({each["id"] for each in found}) == len(found) == page["totalCount"]
    stakes = [each["atStakeFen"] for each in found]
    assert stakes == sorted(stakes, reverse=True)
    # The chain has the overrides of those above who sold, too.
    assert [(each["detector"], each["atStakeFen"]) for each in found[:2]] == [
        ("DEEP_CHAIN", 104_000),
        ("IDENTITY_RING", 60_000),
    ]
    of_another_order = await service.ask(query, after=after, by="SCORE")
    assert "after is not a cursor of this list" in of_another_order["errors"][0]["message"]


async def test_the_members_of_a_finding_are_gone_through_by_code(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    ring = (await scan(service))["findings"][0]
    query = """query($id: ID!, $after: String) { node(id: $id) { ... on Finding {
      namedCount members(first: 2, afterCode: $after) { code }
    } } }"""
    pages = [(await service.data(query, id=ring["id"], after=after))["node"] for after in (None, "R2", "R4", "R5")]
    codes = [[member["code"] for member in page["members"]] for page in pages]
    assert codes == [["R1", "R2"], ["R3", "R4"], ["R5"], []]
    assert {page["namedCount"] for page in pages} == {5}


async def test_a_finding_shows_its_structure_and_its_numbers(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    (ring,) = [each for each in (await scan(service))["findings"] if each["detector"] == "IDENTITY_RING"]
    query = """query($id: ID!) { node(id: $id) { ... on Finding {
      evidence { key value threshold } firstSeen lastSeen closedAt
      structure { truncated nodes { id kind label promoter { code } } edges { source target kind weight } }
    } } }"""
    finding = (await service.data(query, role=Role.OPERATOR, id=ring["id"]))["node"]
    assert finding["evidence"][0] == {"key": "members", "value": "5", "threshold": "3"}
    nodes = {node["id"]: node for node in finding["structure"]["nodes"]}
    assert sorted(node["kind"] for node in nodes.values()) == ["DEVICE", "PAYOUT_ACCOUNT"] + ["PROMOTER"] * 5
    assert nodes[global_id("Promoter", "R1")]["promoter"] == {"code": "R1"}
    edges = finding["structure"]["edges"]
    assert sorted(edge["kind"] for edge in edges) == ["DEVICE"] * 5 + ["PAYOUT_ACCOUNT"] * 2
    assert {edge[end] for edge in edges for end in ("source", "target")} == set(nodes)
    assert finding["closedAt"] is None
    body = {"query": query.replace("evidence", "sentence evidence"), "variables": {"id": ring["id"]}}
    headers = service.headers(Role.RISK) | {"Accept-Language": "en"}
    english = (await service.client.post("/graphql", json=body, headers=headers)).json()["data"]["node"]["sentence"]
    assert english == "5 promoters of the tree of R (R1, R2, R3, R4, R5) share device, payout account."


async def test_a_review_decides_and_frees_whom_the_finding_locked(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    ring = (await scan(service))["findings"][0]
    status = '{ promoter(code: "R1") { status } }'
    assert (await service.data(status))["promoter"]["status"] == "LOCKED"
    answer = await service.data(REVIEW, role=Role.RISK, id=ring["id"], verdict="DISMISS", note="同一家店")
    reviewed = answer["reviewFinding"]
    assert (reviewed["finding"]["status"], reviewed["finding"]["note"]) == ("DISMISSED", "同一家店")
    assert (await service.data(status))["promoter"]["status"] == "ACTIVE"
    (detector,) = [
        each
        for each in (await service.data("{ detectors { key mayLock reviewed confirmed parameters { key value } } }"))[
            "detectors"
        ]
        if each["key"] == "IDENTITY_RING"
    ]
    assert (detector["mayLock"], detector["reviewed"], detector["confirmed"]) == (True, 1, 0)
    for wrong in (global_id("Finding", "none"), global_id("Promoter", "R1"), "none"):
        refused = (await service.data(REVIEW, id=wrong, verdict="CONFIRM"))["reviewFinding"]
        assert refused == {"finding": None, "errors": [{"code": "NOT_FOUND", "field": ["id"]}]}


@pytest.mark.parametrize("role", [Role.PROMOTER, Role.FINANCE, Role.SERVICE])
async def test_a_finding_does_not_exist_for_whom_it_is_not(service: Service, pii: Pii, role: Role) -> None:
    await planted(service, pii)
    ring = (await scan(service))["findings"][0]
    promoter = "R1" if role is Role.PROMOTER else None
    answer = await service.data("query($id: ID!) { node(id: $id) { id } }", role=role, promoter=promoter, id=ring["id"])
    assert answer["node"] is None
