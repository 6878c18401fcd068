"""The short way for attributes answers exactly as graphql-core's own."""

from __future__ import annotations

import os
import re

import pytest
from graphql.execution.incremental import IncrementalExecutor

from graph_api import door
from graph_api.app import SCHEMA
from graph_api.schema import query as schema_query
from graph_api.schema.build import graphql_schema
from graph_api.schema.products import Product
from graph_api.viewer import Role
from tests.schema.conftest import Service
from tests.schema.made_up import MadeUp
from tests.schema.test_access import EVERYTHING

MADE_UP = int(os.environ.get("MADE_UP", "40"))
"""`MADE_UP=1000 make test ARGS=tests/schema/test_executor.py` for the long run."""
MIXED = """query($on: Boolean = false) {
  z: plan { version startsAt overrideBp capBp __typename version @skip(if: true) again: version }
  promoters(orderBy: CODE, first: 3) { edges { node { __typename rank status ... on Node { id } phone earnings(month: "2026-01") { totalFen } code } } totalCount }
  a: product(sku: "P") { ...P sku } none: product(sku: "none") { sku }
}
fragment P on Product { priceFen active title @include(if: $on) }"""


@pytest.mark.parametrize(("role", "promoter"), [(Role.ADMIN, None), (Role.SERVICE, None), (Role.PROMOTER, "B")])
@pytest.mark.parametrize("query", [MIXED, EVERYTHING])
async def test_both_ways_answer_the_same(
    network: Service, monkeypatch: pytest.MonkeyPatch, query: str, role: Role, promoter: str | None
) -> None:
    variables = {"code": "B"} if query is EVERYTHING else {}
    await network.post(query, role=role, promoter=promoter, **variables)
    short = await network.post(query, role=role, promoter=promoter, **variables)
    monkeypatch.setattr(door, "Executor", IncrementalExecutor)
    whole = await network.post(query, role=role, promoter=promoter, **variables)
    assert short.text == whole.text


@pytest.mark.parametrize(
    ("role", "promoter"), [(Role.ADMIN, None), (Role.FINANCE, None), (Role.PROMOTER, "A"), (Role.PROMOTER, "B")]
)
async def test_made_up_queries_are_answered_the_same_both_ways(
    network: Service, monkeypatch: pytest.MonkeyPatch, role: Role, promoter: str | None
) -> None:
    answered = 0
    for query in MadeUp(graphql_schema(SCHEMA), seed=6).queries(MADE_UP):
        await network.post(query, role=role, promoter=promoter)  # from here on all that can be cached is
        short = [await _answer(network, query, role, promoter) for _ in range(2)]  # and the second one may be kept
        with monkeypatch.context() as patched:
            patched.setattr(door, "Executor", IncrementalExecutor)
            patched.setattr(schema_query, "answer_number", lambda *_: None)
            assert short == [await _answer(network, query, role, promoter)] * 2, query
        answered += '"data":{' in short[0]
    assert answered > MADE_UP // 2  # the others ask for too much


async def _answer(network: Service, query: str, role: Role, promoter: str | None) -> str:
    """Without its price, and without the ids of requests."""
    text = (await network.post(query, role=role, promoter=promoter)).text.partition(',"extensions":{"cost"')[0]
    return re.sub(r'"requestId":"\w+"', "", text)


@pytest.mark.parametrize(
    ("attribute", "value"), [("sku", None), ("price_fen", 2**63), ("commission_bp", 2**31), ("active", "x")]
)
async def test_a_value_that_does_not_fit_is_an_error_either_way(
    network: Service, monkeypatch: pytest.MonkeyPatch, attribute: str, value: object
) -> None:
    right = Product.of

    def wrong(card: object) -> Product:
        product = right(card)  # type: ignore[arg-type]
        setattr(product, attribute, value)
        return product

    monkeypatch.setattr(Product, "of", wrong)
    for _ in range(2):
        answer = await network.ask('{ plan { version } product(sku: "P") { title sku priceFen commissionBp active } }')
        assert answer["data"] == {"plan": {"version": "default"}, "product": None}
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["INTERNAL"]
        monkeypatch.setattr(door, "Executor", IncrementalExecutor)
