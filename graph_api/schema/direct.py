"""Resolvers without Strawberry's wrapping, where it would change nothing: the arguments are plain values already.

A page of members has dozens of such fields, and the wrapping costs more than their answers from the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, get_named_type, is_input_object_type
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField


def shorten(schema: GraphQLSchema) -> None:
    """Let graphql-core call every method that takes no input object; `info` is graphql-core's own then."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for field in type_.fields.values():
                if field.subscribe is not None:
                    field.subscribe = _direct(field) or field.subscribe
                else:
                    field.resolve = _direct(field) or field.resolve


def _direct(field: GraphQLField) -> Callable[..., Any] | None:
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    if not isinstance(definition, StrawberryField) or definition.base_resolver is None or definition.extensions:
        return None
    if any(is_input_object_type(get_named_type(argument.type)) for argument in field.args.values()):
        return None
    takes_info = definition.base_resolver.info_parameter is not None
    method: Any = definition.base_resolver.wrapped_func
    names = {
        name: argument.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].python_name
        for name, argument in field.args.items()
    }

    def resolve(source: Any, info: Any, **arguments: Any) -> Any:
        named = {names[name]: value for name, value in arguments.items()}
        return method(source, info, **named) if takes_info else method(source, **named)

    resolve.is_plain = not iscoroutinefunction(method)  # type: ignore[attr-defined]
    return resolve
