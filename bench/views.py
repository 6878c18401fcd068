"""The team view over HTTP, whoever answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from bench.http_load import Connections, Figures, graphql_body, laps, turns_within
from bench.service import Service
from graph_api.viewer import Role

CLIENTS = 16
Laps = tuple[list[float], float]


@dataclass(frozen=True, slots=True)
class System:
    """Who answers the team view: by which connections and which body a root's is asked, and where in an answer the root is."""

    name: str
    connections: Callable[[str], Connections]
    body: Callable[[str], bytes]
    root: Callable[[dict[str, Any]], Mapping[str, Any]]

    async def view(self, code: str) -> list[Any]:
        """What an answer says, in one form for all; some send numbers of 64 bits as texts."""
        root = self.root(await self.connections(code).post(self.body(code)))
        return [_card(root), *((_card(member), _numbers(member)) for member in root["downline"])]

    async def asked(self, codes: Sequence[str], *, seconds: float | None = None) -> Laps:
        """The roots in turn, each once or as long as told."""
        asking = [(self.connections(code), self.body(code)) for code in codes]

        async def ask(turn: int) -> None:
            connections, body = asking[turn % len(asking)]
            await connections.post(body)

        turns = turns_within(seconds) if seconds else range(len(asking))
        return await laps(ask, clients=CLIENTS, turns=turns)


def _card(person: Mapping[str, Any]) -> tuple[str, ...]:
    return person["code"], person["rank"], person["status"]


def _numbers(person: Mapping[str, Any]) -> list[int]:
    return [int(number) for number in (*person["sales"].values(), *person["team"].values())]


def promograph(service: Service, name: str, query: str, codes: Sequence[str]) -> System:
    """The real service; each view is asked for by its own promoter, with a token of it."""
    views = {code: Connections(service.port, service.token(Role.PROMOTER, code=code)) for code in codes}

    def root(answer: dict[str, Any]) -> Mapping[str, Any]:
        found = answer["data"]["promoter"]
        return {**found, "downline": [edge["node"] for edge in found["downline"]["edges"]]}

    return System(name, views.__getitem__, lambda code: graphql_body(query, code=code), root)


def figures(systems: Sequence[System], rounds: Sequence[Sequence[Laps]]) -> dict[str, Figures]:
    """By name, over all rounds."""
    return {
        system.name: Figures.of(list(chain(*(latencies for latencies, _ in laps))), sum(seconds for _, seconds in laps))
        for system, laps in zip(systems, zip(*rounds, strict=True), strict=True)
    }
