"""What a query selects below a field, so that nothing is read that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from graphql import FieldNode, GraphQLObjectType, InlineFragmentNode
from graphql.execution.values import get_argument_values

from graph_api.schema.orders import Info


def selects(info: Info, *names: str) -> bool:
    """Whether one of the fields is selected directly below; @skip and @include are taken as selecting."""
    nodes, known = nodes_of(info), info.context.selected
    key = (*map(id, nodes), *names)  # a page asks the same for each of its members
    if key not in known:
        known[key] = any(below(info, nodes, name) for name in names)
    return known[key]


def selects_below(info: Info, outer: str, name: str) -> bool:
    """Whether the field is selected directly below one that is selected directly below."""
    return bool(below(info, below(info, nodes_of(info), outer), name))


def arguments_of(info: Info, type_name: str, node: FieldNode) -> dict[str, Any]:
    """Arguments of a field of a type, by their GraphQL names."""
    raw = _raw(info)
    type_ = raw.schema.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    return get_argument_values(type_.fields[node.name.value], node, raw.variable_values)


def nodes_of(info: Info) -> Sequence[FieldNode]:
    """Where the query selects the field."""
    nodes: Sequence[FieldNode] = _raw(info).field_nodes
    return nodes


def below(info: Info, nodes: Sequence[FieldNode], name: str) -> list[FieldNode]:
    """Where the query selects a field directly below these."""
    return list(_among(_raw(info), [node.selection_set for node in nodes], name))


def _raw(info: Info) -> Any:
    """graphql-core's info, also where Strawberry has wrapped it."""
    return getattr(info, "_raw_info", info)


def _among(raw: Any, pending: list[Any], name: str) -> Iterator[FieldNode]:
    spread: set[str] = set()
    while pending:
        selections = pending.pop()
        for node in selections.selections if selections is not None else ():
            if isinstance(node, FieldNode):
                if node.name.value == name:
                    yield node
            elif isinstance(node, InlineFragmentNode):
                pending.append(node.selection_set)
            elif node.name.value not in spread:
                spread.add(node.name.value)
                pending.append(raw.fragments[node.name.value].selection_set)
