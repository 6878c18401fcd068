"""Texts of queries and what is known of each once it was looked at: its syntax tree, that it is valid, what it costs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    get_operation_ast,
    parse,
    validate,
)

from graph_api import limits, texts
from graph_api.limits import BadInput, Estimate
from graph_api.trusted import PREFIX

DOCUMENTS_KEPT = 256
DOCUMENT_LENGTH_MAX = 4096
"""Longer texts are rare, and a syntax tree takes a hundred times its text."""
ESTIMATES_KEPT = 64
"""Of one document: each set of page lengths, depths and months is priced once."""
ERRORS_MAX = 5
NAME_LENGTH_MAX = 64
"""Of a value that a price can depend on."""


@dataclass(slots=True)
class Document:
    """`estimates`: by operation, the variables that its price depends on, and the price by their values."""

    text: str
    tree: DocumentNode
    valid: bool = False
    estimates: dict[str | None, tuple[tuple[str, ...], dict[tuple[object, ...], Estimate]]] = field(
        default_factory=dict
    )

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation of this name, or the only one."""
        operation = get_operation_ast(self.tree, name)
        if operation is None:
            raise BadInput("operationName must name one operation of the query")
        return operation

    def estimate(
        self, schema: GraphQLSchema, operation: OperationDefinitionNode, variables: Mapping[str, Any]
    ) -> Estimate:
        """What the operation may take, reckoned once for each set of values that it depends on; within the limits."""
        name = operation.name.value if operation.name is not None else None
        names, known = self.estimates.get(name, ((), None))
        found = known.get(_values(names, variables)) if known is not None else None
        if found is None:
            found, looked_at = limits.estimated(schema, self.tree, operation, variables)
            if self.valid:  # else it was not checked against the schema, and is not kept
                names = tuple(sorted(looked_at))
                by_values = self.estimates.setdefault(name, (names, {}))[1]
                if len(by_values) >= ESTIMATES_KEPT:
                    by_values.clear()
                by_values[_values(names, variables)] = found
        limits.check(found.size)
        return found


def _values(names: tuple[str, ...], variables: Mapping[str, Any]) -> tuple[object, ...]:
    """Values as the meter sees them: numbers and names; true is no number, and what was not given is not null.

    A longer text is no name of anything, and they are kept: all of these are the same.
    """
    return tuple((type(variables[name]), _told(variables[name])) if name in variables else None for name in names)


def _told(value: object) -> object:
    if isinstance(value, str):
        return value if len(value) <= NAME_LENGTH_MAX else None
    return value if isinstance(value, int | float) else None


class UnknownDocument(Exception):
    """No trusted document has this id."""

    def __init__(self, document_id: str) -> None:
        super().__init__("no document has this id here; send its text, or ask for it to be made known")
        self.document_id = document_id


class Documents:
    """Documents of one process: the trusted ones, and the latest others that were asked for; only valid ones are kept.

    `staff`: trusted too, but nothing that a promoter or a service would know of.
    """

    def __init__(
        self,
        trusted: Mapping[str, str] | None = None,
        *,
        staff: Mapping[str, str] | None = None,
        kept: int = DOCUMENTS_KEPT,
    ) -> None:
        self._kept = kept
        self._texts = {**(staff or {}), **(trusted or {})}
        self._staffs = set((staff or {}).values()) - set((trusted or {}).values())
        self._trusted: dict[str, Document | None] = dict.fromkeys(self._texts.values())
        self._known: OrderedDict[str, Document] = OrderedDict()

    def trusts(self, text: str, *, is_staff: bool) -> bool:
        """Whether a text is a trusted one to who asks, by whatever way it came."""
        return text in self._trusted and (is_staff or text not in self._staffs)

    def text_of(self, document_id: str, *, is_staff: bool) -> str:
        """The text of a document that is trusted to who asks, or UnknownDocument."""
        text = self._texts.get(document_id.removeprefix(PREFIX))
        if text is None or not self.trusts(text, is_staff=is_staff):
            raise UnknownDocument(document_id)
        return text

    def knows(self, text: str) -> bool:
        """Whether a text was looked at before, or will be once for all."""
        return text in self._trusted or text in self._known

    def of(self, text: str) -> Document:
        """The document of a text; its shape is within limits."""
        document = self._trusted.get(text) or self._known.get(text)
        if document is None:
            return read(text)
        if text in self._known:
            self._known.move_to_end(text)
        return document

    def errors(self, schema: GraphQLSchema, document: Document, *, hide_suggestions: bool) -> list[GraphQLError]:
        """What is wrong with a document; a right one is kept."""
        if document.valid:
            return []
        errors = validate(schema, document.tree, max_errors=ERRORS_MAX, hide_suggestions=hide_suggestions)
        if not errors:
            document.valid = True
            if document.text in self._trusted:
                self._trusted[document.text] = document
            elif len(document.text) <= DOCUMENT_LENGTH_MAX:
                self._keep(document)
        return errors

    def _keep(self, document: Document) -> None:
        self._known[document.text] = document
        if len(self._known) > self._kept:
            self._known.popitem(last=False)


def read(text: str) -> Document:
    """A text within its limits, parsed; so is its shape."""
    texts.check_text(text)
    tree = parse(text, max_tokens=texts.TOKENS_MAX)
    limits.check_shape(tree)
    return Document(text, tree)
