"""A whole tree as parallel lists, for a picture of it."""

from __future__ import annotations

import strawberry

from graph_api.batched.columns import RANKS, STATUSES, Columns
from graph_api.schema.enums import PromoterStatus, Rank
from graph_api.schema.scalars import Numbers, Texts


@strawberry.type(
    description="A tree as parallel lists, one entry a promoter in each: breadth first, each level by code, parents before"
    " children. No names: who may see these may look them up one by one."
)
class NetworkColumns:
    codes: Texts = strawberry.field(description="Codes.")
    parents: Numbers = strawberry.field(description="The place in these lists of who stands above; -1 of the root.")
    ranks: Numbers = strawberry.field(description="Present ranks, as places in `rankNames`.")
    rank_names: list[Rank] = strawberry.field(description="What the numbers of `ranks` stand for.")
    statuses: Numbers = strawberry.field(description="Present statuses, as places in `statusNames`.")
    status_names: list[PromoterStatus] = strawberry.field(description="What the numbers of `statuses` stand for.")
    joined_seconds: Numbers = strawberry.field(description="When they joined, in seconds since 1970.")
    volumes_fen: Numbers = strawberry.field(description="Own sales of all time, paid less refunded, in fen.")
    truncated: bool = strawberry.field(description="Whether there is more than is shown.")

    @classmethod
    def of(cls, found: Columns) -> NetworkColumns:
        return cls(
            codes=found.codes,
            parents=found.parents,
            ranks=found.ranks,
            rank_names=[*RANKS],
            statuses=found.statuses,
            status_names=[*map(PromoterStatus, STATUSES)],
            joined_seconds=[at // 1_000_000 for at in found.joined_ats],
            volumes_fen=found.volume_fens,
            truncated=found.truncated,
        )
