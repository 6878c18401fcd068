"""The shape of claimed referrals, in which everybody has at most one referrer: cycles and levels in linear time."""

from __future__ import annotations

from collections.abc import Mapping, Set


def on_cycles(referrer_of: Mapping[str, str]) -> set[str]:
    """Everybody who stands on a directed cycle, of any length, 1 included; who hangs below one does not.

    >>> sorted(on_cycles({"a": "b", "b": "a", "c": "a", "d": "d", "e": "f"}))
    ['a', 'b', 'd']
    """
    found: set[str] = set()
    walked: set[str] = set()
    for start in referrer_of:
        path: dict[str, None] = {}
        code = start
        while code in referrer_of and code not in walked:
            walked.add(code)
            path[code] = None
            code = referrer_of[code]
        if code in path:
            climbed = list(path)
            found.update(climbed[climbed.index(code) :])
    return found


def levels(referrer_of: Mapping[str, str], roots: Set[str] = frozenset()) -> dict[str, int]:
    """How many of the given referrals stand above each; those of `roots` are left out, and no cycle may be left.

    >>> levels({"b": "a", "c": "b", "d": "d"}, roots={"d"})
    {'b': 1, 'c': 2, 'd': 0}
    """
    found: dict[str, int] = dict.fromkeys(roots, 0)
    for start in referrer_of:
        path: list[str] = []
        code = start
        while code not in found and code in referrer_of:
            path.append(code)
            code = referrer_of[code]
        level = found.get(code, 0)
        for below in reversed(path):
            level += 1
            found[below] = level
    return {code: found[code] for code in (*(c for c in referrer_of if c not in roots), *sorted(roots))}
