"""Reads of structures for staff: the tree below somebody at any date, the shortest way between two people, a move tried out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cypher import structures
from cypher.network import DEPTH_MAX
from cypher.store import Store
from graph_api.batched.promoters import PromoterReads
from graph_api.batched.rows import Card
from graph_api.errors import DomainError, Invalid, NotActive, NotFound, SelfReferral, TooManyLevels, WouldCycle
from graph_api.rules.codes import IDENTIFIER_KINDS
from graph_api.rules.compliance import ComplianceState, Meter, meter, over_the_line

NODES_MAX = 5_000
HOPS_MAX = 12
LOOKED_AT_MAX = 20_000
"""How many people and identifiers a search looks at before it gives up."""
HUB_PEOPLE_MAX = 20
"""An identifier of more people is a shop's or a family's, and joins nobody."""
NOBODY = Meter(0, 0)
KINDS = ("REFERRED", "PURCHASED_THROUGH", *IDENTIFIER_KINDS)


class Edge(NamedTuple):
    """As it is stored: from referrer, buyer or person. An identifier's name is `KIND:hash`, a person's is its code."""

    source: str
    target: str
    kind: str
    weight: int


@dataclass(frozen=True, slots=True)
class Below:
    """People below a root, breadth first, with their level; `truncated`: there are more than are shown."""

    levels: dict[str, int]
    edges: list[Edge]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Path:
    """Nodes from one end to the other, and the edge between each two; `truncated`: none, for too much lies between."""

    nodes: list[str]
    edges: list[Edge]
    truncated: bool = False


TOO_FAR = Path([], [], truncated=True)


class Delta(NamedTuple):
    code: str
    size: int
    volume_fen: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a move would do; `after`: the tree that the branch would stand in, or stands in if the move is refused."""

    moved: int
    after: Meter
    deltas: list[Delta] = field(default_factory=list)
    cycle_path: list[str] = field(default_factory=list)
    errors: list[DomainError] = field(default_factory=list)


class StructureReads:
    """For one request of somebody who may see everybody."""

    def __init__(self, store: Store, promoters: PromoterReads) -> None:
        self._store = store
        self._promoters = promoters

    async def below(self, root_code: str, *, depth: int, limit: int, at: int) -> Below | None:
        """The tree below a promoter as it was at an instant; None if there was no such promoter then."""
        if not 1 <= limit <= NODES_MAX:
            raise Invalid(f"limit must be 1-{NODES_MAX}", field=["limit"])
        if await structures.exists_at(self._store, code=root_code, at=at) is None:
            return None
        levels, edges = {root_code: 0}, list[Edge]()
        frontier = [root_code]
        for level in range(1, min(depth, DEPTH_MAX) + 1):
            room = limit - len(levels)
            found = (await structures.below(self._store, codes=frontier, at=at, first=room + 1)).edges
            shown = found[:room]
            levels |= {code: level for _, code in shown}
            edges += [Edge(above, code, "REFERRED", 1) for above, code in shown]
            if len(found) > room:
                return Below(levels, edges, truncated=True)
            frontier = [code for _, code in shown]
            if not frontier:
                return Below(levels, edges, truncated=False)
        deeper = await structures.below(self._store, codes=frontier, at=at, first=1)
        return Below(levels, edges, truncated=bool(deeper.edges))

    async def relation(self, from_code: str, to_code: str, *, kinds: Iterable[str], hops_max: int) -> Path | None:
        """The shortest way between two promoters over relations of some kinds; None if there is none within the hops.

        Looked for from both ends, the narrower first; of several shortest ways always the same one. TOO_FAR once more
        than LOOKED_AT_MAX people and identifiers would be looked at.
        """
        if hops_max > HOPS_MAX:
            raise Invalid(f"maxHops must be 1-{HOPS_MAX}", field=["maxHops"])
        ends = (await structures.are_promoters(self._store, codes=[from_code, to_code])).codes
        if not {from_code, to_code} <= set(ends):
            return None
        if from_code == to_code:
            return Path([from_code], [])
        wanted = sorted(set(kinds))
        near, far = _Side(from_code), _Side(to_code)
        for _ in range(hops_max):
            side, other = (near, far) if near.width <= far.width else (far, near)
            edges = await self._around(side, wanted, room=LOOKED_AT_MAX - len(near.came_by) - len(far.came_by))
            if edges is None:
                return TOO_FAR
            side.take(edges)
            met = sorted(node for node in side.frontier if node in other.came_by)
            if met:
                return _joined(near, far, met[0])
            if not side.frontier:
                return None
        return None

    async def _around(self, side: _Side, kinds: list[str], *, room: int) -> list[Edge] | None:
        """Edges at a side's frontier; None if there are more than there is room for."""
        ids = [node for node in side.frontier if _is_identifier(node)]
        codes = [node for node in side.frontier if not _is_identifier(node)]
        asked: list[Awaitable[structures.Edges]] = []
        if codes:
            asked.append(
                structures.around_people(
                    self._store, codes=codes, kinds=kinds, people_max=HUB_PEOPLE_MAX, first=room + 1
                )
            )
        if ids:
            asked.append(structures.around_identifiers(self._store, ids=ids, first=room + 1))
        found = [edge for read in await asyncio.gather(*asked) for edge in read.edges]
        return sorted(Edge(*edge) for edge in found) if len(found) <= room else None

    async def compliance(self, code: str) -> Meter:
        team = await self._promoters.team(code, None, valid=False)
        return meter({level.level: level.size for level in team.levels})

    async def preview_move(self, promoter_code: str, referrer_code: str | None, *, refuses: bool) -> Preview:
        """What moving a branch would change, and why it would be refused; `refuses`: what is over the line is."""
        branch = await self._promoters.card(promoter_code)
        if branch is None:
            return Preview(0, NOBODY, errors=[NotFound(f"no promoter {promoter_code!r}", field=["promoterCode"])])
        team = await self._promoters.team(promoter_code, None, valid=False)
        sizes = {0: 1} | {level.level: level.size for level in team.levels}
        moved = sum(sizes.values())
        referrer = await self._promoters.card(referrer_code) if referrer_code is not None else None
        upline = [referrer.code, *referrer.path] if referrer is not None else []
        error = _refusal(branch, referrer_code, referrer, upline, height=len(team.levels))
        if error is not None:
            cycle_path = list(error.path) if isinstance(error, WouldCycle) else []
            now = await self._after(branch, branch.path, sizes)
            return Preview(moved, now, cycle_path=cycle_path, errors=[error])
        own = await self._promoters.sales(promoter_code, None, buyers=False)
        volume_fen = own.volume_fen + sum(level.volume_fen for level in team.levels)
        left = [Delta(code, -moved, -volume_fen) for code in branch.path if code not in upline]
        gained = [Delta(code, moved, volume_fen) for code in upline if code not in branch.path]
        after = await self._after(branch, upline, sizes)
        stays = branch.referrer_code == referrer_code
        over = after.state is ComplianceState.OVER and refuses and not stays and referrer_code is not None
        errors: list[DomainError] = [over_the_line(upline[-1], after)] if over else []
        return Preview(moved, after, deltas=left + gained, errors=errors)

    async def _after(self, branch: Card, upline: Sequence[str], sizes: dict[int, int]) -> Meter:
        """The tree that the branch would stand in: its root's levels, less where the branch stood, plus where it would."""
        root = upline[-1] if upline else branch.code
        if root == branch.code:
            return meter({level: size for level, size in sizes.items() if level > 0})
        levels = {level.level: level.size for level in (await self._promoters.team(root, None, valid=False)).levels}
        stood_at = len(branch.path) if branch.path and branch.path[-1] == root else None
        for level, size in sizes.items():
            if stood_at is not None:
                levels[stood_at + level] -= size
            levels[len(upline) + level] = levels.get(len(upline) + level, 0) + size
        return meter(levels)


