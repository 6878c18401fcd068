"""When a structure that is found is one that is known: by its key, or by its members when its anchor has left it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graph_api.risk.detector import Found


def followed(found: Iterable[Found], lost: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Key of a new finding to the key of the lost one that it goes on from: the one it has most members in common with,
    at least half of the smaller of the two. `lost`: members of known findings, by key, that no finding has the key of.
    """
    by_member: dict[str, list[str]] = {}
    for key, members in lost.items():
        for member in members:
            by_member.setdefault(member, []).append(key)
    offers: list[tuple[int, str, str]] = []
    for each in found:
        common: dict[str, int] = {}
        for member in each.members:
            for key in by_member.get(member, ()):
                common[key] = common.get(key, 0) + 1
        offers += [
            (count, key, each.key)
            for key, count in common.items()
            if 2 * count >= min(len(lost[key]), len(each.members))
        ]
    taken: dict[str, str] = {}
    gone_on: set[str] = set()
    for _, known, new in sorted(offers, key=lambda offer: (-offer[0], offer[1], offer[2])):
        if new not in taken and known not in gone_on:
            taken[new] = known
            gone_on.add(known)
    return taken
