"""Reads for promotion without linked accounts: the rings around a promoter and its direct downlines, and the recount."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cypher import impact, structures
from cypher.store import Store
from graph_api.batched.promoters import PromoterReads
from graph_api.batched.structures import HUB_PEOPLE_MAX, LOOKED_AT_MAX
from graph_api.errors import Invalid, NotFound
from graph_api.rules import counterfactual as rules
from graph_api.rules.calendar import month
from graph_api.rules.codes import STRONG_KINDS
from graph_api.rules.counterfactual import Downline, LeftOut, Recounted, Share, Step
from graph_api.rules.plan import Plan, Rank
from graph_api.rules.promotion import SalesOfMonth

NAMED_MAX = 500


class Counterfactual(NamedTuple):
    """`truncated`: more people hang on these rings than were looked at, so more might have to be left out."""

    code: str
    left_out: tuple[LeftOut, ...]
    direct: frozenset[str]
    recounted: Recounted
    truncated: bool


async def counterfactual(
    store: Store,
    promoters: PromoterReads,
    plan: Plan,
    code: str,
    *,
    without: Sequence[str],
    linked_accounts: bool,
) -> Counterfactual | None:
    """A promoter's promotion, actual and without those left out; None if there is no such promoter."""
    named = sorted(set(without))
    if len(named) > NAMED_MAX or code in named:
        raise Invalid(f"without takes up to {NAMED_MAX} other people", field=["without"])
    circle = await impact.circle(store, code=code, people=named, first=LOOKED_AT_MAX + 1)
    if circle is None:
        return None
    unknown = sorted(set(named) - set(circle.people))
    if unknown:
        raise NotFound(f"nobody has the code {unknown[0]!r}", field=["without"])
    seeds = [code, *circle.downlines]
    shares, truncated = await _shares(store, seeds) if linked_accounts else ([], False)
    truncated = truncated or len(circle.downlines) > LOOKED_AT_MAX
    out = rules.left_out(code, circle.downlines, shares, named)
    facts = await promoters.promotion(code, sales_months=plan.sales_months)
    counted = await impact.counted(store, code=code, left_out=list(out))
    recounted = rules.recounted(
        plan,
        rank=facts.rank,
        months=[SalesOfMonth(*each) for each in facts.months],
        downlines=[Downline(*row) for row in counted.downlines],
        out=out.keys(),
        sales_fen=dict(counted.sales),
        steps=[_step(row) for row in counted.promotions],
    )
    return Counterfactual(code, tuple(sorted(out.values())), frozenset(circle.downlines), recounted, truncated)


async def _shares(store: Store, seeds: Sequence[str]) -> tuple[list[Share], bool]:
    """Who has which identifier around some people, as far as the rings go, and whether more was left unlooked at."""
    met_people, met_identifiers = set(seeds), set[str]()
    shares: list[Share] = []
    frontier = sorted(met_people)
    while frontier:
        room = LOOKED_AT_MAX - len(shares)
        around = await structures.around_people(
            store, codes=frontier, kinds=list(STRONG_KINDS), people_max=HUB_PEOPLE_MAX, first=room + 1
        )
        fresh = sorted({edge[1] for edge in around.edges} - met_identifiers)
        owners = await structures.around_identifiers(store, ids=fresh, first=room + 1) if fresh else None
        edges = owners.edges if owners is not None else []
        shares += [Share(person, identifier) for person, identifier, *_ in edges[:room]]
        if len(around.edges) > room or len(edges) > room:
            return shares, True
        met_identifiers |= set(fresh)
        frontier = sorted({edge[0] for edge in edges} - met_people)
        met_people |= set(frontier)
    return shares, False


def _step(row: Sequence[Any]) -> Step:
    to_rank, effective_at, route, text = row
    evidence: dict[str, Any] = json.loads(text)
    months: Iterable[tuple[str, int]] = evidence["months"].items()
    return Step(
        to_rank=Rank(to_rank),
        effective_at=effective_at,
        route=route,
        downlines=evidence["valid_downlines"],
        downlines_required=evidence["valid_downlines_required"],
        months=tuple(SalesOfMonth(month(each), fen) for each, fen in sorted(months)),
        month_required_fen=evidence["month_required_fen"],
    )
