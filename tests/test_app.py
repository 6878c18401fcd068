"""The door as HTTP sees it: who may come in, with what, and what is said when something breaks."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import pytest_asyncio
from pydantic import SecretStr, ValidationError

from cypher import timing
from cypher.store import Store, StoreTimeout, StoreUnavailable
from graph_api import auth, opening
from graph_api.auth import Unauthenticated, WeakSecret
from graph_api.documents import Documents
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.trusted import document_id
from graph_api.viewer import Role, Viewer
from tests.conftest import SECRET, empty
from tests.schema.conftest import Json, Service, serving

OWN = "query Own { me { code } }"
QUERY = {"query": "{ plan { version } }"}
STRONG = "0123456789abcdefghijklmnopqrstuvwxyz"


@pytest_asyncio.fixture(scope="module")
async def service(connected: Store, servers: Servers, settings: Settings) -> AsyncIterator[Service]:
    await empty(connected)
    async with serving(settings, servers) as running:
        yield running


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    found: str = error["extensions"]["code"]
    return found


def token(**changes: Any) -> str:
    claims = {"role": "ADMIN", "promoter": None, "iat": 1, "exp": time.time() + 60, "jti": "1"} | changes
    return jwt.encode({name: value for name, value in claims.items() if value != "left out"}, SECRET, "HS256")


BAD_TOKENS = {
    "of another secret": jwt.encode({"role": "ADMIN", "iat": 1, "exp": 2**40, "jti": "1"}, STRONG, "HS256"),
    "unsigned": jwt.encode({"role": "ADMIN", "iat": 1, "exp": 2**40, "jti": "1"}, None, "none"),
    "expired": token(exp=1),
    "without an end": token(exp="left out"),
    "of no role": token(role="left out"),
    "of an unknown role": token(role="ROOT"),
    "of a list of roles": token(role=["ADMIN"]),
    "of a promoter without a code": token(role="PROMOTER"),
    "of a promoter with an empty code": token(role="PROMOTER", promoter=""),
    "of staff with a code": token(promoter="B"),
    "cut": token()[:-3],
    "empty": "",
    "no token at all": "x",
}


@pytest.mark.parametrize("bad", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_a_bad_token_is_401_with_a_graphql_error(service: Service, bad: str) -> None:
    response = await service.client.post("/graphql", json=QUERY, headers={"Authorization": f"Bearer {bad}"})
    assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
    assert response.headers["www-authenticate"].startswith("Bearer")
    got = await service.client.get("/graphql", params=QUERY, headers={"Authorization": f"Bearer {bad}"})
    assert (got.status_code, code(got)) == (401, "UNAUTHENTICATED")


async def test_no_token_is_401_before_the_body_is_looked_at(service: Service) -> None:
    for headers in ({}, {"Authorization": "Basic x"}):
        response = await service.client.post(
            "/graphql", content=b"{", headers={**headers, "Content-Type": "application/json"}
        )
        assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")


def test_a_token_says_who_is_asking() -> None:
    assert auth.viewer_of(SECRET, f"Bearer {auth.issue(SECRET, Role.RISK)}") == Viewer(Role.RISK)
    promoter = auth.issue(SECRET, Role.PROMOTER, promoter_code="王")
    assert auth.viewer_of(SECRET, f"bearer {promoter}") == Viewer(Role.PROMOTER, "王")
    with pytest.raises(ValueError, match="names a promoter"):
        auth.issue(SECRET, Role.PROMOTER)
    with pytest.raises(ValueError, match="names a promoter"):
        auth.issue(SECRET, Role.ADMIN, promoter_code="B")
    with pytest.raises(Unauthenticated):
        auth.viewer_of(SECRET, None)


@pytest.mark.parametrize(
    ("given", "env", "embedded", "good"),
    [
        (STRONG, "production", True, True),
        (STRONG[:31], "production", True, False),
        (STRONG[:31], "development", True, False),
        ("a" * 64, "production", False, False),
        (None, "production", True, False),
        (None, "development", False, False),
        (None, "development", True, True),
    ],
)
def test_a_weak_or_missing_secret_is_refused(
    settings: Settings, tmp_path: Any, given: str | None, env: str, embedded: bool, good: bool
) -> None:
    secret = SecretStr(given) if given else None
    changed = settings.model_copy(update={"secret_key": secret, "env": env, "data_dir": tmp_path})
    if not good:
        with pytest.raises(WeakSecret):
            auth.secret_key(changed, embedded=embedded)
        return
    kept = auth.secret_key(changed, embedded=embedded)
    assert kept == auth.secret_key(changed, embedded=embedded) == (given or kept)
    if given is None:
        assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
        assert len(kept) >= 32


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
async def test_only_get_and_post_are_served(service: Service, method: str) -> None:
    response = await service.client.request(method, "/graphql", headers=service.headers(Role.ADMIN))
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/graphql", "application/json; charset=utf-16", "multipart/form-data"]
)
async def test_only_json_is_taken(service: Service, content_type: str) -> None:
    headers = service.headers(Role.ADMIN) | {"Content-Type": content_type}
    response = await service.client.post("/graphql", content=json.dumps(QUERY), headers=headers)
    assert (response.status_code, code(response)) == (415, "BAD_USER_INPUT")


async def got(
    service: Service, *, role: Role = Role.ADMIN, promoter: str | None = None, **parameters: str
) -> httpx.Response:
    return await service.client.get("/graphql", params=parameters, headers=service.headers(role, promoter))


async def test_a_query_may_be_got_and_is_kept_by_nobody(service: Service) -> None:
    query = 'query A($as: String = "é") { plan { version } product(sku: $as) { sku } } query B { __typename }'
    response = await got(service, query=query, operationName="A", variables='{"as": "none"}', extensions="null")
    assert response.json()["data"] == {"plan": {"version": "default"}, "product": None}
    assert response.headers["cache-control"] == "no-store"
    assert (await service.post("{ plan { version } }")).headers["cache-control"] == "no-store"


async def test_no_mutation_is_got(service: Service) -> None:
    enrol = 'mutation { enrolPromoter(input: {code: "got"}) { errors { code } } }'
    response = await got(service, query=enrol)
    assert (response.status_code, code(response), response.headers["allow"]) == (405, "BAD_USER_INPUT", "POST")
    assert await service.data('{ promoter(code: "got") { code } }') == {"promoter": None}
    watched = await got(service, query="subscription { findingRaised { id } }")
    assert code(watched) == "BAD_USER_INPUT"


ADDRESSES = {
    "nothing": "",
    "no query": "variables={}",
    "a word": "query",
    "a query twice": "query={__typename}&query={__typename}",
    "a query and an id": "query={__typename}&documentId=x",
    "variables in a list": "query={__typename}&variables=[]",
    "variables that are no JSON": "query={__typename}&variables={",
    "variables of NaN": "query={__typename}&variables={%22x%22:NaN}",
    "extensions of a text": "query={__typename}&extensions=%22x%22",
    "Latin-1": "query={%E9}",
    "many parameters": "query={__typename}" + "".join(f"&x{number}=" for number in range(8)),
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
async def test_an_address_holds_one_request(service: Service, address: str) -> None:
    response = await service.client.get(f"/graphql?{address}", headers=service.headers(Role.ADMIN))
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_an_address_of_more_than_8_kb_is_414(service: Service) -> None:
    request = "query=%7B__typename%7D"
    fits = request + "+" * (8 * 1024 - len(request))
    for address, status in ((fits, 200), (fits + "+", 414)):
        response = await service.client.get(f"/graphql?{address}", headers=service.headers(Role.ADMIN))
        assert response.status_code == status


BODIES = {
    "nothing": b"",
    "half": b'{"query": "{ plan',
    "an array": b'[{"query": "{ plan { version } }"}]',
    "a string": b'"x"',
    "null": b"null",
    "no query": b'{"variables": {}}',
    "a query of a number": b'{"query": 1}',
    "variables in a list": b'{"query": "{ plan { version } }", "variables": []}',
    "a name of a number": b'{"query": "{ plan { version } }", "operationName": 1}',
    "extensions of a text": b'{"query": "{ plan { version } }", "extensions": "x"}',
    "a member twice": b'{"query": "{ plan { version } }", "query": "{ plan { version } }"}',
    "NaN": b'{"query": "{ plan { version } }", "variables": {"x": NaN}}',
    "Infinity": b'{"query": "{ plan { version } }", "variables": {"x": -Infinity}}',
    "1e400": b'{"query": "{ plan { version } }", "variables": {"x": 1e400}}',
    "an integer of 5000 digits": b'{"query": "{ plan { version } }", "variables": {"x": ' + b"9" * 5000 + b"}}",
    "Latin-1": '{"query": "{ é }"}'.encode("latin-1"),
    "half a surrogate pair": b'{"query": "{ plan { version } }", "variables": {"x": "\\ud800"}}',
    "50 001 commas": b'{"query": "{ __typename }", "variables": {"x": [' + b"1," * 50_001 + b"1]}}",
    "100 000 brackets": b'{"query": "{ plan { version } }", "variables": {"x": ' + b"[" * 100_000,
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_a_body_is_strict_json_of_one_request(service: Service, body: bytes) -> None:
    headers = service.headers(Role.ADMIN) | {"Content-Type": "application/json"}
    response = await service.client.post("/graphql", content=body, headers=headers)
    assert (response.status_code, code(response)) == (400, "BAD_USER_INPUT")


async def test_a_body_of_more_than_2_mib_is_413(service: Service) -> None:
    body = json.dumps(QUERY | {"variables": {"x": "y" * 2**21}}).encode()

    async def parts() -> AsyncIterator[bytes]:
        yield body

    headers = service.headers(Role.ADMIN) | {"Content-Type": "application/json"}
    for content in (body, parts()):
        response = await service.client.post("/graphql", content=content, headers=headers)
        assert (response.status_code, code(response)) == (413, "BAD_USER_INPUT")


async def test_a_query_of_more_than_64_kb_is_refused(service: Service) -> None:
    fits = "{ plan { version } }" + " " * (2**16 - 20)
    assert (await service.data(fits))["plan"] == {"version": "default"}
    answer = await service.ask(fits + " ")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


INVALID = [
    "{",
    "",
    "{ nothing }",
    "{ plan }",
    "query A { plan { version } } query B { plan { version } }",
    "subscription { x }",
    "type X { y: Int }",
]


@pytest.mark.parametrize("query", INVALID)
async def test_an_invalid_query_is_200_for_json_and_400_for_graphql_json(service: Service, query: str) -> None:
    for accept, status in (("application/json", 200), ("application/graphql-response+json", 400), ("*/*", 200)):
        headers = service.headers(Role.ADMIN) | {"Accept": accept}
        response = await service.client.post("/graphql", json={"query": query}, headers=headers)
        assert response.status_code == status
        assert response.headers["content-type"].startswith(accept.replace("*/*", "application/json"))
        assert "data" not in response.json()
        assert {error["extensions"]["code"] for error in response.json()["errors"]} == {"BAD_USER_INPUT"}


async def test_what_is_not_accepted_is_406(service: Service) -> None:
    response = await service.client.post(
        "/graphql", json=QUERY, headers=service.headers(Role.ADMIN) | {"Accept": "text/html"}
    )
    assert response.status_code == 406


async def test_an_operation_is_chosen_by_name(service: Service) -> None:
    body = {"query": "query A { a: plan { version } } query B { b: plan { version } }", "operationName": "B"}
    response = await service.client.post("/graphql", json=body, headers=service.headers(Role.ADMIN))
    assert response.json()["data"] == {"b": {"version": "default"}}


async def test_what_breaks_inside_is_told_by_a_code_only(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {
        StoreTimeout("LockAcquisitionTimeout at 10.0.0.7"): "TIMEOUT",
        StoreUnavailable("10.0.0.7 refused"): "UNAVAILABLE",
        RuntimeError("password 10.0.0.7"): "INTERNAL",
    }
    for error, expected in said.items():

        async def broken(*_: object, error: Exception = error) -> Any:
            raise error

        monkeypatch.setattr(Store, "run", broken)
        response = await service.post('{ product(sku: "P") { sku } }')
        assert response.status_code == 200
        assert response.json()["data"] == {"product": None}
        assert code(response) == expected
        assert "10.0.0.7" not in response.text
        if expected == "INTERNAL":
            (told,) = response.json()["errors"]
            assert told["extensions"]["requestId"] == response.headers["x-request-id"]


async def test_what_breaks_in_the_door_itself_is_a_500_with_the_id_of_the_request(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise RuntimeError("password 10.0.0.7")

    monkeypatch.setattr(Documents, "of", broken)
    for response in (await service.post("{ plan { version } }"), await got(service, query="{ plan { version } }")):
        (error,) = response.json()["errors"]
        assert (response.status_code, error["extensions"]["code"]) == (500, "INTERNAL")
        assert error["extensions"]["requestId"] == response.headers["x-request-id"]
        assert "10.0.0.7" not in response.text


async def test_production_hides_what_helps_an_attacker(
    connected: Store, servers: Servers, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "known.json").write_text(json.dumps({document_id(OWN): OWN}))
    changes = {"env": "production", "trusted_documents": "known", "documents_dir": tmp_path}
    async with serving(settings, servers, changes) as service:
        assert (await service.client.get("/graphiql")).status_code == 404
        schema = "{ __schema { queryType { name } } }"
        for role, promoter in ((Role.PROMOTER, "B"), (Role.SERVICE, None)):
            answer = await service.ask(schema, role=role, promoter=promoter)
            assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            hidden = await service.ask(
                '{ ... F } fragment F on Query { __type(name: "Plan") { name } }', role=role, promoter=promoter
            )
            assert "data" not in hidden
            assert code(await got(service, query="{ __typename }", role=role, promoter=promoter)) == "FORBIDDEN"
            known = await got(service, documentId=document_id(OWN), role=role, promoter=promoter)
            assert "data" in known.json()
            as_text = await got(service, query=OWN, role=role, promoter=promoter)
            assert as_text.json()["data"] == known.json()["data"]
        assert (await service.data(schema, role=Role.OPERATOR))["__schema"]
        text = json.dumps(await service.ask("{ plann { version } }"))
        assert "Did you mean" not in text
        enum = "query($o: PromoterSort) { promoters(orderBy: $o) { totalCount } }"
        assert "Did you mean" not in json.dumps(await service.ask(enum, o="COD"))


async def test_development_offers_graphiql_and_introspection(service: Service) -> None:
    assert (await service.client.get("/graphiql")).status_code == 200
    answer = await service.data('{ __type(name: "Plan") { name } }', role=Role.PROMOTER, promoter="B")
    assert answer == {"__type": {"name": "Plan"}}
    assert "Did you mean" in json.dumps(await service.ask("{ plann { version } }"))


async def test_pages_beside_the_door(service: Service) -> None:
    index = await service.client.get("/")
    assert index.status_code == 200
    for address in ("/graphql", "/graphiql", "/healthz", "/readyz", "/metrics"):
        assert f'href="{address}"' in index.text
    assert (await service.client.get("/healthz")).json() == {"status": "alive"}
    assert (await service.client.get("/docs")).status_code == 404
    await service.data("{ plan { version } }")
    metrics = (await service.client.get("/metrics")).text
    for name in (
        'promograph_requests_total{operation="query",status="200"}',
        "promograph_request_seconds_bucket",
        "promograph_cache_hits_total",
        "promograph_neo4j_statements_total",
    ):
        assert name in metrics


async def test_metrics_in_production_are_for_who_has_their_token(
    connected: Store, servers: Servers, settings: Settings
) -> None:
    """They tell how much is sold."""
    async with serving(settings, servers, {"env": "production"}) as service:
        for headers in ({}, service.headers(Role.ADMIN), {"Authorization": "Bearer "}):
            assert (await service.client.get("/metrics", headers=headers)).status_code == 404
        assert "/metrics" not in (await service.client.get("/")).text
    token = "of the one who collects, 令"
    for env in ("production", "development"):
        async with serving(settings, servers, {"env": env, "metrics_token": SecretStr(token)}) as service:
            good = {b"Authorization": f"Bearer {token}".encode()}
            assert "promograph_journal_head" in (await service.client.get("/metrics", headers=good)).text
            wrong: tuple[str | None, ...] = (None, "", "x", token[:-1].strip(), "Basic x", "Bearer", "Bearer x")
            for given in (*wrong, service.headers(Role.ADMIN)["Authorization"]):
                headers = {} if given is None else {"Authorization": given}
                response = await service.client.get("/metrics", headers=headers)
                assert (response.status_code, code(response)) == (401, "UNAUTHENTICATED")
                assert response.headers["www-authenticate"] == "Bearer"
                assert "journal" not in response.text


def test_a_token_of_metrics_that_could_be_guessed_is_refused_and_not_told() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(metrics_token=SecretStr("guess me"))
    assert "metrics_token" in str(refused.value)
    assert "guess me" not in str(refused.value)


async def test_whoever_asks_whether_it_is_ready_costs_a_statement_a_second_at_most(
    connected: Store, servers: Servers, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0

    def count(timed: timing.Timed) -> None:
        nonlocal asked
        asked += timed.statement.full_name == "migrations.applied"

    async with serving(settings, servers) as service:

        async def flood() -> set[int]:
            answers = await asyncio.gather(*(service.client.get("/readyz") for _ in range(100)))
            return {answer.status_code for answer in answers}

        timing.listen(count)
        try:
            monkeypatch.setattr(opening, "READY_SECONDS", 0.0)
            for times in (1, 2):
                await service.client.get("/readyz")
                assert asked == times
            monkeypatch.setattr(opening, "READY_SECONDS", 60.0)
            for _ in range(2):
                assert (await flood(), asked) == ({200}, 3)
        finally:
            timing.ignore(count)


async def test_it_is_ready_without_a_cache_and_not_without_neo4j(
    connected: Store, servers: Servers, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "READY_SECONDS", 0.0)
    async with serving(settings, dataclasses.replace(servers, redis_url=None)) as service:
        ready = await service.client.get("/readyz")
        assert (ready.status_code, ready.json()) == (
            200,
            {"ready": True, "neo4j": "ok", "schema": "ok", "redis": "off"},
        )
        assert (await service.data("{ plan { version } }"))["plan"] == {"version": "default"}

        async def away(*_: object) -> Any:
            raise StoreUnavailable("gone")

        monkeypatch.setattr(Store, "run", away)
        assert (await service.client.get("/readyz")).status_code == 503
        assert (await service.client.get("/healthz")).status_code == 200


async def test_recorded_orders_stand_or_fall_alone(service: Service) -> None:
    record = "mutation($input: [OrderInput!]!) { recordOrders(input: $input) { recorded duplicates parked problems { index number code } } }"
    await service.data(
        'mutation { enrolPromoter(input: {code: "seller"}) { errors { code } } upsertProduct(input: {sku: "app", title: "t", priceFen: 1, commissionBp: 2000}) { errors { code } } }'
    )

    def order(number: str, sku: str = "app", fen: int = 100) -> Json:
        lines = [{"sku": sku, "quantity": 1, "paidFen": fen}]
        return {
            "number": number,
            "buyerCode": "x",
            "promoterCode": "seller",
            "lines": lines,
            "paidAt": "2026-01-01T00:00:00Z",
        }

    given = [
        order("1"),
        order("2", sku="none"),
        order(""),
        order("3", fen=-1),
        order("1"),
        order("1", fen=5),
        order("4"),
    ]
    answer = (await service.data(record, input=given))["recordOrders"]
    assert (answer["recorded"], answer["duplicates"], answer["parked"]) == (2, 1, 0)
    assert [(p["index"], p["number"], p["code"]) for p in answer["problems"]] == [
        (1, "2", "NOT_FOUND"),
        (2, "", "INVALID"),
        (3, "3", "OUT_OF_BOUNDS"),
        (5, "1", "CONFLICT"),
    ]
    many = await service.ask(record, input=[order(str(index)) for index in range(1001)])
    assert (many["data"], many["errors"][0]["extensions"]["code"]) == (None, "BAD_USER_INPUT")


async def test_refusals_are_data_with_their_facts(service: Service) -> None:
    for row in ('{code: "r1"}', '{code: "r2", referrerCode: "r1"}', '{code: "r3", referrerCode: "r2"}'):
        answer = await service.data(
            f"mutation {{ enrolPromoter(input: {row}) {{ promoter {{ code }} errors {{ code }} }} }}"
        )
        assert answer["enrolPromoter"]["errors"] == []
    again = (
        await service.data(
            'mutation { enrolPromoter(input: {code: "r2", referrerCode: "r1"}) { promoter { code } errors { code } } }'
        )
    )["enrolPromoter"]
    assert again == {"promoter": {"code": "r2"}, "errors": []}
    errors = "errors { __typename code field ... on WouldCycle { path } ... on AlreadyBound { referrerCode } }"
    asked = {
        'moveBranch(input: {promoterCode: "r1", referrerCode: "r3", reason: "x"})': {
            "__typename": "WouldCycle",
            "code": "WOULD_CYCLE",
            "field": ["referrerCode"],
            "path": ["r1", "r2", "r3"],
        },
        'bindReferrer(input: {promoterCode: "r3", referrerCode: "r1"})': {
            "__typename": "AlreadyBound",
            "code": "ALREADY_BOUND",
            "field": None,
            "referrerCode": "r2",
        },
        'bindReferrer(input: {promoterCode: "zz", referrerCode: "r1"})': {
            "__typename": "NotFound",
            "code": "NOT_FOUND",
            "field": ["promoterCode"],
        },
        'enrolPromoter(input: {code: "r2", referrerCode: "r3"})': {
            "__typename": "Conflict",
            "code": "CONFLICT",
            "field": ["referrerCode"],
        },
        'enrolPromoter(input: {code: " "})': {"__typename": "Invalid", "code": "INVALID", "field": ["code"]},
        'bindReferrer(input: {promoterCode: "r1", referrerCode: "r1"})': {
            "__typename": "Refused",
            "code": "SELF_REFERRAL",
            "field": ["referrerCode"],
        },
    }
    for mutation, expected in asked.items():
        answer = await service.data(f"mutation {{ done: {mutation} {{ promoter {{ code }} {errors} }} }}")
        assert answer["done"] == {"promoter": None, "errors": [expected]}, mutation
