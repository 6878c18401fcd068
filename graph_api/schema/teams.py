"""Own sales and team aggregates."""

from __future__ import annotations

import strawberry

from graph_api.batched import rows
from graph_api.schema.enums import AggregateSource
from graph_api.schema.nodes import resolver
from graph_api.schema.scalars import Fen, Instant

SOURCES = {source.value: source for source in AggregateSource}


@strawberry.type(description="Own sales of a month or of all time.")
class SalesAggregate:
    orders: int = strawberry.field(description="Commissionable orders.")
    buyers: int = strawberry.field(description="Different buyers of them.")
    volume_fen: Fen = strawberry.field(description="Net: paid minus refunded, in the month of the payment.")
    refunded_fen: Fen = strawberry.field(description="What was refunded of them.")

    @classmethod
    def of(cls, sales: rows.Sales) -> SalesAggregate:
        return cls(
            orders=sales.orders,
            buyers=sales.buyers,
            volume_fen=sales.volume_fen,
            refunded_fen=sales.refunded_fen,
        )


@strawberry.type(description="One level of a team.")
class TeamLevel:
    level: int = strawberry.field(description="1 is direct.")
    size: int = strawberry.field(description="People.")
    orders: int = strawberry.field(description="Their orders.")
    volume_fen: Fen = strawberry.field(description="Their own sales.")


@strawberry.type(description="All descendants of a promoter, without the promoter.")
class TeamAggregate:
    promoter_code: str = strawberry.field(description="Whose team.")
    size: int = strawberry.field(description="People, to the depth asked for.")
    direct_count: int = strawberry.field(description="Direct downlines.")
    valid_direct_count: int = strawberry.field(
        description="Direct, active downlines with a real third-party sale that outlived its observation."
    )
    max_depth: int = strawberry.field(description="Levels that the team has, to the depth asked for.")
    orders: int = strawberry.field(description="Orders of the team.")
    volume_fen: Fen = strawberry.field(description="Own sales of its members, added.")
    levels: strawberry.Private[list[rows.TeamLevel]]
    computed_at: Instant = strawberry.field(description="When it was counted.")
    source: AggregateSource = strawberry.field(description="Where it was read.")

    @resolver(description="The same, by level.")
    def by_level(self) -> list[TeamLevel]:
        return [
            TeamLevel(level=level.level, size=level.size, orders=level.orders, volume_fen=level.volume_fen)
            for level in self.levels
        ]

    @classmethod
    def of(cls, team: rows.Team, *, depth: int | None) -> TeamAggregate:
        """The team to a depth; of every level without one."""
        levels = [level for level in team.levels if depth is None or level.level <= depth]
        whole = depth is None
        return cls(
            promoter_code=team.promoter_code,
            size=team.size if whole else sum(level.size for level in levels),
            direct_count=levels[0].size if levels else 0,
            valid_direct_count=team.valid_direct_count,
            max_depth=len(levels),
            orders=team.orders if whole else sum(level.orders for level in levels),
            volume_fen=team.volume_fen if whole else sum(level.volume_fen for level in levels),
            levels=levels,
            computed_at=team.computed_at,
            source=SOURCES[team.source],
        )
