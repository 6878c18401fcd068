"""IDENTITY_RING: promoters of one tree who share devices, accounts, ID numbers, phones or addresses."""

from __future__ import annotations

import numpy as np

from graph_api.arrays import components, groups
from graph_api.risk.detector import (
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
from graph_api.risk.links import HUB_MAX, link_edges, linking
from graph_api.risk.snapshot import Int64s, Snapshot
from graph_api.rules.codes import IDENTIFIER_KINDS

KINDS_ZH = dict(zip(IDENTIFIER_KINDS, ("设备", "收款账户", "证件号", "手机号", "地址"), strict=True))
KINDS_EN = dict(zip(IDENTIFIER_KINDS, ("device", "payout account", "ID number", "phone", "address"), strict=True))


def detect(snapshot: Snapshot, limits: Limits) -> list[Found]:
    """Every connected group of enough promoters; an identifier joins within a tree only, and a hub joins nobody."""
    chosen = np.flatnonzero(linking(snapshot, limits["hub_max"]) & (snapshot.link_people < snapshot.promoters))
    people = snapshot.link_people[chosen].astype(np.int64)
    identifiers = snapshot.link_identifiers[chosen].astype(np.int64)
    in_tree = snapshot.tree[0][people].astype(np.int64) * max(len(snapshot.identifiers), 1) + identifiers
    _, places = np.unique(in_tree, return_inverse=True)
    labels = components(snapshot.promoters + len(places), people, snapshot.promoters + places)[people]
    findings = []
    for links in groups(labels, least=limits["members_min"]):
        members = np.unique(people[links])
        if len(members) >= limits["members_min"]:
            findings.append(_explained(snapshot, limits, members, _shared(identifiers[links])))
    return findings


def _shared(identifiers: Int64s) -> list[int]:
    """Identifiers that two or more of the people have, whose links these are."""
    different, counts = np.unique(identifiers, return_counts=True)
    return [int(identifier) for identifier in different[counts >= 2]]


def _explained(snapshot: Snapshot, limits: Limits, members: Int64s, shared: list[int]) -> Found:
    ordered = by_code(snapshot, members)
    ids = sorted(snapshot.identifiers[identifier] for identifier in shared)
    kinds = [kind for kind in IDENTIFIER_KINDS if any(id.startswith(f"{kind}:") for id in ids)]
    root = snapshot.code(snapshot.tree[0][ordered[0]])
    count, named = len(ordered), listed(snapshot, ordered)
    return found(
        snapshot,
        DETECTOR,
        anchor=f"{ids[0]}@{root}",
        score=score(count, alert=limits["members_min"], lock=limits["members_lock"]),
        members=ordered,
        edges=link_edges(snapshot, ordered, shared),
        evidence=[
            Evidence("members", str(count), str(limits["members_min"])),
            Evidence("shared_identifiers", str(len(ids))),
            Evidence("kinds", " ".join(kinds)),
        ],
        sentence=Text(
            f"{root} 这棵树里 {count} 名推广员（{named.zh}）共用{'、'.join(KINDS_ZH[kind] for kind in kinds)}。",
            f"{count} promoters of the tree of {root} ({named.en}) share {', '.join(KINDS_EN[kind] for kind in kinds)}.",
        ),
    )


DETECTOR = Detector(
    key="IDENTITY_RING",
    version=1,
    title=Text("身份环", "Identity ring"),
    description=Text(
        "同一棵树里多名推广员通过共用的设备、收款账户、证件号、手机号或地址相连；人数过多的标识不计。",
        "Promoters of one tree joined by a shared device, payout account, ID number, phone or address; an identifier of"
        " too many people is ignored.",
    ),
    parameters=(
        Parameter(
            "members_min", 3, 2, 100, "PEOPLE", Text("同一棵树里相连的推广员", "Promoters of one tree who are joined")
        ),
        Parameter(
            "members_lock",
            5,
            3,
            1000,
            "PEOPLE",
            Text("多少人即锁定", "How many of them are locked"),
            not_below="members_min",
        ),
        HUB_MAX,
    ),
    detect=detect,
    followed=True,
    may_lock=True,
)
