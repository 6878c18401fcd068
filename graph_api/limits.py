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
    EnumValueNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from graph_api.prices import (
    COST_MAX,
    NODES_PER_FACTOR,
    PAGE_MAX,
    SORTS_BY_TEAM,
    WALKS,
    WEIGHTS,
    list_factor,
)

DEPTH_MAX = 20
OPERATIONS_MAX = 20
UNKNOWN_MAX = 100
"""Fields that the schema has not: validation compares each with all the others."""
REPEATS_MAX = 200_000
"""Sum of squares of how often each response name stands in the text: merging compares them in pairs."""


class BadInput(Exception):
    """The request is not one that can be answered."""


class TooCostly(Exception):
    """The query would take too much to answer."""


class Size(NamedTuple):
    """How deep a selection nests, and how many values it may make, at most, heavy fields weighing more."""

    depth: int
    cost: int


Walks = Mapping[int, int]
"""How many walks down to each number of levels; 0 levels stands for the whole team."""


class Estimate(NamedTuple):
    """What an operation may take: its values, and the teams that are walked if the cache knows nothing."""

    size: Size
    own: Walks
    others: Walks


class Measure(NamedTuple):
    """A selection; `own` are walks of the object it is made on."""

    depth: int
    cost: int
    own: Walks
    others: Walks


NOTHING = Measure(0, 0, {}, {})
CEILINGS = (1, 2, 3, 5, 10, 20)
"""Numbers of levels that walks are counted by; deeper ones count as the whole team."""
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


