"""Detectors as a managed thing: parameters that people set, trials that write nothing, and how right they have been."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cypher.statements import Statement
from graph_api.actions import detectors, findings
from graph_api.actions.findings import Recorded
from graph_api.errors import WrongState
from graph_api.jobs import scan
from graph_api.pii import Pii
from graph_api.risk.registry import DETECTORS
from graph_api.viewer import Role
from tests.schema.conftest import PAID, Json, Service
from tests.schema.test_findings import REVIEW, planted
from tests.schema.test_findings import scan as scanned

RING = "IDENTITY_RING"
DETECTORS_QUERY = """{ detectors {
  key version title mayLock parameters { key value threshold }
  settings { key meaning unit value default least most notBelow }
  parameterSet { number actor reason chosen { key value } } parameterSets { number chosen { key value } }
  open reviewed confirmed dismissed reviews { detectorVersion parameterSet confirmed dismissed precisionPct }
  lastScan { at actor tookMs found parameterSet }
} }"""
SET = """mutation($key: String!, $parameters: [DetectorParameterInput!]!, $reason: String! = "r", $reset: Boolean! = false,
  $basedOn: Int) { setDetectorParameters(key: $key, parameters: $parameters, reason: $reason, reset: $reset, basedOn: $basedOn) {
  detector { key parameterSet { number reason chosen { key value } } settings { key value } } errors { code field message }
} }"""
TRY = """query($key: String!, $parameters: [DetectorParameterInput!], $first: Int! = 50) {
  tryDetector(key: $key, parameters: $parameters, first: $first) {
    parameters { key value } promoters orders found raised changed closed locked atStakeFen tookMs errors { code field }
    findings { score outcome memberCount atStakeFen sentence members { code } evidence { key value threshold }
      structure { nodes { id } edges { kind } } }
  } }"""
JOURNAL = "MATCH (e:JournalEntry) WHERE e.kind = $kind RETURN e.actor AS actor, e.facts AS facts, e.codes AS codes ORDER BY e.seq"


def given(**values: object) -> list[Json]:
    return [{"key": key, "value": value} for key, value in values.items()]


async def choose(service: Service, key: str = RING, *, role: Role = Role.RISK, **variables: Any) -> Json:
    answer: Json = await service.data(SET, role=role, key=key, **{"parameters": [], **variables})
    return answer["setDetectorParameters"]  # type: ignore[no-any-return]


async def tried(service: Service, key: str = RING, **values: object) -> Json:
    answer: Json = await service.data(TRY, role=Role.RISK, key=key, parameters=given(**values))
    return answer["tryDetector"]  # type: ignore[no-any-return]


async def detector(service: Service, key: str = RING) -> Json:
    every = (await service.data(DETECTORS_QUERY, role=Role.OPERATOR))["detectors"]
    found: Json
    (found,) = (each for each in every if each["key"] == key)
    return found


async def rows(service: Service, text: str, **parameters: Any) -> list[Json]:
    return [dict(row) for row in await service.store.run(Statement("tests", "rows", "none", text), parameters)]


async def head(service: Service) -> int:
    return (await service.store.observe_head()).seq


async def test_a_trial_counts_the_money_of_each_promoter_once(network: Service) -> None:
    """Every promoter of the picture sold one order of 100,000 fen: 20,000 for itself, 3,000 for each of two above."""
    answer = await tried(network, "COMMISSION_SPIKE", day_min_fen=1)
    open_fens = {"A": 20_000 + 3 * 3_000, "B": 26_000, "C": 23_000, "D": 20_000, "E": 20_000, "S": 23_000, "T": 20_000}
    assert answer["found"] == 7
    assert {each["members"][0]["code"]: each["atStakeFen"] for each in answer["findings"]} == open_fens
    assert answer["atStakeFen"] == sum(open_fens.values())
    assert all(each["score"] == 89 for each in answer["findings"])
    assert (await tried(network, "MUTUAL_PURCHASE"))["atStakeFen"] == 0


async def test_every_detector_says_what_it_measures_and_what_it_may_be(service: Service) -> None:
    every = (await service.data(DETECTORS_QUERY, role=Role.OPERATOR))["detectors"]
    assert [each["key"] for each in every] == list(DETECTORS)
    for each in every:
        assert each["parameterSet"] == {"number": 0, "actor": None, "reason": None, "chosen": []}
        assert (each["open"], each["reviewed"], each["reviews"], each["lastScan"]) == (0, 0, [], None)
        assert all(one["least"] <= one["value"] == one["default"] <= one["most"] for one in each["settings"])
    (ring,) = (each for each in every if each["key"] == RING)
    assert ring["settings"][1] == {
        "key": "members_lock",
        "meaning": "多少人即锁定",
        "unit": "PEOPLE",
        "value": 5,
        "default": 5,
        "least": 3,
        "most": 1000,
        "notBelow": "members_min",
    }
    assert ring["parameters"][0] == {"key": "members_min", "value": "3", "threshold": "2–100"}


async def test_a_trial_tells_what_other_parameters_would_do_and_writes_nothing(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    before = await head(service)
    first = await tried(service)
    assert (first["found"], first["raised"], first["locked"], first["closed"]) == (1, 1, 5, 0)
    assert (first["promoters"], first["orders"], first["errors"]) == (13, 0, [])
    assert first["findings"][0]["outcome"] == "RAISED"
    assert await head(service) == before
    assert await rows(service, "MATCH (n) WHERE n:Finding OR n:Detector RETURN n") == []
    await scanned(service)
    before = await head(service)
    same = await tried(service)
    assert (same["raised"], same["changed"], same["closed"], same["locked"]) == (0, 0, 0, 0)
    assert same["findings"][0]["outcome"] == "UNCHANGED"
    strict = await tried(service, members_min=6, members_lock=6)
    assert (strict["found"], strict["closed"], strict["findings"]) == (0, 1, [])
    milder = await tried(service, members_lock=9)
    (found,) = milder["findings"]
    assert (found["score"], found["outcome"], milder["changed"], milder["locked"]) == (70, "CHANGED", 1, 0)
    assert found["evidence"][0] == {"key": "members", "value": "5", "threshold": "3"}
    assert [each["code"] for each in found["members"]] == ["R1", "R2", "R3", "R4", "R5"]
    assert (len(found["structure"]["nodes"]), len(found["structure"]["edges"])) == (7, 7)
    graver = await tried(service, "DEEP_CHAIN", levels_min=3, levels_severe=4)
    assert (graver["found"], graver["changed"], graver["locked"]) == (1, 1, 0)
    assert {each["key"]: each["value"] for each in graver["parameters"]} == {"levels_min": 3, "levels_severe": 4}
    assert await head(service) == before


async def test_one_trial_at_a_time_and_none_beside_a_scan(service: Service) -> None:
    async with scan.turn:
        refused = await tried(service)
    assert (refused["errors"], refused["found"]) == ([{"code": "WRONG_STATE", "field": None}], 0)
    assert (await tried(service))["errors"] == []


async def test_a_request_holds_one_trial(service: Service) -> None:
    two = '{ a: tryDetector(key: "DEEP_CHAIN") { found } b: tryDetector(key: "DEEP_CHAIN") { found } }'
    answer = await service.ask(two, role=Role.RISK)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["COST_EXCEEDED"]


async def test_parameters_that_are_set_are_those_of_every_later_scan(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    answer = await choose(service, parameters=given(members_lock=6), reason="先看后锁")
    assert answer["errors"] == []
    assert answer["detector"]["parameterSet"] == {
        "number": 1,
        "reason": "先看后锁",
        "chosen": [{"key": "members_lock", "value": 6}],
    }
    first = await scanned(service)
    assert (first["findings"][0]["score"], first["locked"]) == (80, 0)
    (stored,) = await rows(service, "MATCH (f:Finding {detector: $key}) RETURN f.parameter_set AS number", key=RING)
    assert stored["number"] == 1
    answer = await choose(service, parameters=given(members_min=6), reason="暂停")
    assert (answer["errors"], answer["detector"]["parameterSet"]["number"]) == ([], 2)
    assert (await scanned(service, [RING]))["closed"] == 1
    ring = await detector(service)
    assert ring["lastScan"] | {"at": "", "tookMs": 0} == {
        "at": "",
        "actor": "RISK",
        "tookMs": 0,
        "found": 0,
        "parameterSet": 2,
    }
    assert [each["number"] for each in ring["parameterSets"]] == [2, 1]
    reset = await choose(service, reset=True, reason="恢复默认")
    assert reset["detector"]["parameterSet"] == {"number": 3, "reason": "恢复默认", "chosen": []}
    assert (await scanned(service))["locked"] == 5


async def test_a_change_is_journalled_with_before_and_after_and_again_changes_nothing(service: Service) -> None:
    await choose(service, parameters=given(hub_max=30), reason="第一次")
    before = await head(service)
    again = await choose(service, parameters=given(hub_max=30), reason="第二次")
    assert (again["errors"], again["detector"]["parameterSet"]["number"]) == ([], 1)
    default = await choose(service, "DEEP_CHAIN", parameters=given(levels_min=6))
    assert (default["errors"], default["detector"]["parameterSet"]["number"]) == ([], 0)
    assert await head(service) == before
    (entry,) = await rows(service, JOURNAL, kind="detector_parameters_set")
    facts = json.loads(entry["facts"])
    assert (entry["actor"], entry["codes"], facts["detector"], facts["reason"]) == ("RISK", [], RING, "第一次")
    assert facts["before"] == {"parameter_set": 0, "members_min": 3, "members_lock": 5, "hub_max": 20}
    assert facts["after"] == {"parameter_set": 1, "members_min": 3, "members_lock": 5, "hub_max": 30}


async def test_two_who_set_at_once_make_two_sets_and_one_who_looked_at_another_set_is_refused(service: Service) -> None:
    await asyncio.gather(*(choose(service, parameters=given(hub_max=30 + n)) for n in range(5)))
    sets = (await detector(service))["parameterSets"]
    assert [each["number"] for each in sets] == [5, 4, 3, 2, 1]
    late = await choose(service, parameters=given(hub_max=50), basedOn=4)
    assert (late["detector"], late["errors"][0]["code"], late["errors"][0]["field"]) == (None, "CONFLICT", ["basedOn"])
    assert (await choose(service, parameters=given(hub_max=50), basedOn=5))["errors"] == []
    assert (await choose(service, parameters=given(hub_max=50), basedOn=5))["errors"] == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"members_min": 1}, [("OUT_OF_BOUNDS", ["parameters", "0", "value"])]),
        ({"members_min": -3}, [("OUT_OF_BOUNDS", ["parameters", "0", "value"])]),
        ({"hub_max": 2**63 - 1}, [("OUT_OF_BOUNDS", ["parameters", "0", "value"])]),
        ({"colour": 1, "hub_max": 1}, [("NOT_FOUND", ["parameters", "0", "key"]), ("OUT_OF_BOUNDS", ["parameters", "1", "value"])]),
        ({"members_min": 6}, [("OUT_OF_BOUNDS", ["parameters", "0", "value"])]),
        ({"members_min": 4, "members_lock": 3}, [("OUT_OF_BOUNDS", ["parameters", "1", "value"])]),
    ],
)  # fmt: skip
async def test_each_parameter_at_fault_is_told_and_none_is_set(
    service: Service, values: dict[str, int], expected: list[tuple[str, list[str]]]
) -> None:
    for answer in (await choose(service, parameters=given(**values)), await tried(service, **values)):
        assert [(error["code"], error["field"]) for error in answer["errors"]] == expected
    assert (await detector(service))["parameterSets"] == []


async def test_what_is_no_setting_at_all_is_refused(service: Service) -> None:
    for variables, field in (
        ({"parameters": []}, ["parameters"]),
        ({"parameters": given(hub_max=9), "reason": ""}, ["reason"]),
        ({"key": "NONE", "parameters": given(hub_max=9)}, ["key"]),
        ({"parameters": given(hub_max=9) + given(hub_max=8)}, ["parameters", "1", "key"]),
    ):
        answer = await choose(service, **variables)
        assert (answer["detector"], [error["field"] for error in answer["errors"]]) == (None, [field])
    for value in (3.5, "9", True, None, 2**63, 1e300):
        refused = await service.ask(SET, role=Role.RISK, key=RING, parameters=given(hub_max=value))
        assert [error["extensions"]["code"] for error in refused["errors"]] == ["BAD_USER_INPUT"], value
    nan = f'{{"query": {json.dumps(SET)}, "variables": {{"key": "{RING}", "parameters": [{{"key": "hub_max", "value": NaN}}]}}}}'
    headers = {**service.headers(Role.RISK), "Content-Type": "application/json"}
    answer = await service.client.post("/graphql", content=nan, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_precision_is_by_the_version_and_the_parameters_that_were_reviewed(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    ring = (await scanned(service))["findings"][0]
    await service.data(REVIEW, role=Role.RISK, id=ring["id"], verdict="CONFIRM")
    await choose(service, parameters=given(members_lock=6))
    await scanned(service)
    now = await detector(service)
    assert (now["open"], now["reviewed"], now["confirmed"], now["dismissed"]) == (0, 1, 1, 0)
    reviewed = {"detectorVersion": 1, "parameterSet": 0, "confirmed": 1, "dismissed": 0, "precisionPct": 100}
    assert now["reviews"] == [reviewed]
    await service.data(REVIEW, role=Role.RISK, id=ring["id"], verdict="DISMISS")
    now = await detector(service)
    assert now["reviews"] == [reviewed | {"parameterSet": 1, "confirmed": 0, "dismissed": 1, "precisionPct": 0}]
    assert (await detector(service, "DEEP_CHAIN"))["open"] == 1


async def test_a_scan_writes_and_locks_nothing_once_its_parameters_are_no_longer_in_force(
    service: Service, pii: Pii
) -> None:
    await planted(service, pii)
    looked = await scan.look(service.store, detectors=[RING], now=PAID)
    await detectors.choose(
        service.store, RING, [("members_lock", 9)], reset=False, based_on=None, reason="r", actor="RISK", now=PAID
    )
    with pytest.raises(WrongState, match="scan again"):
        await findings.record(service.store, looked.passes, actor="scan", now=PAID)
    assert await rows(service, "MATCH (f:Finding) RETURN f") == []
    done: Recorded = (await scan.find(service.store, detectors=[RING], actor="scan", now=PAID)).recorded
    assert (len(done.raised), done.locked) == (1, 0)


async def test_a_lock_threshold_as_low_as_the_alert_locks_whatever_is_found(service: Service, pii: Pii) -> None:
    await planted(service, pii)
    await choose(service, "SHARED_PAYOUT_ACCOUNT", parameters=given(promoters_min=3, promoters_lock=3))
    assert (await scanned(service, ["SHARED_PAYOUT_ACCOUNT"]))["findings"] == []
    answer = await choose(service, parameters=given(members_min=5, members_lock=5))
    assert answer["errors"] == []
    done = await scanned(service, [RING])
    assert (done["findings"][0]["score"], done["locked"]) == (90, 5)
