"""Orders of a file: rows of one number make one order, wherever they stand; orders are recorded in the order of payment.

So a shuffled file gives the same end, and an order is never recorded in part: if one of its rows is bad, all are rejected.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice
from operator import attrgetter

from graph_api.actions import orders
from graph_api.actions.orders import LINES_MAX, LineRefund, NewLine, NewOrder
from graph_api.errors import Conflict, DomainError, Invalid, OutOfBounds, OverRefund
from graph_api.rules.codes import code_error
from loaders.loading import BATCH_ROWS, Loading
from loaders.rows import OrderRow, order_row
from loaders.sources import COLUMNS, Source
from loaders.spool import batches, fill, spool
from loaders.table import rows

TABLE = f"CREATE TABLE lines (line INTEGER PRIMARY KEY, raw BLOB, problem, {', '.join(COLUMNS['orders'])})"
NUMBER = COLUMNS["orders"].index("order_number")
GROUPED = """
SELECT lines.* FROM
(SELECT order_number, min(paid_at) AS first_at FROM lines GROUP BY order_number) AS heads
CROSS JOIN lines USING (order_number)
ORDER BY heads.first_at, heads.order_number, lines.line
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A row set aside; with a problem, nothing of `row` but the number can be trusted."""

    line: int
    raw: bytes
    problem: str | None
    row: OrderRow

    @property
    def number(self) -> str:
        return self.row.number


@dataclass(frozen=True, slots=True)
class Told:
    """An order as its rows tell it; `repeated`: rows that say again what another says."""

    order: NewOrder
    lines: list[Line]
    repeated: int


async def load(loading: Loading, source: Source) -> None:
    with spool() as database:
        database.execute(TABLE)
        fill(database, "lines", _set_aside(loading, source), width=3 + len(source.columns))
        database.execute("CREATE INDEX by_number ON lines (order_number, paid_at)")
        total = database.execute("SELECT count(DISTINCT order_number) FROM lines").fetchone()[0]
        done = 0
        for batch in batches(_told(database, loading, source), BATCH_ROWS):
            outcomes = await orders.record(
                loading.store, [told.order for told in batch], actor=loading.actor, now=loading.now
            )
            counts = loading.report.of("orders")
            for told, outcome in zip(batch, outcomes, strict=True):
                if outcome.error is not None:
                    _reject(loading, source, told.lines, outcome.error)
                    continue
                counts.loaded += outcome.state != "unchanged"
                counts.unchanged += (outcome.state == "unchanged") + told.repeated
            done += len(batch)
            loading.progress("loading orders", done, total)


def _set_aside(loading: Loading, source: Source) -> Iterator[tuple[object, ...]]:
    blank = [None] * len(source.columns)
    for row in rows(source):
        if row.line % (10 * BATCH_ROWS) == 0:
            loading.progress("reading orders", row.line, 0)
        problem = row.problem
        if problem is None:
            try:
                yield row.line, row.raw, None, *order_row(row.values)
                continue
            except DomainError as error:
                problem = f"{error.code}: {error.message}"
        number = row.values[NUMBER]
        if code_error(number, field="order_number") is None:
            yield row.line, row.raw, problem, number, *blank[1:]
        else:
            loading.reject(source, line=row.line, raw=row.raw, error=_error(problem))


def _told(database: sqlite3.Connection, loading: Loading, source: Source) -> Iterator[Told]:
    """Every order that its rows tell well; the rows of the others are rejected on the way."""
    lines = (Line(line, raw, problem, OrderRow(*fields)) for line, raw, problem, *fields in database.execute(GROUPED))
    for _, group in groupby(lines, attrgetter("number")):
        found = list(islice(group, LINES_MAX + 1))
        if len(found) > LINES_MAX:
            error = OutOfBounds(f"an order has at most {LINES_MAX} lines")
            for line in chain(found, group):
                loading.reject(source, line=line.line, raw=line.raw, error=error)
            continue
        try:
            yield _one_order(found)
        except DomainError as error:
            _reject(loading, source, found, error)


def _one_order(lines: list[Line]) -> Told:
    first = lines[0].row
    number = first.number
    bad = next((line for line in lines if line.problem is not None), None)
    if bad is not None:
        raise Invalid(f"line {bad.line} of order {number} is rejected, so the whole order is")
    for line in lines:
        if line.row.order != first.order:
            pairs = zip(OrderRow._fields, first, line.row, strict=True)
            differs = next(name for name, one, other in pairs if one != other and name in ORDER_COLUMNS)
            raise Conflict(f"the rows of order {number} disagree on {differs}")
    distinct = {line.row for line in lines}
    if len({row.sku for row in distinct}) != len(distinct):
        raise Conflict(f"order {number} has one sku twice with other content")
    by_sku = sorted(distinct, key=attrgetter("sku"))
    order = NewOrder(
        number=number,
        buyer_code=first.buyer_code,
        promoter_code=first.promoter_code,
        lines=tuple(NewLine(row.sku, row.quantity, row.paid_fen) for row in by_sku),
        paid_at=first.paid_at,
        utm_source=first.utm_source,
        utm_medium=first.utm_medium,
        utm_campaign=first.utm_campaign,
        delivered_at=first.delivered_at,
        refunds=tuple(
            LineRefund(row.sku, row.refunded_fen, row.refunded_at)
            for row in by_sku
            if row.refunded_fen and row.refunded_at is not None
        ),
    )
    return Told(order, lines, len(lines) - len(distinct))


ORDER_COLUMNS = ("buyer_code", "promoter_code", "paid_at", "delivered_at", "utm_source", "utm_medium", "utm_campaign")


def _reject(loading: Loading, source: Source, lines: list[Line], error: DomainError) -> None:
    for line in lines:
        own = error if line.problem is None else _error(line.problem)
        loading.reject(source, line=line.line, raw=line.raw, error=own)


def _error(problem: str) -> DomainError:
    """The refusal that a problem tells; one that was set aside stands there as `CODE: message`."""
    kinds = {kind.code: kind for kind in (Conflict, OutOfBounds, OverRefund)}
    code, _, message = problem.partition(": ")
    return kinds[code](message) if code in kinds else Invalid(problem.removeprefix("INVALID: "))
