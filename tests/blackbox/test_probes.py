"""What scanners for GraphQL look for, check by check of graphql-cop: in production there is nothing to find.

Probed as those whose tokens are at large: a promoter, a service of somebody else's, and whoever has none. Promoters may
send any text here, else nothing of theirs would reach what is probed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.blackbox.api import Json
from tests.subscriptions.client import Served, served, token

PATH = "/graphql"
Probe = Callable[[httpx.AsyncClient], Any]


@pytest_asyncio.fixture(scope="module")
async def production(connected: Store, servers: Servers, settings: Settings) -> AsyncIterator[Served]:
    changes = {"env": "production", "trusted_documents": "known"}
    async with served(settings.model_copy(update=changes), servers) as running:
        yield running


def origin(running: Served) -> str:
    return running.url.replace("ws", "http", 1).removesuffix(PATH)


@pytest_asyncio.fixture(params=["a promoter", "a service", "nobody"])
async def client(production: Served, request: pytest.FixtureRequest) -> AsyncIterator[httpx.AsyncClient]:
    headers = {
        "a promoter": {"Authorization": f"Bearer {token(Role.PROMOTER, 'B')}"},
        "a service": {"Authorization": f"Bearer {token(Role.SERVICE)}"},
        "nobody": {},
    }[request.param]
    async with httpx.AsyncClient(base_url=origin(production), headers=headers, timeout=60) as opened:
        yield opened


async def posted(client: httpx.AsyncClient, query: str) -> Json:
    answer: Json = (await client.post(PATH, json={"query": query, "operationName": "probe"})).json()
    return answer


def has_data(answer: Json) -> bool:
    return any((answer.get("data") or {}).values())


async def alias_overloading(client: httpx.AsyncClient) -> bool:
    return has_data(await posted(client, "query probe { " + " ".join(f"a{n}: __typename" for n in range(101)) + " }"))


async def field_duplication(client: httpx.AsyncClient) -> bool:
    return has_data(await posted(client, "query probe { " + "__typename " * 500 + "}"))


async def directive_overloading(client: httpx.AsyncClient) -> bool:
    """Whether each of ten directives is told to be wrong: so many are looked at."""
    answer = await posted(client, "query probe { __typename " + "@aa" * 10 + " }")
    return has_data(answer) or len(answer["errors"]) >= 10


async def batch_query(client: httpx.AsyncClient) -> bool:
    response = await client.post(PATH, json=[{"query": "query probe { __typename }"}] * 10)
    return isinstance(response.json(), list) or has_data(response.json())


async def introspection(client: httpx.AsyncClient) -> bool:
    return has_data(await posted(client, "query probe { __schema { types { name fields { name } } } }"))


async def circular_query_introspection(client: httpx.AsyncClient) -> bool:
    nested = "fields { type { " * 4 + "name" + " } }" * 4
    return has_data(await posted(client, f"query probe {{ __schema {{ types {{ {nested} }} }} }}"))


async def field_suggestions(client: httpx.AsyncClient) -> bool:
    """By the schema's own fields, by ours, by arguments, enums and types."""
    wrong = (
        "{ __schema { directive } }",
        "{ plann { version } }",
        "{ plan { versio } }",
        '{ product(skuu: "P") { sku } }',
        "{ promoters(orderBy: COD) { totalCount } }",
        "{ me { ... on Promotr { code } } }",
        "{ __typename @skp(if: true) }",
        'mutation probe { enrolPromoter(input: {cod: "x"}) { errors { code } } }',
    )
    answers = [
        await posted(client, text.replace("{", "query probe {", 1) if text[0] == "{" else text) for text in wrong
    ]
    assert not any(map(has_data, answers))
    return any("did you mean" in str(answer).lower() for answer in answers)


async def get_method_support(client: httpx.AsyncClient) -> bool:
    return has_data((await client.get(PATH, params={"query": "query probe { __typename }"})).json())


async def get_based_mutation(client: httpx.AsyncClient) -> bool:
    return has_data((await client.get(PATH, params={"query": "mutation probe { __typename }"})).json())


async def post_based_csrf(client: httpx.AsyncClient) -> bool:
    """What a page of somebody else's may post without being asked about it: forms and plain texts."""
    query = "query probe { __typename }"
    form = await client.post(PATH, data={"query": query})
    parts = await client.post(PATH, files={"query": (None, query)})
    plain = await client.post(PATH, content=json.dumps({"query": query}), headers={"Content-Type": "text/plain"})
    return any(has_data(response.json()) for response in (form, parts, plain))


async def detect_graphiql(client: httpx.AsyncClient) -> bool:
    pages = [
        await client.get(path, headers={"Accept": "text/html"}) for path in (PATH, "/", "/graphiql", "/playground")
    ]
    return any(word in page.text for page in pages for word in ("GraphiQL", "graphiql.min.css", "Playground"))


async def trace_mode(client: httpx.AsyncClient) -> bool:
    return "tracing" in str(await posted(client, "query probe { __typename }"))


async def unhandled_error_detection(client: httpx.AsyncClient) -> bool:
    answers = [
        await posted(client, text) for text in ("qwerty probe { abc }", "query probe { abc }", "", "query probe")
    ]
    return any(word in str(answer) for answer in answers for word in ("exception", "Traceback", "stacktrace", ".py"))


PROBES = (
    alias_overloading,
    field_duplication,
    directive_overloading,
    batch_query,
    introspection,
    circular_query_introspection,
    field_suggestions,
    get_method_support,
    get_based_mutation,
    post_based_csrf,
    detect_graphiql,
    trace_mode,
    unhandled_error_detection,
)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.__name__)
async def test_a_scanner_finds_nothing(client: httpx.AsyncClient, probe: Probe) -> None:
    assert not await probe(client)


async def test_a_socket_hides_the_same(production: Served) -> None:
    told = {
        "{ __schema { types { name } } }": "FORBIDDEN",
        "{ plann { version } }": "BAD_USER_INPUT",
        "query($o: DownlineSort = COD) { me { downline(orderBy: $o) { totalCount } } }": "BAD_USER_INPUT",
        "{ " + " ".join(f"a{n}: __typename" for n in range(101)) + " }": "COST_EXCEEDED",
    }
    async with production.socket(Role.PROMOTER, "B") as socket:
        for id, (query, code) in enumerate(told.items()):
            await socket.subscribe(query, id=str(id))
            message = await socket.next()
            assert (message["type"], message["id"]) == ("error", str(id))
            assert message["payload"][0]["extensions"]["code"] == code
            assert "did you mean" not in str(message).lower()


async def test_the_probes_find_what_is_there(connected: Store, servers: Servers, settings: Settings) -> None:
    """In development, as staff: what production hides is found, so a probe that finds nothing says something."""
    async with (
        served(settings, servers) as running,
        httpx.AsyncClient(
            base_url=origin(running),
            headers={"Authorization": f"Bearer {token(Role.ADMIN)}"},
            timeout=60,
        ) as staff,
    ):
        for probe in (introspection, field_suggestions, get_method_support, detect_graphiql):
            assert await probe(staff), probe.__name__
        assert has_data(await posted(staff, "query probe { __typename }"))
