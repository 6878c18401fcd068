"""Findings from scan to scan: one a structure, reviewed by people, holding money where it is grave."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest

from graph_api.actions import findings, locks, promoters
from graph_api.actions.findings import Recorded
from graph_api.actions.promoters import Enrolment
from graph_api.errors import Invalid, NotFound
from graph_api.risk.detector import Edge, Evidence, Found, Text
from graph_api.risk.identity import followed
from graph_api.risk.registry import DETECTORS, Pass
from tests.actions.shop import DUE, NOW, Shop

LOCKS_TAKEN = "MATCH (j:Journal) RETURN j.locks AS locks"


def ring(members: str, *, score: int = 60, anchor: str = "DEVICE:d@A", detector: str = "IDENTITY_RING") -> Found:
    return Found(
        detector=detector,
        version=1,
        anchor=anchor,
        score=score,
        members=tuple(members),
        member_count=len(members),
        edges=tuple(Edge(f"PROMOTER:{code}", "DEVICE:d", "DEVICE") for code in members),
        truncated=False,
        evidence=(Evidence("members", str(len(members)), "3"),),
        at_stake_fen=0,
        sentence=Text(f"{members} 共用设备。", f"{members} share a device."),
    )


async def scanned(
    shop: Shop, *found: Found, detector: str = "IDENTITY_RING", now: int = NOW, actor: str = "scan"
) -> Recorded:
    return await findings.record(shop.store, [Pass(DETECTORS[detector], found, 0.0)], actor=actor, now=now)


async def recorded(shop: Shop) -> list[dict[str, Any]]:
    rows = await shop.query(
        "MATCH (f:Finding) RETURN properties(f) AS f, COLLECT { MATCH (f)-[:NAMES]->(p) RETURN p.code ORDER BY p.code } AS codes"
        " ORDER BY f.first_seen, f.key"
    )
    return [row["f"] | {"codes": "".join(row["codes"])} for row in rows]


async def journal(shop: Shop, after: int = 0) -> list[tuple[str, str, dict[str, Any]]]:
    rows = await shop.query(
        "MATCH (e:JournalEntry) WHERE e.kind STARTS WITH 'finding_' AND e.recorded_at > $after"
        " RETURN e.kind AS kind, e.actor AS actor, e.facts AS facts ORDER BY e.seq",
        after=after,
    )
    return [(row["kind"], row["actor"], json.loads(row["facts"])) for row in rows]


async def locked(shop: Shop) -> str:
    rows = await shop.query("MATCH (p:Promoter {status: 'LOCKED'}) RETURN p.code AS code ORDER BY code")
    return "".join(row["code"] for row in rows)


async def standing(shop: Shop, code: str = "D") -> dict[str, Any]:
    (row,) = await shop.query(
        "MATCH (p:Promoter {code: $code}) RETURN p.status AS status, p.locked_at AS locked_at, p.lock_reason AS lock_reason",
        code=code,
    )
    return row


async def only_id(shop: Shop) -> str:
    (finding,) = await recorded(shop)
    return str(finding["id"])


async def test_a_structure_is_one_finding_that_grows_shrinks_closes_and_comes_back(shop: Shop) -> None:
    first = await scanned(shop, ring("ABC"), now=NOW)
    assert (first.raised, first.changed, first.closed) == (["IDENTITY_RING:DEVICE:d@A"], 0, 0)
    id = await only_id(shop)
    again = await scanned(shop, ring("ABC"), now=NOW + 1)
    assert (again.raised, again.changed, again.unchanged) == ([], 0, 1)
    await scanned(shop, ring("ABCD", score=75), now=NOW + 2)
    await scanned(shop, ring("BCD"), now=NOW + 3)
    (finding,) = await recorded(shop)
    assert (finding["id"], finding["codes"], finding["score"], finding["status"]) == (id, "BCD", 60, "OPEN")
    assert (finding["first_seen"], finding["last_seen"]) == (NOW, NOW + 3)
    gone = await scanned(shop, now=NOW + 4)
    assert gone.closed == 1
    assert (await recorded(shop))[0]["closed_at"] == NOW + 4
    assert (await scanned(shop, now=NOW + 5)).closed == 0
    back = await scanned(shop, ring("BCD"), now=NOW + 6)
    assert len(back.raised) == 1
    (finding,) = await recorded(shop)
    assert (finding["id"], "closed_at" in finding) == (id, False)
    told = await journal(shop)
    assert [kind for kind, _, _ in told] == [
        "finding_raised",
        "finding_changed",
        "finding_changed",
        "finding_closed",
        "finding_raised",
    ]
    grown = told[1][2]
    assert (grown["before"]["score"], grown["after"]["score"], grown["after"]["member_count"]) == (60, 75, 4)


async def test_a_structure_whose_anchor_has_left_is_still_the_same(shop: Shop) -> None:
    await scanned(shop, ring("ABC"))
    id = await only_id(shop)
    moved = await scanned(shop, ring("BCD", anchor="PHONE:p@B"), now=NOW + 1)
    assert (moved.raised, moved.changed, moved.closed) == ([], 1, 0)
    assert await only_id(shop) == id
    still = await scanned(shop, ring("BCD", anchor="PHONE:p@B"), now=NOW + 2)
    assert (still.raised, still.changed, still.unchanged) == ([], 0, 1)


async def test_another_day_is_another_finding_whoever_it_names(shop: Shop) -> None:
    spike = "COMMISSION_SPIKE"
    await scanned(shop, ring("A", anchor="A@2026-03-01", detector=spike), detector=spike)
    later = await scanned(shop, ring("A", anchor="A@2026-03-02", detector=spike), detector=spike, now=NOW + 1)
    assert (len(later.raised), later.closed) == (1, 1)


@pytest.mark.parametrize(
    ("lost", "found", "expected"),
    [
        ({"x": "ABCD"}, ["CDE"], {"0": "x"}),
        ({"x": "ABCD"}, ["DEF"], {}),
        ({"x": "ABC", "y": "CDE"}, ["ABCDE"], {"0": "x"}),
        ({"x": "ABCDEF"}, ["ABCD", "EF"], {"0": "x"}),
        ({}, ["AB"], {}),
    ],
)
def test_a_lost_structure_goes_on_in_the_one_with_most_of_its_members(
    lost: dict[str, str], found: Sequence[str], expected: dict[str, str]
) -> None:
    new = [dataclasses.replace(ring(members), anchor=str(n)) for n, members in enumerate(found)]
    answer = followed(new, {key: frozenset(members) for key, members in lost.items()})
    assert {key.removeprefix("IDENTITY_RING:"): known for key, known in answer.items()} == expected


async def test_what_a_review_dismissed_comes_back_only_graver(shop: Shop) -> None:
    await scanned(shop, ring("ABC", score=75))
    id = await only_id(shop)
    await findings.review(shop.store, id, "DISMISS", "一家人", actor="RISK", now=NOW + 1)
    assert (await scanned(shop, ring("BCD", score=75), now=NOW + 2)).raised == []
    assert (await recorded(shop))[0]["status"] == "DISMISSED"
    assert len((await scanned(shop, ring("ABCD", score=76), now=NOW + 3)).raised) == 1
    (finding,) = await recorded(shop)
    assert (finding["status"], finding["note"], finding["reviewer"]) == ("OPEN", "一家人", "RISK")
    (_kind, actor, facts) = next(entry for entry in await journal(shop) if entry[0] == "finding_reviewed")
    assert (actor, facts["before"]["status"], facts["after"]) == (
        "RISK",
        "OPEN",
        {"status": "DISMISSED", "note": "一家人", "unlocked": []},
    )
    await findings.review(shop.store, id, "CONFIRM", None, actor="RISK", now=NOW + 4)
    await scanned(shop, ring("ABCD", score=80), now=NOW + 5)
    assert (await recorded(shop))[0]["status"] == "CONFIRMED"


async def test_a_review_of_nothing_or_with_an_unreadable_note_is_refused(shop: Shop) -> None:
    with pytest.raises(NotFound):
        await findings.review(shop.store, "none", "CONFIRM", None, actor="RISK", now=NOW)
    with pytest.raises(Invalid):
        await findings.review(shop.store, "none", "CONFIRM", "x" * 513, actor="RISK", now=NOW)


async def test_a_grave_finding_holds_money_until_it_is_dismissed_and_that_is_paid_once(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    assert (await scanned(shop, ring("BCD", score=89))).locked == 0
    assert await locked(shop) == ""
    assert (await scanned(shop, ring("BCD", score=90), now=NOW + 1)).locked == 3
    assert await locked(shop) == "BCD"
    (row,) = await shop.query("MATCH (p:Promoter {code: 'D'}) RETURN p.lock_reason AS reason")
    assert row["reason"] == f"BCD 共用设备。（{await only_id(shop)}）"
    await shop.settle()
    assert (await shop.balance()).held_fen == 20_000
    assert await shop.of("D") == []
    freed = await findings.review(shop.store, await only_id(shop), "DISMISS", None, actor="RISK", now=NOW + 2)
    assert sorted(freed) == ["B", "C", "D"]
    await shop.settle(DUE + 1)
    await shop.settle(DUE + 2)
    assert [payout["gross_fen"] for payout in await shop.of("D")] == [20_000]
    assert (await scanned(shop, ring("BCD", score=90), now=NOW + 3)).locked == 0
    assert await locked(shop) == ""
    await shop.check()


async def test_a_lock_that_something_else_holds_stays(shop: Shop) -> None:
    account = ring("CD", score=90, anchor="a", detector="SHARED_PAYOUT_ACCOUNT")
    await locks.lock(shop.store, code="B", reason="a person's", actor="RISK", now=NOW - 1)
    await scanned(shop, ring("BCD", score=90))
    await scanned(shop, account, detector="SHARED_PAYOUT_ACCOUNT", now=NOW + 1)
    by_detector = {finding["detector"]: finding["id"] for finding in await recorded(shop)}
    freed = await findings.review(shop.store, by_detector["IDENTITY_RING"], "DISMISS", None, actor="RISK", now=NOW + 2)
    assert (freed, await locked(shop)) == ([], "BCD")
    freed = await findings.review(
        shop.store, by_detector["SHARED_PAYOUT_ACCOUNT"], "DISMISS", None, actor="RISK", now=NOW + 3
    )
    assert (sorted(freed), await locked(shop)) == (["C", "D"], "B")


async def test_a_person_takes_over_the_lock_that_a_finding_holds_and_no_dismissal_ends_it(shop: Shop) -> None:
    await shop.sell("o", 100_000)
    await shop.deliver("o")
    await shop.settle()
    await scanned(shop, ring("CD", score=90))
    await shop.sell("later", 50_000)
    held = await shop.balance()
    assert (held.held_fen, held.released_fen) == (30_000, 0)
    reason = (await standing(shop))["lock_reason"]
    # The same instant as the finding's, and again: the lock is the person's all the same, once.
    for n in range(3):
        await locks.lock(shop.store, code="D", reason="court order", actor="RISK", now=NOW + n)
    assert await standing(shop) == {"status": "LOCKED", "locked_at": NOW + 1, "lock_reason": "court order"}
    assert await shop.balance() == held
    rows = await shop.query(
        "MATCH (e:JournalEntry {kind: 'lock_taken_over'}) RETURN e.actor AS actor, e.codes AS codes, e.facts AS facts"
    )
    assert [(row["actor"], row["codes"], json.loads(row["facts"])) for row in rows] == [
        (
            "RISK",
            ["D"],
            {
                "before": {"locked_at": NOW, "reason": reason},
                "after": {"locked_at": NOW + 1, "reason": "court order"},
            },
        )
    ]
    assert await findings.review(shop.store, await only_id(shop), "DISMISS", None, actor="RISK", now=NOW + 4) == ["C"]
    await shop.settle(DUE + 1)
    assert (await locked(shop), await shop.balance()) == ("D", held)
    await locks.unlock(shop.store, code="D", reason="lifted", actor="RISK", now=NOW + 5)
    await shop.settle(DUE + 2)
    await shop.settle(DUE + 3)
    assert [(payout["status"], payout["gross_fen"]) for payout in await shop.of("D")] == [
        ("EXPIRED", 20_000),
        ("CREATED", 20_000),
    ]
    await shop.check()


async def test_whom_a_person_has_unlocked_is_not_locked_again_by_the_same_finding(shop: Shop) -> None:
    await scanned(shop, ring("BC", score=90))
    await locks.unlock(shop.store, code="C", reason="talked to her", actor="RISK", now=NOW + 1)
    assert (await scanned(shop, ring("BCD", score=95), now=NOW + 2)).locked == 1
    assert await locked(shop) == "BD"


async def test_whom_a_person_had_locked_before_and_has_unlocked_is_not_locked_by_that_finding(shop: Shop) -> None:
    people = [Enrolment("import", joined_at=NOW, status="LOCKED"), Enrolment("F", joined_at=NOW)]
    await promoters.enrol(shop.store, shop.pii, people, actor="import", now=NOW)
    await locks.lock(shop.store, code="D", reason="a person's", actor="RISK", now=NOW)
    spike = dataclasses.replace(ring("DF", score=95), members=("D", "F", "import"))
    assert (await scanned(shop, spike)).locked == 1
    rows = await shop.query("MATCH (:Finding)-[l:LOCKED]->(p) RETURN p.code AS code, l.at AS at ORDER BY code")
    assert [(row["code"], row["at"]) for row in rows] == [("D", None), ("F", NOW), ("import", None)]
    taken = await shop.query(LOCKS_TAKEN)
    assert (await scanned(shop, spike, now=NOW + 1)).locked == 0
    assert await shop.query(LOCKS_TAKEN) == taken, "whom something else has locked costs nobody a wait"
    for code in ("D", "import"):
        await locks.unlock(shop.store, code=code, reason="talked to them", actor="RISK", now=NOW + 2)
    assert (await scanned(shop, spike, now=NOW + 3)).locked == 0
    assert await locked(shop) == "F"


async def test_what_a_review_confirmed_locks_once_it_is_grave_but_nobody_whom_a_person_has_unlocked(shop: Shop) -> None:
    await scanned(shop, ring("BC", score=65))
    await findings.review(shop.store, await only_id(shop), "CONFIRM", None, actor="RISK", now=NOW + 1)
    grown = ring("BCD", score=100)
    foreseen = await findings.foreseen(shop.store, DETECTORS["IDENTITY_RING"], [grown], now=NOW + 2)
    assert foreseen.locked == {"B", "C", "D"}
    assert (await scanned(shop, grown, now=NOW + 2)).locked == 3
    await locks.unlock(shop.store, code="C", reason="talked to her", actor="RISK", now=NOW + 3)
    assert (await findings.foreseen(shop.store, DETECTORS["IDENTITY_RING"], [grown], now=NOW + 4)).locked == set()
    assert (await scanned(shop, grown, now=NOW + 4)).locked == 0
    assert (await locked(shop), (await recorded(shop))[0]["status"]) == ("BD", "CONFIRMED")


async def test_who_may_not_lock_does_not(shop: Shop) -> None:
    chain = "DEEP_CHAIN"
    await scanned(shop, ring("ABCD", score=100, anchor="A/B", detector=chain), detector=chain)
    assert await locked(shop) == ""


async def test_a_scan_neither_raises_nor_locks_what_another_has_closed_since_it_looked(shop: Shop) -> None:
    await scanned(shop, ring("BCD", score=75))
    await scanned(shop, now=NOW + 2)
    left = await recorded(shop)
    late = await scanned(shop, ring("BCD", score=90), now=NOW + 1)
    assert (late.raised, late.changed, late.locked, await locked(shop)) == ([], 0, 0, "")
    assert await recorded(shop) == left
    assert [kind for kind, _, _ in await journal(shop)] == ["finding_raised", "finding_closed"]


async def test_a_scan_leaves_as_it_is_what_another_has_seen_since_it_looked(shop: Shop) -> None:
    grown = ring("BCD", score=90)
    await scanned(shop, ring("BC"))
    await scanned(shop, grown, now=NOW + 2)
    await locks.unlock(shop.store, code="D", reason="talked to her", actor="RISK", now=NOW + 2)
    left = await recorded(shop)
    for earlier in ([ring("BC")], [grown], []):
        late = await scanned(shop, *earlier, now=NOW + 1)
        assert (late.raised, late.changed, late.unchanged, late.closed, late.locked) == ([], 0, 0, 0, 0)
        assert await recorded(shop) == left


@pytest.mark.parametrize("found", [[], [ring("BCD", score=75)], [ring("BCD", score=90)]])
@pytest.mark.parametrize("then", ["closed", "seen"])
async def test_what_another_does_while_a_scan_records_stays(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, found: list[Found], then: str
) -> None:
    """The other comes between what the scan reads of the recorded findings and what it writes."""
    known = findings._known
    await scanned(shop, ring("BCD", score=75))

    async def overtaken(*given: Any) -> Any:
        read = await known(*given)
        monkeypatch.setattr(findings, "_known", known)
        await scanned(shop, *([ring("BC")] if then == "seen" else []), now=NOW + 2)
        left.extend(await recorded(shop))
        return read

    left: list[dict[str, Any]] = []
    monkeypatch.setattr(findings, "_known", overtaken)
    late = await scanned(shop, *found, now=NOW + 1)
    assert (late.raised, late.changed, late.unchanged, late.closed, late.locked) == ([], 0, 0, 0, 0)
    assert await recorded(shop) == left


async def test_two_scans_that_miss_a_structure_close_it_once(shop: Shop) -> None:
    await scanned(shop, ring("ABC"))
    both = await asyncio.gather(scanned(shop, now=NOW + 1), scanned(shop, now=NOW + 1))
    assert sum(each.closed for each in both) == 1
    assert [kind for kind, _, _ in await journal(shop)] == ["finding_raised", "finding_closed"]
