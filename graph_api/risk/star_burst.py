"""STAR_BURST: many new direct downlines in a day, of whom next to nobody sells."""

from __future__ import annotations

from bisect import bisect

import numpy as np

from graph_api.arrays import groups
from graph_api.risk.detector import Detector, Edge, Evidence, Found, Limits, Parameter, Text, found, score
from graph_api.risk.snapshot import Bools, Int64s, Snapshot, days_of
from graph_api.rules.calendar import DAY_US, HOUR_US, local_text


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Bursts that do not overlap, the largest first; one is judged when everybody in it has had the time to sell."""
    sellers = _sold_soon(snapshot, limits)
    referred = np.flatnonzero(snapshot.referrers >= 0)
    findings = []
    for group in groups(snapshot.referrers[referred], least=limits["new_min"]):
        downlines = referred[group]
        downlines = downlines[np.argsort(snapshot.referred_ats[downlines], kind="stable")]
        for start, end in _bursts(snapshot, limits, snapshot.referred_ats[downlines], sellers[downlines]):
            findings.append(
                _explained(snapshot, limits, downlines[start:end], int(sellers[downlines[start:end]].sum()))
            )
    return findings


def _sold_soon(snapshot: Snapshot, limits: Limits) -> Bools:
    """Who sold within the days after it was referred."""
    since = snapshot.referred_ats[snapshot.sellers]
    soon = snapshot.countables & (snapshot.paid_ats >= since)
    soon &= snapshot.paid_ats <= since + limits["sell_days"] * DAY_US
    sold = np.zeros(snapshot.promoters, dtype=np.bool_)
    sold[snapshot.sellers[soon]] = True
    return sold


def _bursts(snapshot: Snapshot, limits: Limits, ats: Int64s, sold: Bools) -> list[tuple[int, int]]:
    """Windows [start, end) over downlines in the order of their referral, the larger of two that overlap."""
    starts = np.arange(len(ats))
    ends = np.searchsorted(ats, ats + limits["hours"] * HOUR_US, side="right")
    sold_before = np.concatenate([[0], np.cumsum(sold)])
    counts, sellers = ends - starts, sold_before[ends] - sold_before[starts]
    fits = (counts >= limits["new_min"]) & (sellers * 100 < counts * limits["sellers_pct"])
    fits &= ats[ends - 1] + limits["sell_days"] * DAY_US <= snapshot.as_of
    chosen: list[tuple[int, int]] = []
    largest_first = np.flatnonzero(fits)[np.argsort(-counts[fits], kind="stable")]
    for start, end in zip(largest_first.tolist(), ends[largest_first].tolist(), strict=True):
        place = bisect(chosen, (start, end))
        before_ends = chosen[place - 1][1] if place else 0
        after_starts = chosen[place][0] if place < len(chosen) else end
        if before_ends <= start and end <= after_starts:
            chosen.insert(place, (start, end))
    return chosen


def _explained(snapshot: Snapshot, limits: Limits, downlines: Int64s, sellers: int) -> Found:
    centre, count = int(snapshot.referrers[downlines[0]]), len(downlines)
    begins = local_text(int(snapshot.referred_ats[downlines[0]]))[:10]
    code = snapshot.code(centre)
    return found(
        snapshot,
        DETECTOR,
        anchor=f"{code}@{int(days_of(snapshot.referred_ats[downlines[:1]])[0])}",
        score=score(count, alert=limits["new_min"], lock=limits["new_severe"]),
        members=[centre, *downlines],
        edges=(Edge(snapshot.node(centre), snapshot.node(downline), "REFERRED") for downline in downlines),
        evidence=[
            Evidence("new_downlines", str(count), str(limits["new_min"])),
            Evidence("sellers_pct", str(sellers * 100 // count), str(limits["sellers_pct"])),
            Evidence("begins", begins),
        ],
        sentence=Text(
            f"{code} 自 {begins} 起 {limits['hours']} 小时内新增 {count} 名直接下线，其中 {sellers} 人在 {limits['sell_days']} 天内有销售。",
            f"{code} gained {count} direct downlines in {limits['hours']} hours from {begins}; {sellers} of them sold"
            f" anything within {limits['sell_days']} days.",
        ),
    )


DETECTOR = Detector(
    key="STAR_BURST",
    version=1,
    title=Text("爆发式拉人", "Star burst"),
    description=Text(
        "一天之内新增大量直接下线，其中几乎无人在随后几天内有销售。",
        "Many new direct downlines within a day, hardly any of whom sell in the days after.",
    ),
    parameters=(
        Parameter("new_min", 30, 5, 10_000, "PEOPLE", Text("新增的直接下线", "New direct downlines")),
        Parameter(
            "new_severe",
            100,
            6,
            100_000,
            "PEOPLE",
            Text("新增多少人评为 90 分", "How many of them score 90"),
            not_below="new_min",
        ),
        Parameter("hours", 24, 1, 720, "HOURS", Text("在多少小时内新增", "Hours within which they come")),
        Parameter(
            "sell_days", 7, 1, 90, "DAYS", Text("给新人多少天开单", "Days that each of them has to sell something")
        ),
        Parameter(
            "sellers_pct", 10, 1, 100, "PERCENT", Text("开单人数低于多大比例", "Fewer than this part of them sell")
        ),
    ),
    detect=detect,
)
