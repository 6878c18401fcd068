"""A lock from a finding, from the scan to the money: held, told to the promoter, let go and paid once."""

from __future__ import annotations

import json

import pytest

from graph_api.actions import contracts, identifiers, products, promoters
from graph_api.pii import Pii
from graph_api.rules.calendar import instant
from graph_api.viewer import Role
from tests.conftest import Query
from tests.schema.conftest import JOINED, Json, Service

CODES = ("R1", "R2", "R3", "R4", "R5")
OWN = """{ me { status lock { since reason } balance { observingFen heldFen releasedFen paidFen }
  commissions { edges { node { state explanation } } } } }"""


async def traded(service: Service, pii: Pii) -> None:
    """R over five with one device; R1 has sold for 1,000 yuan, which is delivered, and for 500, which is not."""
    store = service.store
    await products.upsert(store, products.NewProduct("P", "茶", 100_000, 2000), actor="test", now=JOINED)
    rows = [
        promoters.Enrolment(code, joined_at=JOINED, referrer_code="R" if code != "R" else None)
        for code in ("R", *CODES)
    ]
    await promoters.enrol(store, pii, rows, actor="test", now=JOINED)
    links = [identifiers.Identification(code, "DEVICE", "one") for code in CODES]
    links += [identifiers.Identification(code, "PAYOUT_ACCOUNT", f"bank-{code}") for code in ("R", *CODES)]
    await identifiers.link(store, pii, links, actor="test", now=JOINED)
    await contracts.publish(store, version="v1", title="协议", body="一", actor="test", now=JOINED)
    for code in ("R", *CODES):
        await contracts.accept(store, code=code, version="current", actor="test", now=JOINED)
    order = """mutation($input: [OrderInput!]!) { recordOrders(input: $input) { recorded problems { message } } }"""
    sold = [
        {
            "number": number,
            "buyerCode": f"x-{number}",
            "promoterCode": "R1",
            "lines": [{"sku": "P", "quantity": 1, "paidFen": fen}],
            "paidAt": "2026-03-02T04:00:00Z",
        }
        for number, fen in (("done", 100_000), ("underway", 50_000))
    ]
    assert (await service.data(order, input=sold))["recordOrders"] == {"recorded": 2, "problems": []}
    await delivered(service, "done")


async def delivered(service: Service, number: str) -> None:
    advance = """mutation($number: String!) { advanceOrder(input: {number: $number, status: DELIVERED, at: "2026-03-04T04:00:00Z"})
      { errors { message } } }"""
    assert (await service.data(advance, number=number))["advanceOrder"]["errors"] == []


async def settled(service: Service) -> list[Json]:
    settle = """mutation { settle(asOf: "2026-03-16T00:00:00+08:00") { errors { message }
      payouts { id grossFen promoter { code } } } }"""
    answer = (await service.data(settle, role=Role.FINANCE))["settle"]
    assert answer["errors"] == []
    return [row for row in answer["payouts"] if row["promoter"]["code"] == "R1"]


async def own(service: Service) -> Json:
    answer: Json = (await service.data(OWN, role=Role.PROMOTER, promoter="R1"))["me"]
    return answer


