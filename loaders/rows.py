"""Rows as typed values: every check that needs nothing but the row itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from graph_api.actions.identifiers import Identification
from graph_api.actions.orders import QUANTITY_MAX
from graph_api.actions.products import NewProduct
from graph_api.actions.promoters import STATUSES, Enrolment
from graph_api.actions.touches import NewTouch
from graph_api.errors import Invalid, OutOfBounds, OverRefund
from graph_api.rules.calendar import instant
from graph_api.rules.codes import IDENTIFIER_KINDS, code_error, text_error
from graph_api.rules.money import FEN_MAX
from graph_api.rules.plan import RANKS, Rank

_WHOLE = re.compile(r"[0-9]{1,19}")


class OrderRow(NamedTuple):
    """One line of an order, with what its order says on every line."""

    number: str
    buyer_code: str
    promoter_code: str | None
    sku: str
    quantity: int
    paid_fen: int
    paid_at: int
    delivered_at: int | None
    refunded_fen: int
    refunded_at: int | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None

    @property
    def order(self) -> tuple[object, ...]:
        """What all lines of one order must agree on."""
        return (*self[:3], self.paid_at, self.delivered_at, *self[10:])


def product(values: list[str]) -> NewProduct:
    sku, title, price_fen, commission_bp = values
    return NewProduct(
        code(sku, "sku"),
        text(title, "title", required=True) or "",
        whole(price_fen, "price_fen", most=FEN_MAX),
        whole(commission_bp, "commission_bp", most=10_000),
    )


def promoter(values: list[str]) -> Enrolment:
    code_, name, phone, referrer_code, joined_at, rank, status = values
    if rank and rank not in RANKS:
        raise Invalid(f"rank must be one of {', '.join(RANKS)}")
    if status and status not in STATUSES:
        raise Invalid(f"status must be one of {', '.join(STATUSES)}")
    return Enrolment(
        code=code(code_, "code"),
        name=text(name, "name"),
        phone=text(phone, "phone"),
        referrer_code=code(referrer_code, "referrer_code") if referrer_code else None,
        joined_at=at(joined_at, "joined_at") if joined_at else None,
        rank=Rank(rank) if rank else None,
        status=status or None,
    )


def touch(values: list[str]) -> NewTouch:
    buyer_code, promoter_code, at_, key = values
    return NewTouch(
        buyer_code=code(buyer_code, "buyer_code"),
        promoter_code=code(promoter_code, "promoter_code"),
        at=at(at_, "at"),
        key=code(key, "key"),
    )


def identification(values: list[str]) -> Identification:
    code_, kind, value = values
    if kind not in IDENTIFIER_KINDS:
        raise Invalid(f"kind must be one of {', '.join(IDENTIFIER_KINDS)}")
    return Identification(code(code_, "code"), kind, text(value, "value", required=True) or "")


def order_row(values: list[str]) -> OrderRow:
    row = OrderRow(
        number=code(values[0], "order_number"),
        buyer_code=code(values[1], "buyer_code"),
        promoter_code=code(values[2], "promoter_code") if values[2] else None,
        sku=code(values[3], "sku"),
        quantity=whole(values[4], "quantity", least=1, most=QUANTITY_MAX),
        paid_fen=whole(values[5], "paid_fen", most=FEN_MAX),
        paid_at=at(values[6], "paid_at"),
        delivered_at=at(values[7], "delivered_at") if values[7] else None,
        refunded_fen=whole(values[8], "refunded_fen", most=FEN_MAX) if values[8] else 0,
        refunded_at=at(values[9], "refunded_at") if values[9] else None,
        utm_source=text(values[10], "utm_source"),
        utm_medium=text(values[11], "utm_medium"),
        utm_campaign=text(values[12], "utm_campaign"),
    )
    if row.refunded_fen > row.paid_fen:
        raise OverRefund(f"refunded_fen {row.refunded_fen} is more than paid_fen {row.paid_fen}")
    if row.refunded_fen and row.refunded_at is None:
        raise Invalid("refunded_at is missing: refunded_fen is not 0")
    if row.delivered_at is not None and row.delivered_at < row.paid_at:
        raise Invalid("delivered_at lies before paid_at")
    return row


PARSERS: Mapping[str, Callable[[list[str]], object]] = {
    "products": product,
    "promoters": promoter,
    "touches": touch,
    "identifiers": identification,
    "orders": order_row,
}


def code(value: str, column: str) -> str:
    error = code_error(value, field=column)
    if error is not None:
        raise error
    return value


def text(value: str, column: str, *, required: bool = False) -> str | None:
    error = text_error(value, field=column, required=required)
    if error is not None:
        raise error
    return value or None


def whole(value: str, column: str, *, least: int = 0, most: int) -> int:
    """A number of ASCII digits and nothing else: no sign, point, exponent, space or digit of another script.

    >>> whole("0012", "paid_fen", most=FEN_MAX)
    12
    """
    if _WHOLE.fullmatch(value) is None:
        shown = repr(value[:40]) if value else "nothing"
        raise Invalid(f"{column} must be a whole number, not {shown}")
    number = int(value)
    if not least <= number <= most:
        raise OutOfBounds(f"{column} must lie in {least}-{most}")
    return number


def at(value: str, column: str) -> int:
    try:
        return instant(value)
    except ValueError as error:
        raise Invalid(f"{column}: {error}") from None
