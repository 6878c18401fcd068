"""The examples in the rules' docstrings hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import graph_api.pii
import graph_api.rules

MODULES = [
    importlib.import_module(f"graph_api.rules.{info.name}") for info in pkgutil.iter_modules(graph_api.rules.__path__)
]


@pytest.mark.parametrize("module", [*MODULES, graph_api.pii], ids=lambda module: module.__name__)
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
