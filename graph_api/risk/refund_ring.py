"""REFUND_RING: linked promoters whose orders come back: sales made to be refunded.

The whole network is cut into pieces that may hold a ring: frames of two windows' length, in each of which promoters with
refunds are connected, and those who are linked to them attached. Only what comes out is looked at window by window.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph_api.arrays import added, components, groups
from graph_api.risk.detector import (
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
from graph_api.risk.links import HUB_MAX, link_edges, linking
from graph_api.risk.snapshot import Bools, Int64s, Snapshot, days_of
from graph_api.rules.calendar import DAY_US, local_text

Links = Mapping[int, Sequence[int]]
"""The neighbours of each node."""
PIECE_ORDERS_MAX = 200
"""Of a piece with more orders, windows are looked at day by day."""


@dataclass(frozen=True, slots=True)
class Ring:
    """Members with orders in one window; `reached` are also those who join them and have none, by the links of its piece."""

    opens_at: int
    members: frozenset[int]
    orders: int
    refunded: int
    reached: frozenset[int]
    links: Links


@dataclass(frozen=True, slots=True)
class Piece:
    """Linked nodes of a frame (promoters, and identifiers after them) and the promoters' orders, by time.

    Windows that open before `half_at`, the middle of the frame, lie wholly in it; later ones lie in the next frame.
    """

    links: Links
    sellers: Int64s
    paid_ats: Int64s
    refunded: Bools
    half_at: int


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Rings that do not overlap, those with most refunds first."""
    rings = [ring for piece in _pieces(snapshot, limits) for ring in _rings(snapshot, limits, piece)]
    rings.sort(key=lambda ring: (-ring.refunded, ring.orders, ring.opens_at))
    window_us = limits["window_days"] * DAY_US
    chosen: list[Ring] = []
    taken: dict[int, list[int]] = {}
    for ring in rings:
        if any(abs(at - ring.opens_at) <= window_us for member in ring.members for at in taken.get(member, ())):
            continue
        chosen.append(ring)
        for member in ring.members:
            taken.setdefault(member, []).append(ring.opens_at)
    return [_explained(snapshot, limits, ring) for ring in chosen]


def _refunded(snapshot: Snapshot, limits: Limits) -> Bools:
    """An order counts as refunded once so much of it was."""
    refunded: Bools = (snapshot.refunded_fens > 0) & (
        snapshot.refunded_fens * 100 >= snapshot.paid_fens * limits["order_refunded_pct"]
    )
    return refunded


