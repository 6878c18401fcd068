"""What is written can be read again, and gives the same bytes."""

from __future__ import annotations

import csv
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import loaders.export
from cypher.store import Store
from graph_api.actions import identifiers, orders, products, promoters
from graph_api.actions.identifiers import Identification
from graph_api.actions.orders import NewLine, NewOrder
from graph_api.actions.products import NewProduct
from graph_api.actions.promoters import Enrolment
from graph_api.pii import Pii
from graph_api.rules.calendar import instant
from loaders.export import export
from loaders.load import load
from tests.loaders.directories import NOW, REAL_DATA, contents, directory_of, shuffled, small

AT = instant("2026-03-01T00:00:00Z")
Wipe = Callable[[], Awaitable[None]]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


async def test_files_have_the_format_s_columns_in_key_order_and_canonical_form(
    store: Store, pii: Pii, tmp_path: Path
) -> None:
    await load(store, pii, small(tmp_path / "in"), now=NOW)
    written = await export(store, pii, tmp_path / "out")
    assert written == {"promoters": 4, "products": 2, "orders": 5, "identifiers": 4, "touches": 2}
    out = {name: content.decode() for name, content in contents(tmp_path / "out").items()}
    assert out == {
        "promoters.csv": "code,name,phone,referrer_code,joined_at,rank,status\n"
        "p-1,李芳,12000000001,,2026-01-01T00:00:00Z,ELITE,ACTIVE\n"
        'p-2,"=HYPERLINK(""x"")",,p-1,2026-01-02T00:00:00.250000Z,SENIOR,ACTIVE\n'
        "p-3,王小明,12000000003,p-2,2026-01-03T00:00:00Z,PROMOTER,ACTIVE\n"
        "p-4,,,p-3,2026-01-04T00:00:00Z,PROMOTER,CLOSED\n",
        "products.csv": 'sku,title,price_fen,commission_bp\nbox,"礼盒, ""大""",398000,1500\ntea,茶,10000,2000\n',
        "orders.csv": "order_number,buyer_code,promoter_code,sku,quantity,paid_fen,paid_at,delivered_at,refunded_fen,"
        "refunded_at,utm_source,utm_medium,utm_campaign\n"
        "o-1,b-1,p-3,tea,1,10000,2026-03-01T10:00:00Z,2026-03-03T10:00:00Z,,,wechat,,\n"
        "o-2,b-2,p-3,box,1,10000,2026-03-02T10:00:00Z,,3333,2026-03-05T10:00:00Z,,,\n"
        "o-2,b-2,p-3,tea,1,10000,2026-03-02T10:00:00Z,,,,,,\n"
        "o-3,b-3,,tea,1,10000,2026-03-04T10:00:00Z,,,,,,\n"
        "o-4,p-2,p-3,tea,1,0,2026-03-04T10:00:00Z,,,,,,\n",
        "identifiers.csv": "code,kind,value\n"
        "b-9,DEVICE,d-1\np-2,ADDRESS,路 1 号\np-3,DEVICE,d-1\np-3,PAYOUT_ACCOUNT,wx-1\n",
        "touches.csv": "buyer_code,promoter_code,at,key\n"
        "b-3,p-3,2026-02-20T00:00:00Z,t-1\nb-3,p-2,2026-02-21T00:00:00Z,t-2\n",
    }


@pytest.mark.parametrize("page_rows", [1, 2, 5_000])
async def test_exported_imported_and_exported_again_is_the_same_byte_for_byte(
    store: Store, pii: Pii, tmp_path: Path, wipe: Wipe, monkeypatch: pytest.MonkeyPatch, page_rows: int
) -> None:
    monkeypatch.setattr(loaders.export, "PAGE_ROWS", page_rows)
    await load(store, pii, small(tmp_path / "in"), now=NOW)
    await lived_through(store, pii)
    await export(store, pii, tmp_path / "one")
    for again in (tmp_path / "one", shuffled(tmp_path / "one", tmp_path / "shuffled", seed=1)):
        await wipe()
        report = await load(store, pii, again, now=NOW + 1)
        assert sum(counts.rejected for counts in report.counts.values()) == 0
        await export(store, pii, tmp_path / f"{again.name}-two")
        assert contents(tmp_path / f"{again.name}-two") == contents(tmp_path / "one")


