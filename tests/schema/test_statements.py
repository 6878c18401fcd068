"""A promoter's statement and tax record: opening and movements give the closing, to the fen, whatever came back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.actions import contracts, identifiers, orders, payouts, plans, products, promoters, settlement
from graph_api.pii import Pii
from graph_api.rules.calendar import instant, month_end, month_start, month_text
from graph_api.viewer import Role
from tests.conftest import Query
from tests.schema.books import Books
from tests.schema.conftest import Json, Service

JOINED = instant("2025-01-01T00:00:00Z")
SUMS = "openingFen baseFen tierFen overrideFen clawbackFen adjustmentFen voidedFen paidOutFen returnedFen closingFen debtFen"
STATEMENT = f"""
query($code: String!, $month: Month!, $first: Int! = 20, $after: String) {{ promoter(code: $code) {{ statement(month: $month) {{
  month {SUMS}
  entries(first: $first, after: $after) {{
    totalCount pageInfo {{ hasNextPage endCursor }} edges {{ node {{ kind amountFen order {{ number }} }} }}
  }}
  payouts {{ at amountFen payout {{ status grossFen taxFen netFen }} }}
  debts {{ amountFen kind order {{ number }} }}
}} }} }}"""
TAX = """
query($code: String!, $year: Int!) { promoter(code: $code) { taxRecord(year: $year) {
  year grossFen dueFen withheldFen
  months { month taxMethod payouts grossFen taxableFen dueFen withheldFen cumulatedGrossFen cumulatedWithheldFen }
} } }"""


class Till:
    """A chain A ← B ← C ← D in which everybody can be paid, and a product at 20 %; each call says when it happens."""

    def __init__(self, service: Service, pii: Pii) -> None:
        self.service, self.store, self.pii = service, service.store, pii

    async def open(self) -> None:
        await products.upsert(self.store, products.NewProduct("P", "茶", 100_000, 2000), actor="test", now=JOINED)
        rows = [
            promoters.Enrolment(code, joined_at=JOINED, referrer_code=above)
            for code, above in zip("ABCD", [None, *"ABC"], strict=True)
        ]
        await promoters.enrol(self.store, self.pii, rows, actor="test", now=JOINED)
        await contracts.publish(self.store, version="v1", title="推广协议", body="第一条", actor="test", now=JOINED)
        accounts = [identifiers.Identification(code, "PAYOUT_ACCOUNT", f"bank-{code}") for code in "ABCD"]
        await identifiers.link(self.store, self.pii, accounts, actor="test", now=JOINED)
        for code in "ABCD":
            await contracts.accept(self.store, code=code, version="current", actor="test", now=JOINED)

    async def sell(self, number: str, fen: int, at: str) -> None:
        line = orders.NewLine("P", 1, fen)
        order = orders.NewOrder(number, f"x-{number}", "D", (line,), instant(at), delivered_at=instant(at))
        (outcome,) = await orders.record(self.store, [order], actor="test", now=instant(at))
        assert outcome.state == "recorded", outcome

    async def refund(self, number: str, fen: int, at: str) -> None:
        await orders.refund(
            self.store,
            number=number,
            key=f"{number}-{at}",
            sku=None,
            refund_fen=fen,
            at=instant(at),
            actor="test",
            now=instant(at),
        )

    async def settle(self, at: str) -> list[str]:
        """The payouts of a settlement, approved at once."""
        settled = await settlement.settle(self.store, instant(at), actor="test", now=instant(at))
        moved = await payouts.approve(self.store, settled.payout_ids, key=None, actor="test", now=instant(at))
        assert moved.errors == []
        return moved.ids

    async def confirm(self, ids: list[str], at: str) -> None:
        moved = await payouts.confirm(self.store, ids, at=instant(at), key=None, actor="test", now=instant(at))
        assert moved.errors == []

    async def fail(self, ids: list[str], at: str) -> None:
        moved = await payouts.fail(
            self.store, ids, reason="closed", at=instant(at), key=None, actor="test", now=instant(at)
        )
        assert moved.errors == []

    async def statement(self, month: str, code: str = "D", **page: Any) -> Json:
        answer = await self.service.data(STATEMENT, code=code, month=month, role=Role.FINANCE, **page)
        found: Json = answer["promoter"]["statement"]
        sums = [found[name] for name in SUMS.split()]
        assert sum(sums[:-2]) == found["closingFen"]
        return found


@pytest_asyncio.fixture
async def till(service: Service, pii: Pii) -> AsyncIterator[Till]:
    made = Till(service, pii)
    await made.open()
    yield made


def moved(statement: Json) -> dict[str, int]:
    return {name: statement[name] for name in SUMS.split() if statement[name]}


async def test_a_clawback_after_the_payout_is_carried_named_and_netted(till: Till) -> None:
    await till.sell("o1", 100_000, "2026-03-02T04:00:00Z")
    await till.confirm(await till.settle("2026-03-20T02:00:00Z"), "2026-03-21T02:00:00Z")
    await till.refund("o1", 50_000, "2026-04-05T04:00:00Z")
    await till.sell("o2", 200_000, "2026-05-06T04:00:00Z")
    await till.confirm(await till.settle("2026-05-25T02:00:00Z"), "2026-05-26T02:00:00Z")

    assert moved(await till.statement("2026-02")) == {}
    march = await till.statement("2026-03")
    assert moved(march) == {"baseFen": 20_000, "paidOutFen": -20_000}
    assert [(p["amountFen"], p["payout"]["status"], p["at"]) for p in march["payouts"]] == [
        (-20_000, "PAID", "2026-03-20T02:00:00Z")
    ]
    april = await till.statement("2026-04")
    assert moved(april) == {"clawbackFen": -10_000, "closingFen": -10_000, "debtFen": -10_000}
    assert april["debts"] == [{"amountFen": -10_000, "kind": "CLAWBACK", "order": {"number": "o1"}}]
    may = await till.statement("2026-05")
    assert moved(may) == {"openingFen": -10_000, "baseFen": 40_000, "paidOutFen": -30_000}
    assert may["debts"] == []
    assert [edge["node"]["kind"] for edge in may["entries"]["edges"]] == ["BASE"]
    upline = await till.statement("2026-05", code="C")
    assert moved(upline) == {"openingFen": -1_500, "overrideFen": 6_000, "paidOutFen": -4_500}


async def test_a_payout_that_failed_comes_back_in_the_month_it_failed(till: Till) -> None:
    await till.sell("o1", 100_000, "2026-03-02T04:00:00Z")
    ids = await till.settle("2026-03-31T02:00:00Z")
    await till.fail(ids, "2026-04-01T02:00:00Z")
    retried = await till.settle("2026-04-02T02:00:00Z")
    await till.confirm(retried, "2026-04-02T03:00:00Z")
    assert moved(await till.statement("2026-03")) == {"baseFen": 20_000, "paidOutFen": -20_000}
    april = await till.statement("2026-04")
    assert moved(april) == {"paidOutFen": -20_000, "returnedFen": 20_000}
    told = [(p["amountFen"], p["payout"]["status"]) for p in april["payouts"]]
    assert told == [(20_000, "FAILED"), (-20_000, "PAID")]
    assert moved(await till.statement("2026-05")) == {}


async def test_a_debt_whose_payout_failed_is_open_again(till: Till) -> None:
    await till.sell("o1", 100_000, "2026-03-02T04:00:00Z")
    await till.confirm(await till.settle("2026-03-20T02:00:00Z"), "2026-03-20T03:00:00Z")
    await till.refund("o1", 100_000, "2026-04-01T04:00:00Z")
    await till.sell("o2", 200_000, "2026-04-02T04:00:00Z")
    ids = await till.settle("2026-04-20T02:00:00Z")
    assert (await till.statement("2026-04"))["debtFen"] == 0
    await till.fail(ids, "2026-05-02T02:00:00Z")
    assert (await till.statement("2026-04"))["debtFen"] == 0
    may = await till.statement("2026-05")
    assert moved(may) == {"returnedFen": 20_000, "closingFen": 20_000, "debtFen": -20_000}
    assert [debt["order"]["number"] for debt in may["debts"]] == ["o1"]


async def test_months_end_at_midnight_in_shanghai(till: Till) -> None:
    await till.sell("o1", 100_000, "2026-01-31T15:59:59Z")
    await till.sell("o2", 200_000, "2026-01-31T16:00:00Z")
    assert moved(await till.statement("2026-01")) == {"baseFen": 20_000, "closingFen": 20_000}
    assert moved(await till.statement("2026-02")) == {"openingFen": 20_000, "baseFen": 40_000, "closingFen": 60_000}


async def test_entries_are_paged_newest_first(till: Till) -> None:
    for index in range(5):
        await till.sell(f"o{index}", 1_000 * (index + 1), "2026-03-02T04:00:00Z")
    seen: list[str] = []
    after = None
    while True:
        page = (await till.statement("2026-03", first=2, after=after))["entries"]
        assert page["totalCount"] == 5
        seen += [edge["node"]["order"]["number"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["o4", "o3", "o2", "o1", "o0"]
    answer = await till.service.ask(STATEMENT, code="D", month="2026-03", after="no cursor")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_tax_record_holds_what_was_received_by_month_with_the_worked_numbers(till: Till) -> None:
    for month, fen in (("03", 12_500_000), ("04", 400_000), ("05", 2_000_000)):
        await till.sell(f"o-{month}", fen, f"2026-{month}-01T04:00:00Z")
        ids = await till.settle(f"2026-{month}-28T02:00:00Z")
        if month == "04":
            await till.fail(ids, "2026-04-28T03:00:00Z")
        else:
            await till.confirm(ids, f"2026-{month}-28T03:00:00Z")
    record = (await till.service.data(TAX, code="D", year=2026))["promoter"]["taxRecord"]
    # May pays what failed in April too: 400 000 + 80 000 = 480 000, of which 80 % are taxed with a fifth
    assert [tuple(month.values()) for month in record["months"]] == [
        ("2026-03", "PER_MONTH", 1, 2_500_000, 2_000_000, 400_000, 400_000, 2_500_000, 400_000),
        ("2026-05", "PER_MONTH", 1, 480_000, 384_000, 76_800, 76_800, 2_980_000, 476_800),
    ]
    assert (record["grossFen"], record["dueFen"], record["withheldFen"]) == (2_980_000, 476_800, 476_800)
    empty = (await till.service.data(TAX, code="D", year=2025))["promoter"]["taxRecord"]
    assert (empty["months"], empty["grossFen"]) == ([], 0)


async def test_cumulative_tax_is_recorded_with_the_worked_numbers(till: Till) -> None:
    given = {"version": "c", "starts_at": JOINED, "tax_method": "CUMULATIVE"}
    await plans.publish(till.store, given, actor="test", now=JOINED)
    for month in ("03", "04", "05"):
        await till.sell(f"o-{month}", 5_000_000, f"2026-{month}-01T04:00:00Z")
        await till.confirm(await till.settle(f"2026-{month}-28T02:00:00Z"), f"2026-{month}-28T03:00:00Z")
    record = (await till.service.data(TAX, code="D", year=2026))["promoter"]["taxRecord"]
    assert [(month["taxableFen"], month["dueFen"], month["withheldFen"]) for month in record["months"]] == [
        (300_000, 9_000, 9_000),
        (600_000, 9_000, 9_000),
        (900_000, 9_000, 9_000),
    ]


@pytest.mark.parametrize("year", [0, -1, 9998, 2**31 - 1])
async def test_a_year_outside_the_calendar_is_bad_input(network: Service, year: int) -> None:
    answer = await network.ask(TAX, code="B", year=year)
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_ledger_that_contradicts_the_entries_shows_nothing(till: Till, query: Query) -> None:
    await till.sell("o1", 100_000, "2026-03-02T04:00:00Z")
    await query("MATCH (c:Commission {level: 0}) SET c.amount_fen = c.amount_fen + 1")
    answer = await till.service.ask(STATEMENT, code="D", month="2026-03")
    assert answer["data"]["promoter"]["statement"] is None
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"


async def test_statements_follow_one_another_and_equal_an_independent_count(
    store: Store, service: Service, pii: Pii, query: Query
) -> None:
    """Three months of a made-up trade with payouts that arrive, fail, are netted, locked and voided."""
    books = Books(store, pii)
    await books.live()
    postings = await query(
        "MATCH (x:Posting) RETURN x.at AS at, x.kind AS kind, x.accounts AS accounts, x.amounts_fen AS amounts_fen"
    )
    counts = {kind: sum(row["kind"] == kind for row in postings) for kind in ("PAYOUT", "PAYOUT_RETURNED", "VOID")}
    assert min(counts.values()) >= 1, counts
    for code in books.codes:
        closing = 0
        for month in books.months:
            answer = await service.data(STATEMENT, code=code, month=month_text(month))
            told = answer["promoter"]["statement"]
            start, end = month_start(month), month_end(month)
            owed = [
                (row["at"], row["kind"], -fen)
                for row in postings
                for account, fen in zip(row["accounts"], row["amounts_fen"], strict=True)
                if account == f"payable:{code}"
            ]
            within = [(kind, fen) for at, kind, fen in owed if start <= at < end]
            assert told["openingFen"] == closing == sum(fen for at, _, fen in owed if at < start)
            assert told["paidOutFen"] == sum(fen for kind, fen in within if kind == "PAYOUT")
            assert told["returnedFen"] == sum(fen for kind, fen in within if kind == "PAYOUT_RETURNED")
            assert told["voidedFen"] == sum(fen for kind, fen in within if kind == "VOID")
            accrued = sum(fen for kind, fen in within if kind == "ACCRUAL")
            named = ("baseFen", "tierFen", "overrideFen", "clawbackFen", "adjustmentFen")
            assert sum(told[name] for name in named) == accrued
            closing = told["closingFen"]
            assert closing == sum(fen for at, _, fen in owed if at < end)
        assert closing == sum(fen for _, _, fen in owed)
