"""schema.graphql is what the service serves, and keeps what clients were promised."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from graph_api.app import SCHEMA
from graph_api.schema import build

ROOT = Path(__file__).parents[2]
CHECK = ROOT.parent / "shared" / "check_contract.py"


def test_the_file_is_what_export_schema_prints() -> None:
    assert (ROOT / "schema.graphql").read_text("utf-8") == build.sdl(SCHEMA)


@pytest.mark.skipif(not CHECK.exists(), reason="the contract is kept beside the project")
def test_the_contract_is_kept_but_for_what_is_pending() -> None:
    command = [sys.executable, str(CHECK), "schema.graphql", "contract-pending.txt"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_everything_is_described() -> None:
    schema = build_schema(build.sdl(SCHEMA))
    bare = [name for name, type_ in schema.type_map.items() if not type_.description and not name.startswith("__")]
    for name, type_ in schema.type_map.items():
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType) and name[:2] != "__":
            bare += [f"{name}.{field}" for field, given in type_.fields.items() if not given.description]
        if isinstance(type_, GraphQLEnumType) and name[:2] != "__":
            assert type_.description, name
    assert bare == []
