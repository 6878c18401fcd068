"""THRESHOLD_STUFFING: sales pressed into the end of a month, to be given back after it has counted."""

from __future__ import annotations

import numpy as np

from graph_api.arrays import added, grouped
from graph_api.risk.detector import Detector, Edge, Evidence, Found, Limits, Parameter, Text, found, score
from graph_api.risk.snapshot import SHANGHAI_US, Int64s, Snapshot
from graph_api.rules.calendar import HOUR_US
from graph_api.rules.money import yuan


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every seller's month whose last hours hold so much of what was paid, so much of it refunded since."""
    counted = np.flatnonzero(snapshot.countables)
    if not len(counted):
        return []
    local = (snapshot.paid_ats[counted] + SHANGHAI_US).astype("datetime64[us]")
    months = local.astype("datetime64[M]")
    ends = (months + 1).astype("datetime64[us]").astype(np.int64) - SHANGHAI_US
    late = snapshot.paid_ats[counted] >= ends - limits["hours"] * HOUR_US
    keys = snapshot.sellers[counted].astype(np.int64) * 1_000_000 + months.astype(np.int64)
    order, starts = grouped(keys)
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    paid, refunded = snapshot.paid_fens[counted][order], snapshot.refunded_fens[counted][order]
    late = late[order]
    total = added(len(starts) - 1, group, paid)
    late_paid = added(len(starts) - 1, group, np.where(late, paid, 0))
    late_refunded = added(len(starts) - 1, group, np.where(late, refunded, 0))
    stuffed = (late_paid > 0) & (late_paid * 100 >= total * limits["late_pct"])
    stuffed &= late_refunded * 100 >= late_paid * limits["refunded_pct"]
    findings = []
    for one in np.flatnonzero(stuffed):
        places = slice(int(starts[one]), int(starts[one + 1]))
        sums = (int(total[one]), int(late_paid[one]), int(late_refunded[one]))
        month = str(months[order[places.start]])
        findings.append(_explained(snapshot, limits, counted[order[places][late[places]]], month, sums))
    return findings


def _explained(snapshot: Snapshot, limits: Limits, orders: Int64s, month: str, sums: tuple[int, int, int]) -> Found:
    """`sums`: paid in the month, paid in its last hours, refunded of that, in fen."""
    seller = int(snapshot.sellers[orders[0]])
    total_fen, late_fen, refunded_fen = sums
    late_pct, refunded_pct = late_fen * 100 // total_fen, refunded_fen * 100 // late_fen
    buyers, weights = np.unique(snapshot.buyers[orders], return_counts=True)
    code = snapshot.code(seller)
    return found(
        snapshot,
        DETECTOR,
        anchor=f"{code}@{month}",
        score=min(
            score(late_pct, alert=limits["late_pct"], lock=limits["late_pct_severe"]),
            score(refunded_pct, alert=limits["refunded_pct"], lock=limits["refunded_pct_severe"]),
        ),
        members=[seller],
        edges=(
            Edge(snapshot.node(buyer), snapshot.node(seller), "PURCHASED_THROUGH", int(weight))
            for buyer, weight in zip(buyers, weights, strict=True)
        ),
        evidence=[
            Evidence("late_pct", str(late_pct), str(limits["late_pct"])),
            Evidence("refunded_pct", str(refunded_pct), str(limits["refunded_pct"])),
            Evidence("late_fen", str(late_fen)),
            Evidence("refunded_fen", str(refunded_fen)),
        ],
        sentence=Text(
            f"{code} {month} 月销售额的 {late_pct}%（{yuan(late_fen)} 元）集中在最后 {limits['hours']} 小时，其中 {refunded_pct}% 已退款。",
            f"{late_pct} % of what {code} sold in {month} ({yuan(late_fen)} yuan) came in its last {limits['hours']} hours,"
            f" and {refunded_pct} % of that was refunded.",
        ),
    )


DETECTOR = Detector(
    key="THRESHOLD_STUFFING",
    version=1,
    title=Text("月末冲量", "Threshold stuffing"),
    description=Text(
        "月末最后几十小时的销售占当月很大比例，且其中多数随后退款。按实付金额计，不扣退款。",
        "A large part of a month's sales in its last hours, most of it refunded since. Sales as paid, refunds not taken off.",
    ),
    parameters=(
        Parameter(
            "late_pct",
            20,
            1,
            99,
            "PERCENT",
            Text("月末销售占当月的比例", "Part of the month's sales that came at its end"),
        ),
        Parameter(
            "late_pct_severe",
            60,
            2,
            100,
            "PERCENT",
            Text("占多大比例评为 90 分", "How large a part scores 90"),
            not_below="late_pct",
        ),
        Parameter("refunded_pct", 50, 1, 99, "PERCENT", Text("其中已退款的比例", "Part of that which was refunded")),
        Parameter(
            "refunded_pct_severe",
            90,
            2,
            100,
            "PERCENT",
            Text("退多大比例评为 90 分", "How large a part of it scores 90"),
            not_below="refunded_pct",
        ),
        Parameter(
            "hours", 48, 1, 240, "HOURS", Text("月末从最后多少小时算起", "The last hours of a month that are its end")
        ),
    ),
    detect=detect,
)
