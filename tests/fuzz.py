"""schemathesis over the whole API: whatever is asked, nothing breaks inside. `make fuzz ARGS='--minutes 30'`.

It makes up operations for every field of Query and Mutation. Most of what it puts into arguments names nothing and is
refused at once, so most of that is replaced by what the small network of tests/schema/conftest.py has.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from graphql import IntValueNode, StringValueNode, Visitor, parse, print_ast, visit
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes, scalar

from cypher import migrations
from cypher.store import connect
from graph_api import auth
from graph_api.pii import Pii
from graph_api.servers import Servers, open_servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import SECRET
from tests.schema.conftest import REFERRERS, fill
from tests.subscriptions.client import served

SCHEMA = Path(__file__).parents[1] / "schema.graphql"
DAYS = ("2026-01-10", "2026-02-29", "0001-01-01", "9999-12-31", "2026-1-1", "")
INSTANTS = (
    "2026-01-10T04:00:00Z",
    "2026-03-01T00:00:00+08:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-12:00",
    "1969-12-31T23:59:59Z",
    "2026-02-30T00:00:00Z",
    "2026-01-10",
    "",
)
MONTHS = ("2026-01", "2025-12", "2026-13", "0001-01", "9999-12", "202601", "")
NUMBERS = (0, 1, -1, 100, 100_000, 10**15, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 10**40)
SCALARS = {
    "Date": st.sampled_from(DAYS).map(nodes.String),
    "DateTime": st.sampled_from(INSTANTS).map(nodes.String),
    "Month": st.sampled_from(MONTHS).map(nodes.String),
    "Fen": st.sampled_from(NUMBERS).map(nodes.Int),
    "Whole": st.sampled_from(NUMBERS).map(nodes.Int),
    "JSON": st.sampled_from(("x", "{}", "a" * 5_000)).map(nodes.String),
}
TOLD = frozenset((*DAYS, *INSTANTS, *MONTHS))
KNOWN = (
    *REFERRERS,
    "o-B",
    "o-C",
    "x-B",
    "x-C",
    "P",
    "default",
    "MATCH (p:Promoter) RETURN p.code AS code",
    "payable:B",
)
KNOWN_SHARE = 0.7
ROLES: tuple[tuple[Role, str | None], ...] = (
    *[(Role.ADMIN, None)] * 4,
    (Role.PROMOTER, "A"),
    (Role.PROMOTER, "B"),
    (Role.RISK, None),
    (Role.FINANCE, None),
    (Role.SERVICE, None),
)


class _Likely(Visitor):
    """Puts what the network has, and small numbers, in the place of most of what names nothing."""

    def __init__(self, draw: random.Random) -> None:
        super().__init__()
        self._draw = draw

    def enter_string_value(self, node: StringValueNode, *_: Any) -> StringValueNode | None:
        if node.value in TOLD or self._draw.random() > KNOWN_SHARE:
            return None
        return StringValueNode(value=self._draw.choice(KNOWN))

    def enter_int_value(self, node: IntValueNode, *_: Any) -> IntValueNode | None:
        if int(node.value) in NUMBERS or self._draw.random() > KNOWN_SHARE:
            return None
        return IntValueNode(value=str(self._draw.randrange(1, 21)))


@dataclass(frozen=True, slots=True)
class Broken:
    """A request that the service did not answer as it must."""

    text: str
    role: Role
    status: int
    answer: str


@dataclass(slots=True)
class Fuzz:
    """Asks one service; `outcomes`: how many requests were answered, or refused by which code."""

    url: str
    outcomes: Counter[str] = field(default_factory=Counter)
    broken: list[Broken] = field(default_factory=list)

    def round(self, number: int, *, each: int, until: float | None = None) -> None:
        """So many operations for every field; the same number, the same operations. `until`: of the monotonic clock."""
        with httpx.Client(timeout=120) as client:
            for operation in _operations():
                if until is not None and time.monotonic() > until:
                    return
                for text in _made_up(operation, number, each):
                    self._ask(client, text, random.Random(f"{number} {text}"))

    def _ask(self, client: httpx.Client, made_up: str, draw: random.Random) -> None:
        text = print_ast(visit(parse(made_up), _Likely(draw)))
        role, promoter = draw.choice(ROLES)
        token = auth.issue(SECRET, role, promoter_code=promoter)
        response = client.post(self.url, json={"query": text}, headers={"Authorization": f"Bearer {token}"})
        codes = _codes(response)
        self.outcomes.update(codes or ["answered"])
        if response.status_code >= 500 or "INTERNAL" in codes:
            self.broken.append(Broken(text, role, response.status_code, response.text[:2_000]))


def _codes(response: httpx.Response) -> set[str]:
    try:
        answer = response.json()
        return {error["extensions"]["code"] for error in answer["errors"]} if "errors" in answer else set()
    except (ValueError, KeyError, TypeError):
        return {"INTERNAL"}


def _operations() -> Iterator[Any]:
    for name, strategy in SCALARS.items():
        scalar(name, strategy)
    for found in schemathesis.graphql.from_path(SCHEMA).get_all_operations():
        yield found.ok()


def _made_up(operation: Any, number: int, each: int) -> list[str]:
    """Texts for one field."""
    texts: list[str] = []

    @seed(number)
    @settings(
        max_examples=each,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy())
    def collect(case: Any) -> None:
        texts.append(case.body)

    collect()
    return texts


async def fuzzed(given: Settings, servers: Servers, *, minutes: float, each: int) -> Fuzz:
    """Rounds against a service of its own, until the time is over."""
    store = connect(
        servers.neo4j_uri, user=servers.neo4j_user, password=servers.neo4j_password, database=servers.neo4j_database
    )
    try:
        await migrations.migrate(store)
        await fill(store, Pii.from_secret(SECRET))
        until = time.monotonic() + minutes * 60
        async with served(given, servers) as running:
            fuzz, number = Fuzz(running.url.replace("ws", "http", 1)), 0
            while time.monotonic() < until:
                number += 1
                await asyncio.to_thread(fuzz.round, number, each=each, until=until)
                print(f"round {number}: {sum(fuzz.outcomes.values())} {dict(fuzz.outcomes.most_common())}", flush=True)
    finally:
        await store.close()
    return fuzz


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--each", type=int, default=10, help="operations of a field in a round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        given = Settings().model_copy(update={"data_dir": Path(directory)})
        with open_servers(given) as servers:
            fuzz = asyncio.run(fuzzed(given, servers, minutes=asked.minutes, each=asked.each))
    for broken in fuzz.broken:
        print(json.dumps({"status": broken.status, "role": broken.role.value, "text": broken.text}))
        print(broken.answer)
    print(
        f"{sum(fuzz.outcomes.values())} asked, {len(fuzz.broken)} broke something: {dict(fuzz.outcomes.most_common())}"
    )
    return 1 if fuzz.broken else 0


if __name__ == "__main__":
    sys.exit(main())
