"""Whole answers about a promoter, kept in the cache as one record each: what a team view is opened with all day.

An answer is kept under the promoter's code and a number that stands for what was selected, and ends with whatever ends
a value of that promoter's: so only fields are kept that follow from its own facts and its team's, the same for all who
see it. It is sealed, as names are in Redis; they are masked in it but for the promoter's own view of itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    InlineFragmentNode,
    Node,
    NullValueNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    print_ast,
    visit,
)
from graphql.language.visitor import Visitor

from graph_api.schema.orders import Info
from graph_api.viewer import Role

STEADY: Mapping[str, frozenset[str]] = {
    "Promoter": frozenset(["id", "code", "name", "status", "rank", "joinedAt", "downline", "sales", "team"]),
    "DownlineConnection": frozenset(["edges", "pageInfo", "totalCount"]),
    "DownlineEdge": frozenset(["cursor", "level", "node"]),
    "PageInfo": frozenset(["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]),
    "SalesAggregate": frozenset(["orders", "buyers", "volumeFen", "refundedFen"]),
    "TeamAggregate": frozenset(
        [
            "promoterCode",
            "size",
            "directCount",
            "validDirectCount",
            "maxDepth",
            "orders",
            "volumeFen",
            "byLevel",
            "computedAt",
            "source",
        ]
    ),
    "TeamLevel": frozenset(["level", "size", "orders", "volumeFen"]),
}
"""Fields of an answer that may be kept."""
FORMAT = "1"
"""Another one whenever the same selection is answered otherwise: instances of two versions may share a Redis."""
SELECTIONS_KEPT = 512


class KeptAnswer(NamedTuple):
    """A field's answer as JSON; it goes out as it is."""

    text: str


class _Selection(NamedTuple):
    """`node` is kept so that its id stays its own; `text` is None if its answer is not kept."""

    node: FieldNode
    text: str | None
    variables: tuple[str, ...]


_selections: dict[int, _Selection] = {}


def answer_number(info: Info, code: str) -> int | None:
    """What stands for the selection below, its variables and how the viewer sees the promoter; None if it is not kept."""
    raw: Any = info
    viewer = raw.context.viewer
    if not raw.context.repeated or viewer.role is Role.FINANCE or len(raw.field_nodes) != 1:
        return None  # each look of FINANCE at a name is recorded
    found = _selection(raw)
    if found.text is None:
        return None
    values = [raw.variable_values.coerced.get(name) for name in found.variables]
    meant = json.dumps([FORMAT, viewer.promoter_code == code, found.text, values], default=repr)
    return int.from_bytes(blake2b(meant.encode(), digest_size=16).digest())


def _selection(raw: Any) -> _Selection:
    node = raw.field_nodes[0]
    found = _selections.get(id(node))
    if found is None:
        if len(_selections) >= SELECTIONS_KEPT:
            _selections.clear()
        found = _selections[id(node)] = _read(raw, node)
    return found


def _read(raw: Any, node: FieldNode) -> _Selection:
    type_ = get_named_type(raw.return_type)
    spread: dict[str, SelectionSetNode] = {}
    if not isinstance(type_, GraphQLObjectType) or not _is_steady(raw, type_, node.selection_set, spread):
        return _Selection(node, None, ())
    named = [(name, spread[name]) for name in sorted(spread)]
    parts: list[Node] = [node, *(selections for _, selections in named)]
    texts = [print_ast(part) for part in parts]
    variables = _Variables()
    for part in parts:
        visit(part, variables)
    return _Selection(node, json.dumps([[name for name, _ in named], texts]), tuple(sorted(variables.names)))


def _is_steady(
    raw: Any, type_: GraphQLObjectType, selections: SelectionSetNode | None, spread: dict[str, SelectionSetNode]
) -> bool:
    """Whether all that is selected may be kept; fills in the fragments that it spreads."""
    for node in selections.selections if selections is not None else ():
        if isinstance(node, FieldNode):
            if not _is_steady_field(raw, type_, node, spread):
                return False
        elif isinstance(node, InlineFragmentNode):
            if node.type_condition is not None and node.type_condition.name.value != type_.name:
                return False
            if not _is_steady(raw, type_, node.selection_set, spread):
                return False
        elif isinstance(node, FragmentSpreadNode):
            fragment = raw.fragments[node.name.value]
            spread[node.name.value] = fragment.selection_set
            if fragment.type_condition.name.value != type_.name or not _is_steady(
                raw, type_, fragment.selection_set, spread
            ):
                return False
    return True


def _is_steady_field(raw: Any, type_: GraphQLObjectType, node: FieldNode, spread: dict[str, SelectionSetNode]) -> bool:
    name = node.name.value
    if name == "__typename":
        return True
    if name not in STEADY.get(type_.name, ()):
        return False
    if any(each.name.value == "search" and not isinstance(each.value, NullValueNode) for each in node.arguments or ()):
        return False  # it may be a name, and those are hashed with a key only
    below = get_named_type(type_.fields[name].type)
    return node.selection_set is None or (
        isinstance(below, GraphQLObjectType) and _is_steady(raw, below, node.selection_set, spread)
    )


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)
