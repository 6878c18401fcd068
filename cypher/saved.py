"""Saved questions: named, with parameters, one file each in `questions/`; asked through the workbench like any other.

A file begins with `// title: …`, `// title_zh: …` and, for each parameter, `// parameter: name Int|String default meaning`;
a default of `""` means that there is none.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from graph_api.errors import Invalid

_TITLE = re.compile(r"^// (title|title_zh): (.+)$", re.M)
_PARAMETER = re.compile(r"^// parameter: (\w+) (Int|String) (\"\"|\S+) (.+)$", re.M)
INT_MAX = 2**53


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kind` is Int or String; without a default it must be given."""

    name: str
    kind: str
    default: int | str | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Question:
    name: str
    title: str
    title_zh: str
    parameters: tuple[Parameter, ...]
    text: str

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter with its value; Invalid names one that is missing, unknown or of another kind."""
        unknown = sorted(values.keys() - {parameter.name for parameter in self.parameters})
        if unknown:
            raise Invalid(f"{self.name} has no parameter {unknown[0][:40]!r}", field=["parameters"])
        return {parameter.name: _value(parameter, values.get(parameter.name)) for parameter in self.parameters}


def _value(parameter: Parameter, value: Any) -> int | str:
    value = parameter.default if value is None else value
    fits = isinstance(value, str) if parameter.kind == "String" else isinstance(value, int) and abs(value) <= INT_MAX
    if value is None or isinstance(value, bool) or not fits:
        raise Invalid(f"{parameter.name} must be given, as {parameter.kind}: {parameter.meaning}", field=["parameters"])
    return value  # type: ignore[no-any-return]


@functools.cache
def questions() -> Mapping[str, Question]:
    """All saved questions by name."""
    folder = resources.files("cypher").joinpath("questions")
    files = {entry.name.removesuffix(".cypher"): entry for entry in folder.iterdir() if entry.name.endswith(".cypher")}
    return {name: _question(name, files[name].read_text("utf-8")) for name in sorted(files)}


def _question(name: str, content: str) -> Question:
    titles = dict(_TITLE.findall(content))
    parameters = tuple(
        Parameter(found, kind, None if default == '""' else int(default) if kind == "Int" else default, meaning)
        for found, kind, default, meaning in _PARAMETER.findall(content)
    )
    text = "\n".join(line for line in content.splitlines() if not line.startswith("//")).strip()
    return Question(name, titles["title"], titles["title_zh"], parameters, text)
