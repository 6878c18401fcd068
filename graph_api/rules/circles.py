"""Directed cycles of a graph, each once, the shortest first, within a bound of work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

Graph = Mapping[str, Set[str]]
Ways = Mapping[str, Sequence[str]]
"""Where one comes to from a node, in order: sorted once, however often it is visited."""
Circle = tuple[str, ...]


class TooMuchWork(Exception):
    """The bound was reached before everything was looked at."""


@dataclass(slots=True)
class Effort:
    """Steps that are left; a node that is visited costs one, and one for each neighbour that is looked at there."""

    steps: int

    def spend(self, neighbours: int = 0) -> None:
        self.steps -= 1 + neighbours
        if self.steps < 0:
            raise TooMuchWork


@dataclass(frozen=True, slots=True)
class Circles:
    """`truncated`: there are more, or there may be."""

    found: list[Circle] = field(default_factory=list)
    truncated: bool = False


def circles(
    graph: Graph, *, through: str | None = None, lengths: tuple[int, int], first: int, steps_max: int
) -> Circles:
    """The shortest `first` cycles of a length from one number to another, each from its smallest node on.

    Of one length they come in the order of that walk; with `through`, only those that lead through it, in the order
    of the walk from there.

    >>> circles({"a": {"b"}, "b": {"a", "c"}, "c": {"c"}}, lengths=(1, 9), first=5, steps_max=999).found
    [('c',), ('a', 'b')]
    """
    by_length: dict[int, list[Circle]] = {length: [] for length in range(lengths[0], lengths[1] + 1)}
    effort = Effort(steps_max)
    kept = _without_ends(graph)
    starts = sorted(kept) if through is None else [through]
    forward, backward = _sorted(kept), _sorted(_reversed(kept))
    try:
        for start in starts:
            floor = start if through is None else ""
            for length, found in by_length.items():
                if sum(len(by_length[shorter]) for shorter in range(lengths[0], length + 1)) > first:
                    break
                far = _distances(backward, start, length - 1, floor, effort)
                for walk in _walks(forward, [start], length, far, effort):
                    found.append(_from_smallest(walk))
                    if len(found) > first:
                        break
    except TooMuchWork:
        return Circles([circle for found in by_length.values() for circle in found][:first], truncated=True)
    every = [circle for found in by_length.values() for circle in found]
    return Circles(every[:first], truncated=len(every) > first)


def _walks(ways: Ways, walk: list[str], length: int, far: Mapping[str, int], effort: Effort) -> Iterator[Circle]:
    """Ways of exactly so many edges from the first node back to it, over no node twice; `far`: how far each is from it."""
    nexts = ways.get(walk[-1], ())
    effort.spend(len(nexts))
    left = length - len(walk)
    if left == 0:
        if walk[0] in nexts:
            yield tuple(walk)
        return
    on_walk = set(walk)
    for node in nexts:
        if node not in on_walk and far.get(node, length) <= left:
            walk.append(node)
            yield from _walks(ways, walk, length, far, effort)
            walk.pop()


def _distances(backward: Ways, start: str, most: int, floor: str, effort: Effort) -> dict[str, int]:
    """How many edges lead from each node to `start`, up to so many, over nodes that are not smaller than `floor`."""
    distances = {start: 0}
    frontier = [start]
    for distance in range(1, most + 1):
        reached = []
        for node in frontier:
            befores = backward.get(node, ())
            effort.spend(len(befores))
            for before in befores:
                if before >= floor and before not in distances:
                    distances[before] = distance
                    reached.append(before)
        if not reached:
            break
        frontier = reached
    return distances


def _sorted(graph: Graph) -> dict[str, list[str]]:
    return {node: sorted(nexts) for node, nexts in graph.items()}


def _without_ends(graph: Graph) -> dict[str, set[str]]:
    """What is left when nodes that nothing leads to, or that lead nowhere, are taken off until there are none.

    >>> _without_ends({"a": {"b"}, "b": {"c", "b"}, "c": {"d"}})
    {'b': {'b'}}
    """
    forward = {node: set(nexts) for node, nexts in graph.items()}
    backward = _reversed(graph)
    ends = [node for node in forward.keys() | backward.keys() if not forward.get(node) or not backward.get(node)]
    while ends:
        node = ends.pop()
        for after in forward.pop(node, ()):
            backward[after].discard(node)
            if not backward[after]:
                ends.append(after)
        for before in backward.pop(node, ()):
            if before in forward:
                forward[before].discard(node)
                if not forward[before]:
                    ends.append(before)
    return forward


def _reversed(graph: Graph) -> dict[str, set[str]]:
    backward: dict[str, set[str]] = {}
    for node, nexts in graph.items():
        for after in nexts:
            backward.setdefault(after, set()).add(node)
    return backward


def _from_smallest(walk: Sequence[str]) -> Circle:
    """The same circle, begun at its smallest node.

    >>> _from_smallest(["b", "c", "a"])
    ('a', 'b', 'c')
    """
    first = min(range(len(walk)), key=walk.__getitem__)
    return (*walk[first:], *walk[:first])
