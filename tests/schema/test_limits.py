"""What a query may ask for, and what is refused before any work is done for it."""

from __future__ import annotations

import doctest
import json
import re

import pytest
from graphql import (
    Lexer,
    OperationDefinitionNode,
    Source,
    TokenKind,
    build_schema,
    get_introspection_query,
    parse,
)

from graph_api import documents, limits, prices, texts
from graph_api.app import SCHEMA
from graph_api.batched.cursors import cursor
from graph_api.documents import ERRORS_MAX
from graph_api.schema import build
from graph_api.viewer import Role
from tests.schema.bombs import BOMBS, aliased, several
from tests.schema.conftest import Service
from tests.schema.test_access import EVERYTHING

GRAPHQL = build.graphql_schema(SCHEMA)


def size(query: str, **variables: object) -> limits.Size:
    document = parse(query)
    limits.check_shape(document)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return limits.check_size(GRAPHQL, document, operation, variables)


def test_a_page_multiplies_what_stands_below_it() -> None:
    assert size("{ me { code } }") == (2, 2)
    ten = size("{ products(first: 10) { edges { node { sku } } } }")
    assert ten == (4, 1 + 10 * (1 + 1 + 1))
    assert size("query($n: Int!) { products(first: $n) { edges { node { sku } } } }", n=10) == ten
    assert size("query($n: Int! = 10) { products(first: $n) { edges { node { sku } } } }") == ten
    assert size("{ products { edges { node { sku } } } }").cost == 1 + 20 * 3


def test_a_simulation_fits_into_a_request_once() -> None:
    query = 'simulatePlan(input: {version: "v", startsAt: "2027-01-01T00:00:00Z"}, first: 1) { orders }'
    assert size(f"{{ {query} }}").cost == limits.WEIGHTS["Query.simulatePlan"] + 1
    with pytest.raises(limits.TooCostly):
        size(f"{{ {query} again: {query} }}")


def test_months_multiply_what_reads_each_of_them() -> None:
    weight = limits.WEIGHTS["Query.lossImpact"]
    assert size('{ lossImpact(code: "A") { teamSize } }').cost == 3 * weight + 1
    assert size('{ lossImpact(code: "A", months: 24) { teamSize } }').cost == 24 * weight + 1
    assert size('query($n: Int!) { lossImpact(code: "A", months: $n) { teamSize } }', n=24).cost == 24 * weight + 1
    many = " ".join(f'a{n}: lossImpact(code: "A", months: 24) {{ teamSize }}' for n in range(5))
    with pytest.raises(limits.TooCostly):
        size(f"{{ {many} }}")


def test_structures_count_their_nodes() -> None:
    nodes = "nodes { id kind label promoter { code } } edges { source target kind weight }"
    page = "{ findings(first: %d) { edges { node { id structure { truncated " + nodes + " } } } } }"
    assert size(page % 20).cost > 20 * 25 * 4
    with pytest.raises(limits.TooCostly):
        size(page % 100)
    with pytest.raises(limits.TooCostly):
        size("{ findings(first: 20) { edges { node { blastRadius { promoterCount } } } } }")
    whole = "nodes { id kind label level } edges { source target kind weight }"
    assert size(f'{{ network(rootCode: "A", limit: 5000) {{ truncated {whole} }} }}').cost <= limits.COST_MAX
    assert (
        size(f"{{ chains(first: 50) {{ truncated chains {{ levels codes structure {{ {whole} }} }} }} }}").cost > 9_000
    )


def test_a_fragment_counts_wherever_it_is_spread() -> None:
    fragment = "fragment F on Promoter { code name }"
    assert size("{ me { ...F } b: me { ...F } }" + fragment) == size("{ me { code name } b: me { code name } }")


@pytest.mark.parametrize(
    "query",
    [
        "{ promoters(first: 100) { edges { node { downline(first: 100) { edges { node { code } } } } } } }",
        "{ me { " + "referrer { " * 20 + "code" + " }" * 20 + " } }",
        "{ me { ...A } } fragment A on Promoter { " + "referrer { " * 10 + "...B" + " }" * 10 + " }"
        " fragment B on Promoter { " + "referrer { " * 10 + "code" + " }" * 10 + " }",
        "{ " + "me { code } " * 500 + "}",
    ],
)
def test_too_much_is_refused(query: str) -> None:
    with pytest.raises(limits.TooCostly):
        size(query)


