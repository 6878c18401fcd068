"""Loading into a real store: every bad row is rejected as it was, the rest loads, and running it again is harmless."""

from __future__ import annotations

import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import polars
import pytest

from cypher.store import Store
from graph_api.actions.recompute import recompute
from graph_api.errors import Invalid
from graph_api.pii import Pii
from loaders import orders
from loaders.export import export
from loaders.load import load
from loaders.report import Counts, Rejects, Report
from loaders.sources import SourceError, sources
from tests.conftest import Query
from tests.loaders.directories import (
    HEADERS,
    NOW,
    contents,
    directory_of,
    order,
    rejected_rows,
    shuffled,
    small,
)

Load = Callable[[Path], Awaitable[Report]]
PRODUCTS = ["tea,茶,10000,2000", "box,礼盒,398000,1500"]
PROMOTERS = ["p-1,李芳,,,2026-01-01T00:00:00Z,,"]


@pytest.fixture
def rejected(tmp_path: Path) -> Path:
    return tmp_path / "rejected.csv"


@pytest.fixture
def loaded(store: Store, pii: Pii, rejected: Path) -> Load:
    async def run(directory: Path) -> Report:
        return await load(store, pii, directory, rejected=rejected, now=NOW)

    return run


async def referrals(query: Query) -> dict[str, str]:
    rows = await query("MATCH (q:Promoter)-[:REFERRED]->(p) RETURN p.code AS code, q.code AS referrer")
    return {row["code"]: row["referrer"] for row in rows}


async def claims(query: Query) -> dict[str, str]:
    rows = await query("MATCH (q:Promoter)-[:CLAIMED_REFERRAL]->(p) RETURN p.code AS code, q.code AS referrer")
    return {row["code"]: row["referrer"] for row in rows}


async def test_good_files_load_whole_and_a_second_time_change_nothing(
    loaded: Load, store: Store, rejected: Path, query: Query, tmp_path: Path
) -> None:
    directory = small(tmp_path / "in")
    first = await loaded(directory)
    assert first.counts == {
        "promoters": Counts(loaded=4),
        "products": Counts(loaded=2),
        "orders": Counts(loaded=4),
        "identifiers": Counts(loaded=4),
        "touches": Counts(loaded=2),
    }
    head = (await store.observe_head()).seq
    second = await loaded(directory)
    assert {subject: counts.unchanged for subject, counts in second.counts.items()} == {
        subject: counts.loaded for subject, counts in first.counts.items()
    }
    assert (await store.observe_head()).seq == head
    assert (first.exit_status, second.exit_status, second.rejected_path) == (0, 0, None)
    assert "rejected.csv" not in contents(tmp_path)
    assert (await recompute(store, actor="test", now=NOW)).drift_count == 0
    seller = await query("MATCH (o:Order {number: 'o-3'}) RETURN o.seller_code AS code")
    assert seller == [{"code": "p-3"}], "an order without a code goes to the first touch"


def test_rejected_rows_are_their_owners_and_whole_or_not_there(tmp_path: Path) -> None:
    (source,) = sources(directory_of(tmp_path / "in", promoters=PROMOTERS)).values()
    path = tmp_path / "rejected.csv"

    def told(line: int) -> None:
        rejects.add(source, line=line, error=Invalid("odd"), raw=b"p-1,13800000000")

    with Rejects(path) as rejects:
        told(2)
    whole = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    with suppress(RuntimeError), Rejects(path) as rejects:
        told(3)
        raise RuntimeError("the store is gone")
    assert path.read_bytes() == whole
    with Rejects(path) as rejects:
        told(4)
    assert b",4," in path.read_bytes()


async def test_spaces_around_names_and_phones_are_nobodys(loaded: Load, query: Query, tmp_path: Path) -> None:
    people = ["p-1, 李芳 ,13800000000 ,,,,", "p-2,,  ,,,,", "p-3,, ,,,,"]
    await loaded(directory_of(tmp_path / "in", promoters=people, identifiers=["p-2,PHONE,13800000000"]))
    holders = "MATCH (p:Promoter)-[:IDENTIFIED_BY]->(i:Identifier) RETURN collect(DISTINCT i.id) AS keys, collect(p.code) AS codes"
    (row,) = await query(holders)
    assert (len(row["keys"]), sorted(row["codes"])) == (1, ["p-1", "p-2"])


async def test_the_result_is_one_line_of_json(loaded: Load, tmp_path: Path) -> None:
    report = await loaded(directory_of(tmp_path / "in", products=PRODUCTS))
    told = json.loads(report.json())
    assert list(told) == ["promoters", "products", "orders", "identifiers", "seconds"]
    assert told["products"] == {"loaded": 2, "unchanged": 0, "rejected": 0, "quarantined": 0}
    assert "\n" not in report.json()


