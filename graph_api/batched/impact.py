"""What would be if: what a lock of some promoters would do, and what is lost if one leaves. Nothing is written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cypher import impact
from cypher.impact import Above, Freeze
from cypher.store import Store
from graph_api.batched.promoters import PromoterReads
from graph_api.batched.rows import PromotionFacts
from graph_api.errors import Invalid, NotFound
from graph_api.rules.plan import Plan
from graph_api.rules.promotion import Progress, SalesOfMonth, progress

CODES_MAX = 500
"""As many as a finding names."""


class LockEffect(NamedTuple):
    """What locking one promoter would hold, in fen; of one that is locked already it holds nothing more."""

    freeze: Freeze

    @property
    def code(self) -> str:
        return self.freeze.code

    @property
    def locks(self) -> bool:
        return self.freeze.status != "LOCKED"

    @property
    def observing_fen(self) -> int:
        return self.freeze.observing_fen if self.locks else 0

    @property
    def released_fen(self) -> int:
        return self.freeze.released_fen if self.locks else 0

    @property
    def created_fen(self) -> int:
        return self.freeze.created_fen if self.locks else 0

    @property
    def frozen_fen(self) -> int:
        """What would be HELD that is not yet; less than nothing where debts are more than what is owed."""
        return self.observing_fen + self.released_fen + self.created_fen

    @property
    def debt_fen(self) -> int:
        return -self.freeze.debt_fen if self.locks else 0

    @property
    def entries(self) -> int:
        return self.freeze.entries if self.locks else 0

    @property
    def ended(self) -> int:
        """Payouts that nobody approved yet: they come to nothing, and their entries are held."""
        return self.freeze.created if self.locks else 0

    @property
    def stopped(self) -> int:
        return self.freeze.approved if self.locks else 0

    @property
    def stopped_fen(self) -> int:
        return self.freeze.approved_fen if self.locks else 0


class UplineEffect(NamedTuple):
    """Somebody who loses valid downlines; `rests`: its last promotion came by valid downlines, and too few would stay."""

    code: str
    downlines: tuple[str, ...]
    now: Progress
    after: Progress
    rests: bool


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """`team_size`: people below them, each once, themselves not counted."""

    effects: tuple[LockEffect, ...]
    uplines: tuple[UplineEffect, ...]
    team_size: int
    above: Above


async def blast_radius(store: Store, promoters: PromoterReads, plan: Plan, codes: Sequence[str]) -> BlastRadius:
    """What a lock of these promoters would do now; NotFound if one of them is not there."""
    wanted = sorted(set(codes))
    if not 1 <= len(wanted) <= CODES_MAX:
        raise Invalid(f"codes must be 1-{CODES_MAX}", field=["codes"])
    freezes, supported, above = await asyncio.gather(
        impact.freezes(store, codes=wanted),
        impact.supported(store, codes=wanted),
        impact.above(store, codes=wanted),
    )
    missing = sorted(set(wanted) - {freeze.code for freeze in freezes})
    if missing:
        raise NotFound(f"no promoter {missing[0]!r}", field=["codes"])
    facts = await asyncio.gather(*(promoters.promotion(row.code, sales_months=plan.sales_months) for row in supported))
    uplines = [_upline_effect(plan, row, known) for row, known in zip(supported, facts, strict=True)]
    effects = sorted((LockEffect(freeze) for freeze in freezes), key=lambda effect: effect.code)
    return BlastRadius(tuple(effects), tuple(uplines), await _team_size(promoters, wanted), above)


async def _team_size(promoters: PromoterReads, codes: Sequence[str]) -> int:
    """Everybody below some promoters once: the teams of those that stand below no other of them, less the others."""
    cards = [card for card in await asyncio.gather(*map(promoters.card, codes)) if card is not None]
    tops = [card.code for card in cards if not set(card.path) & set(codes)]
    teams = await asyncio.gather(*(promoters.team(code, None, levels=False, valid=False) for code in tops))
    return sum(team.size for team in teams) - (len(cards) - len(tops))


def _upline_effect(plan: Plan, row: impact.Supported, facts: PromotionFacts) -> UplineEffect:
    months = [SalesOfMonth(*month) for month in facts.months]
    left = facts.valid_downlines - len(row.downlines)
    last = [(route, json.loads(evidence)) for route, evidence in row.last_promotion]
    return UplineEffect(
        row.code,
        tuple(sorted(row.downlines)),
        progress(plan, rank=facts.rank, valid_downlines=facts.valid_downlines, months=months),
        progress(plan, rank=facts.rank, valid_downlines=left, months=months),
        any(_rests(route, evidence, left) for route, evidence in last),
    )


def _rests(route: str, evidence: dict[str, Any], left: int) -> bool:
    required: int = evidence["valid_downlines_required"]
    return route == "VALID_DOWNLINES" and left < required