async def test_an_export_loads_into_its_own_store_and_changes_nothing(store: Store, pii: Pii, tmp_path: Path) -> None:
    await load(store, pii, small(tmp_path / "in"), now=NOW)
    await lived_through(store, pii)
    await export(store, pii, tmp_path / "out")
    head = (await store.observe_head()).seq
    report = await load(store, pii, tmp_path / "out", now=NOW + 1, rejected=tmp_path / "rejected.csv")
    assert all(counts.loaded == counts.rejected == 0 for counts in report.counts.values()), report
    assert (await store.observe_head()).seq == head


async def lived_through(store: Store, pii: Pii) -> None:
    """What happens to a store after an import: new people, lines in any order, refunds, a cancellation, a cycle's claim."""
    by = {"actor": "test", "now": NOW}
    rows = [Enrolment("n-1", phone="12000000003"), Enrolment("n-2", referrer_code="n-1", joined_at=AT)]
    rows += [Enrolment("n-4", joined_at=AT, status="LOCKED")]
    await promoters.enrol(store, pii, rows, **by)  # type: ignore[arg-type]
    await promoters.enrol(store, pii, [Enrolment("n-3", claimed_referrer_code="n-3")], **by)  # type: ignore[arg-type]
    await promoters.claim(store, [("n-3", "n-3")], **by)  # type: ignore[arg-type]
    await promoters.move(store, promoter_code="p-4", referrer_code="n-2", reason="家人", at=None, key=None, **by)  # type: ignore[arg-type]
    await identifiers.link(store, pii, [Identification("p-1", "PHONE", "12000000003")], **by)  # type: ignore[arg-type]
    await products.upsert(store, NewProduct("tea", "绿茶", 12_000, 2500), **by)  # type: ignore[arg-type]
    lines = (NewLine("tea", 1, 5_000), NewLine("box", 1, 7_000))
    await orders.record(store, [NewOrder(f"n-{n}", "b-1", "n-2", lines, AT + n) for n in range(3)], **by)  # type: ignore[arg-type]
    await orders.refund(store, number="n-0", key="r", sku=None, refund_fen=1_001, at=AT + 10, **by)  # type: ignore[arg-type]
    await orders.refund(store, number="n-1", key="s", sku="box", refund_fen=7_000, at=AT + 10, **by)  # type: ignore[arg-type]
    await orders.advance(store, number="n-1", status="CANCELLED", at=AT + 20, **by)  # type: ignore[arg-type]
    await orders.advance(store, number="n-2", status="DELIVERED", at=AT + 20, **by)  # type: ignore[arg-type]


def readable_by_others(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.stat().st_mode & 0o077]


async def test_an_empty_store_gives_headers_and_no_touches(store: Store, pii: Pii, tmp_path: Path) -> None:
    directory_of(tmp_path, touches=["left,over,2026-01-01T00:00:00Z,t"])
    await export(store, pii, tmp_path)
    assert sorted(contents(tmp_path)) == ["identifiers.csv", "orders.csv", "products.csv", "promoters.csv"]
    assert all(content.count(b"\n") == 1 for content in contents(tmp_path).values())
    assert readable_by_others(tmp_path) == []


async def test_an_export_that_fails_leaves_the_earlier_files_whole(store: Store, pii: Pii, tmp_path: Path) -> None:
    await load(store, pii, small(tmp_path / "in"), now=NOW)
    await export(store, pii, tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(ValueError, match="cannot open"):
        await export(store, Pii.from_secret("another secret, which opens nothing"), tmp_path / "out")
    assert contents(tmp_path / "out") == before


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="the shared real data is not here")
async def test_a_real_network_comes_out_as_it_went_in(store: Store, pii: Pii, tmp_path: Path) -> None:
    given = part_of_real_data(tmp_path / "in", orders=8_000)
    assert (await load(store, pii, given, now=NOW)).exit_status == 0
    await export(store, pii, tmp_path / "out")

    def comparable(path: Path) -> list[dict[str, str]]:
        rows = [{"rank": "PROMOTER", "status": "ACTIVE"} | row if "joined_at" in row else row for row in table(path)]
        return sorted(rows, key=lambda row: tuple(row.values())[::-1])

    for name in ("promoters.csv", "products.csv", "orders.csv"):
        assert comparable(tmp_path / "out" / name) == comparable(given / name)


def part_of_real_data(path: Path, *, orders: int) -> Path:
    path.mkdir()
    for file in REAL_DATA.glob("*.csv"):
        lines = file.read_text("utf-8").splitlines(keepends=True)
        (path / file.name).write_text("".join(lines[: orders + 1]), "utf-8")
    return path
