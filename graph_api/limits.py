"""What a query may ask for: size, nesting, page lengths and cost, measured in one pass before anything else is done.

Every fragment is measured once, so the work is linear in the text; stock limiters follow each spread again and can be
kept busy for minutes by half a kilobyte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

QUERY_BYTES_MAX = 64 * 1024
TOKENS_MAX = 16_000
DEPTH_MAX = 20
COST_MAX = 20_000
PAGE_MAX = 100
OPERATIONS_MAX = 20
REPEATS_MAX = 200_000
"""Sum of squares of how often each response name stands in the text: merging compares them in pairs."""
WEIGHTS = {
    "Query.explore": COST_MAX // 4,
    "Query.askQuestion": COST_MAX // 4,
    "Query.simulatePlan": COST_MAX // 2,
    "Query.tryDetector": COST_MAX // 2,
    "Query.detectors": 200,
    "Query.auditLog": 500,
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
    "Subgraph.nodes": 25,
    "Subgraph.edges": 25,
    "NetworkDiff.nodes": 25,
    "NetworkDiff.edges": 25,
    "NetworkDiff.moves": 25,
}
"""Lists that are longer: a structure, of which a page may hold a hundred, has hundreds of nodes."""
PAGES = ("Connection", "Trial", "Cycles", "Chains")
"""Types whose lists are as long as the `first` of the field that gives them."""


class BadInput(Exception):
    """The request is not one that can be answered."""


class TooCostly(Exception):
    """The query would take too much to answer."""


class Size(NamedTuple):
    """How deep a selection nests, and how many values it may make, at most, heavy fields weighing more."""

    depth: int
    cost: int


NOTHING = Size(0, 0)
LEVELS = ("depth", "level", "maxDepth", "maxHops")
"""Arguments that count levels of the tree or hops of a path."""


def check_shape(document: DocumentNode) -> None:
    """Refuse a text whose validation alone would take long; no recursion, each node once."""
    names: Counter[str] = Counter()
    operations = 0
    pending: list[Any] = []
    for definition in document.definitions:
        operations += isinstance(definition, OperationDefinitionNode)
        pending.append(getattr(definition, "selection_set", None))
    while pending:
        node = pending.pop()
        for selection in node.selections if node is not None else ():
            if isinstance(selection, FieldNode):
                names[(selection.alias or selection.name).value] += 1
            elif isinstance(selection, FragmentSpreadNode):
                names[f"...{selection.name.value}"] += 1
            pending.append(getattr(selection, "selection_set", None))
    if operations > OPERATIONS_MAX:
        raise BadInput(f"a request holds at most {OPERATIONS_MAX} operations")
    if sum(count * count for count in names.values()) > REPEATS_MAX:
        raise TooCostly("the query repeats the same fields too often")


def check_size(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Size:
    """The size of an operation, unless it is above a limit."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    given = _defaults(operation) | dict(variables)
    size = _Meter(schema, fragments, given).operation(operation)
    if size.depth > DEPTH_MAX:
        raise TooCostly(f"the query nests {size.depth} fields deep, more than {DEPTH_MAX}")
    if size.cost > COST_MAX:
        raise TooCostly(f"the query may make {size.cost} values, more than {COST_MAX}: ask for smaller pages")
    return size


def asks_for_introspection(document: DocumentNode) -> bool:
    """Whether `__schema` or `__type` stands anywhere in the text."""
    pending: list[Any] = [getattr(definition, "selection_set", None) for definition in document.definitions]
    while pending:
        node = pending.pop()
        for selection in node.selections if node is not None else ():
            if isinstance(selection, FieldNode) and selection.name.value in ("__schema", "__type"):
                return True
            pending.append(getattr(selection, "selection_set", None))
    return False


