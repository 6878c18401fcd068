"""Cycles and levels of claimed referrals, against networkx."""

from __future__ import annotations

import networkx
from hypothesis import given
from hypothesis import strategies as st

from loaders.referrals import levels, on_cycles

NAMES = st.sampled_from("abcdefghij")


@given(st.dictionaries(NAMES, NAMES))
def test_exactly_those_on_a_cycle_are_found(referrer_of: dict[str, str]) -> None:
    graph: networkx.DiGraph[str] = networkx.DiGraph(list(referrer_of.items()))
    expected = {code for cycle in networkx.simple_cycles(graph) for code in cycle}
    assert on_cycles(referrer_of) == expected


@given(st.dictionaries(NAMES, NAMES))
def test_without_the_cycles_every_referrer_stands_a_level_higher(referrer_of: dict[str, str]) -> None:
    cyclic = on_cycles(referrer_of)
    found = levels(referrer_of, cyclic)
    assert found.keys() == referrer_of.keys()
    for code, referrer in referrer_of.items():
        assert found[code] == (0 if code in cyclic else found.get(referrer, 0) + 1)


def test_a_chain_and_a_cycle_of_many_thousands_are_walked_without_recursion() -> None:
    chain = {str(number): str(number - 1) for number in range(1, 50_000)}
    assert max(levels(chain).values()) == 49_999
    assert len(on_cycles(chain | {"0": "49999"})) == 50_000
