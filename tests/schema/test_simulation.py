"""simulatePlan: the plan in force differs by nothing, another one by what it would have paid, to the fen."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.actions import months, orders, products, promoters
from graph_api.batched import simulation
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, instant, instant_text, month_end, month_start, month_text
from graph_api.servers import Servers
from graph_api.settings import Settings
from tests.conftest import Query, empty
from tests.schema.conftest import Json, Service, serving
from tests.schema.trade import BEGIN, CLOSED, LADDER, MONTHS, lived

SUMS = "baseFen override1Fen override2Fen tierFen totalFen companyFen"
SIMULATE = f"""
query($input: PlanInput!, $from: DateTime, $to: DateTime, $first: Int! = 100, $after: String) {{
  simulatePlan(input: $input, paidFrom: $from, paidTo: $to, first: $first, after: $after) {{
    plan {{ version }} orders netFen tierMonths openMonths cutMonths
    simulated {{ {SUMS} }} actual {{ {SUMS} }} difference {{ {SUMS} }}
    promoters {{
      totalCount pageInfo {{ hasNextPage endCursor }}
      edges {{ node {{ simulatedFen actualFen differenceFen promoter {{ code }} }} }}
    }}
    errors {{ code message field }}
  }}
}}"""
FLAT = {"version": "flat", "override_bp": ((300, 300, 300),), "tier_threshold_fen": 4_000_000, "tier_bp": 300}
STEEP = {
    "version": "steep",
    "override_bp": ((500, 400, 300), (300, 400, 500)),
    "tier_threshold_fen": 2_000_000,
    "tier_bp": 500,
}
PLANS = (FLAT, STEEP)
"""FLAT tells no ranks by its rates, and nothing of the second level: simulating STEEP there needs both from history."""
ELSEWHEN = {"starts_at": "2030-01-01T00:00:00Z"}
COUNTS = """
RETURN COUNT { (:Promotion) } AS promotions, COUNT { ()-[:FORMERLY_REFERRED]->() } AS moves,
  COUNT { (:Promoter {status: 'CLOSED'}) } AS closed, COUNT { (:Commission {kind: 'TIER'}) } AS tiers,
  COUNT { (:Commission {cause: 'month changed after close'}) } AS changed_tiers,
  COUNT { (:Commission {cause: 'reattribution'}) } AS resold, COUNT { (:Order {status: 'CANCELLED'}) } AS cancelled,
  COUNT { (:Commission {kind: 'CLAWBACK'}) } AS clawbacks