BAD_ORDERS = {
    order("bad-1", sku="ghost"): "NOT_FOUND",
    order("bad-2", promoter_code="ghost"): "NOT_FOUND",
    order("bad-3", paid_fen="-1"): "INVALID",
    order("bad-4", paid_fen="1.5"): "INVALID",
    order("bad-5", paid_fen="1e3"): "INVALID",
    order("bad-6", paid_fen="１００"): "INVALID",
    order("bad-7", paid_fen=2**63): "OUT_OF_BOUNDS",
    order("bad-8", quantity=0): "OUT_OF_BOUNDS",
    order("bad-9", paid_at="2026-03-01"): "INVALID",
    order("bad-10", refunded_fen=10_001, refunded_at="2026-03-02T10:00:00Z"): "OVER_REFUND",
    order("bad-11") + ",more": "INVALID",
    "bad-12,b-1": "INVALID",
    order(""): "INVALID",
    order("x" * 129): "INVALID",
    order("bad\x1b13"): "INVALID",
    order("bad-14", buyer_code=""): "INVALID",
    order("bad-15", utm_source='"a"b'): "INVALID",
    order("bad-16", utm_campaign='"never closed'): "INVALID",
    "\x00\x01\x02": "INVALID",
    "=1+1": "INVALID",
    'bad-17,"b-\n1"': "INVALID",
}


async def test_bad_orders_are_rejected_as_they_were_and_the_rest_loads(
    loaded: Load, rejected: Path, query: Query, tmp_path: Path
) -> None:
    directory = directory_of(
        tmp_path / "in", products=PRODUCTS, promoters=PROMOTERS, orders=[order("good-1"), *BAD_ORDERS, order("good-2")]
    )
    report = await loaded(directory)
    assert report.counts["orders"] == Counts(loaded=2, rejected=len(BAD_ORDERS))
    assert report.exit_status == 3
    assert {row: code for _, _, code, _, row in rejected_rows(rejected)} == BAD_ORDERS
    file, line, _, reason, _ = rejected_rows(rejected)[0]
    assert (file, line) == ("orders.csv", 3)
    assert "ghost" in reason
    numbers = await query("MATCH (o:Order) RETURN o.number AS number ORDER BY number")
    assert [row["number"] for row in numbers] == ["good-1", "good-2"]


async def test_bytes_that_are_not_utf_8_are_rejected_byte_for_byte(
    loaded: Load, rejected: Path, tmp_path: Path
) -> None:
    directory = directory_of(tmp_path / "in", products=PRODUCTS)
    row = "café,咖啡,100,2000".encode("latin-1", errors="replace") + b'\xff,"'
    with (directory / "products.csv").open("ab") as stream:
        stream.write(row + b"\n")
    report = await loaded(directory)
    assert report.counts["products"] == Counts(loaded=2, rejected=1)
    assert row.replace(b'"', b'""') in contents(tmp_path)["rejected.csv"]


async def test_an_order_with_a_bad_row_is_rejected_with_all_its_rows(
    loaded: Load, rejected: Path, query: Query, tmp_path: Path
) -> None:
    later = "2026-03-09T10:00:00Z"
    rows = {
        "unknown product": [order("o-1"), order("o-1", sku="ghost")],
        "bad money": [order("o-2"), order("o-2", sku="box", paid_fen="x")],
        "two buyers": [order("o-3"), order("o-3", sku="box", buyer_code="b-2")],
        "two promoters": [order("o-4"), order("o-4", sku="box", promoter_code="")],
        "two payments": [order("o-5"), order("o-5", sku="box", paid_at=later)],
        "two deliveries": [order("o-6"), order("o-6", sku="box", delivered_at=later)],
        "two campaigns": [order("o-7"), order("o-7", sku="box", utm_campaign="618")],
        "a sku twice": [order("o-8"), order("o-8", quantity=2)],
        "a torn row": [order("o-9"), "o-9,b-1,p-1,box"],
    }
    flat = [row for pair in rows.values() for row in pair]
    directory = directory_of(
        tmp_path / "in", products=PRODUCTS, promoters=PROMOTERS, orders=[*flat[::2], order("good"), *flat[1::2]]
    )
    report = await loaded(directory)
    assert report.counts["orders"] == Counts(loaded=1, rejected=len(flat))
    assert sorted(row for *_, row in rejected_rows(rejected)) == sorted(flat)
    assert await query("MATCH (o:Order) RETURN o.number AS number") == [{"number": "good"}]


