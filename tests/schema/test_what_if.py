"""What would be if, through the API."""

from __future__ import annotations

from graph_api.actions import identifiers
from graph_api.pii import Pii
from graph_api.viewer import Role
from tests.schema.conftest import JOINED, Service, fill

RADIUS = """{ promoterCount locks frozenFen entries endedPayouts stoppedPayouts stoppedFen sentFen teamSize
  overrideAboveFen overrideAboveReceivers upl: uplineCount uplines(first: 5) { promoter { code } downlines required }
  effects(first: 5) { promoter { code } locks frozenFen observingFen heldFen entries } }"""
COUNTERFACTUAL = """query($code: String!, $without: [String!]) { counterfactual(code: $code, without: $without) {
  promoter { code } rank nextRank rankHolds leftOutCount truncated
  leftOut { code named direct identifiers { kind hash } } steps { holds }
  actual { eligible routes { __typename detail } }
  without { eligible routes { ... on ValidDownlinesRoute { current required } ... on SalesMonthsRoute { months { salesFen } } } }
} }"""


async def test_the_blast_radius_of_codes_and_of_a_finding_is_what_the_lock_then_does(
    service: Service, pii: Pii
) -> None:
    await fill(service.store, pii)
    rows = [identifiers.Identification(code, "DEVICE", "d") for code in "BCDE"]
    await identifiers.link(service.store, pii, rows, actor="test", now=JOINED)
    query = f"query($codes: [String!]!) {{ blastRadius(codes: $codes) {RADIUS} }}"
    told = (await service.data(query, role=Role.FINANCE, codes=["D", "C", "D"]))["blastRadius"]
    assert (told["promoterCount"], told["locks"], told["frozenFen"], told["entries"]) == (2, 2, 20_000 * 2 + 3_000, 3)
    assert (told["teamSize"], told["overrideAboveFen"], told["overrideAboveReceivers"]) == (0, 3_000 * 3, 2)
    assert [(each["promoter"]["code"], each["frozenFen"]) for each in told["effects"]] == [("C", 23_000), ("D", 20_000)]
    scan = (
        'mutation { scanRisk(detectors: ["IDENTITY_RING"]) { locked findings(first: 1) { memberCount blastRadius '
        + RADIUS
        + " } } }"
    )
    scanned = (await service.data(scan, role=Role.RISK))["scanRisk"]
    (found,) = scanned["findings"]
    assert (scanned["locked"], found["memberCount"], found["blastRadius"]["locks"]) == (0, 4, 4)
    for code in "BCDE":
        await service.data(f'mutation {{ lockPromoter(code: "{code}", reason: "查") {{ errors {{ code }} }} }}')
    held = [
        (await service.data(f'{{ promoter(code: "{code}") {{ balance {{ heldFen }} }} }}'))["promoter"]["balance"][
            "heldFen"
        ]
        for code in "BCDE"
    ]
    assert sum(held) == found["blastRadius"]["frozenFen"]
    missing = await service.ask(query, codes=["A", "zz"])
    assert (missing["data"]["blastRadius"], missing["errors"][0]["extensions"]["code"]) == (None, "BAD_USER_INPUT")


async def test_a_counterfactual_shows_both_sides_and_who_is_left_out(service: Service, pii: Pii) -> None:
    await fill(service.store, pii)
    rows = [identifiers.Identification(code, "PHONE", "+86 138") for code in ("A", "x-A", "E")]
    await identifiers.link(service.store, pii, rows, actor="test", now=JOINED)
    told = (await service.data(COUNTERFACTUAL, role=Role.RISK, code="A", without=["B"]))["counterfactual"]
    assert (told["promoter"], told["rank"], told["nextRank"], told["rankHolds"]) == (
        {"code": "A"},
        "PROMOTER",
        "SENIOR",
        None,
    )
    assert (told["leftOutCount"], told["truncated"], told["steps"]) == (3, False, [])
    assert [(each["code"], each["named"], each["direct"]) for each in told["leftOut"]] == [
        ("B", True, True),
        ("E", False, True),
        ("x-A", False, False),
    ]
    (identifier,) = told["leftOut"][1]["identifiers"]
    assert (identifier["kind"], len(identifier["hash"])) == ("PHONE", 8)
    assert told["without"]["routes"][0] == {"current": 0, "required": 20}
    assert [month["salesFen"] for month in told["without"]["routes"][1]["months"]] == [0, 0, 0]
    assert (await service.data(COUNTERFACTUAL, role=Role.RISK, code="zz"))["counterfactual"] is None


async def test_what_is_lost_with_somebody_is_told_level_by_level(service: Service, pii: Pii) -> None:
    await fill(service.store, pii)
    query = """{ lossImpact(code: "C", until: "2026-01", months: 1) {
      promoter { code } teamSize directCount ownFen teamFen rootShareBp overrideEarnedFen levels { level size volumeFen }
      months { month ownFen teamFen } overrideLevels { level ownFen branchFen } customers { count truncated }
      uplines { promoter { code } level teamFen ownShareBp branchShareBp overrideOwnFen overrideBranchFen }
    } }"""
    told = (await service.data(query, role=Role.FINANCE))["lossImpact"]
    assert (told["promoter"], told["teamSize"], told["directCount"]) == ({"code": "C"}, 1, 1)
    assert told["months"] == [{"month": "2026-01", "ownFen": 100_000, "teamFen": 100_000}]
    assert (told["ownFen"], told["teamFen"], told["rootShareBp"], told["overrideEarnedFen"]) == (
        100_000,
        100_000,
        4_000,
        3_000,
    )
    assert told["overrideLevels"] == [
        {"level": 1, "ownFen": 3_000, "branchFen": 0},
        {"level": 2, "ownFen": 3_000, "branchFen": 3_000},
    ]
    assert [(each["promoter"]["code"], each["ownShareBp"], each["branchShareBp"]) for each in told["uplines"]] == [
        ("B", 5_000, 10_000),
        ("A", 2_500, 5_000),
    ]
    assert told["customers"] == {"count": 0, "truncated": False}
    assert (await service.data('{ lossImpact(code: "zz") { teamSize } }'))["lossImpact"] is None
