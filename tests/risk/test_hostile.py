"""No detector takes the square of a network's size, whatever the network is made like."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import networkx
import numpy as np
import pytest

from graph_api.risk.cycles import Cycles
from graph_api.risk.detector import Detector, ParameterSet
from graph_api.risk.registry import DETECTORS, scan
from graph_api.risk.snapshot import Snapshot
from tests.risk import hostile

SMALL, LARGE = 4_000, 16_000
NOISE_SECONDS = 0.15


TIMES = 3
"""A shared processor takes longer at times, a square takes longer every time."""


def seconds(detector: Detector, snapshot: Snapshot) -> float:
    """Of the processor."""
    began = time.process_time()
    scan(snapshot, [detector])
    return time.process_time() - began


def grew(detector: Detector, small: Snapshot, large: Snapshot) -> tuple[float, float] | None:
    """Seconds for each, where the large network takes twice as long for each promoter as the small one."""
    for _ in range(TIMES):
        took = seconds(detector, small), seconds(detector, large)
        if took[1] <= 8 * max(took[0], NOISE_SECONDS):
            return None
    return took


@pytest.fixture
def nothing_collected() -> Iterator[None]:
    """What other tests have left is not looked through in the middle of a measure."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("nothing_collected")
@pytest.mark.parametrize("shape", hostile.SHAPES, ids=lambda shape: str(shape.__name__))
def test_four_times_the_network_takes_no_more_than_linear_time_allows(shape: hostile.Shape) -> None:
    """Linear is 4 times as long, the square 16 times."""
    small, large = shape(SMALL), shape(LARGE)
    assert {key: took for key, detector in DETECTORS.items() if (took := grew(detector, small, large))} == {}


@pytest.mark.parametrize("seed", range(20))
def test_short_cycles_are_those_of_networkx(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(2, 14))
    drawn = random.integers(0, size, (int(random.integers(0, 4 * size)), 2)).tolist()
    edges = sorted({(a, b) for a, b in drawn if a != b})
    for length_max in (2, 3, 4, 6):
        graph: networkx.DiGraph[int] = networkx.DiGraph(edges)
        expected = {canonical(cycle) for cycle in networkx.simple_cycles(graph, length_bound=length_max)}
        cycles = Cycles(edges, length_max)
        found = [canonical(cycle) for cycle in cycles]
        assert (sorted(found), cycles.cut) == (sorted(expected), False)


def test_a_search_that_would_not_end_says_that_it_is_cut_and_has_every_cycle_of_two() -> None:
    everybody = [(a, b) for a in range(30) for b in range(30) if a != b]
    cycles = Cycles(everybody, 6)
    found = list(cycles)
    assert cycles.cut
    assert sum(len(cycle) == 2 for cycle in found) == 30 * 29 // 2


def canonical(cycle: list[int]) -> tuple[int, ...]:
    first = cycle.index(min(cycle))
    return tuple(cycle[first:] + cycle[:first])


def test_a_tangle_of_more_cycles_than_are_looked_at_says_that_there_are_more() -> None:
    (done,) = scan(hostile.buying_star(12_000), [DETECTORS["MUTUAL_PURCHASE"]])
    (found,) = done.found
    assert found.truncated
    assert [each.value for each in found.evidence if each.key == "cycles"] == ["2000+"]


def test_a_net_too_dense_to_be_looked_at_to_the_end_is_found_as_a_whole_rather_than_not_at_all() -> None:
    layers, wide = 8, 30
    everybody = range(layers * wide)
    orders = [
        (hostile.name(n), hostile.name((n // wide + 1) % layers * wide + other), hostile.START, 10_000, False)
        for n in everybody
        for other in range(wide)
        for _ in range(2)
    ]
    net = hostile.network([-1 for _ in everybody], orders=orders)
    (done,) = scan(net, [DETECTORS["MUTUAL_PURCHASE"]], {"MUTUAL_PURCHASE": ParameterSet(1, {"length_max": 6})})
    (found,) = done.found
    assert (found.member_count, found.score, found.truncated) == (len(everybody), 60, True)
    assert [each.value for each in found.evidence] == ["2", "0+"]
