"""MUTUAL_PURCHASE: promoters who buy through each other in a circle, so that sales are made without customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, islice

import networkx
import numpy as np

from graph_api.arrays import kept_on_cycles
from graph_api.risk.cycles import Cycles
from graph_api.risk.detector import (
    ALERT_SCORE,
    Detector,
    Edge,
    Evidence,
    Found,
    Limits,
    Parameter,
    Text,
    by_code,
    found,
    listed,
    score,
)
from graph_api.risk.snapshot import Int64s, Snapshot
from graph_api.rules.calendar import DAY_US

CYCLES_MAX = 2_000
ORDERS_MAX = 5_000_000
"""Of one tangle no more cycles, and orders on them, are looked at: that many say enough, and the finding says that it is cut."""

Pair = tuple[int, int]
Cycle = list[int]


class Purchases:
    """Orders between two promoters by (buyer, promoter), of pairs that have enough of them and may lie on a cycle."""

    def __init__(self, snapshot: Snapshot, orders_min: int) -> None:
        between = np.flatnonzero((snapshot.buyers < snapshot.promoters) & (snapshot.buyers != snapshot.sellers))
        buyers, sellers = snapshot.buyers[between], snapshot.sellers[between]
        order = np.lexsort((snapshot.paid_ats[between], sellers, buyers))
        buyers, sellers = buyers[order], sellers[order]
        self._paid_ats = snapshot.paid_ats[between][order]
        changes = np.flatnonzero((np.diff(buyers) != 0) | (np.diff(sellers) != 0)) + 1
        starts = np.concatenate([[0], changes, [len(order)]]).astype(np.int64) if len(order) else np.zeros(1, np.int64)
        enough = np.flatnonzero(np.diff(starts) >= orders_min)
        kept = enough[kept_on_cycles(buyers[starts[enough]], sellers[starts[enough]])]
        self._spans: dict[Pair, tuple[int, int]] = {
            (int(buyers[starts[pair]]), int(sellers[starts[pair]])): (int(starts[pair]), int(starts[pair + 1]))
            for pair in kept
        }

    @property
    def pairs(self) -> Iterable[Pair]:
        return self._spans.keys()

    def paid_ats(self, pair: Pair) -> Int64s:
        start, end = self._spans[pair]
        return self._paid_ats[start:end]


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Cycles of purchases, those that have promoters in common as one structure.

    A tangle in which none was found before the search was cut is found as a whole: whoever buys enough is not to hide.
    """
    purchases = Purchases(snapshot, limits["orders_min"])
    graph: networkx.DiGraph[int] = networkx.DiGraph(list(purchases.pairs))
    findings = []
    for tangle in networkx.strongly_connected_components(graph):
        if len(tangle) < 2:
            continue
        every, cut = _looked_at(purchases, graph, tangle, limits)
        busiest = [(cycle, _least_in_window(purchases, cycle, limits)) for cycle in every]
        cycles = [(cycle, least) for cycle, least in busiest if least >= limits["orders_min"]]
        together: networkx.Graph[int] = networkx.Graph(pair for cycle, _ in cycles for pair in steps(cycle))
        for members in networkx.connected_components(together):
            own = [(cycle, least) for cycle, least in cycles if cycle[0] in members]
            findings.append(_explained(snapshot, limits, purchases, own, cut=cut))
        if cut and not cycles:
            findings.append(_unfinished(snapshot, limits, purchases, graph.subgraph(tangle)))
    return findings


def _looked_at(
    purchases: Purchases, graph: networkx.DiGraph[int], tangle: set[int], limits: Limits
) -> tuple[list[Cycle], bool]:
    """The tangle's cycles, those with fewest orders first, as far as they are looked at, and whether there are more."""
    cycles = Cycles([(a, b) for a in tangle for b in graph[a] if b in tangle], limits["length_max"])
    every = list(islice(cycles, CYCLES_MAX + 1))
    costs = {id(cycle): sum(len(purchases.paid_ats(pair)) for pair in steps(cycle)) for cycle in every}
    every.sort(key=lambda cycle: costs[id(cycle)])
    within = [total <= ORDERS_MAX for total in accumulate(costs[id(cycle)] for cycle in every)]
    chosen = every[: max(min(sum(within), CYCLES_MAX), 1)]
    return chosen, cycles.cut or len(chosen) < len(every)


def steps(cycle: Cycle) -> list[Pair]:
    return list(zip(cycle, [*cycle[1:], cycle[0]], strict=True))


