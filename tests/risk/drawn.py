"""Drawn graphs: what a JSON file beside its page says, as a snapshot.

`chains`: referrals from the top down, "A > B > C"; `people`: code (or "n01..n30") to its referrer, or to an object with `under`,
`claims`, `joined`, `referred`. `orders`: buyer, promoter, instant, paid, refunded, and how often (a minute apart).
`incomes`: receiver, Shanghai day (or "from..to"), own, override, open. `links`: identifier to its people. Money is in fen.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from graph_api.risk.snapshot import Gathering, Snapshot
from graph_api.rules.calendar import instant

GRAPHS = Path(__file__).parent / "graphs"
MINUTE_US = 60_000_000
EPOCH = date(1970, 1, 1)


@dataclass
class Person:
    under: str = ""
    claims: str = ""
    joined_at: int = 0
    referred_at: int = 0


@dataclass
class Drawn:
    """A graph in the columns that the store gives, in the order of codes."""

    as_of: int
    finds: list[dict[str, Any]]
    people: dict[str, Person] = field(default_factory=dict)
    orders: list[tuple[str, str, int, int, int, bool]] = field(default_factory=list)
    incomes: list[tuple[str, int, int, int, int]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        gathering = Gathering()
        people = sorted(self.people.items())
        gathering.add_promoters(
            [code for code, _ in people],
            [person.under for _, person in people],
            [person.claims for _, person in people],
            [person.joined_at for _, person in people],
            [person.referred_at for _, person in people],
        )
        for add, rows in (
            (gathering.add_orders, sorted(self.orders, key=lambda row: row[2])),
            (gathering.add_incomes, self.incomes),
            (gathering.add_links, self.links),
        ):
            if rows:
                add(*(list(column) for column in zip(*rows, strict=True)))
        return gathering.snapshot(self.as_of)


def spread(name: str) -> list[str]:
    """A name, or a range of them.

    >>> spread("n08..n10"), spread("A")
    (['n08', 'n09', 'n10'], ['A'])
    """
    match = re.fullmatch(r"(.*?)(\d+)\.\.(.*?)(\d+)", name)
    if match is None:
        return [name]
    prefix, first, _, last = match.groups()
    return [f"{prefix}{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]


def drawn(name: str) -> Drawn:
    """The graph of `graphs/NAME.json`."""
    body = json.loads((GRAPHS / f"{name}.json").read_text("utf-8"))
    finds = [each | {"members": [code for part in each["members"] for code in spread(part)]} for each in body["finds"]]
    graph = Drawn(instant(body["as_of"]), finds)
    joined_at = instant(body.get("joined", "2025-01-01T00:00:00Z"))
    for chain in body.get("chains", []):
        above = ""
        for code in chain.split(" > "):
            graph.people.setdefault(code, Person(above, "", joined_at, joined_at))
            above = code
    for name, given in body.get("people", {}).items():
        facts = given if isinstance(given, dict) else {"under": given}
        at = instant(facts["joined"]) if "joined" in facts else joined_at
        since = instant(facts["referred"]) if "referred" in facts else at
        for code in spread(name):
            graph.people[code] = Person(facts.get("under") or "", facts.get("claims", ""), at, since)
    for buyers, seller, at, paid_fen, refunded_fen, *times in body.get("orders", []):
        for buyer in spread(buyers):
            for nth in range(times[0] if times else 1):
                paid_at = instant(at) + nth * MINUTE_US
                graph.orders.append((buyer, seller, paid_at, paid_fen, refunded_fen, buyer != seller))
    for code, days, *fens in body.get("incomes", []):
        first, _, last = days.partition("..")
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last or first):
            graph.incomes.append((code, (day - EPOCH).days, *fens))
            day += timedelta(days=1)
    for id, people in body.get("links", {}).items():
        graph.links += [(code, id) for name in people for code in spread(name)]
    return graph
