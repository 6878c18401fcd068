"""Directed cycles of claimed referrals and of purchases: through a person, or among the latest anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cypher import cycles as reads
from cypher import structures
from cypher.store import Store
from graph_api.batched.asks import INSTANT_FROM, INSTANT_TO
from graph_api.batched.structures import HOPS_MAX
from graph_api.errors import Invalid
from graph_api.rules.circles import Circle, circles

DIRECTED = ("CLAIMED_REFERRAL", "PURCHASED_THROUGH", "REFERRED")
USUAL = DIRECTED[:2]
EDGES_MAX = 20_000
ORDERS_MAX = 50_000
STEPS_MAX = 2_000_000
"""Of the walk: about half a second."""


class Link(NamedTuple):
    """`net_fen`: of purchases."""

    source: str
    target: str
    kind: str
    orders: int
    net_fen: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """Each cycle with its links; `truncated`: there are more, or not all was looked at."""

    cycles: list[tuple[Circle, list[Link]]]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """`through`: a promoter's code, None for anywhere; purchases paid from one instant to before another."""

    kinds: frozenset[str]
    through: str | None
    lengths: tuple[int, int]
    from_at: int
    to_at: int

    @classmethod
    def of(
        cls,
        kinds: Iterable[str] | None,
        through: str | None,
        *,
        least: int,
        most: int,
        from_at: int | None,
        to_at: int | None,
    ) -> Wanted:
        """Invalid unless it can be looked for."""
        chosen = frozenset(USUAL if kinds is None else kinds)
        window = (INSTANT_FROM if from_at is None else from_at, INSTANT_TO if to_at is None else to_at)
        if not chosen:
            raise Invalid("no kinds to look at", field=["kinds"])
        if not chosen <= set(DIRECTED):
            raise Invalid("identifiers join without a direction: ask for a ring", field=["kinds"])
        if "REFERRED" in chosen and through is None:
            raise Invalid("the tree is walked from a person only: say throughCode with REFERRED", field=["kinds"])
        if not 1 <= least <= most <= HOPS_MAX:
            raise Invalid(f"lengths must be 1-{HOPS_MAX}, minLength not above maxLength", field=["maxLength"])
        if window[0] > window[1]:
            raise Invalid("from lies after to", field=["from"])
        return cls(chosen, through, (least, most), *window)


async def cycles(store: Store, wanted: Wanted, *, first: int) -> Found | None:
    """The shortest cycles over edges of the wanted kinds, each once; None if there is no such promoter."""
    if wanted.through is not None and not (await structures.are_promoters(store, codes=[wanted.through])).codes:
        return None
    links, cut = await (_anywhere(store, wanted) if wanted.through is None else _around(store, wanted, wanted.through))
    graph: dict[str, set[str]] = {}
    between: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        graph.setdefault(link.source, set()).add(link.target)
        between.setdefault((link.source, link.target), []).append(link)
    # In a thread: the walk takes up to half a second, and a request is not to keep the others waiting.
    walked = await asyncio.to_thread(
        circles, graph, through=wanted.through, lengths=wanted.lengths, first=first, steps_max=STEPS_MAX
    )
    found = [
        (circle, [link for pair in zip(circle, (*circle[1:], circle[0]), strict=True) for link in between[pair]])
        for circle in walked.found
    ]
    return Found(found, truncated=cut or walked.truncated)


async def _around(store: Store, wanted: Wanted, through: str) -> tuple[list[Link], bool]:
    """Everything that a cycle through a person can lead over: whatever is reached in fewer steps than it has."""
    links: list[Link] = []
    reached = {through}
    frontier = [through]
    for _ in range(wanted.lengths[1]):
        room = EDGES_MAX - len(links)
        read = await reads.onward(
            store,
            codes=frontier,
            kinds=sorted(wanted.kinds),
            from_at=wanted.from_at,
            to_at=wanted.to_at,
            first=room + 1,
        )
        links += (Link(*edge) for edge in read.edges[:room])
        if len(read.edges) > room:
            return links, True
        frontier = sorted({edge[1] for edge in read.edges} - reached)
        reached.update(frontier)
        if not frontier:
            break
    return links, False


async def _anywhere(store: Store, wanted: Wanted) -> tuple[list[Link], bool]:
    links: list[Link] = []
    cut = False
    if "CLAIMED_REFERRAL" in wanted.kinds:
        claims = (await reads.claims(store, first=EDGES_MAX + 1)).edges
        links += (Link(*edge) for edge in claims[:EDGES_MAX])
        cut = len(claims) > EDGES_MAX
    if "PURCHASED_THROUGH" in wanted.kinds:
        bought = await reads.purchases(store, from_at=wanted.from_at, to_at=wanted.to_at, orders_max=ORDERS_MAX + 1)
        links += (Link(*edge) for edge in bought.edges)
        cut = cut or bought.looked_at > ORDERS_MAX
    return links, cut
