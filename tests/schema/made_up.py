"""Made-up queries over what the small network has: random fields of each type, aliases, fragments, pages and months."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
)

ROOTS = (
    "promoter",
    "promoter",
    "promoter",
    "me",
    "promoters",
    "plan",
    "product",
    "products",
    "order",
    "orders",
    "node",
)
DEPTH_MAX = 4
VALUES = {
    "code": ('"A"', '"B"', '"D"', '"S"', '"nobody"'),
    "sku": ('"P"', '"none"'),
    "number": ('"o-A"', '"none"'),
    "id": ('"UHJvbW90ZXI6QQ=="', '"UHJvZHVjdDpQ"', '"x"'),
    "first": ("1", "2", "5"),
    "depth": ("1", "2", "9"),
    "level": ("1", "2"),
    "month": ('"2026-01"', '"2025-12"'),
    "year": ("2026",),
    "search": ('"B"', '"姓名C"', '"zz"'),
}
"""By name of an argument; others are given only where they are required, which none of ROOTS is below."""


@dataclass(frozen=True)
class MadeUp:
    """Queries over a schema, the same for the same seed."""

    schema: GraphQLSchema
    seed: int

    def queries(self, count: int) -> Iterator[str]:
        draw = random.Random(self.seed)
        query = self.schema.query_type
        assert query is not None
        for _ in range(count):
            roots = draw.sample(sorted(set(ROOTS)), draw.randrange(1, 3))
            parts = [
                self._field(draw, name, query.fields[name], DEPTH_MAX, f"{name}_{index}: ")
                for index, name in enumerate(roots)
            ]
            yield f"{{ {' '.join(parts)} }}"

    def _field(self, draw: random.Random, name: str, field: GraphQLField, depth: int, alias: str = "") -> str:
        arguments = ", ".join(
            f"{argument}: {value}"
            for argument, given in field.args.items()
            if (value := self._value(draw, argument, given)) is not None
        )
        condition = draw.choice(("", "", "", " @include(if: true)", " @skip(if: true)"))
        type_ = get_named_type(field.type)
        below = f" {self._selections(draw, type_, depth)}" if isinstance(type_, GraphQLObjectType) else ""
        if not is_leaf_type(type_) and not below:
            below = " { __typename id }" if type_.name == "Node" else " { __typename }"
        return f"{alias}{name}{f'({arguments})' if arguments else ''}{condition}{below}"

    def _value(self, draw: random.Random, name: str, argument: GraphQLArgument) -> str | None:
        if not is_required_argument(argument) and draw.random() < 0.5:
            return None
        type_ = get_nullable_type(argument.type)
        if isinstance(type_, GraphQLEnumType):
            return draw.choice(sorted(type_.values))
        return draw.choice(VALUES[name]) if name in VALUES else None

    def _selections(self, draw: random.Random, type_: GraphQLObjectType, depth: int) -> str:
        """Some of the fields, in any order; one of them under another name, and some in a fragment."""
        leaves = [name for name, field in type_.fields.items() if is_leaf_type(get_named_type(field.type))]
        others = [name for name in type_.fields if name not in leaves] if depth > 0 else []
        names = draw.sample(leaves, draw.randrange(len(leaves) + 1)) + draw.sample(others, min(len(others), 2))
        draw.shuffle(names)
        parts = [self._field(draw, name, type_.fields[name], depth - 1) for name in names]
        parts += [self._field(draw, name, type_.fields[name], depth - 1, "again: ") for name in names[:1]]
        parts.append("__typename")
        cut = draw.randrange(len(parts))
        fragment = f"... on {type_.name} {{ {' '.join(parts[cut:])} }}"
        return f"{{ {' '.join([*parts[:cut], fragment])} }}"
