"""COMPLIANCE_LINE: a root whose tree reaches the levels and the people of the prosecution line of 2013."""

from __future__ import annotations

import numpy as np

from graph_api.arrays import added, groups
from graph_api.risk.detector import (
    MEMBERS_MAX,
    Detector,
    Edge,
    Evidence,
    Found,
    Limits,
    Parameter,
    Text,
    found,
    score,
)
from graph_api.risk.snapshot import Int64s, Snapshot


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every root over both limits, which count the root itself."""
    roots, depths = snapshot.tree
    levels = np.zeros(snapshot.promoters, dtype=np.int64)
    np.maximum.at(levels, roots, depths.astype(np.int64) + 1)
    people = np.bincount(roots, minlength=snapshot.promoters)
    over = (levels >= limits["levels_min"]) & (people >= limits["people_min"])
    if not over.any():
        return []
    stakes = added(snapshot.promoters, roots, snapshot.open_by_promoter)
    trees = np.flatnonzero(over[roots])
    return [
        _explained(snapshot, limits, trees[tree], int(levels[roots[trees[tree[0]]]]), stakes)
        for tree in groups(roots[trees])
    ]


def _explained(snapshot: Snapshot, limits: Limits, tree: Int64s, levels: int, stakes: Int64s) -> Found:
    roots, depths = snapshot.tree
    root, people = int(roots[tree[0]]), len(tree)
    shown = tree[np.argsort(depths[tree], kind="stable")][:MEMBERS_MAX]
    code = snapshot.code(root)
    return found(
        snapshot,
        DETECTOR,
        anchor=code,
        score=score(people, alert=limits["people_min"], lock=limits["people_severe"]),
        members=shown,
        edges=(
            Edge(snapshot.node(int(snapshot.referrers[member])), snapshot.node(member), "REFERRED")
            for member in shown[1:]
        ),
        evidence=[
            Evidence("levels", str(levels), str(limits["levels_min"])),
            Evidence("people", str(people), str(limits["people_min"])),
        ],
        sentence=Text(
            f"{code} 的整棵树有 {levels} 层、{people} 人（含本人），达到立案追诉的 {limits['levels_min']} 层且 {limits['people_min']} 人。",
            f"The tree of {code} has {levels} levels and {people} people, the root included: the prosecution line is"
            f" {limits['levels_min']} levels and {limits['people_min']} people.",
        ),
        stake_fen=int(stakes[root]),
        member_count=people,
    )


DETECTOR = Detector(
    key="COMPLIANCE_LINE",
    version=1,
    title=Text("追诉标准线", "Prosecution line"),
    description=Text(
        "一棵树（从根算起，含根）同时达到层级与人数两条线。",
        "A whole tree, its root counted, at both the limit of levels and the limit of people.",
    ),
    parameters=(
        Parameter(
            "levels_min", 3, 2, 100, "LEVELS", Text("整棵树的层数，含根", "Levels of a whole tree, its root counted")
        ),
        Parameter(
            "people_min",
            30,
            3,
            1_000_000,
            "PEOPLE",
            Text("整棵树的人数，含根", "People of a whole tree, its root counted"),
        ),
        Parameter(
            "people_severe",
            300,
            4,
            100_000_000,
            "PEOPLE",
            Text("多少人评为 90 分", "How many people score 90"),
            not_below="people_min",
        ),
    ),
    detect=detect,
)
