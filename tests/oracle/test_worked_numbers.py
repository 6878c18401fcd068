"""Every row of worked_numbers.md, recorded, refunded and closed through GraphQL."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.blackbox.api import Api, Json, order, quoted, refund, touch
from tests.oracle.oracle import share, spread

DOCUMENT = Path(__file__).with_name("worked_numbers.md")
PRODUCTS = ("p", "q", "r")
ENTRIES = "{ commissions { kind amountFen promoter { code } } }"
LATER = "2026-01-20T04:00:00Z"


def table(title: str) -> list[dict[str, str]]:
    """The rows below a heading of the document, by column."""
    section = DOCUMENT.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")
    ]
    head, _rule, *body = rows
    return [dict(zip(head, row, strict=True)) for row in body]


def amounts(cell: str) -> list[int]:
    return [int(part) for part in cell.split("+")]


async def chains(api: Api, count: int) -> None:
    """`count` times A ← B ← C ← D, numbered from 0."""
    for sku in PRODUCTS:
        await api.product(sku)
    await api.enrol(
        (f"{code}-{index}", f"{above}-{index}" if above else None)
        for index in range(count)
        for code, above in (("A", None), ("B", "A"), ("C", "B"), ("D", "C"))
    )


def sums(entries: Iterable[Json], *kinds: str) -> Counter[str]:
    """Σ fen by the receiver's letter."""
    found: Counter[str] = Counter()
    for entry in entries:
        if entry["kind"] in kinds:
            found[entry["promoter"]["code"].partition("-")[0]] += entry["amountFen"]
    return found


async def test_one_sale_pays_what_the_table_says(api: Api) -> None:
    rows = table("One sale")
    await chains(api, len(rows))
    await api.recorded(
        [
            order(
                str(index),
                dict(zip(PRODUCTS, amounts(row["lines"]), strict=False)),
                seller=f"{row['seller']}-{index}",
                buyer=f"{row['buyer']}-{index}",
            )
            for index, row in enumerate(rows)
        ]
    )
    found = []
    for index, row in enumerate(rows):
        entries = await api.entries(str(index))
        assert {entry["kind"] for entry in entries} <= {"BASE", "OVERRIDE"}
        earned = sums(entries, "BASE", "OVERRIDE")
        found.append(row | {code: str(earned[code]) for code in "ABCD"})
    assert found == rows


async def test_the_example_names_kind_level_and_rate(api: Api) -> None:
    await chains(api, 1)
    await api.recorded([order("1", {"p": 100_000}, seller="D-0")])
    entries = [
        (entry["promoter"]["code"], entry["kind"], entry["level"], entry["rateBp"], entry["amountFen"])
        for entry in await api.entries("1")
        if entry["amountFen"]
    ]
    assert sorted(entries) == [
        ("B-0", "OVERRIDE", 2, 300, 3_000),
        ("C-0", "OVERRIDE", 1, 300, 3_000),
        ("D-0", "BASE", 0, 2000, 20_000),
    ]


async def test_an_order_without_a_code_pays_whom_the_buyer_is_bound_to(api: Api) -> None:
    await chains(api, 1)
    touches = {
        "first": touch("x", "D-0", "2026-01-01T00:00:00Z", "1"),
        "second": touch("x", "A-0", "2026-01-02T00:00:00Z", "2"),
    }
    await api.ask_many(touches, kind="mutation")
    await api.recorded(
        [
            order("live", {"p": 100_000}, seller=None, paid_at="2026-01-30T23:59:59Z"),
            order("over", {"p": 100_000}, seller=None, paid_at="2026-01-31T00:00:00Z"),
        ]
    )
    assert sums(await api.entries("live"), "BASE", "OVERRIDE") == {"D": 20_000, "C": 3_000, "B": 3_000}
    assert sums(await api.entries("over"), "BASE", "OVERRIDE") == {}


async def test_a_refund_in_parts_takes_back_what_the_table_says(api: Api) -> None:
    rows = table("A refund in parts")
    await chains(api, 1)
    await api.recorded([order("1", {"p": 100_000}, seller="D-0")])
    found = []
    before = sums(await api.entries("1"), "CLAWBACK")
    for row in rows:
        answer = await api.refund("1", row["step"], int(row["refund"]), LATER)
        after = sums(await api.entries("1"), "CLAWBACK")
        taken = {code: str(after[code] - before[code]) for code in "DCB"}
        found.append(row | taken | {"answer": answer or "-"})
        before = after
    assert found == rows


