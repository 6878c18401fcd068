"""Trusted documents: asked for by their hash, looked at once, and in a deployment that says so all that promoters may send."""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import graphql
import pytest
import pytest_asyncio

import hatch_build
from cypher.store import Store
from graph_api import documents, trusted
from graph_api.app import SCHEMA
from graph_api.documents import Documents
from graph_api.limits import COST_MAX
from graph_api.pii import Pii
from graph_api.schema import build
from graph_api.servers import Servers
from graph_api.settings import Policy, Settings
from graph_api.trusted import ManifestWrong, document_id
from graph_api.viewer import Role
from tests.conftest import empty
from tests.inside import inside
from tests.schema.conftest import Json, Service, fill, serving
from tests.subscriptions.client import served

OWN = "query Own { me { code } }"
OPERATION_NAMES = re.compile(r"\b(?:query|mutation|subscription) (\w+)")
SHIPPED = {text.split("(")[0].split()[1]: id for id, text in trusted.shipped().items()}


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("manifests")
    (directory / "app.json").write_text(json.dumps({f"sha256:{document_id(OWN)}": OWN}))
    return directory


@pytest.fixture(scope="module", autouse=True)
def pages_built() -> None:
    hatch_build.build_pages()


@pytest_asyncio.fixture(scope="module")
async def strict(
    connected: Store, servers: Servers, settings: Settings, pii: Pii, manifests: Path
) -> AsyncIterator[Service]:
    """The small network, where promoters may send nothing but trusted documents."""
    await empty(connected)
    await fill(connected, pii)
    changes = {"trusted_documents": "only", "documents_dir": manifests}
    async with serving(settings, servers, changes) as running:
        yield running


async def asked(service: Service, body: Json, *, role: Role = Role.PROMOTER, promoter: str | None = "B") -> Json:
    response = await service.client.post("/graphql", json=body, headers=service.headers(role, promoter))
    answer: Json = response.json()
    return answer


def code(answer: Json) -> str:
    (error,) = answer["errors"]
    found: str = error["extensions"]["code"]
    return found


def test_what_is_shipped_is_valid_named_and_cheap() -> None:
    schema, known = build.graphql_schema(SCHEMA), Documents(trusted.shipped())
    assert set(SHIPPED) == {"TeamView", "MyEarnings", "MyPromotion", "MyPayouts", "TeamChanged"}
    for id, text in trusted.shipped().items():
        assert known.text_of(id, is_staff=False) == known.text_of(f"sha256:{id}", is_staff=False) == text
        document = known.of(text)
        assert known.errors(schema, document, hide_suggestions=True) == []
        assert document.estimate(schema, document.operation(None), {}).size.cost < COST_MAX / 40


async def test_a_document_is_asked_for_by_its_id(strict: Service) -> None:
    view = await asked(strict, {"documentId": SHIPPED["TeamView"], "variables": {"first": 5}})
    members = [edge["node"]["code"] for edge in view["data"]["me"]["downline"]["edges"]]
    assert (view["data"]["me"]["team"]["size"], members) == (2, ["C"])
    own = {"data": {"me": {"code": "B"}}, "extensions": {"cost": {"asked": 2}}}
    assert await asked(strict, {"documentId": document_id(OWN)}) == own
    assert await asked(strict, {"documentId": f"sha256:{document_id(OWN)}", "operationName": "Own"}) == own


async def test_an_id_that_nobody_knows_is_told_with_it(strict: Service) -> None:
    for id in ("0" * 64, "", "../app", "x" * 1000):
        answer = await asked(strict, {"documentId": id}, role=Role.ADMIN, promoter=None)
        assert code(answer) == "UNKNOWN_DOCUMENT"
        assert answer["errors"][0]["extensions"]["documentId"] == id[:128]
        assert "data" not in answer


async def test_promoters_send_what_is_trusted_by_id_or_as_a_text(strict: Service) -> None:
    assert code(await asked(strict, {"query": "{ me { code } }"})) == "FORBIDDEN"
    assert code(await asked(strict, {"query": OWN + " "})) == "FORBIDDEN"
    assert (await asked(strict, {"query": OWN}))["data"] == {"me": {"code": "B"}}
    for role in (Role.ADMIN, Role.SERVICE, Role.OPERATOR):
        assert "errors" not in await asked(strict, {"query": "{ plan { version } }"}, role=role, promoter=None)


@pytest.mark.parametrize(
    ("env", "given", "policy"),
    [
        ("production", None, "only"),
        ("production", "known", "known"),
        ("production", "off", "off"),
        ("development", None, "known"),
        ("development", "only", "only"),
    ],
)
def test_production_takes_trusted_documents_only_unless_told_otherwise(
    env: Literal["development", "production"], given: Policy | None, policy: Policy
) -> None:
    assert Settings(env=env, trusted_documents=given).documents == policy


