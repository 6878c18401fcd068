"""What a row must be before anything is asked of the store."""

from __future__ import annotations

import pytest

from graph_api.errors import DomainError
from loaders import rows
from tests.loaders.directories import order

FEN_MAX = 2**63 - 1


def code_of(error_code: str, parse: object, row: str) -> str:
    with pytest.raises(DomainError) as refusal:
        parse(row.split(","))  # type: ignore[operator]
    assert refusal.value.code == error_code
    return refusal.value.message


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.0", "1.5", "1e3", "０", "１２", "٣", " 1", "1 ", "1_000", "0x1", "½"]
)
@pytest.mark.parametrize("column", ["paid_fen", "quantity"])
def test_money_and_quantity_are_ascii_digits(column: str, text: str) -> None:
    assert column in code_of("INVALID", rows.order_row, order("o-1", **{column: text}))


def test_money_fits_into_64_bits() -> None:
    assert rows.order_row(order("o-1", paid_fen=FEN_MAX).split(",")).paid_fen == FEN_MAX
    code_of("OUT_OF_BOUNDS", rows.order_row, order("o-1", paid_fen=FEN_MAX + 1))
    code_of("INVALID", rows.order_row, order("o-1", paid_fen="9" * 20))


def test_a_quantity_is_at_least_one() -> None:
    code_of("OUT_OF_BOUNDS", rows.order_row, order("o-1", quantity=0))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-01",
        "2026-03-01T10:00:00",
        "2026-03-01 10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T10:00:00+25:00",
        "2026-13-01T10:00:00Z",
        "1772359200",
        "２０２６-03-01T10:00:00Z",
    ],
)
def test_an_unreadable_instant_is_refused(text: str) -> None:
    assert "paid_at" in code_of("INVALID", rows.order_row, order("o-1", paid_at=text))


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+08:00"])
def test_an_instant_at_the_edge_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(DomainError):
        rows.order_row(order("o-1", paid_at=text).split(","))


@pytest.mark.parametrize("code", ["", "x" * 129, " x", "x ", "a\tb", "a\x1bb", "a\u200bb", "a\u202eb"])
def test_a_code_is_1_to_128_printable_characters(code: str) -> None:
    for column in ("buyer_code", "sku"):
        code_of("INVALID", rows.order_row, order("o-1", **{column: code}))
    code_of("INVALID", rows.order_row, order(code))


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("p-1,,,,2026-01-01T00:00:00Z,GOLD,", "rank"),
        ("p-1,,,,2026-01-01T00:00:00Z,senior,", "rank"),
        ("p-1,,,,2026-01-01T00:00:00Z,,GONE", "status"),
        ("p-1,a\x07b,,,2026-01-01T00:00:00Z,,", "name"),
        ("p-1,,,,yesterday,,", "joined_at"),
        (f"p-1,{'长' * 513},,,2026-01-01T00:00:00Z,,", "name"),
    ],
)
def test_a_bad_promoter_is_refused_by_column(row: str, word: str) -> None:
    assert word in code_of("INVALID", rows.promoter, row)


def test_refunds_and_deliveries_must_fit_their_payment() -> None:
    refunded_at = "2026-03-02T10:00:00Z"
    code_of("OVER_REFUND", rows.order_row, order("o-1", refunded_fen=10_001, refunded_at=refunded_at))
    assert "refunded_at" in code_of("INVALID", rows.order_row, order("o-1", refunded_fen=1))
    assert "delivered_at" in code_of("INVALID", rows.order_row, order("o-1", delivered_at="2026-02-28T10:00:00Z"))
    whole = rows.order_row(order("o-1", refunded_fen=10_000, refunded_at=refunded_at).split(","))
    assert whole.refunded_fen == 10_000


def test_an_identifier_has_a_known_kind_and_a_value() -> None:
    assert "kind" in code_of("INVALID", rows.identification, "p-1,EMAIL,a@b")
    assert "value" in code_of("INVALID", rows.identification, "p-1,PHONE,")
