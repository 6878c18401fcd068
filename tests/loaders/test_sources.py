"""Directories and files that cannot be read at all stop a load with a sentence."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import polars
import pytest

from loaders.sources import SourceError, sources
from loaders.table import rows
from tests.loaders.directories import directory_of

PRODUCT = "tea,茶,10000,2000"


def test_files_are_found_in_the_order_they_are_loaded(tmp_path: Path) -> None:
    directory_of(tmp_path, orders=[], promoters=[], products=[], identifiers=[], touches=[])
    (tmp_path / "promoters.csv").rename(tmp_path / "promoters.csv.old")
    (tmp_path / "planted.json").write_text("{}")
    assert list(sources(tmp_path)) == ["products", "touches", "identifiers", "orders"]


def test_every_form_of_a_file_reads_the_same(tmp_path: Path) -> None:
    plain = directory_of(tmp_path / "plain", products=[PRODUCT, 'b,"x, ""y""\nz",0,1500'])
    text = (plain / "products.csv").read_bytes()
    packed, parquet = tmp_path / "packed", tmp_path / "parquet"
    packed.mkdir()
    (packed / "products.csv.gz").write_bytes(gzip.compress(text))
    parquet.mkdir()
    frame = polars.DataFrame(
        {"title": ["茶", 'x, "y"\nz'], "sku": ["tea", "b"], "commission_bp": [2000, 1500], "price_fen": [10_000.0, 0.0]}
    )
    frame.write_parquet(parquet / "products.parquet")
    read = [[row.values for row in rows(sources(place)["products"])] for place in (plain, packed, parquet)]
    assert read[0] == read[1] == read[2] == [["tea", "茶", "10000", "2000"], ["b", 'x, "y"\nz', "0", "1500"]]


def test_an_instant_that_no_calendar_has_names_the_file(tmp_path: Path) -> None:
    shanghai = polars.Series([253_402_300_799_000_000]).cast(polars.Datetime("us", "Asia/Shanghai"))
    polars.DataFrame({"code": ["p-1"], "name": ["李"], "joined_at": shanghai}).write_parquet(
        tmp_path / "promoters.parquet"
    )
    with pytest.raises(SourceError, match=r"promoters\.parquet"):
        all_rows(tmp_path)


def test_columns_may_stand_in_any_order_and_optional_ones_may_be_absent(tmp_path: Path) -> None:
    (tmp_path / "promoters.csv").write_text("joined_at,code,phone,referrer_code,name\n2026-01-01T00:00:00Z,p-1,,,李\n")
    (row,) = rows(sources(tmp_path)["promoters"])
    assert row.values == ["p-1", "李", "", "", "2026-01-01T00:00:00Z", "", ""]


def all_rows(directory: Path) -> None:
    for source in sources(directory).values():
        for _ in rows(source):
            pass


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("products.csv", b"", "is empty"),
        ("products.csv", b"\n\r\n", "is empty"),
        ("products.csv", b"sku,title,price_fen\n", "has no column 'commission_bp'"),
        ("products.csv", b"sku,sku,title,price_fen,commission_bp\n", "has twice 'sku'"),
        ("products.csv", b"sku,title,price_fen,commission_bp,colour\n", "does not know 'colour'"),
        ("products.csv", b"\x00\x01\xff\xfe", "header"),
        ("products.csv", b"a" * (2 << 20), "header"),
        ("products.csv.gz", b"not gzip at all", "cannot be read"),
        ("products.csv.gz", gzip.compress(b"sku,title,price_fen,commission_bp\n" * 9, mtime=0)[:-12], "cut off"),
        ("products.parquet", b"PAR1 not parquet", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_is_not_one_stops_with_its_name_and_why(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as stopped:
        all_rows(tmp_path)
    assert name in str(stopped.value)


def test_a_parquet_file_of_other_columns_stops(tmp_path: Path) -> None:
    polars.DataFrame({"sku": ["a"]}).write_parquet(tmp_path / "products.parquet")
    with pytest.raises(SourceError, match="has no column 'title'"):
        all_rows(tmp_path)


def test_one_file_in_two_forms_stops(tmp_path: Path) -> None:
    directory_of(tmp_path, products=[PRODUCT])
    (tmp_path / "products.csv.gz").write_bytes(gzip.compress((tmp_path / "products.csv").read_bytes()))
    with pytest.raises(SourceError, match="same file twice"):
        sources(tmp_path)


def test_a_directory_in_place_of_a_file_stops(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").mkdir()
    with pytest.raises(SourceError, match="is a directory"):
        sources(tmp_path)


def test_a_dangling_link_stops(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(SourceError, match=r"orders\.csv"):
        sources(tmp_path)


def test_a_missing_directory_and_one_without_files_stop(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such directory"):
        sources(tmp_path / "absent")
    with pytest.raises(SourceError, match="none of"):
        sources(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="not a directory"):
        sources(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_stops(tmp_path: Path) -> None:
    directory_of(tmp_path, products=[PRODUCT])
    (tmp_path / "products.csv").chmod(0)
    with pytest.raises(SourceError, match="cannot be read"):
        sources(tmp_path)
