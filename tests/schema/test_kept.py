"""Whole answers that are kept say what is so: as if they were put together anew, for each who asks, after each change."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.batched.promoters import PromoterReads
from graph_api.cache import Cache, Position
from graph_api.pii import Pii
from graph_api.schema import access
from graph_api.schema.kept import STEADY
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.schema.conftest import Service, fill, serving

CROSSINGS = int(os.environ.get("CROSSINGS", "100"))
"""`CROSSINGS=1000 make test ARGS='-k "slow_reader or crossing"'` for the long run."""
VIEW = """query($code: String!, $first: Int = 20, $depth: Int = 3) { promoter(code: $code) {
  __typename id code name status rank joinedAt sales { orders buyers volumeFen refundedFen }
  team { ...T } month: team(month: "2026-01", depth: 1) { ...T }
  downline(depth: $depth, first: $first) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor level node { ... on Promoter { code name rank status } sales { orders volumeFen } team { ...T }
      downline { edges { node { code name } } } } } } } }
fragment T on TeamAggregate { promoterCode size directCount validDirectCount maxDepth orders volumeFen
  byLevel { level size orders volumeFen } }"""

CHANGES = {
    "a sale deep below": 'recordOrders(input: [{number: "n1", buyerCode: "y", promoterCode: "D", paidAt: "2026-01-11T00:00:00Z",'
    ' lines: [{sku: "P", quantity: 1, paidFen: 100000}]}]) { recorded }',
    "a sale of its own": 'recordOrders(input: [{number: "n2", buyerCode: "y", promoterCode: "A", paidAt: "2026-01-11T00:00:00Z",'
    ' lines: [{sku: "P", quantity: 1, paidFen: 100000}]}]) { recorded }',
    "somebody new below": 'enrolPromoter(input: {code: "N", name: "新人", referrerCode: "E"}) { errors { code } }',
    "a branch that leaves": 'moveBranch(input: {promoterCode: "C", referrerCode: "T", reason: "r"}) { errors { code } }',
    "a branch that comes": 'moveBranch(input: {promoterCode: "S", referrerCode: "E", reason: "r"}) { errors { code } }',
    "somebody bound above it": 'enrolPromoter(input: {code: "TOP"}) { errors { code } }'
    ' moveBranch(input: {promoterCode: "A", referrerCode: "TOP", reason: "r"}) { errors { code } }',
    "a refund": 'refundOrder(input: {number: "o-C", key: "r1", refundFen: 5000, at: "2026-01-12T00:00:00Z"})'
    " { errors { code } }",
}


@pytest_asyncio.fixture
async def filled(service: Service, pii: Pii) -> Service:
    await fill(service.store, pii)
    return service


@pytest_asyncio.fixture
async def uncached(filled: Service, servers: Servers, settings: Settings) -> AsyncIterator[Service]:
    """The same store, everything from the graph."""
    async with serving(settings, replace(servers, redis_url=None)) as running:
        yield running


@pytest.fixture
def put_together(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Codes whose answers were not found kept."""
    codes: list[str] = []
    keep = PromoterReads.keep

    def noting(self: PromoterReads, answers: Any) -> None:
        codes.extend(code for code, _ in answers)
        keep(self, answers)

    monkeypatch.setattr(PromoterReads, "keep", noting)
    return codes


async def three_times(service: Service, query: str = VIEW, **asked: Any) -> list[str]:
    """From the graph, put together from the cache, and kept: as far as each is possible."""
    return [_payload(await service.post(query, **asked)) for _ in range(3)]


def _payload(answer: Any) -> str:
    """The data; the price of an answer depends on what is known of teams' sizes."""
    return str(answer.text).partition(',"extensions"')[0]


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_change_is_in_the_next_answer(
    filled: Service, uncached: Service, put_together: list[str], change: str
) -> None:
    for code in ("A", "B", "S"):
        await three_times(filled, code=code)
    assert put_together == ["A", "B", "B", "S", "S"]  # the first time the document was new
    await filled.data(f"mutation {{ {change} }}")
    for code in ("A", "B", "S"):
        for text in await three_times(filled, code=code):
            assert text == _payload(await uncached.post(VIEW, code=code))


