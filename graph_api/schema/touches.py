"""Touches, identifiers and the close of a month."""

from __future__ import annotations

import strawberry

from graph_api.schema.enums import IdentifierKind
from graph_api.schema.problems import UserError
from graph_api.schema.promoters import Promoter
from graph_api.schema.scalars import Instant, Month


@strawberry.input(description="A buyer came through a promoter's link or code.")
class TouchInput:
    buyer_code: str = strawberry.field(description="The buyer.")
    promoter_code: str = strawberry.field(description="Whose link or code it was.")
    at: Instant | None = strawberry.field(description="When; now if absent.", default=None)
    key: str = strawberry.field(description="Makes a retry harmless.")


@strawberry.type(description="To whom the buyer is bound now.")
class TouchPayload:
    bound_to: Promoter | None = strawberry.field(description="Whose sale the buyer's next order without a code is.")
    errors: list[UserError] = strawberry.field(description="Empty if the touch was recorded.")


@strawberry.input(description="A person, promoter or buyer, has an identifier.")
class IdentifierInput:
    code: str = strawberry.field(description="The person.")
    kind: IdentifierKind = strawberry.field(description="What it is.")
    value: str = strawberry.field(description="Kept encrypted, compared by a keyed hash.")


@strawberry.type(description="How many of the given links hold now.")
class LinkIdentifiersPayload:
    linked: int = strawberry.field(description="Links that are there now, old ones included.")
    errors: list[UserError] = strawberry.field(description="One for each refused link.")


@strawberry.type(description="What closing a month did.")
class CloseMonthPayload:
    month: Month = strawberry.field(description="The month.")
    tier_entries: int = strawberry.field(description="TIER entries it posted.")
    promotions: int = strawberry.field(description="Promoters it promoted.")
    errors: list[UserError] = strawberry.field(description="Empty if it is closed.")
