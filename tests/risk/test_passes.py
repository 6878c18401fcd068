"""Whole-network passes against networkx on the same graphs, and the limits of detectors."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import networkx
import numpy as np
import pytest

import graph_api.risk
from graph_api.arrays import components, kept_on_cycles, on_cycles, roots_and_depths
from graph_api.errors import NotFound, OutOfBounds
from graph_api.risk import referral_cycle
from graph_api.risk.detector import ParameterSet
from graph_api.risk.links import Sharing, hubs
from graph_api.risk.mutual_purchase import Purchases
from graph_api.risk.registry import DETECTORS, named, scan
from graph_api.risk.snapshot import Gathering
from tests.risk.drawn import drawn

SEEDS = range(20)


def random_edges(seed: int) -> tuple[int, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 200))
    return size, random.integers(0, size, (2, int(random.integers(0, 2 * size))))


@pytest.mark.parametrize("seed", SEEDS)
def test_components_are_those_of_networkx(seed: int) -> None:
    size, (a, b) = random_edges(seed)
    graph: networkx.Graph[int] = networkx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(zip(a.tolist(), b.tolist(), strict=True))
    expected = {min(part): part for part in networkx.connected_components(graph)}
    labels = components(size, a, b)
    assert {int(label): {int(n) for n in np.flatnonzero(labels == label)} for label in np.unique(labels)} == expected


def test_a_long_path_in_any_order_is_one_component() -> None:
    path = np.random.default_rng(0).permutation(10_000)
    assert set(components(10_000, path[:-1], path[1:]).tolist()) == {0}


@pytest.mark.parametrize("seed", SEEDS)
def test_cycles_of_claims_are_those_of_networkx(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 300))
    claims = random.integers(-1, size, size)
    graph: networkx.DiGraph[int] = networkx.DiGraph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from((n, int(c)) for n, c in enumerate(claims) if c >= 0)
    cycles = {frozenset(cycle) for cycle in networkx.simple_cycles(graph)}
    strong = [part for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    assert {int(node) for node in on_cycles(claims)} == set().union(*cycles)
    codes = [f"{n:03}" for n in range(size)]
    gathering = Gathering()
    gathering.add_promoters(codes, [""] * size, [codes[c] if c >= 0 else "" for c in claims], [0] * size, [0] * size)
    found = referral_cycle.detect(gathering.snapshot(0), referral_cycle.DETECTOR.limits())
    assert {frozenset(map(int, each.members)) for each in found} == cycles
    assert sum(each.member_count > 1 for each in found) == len(strong)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_left_of_a_graph_holds_every_cycle(seed: int) -> None:
    _, (a, b) = random_edges(seed)
    kept = kept_on_cycles(a, b)
    graph: networkx.DiGraph[int] = networkx.DiGraph(zip(a.tolist(), b.tolist(), strict=True))
    left: networkx.DiGraph[int] = networkx.DiGraph(zip(a[kept].tolist(), b[kept].tolist(), strict=True))
    strong = {frozenset(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1}
    assert {frozenset(part) for part in networkx.strongly_connected_components(left) if len(part) > 1} == strong


@pytest.mark.parametrize("seed", SEEDS)
def test_roots_and_levels_are_those_of_a_walk(seed: int) -> None:
    random = np.random.default_rng(seed)
    size = int(random.integers(1, 300))
    parents = np.array([int(random.integers(-1, n)) if n else -1 for n in range(size)], dtype=np.int32)
    roots, depths = roots_and_depths(parents)
    for node in range(size):
        above, levels = node, 0
        while parents[above] >= 0:
            above, levels = int(parents[above]), levels + 1
        assert (roots[node], depths[node]) == (above, levels)


@pytest.mark.parametrize("seed", SEEDS)
def test_sharing_is_that_of_sets(seed: int) -> None:
    random = np.random.default_rng(seed)
    kinds = ("PHONE", "ADDRESS", "DEVICE")
    rows = [(f"p{random.integers(20):02}", f"{kinds[n % 3]}:{random.integers(8)}") for n in range(40)]
    gathering = Gathering()
    people = [f"p{n:02}" for n in range(20)]
    gathering.add_promoters(people, [""] * 20, [""] * 20, [0] * 20, [0] * 20)
    gathering.add_links([code for code, _ in rows], [id for _, id in rows])
    snapshot = gathering.snapshot(0)
    strong = {code: {id for holder, id in rows if holder == code and id[:7] != "ADDRESS"} for code in people}
    counts = {id: len({code for code, other in rows if other == id}) for _, id in rows}
    a, b = np.divmod(np.arange(400), 20)
    different = a != b
    a, b = a[different].astype(np.int32), b[different].astype(np.int32)
    answers = Sharing(snapshot, 4).shares(a, b)
    for one, other, answer in zip(a, b, answers, strict=True):
        shared = strong[people[one]] & strong[people[other]]
        assert answer == any(counts[id] <= 4 for id in shared)
    assert dict(hubs(snapshot, 4)) == {id: count for id, count in counts.items() if count > 4}


def test_purchases_are_taken_pair_by_pair() -> None:
    purchases = Purchases(drawn("mutual_purchase").snapshot(), 2)
    assert len(list(purchases.pairs)) == 21


@pytest.mark.parametrize("name", [info.name for info in pkgutil.iter_modules(graph_api.risk.__path__)])
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"graph_api.risk.{name}")).failed == 0


def test_an_empty_network_has_no_findings() -> None:
    assert [len(done.found) for done in scan(Gathering().snapshot(0), DETECTORS.values())] == [0] * 12


def test_every_parameter_has_a_default_within_its_bounds() -> None:
    assert len(DETECTORS) == 12
    for detector in DETECTORS.values():
        assert detector.faults(detector.limits()) == {}
        assert all(parameter.meaning.zh != parameter.meaning.en for parameter in detector.parameters)
    assert {key for key, detector in DETECTORS.items() if detector.may_lock} == {
        "COMMISSION_SPIKE",
        "SHARED_PAYOUT_ACCOUNT",
        "IDENTITY_RING",
    }


def test_parameters_out_of_bounds_and_unknown_names_are_refused() -> None:
    ring = DETECTORS["IDENTITY_RING"]
    assert ring.limits({"members_min": 4})["members_min"] == 4
    with pytest.raises(OutOfBounds, match="members_min must be 2 to 100, not 1"):
        ring.limits({"members_min": 1})
    with pytest.raises(OutOfBounds, match="has no parameter colour"):
        ring.limits({"colour": 1})
    with pytest.raises(OutOfBounds, match="members_lock of 5 is below members_min of 6"):
        ring.limits({"members_min": 6})
    assert ring.limits({"members_min": 6, "members_lock": 6})["members_lock"] == 6
    with pytest.raises(NotFound, match="no detector NONE"):
        named(["DEEP_CHAIN", "NONE"])


def test_another_threshold_finds_other_structures() -> None:
    snapshot = drawn("deep_chain").snapshot()
    (done,) = scan(snapshot, named(["DEEP_CHAIN"]), {"DEEP_CHAIN": ParameterSet(1, {"levels_min": 7})})
    assert sorted(each.anchor for each in done.found) == ["D0/D1", "F00/F01"]


def test_what_was_chosen_for_an_earlier_version_counts_as_far_as_this_one_takes_it() -> None:
    ring = DETECTORS["IDENTITY_RING"]
    assert ring.still_valid({"members_min": 4, "colour": 1, "hub_max": 1}) == {"members_min": 4}
    assert ring.still_valid({"members_min": 9, "members_lock": 9, "hub_max": 9}) == {
        "members_min": 9,
        "members_lock": 9,
        "hub_max": 9,
    }
    assert ring.still_valid({"members_min": 9, "hub_max": 9}) == {"hub_max": 9}


@pytest.mark.parametrize("key", sorted(DETECTORS))
def test_every_threshold_of_an_evidence_is_one_that_was_looked_with(key: str) -> None:
    """Shown are the parameters tried, not the defaults: every finding of a trial says so beside its values."""
    detector = DETECTORS[key]
    lowered = {each.key: each.default - 1 for each in detector.parameters if each.takes(each.default - 1)}
    chosen = detector.still_valid(lowered)
    (done,) = scan(drawn(key.lower()).snapshot(), [detector], {key: ParameterSet(1, chosen)})
    values = {str(value) for value in detector.limits(chosen).values()}
    thresholds = {each.threshold for found in done.found for each in found.evidence if each.key != "day_fen"}
    assert done.found
    assert thresholds - {None} <= values
