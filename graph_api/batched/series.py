"""Sales and what hangs on them over time, for dashboards: read span by span, the latest first, until enough was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cypher import series as statements
from cypher.series import Joined, PaidOut, Sold
from cypher.statements import Run
from graph_api.rules.spans import Period, Span

ROWS_MAX = 200_000
"""Orders, promoters or payouts that one answer looks at, each; what is older than the first that does not fit is left out."""
SPANS_AT_ONCE: dict[Period, int] = {"DAY": 16, "WEEK": 4, "MONTH": 1}
BOUNDS_FEN = (10_000, 30_000, 50_000, 100_000, 300_000, 1_000_000)
"""Steps of order values: below 100 yuan, from 100, 300, 500, 1,000, 3,000 and 10,000 yuan on."""
BP = 10_000


@dataclass(frozen=True, slots=True)
class Sifted:
    """Which sales; all that is given must hold. `root_code`: by that promoter or anybody who is below it now."""

    sku: str | None = None
    root_code: str | None = None
    rank: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None

    @property
    def is_of_orders(self) -> bool:
        """Whether it tells orders apart that one promoter sold: payouts and promoters cannot be told apart by that."""
        return any((self.sku, self.utm_source, self.utm_medium, self.utm_campaign))


@dataclass(frozen=True, slots=True)
class Point:
    """A span's sums; `joined` and `paid_out` are None where the filter cannot be asked of promoters or payouts."""

    span: Span
    sold: Sold
    joined: Joined | None
    paid_out: PaidOut | None

    @property
    def fission_bp(self) -> int | None:
        """Promoters who joined under somebody, for each one that sold, in basis points, rounded down; None if nobody sold."""
        if self.joined is None or self.sold.active == 0:
            return None
        return self.joined.referred * BP // self.sold.active


@dataclass(frozen=True, slots=True)
class Series:
    """Oldest first, without a gap up to the last day; `truncated`: the oldest spans asked for are missing."""

    points: tuple[Point, ...]
    truncated: bool

    @property
    def steps(self) -> list[int]:
        """Orders by value, over all points."""
        return [sum(column) for column in zip(*(point.sold.steps for point in self.points), strict=True)]


async def series(run: Run, which: Sifted, cut: Sequence[Span], period: Period, *, commissions: bool) -> Series:
    """The sums of each span."""
    left_orders = left_people = left_payouts = ROWS_MAX
    found: list[Point] = []
    rest = list(cut)
    while rest:
        some, rest = rest[-SPANS_AT_ONCE[period] :], rest[: -SPANS_AT_ONCE[period]]
        asked = [[span.from_at, span.until_at] for span in some]
        sold = {row.from_at: row for row in await _sold(run, which, asked, left_orders, commissions=commissions)}
        joined, paid_out = dict[int, Joined](), dict[int, PaidOut]()
        if not which.is_of_orders:
            payouts = await statements.paid_out(
                run, spans=asked, payouts_max=left_payouts + 1, rank=which.rank, root_code=which.root_code
            )
            paid_out = {row.from_at: row for row in payouts}
        if not which.is_of_orders and which.rank is None:
            people = await statements.joined(run, spans=asked, people_max=left_people + 1, root_code=which.root_code)
            joined = {row.from_at: row for row in people}
        for span in reversed(some):
            point = Point(span, sold[span.from_at], joined.get(span.from_at), paid_out.get(span.from_at))
            left_orders -= point.sold.walked
            left_people -= point.joined.walked if point.joined is not None else 0
            left_payouts -= point.paid_out.walked if point.paid_out is not None else 0
            if min(left_orders, left_people, left_payouts) < 0:
                return Series(tuple(reversed(found)), truncated=True)
            found.append(point)
    return Series(tuple(reversed(found)), truncated=False)


async def _sold(run: Run, which: Sifted, asked: list[list[int]], left_orders: int, *, commissions: bool) -> list[Sold]:
    return await statements.sold(
        run,
        spans=asked,
        orders_max=left_orders + 1,
        bounds_fen=list(BOUNDS_FEN),
        commissions=commissions,
        **asdict(which),
    )
