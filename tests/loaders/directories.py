"""Import directories for tests, written by hand in the format of interfaces.md."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path

HEADERS = {
    "promoters": "code,name,phone,referrer_code,joined_at,rank,status",
    "products": "sku,title,price_fen,commission_bp",
    "orders": "order_number,buyer_code,promoter_code,sku,quantity,paid_fen,paid_at,delivered_at,"
    "refunded_fen,refunded_at,utm_source,utm_medium,utm_campaign",
    "identifiers": "code,kind,value",
    "touches": "buyer_code,promoter_code,at,key",
}
REAL_DATA = Path(__file__).parents[2].parent / "shared" / "data" / "otc-cdnow"
NOW = 1_800_000_000_000_000


def directory_of(path: Path, **files: str | Iterable[str]) -> Path:
    """A directory whose files hold the given rows under their headers."""
    path.mkdir(parents=True, exist_ok=True)
    for subject, rows in files.items():
        lines = [rows] if isinstance(rows, str) else list(rows)
        (path / f"{subject}.csv").write_text("\n".join([HEADERS[subject], *lines]) + "\n", "utf-8", newline="")
    return path


def order(number: str, **told: object) -> str:
    """A row of orders.csv that is good unless told otherwise."""
    row: dict[str, object] = {
        "buyer_code": "b-1",
        "promoter_code": "p-1",
        "sku": "tea",
        "quantity": 1,
        "paid_fen": 10_000,
        "paid_at": "2026-03-01T10:00:00Z",
    }
    row |= told
    return ",".join([number, *(str(row.get(column, "")) for column in HEADERS["orders"].split(",")[1:])])


def small(path: Path) -> Path:
    """A little of everything: a tree, two products, orders of several lines, refunds, touches, identifiers."""
    return directory_of(
        path,
        products=["tea,茶,10000,2000", 'box,"礼盒, ""大""",398000,1500'],
        promoters=[
            "p-3,王小明,12000000003,p-2,2026-01-03T08:00:00+08:00,,",
            "p-1,李芳,12000000001,,2026-01-01T00:00:00Z,ELITE,",
            'p-2,"=HYPERLINK(""x"")",,p-1,2026-01-02T00:00:00.250Z,SENIOR,ACTIVE',
            "p-4,,,p-3,2026-01-04T00:00:00Z,,CLOSED",
        ],
        touches=["b-3,p-3,2026-02-20T00:00:00Z,t-1", "b-3,p-2,2026-02-21T00:00:00Z,t-2"],
        identifiers=["p-3,PAYOUT_ACCOUNT,wx-1", "b-9,DEVICE,d-1", "p-3,DEVICE,d-1", "p-2,ADDRESS,路 1 号"],
        orders=[
            order("o-2", sku="tea", buyer_code="b-2", promoter_code="p-3", paid_at="2026-03-02T10:00:00Z"),
            order("o-1", sku="tea", promoter_code="p-3", delivered_at="2026-03-03T10:00:00Z", utm_source="wechat"),
            order(
                "o-2",
                sku="box",
                buyer_code="b-2",
                promoter_code="p-3",
                paid_at="2026-03-02T10:00:00Z",
                refunded_fen=3_333,
                refunded_at="2026-03-05T10:00:00Z",
            ),
            order("o-3", buyer_code="b-3", promoter_code="", paid_at="2026-03-04T10:00:00Z"),
            order("o-4", buyer_code="p-2", promoter_code="p-3", paid_at="2026-03-04T10:00:00Z", paid_fen=0),
        ],
    )


def shuffled(source: Path, target: Path, *, seed: int) -> Path:
    """The same files with their rows in another order."""
    target.mkdir()
    for path in source.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            header, *rows = csv.reader(stream)
        random.Random(seed).shuffle(rows)
        with (target / path.name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([header, *rows])
    return target


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}


def rejected_rows(path: Path) -> list[tuple[str, int, str, str, str]]:
    """(file, line, code, reason, row) of each rejected row, in the order of the files' lines."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["file", "line", "code", "reason", "row"]
    return sorted((file, int(line), code, reason, row) for file, line, code, reason, row in rows)