def estimated(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> tuple[Estimate, frozenset[str]]:
    """What an operation may take, and the variables that this depends on."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    meter = _Meter(schema, fragments, _defaults(operation) | dict(variables))
    found = meter.operation(operation)
    return Estimate(Size(found.depth, found.cost), found.own, found.others), frozenset(meter.looked_at)


def check(size: Size) -> None:
    """TooCostly above a limit."""
    if size.depth > DEPTH_MAX:
        raise TooCostly(f"the query nests {size.depth} fields deep, more than {DEPTH_MAX}")
    if size.cost > COST_MAX:
        raise TooCostly(f"the query may make {size.cost} values, more than {COST_MAX}: ask for smaller pages")


def check_size(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Size:
    """The size of an operation, unless it is above a limit."""
    (size, _, _), _ = estimated(schema, document, operation, variables)
    check(size)
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
    measured: dict[str, Measure] = field(default_factory=dict)
    looked_at: set[str] = field(default_factory=set)
    unknown: int = 0

    def operation(self, operation: OperationDefinitionNode) -> Measure:
        return self._selections(operation.selection_set, self.schema.get_root_type(operation.operation))

    def _selections(self, node: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Measure:
        if node is None:
            return NOTHING
        found = [self._selection(selection, parent) for selection in node.selections]
        depth = max((each.depth for each in found), default=0)
        cost = min(sum(each.cost for each in found), COST_MAX * PAGE_MAX)
        return Measure(depth, cost, _added(*(each.own for each in found)), _added(*(each.others for each in found)))

    def _selection(self, node: Any, parent: GraphQLNamedType | None) -> Measure:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            narrowed = self.schema.get_type(condition.name.value) if condition else parent
            return self._selections(node.selection_set, narrowed)
        return self._fragment(node.name.value)

    def _fragment(self, name: str) -> Measure:
        if name not in self.measured:
            # Validation refuses fragments that spread themselves; until then one counts for nothing within itself.
            self.measured[name] = NOTHING
            definition = self.fragments.get(name)
            if definition is not None:
                condition = self.schema.get_type(definition.type_condition.name.value)
                self.measured[name] = self._selections(definition.selection_set, condition)
        return self.measured[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Measure:
        known = (
            self.schema.get_field(parent, node.name.value) if parent is not None and is_composite_type(parent) else None
        )
        self._check_levels(node)
        below = self._selections(node.selection_set, get_named_type(known.type) if known is not None else None)
        if known is None or parent is None:
            self.unknown += 1
            if self.unknown > UNKNOWN_MAX:
                raise BadInput(f"the query asks for more than {UNKNOWN_MAX} fields that there are not")
            return below._replace(depth=below.depth + 1, cost=1 + (self._page_length(node) or 1) * below.cost)
        name = f"{parent.name}.{node.name.value}"
        factor = self._factor(node, parent, known)
        weight = WEIGHTS.get(name, 1)
        if name in WEIGHTS and "months" in known.args:
            weight *= max(self._number(node, "months", known.args["months"].default_value), 1)
        walked = {self._walk(node, name, known): 1} if name in WALKS else {}
        if name == "Query.me":
            own, others = below.own, _times(below.others, factor)
        else:
            own, others = walked, _times(_added(below.own, below.others), factor)
        return Measure(below.depth + 1, weight + factor * below.cost, own, others)

    def _factor(self, node: FieldNode, parent: GraphQLNamedType, known: GraphQLField) -> int:
        """How often what is below the field counts."""
        factor = self._page_length(node)
        if factor is None and "first" in known.args:
            default = known.args["first"].default_value
            factor = default if isinstance(default, int) else PAGE_MAX
        if factor is None:
            factor = list_factor(parent.name, node.name.value, known.type)
        if "limit" in known.args:
            factor = max(self._number(node, "limit", known.args["limit"].default_value) // NODES_PER_FACTOR, 1)
        return factor

    def _walk(self, node: FieldNode, name: str, known: GraphQLField) -> int:
        """Down to how many levels the field walks; 0: the whole team."""
        bound = WALKS[name]
        if bound is None or self._named(node, "orderBy") == SORTS_BY_TEAM:
            return 0
        depth = self._number(node, bound, known.args[bound].default_value)
        if (level := self._argument(node, "level")) is not None:
            depth = max(depth, self._int_of(level) or depth)
        return next((ceiling for ceiling in CEILINGS if ceiling >= depth), 0)

    def _named(self, node: FieldNode, name: str) -> object:
        """The value of an argument that is a member of an enum."""
        argument = self._argument(node, name)
        value: Any = argument.value if argument is not None else None
        if isinstance(value, VariableNode):
            self.looked_at.add(value.name.value)
            return self.variables.get(value.name.value)
        return value.value if isinstance(value, EnumValueNode) else None

    @staticmethod
    def _argument(node: FieldNode, name: str) -> ArgumentNode | None:
        return next((argument for argument in node.arguments or () if argument.name.value == name), None)

    def _check_levels(self, node: FieldNode) -> None:
        """Levels are counted from 1; deeper than any tree is as deep as the tree."""
        for argument in node.arguments or ():
            if argument.name.value in LEVELS:
                value = self._int_of(argument)
                if value is not None and value < 1:
                    raise BadInput(f"{argument.name.value} must be at least 1")

    def _page_length(self, node: FieldNode) -> int | None:
        """The value of `first`; BadInput if it is outside its bounds. Other types are left to validation."""
        argument = self._argument(node, "first")
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
        argument = self._argument(node, name)
        if argument is not None and isinstance(argument.value, VariableNode):
            self.looked_at.add(argument.value.name.value)
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
            self.looked_at.add(value.name.value)
            given = self.variables.get(value.name.value)
            return int(given) if isinstance(given, int | float) and not isinstance(given, bool) else None
        return None


def _added(*walks: Walks) -> Walks:
    given = [each for each in walks if each]
    if len(given) < 2:
        return given[0] if given else {}
    found: Counter[int] = Counter()
    for each in given:
        found.update(each)
    return found


def _times(walks: Walks, factor: int) -> Walks:
    """No more than what is refused anyhow, so that numbers stay small however deep pages nest."""
    return {levels: min(count * factor, COST_MAX * PAGE_MAX) for levels, count in walks.items()}


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