def _least_in_window(purchases: Purchases, cycle: Cycle, limits: Limits) -> int:
    """The most orders that every step of the cycle has within some window."""
    paid_ats = [purchases.paid_ats(pair) for pair in steps(cycle)]
    opens = np.unique(np.concatenate(paid_ats))
    closes = opens + limits["window_days"] * DAY_US
    counts = [np.searchsorted(at, closes, side="right") - np.searchsorted(at, opens, side="left") for at in paid_ats]
    return int(np.min(counts, axis=0).max())


def _explained(
    snapshot: Snapshot, limits: Limits, purchases: Purchases, cycles: list[tuple[Cycle, int]], *, cut: bool
) -> Found:
    members = by_code(snapshot, {promoter for cycle, _ in cycles for promoter in cycle})
    least = max(least for _, least in cycles)
    shortest = min(len(cycle) for cycle, _ in cycles)
    named = listed(snapshot, members)
    return found(
        snapshot,
        DETECTOR,
        anchor=snapshot.code(members[0]),
        score=score(least, alert=limits["orders_min"], lock=limits["orders_severe"]),
        members=members,
        edges=_edges(snapshot, purchases, {pair for cycle, _ in cycles for pair in steps(cycle)}),
        evidence=[
            Evidence("orders_each_way", str(least), str(limits["orders_min"])),
            Evidence("shortest_cycle", str(shortest), str(limits["length_max"])),
            Evidence("cycles", f"{len(cycles)}{'+' if cut else ''}"),
        ],
        sentence=Text(
            f"{len(members)} 名推广员（{named.zh}）在 {limits['window_days']} 天内互相通过对方下单，每个方向至少 {least} 单。",
            f"{len(members)} promoters ({named.en}) bought through each other in a circle, at least {least} orders each way"
            f" within {limits['window_days']} days.",
        ),
        cut=cut,
    )


def _unfinished(snapshot: Snapshot, limits: Limits, purchases: Purchases, tangle: networkx.DiGraph[int]) -> Found:
    """Promoters who all reach each other over purchases, among whom too much leads everywhere to be looked at to the end."""
    members = by_code(snapshot, tangle)
    least = min(len(purchases.paid_ats(pair)) for pair in tangle.edges)
    named = listed(snapshot, members)
    return found(
        snapshot,
        DETECTOR,
        anchor=snapshot.code(members[0]),
        score=ALERT_SCORE,
        members=members,
        edges=_edges(snapshot, purchases, tangle.edges),
        evidence=[Evidence("orders_each_way", str(least), str(limits["orders_min"])), Evidence("cycles", "0+")],
        sentence=Text(
            f"{len(members)} 名推广员（{named.zh}）之间的购买交织成网，彼此都可经购买到达；短环未能查完，请人工查看。",
            f"{len(members)} promoters ({named.en}) buy through each other in a net in which everybody is reached from everybody;"
            " the search for short circles was cut, so look at it by hand.",
        ),
        cut=True,
    )


def _edges(snapshot: Snapshot, purchases: Purchases, pairs: Iterable[Pair]) -> Iterator[Edge]:
    for buyer, seller in pairs:
        orders = len(purchases.paid_ats((buyer, seller)))
        yield Edge(snapshot.node(buyer), snapshot.node(seller), "PURCHASED_THROUGH", orders)


DETECTOR = Detector(
    key="MUTUAL_PURCHASE",
    version=2,
    title=Text("互购", "Mutual purchase"),
    description=Text(
        "推广员之间“经由对方购买”构成短环，窗口期内环上每条边都有多单。",
        "A short cycle of promoters who bought through the next one, with several orders on each edge within the window.",
    ),
    parameters=(
        Parameter("orders_min", 2, 1, 1000, "ORDERS", Text("环上每条边的订单数", "Orders on each edge of the cycle")),
        Parameter(
            "orders_severe",
            5,
            2,
            1000,
            "ORDERS",
            Text("每条边多少单评为 90 分", "How many on each edge score 90"),
            not_below="orders_min",
        ),
        Parameter("length_max", 4, 2, 6, "PEOPLE", Text("环上最多几人", "People on a cycle, at most")),
        Parameter(
            "window_days", 30, 1, 366, "DAYS", Text("所有订单落在多少天之内", "Days within which all these orders lie")
        ),
    ),
    detect=detect,
    followed=True,
)
