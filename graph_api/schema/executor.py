"""graphql-core's executor, with a short way for attributes: what is already there is copied, not resolved.

A team view is mostly such attributes. Whatever is unusual about one (null where none may be, a value that does not
fit) goes the whole way, so errors are the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, NamedTuple

from graphql import GraphQLEnumType, GraphQLObjectType, GraphQLScalarType, get_nullable_type, is_non_null_type
from graphql.execution.incremental import IncrementalExecutor
from graphql.pyutils import Path
from strawberry.schema.schema_converter import GraphQLCoreConverter


class Attribute(NamedTuple):
    """How a selected field is copied."""

    response_name: str
    name: str
    coerce: Callable[[Any], Any]
    nullable: bool


class Split(NamedTuple):
    """A selection: response names in order, the attributes among them, and the fields to be resolved."""

    names: tuple[str, ...]
    attributes: tuple[Attribute, ...]
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
        key = (parent_type.name, id(grouped_field_set))
        split = self._splits.get(key)
        if split is None:
            # The split keeps the selection alive, so its id stays its own.
            split = self._splits[key] = self._split(parent_type, grouped_field_set)
        copied = _copied(split.attributes, source_value) if split.attributes else None
        if copied is None:
            return super().execute_fields(parent_type, source_value, path, grouped_field_set, position_context)
        if not split.fields:
            return copied
        resolved = super().execute_fields(parent_type, source_value, path, split.fields, position_context)
        if isinstance(resolved, dict):
            return _merged(split.names, copied, resolved)
        return _merged_later(split.names, copied, resolved)

    def _split(self, parent_type: GraphQLObjectType, selected: dict[str, Any]) -> Split:
        found = {name: self._attribute(parent_type, name, details) for name, details in selected.items()}
        attributes = tuple(attribute for attribute in found.values() if attribute is not None)
        fields = {name: details for name, details in selected.items() if found[name] is None}
        return Split(tuple(selected), attributes, fields, selected)

    def _attribute(self, parent_type: GraphQLObjectType, response_name: str, details: Any) -> Attribute | None:
        """None for a field that must be resolved."""
        field = self.schema.get_field(parent_type, details[0].node.name.value)
        if field is None or not getattr(field.resolve, "_is_default", False):
            return None
        definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        coerce = _coerce(get_nullable_type(field.type))
        if definition is None or coerce is None:
            return None
        return Attribute(response_name, definition.python_name, coerce, not is_non_null_type(field.type))


def _coerce(type_: Any) -> Callable[[Any], Any] | None:
    if isinstance(type_, GraphQLScalarType):
        return type_.coerce_output_value
    if isinstance(type_, GraphQLEnumType):
        wrapped: type[Enum] | None = getattr(type_, "wrapped_cls", None)
        return {member: member.name for member in wrapped}.__getitem__ if wrapped is not None else None
    return None


def _copied(attributes: tuple[Attribute, ...], source: Any) -> dict[str, Any] | None:
    """The attributes' values; None if one of them is unusual."""
    copied: dict[str, Any] = {}
    try:
        for response_name, name, coerce, nullable in attributes:
            value = getattr(source, name)
            if value is not None:
                copied[response_name] = coerce(value)
            elif nullable:
                copied[response_name] = None
            else:
                return None
    except Exception:
        return None
    return copied


def _merged(names: tuple[str, ...], copied: dict[str, Any], resolved: dict[str, Any]) -> dict[str, Any]:
    """Both in the order of the selection, which is the order of the answer."""
    return {
        name: copied[name] if name in copied else resolved[name] for name in names if name in copied or name in resolved
    }


async def _merged_later(
    names: tuple[str, ...], copied: dict[str, Any], resolving: Awaitable[dict[str, Any]]
) -> dict[str, Any]:
    return _merged(names, copied, await resolving)