async def test_in_production_a_promoter_sends_no_text_of_its_own(
    strict: Service, servers: Servers, settings: Settings, manifests: Path
) -> None:
    """As deployed: nobody has set anything about documents but where those of its own clients are."""
    text = "{ me { code } }"
    async with serving(settings, servers, {"env": "production", "documents_dir": manifests}) as service:
        assert code(await asked(service, {"query": text})) == "FORBIDDEN"
        assert (await asked(service, {"query": OWN}))["data"] == {"me": {"code": "B"}}
        assert (await asked(service, {"documentId": document_id(OWN)}))["data"] == {"me": {"code": "B"}}
        for role in (Role.SERVICE, Role.OPERATOR):
            assert (await asked(service, {"query": text}, role=role, promoter=None))["data"] == {"me": None}
        schema = {"query": "{ __schema { queryType { name } } }"}
        assert code(await asked(service, schema, role=Role.SERVICE, promoter=None)) == "FORBIDDEN"
        assert "errors" not in await asked(service, schema, role=Role.OPERATOR, promoter=None)
    production = settings.model_copy(update={"env": "production"})
    async with served(production, servers) as running, running.socket(Role.PROMOTER, "B") as socket:
        await socket.subscribe(text)
        assert (await socket.next())["payload"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_of_what_staff_pages_ask_promoters_and_services_know_nothing(strict: Service) -> None:
    by_name = {name: id for id, text in trusted.of_pages("staff").items() for name in OPERATION_NAMES.findall(text)}
    assert "PromoterList" in by_name
    variables = {"filter": None, "orderBy": "CODE", "after": None}
    body = {"documentId": by_name["PromoterList"], "variables": variables}
    staffs = await asked(strict, body, role=Role.OPERATOR, promoter=None)
    assert staffs["data"]["promoters"]["totalCount"] > 0
    for id, text in trusted.of_pages("staff").items():
        assert code(await asked(strict, {"documentId": id})) == "UNKNOWN_DOCUMENT"
        assert code(await asked(strict, {"query": text})) == "FORBIDDEN"
        assert code(await asked(strict, {"documentId": id}, role=Role.SERVICE, promoter=None)) == "UNKNOWN_DOCUMENT"


@pytest.mark.parametrize(
    "body", [{"query": OWN, "documentId": document_id(OWN)}, {}, {"documentId": 1}, {"documentId": None}]
)
async def test_a_request_has_a_query_or_an_id(strict: Service, body: Json) -> None:
    assert code(await asked(strict, body)) == "BAD_USER_INPUT"


async def test_it_is_parsed_and_validated_once(strict: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await asked(strict, {"documentId": SHIPPED["MyPromotion"]})

    def never(*_: object, **__: object) -> object:
        raise AssertionError("looked at again")

    monkeypatch.setattr(documents, "parse", never)
    monkeypatch.setattr(documents, "validate", never)
    assert (await asked(strict, {"documentId": SHIPPED["MyPromotion"]}))["data"]["me"]["code"] == "B"


async def test_a_socket_takes_ids_too(strict: Service, servers: Servers, settings: Settings) -> None:
    only = settings.model_copy(update={"trusted_documents": "only"})
    async with served(only, servers) as running, running.socket(Role.PROMOTER, "B") as socket:
        payload = {"documentId": SHIPPED["TeamChanged"], "variables": {"code": "B"}}
        await socket.send({"type": "subscribe", "id": "1", "payload": payload})
        assert (await socket.team())["size"] == 2
        await socket.send({"type": "subscribe", "id": "2", "payload": {"documentId": "0" * 64}})
        unknown = await socket.next()
        assert (unknown["id"], unknown["payload"][0]["extensions"]["code"]) == ("2", "UNKNOWN_DOCUMENT")
        await socket.subscribe("{ me { code } }", id="3")
        refused = await socket.next()
        assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("3", "FORBIDDEN")


def test_what_promoters_asked_of_the_former_release_is_kept_for_the_next(manifests: Path, tmp_path: Path) -> None:
    env = {"PROMOGRAPH_DOCUMENTS_DIR": str(manifests)}
    former = inside("export-documents", "--promoters", env=env)
    assert former.returncode == 0
    assert json.loads(former.stdout) == trusted.shipped() | trusted.of_pages("promoters") | {document_id(OWN): OWN}
    (tmp_path / "former.json").write_text(former.stdout)
    assert trusted.in_directory(tmp_path) == json.loads(former.stdout)
    everybodys = json.loads(inside("export-documents", env=env).stdout)
    assert everybodys == json.loads(former.stdout) | trusted.of_pages("staff")


def test_off_means_that_no_id_is_known(manifests: Path) -> None:
    assert trusted.documents("off", manifests) == trusted.staff_documents("off") == {}
    known = trusted.shipped() | trusted.of_pages("promoters")
    assert trusted.documents("known", None) == known
    assert trusted.documents("only", manifests) == known | {document_id(OWN): OWN}
    assert trusted.staff_documents("only") == trusted.staff_documents("known") == trusted.of_pages("staff")


@pytest.mark.parametrize(
    "text", ["[", "[]", '{"a": 1}', json.dumps({"a": OWN}), json.dumps({document_id(OWN): OWN + " "})]
)
def test_a_manifest_that_is_wrong_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.json").write_text(text)
    with pytest.raises(ManifestWrong, match=r"app\.json"):
        trusted.in_directory(tmp_path)
    with pytest.raises(ManifestWrong, match="no directory"):
        trusted.in_directory(tmp_path / "nowhere")


async def test_many_others_push_no_trusted_one_out() -> None:
    schema, known = build.graphql_schema(SCHEMA), Documents({document_id(OWN): OWN}, kept=2)
    for text in (OWN, *(f"{{ a{n}: plan {{ version }} }}" for n in range(5))):
        assert known.errors(schema, known.of(text), hide_suggestions=True) == []
    assert known.of(OWN) is known.of(OWN)
    assert known.of("{ a4: plan { version } }").valid
    assert not known.of("{ a0: plan { version } }").valid
    assert isinstance(known.of(OWN).tree, graphql.DocumentNode)


def test_examples() -> None:
    assert doctest.testmod(trusted).failed == 0
