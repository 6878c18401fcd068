"""Scalars take what they say and nothing that looks like it, as variables and as literals."""

from __future__ import annotations

import json

import pytest

from graph_api.viewer import Role
from tests.schema.conftest import Json, Service

PRODUCT = 'mutation($fen: Fen!) { upsertProduct(input: {sku: "F", title: "t", priceFen: $fen, commissionBp: 2000}) { product { priceFen } errors { code field } } }'
EARNINGS = 'query($month: Month!) { promoter(code: "B") { earnings(month: $month) { month totalFen } } }'
PLAN = "query($at: DateTime!) { plan(at: $at) { version } }"


def refused(answer: Json) -> bool:
    return "data" not in answer and {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


async def raw(service: Service, query: str, variables: str) -> Json:
    """Variables as JSON text, so that any number can be written."""
    body = f'{{"query": {json.dumps(query)}, "variables": {variables}}}'
    headers = service.headers(Role.ADMIN) | {"Content-Type": "application/json"}
    answer: Json = (await service.client.post("/graphql", content=body.encode(), headers=headers)).json()
    return answer


BAD_FEN = [
    "true",
    "false",
    "1.0",
    "1e3",
    "1.5",
    '"1"',
    '""',
    "null",
    "[]",
    "{}",
    str(2**63),
    str(-(2**63) - 1),
    "9" * 400,
]


@pytest.mark.parametrize("text", [*BAD_FEN, "1e400", "NaN", "Infinity", "１"])
async def test_fen_is_a_json_integer_of_64_bits(network: Service, text: str) -> None:
    assert refused(await raw(network, PRODUCT, f'{{"fen": {text}}}'))


@pytest.mark.parametrize(
    "text", ["true", "1.0", "1e3", '"1"', "null", "FOO", str(2**63), "9" * 5000, "0x1", "１", "[1, 2]"]
)
async def test_fen_literals_are_as_strict(network: Service, text: str) -> None:
    assert refused(await network.ask(PRODUCT.replace("($fen: Fen!)", "").replace("$fen", text)))


@pytest.mark.parametrize("fen", [0, 1, 2**53 + 1, 2**63 - 1])
async def test_fen_goes_through_exactly(network: Service, fen: int) -> None:
    answer = await network.data(PRODUCT, fen=fen)
    assert answer["upsertProduct"]["product"]["priceFen"] == fen


@pytest.mark.parametrize("fen", [-1, -(2**63)])
async def test_a_negative_price_is_a_refusal_with_its_field(network: Service, fen: int) -> None:
    answer = (await network.data(PRODUCT, fen=fen))["upsertProduct"]
    assert answer == {"product": None, "errors": [{"code": "OUT_OF_BOUNDS", "field": ["priceFen"]}]}


BAD_MONTHS = [
    '"2026-13"',
    '"2026-00"',
    '"2026-1"',
    '"202601"',
    '"2026-01-01"',
    '""',
    '" 2026-01"',
    '"２０２６-01"',
    '"0000-01"',
    '"9998-01"',
    '"9999-12"',
]


@pytest.mark.parametrize("text", [*BAD_MONTHS, "202601", "null", "true", '["2026-01"]'])
async def test_a_month_is_yyyy_mm(network: Service, text: str) -> None:
    assert refused(await raw(network, EARNINGS, f'{{"month": {text}}}'))
    assert refused(await network.ask(EARNINGS.replace("($month: Month!)", "").replace("$month", text)))


async def test_months_come_back_as_they_went(network: Service) -> None:
    answer = await network.data(EARNINGS, month="2026-01")
    assert answer["promoter"]["earnings"] == {"month": "2026-01", "totalFen": 20_000 + 3_000 + 3_000}


BAD_INSTANTS = [
    '"2026-01-01"',
    '"2026-01-01T00:00:00"',
    '"2026-02-30T00:00:00Z"',
    '"2026-01-01T24:00:00Z"',
    '"2026-01-01T00:00:00+25:00"',
    '"2026-01-01 00:00:00Z"',
    '"２０２６-01-01T00:00:00Z"',
    '"0000-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00+08:00"',
    '"9998-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59Z"',
    '"9999-12-31T23:59:59-08:00"',
    '""',
    "0",
    "1767225600",
    "null",
    "false",
]


@pytest.mark.parametrize("text", BAD_INSTANTS)
async def test_an_instant_is_rfc_3339_with_an_offset(network: Service, text: str) -> None:
    assert refused(await raw(network, PLAN, f'{{"at": {text}}}'))


@pytest.mark.parametrize(
    "text", ["2026-01-01T08:00:00+08:00", "2026-01-01t00:00:00z", "2026-01-01T00:00:00.123456789Z"]
)
async def test_good_instants(network: Service, text: str) -> None:
    assert (await network.data(PLAN, at=text))["plan"]["version"] == "default"
