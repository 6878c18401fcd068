"""The subscriptions. Each reads anew what it tells, and so asks at every event whether the viewer may still see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar, cast

import strawberry

from cypher.store import StoreTimeout, StoreUnavailable
from graph_api.batched import rows
from graph_api.context import Context
from graph_api.errors import Invalid, NotFound
from graph_api.schema.findings import Finding
from graph_api.schema.orders import Info
from graph_api.schema.teams import TeamAggregate

AWAY_SECONDS = 1.0
SCORE_MAX = 100
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


def source(*, description: str) -> Callable[[F], F]:
    """A subscription that a method feeds; unlike strawberry.subscription it keeps the method's type for mypy."""
    return cast("Callable[[F], F]", strawberry.subscription(description=description))


@strawberry.type(
    description="What can be waited for, over graphql-transport-ws. Several events at once may come as one."
)
class Subscription:
    @source(
        description="The team of a promoter: as it is when the subscription begins, then whenever it is another one, forty"
        " times a second at most. Ends as if there were no such promoter once the viewer sees it no more."
    )
    async def team_changed(self, info: Info, code: str) -> AsyncGenerator[TeamAggregate, None]:
        context = info.context
        with context.feed.team(code) as watch:
            team = await _team(context, code)
            while True:
                yield TeamAggregate.of(team, depth=None)
                shown = team
                while _counts(team) == _counts(shown):
                    await watch.news()
                    team = await _patiently(lambda: _team(context, code))

    @source(
        description="A finding, as it is now, whenever one is new, open again or graver than before, and thereby reaches"
        " this score. Nothing of before the subscription."
    )
    async def finding_raised(self, info: Info, min_score: int = 60) -> AsyncGenerator[Finding, None]:
        context = info.context
        if not 0 <= min_score <= SCORE_MAX:
            raise Invalid(f"minScore must be 0-{SCORE_MAX}", field=["minScore"])
        with context.feed.findings() as watch:
            while True:
                raised = await _patiently(lambda: context.feed.raised(watch))
                ids = list(dict.fromkeys(each.id for each in raised if each.reaches(min_score)))
                for card in await _patiently(lambda: context.anew().findings.cards(ids)):  # noqa: B023 - called at once
                    yield Finding.of(card)
                if not raised:
                    await watch.news()


async def _team(context: Context, code: str) -> rows.Team:
    """All that the journal has told of is in it; NotFound if the viewer does not see the promoter."""
    request = context.anew()
    if await request.visible_card(code) is None:
        raise NotFound(f"no promoter {code}", field=["code"])
    return await request.promoters.team(code, None)


def _counts(team: rows.Team) -> tuple[object, ...]:
    return team.levels, team.valid_direct_count


async def _patiently(read: Callable[[], Awaitable[T]]) -> T:
    """What a read gives, once the store is there."""
    while True:
        try:
            return await read()
        except (StoreUnavailable, StoreTimeout):
            await asyncio.sleep(AWAY_SECONDS)
