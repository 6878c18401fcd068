"""The difference between two dates, held against two whole networks that are compared here again."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from cypher.store import Store
from graph_api.actions import promoters
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, instant, instant_text
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.schema.conftest import Json, Service, serving

START = instant("2025-01-01T00:00:00Z")
DAYS = 60
CODES = [f"p{index:02}" for index in range(40)]
BY = {"actor": "test", "now": instant("2026-06-01T00:00:00Z")}

DIFF = """query($root: String!, $from: DateTime!, $to: DateTime!, $depth: Int, $limit: Int) {
  networkDiff(rootCode: $root, from: $from, to: $to, maxDepth: $depth, limit: $limit) {
    nodes { node { id label level promoter { code } } state levelBefore levelAfter }
    edges { edge { source target kind } state }
    moves { promoter { code } fromReferrer { code } toReferrer { code } at reason }
    added removed moved unchanged truncated } }"""
NETWORK = """query($root: String!, $at: DateTime!) { network(rootCode: $root, maxDepth: 1000, at: $at) {
  nodes { id label level } edges { source target } } }"""


class History:
    """Forty people who join over sixty days and are moved about; what was done is kept to be compared with."""

    def __init__(self, store: Store, pii: Pii) -> None:
        self._store, self._pii = store, pii
        self.above: dict[str, str | None] = {}
        self.moves: list[tuple[int, str, str | None, str | None, str | None]] = []

    async def enrol(self, above: dict[str, str | None]) -> None:
        """A person a day."""
        rows = [
            promoters.Enrolment(code, joined_at=START + day * DAY_US, referrer_code=referrer)
            for day, (code, referrer) in enumerate(above.items())
        ]
        outcomes = await promoters.enrol(self._store, self._pii, rows, **BY)  # type: ignore[arg-type]
        assert {outcome.state for outcome in outcomes} == {"recorded"}
        self.above = dict(above)

    async def move(self, code: str, to: str | None, at: int, reason: str) -> None:
        before = self.above[code]
        given = {"promoter_code": code, "referrer_code": to, "reason": reason, "at": at, "key": None}
        await promoters.move(self._store, **given, **BY)  # type: ignore[arg-type]
        self.above[code] = to
        if before != to:
            self.moves.append((at, code, before, to, reason if before else None))

    def stands_below(self, code: str | None, other: str) -> bool:
        while code is not None and code != other:
            code = self.above[code]
        return code == other


@pytest_asyncio.fixture(scope="module")
async def lived(
    connected: Store, servers: Servers, settings: Settings, pii: Pii
) -> AsyncIterator[tuple[Service, History]]:
    from tests.conftest import empty

    await empty(connected)
    chance = random.Random(5)
    history = History(connected, pii)
    await history.enrol({code: chance.choice(CODES[:day]) if day > 1 else None for day, code in enumerate(CODES)})
    for step in range(60):
        code = chance.choice(CODES)
        free = [other for other in CODES if not history.stands_below(other, code)]
        back = history.above[code]
        at = START + 40 * DAY_US + step * DAY_US // 3
        to = chance.choice([*free, None])
        await history.move(code, to, at, f"step {step}")
        if step % 5 == 0 and back != to:
            await history.move(code, back, at + DAY_US // 4, "back")
    async with serving(settings, servers) as running:
        yield running, history


async def whole(service: Service, root: str, at: int) -> dict[str, tuple[int, str | None]]:
    """Level and referrer of everybody below a root."""
    found = (await service.data(NETWORK, root=root, at=instant_text(at)))["network"]
    if found is None:
        return {}
    label = {node["id"]: node["label"] for node in found["nodes"]}
    above = {label[edge["target"]]: label[edge["source"]] for edge in found["edges"]}
    return {node["label"]: (node["level"], above.get(node["label"])) for node in found["nodes"]}


def expected_state(before: Any, after: Any) -> str:
    if before is None or after is None:
        return "ADDED" if before is None else "REMOVED"
    return "UNCHANGED" if before[1] == after[1] else "MOVED"


async def asked(service: Service, role: Role = Role.RISK, **given: Any) -> Json:
    variables = given | {name: instant_text(given[name]) for name in ("from", "to")}
    found: Json = (await service.data(DIFF, role=role, **variables))["networkDiff"]
    return found


@pytest.mark.parametrize("depth", [1, 2, 4, 1000])
async def test_a_difference_is_two_whole_networks_compared(lived: tuple[Service, History], depth: int) -> None:
    service, history = lived
    chance = random.Random(depth)
    seen: set[str] = set()
    for root in ("p00", "p01", *chance.sample(CODES, 6)):
        first, last = sorted(START + chance.randrange(DAYS * DAY_US) for _ in range(2))
        before, after = await whole(service, root, first), await whole(service, root, last)
        if not after:
            continue
        found = await asked(service, root=root, **{"from": first, "to": last}, depth=depth)
        wanted = {code for tree in (before, after) for code, (level, _) in tree.items() if level <= depth}
        states = {code: expected_state(before.get(code), after.get(code)) for code in wanted}
        assert {each["node"]["label"]: each["state"] for each in found["nodes"]} == states
        levels = {each["node"]["label"]: (each["levelBefore"], each["levelAfter"]) for each in found["nodes"]}
        assert levels == {code: tuple(tree.get(code, (None,))[0] for tree in (before, after)) for code in wanted}
        counts = {state: list(states.values()).count(state) for state in ("ADDED", "REMOVED", "MOVED", "UNCHANGED")}
        assert {state: found[state.lower()] for state in counts} == counts
        cut = any(level > depth for tree in (before, after) for level, _ in tree.values())
        assert found["truncated"] is cut
        edges = [
            {(above, code) for code, (_, above) in tree.items() if {above, code} <= wanted} for tree in (before, after)
        ]
        label = {each["node"]["id"]: each["node"]["label"] for each in found["nodes"]}
        told: dict[str, set[tuple[str, str]]] = {"ADDED": set(), "REMOVED": set(), "UNCHANGED": set()}
        for each in found["edges"]:
            told[each["state"]].add((label[each["edge"]["source"]], label[each["edge"]["target"]]))
        assert told == {
            "ADDED": edges[1] - edges[0],
            "REMOVED": edges[0] - edges[1],
            "UNCHANGED": edges[0] & edges[1],
        }
        moves = [move for move in sorted(history.moves) if move[1] in wanted and first < move[0] <= last]
        assert [_move(each) for each in found["moves"]] == moves
        seen |= set(states.values())
    assert seen >= ({"ADDED", "UNCHANGED"} if depth == 1 else {"ADDED", "REMOVED", "MOVED", "UNCHANGED"})


def _move(told: Json) -> tuple[int, str, str | None, str | None, str | None]:
    codes = [told[end]["code"] if told[end] else None for end in ("promoter", "fromReferrer", "toReferrer")]
    return instant(told["at"]), codes[0], codes[1], codes[2], told["reason"]


async def test_whoever_was_moved_and_back_is_unchanged_and_both_moves_are_told(lived: tuple[Service, History]) -> None:
    service, history = lived
    at, code, to, back, _ = next(move for move in history.moves if move[4] == "back" and move[3] is not None)
    assert back is not None
    found = await asked(service, root=back, **{"from": at - DAY_US // 4 - 1, "to": at})
    states = {each["node"]["label"]: each["state"] for each in found["nodes"]}
    assert states[code] == "UNCHANGED"
    moves = [_move(each)[1:4] for each in found["moves"] if each["promoter"]["code"] == code]
    assert moves == [(code, back, to), (code, to, back)]


async def test_a_cut_makes_nobody_come_or_go(lived: tuple[Service, History]) -> None:
    service, _ = lived
    first, last = START + 40 * DAY_US, START + 59 * DAY_US
    before, after = await whole(service, "p00", first), await whole(service, "p00", last)
    for limit in (1, 3, 10):
        found = await asked(service, root="p00", **{"from": first, "to": last}, depth=1000, limit=limit)
        assert len(found["nodes"]) == limit
        assert found["truncated"] is True
        for each in found["nodes"]:
            code = each["node"]["label"]
            assert each["state"] == expected_state(before.get(code), after.get(code)), code


@pytest.mark.parametrize(
    "given",
    [
        {"from": "2025-02-02T00:00:00Z", "to": "2025-02-01T00:00:00Z"},
        {"to": "2126-01-01T00:00:00Z"},
        {"depth": 0},
        {"depth": -1},
        {"limit": 0},
        {"limit": 5001},
    ],
)
async def test_what_cannot_be_compared_is_refused(lived: tuple[Service, History], given: Json) -> None:
    service, _ = lived
    usual = {"root": "p00", "from": "2025-02-01T00:00:00Z", "to": "2025-02-02T00:00:00Z"}
    query = DIFF.split("{ node")[0].replace("nodes", "truncated } }")
    answer = await service.ask(query, role=Role.OPERATOR, **(usual | given))
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]


async def test_a_root_that_is_not_there_is_null_and_one_that_came_is_new(lived: tuple[Service, History]) -> None:
    service, _ = lived
    early = {"from": START - DAY_US, "to": START}
    assert await asked(service, root="nobody", **early) is None
    assert await asked(service, root="p05", **early) is None
    found = await asked(service, root="p00", **early)
    assert [(each["node"]["label"], each["state"]) for each in found["nodes"]] == [("p00", "ADDED")]