@pytest.mark.parametrize("first", ["0", "-1", "101", "9" * 30, "-" + "9" * 30])
def test_a_page_is_1_to_100_long(first: str) -> None:
    with pytest.raises(limits.BadInput, match="first must be 1-100"):
        size(f"{{ products(first: {first}) {{ totalCount }} }}")
    with pytest.raises(limits.BadInput, match="first must be 1-100"):
        size("query($n: Int!) { products(first: $n) { totalCount } }", n=int(first))
    with pytest.raises(limits.BadInput, match="first must be 1-100"):
        size(f"query($n: Int = {first}) {{ products(first: $n) {{ totalCount }} }}")


@pytest.mark.parametrize("levels", ["0", "-1", "-" + "9" * 30])
def test_levels_are_counted_from_1(levels: str) -> None:
    with pytest.raises(limits.BadInput, match="depth must be at least 1"):
        size(f"{{ me {{ team(depth: {levels}) {{ size }} }} }}")
    with pytest.raises(limits.BadInput, match="level must be at least 1"):
        size("query($n: Int) { me { downline(level: $n) { totalCount } } }", n=int(levels))
    size("query($n: Int) { me { team(depth: $n) { size } } }", n=None)


@pytest.mark.parametrize("name", BOMBS)
async def test_what_asks_for_much_work_is_refused_before_any_is_done(
    network: Service, asked: list[str], name: str
) -> None:
    bomb = BOMBS[name]
    for role, promoter in ((Role.ADMIN, None), (Role.PROMOTER, "B")):
        answer = await network.ask(bomb.query, role=role, promoter=promoter, **bomb.variables)
        assert "data" not in answer
        assert {error["extensions"]["code"] for error in answer["errors"]} == {bomb.code}
        assert len(answer["errors"]) <= ERRORS_MAX + 1
    assert not asked


async def test_a_hundred_of_a_kind_are_no_bomb(network: Service) -> None:
    """What a page may hold, a text may name; and a token of a string or comment is none."""
    answer = await network.data("{ " + aliased(100, "__typename") + " plan { " + aliased(100, "version") + " } }")
    assert (len(answer), len(answer["plan"])) == (101, 100)
    quoted = json.dumps("a: sku @b { " * 3_000)
    assert await network.data(f"{{ product(sku: {quoted}) {{ sku }} }} # {'a: sku ' * 3_000}") == {"product": None}
    directives = "{ " + several(100, "a%d: __typename @include(if: true) @skip(if: false)") + " }"
    assert len(await network.data(directives)) == 100


def test_tokens_are_counted_as_the_parser_does() -> None:
    every = [
        get_introspection_query(),
        EVERYTHING,
        'query($a: [Int!]! = [-1, 2.5e-3]) { ...F } # a: b\n fragment F on Query { b(c: """d " \\""" e""", f: "\\"") }',
    ]
    for text in every:
        texts.check_text(text)
        lexer, counted = Lexer(Source(text)), 0
        while lexer.advance().kind is not TokenKind.EOF:
            counted += 1
        assert texts.count(text) == counted