@pytest.mark.parametrize(
    ("role", "promoter"),
    [(Role.ADMIN, None), (Role.RISK, None), (Role.PROMOTER, "A"), (Role.PROMOTER, "B"), (Role.PROMOTER, "E")],
)
async def test_each_sees_its_own(filled: Service, uncached: Service, role: Role, promoter: str | None) -> None:
    """Whatever was kept for others: raw names are the promoter's own, and strangers see nobody."""
    for viewer in ("A", "B", None):
        for code in "AB":
            await three_times(filled, code=code, role=Role.PROMOTER if viewer else Role.ADMIN, promoter=viewer)
    for code in "AB":
        whole = _payload(await uncached.post(VIEW, code=code, role=role, promoter=promoter))
        assert await three_times(filled, code=code, role=role, promoter=promoter) == [whole] * 3


async def test_what_finance_sees_is_journalled_each_time(filled: Service, put_together: list[str]) -> None:
    await three_times(filled, code="A")
    before = filled.store.head
    texts = await three_times(filled, code="A", role=Role.FINANCE)
    assert all("姓名A" in text for text in texts)
    assert filled.store.head == before + 3
    assert put_together == ["A"]


@pytest.mark.parametrize(
    "selected",
    [
        "code phone",
        "code upline { code }",
        "referrer { code }",
        "promotion { eligible }",
        'downline(search: "姓名B") { edges { node { code } } }',
        "downline(search: $text) { edges { node { code } } }",
        "... on Node { id }",
        "downline { edges { node { balance { releasedFen } } } }",
    ],
)
async def test_what_depends_on_more_is_not_kept(filled: Service, put_together: list[str], selected: str) -> None:
    await three_times(
        filled,
        f"query($text: String) {{ me {{ {selected} }} __typename @skip(if: false) promoter(code: $text) {{ code }} }}",
        role=Role.PROMOTER,
        promoter="A",
        text="姓名B",
    )
    assert "A" not in put_together


async def test_variables_tell_answers_apart(filled: Service) -> None:
    for first in (1, 2, 3):
        *_, text = await three_times(filled, code="A", first=first)
        answer = await filled.data(VIEW, code="A", first=first)
        assert len(answer["promoter"]["downline"]["edges"]) == first
        assert f'"first":{first}' not in text


async def test_an_answer_with_an_error_is_not_kept(filled: Service, put_together: list[str]) -> None:
    query = 'query { promoter(code: "A") { code downline(after: "x") { edges { node { code } } } } }'
    for _ in range(3):
        answer = await filled.ask(query)
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert put_together == []


async def test_a_kept_answer_is_sealed(filled: Service) -> None:
    await three_times(filled, code="A")
    kept = [value async for _, name, value in filled.stores.cache.values() if name.startswith("answer:")]
    assert len(kept) == 1
    assert "姓" not in kept[0]
    assert "promoter" not in kept[0]
    assert "姓" in filled.stores.pii.open(kept[0])


async def test_no_crossing_of_a_write_with_keeping_leaves_a_stale_answer(
    filled: Service, uncached: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time a write lands between the reads of an answer and its keeping: none is stale afterwards."""
    keep = Cache._keep
    written = 0

    async def late(self: Cache, store: Store, position: Position, values: Any) -> None:
        nonlocal written
        if any(field.name.startswith("answer:") for field in values):
            written += 1
            await filled.data(
                'mutation($code: String!) { enrolPromoter(input: {code: $code, referrerCode: "D"}) { errors { code } } }',
                code=f"late{written}",
            )
        await keep(self, store, position, values)

    query = 'query { promoter(code: "A") { code team { size } downline(depth: 4) { totalCount } } }'
    await filled.data(query)  # each answer from the graph has the next one found in the cache, so that it would be kept
    for turn in range(CROSSINGS):
        with monkeypatch.context() as patched:
            patched.setattr(Cache, "_keep", late)
            while written == turn:  # one that was looked up too slowly is not kept, and crosses nothing
                await filled.data(query)
                await filled.stores.cache.until_kept()
        answer = (await filled.data(query))["promoter"]
        assert answer == {"code": "A", "team": {"size": 4 + written}, "downline": {"totalCount": 4 + written}}


def test_whatever_is_kept_is_for_every_role() -> None:
    """What one may read and another may not must not be kept under a number that both have."""
    letters = access.permissions()
    assert {letters[type_, name] for type_, names in STEADY.items() for name in names} == {"y" * len(access.COLUMNS)}
