"""Packs of evidence: who may have one, that it says what the books say, and that it needs the memory of a page."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from cypher.store import Store
from graph_api import auth, evidence
from graph_api.actions import findings, identifiers, settlement
from graph_api.app import create_app
from graph_api.batched import evidence as reads
from graph_api.jobs.scan import find
from graph_api.pii import Pii
from graph_api.rules.calendar import month_end, month_text
from graph_api.rules.evidence import Signature, verified
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.actions.shop import NOW, Shop, shop
from tests.blackbox.command import Command
from tests.blackbox.fixtures import promograph_with
from tests.conftest import SECRET, Query, empty
from tests.inside import promograph
from tests.schema.books import Books
from tests.schema.conftest import NAMES, PHONES, Json, Service, fill, serving
from tests.test_exports import drained

__all__ = ["promograph", "promograph_with", "shop"]
KEY = evidence.signing_key(SECRET)
Pack = dict[str, list[Json]]


async def written(store: Store, pii: Pii, code: str, *, actor: str = "test") -> list[bytes]:
    found = await evidence.tree(store, code)
    chunks = [chunk async for chunk in evidence.pack(store, pii, code, found, key=KEY, actor=actor, now=NOW)]
    return b"".join(chunks).splitlines(keepends=True)


def by_kind(lines: list[bytes]) -> Pack:
    done = verified(lines, KEY)
    assert (done.faults, done.signature) == ([], Signature.GOOD)
    kinds: Pack = {}
    for line in map(json.loads, lines):
        kinds.setdefault(line["kind"], []).append(line["record"])
    return kinds


@pytest_asyncio.fixture(scope="module")
async def trade(connected: Store, pii: Pii) -> AsyncIterator[Store]:
    """Four months of made-up trade with payouts and findings, which tests of this module leave as it is."""
    await empty(connected)
    lived = Books(connected, pii)
    await lived.begin()
    await lived.trade.live()
    at = month_end(202604)
    await settlement.settle(connected, at, actor="test", now=at)
    shared = [identifiers.Identification(code, "DEVICE", "one") for code in ("p04", "p05", "p06", "p13")]
    await identifiers.link(connected, pii, shared, actor="test", now=at)
    await find(connected, detectors=["IDENTITY_RING"], actor="scan", now=at)
    yield connected
    await empty(connected)


BELOW = "MATCH (:Promoter {code: $code})-[:REFERRED*0..1000]->(p:Promoter) "


@pytest.mark.parametrize("code", ["p00", "p01"])
async def test_a_pack_says_what_the_books_say(trade: Store, pii: Pii, query: Query, code: str) -> None:
    pack = by_kind(await written(trade, pii, code))
    people = {row["code"]: row for row in pack["person"]}
    members = [row["code"] for row in await query(BELOW + "RETURN p.code AS code ORDER BY code", code=code)]
    assert list(people) == members
    assert pack["header"][0]["people"] == len(members) == pack["compliance"][0]["people"]
    (orders,) = await query(
        BELOW
        + "MATCH (p)-[:SOLD]->(o:Order) RETURN count(o) AS n, sum(o.paid_fen) AS paid, sum(o.refunded_fen) AS back",
        code=code,
    )
    told = [row for person in pack["person"] for row in person["orders"]]
    assert [sum(row[name] for row in told) for name in ("orders", "paid_fen", "refunded_fen")] == [*orders.values()]
    (entries,) = await query(
        BELOW + "MATCH (p)-[:EARNED]->(c) RETURN count(c) AS n, sum(c.amount_fen) AS fen", code=code
    )
    told = [row for person in pack["person"] for row in person["entries"]]
    assert [sum(row[name] for row in told) for name in ("entries", "amount_fen")] == [*entries.values()]
    payouts = await query(
        BELOW + "MATCH (p)-[:RECEIVES]->(x) RETURN x.id AS id, x.gross_fen AS fen, x.month AS m", code=code
    )
    assert len(payouts) > 3
    assert sorted((row["id"], row["gross_fen"], row["month"]) for row in pack["payout"]) == sorted(
        (row["id"], row["fen"], month_text(row["m"])) for row in payouts
    )
    edges = await query(
        BELOW + "MATCH (p)<-[r:REFERRED|FORMERLY_REFERRED]-(q) RETURN p.code AS p, q.code AS q, r.reason AS why",
        code=code,
    )
    assert Counter((row["p"], row["q"], row["why"]) for row in edges) == Counter(
        (row["promoter_code"], row["referrer_code"], row.get("reason")) for row in pack["referral"]
    )
    assert any(row["kind"] == "FORMERLY_REFERRED" and row["reason"] == "test" for row in pack["referral"])
    journal = await query(
        "MATCH (e:JournalEntry) WHERE any(code IN e.codes WHERE code IN $members) RETURN e.seq AS seq ORDER BY seq",
        members=members,
    )
    assert [row["seq"] for row in pack["journal"]] == [row["seq"] for row in journal]
    assert len(journal) > 20


async def test_a_pack_holds_the_findings_that_name_somebody_of_the_tree_with_their_reviews(
    trade: Store, pii: Pii, query: Query
) -> None:
    (ring,) = await query("MATCH (f:Finding {detector: 'IDENTITY_RING'}) RETURN f.id AS id")
    await findings.review(trade, ring["id"], "CONFIRM", "同一人", actor="RISK", now=NOW)
    (told,) = by_kind(await written(trade, pii, "p00"))["finding"]
    assert (told["id"], told["members"], told["status"], told["note"]) == (
        ring["id"],
        ["p04", "p05", "p06", "p13"],
        "CONFIRMED",
        "同一人",
    )
    assert told["evidence"][0] == ["members", "4", "3"]
    assert (told["reviewer"], told["reviewed_at"]) == ("RISK", "2026-11-01T00:00:00Z")
    (apart,) = await query(
        "MATCH (p:Promoter) WHERE NOT EXISTS { (p)-[:REFERRED*0..1000]->(:Promoter)<-[:NAMES]-() } RETURN min(p.code) AS code"
    )
    assert "finding" not in by_kind(await written(trade, pii, apart["code"]))


async def test_the_same_state_gives_the_same_bytes_in_pages_of_any_length(
    trade: Store, pii: Pii, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await evidence.tree(trade, "p00")

    async def bytes_of(actor: str) -> list[bytes]:
        pages = evidence.pack(trade, pii, "p00", found, key=KEY, actor=actor, now=NOW)
        return b"".join([chunk async for chunk in pages]).splitlines()

    whole = await bytes_of("test")
    for people, rows in ((1, 7), (13, 1000)):
        monkeypatch.setattr(reads, "PEOPLE_PER_PAGE", people)
        monkeypatch.setattr(reads, "ROWS_PER_PAGE", rows)
        assert (await bytes_of("test"))[:-1] == whole[:-1]
    digests = {json.loads(lines[-1])["record"]["digest"] for lines in (whole, await bytes_of("another"))}
    assert len(digests) == 1


async def test_what_is_written_meanwhile_is_in_the_journal_of_the_pack_and_counted(trade: Store, pii: Pii) -> None:
    found = await evidence.tree(trade, "p00")
    late = [identifiers.Identification("p01", "DEVICE", "late")]
    await identifiers.link(trade, pii, late, actor="meanwhile", now=NOW)
    pages = evidence.pack(trade, pii, "p00", found, key=KEY, actor="test", now=NOW)
    pack = by_kind(b"".join([chunk async for chunk in pages]).splitlines(keepends=True))
    (closing,) = pack["closing"]
    assert closing["entries_meanwhile"] == 1
    assert pack["journal"][-1]["actor"] == "meanwhile"
    assert closing["journal_position"] > pack["header"][0]["journal_position"] == found.position


@pytest_asyncio.fixture
async def small(store: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Service]:
    await fill(store, pii)
    async with serving(settings, servers) as running:
        yield running


async def test_a_pack_is_for_risk_and_admin_shows_no_personal_data_and_is_recorded(
    small: Service, query: Query
) -> None:
    for role in Role:
        headers = small.headers(role, "B" if role is Role.PROMOTER else None)
        answer = await small.client.get("/exports/evidence.jsonl", params={"promoter": "B"}, headers=headers)
        allowed = role in (Role.RISK, Role.ADMIN)
        assert answer.status_code == (200 if allowed else 403), (role, answer.text)
        if not allowed:
            assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            continue
        assert answer.headers["content-disposition"] == 'attachment; filename="evidence.jsonl"'
        lines = answer.content.splitlines(keepends=True)
        pack = by_kind(lines)
        assert [(row["code"], row["name"], row["level"]) for row in pack["person"]] == [
            ("B", "姓**", 0),
            ("C", "姓**", 1),
            ("D", "姓**", 2),
        ]
        assert pack["header"][0]["root"] == "A"
        for secret in (*NAMES.values(), *PHONES.values(), "sealed"):
            assert secret not in answer.text, secret
        recorded = await query(
            "MATCH (e:JournalEntry {kind: 'evidence_packed'}) RETURN e.actor AS actor, e.facts AS facts, e.codes AS codes"
            " ORDER BY e.seq DESC LIMIT 1"
        )
        facts = {"tree": "B", "hash": json.loads(lines[-1])["hash"], "lines": len(lines)}
        assert [(row["actor"], json.loads(row["facts"]), row["codes"]) for row in recorded] == [(str(role), facts, [])]
    bare = await small.client.get("/exports/evidence.jsonl", params={"promoter": "B"})
    assert bare.status_code == 401
    for given, status in (
        ({"promoter": "zz"}, 404),
        ({}, 400),
        ({"promoter": ""}, 400),
        ({"promoter": "B", "names": "raw"}, 400),
    ):
        answer = await small.client.get("/exports/evidence.jsonl", params=given, headers=small.headers(Role.RISK))
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (status, "BAD_USER_INPUT")


async def test_one_pack_is_made_at_a_time_and_whoever_leaves_frees_its_place(
    small: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, pack = asyncio.Event(), asyncio.Event(), evidence.pack

    async def slow(*given: Any, **named: Any) -> Any:
        begun.set()
        await may_end.wait()
        async for chunk in pack(*given, **named):
            yield chunk

    async def asked() -> Any:
        given = {"promoter": "B"}
        return await small.client.get("/exports/evidence.jsonl", params=given, headers=small.headers(Role.RISK))

    monkeypatch.setattr(evidence, "pack", slow)
    for leaves in (True, False):
        begun.clear()
        making = asyncio.create_task(asked())
        await begun.wait()
        refused = await asked()
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        assert refused.json()["errors"][0]["extensions"] == {"code": "OVERLOADED", "retryAfterSeconds": 60}
        if leaves:
            making.cancel()
            with pytest.raises(asyncio.CancelledError):
                await making
    may_end.set()
    assert (await making).status_code == 200
    assert (await asked()).status_code == 200


@pytest.mark.long
async def test_a_tree_of_thousands_streams_in_flat_memory(
    small: Service, settings: Settings, servers: Servers, query: Query
) -> None:
    plant = (
        "MATCH (above:Promoter {code: $above}) UNWIND range(1, $people) AS n"
        " CREATE (above)-[:REFERRED {promoter_code: $above + n}]->(:Person:Promoter {code: $above + n, status: 'ACTIVE',"
        " rank: 'PROMOTER', joined_at: n})"
    )
    await query(plant, above="S", people=400)
    await query(plant, above="T", people=4_000)
    app = create_app(settings.model_copy(update={"secret_key": SecretStr(SECRET)}), servers=servers)
    token = auth.issue(SECRET, Role.RISK)
    async with app.router.lifespan_context(app):
        await drained(app, "/exports/evidence.jsonl", "promoter=B", token)
        few = await drained(app, "/exports/evidence.jsonl", "promoter=B", token)
        many = await drained(app, "/exports/evidence.jsonl", "promoter=T", token)
    assert many["bytes"] > 20 * few["bytes"]
    assert many["chunks"] > 10
    assert many["peak"] < few["peak"] + 2**21, (few, many)
    assert many["largest"] < 2**18


async def test_the_commands_write_a_pack_and_check_it(shop: Shop, promograph: Command, tmp_path: Path) -> None:
    await shop.sell("o", 100_000)
    path = tmp_path / "pack.jsonl"
    made = await promograph("evidence", "A", path)
    assert (made.status, "as it was written; signed by this service" in made.stdout) == (0, True), made
    assert path.stat().st_mode & 0o077 == 0
    assert (await promograph("evidence", "A", path)).status == 1, "a pack is not written over"
    assert (await promograph("evidence", "zz", tmp_path / "none.jsonl")).status == 1
    assert os.listdir(tmp_path) == ["pack.jsonl"]
    checked = await promograph("verify-evidence", path)
    assert (checked.status, checked.stdout) == (0, made.stdout)
    final = made.stdout.split(" lines, hash ")[1].split()[0]
    assert (await promograph("verify-evidence", path, "--hash", final)).status == 0
    other = await promograph("verify-evidence", path, "--hash", "0" * 64)
    assert (other.status, "NOT as it was written" in other.stdout) == (1, True)
    lines = path.read_bytes().splitlines(keepends=True)
    assert b'"ACTIVE"' in lines[2]
    path.write_bytes(b"".join([*lines[:2], lines[2].replace(b"ACTIVE", b"CLOSED"), *lines[3:7], *lines[8:]]))
    found = await promograph("verify-evidence", path)
    assert found.status == 1
    assert "line 3: ALTERED: is not what was written" in found.stdout
    assert "line 8: REMOVED: 1 records before this line are missing" in found.stdout
    assert "NOT as it was written" in found.stdout
