"""Who may do what, walked field by field over a real network, against expectations written down here again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    ExecutionResult,
    GraphQLField,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_composite_type,
    is_required_argument,
    parse,
    subscribe,
)

from graph_api.app import SCHEMA
from graph_api.context import Context
from graph_api.schema import access, build
from graph_api.viewer import Role, Viewer
from tests.schema.conftest import NAMES, PHONES, Json, Service

ROOT = Path(__file__).parents[2]
RELATIONS = {
    "itself": "B",
    "team": "C",
    "deep team": "D",
    "upline": "A",
    "sibling": "E",
    "stranger": "S",
    "nobody": "zz",
}
VIEWERS = [(role, "B" if role is Role.PROMOTER else None) for role in Role]
TEAM_MAY_BE_READ = {
    "id",
    "code",
    "name",
    "status",
    "rank",
    "joinedAt",
    "sales",
    "team",
    "promotion",
    "referrer",
    "upline",
    "downline",
}
OF_MONEY = {
    "earnings",
    "orders",
    "commissions",
    "balance",
    "payouts",
    "acceptedContract",
    "statement",
    "taxRecord",
    "lock",
}
MONEY_MOVES = {"settle", "approvePayouts", "confirmPayouts", "failPayouts"}
RISK_DECIDES = {"scanRisk", "reviewFinding", "setDetectorParameters"}
MUTATIONS_OF = {
    Role.PROMOTER: {"acceptContract"},
    Role.RISK: {"lockPromoter", "unlockPromoter", "voidHeldCommissions", *RISK_DECIDES},
    Role.FINANCE: {"closeMonth", *MONEY_MOVES},
    Role.SERVICE: {
        "enrolPromoter",
        "bindReferrer",
        "recordTouch",
        "recordOrders",
        "advanceOrder",
        "refundOrder",
        "recordPayment",
        "linkIdentifiers",
        "upsertProduct",
        "acceptContract",
    },
}
AUDIT = {"auditLog"}
WORKBENCH = {"explore", "questions", "askQuestion"}
TRIALS = {"tryDetector"}
FINDINGS = {"findings", "detectors"}
SHAPES = {"networkDiff", "cycles", "chains", "ring", "identifierHubs", "quarantinedClaims"}
WHAT_IF = {"blastRadius", "lossImpact", "counterfactual"}
STRUCTURES = {
    "network",
    "networkColumns",
    "relation",
    "previewMove",
    *SHAPES,
    *WORKBENCH,
    *TRIALS,
    *FINDINGS,
    *WHAT_IF,
    *AUDIT,
}
WATCHED_BY = {Role.OPERATOR, Role.RISK, Role.ADMIN}
"""Who sees how near a promoter's tree is to the law's line."""
OF_STRUCTURE = {"compliance", "findings"}
LISTS_DENIED = {
    Role.PROMOTER: {
        "promoters",
        "findPromoters",
        "orders",
        "payouts",
        "ledgerCheck",
        "simulatePlan",
        "salesSeries",
        "salesGroups",
        *STRUCTURES,
    },
    Role.RISK: {"simulatePlan", "salesSeries", "salesGroups"},
    Role.OPERATOR: {*WORKBENCH, *TRIALS, *AUDIT},
    Role.FINANCE: {"previewMove", "counterfactual", *SHAPES, *WORKBENCH, *TRIALS, *FINDINGS, *AUDIT},
    Role.SERVICE: {
        "promoters",
        "findPromoters",
        "payouts",
        "ledgerCheck",
        "simulatePlan",
        "salesSeries",
        "salesGroups",
        *STRUCTURES,
    },
}
ARGUMENTS = {
    "network": '(rootCode: "A")',
    "networkColumns": '(rootCode: "A")',
    "relation": '(fromCode: "A", toCode: "B")',
    "previewMove": '(promoterCode: "B")',
    "ring": '(code: "B")',
    "salesGroups": '(from: "2026-01-01", to: "2026-01-31", by: RANK)',
    "salesSeries": '(from: "2026-01-01", to: "2026-01-31")',
    "findPromoters": '(by: CODE, text: "B")',
    "networkDiff": '(rootCode: "A", from: "2025-06-01T00:00:00Z", to: "2026-01-01T00:00:00Z")',
    "blastRadius": '(codes: ["A", "B"])',
    "counterfactual": '(code: "A")',
    "lossImpact": '(code: "A")',
    "explore": '(cypher: "RETURN 1 AS one")',
    "askQuestion": '(name: "claimed_cycles")',
    "tryDetector": '(key: "DEEP_CHAIN")',
    "earnings": '(month: "2026-01")',
    "statement": '(month: "2026-01")',
    "taxRecord": "(year: 2026)",
    "node": '(id: "UHJvZHVjdDpQ")',
    "promoter": '(code: "B")',
    "product": '(sku: "P")',
    "order": '(number: "o-B")',
    "simulatePlan": '(input: {version: "next", startsAt: "2027-01-01T00:00:00Z"})',
}
HARMLESS = {
    "upsertProduct": '(input: {sku: "P", title: "", priceFen: 1, commissionBp: 2000})',
    "enrolPromoter": '(input: {code: ""})',
    "recordTouch": '(input: {buyerCode: "x", promoterCode: "zz", key: "k"})',
    "bindReferrer": '(input: {promoterCode: "zz", referrerCode: "A"})',
    "moveBranch": '(input: {promoterCode: "zz", reason: "r"})',
    "resolveClaim": '(promoterCode: "zz", accept: false, reason: "r")',
    "recordOrders": "(input: [])",
    "advanceOrder": '(input: {number: "", status: SHIPPED, at: "2026-01-01T00:00:00Z"})',
    "refundOrder": '(input: {number: "", key: "k", refundFen: 1, at: "2026-01-01T00:00:00Z"})',
    "recordPayment": '(number: "", transactionId: "4200")',
    "linkIdentifiers": "(input: [])",
    "publishPlan": '(input: {version: "default", startsAt: "2026-01-01T00:00:00Z"})',
    "closeMonth": '(month: "2001-01")',
    "closePromoter": '(code: "zz", reason: "r")',
    "settle": '(asOf: "2001-01-01T00:00:00Z")',
    "approvePayouts": "(ids: [])",
    "confirmPayouts": '(ids: [], at: "2001-01-01T00:00:00Z")',
    "failPayouts": '(ids: [], reason: "r", at: "2001-01-01T00:00:00Z")',
    "acceptContract": '(promoterCode: "B", version: "none")',
    "publishContract": '(version: "", title: "t", body: "b")',
    "lockPromoter": '(code: "zz", reason: "r")',
    "unlockPromoter": '(code: "zz", reason: "r")',
    "voidHeldCommissions": '(code: "zz", reason: "r")',
    "scanRisk": "",
    "reviewFinding": '(id: "none", verdict: CONFIRM)',
    "setDetectorParameters": '(key: "none", parameters: [], reason: "r")',
}
SUBSCRIBED = {"teamChanged": '(code: "B")'}
NOT_TOLD = {role: {"findingRaised"} for role in (Role.PROMOTER, Role.FINANCE, Role.SERVICE)}
SDL = build_schema(build.sdl(SCHEMA))


def fields(type_name: str) -> dict[str, GraphQLField]:
    type_ = SDL.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    return type_.fields


def selection(name: str, field: GraphQLField, arguments: dict[str, str] = ARGUMENTS) -> str:
    """The field with harmless arguments, and as little below it as can be."""
    needed = any(is_required_argument(argument) for argument in field.args.values())
    below = " { __typename }" if is_composite_type(get_named_type(field.type)) else ""
    return name + (arguments[name] if needed else "") + below


def forbidden(answer: Json) -> bool:
    return [error["extensions"]["code"] for error in answer.get("errors", [])] == ["FORBIDDEN"]


def expected_of_promoter(role: Role, relation: str, field: str) -> str:
    if relation == "nobody" or (role is Role.PROMOTER and relation in ("upline", "sibling", "stranger")):
        return "absent"
    if role is Role.PROMOTER and relation != "itself" and field not in TEAM_MAY_BE_READ:
        return "forbidden"
    if (role is Role.SERVICE and field in OF_MONEY) or (role not in WATCHED_BY and field in OF_STRUCTURE):
        return "forbidden"
    return "readable"


def told(answer: Json, root: str, field: str) -> str:
    if answer["data"] is not None and answer["data"][root] is None:
        return "absent" if "errors" not in answer else "broken"
    if forbidden(answer):
        return "forbidden" if answer["data"][root][field] is None else "broken"
    return "readable" if "errors" not in answer else "broken"


@pytest.mark.parametrize(("role", "promoter"), VIEWERS)
async def test_each_field_of_each_promoter_is_as_readable_as_it_should_be(
    network: Service, role: Role, promoter: str | None
) -> None:
    for relation, code in RELATIONS.items():
        for name, field in fields("Promoter").items():
            query = f'{{ promoter(code: "{code}") {{ {selection(name, field)} }} }}'
            answer = await network.ask(query, role=role, promoter=promoter)
            expected = expected_of_promoter(role, relation, name)
            assert told(answer, "promoter", name) == expected, (relation, name, answer)
            letter = dict(zip(access.COLUMNS, access.permissions()["Promoter", name], strict=True))[role]
            assert letter != "-" or expected in ("forbidden", "absent")


@pytest.mark.parametrize(("role", "promoter"), VIEWERS)
async def test_each_field_of_each_order_is_for_its_seller_and_staff(
    network: Service, role: Role, promoter: str | None
) -> None:
    for relation, code in RELATIONS.items():
        for name, field in fields("Order").items():
            query = f'{{ order(number: "o-{code}") {{ {selection(name, field)} }} }}'
            answer = await network.ask(query, role=role, promoter=promoter)
            hidden = relation == "nobody" or (role is Role.PROMOTER and relation != "itself")
            assert told(answer, "order", name) == ("absent" if hidden else "readable"), (relation, name, answer)


@pytest.mark.parametrize(("role", "promoter"), VIEWERS)
async def test_each_field_of_each_entry_is_for_its_receiver_and_staff(
    network: Service, role: Role, promoter: str | None
) -> None:
    for code in "ABCDEST":
        every = await network.data(
            f'{{ promoter(code: "{code}") {{ commissions(first: 100) {{ edges {{ node {{ id }} }} }} }} }}'
        )
        for edge in every["promoter"]["commissions"]["edges"]:
            for name, field in fields("Commission").items():
                query = f"query($id: ID!) {{ node(id: $id) {{ ... on Commission {{ {selection(name, field)} }} }} }}"
                answer = await network.ask(query, role=role, promoter=promoter, id=edge["node"]["id"])
                hidden = role is Role.PROMOTER and code != "B"
                assert told(answer, "node", name) == ("absent" if hidden else "readable"), (code, name, answer)


@pytest.mark.parametrize(("role", "promoter"), VIEWERS)
async def test_each_query_is_denied_to_whom_it_should(network: Service, role: Role, promoter: str | None) -> None:
    for name, field in fields("Query").items():
        answer = await network.ask(f"{{ {selection(name, field)} }}", role=role, promoter=promoter)
        if name in LISTS_DENIED.get(role, set()):
            assert (forbidden(answer), answer["data"][name]) == (True, None), name
        else:
            assert "errors" not in answer, (name, answer)


@pytest.mark.parametrize(("role", "promoter"), VIEWERS)
async def test_each_mutation_is_denied_to_whom_it_should(network: Service, role: Role, promoter: str | None) -> None:
    for name, field in fields("Mutation").items():
        answer = await network.ask(f"mutation {{ {selection(name, field, HARMLESS)} }}", role=role, promoter=promoter)
        everything = {*fields("Mutation")}
        allowed = MUTATIONS_OF.get(role, everything)
        if role is Role.OPERATOR:
            allowed = everything - MONEY_MOVES - RISK_DECIDES - {"voidHeldCommissions"}
        if name in allowed:
            assert "errors" not in answer, (name, answer)
        else:
            assert (forbidden(answer), answer["data"]) == (True, None), name


@pytest.mark.parametrize(("role", "promoter"), VIEWERS)
async def test_each_subscription_begins_for_whom_it_should(network: Service, role: Role, promoter: str | None) -> None:
    viewer = Viewer(role, promoter)
    context = Context(network.stores, viewer, "en")
    for name, field in fields("Subscription").items():
        query = f"subscription {{ {selection(name, field, SUBSCRIBED)} }}"
        begun: Any = subscribe(build.graphql_schema(SCHEMA), parse(query), context_value=context)
        if name in NOT_TOLD.get(role, set()):
            assert isinstance(begun, ExecutionResult)
            assert [type(error.original_error) for error in begun.errors or ()] == [access.Forbidden]
        else:
            assert not isinstance(begun, ExecutionResult), (name, begun)
            await begun.aclose()


@pytest.mark.parametrize(("role", "promoter"), VIEWERS)
async def test_names_and_phones_are_raw_for_oneself_and_finance_only(
    network: Service, role: Role, promoter: str | None
) -> None:
    for code in "BC":
        answer = await network.ask(f'{{ promoter(code: "{code}") {{ name phone }} }}', role=role, promoter=promoter)
        raw = role is Role.FINANCE or code == promoter
        shown = answer["data"]["promoter"]
        assert shown["name"] == (NAMES[code] if raw else "姓**")
        if role is Role.PROMOTER and code != promoter:
            assert (shown["phone"], forbidden(answer)) == (None, True)
        else:
            assert shown["phone"] == (PHONES[code] if raw else f"138******{PHONES[code][-2:]}")


EVERYTHING = """
fragment Of on Promoter {
  id code name status rank joinedAt referrer { code } upline(first: 100) { code name }
  sales { orders buyers volumeFen } team { size byLevel { level size } }
  promotion { eligible routes { detail } nearlyValid { code } }
}
query($code: String!) {
  promoter(code: $code) {
    ...Of phone earnings(month: "2026-01") { totalFen overrides { salesFen } }
    orders { totalCount edges { node { number buyerCode promoter { code } commissions { explanation promoter { code } } } } }
    commissions { totalCount edges { node { explanation promoter { code } order { number buyerCode } } } }
    downline(depth: 9) { totalCount edges { level node { ...Of } } }
  }
}"""


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_nothing_of_others_leaks_to_a_promoter(network: Service, language: str) -> None:
    headers = network.headers(Role.PROMOTER, "B") | {"Accept-Language": language}
    body = {"query": EVERYTHING, "variables": {"code": "B"}}
    answer = (await network.client.post("/graphql", json=body, headers=headers)).json()
    assert "errors" not in answer
    promoter = answer["data"]["promoter"]
    assert promoter["referrer"] is None
    assert promoter["upline"] == []
    assert [edge["node"]["upline"][-1]["code"] for edge in promoter["downline"]["edges"]] == ["B", "B"]
    assert promoter["commissions"]["totalCount"] == 3
    text = json.dumps(answer, ensure_ascii=False)
    for other in ("x-A", "x-C", "x-D", "x-E", "x-S", '"A"', '"E"', '"S"', " A", NAMES["C"], PHONES["C"]):
        assert other not in text, other
    assert "x-B" in text


async def test_an_entry_tells_staff_why_it_was_earned(network: Service) -> None:
    query = '{ order(number: "o-D") { commissions { kind level explanation } } }'
    entries = (await network.data(query))["order"]["commissions"]
    assert [(entry["kind"], entry["level"]) for entry in entries] == [("BASE", 0), ("OVERRIDE", 1), ("OVERRIDE", 2)]
    assert entries[2]["explanation"] == (
        "第 2 级团队管理奖；订单 o-D（买家 x-D）；2026-01-10 支付；成交时推荐链 D → C → B；商品 P；"
        "净额变动 1,000.00 元，费率 3%，计 30.00 元；方案 default；观察中，签收后开始计观察期。"
    )


async def test_each_raw_look_of_finance_is_journalled_once_a_request(network: Service) -> None:
    count = (
        "MATCH (e:JournalEntry {kind: 'pii_viewed'}) WITH e ORDER BY e.seq"
        " RETURN collect(e.facts) AS facts, collect(e.codes) AS codes"
    )
    before = (await _rows(network, count))["facts"]
    await network.data(
        '{ promoter(code: "B") { name phone again: name downline { edges { node { name } } } } }', role=Role.FINANCE
    )
    await network.data('{ promoter(code: "B") { name } }', role=Role.OPERATOR)
    after = await _rows(network, count)
    assert [json.loads(facts)["seen"] for facts in after["facts"][len(before) :]] == [["B:name", "B:phone", "C:name"]]
    assert set(map(tuple, after["codes"])) == {()}


async def _rows(network: Service, text: str) -> Json:
    from cypher.statements import Statement

    (row,) = await network.store.run(Statement("tests", "looks", "none", text), {})
    return dict(row)


def test_the_table_in_the_docs_is_the_one_that_is_enforced() -> None:
    assert (ROOT / "docs" / "access.md").read_text("utf-8") == access.as_markdown()


def test_a_field_without_a_line_in_the_table_stops_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "OPEN", {**access.OPEN, "Product": "id sku title priceFen commissionBp"})
    with pytest.raises(access.AccessIncomplete, match=r"Product\.active"):
        build.build()


def test_a_denied_field_must_be_nullable(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {"id code name status rank joinedAt downline sales promotion": "yyyyyy", "team": "yyyy-y"}
    rest = {key: row for key, row in access.TABLE["Promoter"].items() if "code" not in key and "team" not in key}
    monkeypatch.setattr(access, "TABLE", {**access.TABLE, "Promoter": {**rows, **rest}})
    with pytest.raises(access.AccessIncomplete, match=r"Promoter\.team is denied"):
        build.build()
