"""What is lost if a promoter leaves: its own sales for sure, those of its branch if that goes too. Nothing is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cypher import loss, plans
from cypher.loss import LevelSum
from cypher.store import Store
from graph_api.batched.promoters import PromoterReads
from graph_api.batched.rows import TeamLevel
from graph_api.errors import Invalid
from graph_api.rules.attribution import Touch, bound_to
from graph_api.rules.money import share_of_bp
from graph_api.rules.plan import plan_in_force
from graph_api.rules.promotion import months_ending

MONTHS_MAX = 24
BUYERS_MAX = 20_000
"""How many buyers who came through a promoter are looked at."""
BUYERS_PER_PAGE = 1_000


class MonthOfLoss(NamedTuple):
    """Own sales and those of everybody below, in a month."""

    month: int
    own_fen: int
    team_fen: int


@dataclass(frozen=True, slots=True)
class Customers:
    """Buyers with a live binding; `truncated`: more came through the promoter than were looked at."""

    count: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Loss:
    """`path`: the upline, nearest first; `overrides`: what others earned on it; `root_share_bp` of the whole tree's sales."""

    code: str
    months: tuple[MonthOfLoss, ...]
    levels: tuple[TeamLevel, ...]
    path: tuple[str, ...]
    overrides: tuple[LevelSum, ...]
    root_share_bp: int

    @property
    def own_fen(self) -> int:
        return sum(month.own_fen for month in self.months)

    @property
    def team_fen(self) -> int:
        return sum(month.team_fen for month in self.months)


class UplineLoss(NamedTuple):
    """Of somebody above: team sales of the months, which parts of them hang on the promoter, and override through it."""

    code: str
    level: int
    team_fen: int
    own_share_bp: int
    branch_share_bp: int
    override_own_fen: int
    override_branch_fen: int


async def lost(store: Store, promoters: PromoterReads, code: str, *, until: int, count: int) -> Loss | None:
    """What hangs on a promoter, over `count` months up to `until`; None if there is no such promoter."""
    if not 1 <= count <= MONTHS_MAX:
        raise Invalid(f"months must be 1-{MONTHS_MAX}", field=["months"])
    card = await promoters.card(code)
    if card is None:
        return None
    window = months_ending(until, count=count)
    team, own, below, overrides = await asyncio.gather(
        promoters.team(code, None, valid=False),
        _sales(promoters, code, window),
        _team_sales(promoters, code, window),
        loss.override_by_level(store, code=code, months=window),
    )
    root = card.path[-1] if card.path else code
    whole = sum(await _sales(promoters, root, window)) + sum(await _team_sales(promoters, root, window))
    return Loss(
        code,
        tuple(MonthOfLoss(*row) for row in zip(window, own, below, strict=True)),
        team.levels,
        card.path,
        tuple(overrides),
        share_of_bp(sum(own) + sum(below), whole),
    )


async def upline_losses(promoters: PromoterReads, found: Loss, first: int) -> list[UplineLoss]:
    """What those above would miss, nearest first."""
    window = [month.month for month in found.months]
    codes = found.path[:first]
    teams = await asyncio.gather(*(_team_sales(promoters, code, window) for code in codes))
    return [
        UplineLoss(
            code,
            level,
            sum(team),
            share_of_bp(found.own_fen, sum(team)),
            share_of_bp(found.own_fen + found.team_fen, sum(team)),
            _override(found.overrides, code, own=True),
            _override(found.overrides, code, own=False),
        )
        for level, (code, team) in enumerate(zip(codes, teams, strict=True), 1)
    ]


async def customers(store: Store, code: str, *, now: int) -> Customers:
    """Buyers who are bound to a promoter at an instant, by the plans in force at their touches."""
    versions = [plans.plan_of(row.plan) for row in await plans.versions(store)]
    bound, looked_at, after = 0, 0, ""
    while looked_at < BUYERS_MAX:
        buyers = (await loss.touching(store, code=code, after=after, first=BUYERS_PER_PAGE)).buyers
        for _, rows in buyers:
            touch = bound_to((Touch(*row) for row in rows), now, lambda at: plan_in_force(versions, at))
            bound += touch is not None and touch.promoter_code == code
        if len(buyers) < BUYERS_PER_PAGE:
            return Customers(bound, truncated=False)
        looked_at += len(buyers)
        after = buyers[-1][0]
    return Customers(bound, truncated=True)


async def _sales(promoters: PromoterReads, code: str, window: Sequence[int]) -> list[int]:
    found = await asyncio.gather(*(promoters.sales(code, month, buyers=False) for month in window))
    return [sales.volume_fen for sales in found]


async def _team_sales(promoters: PromoterReads, code: str, window: Sequence[int]) -> list[int]:
    found = await asyncio.gather(*(promoters.team(code, month, levels=False, valid=False) for month in window))
    return [team.volume_fen for team in found]


def _override(rows: Sequence[LevelSum], code: str, *, own: bool) -> int:
    return sum(row.amount_fen for row in rows if row.receiver_code == code and row.own is own)
