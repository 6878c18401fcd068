"""Cycles of directed graphs, against networkx."""

from __future__ import annotations

import time

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_api.rules.circles import Circle, circles

NODES = st.sampled_from("abcdefg")
EDGES = st.sets(st.tuples(NODES, NODES), max_size=20)
Edges = set[tuple[str, str]]


def graph_of(edges: Edges) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        graph.setdefault(source, set()).add(target)
    return graph


def expected(edges: Edges, most: int) -> list[Circle]:
    drawn: networkx.DiGraph[str] = networkx.DiGraph(list(edges))
    found = []
    for cycle in networkx.simple_cycles(drawn, length_bound=most):
        first = cycle.index(min(cycle))
        found.append((*cycle[first:], *cycle[:first]))
    return sorted(found, key=lambda circle: (len(circle), circle))


@given(EDGES, st.integers(1, 7))
def test_each_cycle_is_found_once_the_shortest_first(edges: Edges, most: int) -> None:
    told = circles(graph_of(edges), lengths=(1, most), first=10_000, steps_max=10**7)
    assert told.found == expected(edges, most)
    assert told.truncated is False


@given(EDGES, NODES, st.integers(1, 3), st.integers(3, 7))
def test_through_a_node_only_its_own_are_found(edges: Edges, through: str, least: int, most: int) -> None:
    told = circles(graph_of(edges), through=through, lengths=(least, most), first=10_000, steps_max=10**7)
    own = [circle for circle in expected(edges, most) if through in circle and len(circle) >= least]
    assert sorted(told.found, key=lambda circle: (len(circle), circle)) == own
    assert [len(circle) for circle in told.found] == [len(circle) for circle in own]


@given(EDGES, st.integers(1, 5))
def test_the_first_are_the_first_of_all_and_a_cut_is_told(edges: Edges, first: int) -> None:
    every = expected(edges, 5)
    told = circles(graph_of(edges), lengths=(1, 5), first=first, steps_max=10**7)
    assert (told.found, told.truncated) == (every[:first], len(every) > first)


@pytest.mark.parametrize("steps_max", [0, 1, 20, 300])
def test_work_is_bounded_and_a_cut_is_told(steps_max: int) -> None:
    whole = {str(node): {str(other) for other in range(30)} for node in range(30)}
    told = circles(whole, lengths=(3, 12), first=10**6, steps_max=steps_max)
    assert told.truncated is True
    assert len(told.found) <= steps_max


@pytest.mark.parametrize("hub", ["!", "~"])
@pytest.mark.parametrize("through", [None, "5"])
def test_a_hub_costs_what_is_looked_at_there(hub: str, through: str | None) -> None:
    """From each of 10,000 leaves all others are in sight over the hub: a step a node would be a hundred million looks."""
    leaves = [str(number) for number in range(10_000)]
    star: dict[str, set[str]] = {hub: set(leaves)} | {leaf: {hub} for leaf in leaves}
    began = time.process_time()
    told = circles(star, through=through, lengths=(2, 8), first=100_000, steps_max=400_000)
    assert time.process_time() - began < 3
    if through is None:
        assert told.truncated is True
        assert set(map(len, told.found)) == {2}
    else:
        assert (told.found, told.truncated) == ([(hub, "5") if hub < "5" else ("5", hub)], False)


def test_as_many_as_are_wanted_are_no_cut_and_one_more_is() -> None:
    pairs = graph_of({("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("e", "e")})
    told = circles(pairs, lengths=(1, 2), first=3, steps_max=10**6)
    assert (told.found, told.truncated) == ([("e",), ("a", "b"), ("c", "d")], False)
    assert circles(pairs, lengths=(1, 2), first=2, steps_max=10**6).truncated is True
    assert circles(pairs, lengths=(2, 2), first=2, steps_max=10**6).truncated is False


def test_what_was_found_before_the_work_was_too_much_is_told() -> None:
    crowd = {("z", f"m{number:03}") for number in range(500)} | {(f"m{number:03}", "z") for number in range(500)}
    told = circles(graph_of({("a", "b"), ("b", "a"), *crowd}), lengths=(2, 4), first=9, steps_max=400)
    assert (told.found[:1], told.truncated) == ([("a", "b")], True)
