"""Claims that an import has quarantined: listed with their cycle, accepted or rejected by a person, never brought back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from cypher.store import Store
from graph_api.actions import plans, promoters
from graph_api.batched.claims import ClaimReads
from graph_api.jobs.scan import find
from graph_api.pii import Pii
from graph_api.rules.calendar import instant, instant_text
from graph_api.rules.plan import ComplianceMode
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from loaders.export import export
from loaders.load import load
from tests.conftest import Query, empty
from tests.loaders.directories import contents, directory_of
from tests.schema.conftest import Json, Service, serving

NOW = instant("2026-05-01T00:00:00Z")
JOINED = "2025-01-01T00:00:00Z"
CLAIMS = {"a": "c", "b": "a", "c": "b", "s": "s", "x": "y2", "y": "x", "y2": "y"}
FILE = {"root": "", **CLAIMS, "below": "a"}
"""a → c → b → a, s → s, and y → x → y2 → y."""
LIST = """query($decided: Boolean, $first: Int, $after: String) {
  quarantinedClaims(decided: $decided, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { node { promoter { code } claimedReferrer { code } cycle quarantinedAt decision decidedAt decidedBy reason } } } }"""
RESOLVE = """mutation($code: String!, $accept: Boolean!, $reason: String!) {
  resolveClaim(promoterCode: $code, accept: $accept, reason: $reason) {
    changed claim { decision decidedBy reason claimedReferrer { code } }
    errors { code message field ... on WouldCycle { path } } } }"""


def files(path: Path, above: dict[str, str] = FILE) -> Path:
    return directory_of(path, promoters=[f"{code},,,{referrer},{JOINED},," for code, referrer in above.items()])


@pytest_asyncio.fixture
async def service(
    store: Store, pii: Pii, servers: Servers, settings: Settings, tmp_path: Path
) -> AsyncIterator[Service]:
    await load(store, pii, files(tmp_path / "in"), now=NOW)
    async with serving(settings, servers) as running:
        yield running


async def listed(service: Service, **given: Any) -> list[Json]:
    found = (await service.data(LIST, role=Role.RISK, **given))["quarantinedClaims"]
    return [edge["node"] for edge in found["edges"]]


async def resolve(service: Service, code: str, accept: bool, reason: str = "talked to both") -> Json:
    answer: Json = (await service.data(RESOLVE, role=Role.OPERATOR, code=code, accept=accept, reason=reason))[
        "resolveClaim"
    ]
    return answer


async def cycles(service: Service) -> list[tuple[list[str], str]]:
    """Members and waiting claims of the cycles that a scan finds."""
    await find(service.store, detectors=["REFERRAL_CYCLE"], actor="test", now=NOW)
    query = '{ findings(filter: {detector: "REFERRAL_CYCLE"}) { edges { node { members { code } evidence { key value } } } } }'
    found = (await service.data(query))["findings"]["edges"]
    waiting = [{e["key"]: e["value"] for e in edge["node"]["evidence"]}["claims_waiting"] for edge in found]
    members = [sorted(member["code"] for member in edge["node"]["members"]) for edge in found]
    return sorted(zip(members, waiting, strict=True))


async def test_claims_are_listed_with_their_cycle_and_paged(service: Service) -> None:
    found = await listed(service)
    assert {each["promoter"]["code"]: each["claimedReferrer"]["code"] for each in found} == CLAIMS
    assert {each["promoter"]["code"]: each["cycle"] for each in found} == {
        "a": ["a", "c", "b"],
        "b": ["b", "a", "c"],
        "c": ["c", "b", "a"],
        "s": ["s"],
        "x": ["x", "y2", "y"],
        "y": ["y", "x", "y2"],
        "y2": ["y2", "y", "x"],
    }
    assert {each["quarantinedAt"] for each in found} == {instant_text(NOW)}
    assert {each["decision"] for each in found} == {None}
    paged: list[str] = []
    after = None
    while True:
        page = (await service.data(LIST, first=2, after=after))["quarantinedClaims"]
        paged += [edge["node"]["promoter"]["code"] for edge in page["edges"]]
        assert page["totalCount"] == 7
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert paged == ["a", "b", "c", "s", "x", "y", "y2"]


async def test_a_cycle_longer_than_anybody_follows_says_so(
    store: Store, pii: Pii, servers: Servers, settings: Settings, tmp_path: Path
) -> None:
    around = {f"n{index:04}": f"n{(index + 1) % 1001:04}" for index in range(1001)}
    await load(store, pii, files(tmp_path / "long", {**around, "s": "s"}), now=NOW)
    ask = "{ quarantinedClaims(first: 100, after: null) { edges { node { cycle cycleTruncated } } } }"
    async with serving(settings, servers) as service:
        edges = (await service.data(ask, role=Role.RISK))["quarantinedClaims"]["edges"]
        last = edges[-1]["node"]
    assert last == {"cycle": [], "cycleTruncated": True}
    short = await ClaimReads(store).cycle("s")
    assert short == (["s"], False)


async def test_an_accepted_claim_is_the_referral_and_the_last_of_a_cycle_is_refused_with_its_path(
    service: Service, query: Query
) -> None:
    team = '{ promoter(code: "c") { team { size } } a: promoter(code: "a") { upline { code } } }'
    assert (await service.data(team))["promoter"]["team"]["size"] == 0
    assert await cycles(service) == [(["a", "b", "c"], "3"), (["s"], "1"), (["x", "y", "y2"], "3")]
    answer = await resolve(service, "a", True)
    assert answer["errors"] == []
    assert answer["changed"] is True
    assert answer["claim"]["decision"] == "ACCEPTED"
    assert (await service.data(team)) == {
        "promoter": {"team": {"size": 2}},
        "a": {"upline": [{"code": "c"}]},
    }
    assert (await cycles(service))[0] == (["a", "b", "c"], "2")
    assert (await resolve(service, "b", True))["errors"] == []
    refused = await resolve(service, "c", True)
    assert (refused["claim"], refused["changed"]) == (None, False)
    assert [(error["code"], error["path"]) for error in refused["errors"]] == [("WOULD_CYCLE", ["c", "a", "b"])]
    assert (await resolve(service, "c", False))["errors"] == []
    assert await cycles(service) == [(["s"], "1"), (["x", "y", "y2"], "3")]
    assert [each["promoter"]["code"] for each in await listed(service)] == ["s", "x", "y", "y2"]
    decided = await listed(service, decided=True)
    assert [(each["promoter"]["code"], each["decision"], each["cycle"]) for each in decided] == [
        ("a", "ACCEPTED", ["a", "c", "b"]),
        ("b", "ACCEPTED", ["b", "a", "c"]),
        ("c", "REJECTED", ["c", "b", "a"]),
    ]
    (row,) = await query(
        "MATCH (e:JournalEntry {kind: 'claim_resolved'}) WITH e ORDER BY e.seq"
        " RETURN collect(e.facts) AS facts, collect(DISTINCT e.actor) AS actors"
    )
    told = [json.loads(facts) for facts in row["facts"]]
    assert [(each["promoter_code"], each["accepted"], each["reason"]) for each in told] == [
        ("a", True, "talked to both"),
        ("b", True, "talked to both"),
        ("c", False, "talked to both"),
    ]
    assert told[0]["before"] == {"claimed_code": "c", "referrer_code": None}
    assert told[0]["after"] == {"claimed_code": None, "referrer_code": "c"}
    assert told[2]["after"] == {"claimed_code": None, "referrer_code": None}
    assert decided[0]["decidedBy"] == row["actors"][0]


async def test_the_same_decision_again_changes_nothing_and_another_is_refused(service: Service, query: Query) -> None:
    answers = await asyncio.gather(*(resolve(service, "b", False) for _ in range(4)))
    assert sorted(answer["changed"] for answer in answers) == [False, False, False, True]
    assert all(answer["errors"] == [] and answer["claim"]["decision"] == "REJECTED" for answer in answers)
    both = await asyncio.gather(resolve(service, "a", True), resolve(service, "a", False))
    assert sorted(answer["changed"] for answer in both) == [False, True]
    (refused,) = (answer for answer in both if answer["errors"])
    assert [(error["code"], error["field"]) for error in refused["errors"]] == [("WRONG_STATE", ["accept"])]
    (row,) = await query("MATCH (e:JournalEntry {kind: 'claim_resolved'}) RETURN count(e) AS entries")
    assert row["entries"] == 2


async def test_what_cannot_be_accepted_is_refused_and_stays(service: Service, pii: Pii) -> None:
    store = service.store

    async def codes(code: str, accept: bool = True, reason: str = "r") -> list[str]:
        return [error["code"] for error in (await resolve(service, code, accept, reason))["errors"]]

    assert await codes("s") == ["SELF_REFERRAL"]
    assert await codes("below") == ["NOT_FOUND"]
    assert await codes("nobody") == ["NOT_FOUND"]
    assert await codes("a", reason="") == ["INVALID"]
    await promoters.close(store, code="c", reason="left", actor="test", now=NOW)
    assert await codes("a") == ["NOT_ACTIVE"]
    assert await codes("c") == ["NOT_ACTIVE"]
    crowd = [promoters.Enrolment(f"m{index}", referrer_code="below") for index in range(30)]
    await promoters.enrol(store, pii, crowd, actor="test", now=NOW)
    strict = {"version": "strict", "starts_at": NOW, "compliance_mode": ComplianceMode.REFUSE}
    await plans.publish(store, strict, actor="test", now=NOW)
    await promoters.claim(store, [("below", "x")], actor="test", now=NOW)
    assert await codes("b") == ["COMPLIANCE_LIMIT"]
    assert {"a", "b", "c", "s"} <= {each["promoter"]["code"] for each in await listed(service)}


async def test_a_bind_decides_a_claim_too(service: Service) -> None:
    given = {"at": None, "actor": "test", "now": NOW}
    await promoters.bind(service.store, promoter_code="a", referrer_code="s", **given)  # type: ignore[arg-type]
    await promoters.bind(service.store, promoter_code="y", referrer_code="x", **given)  # type: ignore[arg-type]
    decided = await listed(service, decided=True)
    assert [(each["promoter"]["code"], each["decision"]) for each in decided] == [("a", "REJECTED"), ("y", "ACCEPTED")]


async def test_loading_the_same_file_again_brings_no_decided_claim_back(
    service: Service, pii: Pii, tmp_path: Path
) -> None:
    store = service.store
    await resolve(service, "a", True)
    await resolve(service, "b", False)
    await promoters.bind(store, promoter_code="s", referrer_code="a", at=None, actor="test", now=NOW)
    head = (await store.observe_head()).seq
    waiting = await listed(service)
    for again in (tmp_path / "in", tmp_path / "out"):
        await export(store, pii, tmp_path / "out")
        report = await load(store, pii, again, now=NOW + 1, rejected=tmp_path / "rejected.csv")
        counts = report.counts["promoters"]
        assert (counts.loaded, counts.rejected) == (0, 0), again
        assert await listed(service) == waiting
        assert (await store.observe_head()).seq == head


async def test_what_is_exported_after_decisions_gives_the_same_files(
    service: Service, pii: Pii, tmp_path: Path
) -> None:
    store = service.store
    for code, accept in (("a", True), ("b", False), ("s", False), ("x", True)):
        assert (await resolve(service, code, accept))["errors"] == []
    await export(store, pii, tmp_path / "one")
    await empty(store)
    await load(store, pii, tmp_path / "one", now=NOW + 1)
    await export(store, pii, tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
