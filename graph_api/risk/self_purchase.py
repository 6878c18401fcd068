"""SELF_PURCHASE: a promoter sells to itself, under its own code or under another one of its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graph_api.arrays import groups
from graph_api.risk.detector import Detector, Edge, Evidence, Found, Limits, Parameter, Text, found, score
from graph_api.risk.links import HUB_MAX, Sharing, link_edges
from graph_api.risk.snapshot import Int64s, Snapshot
from graph_api.rules.money import yuan


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every promoter who sold to itself or to somebody with a strong identifier of its own; a hub proves nothing."""
    sharing = Sharing(snapshot, limits["hub_max"])
    own = snapshot.buyers == snapshot.sellers
    orders = np.flatnonzero(own | sharing.shares(snapshot.buyers, snapshot.sellers))
    return [
        _explained(snapshot, limits, sharing, orders[group])
        for group in groups(snapshot.sellers[orders], least=limits["orders_min"])
    ]


def _explained(snapshot: Snapshot, limits: Limits, sharing: Sharing, orders: Int64s) -> Found:
    seller, count = int(snapshot.sellers[orders[0]]), len(orders)
    buyers, weights = np.unique(snapshot.buyers[orders], return_counts=True)
    own = int((snapshot.buyers[orders] == seller).sum())
    paid_fen = int(snapshot.paid_fens[orders].sum())
    code = snapshot.code(seller)

    def edges() -> Iterator[Edge]:
        for buyer, weight in zip(buyers, weights, strict=True):
            yield Edge(snapshot.node(buyer), snapshot.node(seller), "PURCHASED_THROUGH", int(weight))
        held = sharing.of(seller)
        for buyer in buyers[buyers != seller]:
            yield from link_edges(snapshot, [int(buyer), seller], held & sharing.of(int(buyer)))

    return found(
        snapshot,
        DETECTOR,
        anchor=code,
        score=score(count, alert=limits["orders_min"], lock=limits["orders_severe"]),
        members=[seller, *(int(buyer) for buyer in buyers if buyer < snapshot.promoters and buyer != seller)],
        edges=edges(),
        evidence=[
            Evidence("orders", str(count), str(limits["orders_min"])),
            Evidence("orders_under_own_code", str(own)),
            Evidence("paid_fen", str(paid_fen)),
        ],
        sentence=Text(
            f"{code} 自购 {count} 单，共 {yuan(paid_fen)} 元：{own} 单用本人编码，{count - own} 单的买家与其共用标识。",
            f"{code} sold {count} orders of {yuan(paid_fen)} yuan to itself: {own} under its own code, {count - own} to"
            " buyers who share an identifier with it.",
        ),
    )


DETECTOR = Detector(
    key="SELF_PURCHASE",
    version=1,
    title=Text("自购", "Self-purchase"),
    description=Text(
        "买家就是推广员本人，或与其共用设备、收款账户、证件号或手机号。",
        "The buyer is the promoter, or shares a device, payout account, ID number or phone with it.",
    ),
    parameters=(
        Parameter("orders_min", 1, 1, 1000, "ORDERS", Text("卖给自己的订单数", "Orders sold to oneself")),
        Parameter(
            "orders_severe",
            10,
            2,
            10_000,
            "ORDERS",
            Text("多少单评为 90 分", "How many of them score 90"),
            not_below="orders_min",
        ),
        HUB_MAX,
    ),
    detect=detect,
)
