"""What a query selects below a field, so that nothing is read that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import FieldNode, GraphQLObjectType, InlineFragmentNode
from graphql.execution.values import get_argument_values

from graph_api.schema.orders import Info


def selects(info: Info, name: str) -> bool:
    """Whether the field is selected directly below; @skip and @include are taken as selecting."""
    return any(True for _ in _selected(info, name))


def selects_below(info: Info, outer: str, name: str) -> bool:
    """Whether the field is selected directly below one that is selected directly below."""
    raw = _raw(info)
    return any(True for node in _selected(info, outer) for _ in _among(raw, [node.selection_set], name))


def arguments_below(info: Info, type_name: str, name: str) -> list[dict[str, Any]]:
    """Arguments of each time a field of the returned type is selected directly below, by their GraphQL names."""
    raw = _raw(info)
    type_ = raw.schema.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    field = type_.fields[name]
    return [get_argument_values(field, node, raw.variable_values) for node in _selected(info, name)]


def _raw(info: Info) -> Any:
    """graphql-core's info, also where Strawberry has wrapped it."""
    return getattr(info, "_raw_info", info)


def _selected(info: Info, name: str) -> Iterator[FieldNode]:
    raw = _raw(info)
    return _among(raw, [node.selection_set for node in raw.field_nodes], name)


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
