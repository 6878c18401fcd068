"""Everybody who is joined to a person by shared identifiers, and the identifiers that are too common to join anybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cypher import rings
from cypher.store import Store
from graph_api.batched.grouped import cursor_of, keyset_of
from graph_api.batched.structures import HOPS_MAX, HUB_PEOPLE_MAX, NODES_MAX, Edge
from graph_api.errors import Invalid
from graph_api.rules.codes import IDENTIFIER_KINDS

LINKS_MAX = 20_000
"""Links of the people of one hop that are looked at."""
HUBS_LOOKED_AT_MAX = 20_000
"""Identifiers that one page of hubs looks at; an empty page is no end."""


class Hub(NamedTuple):
    """`id` is `KIND:hash`."""

    id: str
    people: int


@dataclass(frozen=True, slots=True)
class Ring:
    """`levels`: people by `KIND:code` and identifiers by id, with the hop each was reached at, breadth first."""

    levels: dict[str, int]
    edges: list[Edge]
    hubs: list[Hub]
    truncated: bool


@dataclass(frozen=True, slots=True)
class HubPage:
    """`end`: where the look ended, None if nothing is left after it."""

    rows: list[Hub]
    cursors: list[str]
    end: str | None


async def ring(
    store: Store, code: str, *, kinds: Iterable[str] | None, hops: int, limit: int, same_tree: bool
) -> Ring | None:
    """People reached over shared identifiers, a hop leading to whoever shares one; None if there is no such person.

    `same_tree`: only promoters of the person's own tree join each other, as in IDENTITY_RING.
    """
    wanted = list(IDENTIFIER_KINDS) if kinds is None else sorted(set(kinds))
    if not wanted:
        raise Invalid("no kinds to look at", field=["kinds"])
    if not set(wanted) <= set(IDENTIFIER_KINDS):
        raise Invalid("kinds must be of identifiers", field=["kinds"])
    if not 1 <= limit <= NODES_MAX:
        raise Invalid(f"limit must be 1-{NODES_MAX}", field=["limit"])
    if hops > HOPS_MAX:
        raise Invalid(f"maxHops must be 1-{HOPS_MAX}", field=["maxHops"])
    start = await rings.people(store, codes=[code])
    if not start:
        return None
    search = _Search(store, wanted, limit, same_tree)
    search.take(start[0], 0)
    for hop in range(1, hops + 1):
        if not search.frontier or search.truncated:
            break
        await search.widen(hop)
    if not search.truncated:
        await search.look_beyond()
    return search.found()


@dataclass(slots=True)
class _Search:
    """Breadth first: `frontier` are the codes that the last hop has reached."""

    store: Store
    kinds: Sequence[str]
    limit: int
    same_tree: bool
    levels: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    edges: list[Edge] = field(default_factory=list)
    hubs: dict[str, int] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    frontier: list[str] = field(default_factory=list)
    root_code: str | None = None
    truncated: bool = False

    def take(self, person: rings.Person, hop: int) -> None:
        if hop == 0:
            self.root_code = (person.root_code or person.code) if person.promoter else None
        self.names[person.code] = f"{'PROMOTER' if person.promoter else 'BUYER'}:{person.code}"
        self.levels[self.names[person.code]] = hop
        self.frontier.append(person.code)

    async def widen(self, hop: int) -> None:
        """One hop: the identifiers of the frontier that join people, and the people whom they join."""
        holders = await self._holders()
        people = await self._allowed(code for codes in holders.values() for code in codes)
        self.frontier = []
        for id, codes in holders.items():
            joined = [code for code in codes if code in self.names or code in people]
            if len(joined) < 2:
                continue
            if len(self.levels) + 1 + sum(code not in self.names for code in joined) > self.limit:
                self.truncated = True
                return
            self.levels[id] = hop
            for code in joined:
                if code not in self.names:
                    self.take(people[code], hop)
            self._join(id, joined)

    async def look_beyond(self) -> None:
        """What the last people reached share among themselves; whether they share anything with others is told."""
        holders = await self._holders()
        others = await self._allowed(code for codes in holders.values() for code in codes)
        self.truncated = self.truncated or bool(others)
        for id, codes in holders.items():
            joined = [code for code in codes if code in self.names]
            if len(joined) < 2:
                continue
            if len(self.levels) + 1 > self.limit:
                self.truncated = True
                return
            self.levels[id] = max(self.levels.values())
            self._join(id, joined)

    def found(self) -> Ring:
        hubs = [Hub(id, people) for id, people in sorted(self.hubs.items(), key=lambda hub: (-hub[1], hub[0]))]
        return Ring(self.levels, self.edges, hubs, self.truncated)

    async def _holders(self) -> dict[str, list[str]]:
        """Identifiers of the frontier that are new and shared by few enough, with their people."""
        if not self.frontier:
            return {}
        rows = (
            await rings.identifiers_of(self.store, codes=self.frontier, kinds=list(self.kinds), first=LINKS_MAX + 1)
        ).rows
        self.truncated = self.truncated or len(rows) > LINKS_MAX
        people_by_id = {id: people for _, id, people in rows[:LINKS_MAX] if id not in self.seen}
        self.seen |= people_by_id.keys()
        self.hubs |= {id: people for id, people in people_by_id.items() if people > HUB_PEOPLE_MAX}
        ids = [id for id, people in people_by_id.items() if 2 <= people <= HUB_PEOPLE_MAX]
        held = (await rings.people_of(self.store, ids=ids, first=LINKS_MAX + 1)).rows if ids else []
        self.truncated = self.truncated or len(held) > LINKS_MAX
        holders: dict[str, list[str]] = {}
        for id, code in held[:LINKS_MAX]:
            holders.setdefault(id, []).append(code)
        return holders

    async def _allowed(self, codes: Iterable[str]) -> dict[str, rings.Person]:
        """Those of some people who are new and may join."""
        new = sorted({code for code in codes if code not in self.names and code not in self.outside})
        people = {person.code: person for person in await rings.people(self.store, codes=new)} if new else {}
        if self.same_tree:
            people = {
                code: person
                for code, person in people.items()
                if person.promoter and (person.root_code or code) == self.root_code
            }
            self.outside |= set(new) - people.keys()
        return people

    def _join(self, id: str, codes: Iterable[str]) -> None:
        kind = id.partition(":")[0]
        self.edges += [Edge(self.names[code], id, kind, 1) for code in codes]


async def hubs(store: Store, *, kind: str | None, first: int, after: str | None) -> HubPage:
    """Identifiers of too many people, by id; a page looks at a bounded part of the store and may be empty."""
    start = str(keyset_of(after, like=[str])[0]) if after is not None else ""
    low, high = (f"{kind}:", f"{kind};") if kind is not None else ("", "\U0010ffff")
    found = await rings.hubs(
        store,
        after=max(start, low),
        before=high,
        people_max=HUB_PEOPLE_MAX,
        looked_at_max=HUBS_LOOKED_AT_MAX,
    )
    rows = [Hub(*row) for row in found.rows]
    shown = rows[:first]
    end = None
    if len(rows) > first:
        end = cursor_of(shown[-1].id)
    elif found.looked_at == HUBS_LOOKED_AT_MAX and found.last_id is not None:
        end = cursor_of(found.last_id)
    return HubPage(shown, [cursor_of(hub.id) for hub in shown], end)