@dataclass(slots=True)
class _Meter:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    measured: dict[str, Size] = field(default_factory=dict)

    def operation(self, operation: OperationDefinitionNode) -> Size:
        return self._selections(operation.selection_set, self.schema.get_root_type(operation.operation))

    def _selections(self, node: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Size:
        if node is None:
            return NOTHING
        sizes = [self._selection(selection, parent) for selection in node.selections]
        depth = max((size.depth for size in sizes), default=0)
        return Size(depth, min(sum(size.cost for size in sizes), COST_MAX * PAGE_MAX))

    def _selection(self, node: Any, parent: GraphQLNamedType | None) -> Size:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            narrowed = self.schema.get_type(condition.name.value) if condition else parent
            return self._selections(node.selection_set, narrowed)
        return self._fragment(node.name.value)

    def _fragment(self, name: str) -> Size:
        if name not in self.measured:
            # Validation refuses fragments that spread themselves; until then one counts for nothing within itself.
            self.measured[name] = NOTHING
            definition = self.fragments.get(name)
            if definition is not None:
                condition = self.schema.get_type(definition.type_condition.name.value)
                self.measured[name] = self._selections(definition.selection_set, condition)
        return self.measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        known = (
            self.schema.get_field(parent, node.name.value) if parent is not None and is_composite_type(parent) else None
        )
        name = f"{parent.name}.{node.name.value}" if parent is not None else ""
        self._check_levels(node)
        below_type = get_named_type(known.type) if known is not None else None
        below = self._selections(node.selection_set, below_type)
        factor = self._page_length(node)
        if factor is None and known is not None and "first" in known.args:
            default = known.args["first"].default_value
            factor = default if isinstance(default, int) else PAGE_MAX
        if factor is None:
            in_page = parent is not None and parent.name.endswith(PAGES)
            is_list = known is not None and is_list_type(get_nullable_type(known.type))
            factor = LIST_FACTORS.get(name, LIST_FACTOR) if is_list and not in_page else 1
        if known is not None and "limit" in known.args:
            factor = max(self._number(node, "limit", known.args["limit"].default_value) // NODES_PER_FACTOR, 1)
        weight = WEIGHTS.get(name, 1)
        if known is not None and name in WEIGHTS and "months" in known.args:
            weight *= max(self._number(node, "months", known.args["months"].default_value), 1)
        return Size(below.depth + 1, weight + factor * below.cost)

    def _check_levels(self, node: FieldNode) -> None:
        """Levels are counted from 1; deeper than any tree is as deep as the tree."""
        for argument in node.arguments or ():
            if argument.name.value in LEVELS:
                value = self._int_of(argument)
                if value is not None and value < 1:
                    raise BadInput(f"{argument.name.value} must be at least 1")

    def _page_length(self, node: FieldNode) -> int | None:
        """The value of `first`; BadInput if it is outside its bounds. Other types are left to validation."""
        argument = next((argument for argument in node.arguments or () if argument.name.value == "first"), None)
        if argument is None:
            return None
        value = self._int_of(argument)
        if value is None:
            return PAGE_MAX
        if not 1 <= value <= PAGE_MAX:
            raise BadInput(f"first must be 1-{PAGE_MAX}")
        return value

    def _number(self, node: FieldNode, name: str, default: Any) -> int:
        """The value of an argument, which its own field holds against its bounds."""
        argument = next((argument for argument in node.arguments or () if argument.name.value == name), None)
        given = argument is not None and not (
            isinstance(argument.value, VariableNode) and argument.value.name.value not in self.variables
        )
        value = self._int_of(argument) if argument is not None and given else default
        return min(value, COST_MAX) if isinstance(value, int) else COST_MAX

    def _int_of(self, argument: ArgumentNode) -> int | None:
        value: Any = argument.value
        if isinstance(value, IntValueNode):
            return _int(value.value)
        if isinstance(value, VariableNode):
            given = self.variables.get(value.name.value)
            return int(given) if isinstance(given, int | float) and not isinstance(given, bool) else None
        return None


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """Default values of variables, integers only: nothing else can stand for `first`."""
    return {
        variable.variable.name.value: _int(variable.default_value.value)
        for variable in operation.variable_definitions or ()
        if isinstance(variable.default_value, IntValueNode)
    }


def _int(text: str) -> int:
    """An integer literal; one of absurd length is absurdly large, without being computed."""
    return int(text) if len(text) < 20 else (-PAGE_MAX if text.startswith("-") else PAGE_MAX + 1)