async def test_a_lock_from_a_finding_holds_tells_and_pays_the_held_sum_once(service: Service, pii: Pii) -> None:
    await traded(service, pii)
    scan = 'mutation { scanRisk(detectors: ["IDENTITY_RING"]) { locked findings(first: 1) { id sentence blastRadius { locks frozenFen } } } }'
    radius = "query($codes: [String!]!) { blastRadius(codes: $codes) { locks frozenFen } }"
    said = (await service.data(radius, role=Role.RISK, codes=list(CODES)))["blastRadius"]
    assert said == {"locks": 5, "frozenFen": 30_000}
    first = (await service.data(scan, role=Role.RISK))["scanRisk"]
    (finding,) = first["findings"]
    assert (first["locked"], finding["blastRadius"]) == (5, {"locks": 0, "frozenFen": 0}), "nothing is frozen twice"
    view = await own(service)
    assert (view["status"], view["balance"]) == (
        "LOCKED",
        {"observingFen": 0, "heldFen": 30_000, "releasedFen": 0, "paidFen": 0},
    )
    assert view["lock"]["reason"] == "账户复核中：设备、账户或身份信息与他人相同。佣金照常累计，冻结至复核结束。"
    text = json.dumps(view, ensure_ascii=False)
    for inner in (*CODES[1:], finding["id"], "IDENTITY_RING", "这棵树"):
        assert inner not in text, inner
    assert {edge["node"]["state"] for edge in view["commissions"]["edges"]} == {"HELD"}
    assert all("账户已锁定，冻结待复核" in edge["node"]["explanation"] for edge in view["commissions"]["edges"])
    staff = await service.data('{ promoter(code: "R1") { lock { since reason } } }', role=Role.FINANCE)
    assert finding["sentence"] in staff["promoter"]["lock"]["reason"]
    above = await service.ask('{ promoter(code: "R1") { code lock { reason } } }', role=Role.PROMOTER, promoter="R")
    assert (above["data"]["promoter"]["lock"], above["errors"][0]["extensions"]["code"]) == (None, "FORBIDDEN")

    assert await settled(service) == []
    review = (
        """mutation($id: ID!) { reviewFinding(id: $id, verdict: DISMISS, note: "同一家店") { errors { message } } }"""
    )
    assert (await service.data(review, role=Role.RISK, id=finding["id"]))["reviewFinding"]["errors"] == []
    view = await own(service)
    assert (view["status"], view["lock"]) == ("ACTIVE", None)
    assert view["balance"] == {"observingFen": 10_000, "heldFen": 0, "releasedFen": 20_000, "paidFen": 0}
    await delivered(service, "underway")
    (payout,) = await settled(service)
    assert payout["grossFen"] == 30_000
    assert await settled(service) == [], "once"
    ids = {"ids": [payout["id"]]}
    for mutation in ("approvePayouts(ids: $ids)", 'confirmPayouts(ids: $ids, at: "2026-03-17T04:00:00Z")') * 2:
        text = f"mutation($ids: [ID!]!) {{ moved: {mutation} {{ errors {{ message }} }} }}"
        assert (await service.data(text, role=Role.FINANCE, **ids))["moved"]["errors"] == []
    assert (await own(service))["balance"] == {"observingFen": 0, "heldFen": 0, "releasedFen": 0, "paidFen": 30_000}
    assert await settled(service) == []
    check = await service.data("{ ledgerCheck { sumFen unbalancedPostings } }")
    assert check["ledgerCheck"] == {"sumFen": 0, "unbalancedPostings": 0}
    assert (await service.data(scan, role=Role.RISK))["scanRisk"]["locked"] == 0, "a person has decided"


async def test_what_a_person_has_locked_for_is_told_in_their_words(service: Service, pii: Pii) -> None:
    await traded(service, pii)
    await service.data(
        'mutation { lockPromoter(code: "R1", reason: "补交身份证照片") { errors { code } } }', role=Role.RISK
    )
    lock = (await own(service))["lock"]
    assert lock["reason"] == "补交身份证照片"
    assert instant(lock["since"]) > JOINED


async def test_a_lock_that_a_person_takes_over_from_a_finding_is_told_in_their_words(
    service: Service, pii: Pii
) -> None:
    await traded(service, pii)
    scan = 'mutation { scanRisk(detectors: ["IDENTITY_RING"]) { locked findings(first: 1) { id } } }'
    (finding,) = (await service.data(scan, role=Role.RISK))["scanRisk"]["findings"]
    take = 'mutation { lockPromoter(code: "R1", reason: "法院冻结令") { errors { code } } }'
    assert (await service.data(take, role=Role.RISK))["lockPromoter"]["errors"] == []
    review = "mutation($id: ID!) { reviewFinding(id: $id, verdict: DISMISS) { errors { message } } }"
    assert (await service.data(review, role=Role.RISK, id=finding["id"]))["reviewFinding"]["errors"] == []
    view = await own(service)
    assert (view["status"], view["lock"]["reason"], view["balance"]["heldFen"]) == ("LOCKED", "法院冻结令", 30_000)


@pytest.mark.parametrize("imported_before", [False, True])
async def test_a_lock_that_was_imported_is_shown_since_when_and_why(
    service: Service, pii: Pii, query: Query, imported_before: bool
) -> None:
    row = promoters.Enrolment("R1", joined_at=JOINED, status="LOCKED")
    await promoters.enrol(service.store, pii, [row], actor="import", now=JOINED + 1, historical=True)
    if imported_before:
        await query("MATCH (p:Promoter {code: 'R1'}) REMOVE p.locked_at, p.lock_reason")
    lock = (await own(service))["lock"]
    assert lock["reason"] == "locked when imported"
    assert instant(lock["since"]) == (JOINED if imported_before else JOINED + 1)
