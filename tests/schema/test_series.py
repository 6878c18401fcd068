"""Sums over time are those of an independent count of the same orders, promoters and payouts, and a cut is told."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from datetime import date, timedelta
from typing import Any

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.actions import orders, products
from graph_api.batched import series
from graph_api.pii import Pii
from graph_api.rules.calendar import instant
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import Query, empty
from tests.schema.conftest import REFERRERS, Json, Service, fill, serving

POINT = (
    "from to orders volumeFen refundedFen commissionFen activePromoters payouts payoutGrossFen payoutNetFen newPromoters"
    " referredPromoters fissionBp"
)
SERIES = f"""
query($from: Date!, $to: Date!, $period: SeriesPeriod! = DAY, $filter: SalesFilter) {{
  salesSeries(from: $from, to: $to, period: $period, filter: $filter) {{
    points {{ {POINT} }} orderValues {{ fromFen belowFen orders }} truncated
  }}
}}"""
EDGES = [instant(text) for text in ("2026-01-31T15:59:59.999999Z", "2026-01-31T16:00:00Z", "2026-02-28T16:00:00Z")]
VALUES = [1, 9_999, 10_000, 49_999, 50_000, 99_999, 100_000, 299_999, 300_000, 999_999, 1_000_000, 5_000_000]
Row = dict[str, Any]


@pytest_asyncio.fixture(scope="module")
async def shop(
    connected: Store, servers: Servers, settings: Settings, pii: Pii, query: Query
) -> AsyncIterator[Service]:
    """The small network with orders of two products, many values and channels, refunds, and payouts."""
    await empty(connected)
    await fill(connected, pii)
    chance = random.Random(7)
    await products.upsert(connected, products.NewProduct("Q", "梨", 100, 1500), actor="test", now=1)
    sales = []
    for index in range(120):
        seller = chance.choice([*REFERRERS, None])
        lines = [orders.NewLine("P", 1, chance.choice(VALUES))]
        if chance.random() < 0.4:
            lines.append(orders.NewLine("Q", 1, chance.choice(VALUES)))
        paid_at = (
            EDGES[index]
            if index < len(EDGES)
            else instant("2026-01-02T00:00:00Z") + chance.randrange(70 * 86_400) * 10**6
        )
        source = chance.choice(["douyin", "wechat", None])
        sales.append(
            orders.NewOrder(
                f"n{index}",
                chance.choice(["y", "z", "A"]),
                seller,
                tuple(lines),
                paid_at,
                source,
                ["cpc", "live"][index % 2],
                [None, "spring", "autumn"][index % 3],
            )
        )
    outcomes = await orders.record(connected, sales, actor="test", now=1)
    assert {outcome.state for outcome in outcomes} == {"recorded"}
    for sale in chance.sample(sales, 25):
        fen = chance.choice([1, sum(line.paid_fen for line in sale.lines)])
        at = sale.paid_at + 10**6
        await orders.refund(
            connected, number=sale.number, key=sale.number, sku=None, refund_fen=fen, at=at, actor="test", now=at
        )
    rows = [
        {"id": f"p{n}", "key": f"p{n}", "promoter_code": chance.choice([*REFERRERS]), "gross_fen": 1_000 + n, "net_fen": 900 + n,
         "status": chance.choice(["PAID", "PAID", "FAILED"]), "finished_at": chance.choice(EDGES)}
        for n in range(20)
    ]  # fmt: skip
    await query("UNWIND $rows AS row CREATE (x:Payout) SET x = row", rows=rows)
    await query("MATCH (p:Promoter {code: 'B'}) SET p.rank = 'SENIOR'")
    async with serving(settings, servers) as running:
        yield running


async def ask(service: Service, first: str, last: str, period: str = "DAY", **which: Any) -> Json:
    found: Json = (
        await service.data(
            SERIES, role=Role.FINANCE, **{"from": first, "to": last, "period": period, "filter": which or None}
        )
    )["salesSeries"]
    return found


def below(code: str | None, root: str) -> bool:
    while code is not None and code != root:
        code = REFERRERS[code]
    return code == root


FILTERS: list[tuple[Row, Callable[[Row, Row], bool]]] = [
    ({}, lambda order, line: True),
    ({"sku": "Q"}, lambda order, line: line["sku"] == "Q"),
    ({"sku": "none"}, lambda order, line: False),
    ({"branchCode": "B"}, lambda order, line: below(order["seller_code"], "B")),
    ({"branchCode": "none"}, lambda order, line: False),
    ({"rank": "SENIOR"}, lambda order, line: order["seller_code"] == "B"),
    ({"utmSource": "douyin"}, lambda order, line: order.get("utm_source") == "douyin"),
    (
        {"utmSource": "wechat", "utmMedium": "cpc", "branchCode": "A", "sku": "P"},
        lambda order, line: (
            order.get("utm_source") == "wechat"
            and order.get("utm_medium") == "cpc"
            and below(order["seller_code"], "A")
            and line["sku"] == "P"
        ),
    ),
    ({"utmCampaign": "x"}, lambda order, line: False),
]


@pytest.mark.parametrize(("which", "holds"), FILTERS, ids=[str(which) for which, _ in FILTERS])
@pytest.mark.parametrize("period", ["DAY", "WEEK", "MONTH"])
async def test_orders_are_summed_as_an_independent_count_sums_them(
    shop: Service, query: Query, period: str, which: Row, holds: Callable[[Row, Row], bool]
) -> None:
    rows = await query(
        "MATCH (o:Order)-[l:CONTAINS]->(p:Product) RETURN properties(o) AS o, p.sku AS sku, l.paid_fen AS paid,"
        " l.refunded_fen AS refunded, COLLECT { MATCH (o)-[:YIELDED]->(c:Commission) WHERE c.sku = p.sku RETURN c.amount_fen } AS c"
    )
    found = await ask(shop, "2026-01-05", "2026-03-10", period, **which)
    assert found["truncated"] is False
    assert [found["points"][0]["from"], found["points"][-1]["to"]] == ["2026-01-05", "2026-03-10"]
    values: dict[str, int] = {}
    for point in found["points"]:
        start = instant(f"{point['from']}T00:00:00+08:00")
        end = instant(f"{date.fromisoformat(point['to']) + timedelta(days=1)}T00:00:00+08:00")
        counted = [
            row
            for row in rows
            if start <= row["o"]["paid_at"] < end
            and row["o"]["commissionable"]
            and row["o"].get("seller_code")
            and holds(row["o"], row)
        ]
        assert point["orders"] == len({row["o"]["number"] for row in counted})
        assert point["volumeFen"] == sum(row["paid"] - row["refunded"] for row in counted)
        assert point["refundedFen"] == sum(row["refunded"] for row in counted)
        assert point["commissionFen"] == sum(sum(row["c"]) for row in counted)
        assert point["activePromoters"] == len({row["o"]["seller_code"] for row in counted})
        for row in counted:
            number = row["o"]["number"]
            values[number] = values.get(number, 0) + row["paid"]
    for step in found["orderValues"]:
        high = step["belowFen"] if step["belowFen"] is not None else 2**60
        assert step["orders"] == sum(step["fromFen"] <= value < high for value in values.values()), step
    assert sum(step["orders"] for step in found["orderValues"]) == len(values)


async def test_months_are_what_the_promoters_months_say(shop: Service, query: Query) -> None:
    found = await ask(shop, "2026-01-01", "2026-03-31", "MONTH")
    rows = await query(
        "MATCH (s:SalesMonth) RETURN s.month AS month, sum(s.orders) AS orders, sum(s.volume_fen) AS volume,"
        " sum(s.refunded_fen) AS refunded ORDER BY month"
    )
    assert [(p["orders"], p["volumeFen"], p["refundedFen"]) for p in found["points"]] == [
        (row["orders"], row["volume"], row["refunded"]) for row in rows
    ]


async def test_promoters_and_payouts_are_counted_where_they_can_be_told_apart(shop: Service, query: Query) -> None:
    everybody = (await ask(shop, "2025-01-01", "2025-12-31", "MONTH"))["points"]
    assert [(p["newPromoters"], p["referredPromoters"], p["fissionBp"]) for p in everybody[:2]] == [
        (7, 5, None),
        (0, 0, None),
    ]
    branch = (await ask(shop, "2025-01-01", "2025-01-31", "MONTH", branchCode="B"))["points"]
    assert (branch[0]["newPromoters"], branch[0]["referredPromoters"]) == (3, 3)
    rows = await query(
        "MATCH (x:Payout {status: 'PAID'}) RETURN x.finished_at AS at, x.promoter_code AS code, x.gross_fen AS gross, x.net_fen AS net"
    )
    for which, holds in (
        ({}, lambda code: True),
        ({"branchCode": "B"}, lambda code: below(code, "B")),
        ({"rank": "SENIOR"}, lambda code: code == "B"),
    ):
        (point,) = (await ask(shop, "2026-02-01", "2026-02-28", "MONTH", **which))["points"]
        counted = [row for row in rows if EDGES[1] <= row["at"] < EDGES[2] and holds(row["code"])]
        assert (point["payouts"], point["payoutGrossFen"], point["payoutNetFen"]) == (
            len(counted),
            sum(row["gross"] for row in counted),
            sum(row["net"] for row in counted),
        )
    for which in ({"sku": "P"}, {"utmSource": "wechat"}):
        (point,) = (await ask(shop, "2026-02-01", "2026-02-28", "MONTH", **which))["points"]
        assert [point[name] for name in ("payouts", "payoutNetFen", "newPromoters", "fissionBp")] == [None] * 4


async def test_the_fission_coefficient_is_those_brought_for_each_who_sold(shop: Service, query: Query) -> None:
    joined = instant("2026-02-10T00:00:00Z")
    await query("MATCH (p:Promoter {code: 'D'}) SET p.joined_at = $at", at=joined)
    await query("MATCH (p:Promoter {code: 'S'}) SET p.joined_at = $at", at=joined)
    try:
        (point,) = (await ask(shop, "2026-02-01", "2026-02-28", "MONTH"))["points"]
        assert (point["newPromoters"], point["referredPromoters"]) == (2, 1)
        assert point["fissionBp"] == 10_000 // point["activePromoters"]
    finally:
        await query(
            "MATCH (p:Promoter) WHERE p.code IN ['D', 'S'] SET p.joined_at = $at", at=instant("2025-01-01T00:00:00Z")
        )


@pytest.mark.parametrize("rows_max", [0, 5, 30, 60, 118])
async def test_what_does_not_fit_is_left_out_whole_and_told(
    shop: Service, monkeypatch: pytest.MonkeyPatch, rows_max: int
) -> None:
    whole = await ask(shop, "2026-01-01", "2026-03-20", "WEEK")
    monkeypatch.setattr(series, "ROWS_MAX", rows_max)
    cut = await ask(shop, "2026-01-01", "2026-03-20", "WEEK")
    assert cut["truncated"] is True
    assert len(cut["points"]) < len(whole["points"])
    assert cut["points"] == whole["points"][len(whole["points"]) - len(cut["points"]) :]
    assert len(cut["orderValues"]) == 7


@pytest.mark.parametrize(
    ("first", "last"), [("2026-02-02", "2026-02-01"), ("2020-01-01", "2026-01-01"), ("0001-01-01", "0001-01-02")]
)
async def test_a_window_that_is_none_or_too_long_is_refused(shop: Service, first: str, last: str) -> None:
    answer = await shop.ask(SERIES, **{"from": first, "to": last})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_money_over_time_is_for_operators_finance_and_administrators(shop: Service) -> None:
    for role, promoter, may in (
        (Role.OPERATOR, None, True),
        (Role.FINANCE, None, True),
        (Role.ADMIN, None, True),
        (Role.RISK, None, False),
        (Role.SERVICE, None, False),
        (Role.PROMOTER, "B", False),
    ):
        answer = await shop.ask(SERIES, role=role, promoter=promoter, **{"from": "2026-01-01", "to": "2026-01-02"})
        assert ("errors" not in answer) is may, role


GROUPS = """query($from: Date!, $to: Date!, $by: SalesGrouping!, $filter: SalesFilter, $first: Int! = 100) {
  salesGroups(from: $from, to: $to, by: $by, filter: $filter, first: $first) {
    groups { key orders volumeFen } hasMore truncated } }"""


def branch(code: str, root: str | None) -> str:
    """The tree's root; below somebody, the one directly under it."""
    while REFERRERS[code] is not None and code != root and REFERRERS[code] != root:
        code = REFERRERS[code]  # type: ignore[assignment]
    return code


