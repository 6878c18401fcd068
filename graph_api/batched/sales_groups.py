"""What was sold in some days, put together by product, branch, channel or rank: each of them narrows the sums further."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from cypher import series as statements
from cypher.statements import Run
from graph_api.batched import series
from graph_api.batched.series import Sifted
from graph_api.rules.spans import Span

By = Literal["PRODUCT", "BRANCH", "CHANNEL", "MEDIUM", "CAMPAIGN", "RANK"]


@dataclass(frozen=True, slots=True)
class Group:
    """`key`: a SKU, a promoter's code, a source, medium or campaign ("" is none) or a rank."""

    key: str
    orders: int
    volume_fen: int


@dataclass(frozen=True, slots=True)
class Groups:
    """The most sales first. `has_more`: there are smaller ones; `truncated`: too many orders, so nothing was summed."""

    groups: tuple[Group, ...]
    has_more: bool
    truncated: bool


async def groups(run: Run, which: Sifted, span: Span, *, by: By, first: int) -> Groups:
    """The largest groups of the sales of some days."""
    found = await statements.grouped(
        run,
        from_at=span.from_at,
        until_at=span.until_at,
        by=by,
        first=first + 1,
        orders_max=series.ROWS_MAX + 1,
        **asdict(which),
    )
    if found.walked > series.ROWS_MAX:
        return Groups((), has_more=False, truncated=True)
    shown = tuple(Group(*each) for each in found.groups[:first])
    return Groups(shown, has_more=len(found.groups) > first, truncated=False)
