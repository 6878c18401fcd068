"""Short cycles of a directed graph, found at a cost that its edges bound, however they are arranged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Ends = dict[int, set[int]]
STEPS_LEAST = 100_000
STEPS_PER_EDGE = 100


class _Enough(Exception):
    """The steps are used up."""


@dataclass
class Cycles:
    """Walks through each node's cycles and then takes the node off, those with fewest neighbours first.

    Between two nodes it always goes on from the one with fewer neighbours, so that somebody who deals with everybody is not
    asked for all of them again and again. `cut`: there was more than the steps allow; cycles of two are never cut.
    """

    edges: Iterable[tuple[int, int]]
    length_max: int
    cut: bool = False
    _out: Ends = field(default_factory=dict)
    _into: Ends = field(default_factory=dict)
    _steps: int = 0

    def __iter__(self) -> Iterator[list[int]]:
        for a, b in self.edges:
            self._out.setdefault(a, set()).add(b)
            self._into.setdefault(b, set()).add(a)
        yield from ([a, b] for a in sorted(self._out) for b in sorted(self._out[a]) if a < b and a in self._leads(b))
        self._steps = STEPS_LEAST + STEPS_PER_EDGE * sum(len(ends) for ends in self._out.values())
        nodes = sorted(self._out, key=lambda node: (len(self._out[node]) + len(self._into.get(node, ())), node))
        try:
            for node in nodes:
                for length in range(3, self.length_max + 1):
                    for between in self._paths(node, node, length, frozenset((node,))):
                        yield [node, *between]
                self._take_off(node)
        except _Enough:
            self.cut = True

    def _leads(self, node: int) -> set[int]:
        return self._out.get(node, set())

    def _led(self, node: int) -> set[int]:
        return self._into.get(node, set())

    def _paths(self, a: int, b: int, length: int, on: frozenset[int]) -> Iterator[list[int]]:
        """Nodes strictly between a and b on each path of so many edges that meets none of `on`."""
        after, before = self._leads(a), self._led(b)
        fewer, forward = (after, True) if len(after) <= len(before) else (before, False)
        for node in sorted(fewer):
            self._steps -= 1
            if self._steps < 0:
                raise _Enough
            if node in on:
                continue
            if length == 2:
                if node in before and node in after:
                    yield [node]
            elif forward:
                yield from ([node, *rest] for rest in self._paths(node, b, length - 1, on | {node}))
            else:
                yield from ([*rest, node] for rest in self._paths(a, node, length - 1, on | {node}))

    def _take_off(self, node: int) -> None:
        for other in self._out.pop(node, ()):
            self._into[other].discard(node)
        for other in self._into.pop(node, ()):
            self._out.get(other, set()).discard(node)
