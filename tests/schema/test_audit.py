"""Who did what, for whom it is; and a search by a name or a phone that leaves its trace."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from cypher.store import Transaction
from graph_api.actions import identifiers
from graph_api.actions.identifiers import Identification
from graph_api.batched import audit
from graph_api.batched.audit import HIDDEN, SHOWN
from graph_api.viewer import Role
from tests.conftest import Query
from tests.schema.conftest import NAMES, PHONES, Json, Service

ROOT = Path(__file__).parents[2]
LOG = """
query($filter: AuditFilter, $first: Int! = 20, $after: String) {
  auditLog(filter: $filter, first: $first, after: $after) {
    edges { cursor node { seq kind actor at recordedAt codes codeCount facts } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
FIND = """
query($by: PromoterKey!, $text: String!, $first: Int! = 20, $after: String) {
  findPromoters(by: $by, text: $text, first: $first, after: $after) {
    totalCount edges { node { code name phone } } pageInfo { hasNextPage endCursor }
  }
}"""
OWN_FACTS = {"kind", "at", "actor", "codes", "moves_paths"}


async def log(service: Service, role: Role = Role.ADMIN, **variables: Any) -> Json:
    found: Json = (await service.data(LOG, role=role, **variables))["auditLog"]
    return found


def nodes(found: Json) -> list[Json]:
    return [edge["node"] for edge in found["edges"]]


async def journalled(service: Service, *entries: tuple[str, str, list[str]]) -> None:
    async def work(transaction: Transaction) -> None:
        for kind, actor, codes in entries:
            transaction.journal(kind, at=1, actor=actor, codes=codes, reason="r", parameters={"name": "王小明"})

    await service.store.write(work)


async def whole(service: Service, *, first: int, role: Role = Role.ADMIN, **wanted: Any) -> list[Json]:
    found, after = [], None
    while True:
        page = await log(service, role, filter=wanted, first=first, after=after)
        found += nodes(page)
        if not page["pageInfo"]["hasNextPage"]:
            return found
        assert page["pageInfo"]["endCursor"] != after
        after = page["pageInfo"]["endCursor"]


async def test_the_log_is_the_journal_backwards_in_pages(network: Service, query: Query) -> None:
    rows = await query(
        "MATCH (e:JournalEntry) RETURN e.seq AS seq, e.kind AS kind, e.codes AS codes ORDER BY e.seq DESC"
    )
    found = await whole(network, first=3)
    assert [(e["seq"], e["kind"], e["codes"]) for e in found] == [(r["seq"], r["kind"], r["codes"]) for r in rows]
    assert found[0]["recordedAt"].endswith("Z")


@pytest.mark.parametrize("walked_max", [1, 3, 20_000])
async def test_a_filter_finds_what_it_should_however_far_apart(
    network: Service, monkeypatch: pytest.MonkeyPatch, walked_max: int
) -> None:
    monkeypatch.setattr(audit, "WALKED_MAX", walked_max)
    await journalled(
        network,
        ("x_locked", "RISK:li", ["A", "B"]),
        ("x_locked", "RISK:wang", ["B"]),
        ("x_moved", "RISK:li", ["C"]),
        ("x_locked", "RISK:li", []),
    )
    for wanted, expected in (
        ({"actor": "RISK:li"}, [["x_locked", []], ["x_moved", ["C"]], ["x_locked", ["A", "B"]]]),
        ({"kind": "x_locked", "actor": "RISK:wang"}, [["x_locked", ["B"]]]),
        ({"kind": "x_locked", "code": "B"}, [["x_locked", ["B"]], ["x_locked", ["A", "B"]]]),
        ({"actor": "RISK:nobody"}, []),
        ({"kind": "x_locked", "recordedTo": "2001-01-01T00:00:00Z"}, []),
    ):
        found = (await whole(network, first=1, **wanted))[: len(expected) or None]
        assert [[entry["kind"], entry["codes"]] for entry in found] == expected, wanted
    every = await whole(network, first=2, code="B")
    assert {"B" in entry["codes"] for entry in every} == {True}
    assert len(every) >= 4


async def test_facts_are_shown_without_what_may_name_somebody(network: Service) -> None:
    await journalled(network, ("x_asked", "RISK:li", []))
    (entry, *_) = nodes(await log(network, filter={"kind": "x_asked"}))
    assert entry["facts"] == {"reason": "r"}


async def test_risk_is_not_shown_accounts_and_others_nothing(network: Service) -> None:
    await journalled(network, ("staff_x", "ADMIN:li", []))
    assert nodes(await log(network, Role.ADMIN, filter={"kind": "staff_x"}))
    assert not await whole(network, role=Role.RISK, first=5, kind="staff_x")
    assert not any(e["kind"].startswith("staff_") for e in await whole(network, role=Role.RISK, first=50))


@pytest.mark.parametrize("after", ["x", "WyJBVURJVCIsMSwwXQ", "WyJMRVZFTCIsMSwwLCIiXQ"])
async def test_a_cursor_of_another_list_is_refused(network: Service, after: str) -> None:
    answer = await network.ask(LOG, after=after)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_of_each_fact_that_is_journalled_it_is_decided_whether_it_is_shown() -> None:
    named: set[str] = set()
    for path in [*(ROOT / "graph_api").rglob("*.py"), *(ROOT / "loaders").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "transaction.journal":
                named |= {keyword.arg for keyword in node.keywords if keyword.arg is not None}
    assert len(named) > 40
    assert named - OWN_FACTS <= SHOWN | HIDDEN
    assert not SHOWN & HIDDEN


async def find(service: Service, by: str, text: str, *, role: Role = Role.OPERATOR, **more: Any) -> Json:
    found: Json = (await service.data(FIND, role=role, by=by, text=text, **more))["findPromoters"]
    return found


async def test_somebody_is_found_by_code_name_and_phone_and_shown_masked(network: Service) -> None:
    for by, text in (("CODE", "B"), ("NAME", NAMES["B"]), ("NAME", f" {NAMES['B']} "), ("PHONE", PHONES["B"])):
        found = await find(network, by, text)
        assert [edge["node"] for edge in found["edges"]] == [
            {"code": "B", "name": "姓**", "phone": f"138******{PHONES['B'][-2:]}"}
        ]
        assert found["totalCount"] == 1
    for by, text in (("CODE", "姓"), ("NAME", "B"), ("NAME", "姓名"), ("PHONE", PHONES["B"][:-1]), ("PHONE", "B")):
        assert await find(network, by, text) == {
            "totalCount": 0,
            "edges": [],
            "pageInfo": {"hasNextPage": False, "endCursor": None},
        }


async def test_a_phone_that_many_share_finds_them_page_by_page(network: Service) -> None:
    rows = [Identification(code, "PHONE", PHONES["A"]) for code in ("C", "E", "x-C")]
    await identifiers.link(network.store, network.stores.pii, rows, actor="test", now=1)
    found, after = [], None
    for _ in range(4):
        page = await find(network, "PHONE", PHONES["A"], first=1, after=after)
        found += [edge["node"]["code"] for edge in page["edges"]]
        assert page["totalCount"] == 3
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert found == ["A", "C", "E"]  # x-C is a buyer


async def test_each_search_by_name_or_phone_is_journalled_and_names_nobody(network: Service, query: Query) -> None:
    count = "MATCH (e:JournalEntry) RETURN max(e.seq) AS seq"
    ((before,),) = [row.values() for row in await query(count)]
    await find(network, "CODE", "B")
    await find(network, "NAME", NAMES["D"], role=Role.RISK)
    await find(network, "PHONE", PHONES["D"], role=Role.FINANCE)
    await find(network, "PHONE", "10000000000")
    rows = await query("MATCH (e:JournalEntry) WHERE e.seq > $before RETURN e ORDER BY e.seq", before=before)
    entries = [row["e"] for row in rows if row["e"]["kind"] == "promoters_sought"]
    facts = [json.loads(entry["facts"]) for entry in entries]
    assert [(e["actor"], f["by"], f["found"]) for e, f in zip(entries, facts, strict=True)] == [
        ("RISK", "NAME", ["D"]),
        ("FINANCE", "PHONE", ["D"]),
        ("OPERATOR", "PHONE", []),
    ]
    assert all(entry["codes"] == [] for entry in entries)
    text = json.dumps(rows, ensure_ascii=False)
    assert not any(known in text for known in (NAMES["D"], PHONES["D"], "10000000000"))


async def test_whoever_a_list_finds_by_name_is_journalled_too(network: Service, query: Query) -> None:
    listed = "query($search: String!) { promoters(filter: {search: $search}) { edges { node { code } } } }"
    await network.data(listed, role=Role.OPERATOR, search="T")
    await network.data(listed, role=Role.OPERATOR, search=NAMES["T"])
    rows = await query("MATCH (e:JournalEntry {kind: 'pii_viewed', actor: 'OPERATOR'}) RETURN e.facts AS facts")
    assert [json.loads(row["facts"]) for row in rows] == [{"seen": ["T:found by name"]}]


@pytest.mark.parametrize("text", ["", "  ", "x" * 513, "a\x00b", "a\nb"])
async def test_a_text_that_nobody_can_have_is_refused(network: Service, text: str) -> None:
    answer = await network.ask(FIND, by="NAME", text=text)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
