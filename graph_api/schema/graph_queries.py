"""Questions of operators and the risk team about the shape of the network."""

from __future__ import annotations

from typing import Annotated

import strawberry

from graph_api.batched.differences import difference
from graph_api.schema.claims import QuarantinedClaimConnection
from graph_api.schema.differences import NetworkDiff
from graph_api.schema.nodes import resolver
from graph_api.schema.orders import Info
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
        description="Referrals that an import claimed and that lay on a cycle: those that wait for a decision, or those"
        " decided."
    )
    async def quarantined_claims(
        self, info: Info, decided: bool = False, first: int = 20, after: str | None = None
    ) -> QuarantinedClaimConnection | None:
        return await QuarantinedClaimConnection.found(info.context, decided=decided, first=first, after=after)
