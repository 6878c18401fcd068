"""Questions of operators and the risk team about the shape of the network."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph_api.batched import chains, cycles, rings
from graph_api.batched.differences import difference
from graph_api.schema.claims import QuarantinedClaimConnection
from graph_api.schema.differences import NetworkDiff
from graph_api.schema.enums import IdentifierKind, RelationKind
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
from graph_api.schema.patterns import Chains, Cycles, IdentifierHubConnection, Ring
from graph_api.schema.scalars import Instant


@strawberry.type
class GraphQueries:
    @resolver(
        description="The tree below a promoter at two dates: who entered, who left, who was moved; null if there was no"
        " such promoter at the later one."
    )
    async def network_diff(
        self,
        info: Info,
        root_code: str,
        from_: Annotated[Instant, strawberry.argument(name="from")],
        to: Instant,
        max_depth: int = 3,
        limit: int = 500,
    ) -> NetworkDiff | None:
        context = info.context
        found = await difference(
            context.store,
            context.structures,
            root_code,
            from_at=from_,
            to_at=to,
            depth=max_depth,
            limit=limit,
            now=context.now,
        )
        return NetworkDiff.of(found) if found is not None else None

    @resolver(
        description="Directed cycles of claimed referrals and of purchases (from buyer to promoter), each once, the shortest"
        " first: through a promoter, or anywhere among the waiting claims and the latest orders paid from one instant to"
        " before another. REFERRED with throughCode only."
    )
    async def cycles(
        self,
        info: Info,
        kinds: list[RelationKind] | None = None,
        through_code: str | None = None,
        min_length: int = 1,
        max_length: int = 6,
        from_: Annotated[Instant | None, strawberry.argument(name="from")] = None,
        to: Instant | None = None,
        first: int = 20,
    ) -> Cycles | None:
        names = None if kinds is None else [kind.value for kind in kinds]
        wanted = cycles.Wanted.of(names, through_code, least=min_length, most=max_length, from_at=from_, to_at=to)
        found = await cycles.cycles(info.context.store, wanted, first=first)
        return Cycles.of(found) if found is not None else None

    @resolver(
        description="Thin runs of referrals in which each but the ends has exactly one direct downline, the longest first:"
        " of the tree below a root, through a promoter, or with the lower end among the latest who joined."
    )
    async def chains(
        self,
        info: Info,
        root_code: str | None = None,
        min_levels: int = 6,
        through_code: str | None = None,
        joined_from: Instant | None = None,
        joined_to: Instant | None = None,
        first: int = 20,
    ) -> Chains | None:
        wanted = chains.Wanted.of(min_levels, root_code, through_code, from_at=joined_from, to_at=joined_to)
        found = await chains.chains(info.context.store, wanted, first=first)
        return Chains.of(found) if found is not None else None

    @resolver(
        description="Everybody joined to a person by shared identifiers, a hop leading to whoever shares one; with sameTree"
        " only over promoters of its own tree. Identifiers of more than 20 people join nobody and are listed."
    )
    async def ring(
        self,
        info: Info,
        code: str,
        kinds: list[RelationKind] | None = None,
        max_hops: int = 4,
        limit: int = 200,
        same_tree: bool = False,
    ) -> Ring | None:
        names = None if kinds is None else [kind.value for kind in kinds]
        given = {"kinds": names, "hops": max_hops, "limit": limit, "same_tree": same_tree}
        found = await rings.ring(info.context.store, code, **given)  # type: ignore[arg-type]
        return Ring.of(found) if found is not None else None

    @resolver(
        description="Identifiers of more than 20 people, which join nobody. A page looks at a bounded part of the store: it"
        " may be short or empty and still say hasNextPage."
    )
    async def identifier_hubs(
        self, info: Info, kind: IdentifierKind | None = None, first: int = 20, after: str | None = None
    ) -> IdentifierHubConnection | None:
        page = await rings.hubs(info.context.store, kind=kind.value if kind else None, first=first, after=after)
        return IdentifierHubConnection.of(page, after=after)

    @resolver(
        description="Referrals that an import claimed and that lay on a cycle: those that wait for a decision, or those"
        " decided."
    )
    async def quarantined_claims(
        self, info: Info, decided: bool = False, first: int = 20, after: str | None = None
    ) -> QuarantinedClaimConnection | None:
        return await QuarantinedClaimConnection.found(info.context, decided=decided, first=first, after=after)
