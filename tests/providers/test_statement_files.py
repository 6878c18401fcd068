"""Files of what a provider paid: read to the last line, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_api.providers.statement_files import NotUnderstood, lines_of
from graph_api.rules.calendar import instant
from graph_api.rules.reconciliation import Line

HEADING = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号"
SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
PAID = "`2026-03-20 10:00:00,`W1,`F1,`商家转账,`商家转账,`支出,`200.05,`1.00,`system,`佣金,`k1"
FEE = "`2026-03-20 10:00:01,`W2,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.60,`1.00,`system,`,`T2"
SALE = "`2026-03-20 10:00:02,`W3,`F3,`交易,`交易,`收入,`88,`1.00,`system,`,`T3"
BACK = "`2026-03-21 09:00:00,`W4,`F4,`商家转账退款,`转账退款,`收入,`200.05,`1.00,`system,`,`k1"
NOT_TOLD = instant("2026-03-01T00:00:00+08:00")


def bill(*rows: str, sums: str, heading: str = HEADING) -> str:
    return "\n".join(["\ufeff" + heading, *rows, SUMS, sums]) + "\n"


def read(tmp_path: Path, text: str | bytes, provider: str = "wechat") -> list[Line]:
    path = tmp_path / "bill.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return lines_of(provider, path, otherwise_at=NOT_TOLD)


def test_transfers_of_a_fund_flow_bill_are_read_to_the_fen(tmp_path: Path) -> None:
    lines = read(tmp_path, bill(PAID, FEE, SALE, BACK, sums="`4.0,`2.0,`288.05,`2.0,`200.65"))
    assert lines == [
        Line("k1", "W1", True, 20_005, instant("2026-03-20T10:00:00+08:00"), "bill.csv:2"),
        Line("k1", "W4", True, -20_005, instant("2026-03-21T09:00:00+08:00"), "bill.csv:5"),
    ]
    wide = HEADING.replace("(", "（").replace(")", "）")
    assert len(read(tmp_path, bill(PAID, sums="`1,`0,`0.00,`1,`200.05", heading=wide))) == 1
    assert read(tmp_path, bill(sums="`0,`0,`0.00,`0,`0.00")) == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no fund flow bill"),
        ("a,b\n1,2\n", "heading"),
        (HEADING + "\n" + PAID + "\n", "ends without"),
        (HEADING + "\n" + PAID + "\n" + SUMS + "\n", "no fund flow bill"),
        (bill(PAID, sums="`2,`0,`0.00,`2,`400.10"), "missing or changed"),
        (bill(PAID, sums="`1,`0,`0.00,`1,`200.06"), "missing or changed"),
        (bill(PAID, sums="`x,`0,`0.00,`1,`200.05"), "number of lines"),
        (bill(PAID, sums="`1,`0"), "unpack"),
        (bill(PAID, sums="`1,`0,`0.00,`1,`200.05") + PAID, "follows"),
        (bill(PAID.replace("200.05", "200.055"), sums="`1,`0,`0.00,`1,`200.05"), "amount"),
        (bill(PAID.replace("200.05", "-200.05"), sums="`1,`0,`0.00,`1,`200.05"), "amount"),
        (bill(PAID.replace("200.05", "２００"), sums="`1,`0,`0.00,`1,`200.05"), "amount"),
        (bill(PAID.replace("支出", "冻结"), sums="`1,`0,`0.00,`1,`200.05"), "neither"),
        (bill(PAID.replace("03-20", "02-30"), sums="`1,`0,`0.00,`1,`200.05"), "line 2"),
        (bill(PAID.replace("`k1", "`").replace("`W1", "`"), sums="`1,`0,`0.00,`1,`200.05"), "without a number"),
        (bill('"`2026', sums="`1,`0,`0.00,`1,`200.05"), "bill.csv"),
        (bill("`2026-03-20 10:00:00,`W1", sums="`1,`0,`0.00,`1,`200.05"), "bill.csv"),
        (b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_a_bill_that_is_not_understood_is_believed_in_nothing(tmp_path: Path, text: str | bytes, word: str) -> None:
    with pytest.raises(NotUnderstood, match=word):
        read(tmp_path, text)


def test_every_line_of_a_bank_result_is_told_even_twice(tmp_path: Path) -> None:
    text = "key,result,net_fen,at,reference\nk1,PAID,5,2026/3/2 10:00,R1\nk1,PAID,5,2026/3/2 10:00,R2\nk2,FAILED,,,\n"
    assert read(tmp_path, text, "bank_file") == [
        Line("k1", "R1", True, 5, instant("2026-03-02T10:00:00+08:00"), "bill.csv:2"),
        Line("k1", "R2", True, 5, instant("2026-03-02T10:00:00+08:00"), "bill.csv:3"),
        Line("k2", "", False, None, NOT_TOLD, "bill.csv:4"),
    ]
    with pytest.raises(NotUnderstood, match="line 2"):
        read(tmp_path, "key,result\nk1,MAYBE\n", "bank_file")
