"""Every detector finds what its page says must be found, with its score, and nothing else."""

from __future__ import annotations

import pytest

from graph_api.risk.detector import Found
from graph_api.risk.registry import DETECTORS, scan
from tests.risk.drawn import GRAPHS, drawn

KEYS = sorted(DETECTORS)


def found_in(key: str) -> tuple[Found, ...]:
    (done,) = scan(drawn(key.lower()).snapshot(), [DETECTORS[key]])
    return done.found


@pytest.mark.parametrize("key", KEYS)
def test_what_is_drawn_is_found_and_no_decoy(key: str) -> None:
    found = sorted((sorted(each.members), each.score) for each in found_in(key))
    expected = sorted((sorted(each["members"]), each["score"]) for each in drawn(key.lower()).finds)
    assert found == expected


@pytest.mark.parametrize("key", KEYS)
def test_a_finding_shows_its_structure_and_numbers(key: str) -> None:
    found = found_in(key)
    assert len({each.key for each in found}) == len(found)
    for each in found:
        assert each.member_count == len(each.members)
        assert any(evidence.threshold is not None for evidence in each.evidence)
        assert each.members[0] in each.sentence.zh + each.anchor
        assert each.sentence.zh != each.sentence.en
        kinds = {"REFERRED", "PURCHASED_THROUGH", "DEVICE", "PAYOUT_ACCOUNT", "ID_NUMBER", "PHONE", "ADDRESS"}
        assert {edge.kind for edge in each.edges} <= kinds
        shown = {edge.source for edge in each.edges} | {edge.target for edge in each.edges}
        assert not each.edges or {f"PROMOTER:{code}" for code in each.members} <= shown


@pytest.mark.parametrize("key", KEYS)
def test_the_graph_stands_beside_a_page(key: str) -> None:
    page = (GRAPHS / f"{key.lower()}.md").read_text("utf-8")
    assert page.startswith(f"# {key}\n")
    assert "ust not" in page or "| not:" in page


def test_the_stake_is_what_members_are_not_paid_yet() -> None:
    (spike,) = (each for each in found_in("COMMISSION_SPIKE") if each.members == ("A",))
    assert spike.at_stake_fen == 70_000