@dataclass(slots=True)
class _Side:
    """A search from one end: `came_by` says over which edge each node was reached first."""

    start: str
    came_by: dict[str, Edge | None] = field(default_factory=dict)
    frontier: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.came_by[self.start] = None
        self.frontier = [self.start]

    @property
    def width(self) -> tuple[int, int]:
        """How many nodes to go on from; of equals the side that has seen less: two people below one hub meet at it."""
        return len(self.frontier), len(self.came_by)

    def take(self, edges: Iterable[Edge]) -> None:
        reached = set(self.frontier)
        fresh: list[str] = []
        for edge in edges:
            for here, there in ((edge.source, edge.target), (edge.target, edge.source)):
                if here in reached and there not in self.came_by:
                    self.came_by[there] = edge
                    fresh.append(there)
        self.frontier = fresh

    def walk(self, node: str) -> tuple[list[str], list[Edge]]:
        """From a node back to the start."""
        nodes, edges = [node], list[Edge]()
        while (edge := self.came_by[nodes[-1]]) is not None:
            edges.append(edge)
            nodes.append(edge.source if edge.target == nodes[-1] else edge.target)
        return nodes, edges


def _joined(near: _Side, far: _Side, met: str) -> Path:
    to_start, first_edges = near.walk(met)
    to_end, last_edges = far.walk(met)
    return Path(to_start[::-1] + to_end[1:], first_edges[::-1] + last_edges)


def _is_identifier(node: str) -> bool:
    return node.partition(":")[0] in IDENTIFIER_KINDS and ":" in node


def _refusal(
    branch: Card, referrer_code: str | None, referrer: Card | None, upline: Sequence[str], *, height: int
) -> DomainError | None:
    """Why `moveBranch` would refuse it, whatever the plan."""
    if referrer_code is None:
        return None
    if referrer is None:
        return NotFound(f"no promoter {referrer_code!r}", field=["referrerCode"])
    if referrer.code == branch.code:
        return SelfReferral("nobody refers themselves", field=["referrerCode"])
    if branch.code in upline:
        return WouldCycle(path=list(upline[: upline.index(branch.code) + 1])[::-1], field=["referrerCode"])
    if branch.referrer_code == referrer.code:
        return None
    if referrer.status != "ACTIVE":
        return NotActive(f"{referrer.code} is {referrer.status.lower()}", field=["referrerCode"])
    if len(upline) + height > DEPTH_MAX:
        return TooManyLevels(f"the tree would have {len(upline) + height + 1} levels", field=["referrerCode"])
    return None
