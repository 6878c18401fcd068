"""DORMANT_INTERMEDIARY: who lives on the sales of others and has long stopped selling."""

from __future__ import annotations

import numpy as np

from graph_api.arrays import added
from graph_api.risk.detector import Detector, Edge, Evidence, Found, Limits, Parameter, Text, found, score
from graph_api.risk.snapshot import SHANGHAI_US, Snapshot
from graph_api.rules.calendar import DAY_US
from graph_api.rules.money import yuan

DOWNLINES_SHOWN = 20


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Judged at the latest sale of the network; who joined less than the time ago has not been idle for it."""
    at = snapshot.judged_at
    since = at - limits["idle_days"] * DAY_US
    last_sold = snapshot.joined_ats.copy()
    counted = np.flatnonzero(snapshot.countables & (snapshot.paid_ats <= at))
    np.maximum.at(last_sold, snapshot.sellers[counted], snapshot.paid_ats[counted])
    recent = np.flatnonzero(
        (snapshot.income_days > (since + SHANGHAI_US) // DAY_US)
        & (snapshot.income_days <= (at + SHANGHAI_US) // DAY_US)
    )
    override = added(snapshot.promoters, snapshot.income_receivers[recent], snapshot.override_fens[recent])
    income = override + added(snapshot.promoters, snapshot.income_receivers[recent], snapshot.own_fens[recent])
    idle = (
        (last_sold <= since)
        & (override >= limits["override_min_fen"])
        & (override * 100 >= income * limits["override_pct"])
    )
    return [
        _explained(
            snapshot, limits, int(one), (at - int(last_sold[one])) // DAY_US, int(override[one]), int(income[one])
        )
        for one in np.flatnonzero(idle)
    ]


def _explained(
    snapshot: Snapshot, limits: Limits, promoter: int, idle_days: int, override_fen: int, income_fen: int
) -> Found:
    code = snapshot.code(promoter)
    return found(
        snapshot,
        DETECTOR,
        anchor=code,
        score=score(idle_days, alert=limits["idle_days"], lock=limits["idle_days_severe"]),
        members=[promoter],
        edges=(
            Edge(snapshot.node(promoter), snapshot.node(downline), "REFERRED")
            for downline in snapshot.direct(promoter)[:DOWNLINES_SHOWN]
        ),
        evidence=[
            Evidence("idle_days", str(idle_days), str(limits["idle_days"])),
            Evidence("override_pct", str(override_fen * 100 // max(income_fen, 1)), str(limits["override_pct"])),
            Evidence("override_fen", str(override_fen), str(limits["override_min_fen"])),
        ],
        sentence=Text(
            f"{code} 已 {idle_days} 天没有自己的销售，近 {limits['idle_days']} 天却有 {yuan(override_fen)} 元管理奖。",
            f"{code} has had no sale of its own for {idle_days} days, and {yuan(override_fen)} yuan of override in the"
            f" last {limits['idle_days']}.",
        ),
    )


DETECTOR = Detector(
    key="DORMANT_INTERMEDIARY",
    version=1,
    title=Text("躺赚中间人", "Dormant intermediary"),
    description=Text(
        "长期没有自己的销售，期间收入绝大部分来自团队管理奖。",
        "No sale of one's own for long, and nearly all income of that time from override.",
    ),
    parameters=(
        Parameter(
            "idle_days",
            60,
            7,
            730,
            "DAYS",
            Text(
                "没有自己销售的天数，收入也按这些天计", "Days without a sale of one's own; income is that of these days"
            ),
        ),
        Parameter(
            "idle_days_severe",
            180,
            8,
            3650,
            "DAYS",
            Text("多少天评为 90 分", "How many of them score 90"),
            not_below="idle_days",
        ),
        Parameter(
            "override_pct", 80, 1, 100, "PERCENT", Text("管理奖占收入的比例", "Part of the income that is override")
        ),
        Parameter(
            "override_min_fen",
            1,
            1,
            1_000_000_000_000,
            "FEN",
            Text("管理奖至少多少才告警", "Override of less is not worth an alarm"),
        ),
    ),
    detect=detect,
)