async def test_the_tier_of_a_month_is_what_the_table_says(api: Api) -> None:
    rows = table("The tier of a month")
    await chains(api, len(rows))
    sales = [
        order(f"{index}-{part}", {"p": fen}, seller=f"D-{index}", paid_at=row["at"])
        for index, row in enumerate(rows)
        for part, fen in enumerate(amounts(row["sales"]))
    ]
    await api.recorded(sales)
    for index, row in enumerate(rows):
        if int(row["refunded"]):
            assert await api.refund(f"{index}-0", f"{index}", int(row["refunded"]), LATER) is None
    await api.close_month("2025-12")
    closed = await api.close_month("2026-01")
    again = await api.close_month("2026-01")
    found = []
    for index, row in enumerate(rows):
        earned = await _earnings(api, f"D-{index}")
        found.append(row | {"TIER": str(earned["tierFen"] or "-")})
    assert found == rows
    assert closed["tierEntries"] == sum(row["TIER"] != "-" for row in rows)
    assert again["month"] == "2026-01"


async def test_after_the_close_every_change_is_corrected_as_the_table_says(api: Api) -> None:
    rows = table("After the close")
    await chains(api, len(rows))
    await api.recorded(
        [order(f"{index}", {"p": int(row["sales"])}, seller=f"D-{index}") for index, row in enumerate(rows)]
    )
    await api.close_month("2026-01")
    for index, row in enumerate(rows):
        last = f"{index}"
        for step, event in enumerate(row["then"].split(",") if row["then"] != "-" else []):
            what, fen = event.split()
            if what == "sale":
                last = f"{index}-{step}"
                await api.recorded([order(last, {"p": int(fen)}, seller=f"D-{index}")])
            else:
                assert await api.refund(last, f"{index}-{step}", int(fen), LATER) is None
    found = []
    for index, row in enumerate(rows):
        earned = await _earnings(api, f"D-{index}")
        kinds = {kind: str(earned[f"{kind.lower()}Fen"]) for kind in ("BASE", "TIER", "CLAWBACK", "ADJUSTMENT")}
        assert earned["totalFen"] == sum(map(int, kinds.values())), row["what"]
        found.append(row | kinds)
    assert found == rows


async def test_a_promotion_counts_for_what_is_recorded_and_paid_afterwards(api: Api) -> None:
    await chains(api, 1)
    await api.enrol([("E-0", "D-0")])
    months = ("2026-01", "2026-02", "2026-03", "2026-04")
    rates = {}
    for month in months:
        await api.recorded([order(f"own-{month}", {"p": 3_000_000}, seller="D-0", paid_at=f"{month}-10T04:00:00Z")])
        await api.recorded([order(f"E-{month}", {"p": 100_000}, seller="E-0", paid_at=f"{month}-11T04:00:00Z")])
        closed = await api.close_month(month)
        rates[month] = (
            closed["promotions"],
            (await api.ask('{ promoter(code: "D-0") { rank } }'))["promoter"]["rank"],
        )
    assert rates == {
        "2026-01": (0, "PROMOTER"),
        "2026-02": (0, "PROMOTER"),
        "2026-03": (1, "SENIOR"),
        "2026-04": (1, "ELITE"),
    }
    late = [order("late", {"p": 100_000}, seller="E-0", paid_at="2026-03-20T04:00:00Z")]
    await api.recorded([*late, order("after", {"p": 100_000}, seller="E-0", paid_at="2026-05-02T04:00:00Z")])
    found = {
        number: sums(await api.entries(number), "OVERRIDE")["D"]
        for number in ("E-2026-03", "E-2026-04", "late", "after")
    }
    assert found == {"E-2026-03": 3_000, "E-2026-04": 4_000, "late": 3_000, "after": 5_000}


async def test_a_move_changes_nothing_already_sold(api: Api) -> None:
    await chains(api, 2)
    await api.recorded([order("before", {"p": 100_000}, seller="D-0", paid_at="2026-01-10T04:00:00Z")])
    moved = await api.ask(
        'mutation { moveBranch(input: {promoterCode: "C-0" referrerCode: "A-1" reason: "test" '
        'at: "2026-02-01T00:00:00Z"}) { errors { code message } } }'
    )
    assert moved["moveBranch"]["errors"] == []
    await api.recorded([order("late", {"p": 100_000}, seller="D-0", paid_at="2026-01-20T04:00:00Z")])
    await api.recorded([order("after", {"p": 100_000}, seller="D-0", paid_at="2026-02-02T04:00:00Z")])
    receivers = {
        number: {entry["promoter"]["code"] for entry in await api.entries(number) if entry["amountFen"]}
        for number in ("before", "late", "after")
    }
    assert receivers == {
        "before": {"D-0", "C-0", "B-0"},
        "late": {"D-0", "C-0", "B-0"},
        "after": {"D-0", "C-0", "A-1"},
    }


