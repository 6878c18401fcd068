"""The schema put together, guarded by the access table, and its text."""

from __future__ import annotations

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    Undefined,
)
from strawberry.schema.config import StrawberryConfig

from graph_api import prices
from graph_api.schema import access, direct
from graph_api.schema.claims import ClaimMutations
from graph_api.schema.money_mutations import MoneyMutations
from graph_api.schema.network_mutations import NetworkMutations
from graph_api.schema.problems import PROBLEM_TYPES
from graph_api.schema.promotion import SalesMonthsRoute, ValidDownlinesRoute
from graph_api.schema.query import Query
from graph_api.schema.risk_mutations import RiskMutations
from graph_api.schema.sales_mutations import SalesMutations
from graph_api.schema.scalars import SCALARS, Day
from graph_api.schema.subscriptions import Subscription


@strawberry.type(description="What can be done. A refusal is data: see `errors` of each payload.")
class Mutation(NetworkMutations, ClaimMutations, SalesMutations, MoneyMutations, RiskMutations):
    pass


def build() -> strawberry.Schema:
    """The schema, with every field under the access table."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[*PROBLEM_TYPES, ValidDownlinesRoute, SalesMonthsRoute, Day],
        config=StrawberryConfig(scalar_map=SCALARS),
    )
    _drop_null_defaults(graphql_schema(schema))
    prices.write_into(graphql_schema(schema))
    direct.shorten(graphql_schema(schema))
    access.guard(graphql_schema(schema))
    return schema


def graphql_schema(schema: strawberry.Schema) -> GraphQLSchema:
    """The executable schema underneath."""
    return schema._schema


def _drop_null_defaults(schema: GraphQLSchema) -> None:
    """Say nothing instead of `= null`: an optional argument without a default, as the contract has it."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType):
            inputs: list[GraphQLInputField | GraphQLArgument] = [*type_.fields.values()]
        elif isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            inputs = [argument for field in type_.fields.values() for argument in field.args.values()]
        else:
            continue
        for given in inputs:
            if given.default_value is None:
                given.default_value = Undefined


def sdl(schema: strawberry.Schema) -> str:
    """The schema's text, as schema.graphql holds it."""
    return f"{prices.DEFINITIONS}\n{schema.as_str().rstrip()}\n"