async def test_a_page_out_of_bounds_is_refused_before_anything_runs(network: Service, asked: list[str]) -> None:
    answer = await network.ask("{ products(first: 101) { totalCount } plan { version } }")
    assert "data" not in answer
    assert answer["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert not asked


async def test_a_whole_introspection_fits(network: Service) -> None:
    answer = await network.data(get_introspection_query(specified_by_url=True, input_value_deprecation=True))
    assert answer["__schema"]["queryType"]["name"] == "Query"


def walks(query: str, **variables: object) -> tuple[limits.Walks, limits.Walks]:
    """Walks of the viewer's own team, and of others', by levels (0: all)."""
    document = parse(query)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    (_, own, others), _ = limits.estimated(GRAPHQL, document, operation, variables)
    return own, others


def test_walks_are_counted_by_whose_team_and_how_deep() -> None:
    assert walks("{ me { code } }") == ({}, {})
    assert walks("{ me { team { size } downline(depth: 4) { totalCount } } }") == ({0: 1, 5: 1}, {})
    assert walks('{ promoter(code: "A") { team { size } } }') == ({}, {0: 1})
    members = "{ me { downline(first: 20) { edges { node { team { size } downline(depth: 99) { totalCount } } } } } }"
    assert walks(members) == ({1: 1}, {0: 40})
    assert walks("{ me { downline(orderBy: TEAM_VOLUME_DESC) { totalCount } } }") == ({0: 1}, {})
    assert walks("query($o: DownlineSort) { me { downline(orderBy: $o) { totalCount } } }", o="LEVEL") == ({1: 1}, {})
    assert walks("query($d: Int!) { me { downline(depth: $d) { totalCount } } }", d=3) == ({3: 1}, {})
    assert walks("{ me { downline(level: 7) { totalCount } } }") == ({10: 1}, {})
    assert walks("{ me { ...F referrer { ...F } } } fragment F on Promoter { team { size } }") == ({0: 1}, {0: 1})


def test_a_price_is_reckoned_once_for_the_values_it_depends_on() -> None:
    document = documents.read(
        "query($n: Int = 10, $code: String!) { promoters(first: $n) { totalCount } promoter(code: $code) { code } }"
    )
    operation = document.operation(None)
    asked = [
        {"code": "a"},
        {"code": "b"},
        {"n": 10, "code": "a"},
        {"n": 20, "code": "c"},
        {"n": True},
        {"n": 1},
        {"n": None},
    ]
    fresh = [limits.estimated(GRAPHQL, document.tree, operation, given)[0] for given in asked]
    assert documents.Documents().errors(GRAPHQL, document, hide_suggestions=True) == []
    for _ in range(2):
        assert [document.estimate(GRAPHQL, operation, given) for given in asked] == fresh
    ((names, kept),) = document.estimates.values()
    assert names == ("n",)
    assert len(kept) == 6 - 0


def test_what_is_kept_of_a_text_that_is_no_name_is_short() -> None:
    document = documents.read(
        "query($n: Int, $c: String!) { promoter(code: $c) { downline(first: $n) { totalCount } } }"
    )
    operation = document.operation(None)
    assert documents.Documents().errors(GRAPHQL, document, hide_suggestions=True) == []
    for index in range(3):
        document.estimate(GRAPHQL, operation, {"c": "B", "n": f"{index}" + "x" * 100_000})
    ((_, kept),) = document.estimates.values()
    assert len(repr(list(kept))) < 1_000


@pytest.mark.parametrize(
    "query",
    [
        'query($s: String!) { promoter(code: "B") { downline(search: $s) { totalCount } } }',
        "query($s: String!) { promoters(filter: {search: $s}) { totalCount } }",
        "query($s: String!) { promoters(filter: {referrerCode: $s}) { totalCount } }",
        'query($s: String!) { promoter(code: "B") { downline(after: $s) { totalCount } } }',
    ],
)
async def test_a_text_that_nothing_can_have_is_refused_before_it_is_looked_up(
    network: Service, asked: list[str], query: str
) -> None:
    answer = await network.ask(query, s=cursor("LEVEL", (1, 1, "x" * 5_000)) if "after" in query else "x" * 5_000)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert set(asked) <= {"promoters.facts"}


def test_the_schema_says_what_its_fields_cost() -> None:
    text = build.sdl(SCHEMA)
    for name, weight in prices.WEIGHTS.items():
        _, field = name.split(".")
        assert re.search(rf'^  {field}\b.*@cost\(weight: "{weight}"\)', text, re.MULTILINE), name
    assert re.search(r'downline\(.*@listSize\(slicingArguments: \["first"\], sizedFields: \["edges"\]\)', text)
    schema = build_schema(text)
    assert {directive.name for directive in schema.directives} >= {"cost", "listSize"}


def test_examples() -> None:
    assert doctest.testmod(texts).failed == 0
