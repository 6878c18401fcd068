"""SHARED_PAYOUT_ACCOUNT: commission of several promoters arrives at one place."""

from __future__ import annotations

import numpy as np

from graph_api.arrays import groups
from graph_api.risk.detector import (
    LOCK_SCORE,
    Detector,
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
from graph_api.risk.links import HUB_MAX, link_edges
from graph_api.risk.snapshot import Int64s, Snapshot
from graph_api.rules.codes import IDENTIFIER_KINDS

ACCOUNT = IDENTIFIER_KINDS.index("PAYOUT_ACCOUNT")


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every account of enough promoters, hubs too: whom everybody pays is worth a look, though it locks nobody."""
    accounts = snapshot.kind_by_identifier[snapshot.link_identifiers] == ACCOUNT
    links = np.flatnonzero(accounts & (snapshot.link_people < snapshot.promoters))
    return [
        _explained(snapshot, limits, snapshot.link_people[links[group]].astype(np.int64), links[group][0])
        for group in groups(snapshot.link_identifiers[links], least=limits["promoters_min"])
    ]


def _explained(snapshot: Snapshot, limits: Limits, promoters: Int64s, link: np.int64) -> Found:
    account = int(snapshot.link_identifiers[link])
    ordered, count = by_code(snapshot, promoters), len(promoters)
    people = int(snapshot.people_by_identifier[account])
    reached = score(count, alert=limits["promoters_min"], lock=limits["promoters_lock"])
    named = listed(snapshot, ordered)
    return found(
        snapshot,
        DETECTOR,
        anchor=snapshot.identifiers[account].partition(":")[2],
        score=reached if people <= limits["hub_max"] else min(reached, LOCK_SCORE - 1),
        members=ordered,
        edges=link_edges(snapshot, ordered, [account]),
        evidence=[
            Evidence("promoters", str(count), str(limits["promoters_min"])),
            Evidence("people", str(people), str(limits["hub_max"])),
        ],
        sentence=Text(
            f"{count} 名推广员（{named.zh}）的佣金付到同一个收款账户。",
            f"The commission of {count} promoters ({named.en}) goes to one payout account.",
        ),
    )


DETECTOR = Detector(
    key="SHARED_PAYOUT_ACCOUNT",
    version=1,
    title=Text("共用收款账户", "Shared payout account"),
    description=Text(
        "多名推广员使用同一收款账户；人数过多的账户只告警，不自动锁定。",
        "Several promoters with one payout account; an account of too many people is told but locks nobody.",
    ),
    parameters=(
        Parameter(
            "promoters_min", 2, 2, 100, "PEOPLE", Text("使用同一收款账户的推广员", "Promoters with one payout account")
        ),
        Parameter(
            "promoters_lock",
            5,
            3,
            1000,
            "PEOPLE",
            Text("多少人即锁定", "How many of them are locked"),
            not_below="promoters_min",
        ),
        HUB_MAX,
    ),
    detect=detect,
    may_lock=True,
)
