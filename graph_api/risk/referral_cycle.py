"""REFERRAL_CYCLE: a directed cycle of claimed referrals; imports keep such claims apart and refer nobody by them."""

from __future__ import annotations

import numpy as np

from graph_api.arrays import on_cycles
from graph_api.risk.detector import Detector, Edge, Evidence, Found, Limits, Parameter, Text, found, score
from graph_api.risk.snapshot import Snapshot


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every cycle. A claim counts until it is decided or its promoter has a referrer, and then that referral does."""
    stated = np.where(snapshot.referrers >= 0, snapshot.referrers, snapshot.claims)
    waiting = {int(promoter) for promoter in on_cycles(stated)}
    findings: list[Found] = []
    while waiting:
        cycle = [waiting.pop()]
        while (above := int(stated[cycle[-1]])) != cycle[0]:
            waiting.discard(above)
            cycle.append(above)
        if len(cycle) >= limits["length_min"]:
            findings.append(_explained(snapshot, limits, cycle))
    return findings


def _explained(snapshot: Snapshot, limits: Limits, cycle: list[int]) -> Found:
    """`cycle` walks from each promoter to whom it names as its referrer."""
    first = cycle.index(min(cycle, key=snapshot.code))
    around = cycle[first:] + cycle[:first]
    length = len(around)
    in_effect = int(np.count_nonzero(snapshot.referrers[around] >= 0))
    path = " → ".join(snapshot.code(promoter) for promoter in [*around[:8], *([around[0]] if length <= 8 else [])])
    path += " → …" if length > 8 else ""
    return found(
        snapshot,
        DETECTOR,
        anchor=snapshot.code(around[0]),
        score=score(length, alert=limits["length_min"], lock=limits["length_severe"]),
        members=around,
        edges=(
            Edge(snapshot.node(above), snapshot.node(below), "REFERRED")
            for below, above in zip(around, [*around[1:], around[0]], strict=True)
        ),
        evidence=[
            Evidence("length", str(length), str(limits["length_min"])),
            Evidence("claims_waiting", str(length - in_effect)),
        ],
        sentence=Text(
            f"{length} 名推广员互报推荐人成环：{path}；" + _in_effect_zh(in_effect),
            f"{length} promoters claim each other as referrers in a circle: {path}; " + _in_effect_en(in_effect),
        ),
    )


def _in_effect_zh(referrals: int) -> str:
    return f"其中 {referrals} 段推荐关系已生效，其余待处理。" if referrals else "环上的推荐关系均未生效。"


def _in_effect_en(referrals: int) -> str:
    if not referrals:
        return "none of these referrals is in effect."
    return f"{referrals} of these referrals {'is' if referrals == 1 else 'are'} in effect, the others wait."


DETECTOR = Detector(
    key="REFERRAL_CYCLE",
    version=2,
    title=Text("推荐成环", "Referral cycle"),
    description=Text(
        "声明的推荐关系首尾相接成环（含自己推荐自己）。写入时即被拒绝，导入时隔离。",
        "Claimed referrals that close a circle, oneself included. Refused on every write, quarantined on import.",
    ),
    parameters=(
        Parameter(
            "length_min",
            1,
            1,
            1000,
            "PEOPLE",
            Text("环上的人数，自己推荐自己为 1", "People on the cycle; whoever claims itself is one"),
        ),
        Parameter(
            "length_severe",
            10,
            2,
            1000,
            "PEOPLE",
            Text("多少人评为 90 分", "How many people score 90"),
            not_below="length_min",
        ),
    ),
    detect=detect,
    followed=True,
)
