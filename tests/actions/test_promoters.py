"""The referral network against a real store: one referrer each, no cycle, history kept."""

from __future__ import annotations

import asyncio

import pytest

from cypher.store import Store
from graph_api.actions import promoters
from graph_api.actions.promoters import Enrolment
from graph_api.errors import (
    AlreadyBound,
    Conflict,
    Invalid,
    NotActive,
    NotFound,
    SelfReferral,
    TooManyLevels,
    WouldCycle,
)
from graph_api.pii import Pii
from tests.conftest import Query

NOW = 1_780_000_000_000_000
BY = {"actor": "test", "now": NOW}
EDGES = "MATCH (q:Promoter)-[r:REFERRED]->(p) RETURN q.code AS q, p.code AS p ORDER BY p"


async def line(store: Store, pii: Pii, codes: str) -> None:
    """Each of the letters refers the next one."""
    rows = [
        Enrolment(code, referrer_code=above, joined_at=1) for above, code in zip([None, *codes], codes, strict=False)
    ]
    assert {o.state for o in await promoters.enrol(store, pii, rows, **BY)} <= {"recorded"}


async def move(store: Store, code: str, to: str | None, *, at: int | None = None, key: str | None = None) -> None:
    await promoters.move(store, promoter_code=code, referrer_code=to, reason="test", at=at, key=key, **BY)


async def test_enrolling_again_is_harmless_and_other_content_a_conflict(store: Store, pii: Pii) -> None:
    row = Enrolment("A", name="王小明", phone="13812345678", joined_at=5)
    again = [row, row, Enrolment("A", name="李四"), Enrolment("A"), Enrolment("B", referrer_code="A"), Enrolment("B")]
    outcomes = await promoters.enrol(store, pii, again, **BY)
    assert [o.state for o in outcomes] == ["recorded", "unchanged", "refused", "unchanged", "recorded", "refused"]
    assert isinstance(outcomes[2].error, Conflict)


async def test_personal_data_is_never_clear_in_the_graph(store: Store, pii: Pii, query: Query) -> None:
    await promoters.enrol(store, pii, [Enrolment("A", name="王小明", phone="13812345678")], **BY)
    everything = await query("MATCH (n) RETURN properties(n) AS p UNION ALL MATCH ()-[r]->() RETURN properties(r) AS p")
    assert "王小明" not in str(everything)
    assert "13812345678" not in str(everything)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (Enrolment("X", referrer_code="nobody"), NotFound),
        (Enrolment("X", referrer_code="X"), SelfReferral),
        (Enrolment("", referrer_code="A"), Invalid),
        (Enrolment(" X"), Invalid),
        (Enrolment("X\n"), Invalid),
        (Enrolment("x" * 129), Invalid),
        (Enrolment("X", name="n" * 600), Invalid),
    ],
)
async def test_a_bad_enrolment_is_refused(store: Store, pii: Pii, row: Enrolment, error: type[Exception]) -> None:
    (outcome,) = await promoters.enrol(store, pii, [row], **BY)
    assert type(outcome.error) is error


async def test_a_cycle_is_refused_with_the_path_that_it_would_close(store: Store, pii: Pii, query: Query) -> None:
    await line(store, pii, "ABCD")
    with pytest.raises(WouldCycle) as refusal:
        await move(store, "A", "D")
    assert refusal.value.path == ["A", "B", "C", "D"]
    with pytest.raises(SelfReferral):
        await move(store, "B", "B")
    assert len(await query(EDGES)) == 3


async def test_binding_gives_one_referrer_once(store: Store, pii: Pii) -> None:
    await line(store, pii, "AB")
    await line(store, pii, "C")
    await promoters.bind(store, promoter_code="C", referrer_code="B", at=None, **BY)
    await promoters.bind(store, promoter_code="C", referrer_code="B", at=None, **BY)
    with pytest.raises(AlreadyBound) as refusal:
        await promoters.bind(store, promoter_code="C", referrer_code="A", at=None, **BY)
    assert refusal.value.referrer_code == "B"
    with pytest.raises(WouldCycle):
        await promoters.bind(store, promoter_code="A", referrer_code="C", at=None, **BY)


