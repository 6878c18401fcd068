"""graphql-core's executor, with a short way for what is already there: it is copied, not resolved.

A team view is mostly such values: attributes, resolvers that answer at once, and objects and lists of them. Whatever
is unusual about one (not there yet, null where none may be, a value that does not fit) goes the whole way, so errors
are the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from inspect import iscoroutine
from typing import Any, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLScalarType,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.incremental import IncrementalExecutor
from graphql.execution.values import get_argument_values
from graphql.pyutils import Path
from orjson import Fragment
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph_api.schema.kept import KeptAnswer

Copy = Callable[[Any], Any]
"""From a value as resolvers give it to the one of the answer; raises whatever it likes if it cannot."""


class Unusual(Exception):
    """The value has to go the whole way."""


class Split(NamedTuple):
    """A selection: what is copied, by response name in order, and the fields that are to be resolved."""

    copies: tuple[tuple[str, Copy], ...]
    fields: dict[str, Any]
    whole: dict[str, Any]


class Executor(IncrementalExecutor):
    """One per operation."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._splits: dict[tuple[str, int], Split] = {}

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: dict[str, Any],
        position_context: Any,
    ) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        split = self._split(parent_type, grouped_field_set)
        copied: dict[str, Any] = {}
        unusual: set[str] = set()
        for response_name, copy in split.copies:
            try:
                copied[response_name] = copy(source_value)
            except Exception:
                unusual.add(response_name)
        fields = split.fields
        if unusual:
            fields = {name: details for name, details in grouped_field_set.items() if name in fields or name in unusual}
        if not fields:
            return copied
        resolved = super().execute_fields(parent_type, source_value, path, fields, position_context)
        names = tuple(grouped_field_set)
        return (
            _merged(names, copied, resolved) if isinstance(resolved, dict) else _merged_later(names, copied, resolved)
        )

    def complete_object_value(self, return_type: GraphQLObjectType, *details: Any) -> Any:
        *_, result, _position = details
        if type(result) is KeptAnswer:
            return Fragment(result.text)
        return super().complete_object_value(return_type, *details)

    def _split(self, parent_type: GraphQLObjectType, selected: dict[str, Any]) -> Split:
        key = (parent_type.name, id(selected))
        split = self._splits.get(key)
        if split is None:
            found = {name: self._copy(parent_type, details) for name, details in selected.items()}
            copies = tuple((name, copy) for name, copy in found.items() if copy is not None)
            fields = {name: details for name, details in selected.items() if found[name] is None}
            # The split keeps the selection alive, so its id stays its own.
            split = self._splits[key] = Split(copies, fields, selected)
        return split

    def _copy(self, parent_type: GraphQLObjectType, details: Any) -> Copy | None:
        """How a selected field is copied; None if it must be resolved."""
        field = self.schema.get_field(parent_type, details[0].node.name.value)
        if field is None:
            return None
        take = self._take(parent_type, field, details)
        complete = self._complete(get_nullable_type(field.type), details) if take is not None else None
        if take is None or complete is None:
            return None
        return _chained(take, complete, nullable=not is_non_null_type(field.type))

    def _take(self, parent_type: GraphQLObjectType, field: GraphQLField, details: Any) -> Copy | None:
        """How the field's own value is had from the object."""
        if getattr(field.resolve, "_is_default", False):
            definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
            return _attribute(definition.python_name) if definition is not None else None
        if field.resolve is None or not getattr(field.resolve, "is_plain", False):
            return None
        nodes = [each.node for each in details]
        info = self.build_resolve_info(field, nodes, parent_type, Path(None, nodes[0].name.value, parent_type.name))
        try:
            arguments = get_argument_values(
                field, nodes[0], self.variable_values, details[0].fragment_variable_values, self.hide_suggestions
            )
        except Exception:
            return None
        return _answer(field.resolve, info, arguments)

    def _complete(self, type_: Any, details: Any) -> Copy | None:
        """How a value that is not null is put into the answer."""
        if isinstance(type_, GraphQLScalarType):
            return type_.coerce_output_value
        if isinstance(type_, GraphQLEnumType):
            wrapped: type[Enum] | None = getattr(type_, "wrapped_cls", None)
            return {member: member.name for member in wrapped}.__getitem__ if wrapped is not None else None
        if is_list_type(type_):
            each = self._complete(get_nullable_type(type_.of_type), details)
            return _listed(each) if each is not None else None
        return self._object(type_, details) if isinstance(type_, GraphQLObjectType) else None

    def _object(self, type_: GraphQLObjectType, details: Any) -> Copy | None:
        definition = type_.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        selected, deferred, _ = self.collect_subfields(type_, details)
        if definition is None or deferred:
            return None
        split = self._split(type_, selected)
        return _object(definition.origin, split.copies) if not split.fields else None


def _attribute(name: str) -> Copy:
    def take(source: Any) -> Any:
        return getattr(source, name)

    return take


def _answer(resolve: Callable[..., Any], info: Any, arguments: dict[str, Any]) -> Copy:
    def take(source: Any) -> Any:
        value = resolve(source, info, **arguments)
        if hasattr(value, "__await__"):
            if iscoroutine(value):
                value.close()
            raise Unusual
        return value

    return take


def _chained(take: Copy, complete: Copy, *, nullable: bool) -> Copy:
    def copy(source: Any) -> Any:
        value = take(source)
        if value is not None:
            return complete(value)
        if nullable:
            return None
        raise Unusual

    return copy


def _listed(complete: Copy) -> Copy:
    def copy(value: Any) -> Any:
        if type(value) is not list:
            raise Unusual
        return [complete(each) for each in value]

    return copy


def _object(origin: type, copies: tuple[tuple[str, Copy], ...]) -> Copy:
    def copy(value: Any) -> Any:
        if type(value) is not origin:
            raise Unusual
        return {name: copied(value) for name, copied in copies}

    return copy


def _merged(names: tuple[str, ...], copied: dict[str, Any], resolved: dict[str, Any]) -> dict[str, Any]:
    """Both in the order of the selection, which is the order of the answer."""
    return {
        name: copied[name] if name in copied else resolved[name] for name in names if name in copied or name in resolved
    }


async def _merged_later(
    names: tuple[str, ...], copied: dict[str, Any], resolving: Awaitable[dict[str, Any]]
) -> dict[str, Any]:
    return _merged(names, copied, await resolving)
