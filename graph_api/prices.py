"""What each field of the schema costs, and how the schema's text says so: `@cost` and `@listSize`."""

from __future__ import annotations

import strawberry
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location

COST_MAX = 20_000
PAGE_MAX = 100
WEIGHTS = {
    "Query.explore": COST_MAX // 4,
    "Query.askQuestion": COST_MAX // 4,
    "Query.simulatePlan": COST_MAX // 2,
    "Query.tryDetector": COST_MAX // 2,
    "Query.detectors": 200,
    "Query.salesSeries": COST_MAX // 4,
    "Query.salesGroups": COST_MAX // 8,
    "Query.auditLog": 500,
    "Query.networkColumns": COST_MAX // 2,
    "Query.findPromoters": 50,
    "Query.blastRadius": 200,
    "Query.counterfactual": 400,
    "Query.lossImpact": 200,
    "LossImpact.customers": 400,
    "LossImpact.uplines": 200,
    "Finding.blastRadius": 1_000,
    "Query.cycles": 4_000,
    "Query.chains": 2_000,
    "Query.ring": 1_000,
    "Query.networkDiff": 500,
    "Query.identifierHubs": 500,
    "Promoter.statement": 400,
    "Promoter.taxRecord": 50,
    "Mutation.scanRisk": 2_000,
}
"""What a heavy field costs beside its values; two simulations or trials do not fit into one request, nor many scans.

One that takes `months` reads as much for each, and weighs so often as much.
"""
NODES_PER_FACTOR = 100
"""Nodes of a sub-graph are cheaper than those of a page: 5,000 of them, with their edges, are within the limit."""
LIST_FACTOR = 5
"""What a list without `first` counts for: lines of an order, levels of a team, routes."""
LIST_FACTORS = {
    "SalesSeries.points": 100,
    "Subgraph.nodes": 25,
    "Subgraph.edges": 25,
    "NetworkDiff.nodes": 25,
    "NetworkDiff.edges": 25,
    "NetworkDiff.moves": 25,
    "__Schema.types": 40,
    "__Field.args": 1,
    "__Directive.args": 1,
    "__Type.inputFields": 1,
    "__Type.enumValues": 1,
    "__Type.interfaces": 1,
    "__Type.possibleTypes": 1,
}
"""Lists that are longer: a structure, of which a page may hold a hundred, has hundreds of nodes. The schema's own, on
the mean of its types: the whole of it fits into a request once."""
PAGES = ("Connection", "Trial", "Cycles", "Chains", "SalesGroups")
"""Types whose lists are as long as the `first` of the field that gives them."""
WALKS = {
    "Promoter.team": None,
    "Promoter.downline": "depth",
    "Promoter.compliance": None,
    "Subscription.teamChanged": None,
}
"""Fields that walk the team of their promoter when the cache has no answer, and the argument that bounds the walk."""
SORTS_BY_TEAM = "TEAM_VOLUME_DESC"
"""An order that walks everybody's whole team, whatever the depth."""


DEFINITIONS = '''"""What the field weighs beside the values below it, as often as it takes months; 1 without it."""
directive @cost(weight: String!) on FIELD_DEFINITION

"""How many times what is below the field is counted: as an argument says, or as many as are expected."""
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!]) on FIELD_DEFINITION
'''
"""The schema's text begins with it; Strawberry prints definitions in the order of a set, which is another each time."""


@strawberry.schema_directive(name="cost", locations=[Location.FIELD_DEFINITION], print_definition=False)
class Cost:
    weight: str


@strawberry.schema_directive(name="listSize", locations=[Location.FIELD_DEFINITION], print_definition=False)
class ListSize:
    assumed_size: int | None = strawberry.directive_field(name="assumedSize", default=strawberry.UNSET)
    slicing_arguments: list[str] | None = strawberry.directive_field(name="slicingArguments", default=strawberry.UNSET)
    sized_fields: list[str] | None = strawberry.directive_field(name="sizedFields", default=strawberry.UNSET)


def list_factor(type_name: str, field_name: str, type_: GraphQLOutputType) -> int:
    """How often what is below a field without `first` counts."""
    if not is_list_type(get_nullable_type(type_)) or type_name.endswith(PAGES):
        return 1
    return LIST_FACTORS.get(f"{type_name}.{field_name}", LIST_FACTOR)


def write_into(schema: GraphQLSchema) -> None:
    """Let the schema's text name the prices, so that clients can reckon before they ask."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
                if definition is not None:
                    ours = _directives(type_.name, name, field)
                    others = [each for each in definition.directives if not isinstance(each, Cost | ListSize)]
                    definition.directives = [*others, *ours]


def _directives(type_name: str, name: str, field: GraphQLField) -> list[Cost | ListSize]:
    found: list[Cost | ListSize] = []
    if weight := WEIGHTS.get(f"{type_name}.{name}"):
        found.append(Cost(weight=str(weight)))
    if "first" in field.args:
        page = get_named_type(field.type)
        lists = [
            inner
            for inner, given in getattr(page, "fields", {}).items()
            if page.name.endswith(PAGES) and is_list_type(get_nullable_type(given.type))
        ]
        found.append(ListSize(slicing_arguments=["first"], sized_fields=lists or strawberry.UNSET))
    elif is_composite_type(get_named_type(field.type)) and (factor := list_factor(type_name, name, field.type)) > 1:
        found.append(ListSize(assumed_size=factor))
    return found
