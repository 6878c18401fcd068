"""A bank's file goes out harmless and its result comes back line by line."""

from __future__ import annotations

import csv
import io

import pytest

from graph_api.providers import Receipt, Transfer
from graph_api.providers.bank_file import BankFile, LineError, rendered, results
from graph_api.rules.calendar import instant

NOW = instant("2026-02-01T00:00:00Z")


def transfer(key: str, **given: object) -> Transfer:
    return Transfer(**{"key": key, "net_fen": 100, "account": "6222", "name": "张三", "remark": "佣金", **given})  # type: ignore[arg-type]


def test_the_file_opens_in_a_spreadsheet() -> None:
    content = b"".join(rendered([transfer("P1", net_fen=123_405, account="6222021234567890123")]))
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.decode("utf-8-sig").split("\r\n") == [
        "key,name,account,net_yuan,net_fen,remark",
        "P1,张三,6222021234567890123,1234.05,123405,佣金",
        "",
    ]


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", '=HYPERLINK("http://x","y")']
)
def test_no_cell_is_a_formula(evil: str) -> None:
    content = b"".join(rendered([transfer("P1", name=evil, account=evil, remark=evil)])).decode("utf-8-sig")
    _, row = csv.reader(io.StringIO(content, newline=""))
    assert [row[index] for index in (1, 2, 5)] == [f"'{evil}"] * 3


@pytest.mark.parametrize("net_fen", [1, 9, 10, 99, 100, 101, 10**15])
def test_yuan_and_fen_are_the_same_money(net_fen: int) -> None:
    content = b"".join(rendered([transfer("P1", net_fen=net_fen)])).decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(content, newline="")))
    assert (int(row["net_yuan"].replace(".", "")), int(row["net_fen"])) == (net_fen, net_fen)
    assert len(row["net_yuan"].split(".")[1]) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_result_becomes_reports(encoding: str) -> None:
    text = (
        "Key,RESULT,at,reason,net_fen,银行备注\r\n"
        "P1,PAID,2026-01-31 16:00:01,,100,好\r\n"
        "P2, failed ,2026-01-31T16:00:01+08:00,户名不符,,\r\n"
        "\r\n"
        "P3,PAID,2026/1/31,,,\r\n"
        "P4,PAID,,,,\r\n"
    )
    reports, errors = results(text.encode(encoding), now=NOW)
    assert errors == []
    assert [(r.key, r.receipt, r.at, r.reason, r.net_fen) for r in reports] == [
        ("P1", Receipt.PAID, instant("2026-01-31T16:00:01+08:00"), None, 100),
        ("P2", Receipt.FAILED, instant("2026-01-31T16:00:01+08:00"), "户名不符", None),
        ("P3", Receipt.PAID, instant("2026-01-31T00:00:00+08:00"), None, None),
        ("P4", Receipt.PAID, NOW, None, None),
    ]


def test_a_bad_line_is_told_and_the_others_count() -> None:
    lines = [
        "key,result,at,net_fen",
        "P1,PAID,,",
        "P-2,PAID,,",
        "P3,DONE,,",
        "P4,PAID,yesterday,",
        "P5,PAID,,1.00",
        "P6",
    ]
    lines += ["P7,PAID,2026-02-30,", "P8,PAID,,"]
    reports, errors = results("\n".join(lines).encode(), now=NOW)
    assert [report.key for report in reports] == ["P1", "P8"]
    assert [(error.line, error.key) for error in errors] == [
        (3, "P-2"),
        (4, "P3"),
        (5, "P4"),
        (6, "P5"),
        (7, "P6"),
        (8, "P7"),
    ]


def test_a_key_with_two_results_is_believed_in_neither() -> None:
    reports, errors = results(b"key,result\nP1,PAID\nP2,PAID\nP1,FAILED\nP2,PAID\n", now=NOW)
    assert [report.key for report in reports] == ["P2"]
    assert errors == [LineError(4, "P1", "contradicts line 2; neither is believed")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no column key and result"),
        (b"key,status\nP1,PAID\n", "no column result"),
        (b"\xff\xff\xff", "neither UTF-8 nor GB18030"),
        (b'key,result\nP1,"PAID\n', "no CSV"),
    ],
)
def test_what_is_no_result_is_refused_whole(content: bytes, told: str) -> None:
    reports, errors = results(content, now=NOW)
    assert reports == []
    assert len(errors) == 1
    assert told in errors[0].message


async def test_only_the_result_file_tells() -> None:
    bank = BankFile(lambda: NOW)
    assert (await bank.send(transfer("P1"))).receipt is Receipt.ACCEPTED
    assert (await bank.query(transfer("P1"))).receipt is Receipt.UNKNOWN
    await bank.close()
