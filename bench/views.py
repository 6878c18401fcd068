"""The team view over HTTP, whoever answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from bench.http_load import Connections, Figures, graphql_body, laps, turns_within
from bench.memory import processor_seconds
from bench.service import Service
from graph_api.servers import Servers
from graph_api.viewer import Role

CLIENTS = 16


class Laps(NamedTuple):
    """What each request took, all of them together, and the processors for them, in seconds."""

    latencies: list[float]
    seconds: float
    processor_seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures, and what a request costs the processors in every process that has a part in it, in milliseconds.

    The latter hardly changes when others use the machine too.
    """

    figures: Figures
    processor_ms: float

    @classmethod
    def of(cls, rounds: Sequence[Laps]) -> Measured:
        latencies = list(chain(*(each.latencies for each in rounds)))
        figures = Figures.of(latencies, sum(each.seconds for each in rounds))
        return cls(figures, sum(each.processor_seconds for each in rounds) / len(latencies) * 1000)

    def __str__(self) -> str:
        return f"{self.figures}   processors {self.processor_ms:6.2f} ms"


@dataclass(frozen=True, slots=True)
class System:
    """Who answers the team view: in which processes, by which connections and body a root's is asked, and where it is."""

    name: str
    processes: Sequence[int]
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
        before = processor_seconds(self.processes)
        latencies, took = await laps(ask, clients=CLIENTS, turns=turns)
        return Laps(latencies, took, processor_seconds(self.processes) - before)


def _card(person: Mapping[str, Any]) -> tuple[str, ...]:
    return person["code"], person["rank"], person["status"]


def _numbers(person: Mapping[str, Any]) -> list[int]:
    return [int(number) for number in (*person["sales"].values(), *person["team"].values())]


def promograph(service: Service, servers: Servers, name: str, query: str, codes: Sequence[str]) -> System:
    """The real service; each view is asked for by its own promoter, with a token of it."""
    views = {code: Connections(service.port, service.token(Role.PROMOTER, code=code)) for code in codes}

    def root(answer: dict[str, Any]) -> Mapping[str, Any]:
        found = answer["data"]["promoter"]
        return {**found, "downline": [edge["node"] for edge in found["downline"]["edges"]]}

    processes = [service.process, *embedded(servers)]
    return System(name, processes, views.__getitem__, lambda code: graphql_body(query, code=code), root)


def embedded(servers: Servers) -> list[int]:
    """Processes of the servers, as far as they are ours."""
    return [each.pid for each in (servers.neo4j_process, servers.redis_process) if each is not None and each.pid]


def measured(systems: Sequence[System], rounds: Sequence[Sequence[Laps]]) -> dict[str, Measured]:
    """By name, over all rounds."""
    columns = zip(*rounds, strict=True)
    return {system.name: Measured.of(column) for system, column in zip(systems, columns, strict=True)}