@pytest.mark.long
async def test_any_split_of_a_full_refund_ends_at_zero(api: Api) -> None:
    """500 orders of one to three lines, each refunded whole in one to five parts, with and without a sku."""
    chance = random.Random(20260110)
    await chains(api, 1)
    nets = {str(index): _lines(chance) for index in range(500)}
    await api.recorded([order(number, lines, seller="D-0") for number, lines in nets.items()])
    parts = {number: _refunds(chance, lines) for number, lines in nets.items()}
    halfway = {number: chance.randrange(len(of_order) + 1) for number, of_order in parts.items()}
    await _refund_all(api, {number: of_order[: halfway[number]] for number, of_order in parts.items()}, "first")
    for number, of_order in parts.items():
        _take(nets[number], of_order[: halfway[number]])
    assert await _left(api, nets) == {
        number: {
            "D": sum(share(net, 2000) for net in lines.values()),
            "C": sum(share(net, 300) for net in lines.values()),
            "B": sum(share(net, 300) for net in lines.values()),
        }
        for number, lines in nets.items()
    }
    await _refund_all(api, {number: of_order[halfway[number] :] for number, of_order in parts.items()}, "second")
    assert await _left(api, nets) == {number: {"D": 0, "C": 0, "B": 0} for number in nets}
    over = await api.ask_many(
        {f"r{number}": refund(number, f"over-{number}", 1, LATER) for number in list(nets)[:20]},
        kind="mutation",
    )
    assert {answer["errors"][0]["code"] for answer in over.values()} == {"OVER_REFUND"}


def _lines(chance: random.Random) -> dict[str, int]:
    skus = PRODUCTS[: chance.choice((1, 1, 2, 3))]
    return {sku: chance.choice((chance.randint(1, 99), chance.randint(100, 9_999_999))) for sku in skus}


def _refunds(chance: random.Random, lines: dict[str, int]) -> list[tuple[str | None, int]]:
    """(sku, fen): all of the order in parts, or one line by its sku and the rest in parts, or line by line."""
    if len(lines) == 1 or chance.random() < 0.4:
        return [(None, fen) for fen in _parts(chance, sum(lines.values()))]
    if chance.random() < 0.5:
        return list(lines.items())
    sku, *_ = lines
    return [(sku, lines[sku]), *((None, fen) for fen in _parts(chance, sum(lines.values()) - lines[sku]))]


def _parts(chance: random.Random, whole: int) -> list[int]:
    """One to five positive parts of `whole`."""
    count = min(chance.choice((1, 1, 2, 2, 2, 3, 3, 4, 5)), whole)
    cuts = sorted(chance.sample(range(1, whole), count - 1)) if count > 1 else []
    return [end - start for start, end in zip([0, *cuts], [*cuts, whole], strict=True)]


def _take(nets: dict[str, int], parts: list[tuple[str | None, int]]) -> None:
    for sku, fen in parts:
        taken = [fen if sku == each else 0 for each in nets] if sku else spread(fen, list(nets.values()))
        for each, part in zip(list(nets), taken, strict=True):
            nets[each] -= part


async def _refund_all(api: Api, parts: dict[str, list[tuple[str | None, int]]], name: str) -> None:
    answers = await api.ask_many(
        {
            f"r{number}_{index}": refund(number, f"{name}-{number}-{index}", fen, LATER, sku)
            for number, of_order in parts.items()
            for index, (sku, fen) in enumerate(of_order)
        },
        kind="mutation",
    )
    assert all(answer == {"parked": False, "errors": []} for answer in answers.values())


async def _left(api: Api, numbers: Iterable[str]) -> dict[str, dict[str, int]]:
    """What each receiver still has of each order."""
    answers = await api.ask_many({f"o{number}": f"order(number: {quoted(number)}) {ENTRIES}" for number in numbers})
    left = {}
    for alias, answer in answers.items():
        earned = sums(answer["commissions"], "BASE", "OVERRIDE", "CLAWBACK", "ADJUSTMENT")
        left[alias[1:]] = {code: earned[code] for code in "DCB"}
    return left


async def _earnings(api: Api, code: str, month: str = "2026-01") -> Json:
    answer = await api.ask(
        "query($code: String!, $month: Month!) { promoter(code: $code) { earnings(month: $month) "
        "{ baseFen tierFen overrideFen clawbackFen adjustmentFen totalFen } } }",
        {"code": code, "month": month},
    )
    found: Json = answer["promoter"]["earnings"]
    return found
