"""The workbench reads, whatever is asked; each question is recorded; each saved one finds what its title says."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cypher import saved
from cypher import workbench as checked
from cypher.store import Store
from graph_api.actions import identifiers, months, orders, products, promoters, workbench
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, instant
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import Query, empty
from tests.schema.conftest import Json, Service, serving
from tests.schema.hostile import ENDLESS, HOSTILE

JOINED = instant("2025-01-01T00:00:00Z")
BY: dict[str, Any] = {"actor": "test", "now": instant("2026-06-01T00:00:00Z")}
EXPLORE = """query($cypher: String!, $parameters: JSON, $rows: Int) { explore(cypher: $cypher, parameters: $parameters, rows: $rows) {
  columns rows truncated errors { code message field } } }"""
ASK = """query($name: String!, $parameters: JSON) { askQuestion(name: $name, parameters: $parameters) {
  columns rows truncated errors { code message field } } }"""
WRITING = [
    text
    for text in HOSTILE
    if re.search(r"(?i)create|merge|set|delete|remove|foreach|load csv|show|terminate|call|drop|alter|stop", text)
    and text.count("{") <= 4
]
"""Those that planning alone must keep from running."""
TOO_LARGE = "the answer is larger than anybody reads; ask for less"
CHAIN = ["c0", "c1", "c2", "c3", "c4", "c5", "c6"]


@pytest_asyncio.fixture(scope="module")
async def service(connected: Store, pii: Pii, servers: Servers, settings: Settings) -> AsyncIterator[Service]:
    """A thin chain, two who buy from each other, a shared account, a claimed cycle, and one who only gets override."""
    store = connected
    await empty(store)
    await products.upsert(store, products.NewProduct("P", "茶", 100_000, 2000), **BY)
    rows = [
        promoters.Enrolment(code, joined_at=JOINED, referrer_code=above, name="王小明", phone=f"1390000{index:04}")
        for index, (code, above) in enumerate(zip(CHAIN, [None, *CHAIN], strict=False))
    ]
    rows += [promoters.Enrolment(code, joined_at=JOINED) for code in ("a", "b", "x", "y")]
    await promoters.enrol(store, pii, rows, **BY)
    await promoters.claim(store, [("x", "y"), ("y", "x")], **BY)
    links = [identifiers.Identification(code, "PAYOUT_ACCOUNT", "6222000011112222") for code in ("a", "x")]
    await identifiers.link(store, pii, links, **BY)
    sales = [("a", "b"), ("a", "b"), ("b", "a"), ("b", "a"), ("buyer", "c6"), *[("buyer", "y")] * 5]
    for number, (buyer, seller) in enumerate(sales):
        line = (orders.NewLine("P", 1, 100_000),)
        order = orders.NewOrder(f"o{number}", buyer, seller, line, JOINED + DAY_US)
        assert (await orders.record(store, [order], **BY))[0].state == "recorded"
    for number in (5, 6):
        await orders.refund(
            store, number=f"o{number}", key=f"r{number}", sku=None, refund_fen=50_000, at=JOINED + 2 * DAY_US, **BY
        )
    await months.close(store, 202501, **BY)
    async with serving(settings, servers) as running:
        yield running


async def explored(service: Service, cypher: str, **given: Any) -> Json:
    found: Json = (await service.data(EXPLORE, role=Role.RISK, cypher=cypher, **given))["explore"]
    return found


async def test_a_question_is_answered_with_columns_and_rows(service: Service) -> None:
    found = await explored(
        service,
        "MATCH (:Promoter {code: $code})-[r:REFERRED*1..9]->(d) RETURN d.code AS code, size(r) AS level ORDER BY level",
        parameters={"code": "c4"},
    )
    assert found == {"columns": ["code", "level"], "rows": [["c5", 1], ["c6", 2]], "truncated": False, "errors": []}
    some = await explored(service, "MATCH (p:Promoter) RETURN p.code ORDER BY p.code", rows=2)
    assert (some["rows"], some["truncated"]) == ([["a"], ["b"]], True)
    every = await explored(service, "CALL db.labels() YIELD label RETURN count(label) > 3 AS many")
    assert every["rows"] == [[True]]
    entities = await explored(service, "MATCH path = (p:Promoter {code: 'c5'})-[r:REFERRED]->(d) RETURN p, r, path")
    (node, relation, path) = entities["rows"][0]
    assert (node["code"], relation["type"], [part.get("code") for part in path]) == (
        "c5",
        "REFERRED",
        ["c5", None, "c6"],
    )
    assert not [name for name in node if "sealed" in name]


@pytest.mark.parametrize("cypher", HOSTILE, ids=lambda text: text[:40])
async def test_whatever_does_more_than_read_is_refused_in_a_sentence(
    service: Service, query: Query, cypher: str
) -> None:
    counted = "MATCH (n) WHERE NOT n:JournalEntry AND NOT n:Journal OPTIONAL MATCH (n)-[r]->() RETURN count(n) AS n, count(r) AS r"
    before = await query(counted)
    found = await explored(service, cypher)
    assert (found["rows"], [error["code"] for error in found["errors"]]) == ([], ["INVALID"])
    assert found["errors"][0]["message"]
    assert await query(counted) == before


@pytest.mark.parametrize("cypher", WRITING, ids=lambda text: text[:40])
async def test_a_plan_that_does_more_than_read_is_refused_whatever_the_words_look_like(
    service: Service, monkeypatch: pytest.MonkeyPatch, cypher: str
) -> None:
    monkeypatch.setattr(checked, "_check_text", lambda text: None)
    found = await explored(service, cypher)
    assert (found["rows"], [error["code"] for error in found["errors"]]) == ([], ["INVALID"])


@pytest.mark.parametrize(
    "cypher",
    [
        "MATCH (start:Promoter {code: 'c1'}) RETURN start.set AS set, start.show AS show",
        "WITH {create: 1, delete: 2} AS use RETURN use.create AS stop, 'CREATE (:X)' AS load",
        "MATCH (p:Promoter) WHERE p:Set OR (p)-[:MERGE]->() RETURN p.code AS drop",
    ],
)
async def test_names_may_be_words_that_write_elsewhere(service: Service, cypher: str) -> None:
    assert (await explored(service, cypher))["errors"] == []


@pytest.mark.parametrize("cypher", ENDLESS, ids=lambda text: text[:40])
async def test_a_question_that_does_not_end_is_cut(
    service: Service, monkeypatch: pytest.MonkeyPatch, cypher: str
) -> None:
    monkeypatch.setattr(workbench, "TIMEOUT_SECONDS", 1.0)
    began = time.monotonic()
    answer = await service.ask(EXPLORE, role=Role.RISK, cypher=cypher)
    found = answer["data"] and answer["data"]["explore"]
    if found is None:
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["TIMEOUT"]
    else:
        assert ["memory" in error["message"] for error in found["errors"]] == [True]
    assert time.monotonic() - began < 20


@pytest.mark.long
async def test_an_answer_larger_than_anybody_reads_is_refused_and_weighs_on_nobody(
    service: Service, query: Query
) -> None:
    # A hundred million numbers: their process, or Neo4j, comes to its limit of memory, or on a busy machine to that of time.
    answer = await service.ask(EXPLORE, role=Role.RISK, cypher="RETURN [i IN range(1, 10000) | range(1, 10000)] AS x")
    if answer["data"] is None or answer["data"]["explore"] is None:
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["TIMEOUT"]
    else:
        (error,) = answer["data"]["explore"]["errors"]
        assert error["message"] == TOO_LARGE or "more memory" in error["message"]
    long = "UNWIND range(1, 1000) AS i RETURN [x IN range(1, 1000) | 'not a short text at all'] AS c"
    found = await explored(service, long, rows=1000)
    assert [error["message"] for error in found["errors"]] == [TOO_LARGE]
    asked = await query(
        "MATCH (e:JournalEntry {kind: 'graph_asked'}) RETURN e.facts AS facts ORDER BY e.seq DESC LIMIT 1"
    )
    assert TOO_LARGE in json.loads(asked[0]["facts"])["outcome"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_000_000  # KiB


async def test_letters_of_any_script_may_stand_in_strings(service: Service) -> None:
    found = await explored(service, "RETURN '茶 // /* ` } range(1, 99999999)' AS tea, \"it's\" AS its")
    assert (found["rows"], found["errors"]) == ([["茶 // /* ` } range(1, 99999999)", "it's"]], [])


async def test_a_parameter_is_data_and_no_part_of_the_question(service: Service, query: Query) -> None:
    before = await query("MATCH (n:Promoter) RETURN count(n) AS n")
    injected = "c1'}) DETACH DELETE p //"
    found = await explored(service, "MATCH (p:Promoter {code: $code}) RETURN p", parameters={"code": injected})
    assert (found["rows"], found["errors"]) == ([], [])
    for text in ("MATCH (p:$($label)) SET p.rank = 'ELITE' RETURN p", "CREATE (p:$($label)) RETURN p"):
        found = await explored(service, text, parameters={"label": "Promoter"})
        assert [error["code"] for error in found["errors"]] == ["INVALID"]
    assert await query("MATCH (n:Promoter) RETURN count(n) AS n") == before


async def test_questions_wait_for_each_other_and_not_for_ever(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbench, "TIMEOUT_SECONDS", 3.0)
    asked = [service.ask(EXPLORE, role=Role.RISK, cypher=ENDLESS[0]) for _ in range(3)]
    began = time.monotonic()
    answers = await asyncio.gather(*asked, service.ask(EXPLORE, role=Role.RISK, cypher="RETURN 1 AS one"))
    assert time.monotonic() - began < 20
    assert [answer["errors"][0]["extensions"]["code"] for answer in answers[:3]] == ["TIMEOUT"] * 3
    assert (await explored(service, "RETURN 1 AS one"))["rows"] == [[1]]


async def test_bounds_of_rows_and_parameters_are_held(service: Service) -> None:
    for rows in (0, -1, 1001):
        found = await explored(service, "RETURN 1 AS one", rows=rows)
        assert [error["field"] for error in found["errors"]] == [["rows"]]
    found = await explored(service, "RETURN $x AS x", parameters={"x": "x" * 5_000})
    assert [error["field"] for error in found["errors"]] == [["parameters"]]
    assert (await explored(service, "RETURN $x AS x", parameters=[1]))["errors"]


async def test_each_question_is_recorded_answered_or_not(service: Service, query: Query) -> None:
    asked = "MATCH (e:JournalEntry {kind: 'graph_asked'}) RETURN e.actor AS actor, e.facts AS facts ORDER BY e.seq"
    before = await query(asked)
    await explored(service, "RETURN 1 AS one", parameters={"code": "c1"})
    await explored(service, "CREATE (:Hacked)")
    await service.data(ASK, role=Role.ADMIN, name="claimed_cycles")
    rows = (await query(asked))[len(before) :]
    told = [(row["actor"], json.loads(row["facts"])) for row in rows]
    assert [(actor, facts["question"], facts["outcome"][:7]) for actor, facts in told] == [
        ("RISK", None, "1 rows"),
        ("RISK", None, "Invalid"),
        ("ADMIN", "claimed_cycles", "2 rows"),
    ]
    assert (told[0][1]["cypher"], told[0][1]["parameters"]) == ("RETURN 1 AS one", {"code": "c1"})


async def test_no_personal_data_stands_clear_for_a_question_to_show(service: Service, query: Query) -> None:
    rows = await query("MATCH (n) RETURN properties(n) AS p UNION ALL MATCH ()-[r]->() RETURN properties(r) AS p")
    everything = json.dumps([row["p"] for row in rows], ensure_ascii=False)
    for secret in ("王小明", "13900000", "6222000011112222"):
        assert secret not in everything


FOUND: dict[str, tuple[dict[str, Any], list[list[Any]]]] = {
    "accounts_of_many": ({}, [["*", 2, ["a", "x"]]]),
    "around": ({"code": "a"}, [["PAYOUT_ACCOUNT", "*", "x", True]]),
    "bought_in_circles": ({}, [["a", "b", 2, 2]]),
    "claimed_cycles": ({}, [["y", "x"], ["x", "y"]]),
    "income_from_override": ({"month": 202501}, [["c4", 3000], ["c5", 3000]]),
    "joined_in_a_day": ({"people": 1}, [[f"c{index}", JOINED // DAY_US, 1] for index in range(6)]),
    "refunds_of_sellers": ({}, [["y", 5, 2, 40, 100_000]]),
    "thin_chains": ({}, [["c0", "c6", 6]]),
}


@pytest.mark.parametrize("name", saved.questions())
async def test_a_saved_question_finds_what_its_title_says(service: Service, name: str) -> None:
    parameters, expected = FOUND[name]
    found = (await service.data(ASK, role=Role.RISK, name=name, parameters=parameters))["askQuestion"]
    assert found["errors"] == []

    def same(row: list[Any], wanted: list[Any]) -> bool:
        values = [sorted(value) if isinstance(value, list) else value for value in row]
        return all(b in ("*", a) for a, b in zip(values, wanted, strict=True))

    assert len(found["rows"]) == len(expected), found["rows"]
    assert all(same(row, wanted) for row, wanted in zip(found["rows"], expected, strict=True)), found["rows"]


async def test_saved_questions_are_listed_and_their_parameters_held(service: Service) -> None:
    listed = (await service.data("{ questions { name title cypher parameters { name kind default meaning } } }"))[
        "questions"
    ]
    assert [question["name"] for question in listed] == sorted(FOUND)
    around = next(question for question in listed if question["name"] == "around")
    assert around["title"] == "与某推广员共用标识的人"
    assert around["parameters"] == [
        {"name": "code", "kind": "String", "default": None, "meaning": "the promoter's code"}
    ]
    for parameters in ({}, {"code": 1}, {"code": None}, {"code": "a", "x": 1}, {"code": True}, [], "a"):
        found = (await service.data(ASK, role=Role.RISK, name="around", parameters=parameters))["askQuestion"]
        assert [error["field"] for error in found["errors"]] == [["parameters"]], parameters
    for parameters in ({"people": "2"}, {"people": 1.5}, {"people": 2**60}, {"people": True}):
        found = (await service.data(ASK, role=Role.RISK, name="accounts_of_many", parameters=parameters))["askQuestion"]
        assert [error["field"] for error in found["errors"]] == [["parameters"]], parameters
    found = (await service.data(ASK, role=Role.RISK, name="../around"))["askQuestion"]
    assert [error["code"] for error in found["errors"]] == ["NOT_FOUND"]