class Frames:
    """Nodes (frame, promoter) that have orders, by number; each order lies in two frames, so each window lies in one.

    A node is numbered `frame * wide + promoter`; an identifier in a frame comes after the promoters. Hot: with refunds.
    """

    def __init__(self, snapshot: Snapshot, limits: Limits) -> None:
        self.people = snapshot.promoters
        self.wide = snapshot.promoters + len(snapshot.identifiers)
        self.window_us = limits["window_days"] * DAY_US
        starts = snapshot.paid_ats // self.window_us
        self.first = int(starts.min()) if len(starts) else 0
        starts = starts - self.first
        keys = np.concatenate([(starts + 1) * self.wide, starts * self.wide]) + np.tile(snapshot.sellers, 2)
        self.refunded = _refunded(snapshot, limits)
        self.nodes, self.places = np.unique(keys, return_inverse=True)
        self.orders = np.bincount(self.places, minlength=len(self.nodes)).astype(np.int64)
        self.refunds = added(len(self.nodes), self.places, np.tile(self.refunded, 2).astype(np.int64))
        self.hot = self.refunds > 0

    def half_at(self, node: int) -> int:
        """The middle of a node's frame: the frame numbered 1 opens with the first window."""
        return (node // self.wide + self.first) * self.window_us

    def among(self, nodes: Int64s) -> tuple[Bools, Int64s]:
        """Whether each has orders, and where it then stands."""
        at = np.minimum(np.searchsorted(self.nodes, nodes), max(len(self.nodes) - 1, 0))
        return self.nodes[at] == nodes, at


def _links(snapshot: Snapshot, limits: Limits, frames: Frames) -> tuple[Int64s, Int64s]:
    """(node with orders, node it is linked to): its referrer, and its identifiers that link."""
    promoters, first = frames.nodes % frames.wide, frames.nodes // frames.wide * frames.wide
    above = snapshot.referrers[promoters]
    referred = above >= 0
    chosen = np.flatnonzero(linking(snapshot, limits["hub_max"]) & (snapshot.link_people < snapshot.promoters))
    chosen = chosen[np.argsort(snapshot.link_people[chosen], kind="stable")]
    starts = np.searchsorted(snapshot.link_people[chosen], np.arange(snapshot.promoters + 1))
    counts = starts[promoters + 1] - starts[promoters]
    which = np.repeat(np.arange(len(promoters)), counts)
    offsets = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    held = snapshot.link_identifiers[chosen][starts[promoters][which] + offsets]
    sources = np.concatenate([frames.nodes[referred], frames.nodes[which]])
    targets = np.concatenate([(first + above)[referred], first[which] + frames.people + held])
    return sources, targets


def _attached(frames: Frames, a: Int64s, b: Int64s) -> tuple[Int64s, Int64s, Int64s]:
    """(core label, a, b) of the links that matter.

    Cores are hot nodes linked with each other, also through somebody without orders or an identifier. Whoever has orders
    and no refunds is attached to the cores next to it, and joins none with another.
    """
    hot_a = frames.hot[frames.among(a)[1]]
    sells, at = frames.among(b)
    hot_b = sells & frames.hot[at]
    bridges = np.unique(b[hot_a & ~sells])
    core_b = hot_b | np.isin(b, bridges)
    kept = (hot_a & (sells | core_b)) | core_b
    a, b, hot_a, core_b = a[kept], b[kept], hot_a[kept], core_b[kept]
    nodes, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    at_a, at_b = ends[: len(a)], ends[len(a) :]
    both = hot_a & core_b
    labels = components(len(nodes), at_a[both], at_b[both])
    return np.where(hot_a, labels[at_a], labels[at_b]), a, b


def _pieces(snapshot: Snapshot, limits: Limits) -> Iterator[Piece]:
    """Cores with those attached to them, that have promoters, orders and refunds enough for a ring."""
    if not len(snapshot.paid_ats):
        return
    frames = Frames(snapshot, limits)
    labels, a, b = _attached(frames, *_links(snapshot, limits, frames))
    nodes, ends = np.unique(np.concatenate([a, b]), return_inverse=True)
    distinct = np.unique(np.tile(labels, 2) * max(len(nodes), 1) + ends)
    sells, at = frames.among(nodes[distinct % max(len(nodes), 1)])
    label, at = distinct[sells] // max(len(nodes), 1), at[sells]
    size = int(label.max()) + 1 if len(label) else 0
    enough = np.bincount(label, minlength=size) >= limits["members_min"]
    enough &= added(size, label, frames.orders[at]) >= limits["orders_min"]
    enough &= added(size, label, frames.refunds[at]) * 100 >= limits["orders_min"] * limits["refunded_pct"]
    order = np.argsort(frames.places, kind="stable")
    starts = np.searchsorted(frames.places[order], np.arange(len(frames.nodes) + 1))
    links = np.flatnonzero(enough[labels]) if size else np.zeros(0, np.int64)
    for piece in groups(labels[links]):
        chosen = links[piece]
        sells, at = frames.among(np.unique(np.concatenate([a[chosen], b[chosen]])))
        held = np.concatenate([order[starts[node] : starts[node + 1]] for node in at[sells]]) % len(snapshot.paid_ats)
        held = held[np.argsort(snapshot.paid_ats[held], kind="stable")]
        pairs = zip((a[chosen] % frames.wide).tolist(), (b[chosen] % frames.wide).tolist(), strict=True)
        half_at = frames.half_at(int(a[chosen[0]]))
        yield Piece(
            _neighbours(pairs),
            snapshot.sellers[held].astype(np.int64),
            snapshot.paid_ats[held],
            frames.refunded[held],
            half_at,
        )


def _neighbours(pairs: Iterable[tuple[int, int]]) -> Links:
    ends: dict[int, dict[int, None]] = {}
    for a, b in pairs:
        ends.setdefault(a, {})[b] = None
        ends.setdefault(b, {})[a] = None
    return {node: tuple(others) for node, others in ends.items()}


def _connected(links: Links, among: set[int]) -> Iterator[set[int]]:
    """Groups of these nodes that are linked with each other."""
    waiting = set(among)
    for node in sorted(among):
        if node not in waiting:
            continue
        waiting.discard(node)
        core, edge = {node}, [node]
        while edge:
            beside = waiting.intersection(links[edge.pop()])
            waiting -= beside
            core |= beside
            edge += beside
        yield core


def _rings(snapshot: Snapshot, limits: Limits, piece: Piece) -> Iterator[Ring]:
    """The rings of every window that opens with an order in the frame's first half; in a large piece, with the first order
    of each day, or looking would cost the square of its orders.
    """
    window_us = limits["window_days"] * DAY_US
    ends = np.searchsorted(piece.paid_ats, piece.paid_ats + window_us, side="right").tolist()
    refunds_before = np.concatenate([[0], np.cumsum(piece.refunded)])
    starts = np.arange(np.searchsorted(piece.paid_ats, piece.half_at))
    if len(piece.paid_ats) > PIECE_ORDERS_MAX:
        starts = np.unique(days_of(piece.paid_ats[starts]), return_index=True)[1]
    for start in starts.tolist():
        end = ends[start]
        refunds = int(refunds_before[end] - refunds_before[start])
        few = end - start < limits["orders_min"] or refunds * 100 < limits["orders_min"] * limits["refunded_pct"]
        if few:
            continue
        sellers, places = np.unique(piece.sellers[start:end], return_inverse=True)
        orders = np.bincount(places).tolist()
        refunded = added(len(sellers), places, piece.refunded[start:end].astype(np.int64)).tolist()
        tally = {int(seller): (orders[i], refunded[i]) for i, seller in enumerate(sellers)}
        yield from _grown(snapshot, limits, piece.links, tally, int(piece.paid_ats[start]))


def _grown(
    snapshot: Snapshot, limits: Limits, links: Links, tally: dict[int, tuple[int, int]], opens_at: int
) -> Iterator[Ring]:
    """Those who are refunded enough by themselves and linked, and then, while the group's part holds, whoever else next to
    them was refunded; who was not only as long as the group is too small. The cheapest come first.
    """

    def deficit(node: int) -> int:
        orders, refunded = tally[node]
        return orders * limits["refunded_pct"] - refunded * 100

    seeds = {node for node in tally if tally[node][1] and deficit(node) <= 0}
    bridges = {node for node in links if node not in tally}
    cores = list(_connected(links, seeds | bridges))
    core_of = {node: number for number, core in enumerate(cores) for node in core}
    taken: set[int] = set()
    for number, core in enumerate(cores):
        if number in taken or not core & seeds:
            continue
        group: set[int] = set()
        reached: set[int] = set()
        near: list[tuple[bool, int, str, int]] = []
        fresh = core
        orders = refunded = 0
        while True:
            joining = (fresh & tally.keys()) - group
            orders += sum(tally[member][0] for member in joining)
            refunded += sum(tally[member][1] for member in joining)
            group |= joining
            reached |= fresh
            taken |= {core_of[node] for node in fresh if node in core_of}
            for other in {other for node in fresh for other in links[node]} - reached:
                if other in tally:
                    heapq.heappush(near, (not tally[other][1], deficit(other), snapshot.code(other), other))
            large = len(group) >= limits["members_min"] and orders >= limits["orders_min"]
            fresh = _next(near, reached, large, refunded * 100 - orders * limits["refunded_pct"])
            if not fresh:
                break
            beside = {core_of[other] for node in fresh for other in links[node] if other in core_of} - taken
            fresh = fresh.union(*(cores[other] for other in beside))
        if large:
            yield Ring(opens_at, frozenset(group), orders, refunded, frozenset(reached), links)


def _next(near: list[tuple[bool, int, str, int]], reached: set[int], large: bool, surplus: int) -> set[int]:
    """The cheapest who may join, or nobody: the group can spare so much, and needs no honest seller once it is large."""
    while near:
        honest, deficit, _, node = heapq.heappop(near)
        if node not in reached and deficit <= surplus and not (honest and large):
            return {node}
    return set()


def _explained(snapshot: Snapshot, limits: Limits, ring: Ring) -> Found:
    members = by_code(snapshot, ring.members)
    refunded_pct = ring.refunded * 100 // ring.orders
    opens = local_text(ring.opens_at)[:10]
    named = listed(snapshot, members)
    return found(
        snapshot,
        DETECTOR,
        anchor=f"{snapshot.code(members[0])}@{opens}",
        score=score(refunded_pct, alert=limits["refunded_pct"], lock=limits["refunded_pct_severe"]),
        members=members,
        edges=_shown(snapshot, ring),
        evidence=[
            Evidence("members", str(len(members)), str(limits["members_min"])),
            Evidence("orders", str(ring.orders), str(limits["orders_min"])),
            Evidence("refunded_pct", str(refunded_pct), str(limits["refunded_pct"])),
            Evidence("opens", opens),
        ],
        sentence=Text(
            f"{len(members)} 名有关联的推广员（{named.zh}）自 {opens} 起 {limits['window_days']} 天内成交 {ring.orders} 单，其中 {ring.refunded} 单退款。",
            f"{len(members)} linked promoters ({named.en}) sold {ring.orders} orders within {limits['window_days']} days from"
            f" {opens}, of which {ring.refunded} were refunded.",
        ),
    )


def _shown(snapshot: Snapshot, ring: Ring) -> Iterator[Edge]:
    """How the members hang together: referrals, and identifiers that two of them have."""
    holders: dict[int, set[int]] = {}
    pairs = ((a, b) for a in ring.reached for b in ring.links[a] if a < b and b in ring.reached)
    for a, b in sorted(pairs):
        if b >= snapshot.promoters:
            holders.setdefault(b - snapshot.promoters, set()).add(a)
        else:
            above, below = (a, b) if snapshot.referrers[b] == a else (b, a)
            yield Edge(snapshot.node(above), snapshot.node(below), "REFERRED")
    for identifier, people in sorted(holders.items()):
        if len(people & ring.members) >= 2:
            yield from link_edges(snapshot, people & ring.members, [identifier])


DETECTOR = Detector(
    key="REFUND_RING",
    version=1,
    title=Text("退款团伙", "Refund ring"),
    description=Text(
        "由推荐关系或共用标识相连的多名推广员，窗口期内订单中很大比例退款（按整个团伙计）。只计窗口期内有订单的人。",
        "Promoters linked by referral or a shared identifier, a large part of whose orders within the window was refunded,"
        " over the whole group. Only who has orders in the window counts as a member.",
    ),
    parameters=(
        Parameter("members_min", 3, 2, 100, "PEOPLE", Text("相连且有订单的推广员", "Linked promoters who have orders")),
        Parameter("orders_min", 5, 2, 1000, "ORDERS", Text("整个团伙的订单数", "Orders of the whole group")),
        Parameter(
            "refunded_pct",
            40,
            1,
            99,
            "PERCENT",
            Text("整个团伙退款订单的比例", "Part of the group's orders that was refunded"),
        ),
        Parameter(
            "refunded_pct_severe",
            80,
            2,
            100,
            "PERCENT",
            Text("多大比例评为 90 分", "How large a part scores 90"),
            not_below="refunded_pct",
        ),
        Parameter(
            "order_refunded_pct",
            50,
            1,
            100,
            "PERCENT",
            Text("一单退多少才算退款订单", "How much of an order must come back for it to count as refunded"),
        ),
        Parameter("window_days", 30, 1, 366, "DAYS", Text("订单落在多少天之内", "Days within which the orders lie")),
        HUB_MAX,
    ),
    detect=detect,
)