async def test_repeated_rows_are_unchanged_and_other_content_under_a_key_is_rejected(
    loaded: Load, rejected: Path, tmp_path: Path
) -> None:
    directory = directory_of(
        tmp_path / "in",
        products=[*PRODUCTS, PRODUCTS[0], "tea,绿茶,10000,2000"],
        promoters=[*PROMOTERS, *PROMOTERS, "p-1,李芳芳,,,2026-01-01T00:00:00Z,,"],
        touches=["b,p-1,2026-01-02T00:00:00Z,t", "b,p-1,2026-01-02T08:00:00+08:00,t", "c,p-1,2026-01-02T00:00:00Z,t"],
        identifiers=["p-1,DEVICE,d", "p-1,DEVICE,d"],
        orders=[order("o-1"), order("o-1")],
    )
    report = await loaded(directory)
    assert report.counts == {
        "promoters": Counts(loaded=1, unchanged=1, rejected=1),
        "products": Counts(loaded=2, unchanged=1, rejected=1),
        "orders": Counts(loaded=1, unchanged=1),
        "identifiers": Counts(loaded=1, unchanged=1),
        "touches": Counts(loaded=1, unchanged=1, rejected=1),
    }
    assert {code for _, _, code, _, _ in rejected_rows(rejected)} == {"CONFLICT"}
    again = directory_of(tmp_path / "again", orders=[order("o-1", paid_fen=9_999)])
    assert (await loaded(again)).counts["orders"] == Counts(rejected=1)


async def test_a_referrer_may_come_later_and_an_unknown_one_rejects_everybody_below(
    loaded: Load, rejected: Path, query: Query, tmp_path: Path
) -> None:
    at = "2026-01-01T00:00:00Z"
    directory = directory_of(
        tmp_path / "in",
        promoters=[
            f"c,,,b,{at},,",
            f"b,,,a,{at},,",
            f"a,,,,{at},,",
            f"z,,,y,{at},,",
            f"y,,,ghost,{at},,",
            f"x,,,w,{at},,",
            f"w,,,,{at},GOLD,",
        ],
    )
    report = await loaded(directory)
    assert report.counts["promoters"] == Counts(loaded=3, rejected=4)
    assert await referrals(query) == {"c": "b", "b": "a"}
    told = {row.split(",")[0]: code for _, _, code, _, row in rejected_rows(rejected)}
    assert told == {"z": "NOT_FOUND", "y": "NOT_FOUND", "x": "NOT_FOUND", "w": "INVALID"}


async def test_rows_on_a_cycle_are_quarantined_and_who_hangs_below_loads(
    loaded: Load, query: Query, tmp_path: Path
) -> None:
    at = "2026-01-01T00:00:00Z"
    pairs = [("a", "c"), ("b", "a"), ("c", "b"), ("self", "self"), ("below", "b"), ("deeper", "below"), ("root", "")]
    directory = directory_of(tmp_path / "in", promoters=[f"{code},,,{referrer},{at},," for code, referrer in pairs])
    report = await loaded(directory)
    assert report.counts["promoters"] == Counts(loaded=3, quarantined=4)
    assert report.exit_status == 3
    assert await referrals(query) == {"below": "b", "deeper": "below"}
    assert await claims(query) == {"a": "c", "b": "a", "c": "b", "self": "self"}
    again = await loaded(directory)
    assert again.counts["promoters"] == Counts(unchanged=3, quarantined=4)


async def test_a_cycle_that_closes_through_the_store_is_quarantined(loaded: Load, query: Query, tmp_path: Path) -> None:
    at = "2026-01-01T00:00:00Z"
    await loaded(directory_of(tmp_path / "one", promoters=[f"a,,,,{at},,", f"b,,,a,{at},,", f"c,,,b,{at},,"]))
    report = await loaded(directory_of(tmp_path / "two", promoters=[f"a,,,d,{at},,", f"d,,,c,{at},,"]))
    assert report.counts["promoters"] == Counts(quarantined=2)
    assert await referrals(query) == {"b": "a", "c": "b"}
    assert await claims(query) == {"a": "d", "d": "c"}


async def test_a_load_that_stopped_before_its_claims_keeps_them_when_run_again(
    loaded: Load, query: Query, tmp_path: Path
) -> None:
    at = "2026-01-01T00:00:00Z"
    directory = directory_of(tmp_path / "in", promoters=[f"a,,,b,{at},,", f"b,,,a,{at},,"])
    await loaded(directory)
    await query("MATCH ()-[r:CLAIMED_REFERRAL]->() DELETE r")
    report = await loaded(directory)
    assert report.counts["promoters"] == Counts(quarantined=2)
    assert await claims(query) == {"a": "b", "b": "a"}


