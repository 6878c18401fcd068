"""DEEP_CHAIN: a thin deep line, in which each but the ends has exactly one direct downline."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from graph_api.arrays import roots_and_depths
from graph_api.risk.detector import Detector, Edge, Evidence, Found, Limits, Parameter, Text, found, score
from graph_api.risk.snapshot import Int32s, Snapshot


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every longest run of enough levels: from one who is no intermediate down to the next who is none."""
    single = (snapshot.direct_counts == 1) & (snapshot.referrers >= 0)
    above = np.where(single, snapshot.referrers, 0)
    within = np.where(single & single[above], snapshot.referrers, -1).astype(np.int32)
    firsts, _ = roots_and_depths(within)
    intermediates = np.bincount(firsts[single], minlength=snapshot.promoters)
    only = np.full(snapshot.promoters, -1, dtype=np.int32)
    referred = np.flatnonzero(snapshot.referrers >= 0)
    only[snapshot.referrers[referred]] = referred
    return [
        _explained(snapshot, limits, _walked(snapshot, only, int(first), int(intermediates[first])))
        for first in np.flatnonzero(intermediates + 1 >= limits["levels_min"])
    ]


def _walked(snapshot: Snapshot, only: Int32s, first: int, intermediates: int) -> list[int]:
    """The whole run, its two ends included."""
    line = [int(snapshot.referrers[first]), first]
    for _ in range(intermediates):
        line.append(int(only[line[-1]]))
    return line


def _explained(snapshot: Snapshot, limits: Limits, line: list[int]) -> Found:
    levels = len(line) - 1
    top, bottom = snapshot.code(line[0]), snapshot.code(line[-1])
    return found(
        snapshot,
        DETECTOR,
        anchor=f"{top}/{snapshot.code(line[1])}",
        score=score(levels, alert=limits["levels_min"], lock=limits["levels_severe"]),
        members=line,
        edges=(Edge(snapshot.node(above), snapshot.node(below), "REFERRED") for above, below in pairwise(line)),
        evidence=[Evidence("levels", str(levels), str(limits["levels_min"]))],
        sentence=Text(
            f"从 {top} 到 {bottom} 连续 {levels} 级推荐，中间每人只有一名直接下线。",
            f"{levels} referral levels in a row from {top} to {bottom}, each in between with a single direct downline.",
        ),
    )


DETECTOR = Detector(
    key="DEEP_CHAIN",
    version=1,
    title=Text("细长链", "Thin deep chain"),
    description=Text(
        "连续多级推荐，中间每人恰有一名直接下线；级数按推荐次数计。",
        "Many referral levels in a row, each intermediate with exactly one direct downline; a level is one referral.",
    ),
    parameters=(
        Parameter("levels_min", 6, 3, 1000, "LEVELS", Text("连续推荐的级数", "Referrals in a row")),
        Parameter(
            "levels_severe",
            12,
            4,
            1000,
            "LEVELS",
            Text("多少级评为 90 分", "How many of them score 90"),
            not_below="levels_min",
        ),
    ),
    detect=detect,
    followed=True,
)
