"""Who may import whom: the rooms of ARCHITECTURE.md."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for room in ("cypher", "graph_api", "loaders") for path in (ROOT / room).rglob("*.py"))
LOWER = {
    "graph_api.rules": ("graph_api.rules", "graph_api.errors"),
    "cypher": ("cypher", "graph_api.rules", "graph_api.errors"),
    "graph_api.cache": ("graph_api.cache", "graph_api.rules", "graph_api.errors", "graph_api.batched.rows", "cypher"),
    "graph_api.arrays": ("graph_api.arrays",),
    "graph_api.batched": (
        "graph_api.batched",
        "graph_api.arrays",
        "graph_api.cache",
        "graph_api.rules",
        "graph_api.errors",
        "graph_api.pii",
        "graph_api.viewer",
        "cypher",
    ),
    "graph_api.risk": ("graph_api.risk", "graph_api.arrays", "graph_api.rules", "graph_api.errors"),
    "graph_api.providers": ("graph_api.providers", "graph_api.rules", "graph_api.errors", "graph_api.settings"),
    "graph_api.workdays": ("graph_api.workdays", "graph_api.rules"),
    "graph_api.actions": (
        "graph_api.actions",
        "graph_api.providers",
        "graph_api.risk",
        "graph_api.rules",
        "graph_api.workdays",
        "graph_api.errors",
        "graph_api.pii",
        "cypher",
    ),
    "graph_api.jobs": (
        "graph_api.jobs",
        "graph_api.actions",
        "graph_api.providers",
        "graph_api.risk",
        "graph_api.rules",
        "graph_api.errors",
        "graph_api.pii",
        "graph_api.settings",
        "cypher",
    ),
    "loaders": (
        "loaders",
        "graph_api.actions",
        "graph_api.rules",
        "graph_api.errors",
        "graph_api.pii",
        "graph_api.servers",
        "cypher",
    ),
}
ONLY_IN = {
    "neo4j": ("cypher", "graph_api.servers"),
    "redis": ("graph_api.cache", "graph_api.servers"),
    "chinese_calendar": ("graph_api.workdays",),
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@functools.cache
def parsed(path: Path) -> ast.Module:
    """Each source is looked at by four rules, and read once."""
    return ast.parse(path.read_text("utf-8"))


@functools.cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def inside(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_a_room_imports_only_what_lies_below_it(path: Path) -> None:
    name = module_name(path)
    for room, allowed in LOWER.items():
        if inside(name, (room,)):
            ours = {other for other in imports(path) if inside(other, ("cypher", "graph_api", "loaders"))}
            assert {other for other in ours if not inside(other, allowed)} == set()


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_engines_and_environment_are_behind_their_rooms(path: Path) -> None:
    name, used = module_name(path), imports(path)
    for engine, rooms in ONLY_IN.items():
        if not inside(name, rooms):
            assert not {other for other in used if inside(other, (engine,))}
    if name != "graph_api.settings":
        assert "os.environ" not in path.read_text("utf-8") or inside(name, ("graph_api.servers",))


@pytest.mark.parametrize("path", [p for p in SOURCES if "rules" in p.parts], ids=module_name)
def test_rules_use_the_standard_library_only_and_no_floats(path: Path) -> None:
    foreign = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"graph_api"}
    floats = [
        node for node in ast.walk(parsed(path)) if isinstance(node, ast.Constant) and isinstance(node.value, float)
    ]
    assert (foreign, floats) == (set(), [])


@pytest.mark.parametrize("path", [p for p in SOURCES if "risk" in p.parts], ids=module_name)
def test_detectors_use_nothing_but_arrays_and_small_graphs(path: Path) -> None:
    foreign = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"graph_api"}
    assert foreign <= {"numpy", "networkx"}
    assert not {"asyncio", "time"} & {name.split(".")[0] for name in imports(path)} or path.name == "registry.py"