"""
NO_SUMS = dict.fromkeys(SUMS.split(), 0)


def given(plan: dict[str, Any]) -> Json:
    """A plan as PlanInput."""
    words = {name: name.split("_") for name in plan}
    camel = {name: first + "".join(map(str.title, rest)) for name, (first, *rest) in words.items()}
    return {"startsAt": instant_text(BEGIN)} | {camel[name]: value for name, value in plan.items()}


async def simulated(service: Service, plan: Json, **window: Any) -> Json:
    answer = (await service.data(SIMULATE, input=plan, **window))["simulatePlan"]
    assert answer["errors"] == []
    found: Json = answer
    return found


def by_promoter(answer: Json, field: str) -> dict[str, int]:
    assert not answer["promoters"]["pageInfo"]["hasNextPage"]
    nodes = [edge["node"] for edge in answer["promoters"]["edges"]]
    return {node["promoter"]["code"]: node[field] for node in nodes if node[field]}


class Lives(NamedTuple):
    """`answers[lived][simulated]`: what each plan is said to pay where each was in force."""

    answers: dict[str, dict[str, Json]]
    counts: dict[str, Json]
    posted_fen: dict[str, int]
    differences: set[int]


@pytest_asyncio.fixture(scope="module")
async def lives(connected: Store, servers: Servers, settings: Settings, pii: Pii, query: Query) -> Lives:
    """The same trade under each of two plans; there, both are simulated, and the one in force in parts too."""
    found = Lives({}, {}, {}, set())
    for lived_under in PLANS:
        await empty(connected)
        await lived(connected, pii, lived_under)
        name = lived_under["version"]
        (found.counts[name],) = await query(COUNTS)
        (row,) = await query("MATCH (c:Commission) RETURN sum(c.amount_fen) AS fen")
        found.posted_fen[name] = row["fen"]
        async with serving(settings, servers) as service:
            found.answers[name] = {
                plan["version"]: await simulated(
                    service, given(LADDER | plan | ({} if plan is lived_under else ELSEWHEN))
                )
                for plan in PLANS
            }
            for days in ((3, 40), (20, 21), (31, 59), (58, 100)):
                first, last = (instant_text(BEGIN + day * DAY_US) for day in days)
                part = await simulated(service, given(LADDER | lived_under), **{"from": first, "to": last})
                found.differences.update(part["difference"].values(), by_promoter(part, "differenceFen").values())
    await empty(connected)
    return found


async def test_the_plan_that_was_in_force_differs_by_nothing(lives: Lives) -> None:
    for name, answers in lives.answers.items():
        answer = answers[name]
        assert (answer["difference"], by_promoter(answer, "differenceFen")) == (NO_SUMS, {})
        assert answer["actual"] == answer["simulated"]
        assert answer["actual"]["totalFen"] == lives.posted_fen[name]
        assert (answer["tierMonths"], answer["openMonths"]) == ([*map(month_text, CLOSED)], [month_text(MONTHS[-1])])
    assert lives.differences == {0}


async def test_another_plan_pays_what_it_would_have_paid_had_it_been_in_force(lives: Lives) -> None:
    for answers in lives.answers.values():
        for name, answer in answers.items():
            really = lives.answers[name][name]
            assert answer["simulated"] == really["actual"]
            assert by_promoter(answer, "simulatedFen") == by_promoter(really, "actualFen")


async def test_the_trade_has_everything_that_commission_depends_on(lives: Lives) -> None:
    for counts in lives.counts.values():
        assert all(count >= 2 for count in counts.values()), counts
    totals = {name: answers[name]["actual"] for name, answers in lives.answers.items()}
    assert len({tuple(sums.values()) for sums in totals.values()}) == 2


async def chain_of_four(store: Store, pii: Pii, *sales: tuple[str, int, str]) -> None:
    """A ← B ← C ← D, a product at 20 %, and orders of D: number, fen, payment."""
    rows = [
        promoters.Enrolment(code, referrer_code=above, joined_at=0) for above, code in zip(" ABC", "ABCD", strict=True)
    ]
    rows[0] = promoters.Enrolment("A", joined_at=0)
    await promoters.enrol(store, pii, rows, actor="test", now=BEGIN)
    await products.upsert(store, products.NewProduct("tea", "茶", 100, 2000), actor="test", now=BEGIN)
    sold = [
        orders.NewOrder(number, "x", "D", (orders.NewLine("tea", 1, fen),), instant(paid_at))
        for number, fen, paid_at in sales
    ]
    outcomes = await orders.record(store, sold, actor="test", now=BEGIN)
    assert {outcome.state for outcome in outcomes} <= {"recorded"}


LATER = {"version": "next", "startsAt": "2027-01-01T00:00:00Z"}


async def test_changed_rates_in_numbers_worked_by_hand(service: Service, pii: Pii) -> None:
    store = service.store
    await chain_of_four(store, pii, ("o1", 99_999, "2026-01-10T04:00:00Z"), ("o2", 4_900_002, "2026-01-31T15:59:59Z"))
    await months.close(store, 202601, actor="test", now=month_end(202601))
    plan = LATER | {"overrideBp": [[500, 500, 500]], "tierThresholdFen": 5_000_001, "tierBp": 1000}
    answer = await simulated(service, plan)
    assert (answer["plan"], answer["orders"], answer["netFen"]) == ({"version": "next"}, 2, 5_000_001)
    # 19 999 + 980 000; 2 999 + 147 000 each; 5 % of 5 000 001
    base, flat = 999_999, 149_999
    assert answer["actual"] == {
        "baseFen": base,
        "override1Fen": flat,
        "override2Fen": flat,
        "tierFen": 250_000,
        "totalFen": base + 2 * flat + 250_000,
        "companyFen": 5_000_001 - base - 2 * flat - 250_000,
    }
    # 4 999 + 245 000; the month is not above the threshold
    assert answer["simulated"] == NO_SUMS | {
        "baseFen": base,
        "override1Fen": 249_999,
        "totalFen": base + 249_999,
        "companyFen": 5_000_001 - base - 249_999,
    }
    assert answer["difference"]["totalFen"] == -answer["difference"]["companyFen"] == 100_000 - flat - 250_000
    assert by_promoter(answer, "differenceFen") == {"D": -250_000, "B": -flat, "C": 100_000}
    raised = await simulated(service, plan | {"tierThresholdFen": 5_000_000})
    assert raised["simulated"]["tierFen"] == 500_000


async def test_a_month_has_a_tier_only_if_it_is_closed_and_whole(service: Service, pii: Pii) -> None:
    store = service.store
    january = [("o1", 3_000_000, "2026-01-05T00:00:00Z"), ("o2", 3_000_000, "2026-01-25T00:00:00Z")]
    await chain_of_four(store, pii, *january, ("o3", 6_000_000, "2026-02-05T00:00:00Z"))
    await months.close(store, 202601, actor="test", now=month_end(202601))

    async def tiers(paid_from: str, paid_to: str) -> tuple[int, int, list[str], list[str], list[str]]:
        answer = await simulated(service, LATER, **{"from": paid_from, "to": paid_to})
        fen = answer["simulated"]["tierFen"], answer["actual"]["tierFen"]
        return *fen, answer["tierMonths"], answer["openMonths"], answer["cutMonths"]

    whole = (300_000, 300_000, ["2026-01"], ["2026-02"], [])
    assert await tiers("2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z") == whole
    assert await tiers("2026-01-05T00:00:00Z", "2026-02-05T00:00:01Z") == whole
    assert await tiers("2026-01-05T00:00:01Z", "2026-02-05T00:00:00Z") == (0, 0, [], [], ["2026-01"])
    assert await tiers("2026-01-01T00:00:00Z", "2026-01-25T00:00:00Z") == (0, 0, [], [], ["2026-01"])
    assert await tiers("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z") == (0, 0, [], ["2026-02"], [])
    assert await tiers("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z") == (0, 0, [], [], [])


PUBLISH = "mutation($input: PlanInput!) { publishPlan(input: $input) { errors { code message field } } }"


@pytest.mark.parametrize(
    ("plan", "fields"),
    [
        ({"overrideBp": [[300] * 3] * 3, "capBp": 5001, "tierBp": -1}, ["overrideBp", "tierBp", "capBp"]),
        ({"overrideBp": [[300, 300, 501], [299, 300, 300]]}, ["overrideBp 0", "overrideBp 1"]),
        ({"tierBp": 1701}, ["capBp"]),
        ({"version": "", "salesMonths": 0, "validDownlines": [3]}, ["salesMonths", "validDownlines", "version"]),
        ({"version": "default"}, ["version"]),
        ({"startsAt": "0001-01-01T00:00:00Z"}, ["startsAt"]),
    ],
)
async def test_a_plan_with_errors_answers_as_if_it_were_published_and_simulates_nothing(
    service: Service, pii: Pii, plan: Json, fields: list[str]
) -> None:
    await chain_of_four(service.store, pii)
    answer = (await service.data(SIMULATE, input=LATER | plan))["simulatePlan"]
    assert answer["errors"] == (await service.data(PUBLISH, input=LATER | plan))["publishPlan"]["errors"]
    assert [" ".join(error["field"]) for error in answer["errors"]] == fields
    assert {name for name, value in answer.items() if value is not None} == {"errors"}


async def test_simulating_publishes_nothing(network: Service) -> None:
    before = network.store.head
    await simulated(network, LATER)
    assert network.store.head == before
    assert (await network.data('{ plan(at: "2030-01-01T00:00:00Z") { version } }'))["plan"] == {"version": "default"}


async def test_a_window_without_length_or_too_long_is_refused(
    network: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = {"from": "2026-01-10T04:00:00Z", "to": "2026-01-10T04:00:00Z"}
    answer = (await network.data(SIMULATE, input=LATER, **window))["simulatePlan"]
    assert [(error["code"], error["field"]) for error in answer["errors"]] == [("INVALID", ["paidTo"])]
    monkeypatch.setattr(simulation, "ORDERS_MAX", 6)
    plan = LATER | {"version": "not simulated yet"}
    answer = (await network.data(SIMULATE, input=plan))["simulatePlan"]
    assert [(error["code"], error["field"]) for error in answer["errors"]] == [("OUT_OF_BOUNDS", ["paidTo"])]
    assert answer["simulated"] is None
    monkeypatch.setattr(simulation, "ORDERS_MAX", 7)
    assert (await simulated(network, plan))["orders"] == 7


@pytest.mark.parametrize("length", [1, 2, 3, 7])
async def test_pages_of_any_length_give_the_same(
    network: Service, monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    whole = await simulated(network, LATER | {"overrideBp": [[500, 500, 500]]})
    monkeypatch.setattr(simulation, "ORDERS_PER_PAGE", length)
    monkeypatch.setattr(simulation, "TIERS_PER_PAGE", length)
    again = await simulated(network, LATER | {"overrideBp": [[500, 500, 500]], "version": f"by {length}"})
    assert {**again, "plan": whole["plan"]} == whole


async def test_turning_pages_reads_orders_once_until_something_is_written(
    service: Service, pii: Pii, asked: list[str]
) -> None:
    await chain_of_four(service.store, pii, ("o1", 100_000, "2026-01-10T04:00:00Z"))
    plan = LATER | {"overrideBp": [[500, 500, 500]]}
    first = await simulated(service, plan, first=2)
    pages = [first]
    asked.clear()
    while pages[-1]["promoters"]["pageInfo"]["hasNextPage"]:
        pages.append(await simulated(service, plan, first=2, after=pages[-1]["promoters"]["pageInfo"]["endCursor"]))
    nodes = [edge["node"] for page in pages for edge in page["promoters"]["edges"]]
    assert [(node["promoter"]["code"], node["differenceFen"]) for node in nodes] == [
        ("B", -3_000),
        ("C", 2_000),
        ("D", 0),
    ]
    assert (first["promoters"]["totalCount"], asked) == (
        3,
        ["plans.versions", "products.rates", "products.rates", "promoters.facts"],
    )
    await orders.refund(
        service.store,
        number="o1",
        key="r",
        sku=None,
        refund_fen=50_000,
        at=BEGIN + 30 * DAY_US,
        actor="test",
        now=BEGIN,
    )
    assert (await simulated(service, plan))["netFen"] == 50_000
    answer = await service.ask(SIMULATE, input=plan, after="no cursor")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_months_are_shanghais(service: Service, pii: Pii) -> None:
    await chain_of_four(service.store, pii, ("o1", 5_000_001, "2026-01-31T16:00:00Z"))
    await months.close(service.store, 202602, actor="test", now=month_end(202602))
    window = {"from": instant_text(month_start(202602)), "to": instant_text(month_end(202602))}
    answer = await simulated(service, LATER, **window)
    assert (answer["tierMonths"], answer["actual"]["tierFen"]) == (["2026-02"], 250_000)