async def test_a_tree_that_is_too_deep_is_cut_where_it_is(loaded: Load, rejected: Path, tmp_path: Path) -> None:
    at = "2026-01-01T00:00:00Z"
    chain = [f"p-{n},,,{f'p-{n - 1}' if n else ''},{at},," for n in range(1_003)]
    report = await loaded(directory_of(tmp_path / "in", promoters=chain[::-1]))
    assert report.counts["promoters"] == Counts(loaded=1_001, rejected=2)
    codes = {row.split(",")[0]: code for _, _, code, _, row in rejected_rows(rejected)}
    assert codes == {"p-1001": "TOO_MANY_LEVELS", "p-1002": "NOT_FOUND"}


async def everything(store: Store, pii: Pii, query: Query, into: Path) -> tuple[dict[str, bytes], list[object]]:
    """The export, and what it does not show: entries and own sales by month."""
    await export(store, pii, into)
    entries = await query(
        "MATCH (p:Promoter)-[:EARNED]->(c) OPTIONAL MATCH (o:Order)-[:YIELDED]->(c) WITH p, o, c.kind AS kind,"
        " c.sku AS sku, c.level AS level, sum(c.amount_fen) AS fen WHERE fen <> 0"
        " RETURN p.code AS code, o.number AS number, kind, sku, level, fen ORDER BY code, number, kind, sku, level"
    )
    months = await query(
        "MATCH (s:SalesMonth) RETURN s.promoter_code AS code, s.month AS month, s.orders AS orders,"
        " s.volume_fen AS volume_fen, s.refunded_fen AS refunded_fen ORDER BY code, month"
    )
    return contents(into), [entries, months]


async def test_shuffled_rows_and_other_forms_give_the_same_end(
    store: Store, pii: Pii, loaded: Load, query: Query, tmp_path: Path, wipe: Callable[[], Awaitable[None]]
) -> None:
    plain = small(tmp_path / "plain")
    await loaded(plain)
    expected = await everything(store, pii, query, tmp_path / "out")
    forms = [shuffled(plain, tmp_path / f"shuffled-{seed}", seed=seed) for seed in range(3)]
    forms += [packed(plain, tmp_path / "packed"), as_parquet(plain, tmp_path / "parquet")]
    for form in forms:
        await wipe()
        assert (await loaded(form)).exit_status == 0
        assert await everything(store, pii, query, tmp_path / f"{form.name}-out") == expected, form.name


def packed(source: Path, target: Path) -> Path:
    target.mkdir()
    for path in source.glob("*.csv"):
        (target / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    return target


def as_parquet(source: Path, target: Path) -> Path:
    target.mkdir()
    for path in source.glob("*.csv"):
        frame = polars.read_csv(path, infer_schema=path.stem != "promoters", try_parse_dates=path.stem == "touches")
        frame.write_parquet(target / f"{path.stem}.parquet")
    return target


@pytest.mark.parametrize("stop_at", [1, 2, 3])
async def test_a_load_that_stopped_goes_on_where_it_was(
    store: Store,
    pii: Pii,
    loaded: Load,
    query: Query,
    tmp_path: Path,
    wipe: Callable[[], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
    stop_at: int,
) -> None:
    directory = small(tmp_path / "in")
    monkeypatch.setattr(orders, "BATCH_ROWS", 1)
    await loaded(directory)
    expected = await everything(store, pii, query, tmp_path / "out")
    await wipe()
    recorded = 0

    def stop(what: str, done: int, total: int) -> None:
        nonlocal recorded
        recorded = done if what == "loading orders" else 0
        if recorded == stop_at:
            raise ConnectionError("pulled the plug")

    with pytest.raises(ConnectionError):
        await load(store, pii, directory, rejected=tmp_path / "rejected.csv", now=NOW, progress=stop)
    report = await loaded(directory)
    assert report.counts["orders"] == Counts(loaded=4 - stop_at, unchanged=stop_at)
    assert await everything(store, pii, query, tmp_path / "again") == expected


async def test_a_file_that_breaks_half_way_stops_with_what_came_before_and_can_be_run_again(
    loaded: Load, tmp_path: Path
) -> None:
    directory = tmp_path / "in"
    directory.mkdir()
    rows = "\n".join([HEADERS["products"], *(f"sku-{n},茶 {n},{n},2000" for n in range(9_000))])
    whole = gzip.compress(rows.encode())
    (directory / "products.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"products\.csv\.gz"):
        await loaded(directory)
    (directory / "products.csv.gz").write_bytes(whole)
    report = await loaded(directory)
    counts = report.counts["products"]
    assert counts.loaded + counts.unchanged == 9_000
    assert counts.unchanged > 0


async def test_a_place_for_rejected_rows_that_does_not_exist_is_told_before_anything_is_loaded(
    store: Store, pii: Pii, tmp_path: Path
) -> None:
    directory = small(tmp_path / "in")
    with pytest.raises(SourceError, match="no such directory"):
        await load(store, pii, directory, rejected=tmp_path / "absent" / "rejected.csv", now=NOW)
    assert (await store.observe_head()).seq == 0