KEYS: dict[str, Callable[[Row, Row, str | None], str]] = {
    "PRODUCT": lambda order, line, root: line["sku"],
    "CHANNEL": lambda order, line, root: order.get("utm_source") or "",
    "MEDIUM": lambda order, line, root: order.get("utm_medium") or "",
    "CAMPAIGN": lambda order, line, root: order.get("utm_campaign") or "",
    "RANK": lambda order, line, root: "SENIOR" if order["seller_code"] == "B" else "PROMOTER",
    "BRANCH": lambda order, line, root: branch(order["seller_code"], root),
}


@pytest.mark.parametrize("by", KEYS)
async def test_groups_are_summed_as_an_independent_count_sums_them(shop: Service, query: Query, by: str) -> None:
    rows = await query(
        "MATCH (o:Order)-[l:CONTAINS]->(p:Product) RETURN properties(o) AS o, p.sku AS sku, l.paid_fen AS paid,"
        " l.refunded_fen AS refunded"
    )
    start, end = instant("2026-01-05T00:00:00+08:00"), instant("2026-03-11T00:00:00+08:00")
    for which, holds in FILTERS:
        counted: dict[str, list[Row]] = {}
        for row in rows:
            order = row["o"]
            if not (start <= order["paid_at"] < end and order["commissionable"] and order.get("seller_code")):
                continue
            if holds(order, row):
                counted.setdefault(KEYS[by](order, row, which.get("branchCode")), []).append(row)
        asked = {"from": "2026-01-05", "to": "2026-03-10", "by": by, "filter": which or None}
        found = (await shop.data(GROUPS, role=Role.FINANCE, **asked))["salesGroups"]
        expected = {
            key: (len({row["o"]["number"] for row in each}), sum(row["paid"] - row["refunded"] for row in each))
            for key, each in counted.items()
        }
        assert {group["key"]: (group["orders"], group["volumeFen"]) for group in found["groups"]} == expected, which
        volumes = [group["volumeFen"] for group in found["groups"]]
        assert volumes == sorted(volumes, reverse=True)
        assert (found["hasMore"], found["truncated"]) == (False, False)
    (largest,) = (await shop.data(GROUPS, **asked | {"filter": None, "first": 1}))["salesGroups"]["groups"]
    assert largest["volumeFen"] == max(
        group["volumeFen"] for group in (await shop.data(GROUPS, **asked | {"filter": None}))["salesGroups"]["groups"]
    )


async def test_groups_of_too_many_orders_are_none_and_say_so(shop: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"from": "2026-01-01", "to": "2026-03-20", "by": "RANK"}
    assert (await shop.data(GROUPS, **asked))["salesGroups"]["groups"]
    monkeypatch.setattr(series, "ROWS_MAX", 5)
    cut = (await shop.data(GROUPS, **asked))["salesGroups"]
    assert (cut["groups"], cut["truncated"]) == ([], True)


@pytest.mark.parametrize(("last", "first"), [("2026-02-01", 5), ("2026-03-01", 0), ("2026-03-01", 101)])
async def test_groups_of_no_days_or_too_many_groups_are_refused(shop: Service, last: str, first: int) -> None:
    asked = {"from": "2026-02-02", "to": last, "by": "RANK", "first": first}
    answer = await shop.ask(GROUPS, **asked)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_groups_of_days_out_of_the_calendar_are_refused(shop: Service, day: str) -> None:
    answer = await shop.ask(GROUPS, **{"from": day, "to": day, "by": "RANK"})
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
