"""Passes over a real directed graph, the Bitcoin OTC network with real purchases, against networkx on the same input."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import networkx
import numpy as np
import pytest

from graph_api.arrays import components, kept_on_cycles, on_cycles, roots_and_depths
from graph_api.risk import deep_chain, referral_cycle
from graph_api.risk.snapshot import Gathering, Snapshot
from graph_api.rules.circles import circles

DATA = Path(__file__).parents[3] / "shared" / "data" / "otc-cdnow"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="the OTC network is not beside the project")


class Real(NamedTuple):
    """`referrers`: numbers, -1 without; `bought`: (buyer, promoter), the nth customer standing for the nth promoter."""

    codes: list[str]
    referrers: np.ndarray[tuple[int], np.dtype[np.int32]]
    bought: list[tuple[int, int]]

    @property
    def referrals(self) -> list[tuple[int, int]]:
        """(referrer, promoter)."""
        return [(int(above), below) for below, above in enumerate(self.referrers) if above >= 0]

    def snapshot(self, claims: dict[int, int]) -> Snapshot:
        gathering = Gathering()
        size = len(self.codes)
        named = [self.codes[above] if above >= 0 else "" for above in self.referrers]
        claimed = [self.codes[claims[n]] if n in claims else "" for n in range(size)]
        gathering.add_promoters(self.codes, named, claimed, [0] * size, [0] * size)
        return gathering.snapshot(0)


@pytest.fixture(scope="module")
def real() -> Real:
    with (DATA / "promoters.csv").open(encoding="utf-8", newline="") as stream:
        rows = sorted((row["code"], row["referrer_code"]) for row in csv.DictReader(stream))
    number = {code: n for n, (code, _) in enumerate(rows)}
    referrers = np.array([number.get(above, -1) for _, above in rows], dtype=np.int32)
    with (DATA / "orders.csv").open(encoding="utf-8", newline="") as stream:
        pairs = {(row["buyer_code"], row["promoter_code"]) for row in csv.DictReader(stream)}
    buyers = {code: n % len(rows) for n, code in enumerate(sorted({buyer for buyer, _ in pairs}, key=hash_free))}
    bought = sorted({(buyers[buyer], number[seller]) for buyer, seller in pairs})
    return Real([code for code, _ in rows], referrers, bought)


def hash_free(code: str) -> str:
    """Customers in another order than promoters are served in, the same in each run."""
    return code[::-1]


def directed(real: Real, edges: list[tuple[int, int]]) -> networkx.DiGraph[int]:
    graph: networkx.DiGraph[int] = networkx.DiGraph()
    graph.add_nodes_from(range(len(real.codes)))
    graph.add_edges_from(edges)
    return graph


@pytest.mark.parametrize("edges", ["referrals", "bought"])
def test_weak_components_are_those_of_networkx(real: Real, edges: str) -> None:
    chosen: list[tuple[int, int]] = getattr(real, edges)
    expected = {min(part): len(part) for part in networkx.weakly_connected_components(directed(real, chosen))}
    a, b = np.array(chosen).T
    labels, sizes = np.unique(components(len(real.codes), a, b), return_counts=True)
    assert dict(zip(labels.tolist(), sizes.tolist(), strict=True)) == expected
    if edges == "referrals":
        roots, _ = roots_and_depths(real.referrers)
        assert len(np.unique(roots)) == len(expected) == 691


def test_the_real_tree_has_no_cycle_and_claims_that_close_it_are_found_each_once(real: Real) -> None:
    graph = directed(real, real.referrals)
    assert networkx.number_strongly_connected_components(graph) == len(real.codes)
    assert len(on_cycles(real.referrers)) == 0
    claims = {}
    for root in (n for n in graph if graph.in_degree(n) == 0):
        depths = networkx.single_source_shortest_path_length(graph, root)
        claims[root] = max(depths, key=lambda node: (depths[node], node))
    closed = directed(real, real.referrals + [(claimed, root) for root, claimed in claims.items()])
    cycles = {frozenset(cycle) for cycle in networkx.simple_cycles(closed)}
    assert len(cycles) == 691
    found = referral_cycle.detect(real.snapshot(claims), referral_cycle.DETECTOR.limits())
    assert {frozenset(each.members) for each in found} == {frozenset(real.codes[n] for n in cycle) for cycle in cycles}
    strong = [part for part in networkx.strongly_connected_components(closed) if len(part) > 1]
    assert sum(each.member_count > 1 for each in found) == len(strong)


def test_cycles_of_real_purchases_are_those_of_networkx(real: Real) -> None:
    graph = directed(real, real.bought)
    expected = [tuple(cycle) for cycle in networkx.simple_cycles(graph, length_bound=2)]
    # Those of three as sets: networkx takes minutes for them where nearly everybody is in one strong component.
    expected += [
        (a, b, c) for a, b in graph.edges if a < b for c in graph[b] if c > a and c != b and graph.has_edge(c, a)
    ]
    assert len(expected) > 10
    drawn: dict[str, set[str]] = {}
    for buyer, seller in real.bought:
        drawn.setdefault(f"{buyer:05}", set()).add(f"{seller:05}")
    told = circles(drawn, lengths=(1, 3), first=100_000, steps_max=10**8)
    assert told.truncated is False
    assert sorted(sorted(map(int, circle)) for circle in told.found) == sorted(map(sorted, expected))
    buyers, sellers = np.array(real.bought).T
    kept = kept_on_cycles(buyers, sellers)
    left = directed(real, list(zip(buyers[kept].tolist(), sellers[kept].tolist(), strict=True)))
    strong = {frozenset(part) for part in networkx.strongly_connected_components(graph) if len(part) > 1}
    assert {frozenset(part) for part in networkx.strongly_connected_components(left) if len(part) > 1} == strong


def test_thin_chains_of_the_real_tree_are_those_of_a_walk(real: Real) -> None:
    graph = directed(real, real.referrals)
    within = {n for n in graph if graph.in_degree(n) == 1 and graph.out_degree(n) == 1}
    expected = set()
    for top in set(graph) - within:
        for below in graph.successors(top):
            run = [top, below]
            while run[-1] in within:
                run += graph.successors(run[-1])
            expected.add(tuple(real.codes[n] for n in run))
    found = deep_chain.detect(real.snapshot({}), deep_chain.DETECTOR.limits({"levels_min": 3}))
    assert {each.members for each in found} == {run for run in expected if len(run) > 3}
    assert found