async def test_a_move_keeps_the_former_referral(store: Store, pii: Pii, query: Query) -> None:
    await line(store, pii, "ABC")
    await line(store, pii, "X")
    await move(store, "C", "X", at=100, key="k")
    await move(store, "C", "X", at=100, key="k")
    with pytest.raises(Conflict):
        await move(store, "C", "A", at=100, key="k")
    with pytest.raises(Invalid):
        await move(store, "C", "A", at=99)
    await move(store, "C", None, at=200)
    former = await query(
        "MATCH (q)-[r:FORMERLY_REFERRED]->(:Promoter {code: 'C'}) RETURN q.code AS q, r.since_at AS s, r.until_at AS u ORDER BY u"
    )
    assert former == [{"q": "B", "s": None, "u": 100}, {"q": "X", "s": 100, "u": 200}]


async def test_referrals_follow_one_another(store: Store, pii: Pii) -> None:
    rows = [Enrolment("A", joined_at=0), Enrolment("B", joined_at=0), Enrolment("C", referrer_code="A", joined_at=0)]
    await promoters.enrol(store, pii, rows, **BY)
    move = {"promoter_code": "C", "reason": "r", "key": None, **BY}
    await promoters.move(store, referrer_code=None, at=NOW - 10, **move)
    with pytest.raises(Invalid, match="before the last change"):
        await promoters.move(store, referrer_code="B", at=NOW - 11, **move)
    with pytest.raises(Invalid, match="before the last change"):
        await promoters.bind(store, promoter_code="C", referrer_code="B", at=NOW - 11, **BY)
    await promoters.bind(store, promoter_code="C", referrer_code="B", at=NOW - 10, **BY)


async def test_a_closed_promoter_recruits_nobody(store: Store, pii: Pii) -> None:
    await line(store, pii, "AB")
    await promoters.close(store, code="A", reason="left", **BY)
    await promoters.close(store, code="A", reason="left", **BY)
    (outcome,) = await promoters.enrol(store, pii, [Enrolment("C", referrer_code="A")], **BY)
    assert isinstance(outcome.error, NotActive)
    with pytest.raises(NotFound):
        await promoters.close(store, code="Z", reason="left", **BY)


async def test_a_tree_has_a_thousand_levels_at_most(store: Store, pii: Pii) -> None:
    rows = [Enrolment(f"n{i}", referrer_code=f"n{i - 1}" if i else None) for i in range(1002)]
    outcomes = await promoters.enrol(store, pii, rows, **BY)
    assert [o.state for o in outcomes[-2:]] == ["recorded", "refused"]
    assert isinstance(outcomes[-1].error, TooManyLevels)
    await line(store, pii, "AB")
    with pytest.raises(TooManyLevels):
        await move(store, "A", "n999")


async def test_opposite_moves_that_race_close_no_cycle(store: Store, pii: Pii, query: Query) -> None:
    await line(store, pii, "A")
    await line(store, pii, "B")

    async def attempt(code: str, to: str) -> str:
        try:
            await move(store, code, to)
        except WouldCycle:
            return "WOULD_CYCLE"
        return "moved"

    for _ in range(10):
        ended = await asyncio.gather(attempt("A", "B"), attempt("B", "A"))
        assert sorted(ended) == ["WOULD_CYCLE", "moved"]
        assert len(await query(EDGES)) == 1
        for code in "AB":
            await move(store, code, None)


async def test_who_has_a_referrer_is_claimed_by_nobody_more(store: Store, pii: Pii, query: Query) -> None:
    await promoters.enrol(store, pii, [Enrolment(code, joined_at=1) for code in "ABR"], **BY)
    await promoters.bind(store, promoter_code="A", referrer_code="R", at=NOW, **BY)
    await promoters.claim(store, [("A", "B"), ("B", "A")], **BY)
    claimed = await query("MATCH (q)-[:CLAIMED_REFERRAL]->(p) RETURN q.code AS q, p.code AS p")
    assert claimed == [{"q": "A", "p": "B"}]
