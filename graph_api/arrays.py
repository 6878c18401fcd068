"""Graph passes over whole arrays, each linear but for a logarithm: components, roots, cycles of referrals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]


def components(size: int, a: Ints, b: Ints) -> NDArray[np.int64]:
    """For each of `size` nodes the smallest node it is connected with by the edges a-b.

    >>> components(5, np.array([1, 3]), np.array([2, 1])).tolist()
    [0, 1, 1, 1, 4]
    """
    labels = np.arange(size, dtype=np.int64)
    while True:
        at_a, at_b = labels[a], labels[b]
        low = np.minimum(at_a, at_b)
        hooked = labels.copy()
        np.minimum.at(hooked, at_a, low)
        np.minimum.at(hooked, at_b, low)
        hooked = settled(hooked)
        if np.array_equal(hooked, labels):
            return labels
        labels = hooked


def settled(pointers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each pointer followed to its end; there is no cycle but of one."""
    while True:
        further = pointers[pointers]
        if np.array_equal(further, pointers):
            return pointers
        pointers = further


def roots_and_depths(parents: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Root of each node of a forest, and its levels below it; a parent below 0 is none.

    >>> [array.tolist() for array in roots_and_depths(np.array([-1, 0, 1, -1], dtype=np.int32))]
    [[0, 0, 0, 3], [0, 1, 2, 0]]
    """
    nodes = np.arange(len(parents), dtype=np.int32)
    roots = np.where(parents < 0, nodes, parents).astype(np.int32)
    depths = (parents >= 0).astype(np.int32)
    while True:
        further = roots[roots]
        if np.array_equal(further, roots):
            return roots, depths
        depths = depths + depths[roots]
        roots = further


def on_cycles(nexts: Ints) -> NDArray[np.int64]:
    """Nodes on a cycle of a graph in which each node leads to at most one (below 0: to none).

    >>> on_cycles(np.array([1, 0, 0, 3, -1])).tolist()
    [0, 1, 3]
    """
    size = len(nexts)
    jump = np.append(np.where(nexts < 0, size, nexts), size).astype(np.int64)
    for _ in range(size.bit_length()):
        jump = jump[jump]
    ends = np.unique(jump)
    return ends[ends < size]


def added(size: int, at: Ints, values: Ints) -> NDArray[np.int64]:
    """Sums of whole numbers by index; bincount would go through floats."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, at, values)
    return sums


def grouped(keys: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(order, starts): an order that brings equal keys together, and where in it each group starts, with the end."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    firsts = np.flatnonzero(np.diff(ordered)) + 1
    starts = np.concatenate([[0], firsts, [len(keys)]]) if len(keys) else np.zeros(1)
    return order, starts.astype(np.int64)


def groups(keys: Ints, *, least: int = 1) -> Iterator[NDArray[np.int64]]:
    """Positions of equal keys, group by group, of the groups that have at least so many."""
    order, starts = grouped(keys)
    for group in np.flatnonzero(np.diff(starts) >= least):
        yield order[starts[group] : starts[group + 1]]


def kept_on_cycles(a: Ints, b: Ints, *, rounds: int = 64) -> NDArray[np.bool_]:
    """Which edges a→b may lie on a cycle: those left when ends that nothing leads to or from are taken off.

    The rounds are bounded: a long path is left to whoever looks at what remains.
    """
    alive = np.ones(len(a), dtype=np.bool_)
    if not len(a):
        return alive
    size = int(max(a.max(), b.max())) + 1
    for _ in range(rounds):
        leads = np.zeros(size, dtype=np.bool_)
        led = np.zeros(size, dtype=np.bool_)
        leads[a[alive]] = True
        led[b[alive]] = True
        still = alive & led[a] & leads[b]
        if np.array_equal(still, alive):
            break
        alive = still
    return alive
