"""Orders, products, plans, earnings and promotion as clients read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cypher.statements import Record, Statement
from graph_api.viewer import Role
from tests.schema.conftest import REFERRERS, Json, Service

TEAM_VIEW = """
query($code: String!) {
  promoter(code: $code) {
    code name team { size volumeFen validDirectCount } sales { orders volumeFen }
    downline(first: 20) { pageInfo { hasNextPage } edges { level node {
      code name rank status joinedAt team { size volumeFen } sales { orders volumeFen } } } }
  }
}"""


async def paged(service: Service, query: str, name: str, first: int) -> list[Json]:
    """All nodes, page by page."""
    nodes: list[Json] = []
    after = None
    while True:
        page = (await service.data(query, first=first, after=after))[name]
        nodes += [edge["node"] for edge in page["edges"]]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes


PAGE = "totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


@pytest.mark.parametrize("first", [1, 2, 100])
async def test_orders_are_paged_latest_first(network: Service, first: int) -> None:
    query = f"query($first: Int!, $after: String) {{ orders(first: $first, after: $after) {{ {PAGE} edges {{ cursor node {{ number }} }} }} }}"
    assert [node["number"] for node in await paged(network, query, "orders", first)] == sorted(
        f"o-{c}" for c in REFERRERS
    )
    answer = await network.data(
        '{ orders(filter: {promoterCode: "C", status: PAID}) { totalCount edges { node { number } } } }'
    )
    assert answer["orders"] == {"totalCount": 1, "edges": [{"node": {"number": "o-C"}}]}
    at = "2026-01-10T04:00:00Z"
    for paid, count in (("paidFrom", 7), ("paidTo", 0)):
        assert (await network.data(f'{{ orders(filter: {{{paid}: "{at}"}}) {{ totalCount }} }}'))["orders"][
            "totalCount"
        ] == count


@pytest.mark.parametrize("after", ["", "x", "bm8=", "WzFd", "WyJhIiwiYiJd", "W10=", "WzFlNDAwLCJ4Il0=", "é"])
@pytest.mark.parametrize("field", ["orders", "products", "promoters"])
async def test_a_foreign_cursor_is_refused(network: Service, field: str, after: str) -> None:
    answer = await network.ask(f"query($after: String) {{ {field}(after: $after) {{ totalCount }} }}", after=after)
    if field == "products" and after == "":
        return
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_an_order_shows_its_sale(network: Service) -> None:
    query = """{ order(number: "o-C") {
      number status buyerCode promoter { code } paidFen refundedFen netFen paidAt deliveredAt observedUntil
      lines { product { sku title } quantity paidFen refundedFen }
      commissions { kind level rateBp amountFen state planVersion releaseAt promoter { code } order { number } } } }"""
    order = (await network.data(query))["order"]
    assert [(c["promoter"]["code"], c["amountFen"]) for c in order.pop("commissions")] == [
        ("C", 20_000),
        ("B", 3_000),
        ("A", 3_000),
    ]
    assert order == {
        "number": "o-C",
        "status": "PAID",
        "buyerCode": "x-C",
        "promoter": {"code": "C"},
        "paidFen": 100_000,
        "refundedFen": 0,
        "netFen": 100_000,
        "paidAt": "2026-01-10T04:00:00Z",
        "deliveredAt": None,
        "observedUntil": None,
        "lines": [{"product": {"sku": "P", "title": "苹果"}, "quantity": 1, "paidFen": 100_000, "refundedFen": 0}],
    }


async def test_earnings_group_overrides_by_level_and_rate(network: Service) -> None:
    query = """{ promoter(code: "A") { earnings(month: "2026-01") {
      baseFen tierFen overrideFen clawbackFen adjustmentFen totalFen overrides { level rateBp salesFen amountFen } } } }"""
    assert (await network.data(query))["promoter"]["earnings"] == {
        "baseFen": 20_000,
        "tierFen": 0,
        "overrideFen": 9_000,
        "clawbackFen": 0,
        "adjustmentFen": 0,
        "totalFen": 29_000,
        "overrides": [
            {"level": 1, "rateBp": 300, "salesFen": 200_000, "amountFen": 6_000},
            {"level": 2, "rateBp": 300, "salesFen": 100_000, "amountFen": 3_000},
        ],
    }


async def test_every_node_is_found_again_by_its_id(network: Service) -> None:
    query = '{ promoter(code: "B") { id commissions { edges { node { id } } } } order(number: "o-B") { id } product(sku: "P") { id } }'
    found = await network.data(query)
    ids = [found["promoter"]["id"], found["order"]["id"], found["product"]["id"]]
    ids += [edge["node"]["id"] for edge in found["promoter"]["commissions"]["edges"]]
    for id in ids:
        assert (await network.data("query($id: ID!) { node(id: $id) { id } }", id=id))["node"] == {"id": id}
        hidden = (
            await network.data("query($id: ID!) { node(id: $id) { id } }", id=id, role=Role.PROMOTER, promoter="S")
        )["node"]
        assert hidden == ({"id": id} if id == found["product"]["id"] else None)


@pytest.mark.parametrize("id", ["", "x", "UHJvbW90ZXI=", "UHJvbW90ZXI6enp6", "Tm9uZTp4", "UHJvbW90ZXI6Qg", "////", "é"])
async def test_an_id_of_nothing_is_null(network: Service, id: str) -> None:
    assert await network.data("query($id: ID!) { node(id: $id) { id } }", id=id) == {"node": None}


@pytest.mark.parametrize(
    ("language", "said"), [("zh-CN", "有效下线 0/20 人，还差 20 人。"), ("en-GB", "0 of 20 valid downlines, 20 to go.")]
)
async def test_promotion_tells_both_routes_in_the_reader_s_language(network: Service, language: str, said: str) -> None:
    query = """{ promoter(code: "B") { promotion { eligible rank nextRank routes { satisfied detail
      ... on ValidDownlinesRoute { current required }
      ... on SalesMonthsRoute { requiredMonths requiredFen months { month salesFen reached } } }
      nearlyValid { code } } } }"""
    headers = network.headers(Role.ADMIN) | {"Accept-Language": language}
    answer = (await network.client.post("/graphql", json={"query": query}, headers=headers)).json()
    promotion = answer["data"]["promoter"]["promotion"]
    assert (promotion["eligible"], promotion["rank"], promotion["nextRank"]) == (False, "PROMOTER", "SENIOR")
    by_downlines, by_sales = promotion["routes"]
    assert by_downlines == {"satisfied": False, "detail": said, "current": 0, "required": 20}
    assert (by_sales["requiredMonths"], by_sales["requiredFen"], len(by_sales["months"])) == (3, 1_000_000, 3)
    assert by_sales["months"][-1] == {"month": "2026-01", "salesFen": 100_000, "reached": False}
    assert promotion["nearlyValid"] == [{"code": "C"}]


async def test_the_plan_of_the_beginning_is_the_default(network: Service) -> None:
    query = '{ plan(at: "1990-01-01T00:00:00Z") { version startsAt overrideLevels overrideBp capBp salesMonthFen attribution } }'
    assert (await network.data(query))["plan"] == {
        "version": "default",
        "startsAt": "0001-01-01T00:00:00Z",
        "overrideLevels": 2,
        "overrideBp": [[300, 400, 500], [300, 300, 300]],
        "capBp": 4500,
        "salesMonthFen": [1_000_000, 3_000_000],
        "attribution": "FIRST_TOUCH",
    }


async def test_a_team_view_takes_two_statements_cold_and_none_warm(
    network: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await network.data('mutation { enrolPromoter(input: {code: "view"}) { errors { code } } }')
    for index in range(20):
        await network.data(
            'mutation($code: String!) { enrolPromoter(input: {code: $code, referrerCode: "view"}) { errors { code } } }',
            code=f"view-{index}",
        )
    inner, ran = network.store.run, []

    async def counting(statement: Statement, parameters: Mapping[str, Any]) -> list[Record]:
        if statement.subject not in ("journal", "positions"):  # what follows the journal runs anyway
            ran.append(statement.name)
        return await inner(statement, parameters)

    monkeypatch.setattr(network.store, "run", counting)
    cold = await network.data(TEAM_VIEW, code="view")
    assert len(cold["promoter"]["downline"]["edges"]) == 20
    assert len(ran) <= 2, ran
    ran.clear()
    assert await network.data(TEAM_VIEW, code="view") == cold
    assert ran == []
