"""What an interrupted first start leaves, and what must never be taken for it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from graph_api.servers.first_start import making_stores, undo_interrupted
from graph_api.servers.process import kept_password


def make(home: Path, *stores: str) -> None:
    for store in stores:
        for kind in ("databases", "transactions"):
            (home / "data" / kind / store).mkdir(parents=True, exist_ok=True)


def interrupted_start(home: Path, *, makes: tuple[str, ...]) -> None:
    with contextlib.suppress(KeyboardInterrupt), making_stores(home):
        make(home, *makes)
        raise KeyboardInterrupt


def stores(home: Path) -> set[str]:
    return {place.name for kind in ("databases", "transactions") for place in (home / "data" / kind).iterdir()}


def test_stores_made_by_an_interrupted_first_start_are_removed(tmp_path: Path) -> None:
    interrupted_start(tmp_path, makes=("system", "neo4j"))
    undo_interrupted(tmp_path)
    assert stores(tmp_path) == set()


def test_a_store_built_offline_outlives_an_interrupted_first_start(tmp_path: Path) -> None:
    make(tmp_path, "neo4j")
    interrupted_start(tmp_path, makes=("system",))
    undo_interrupted(tmp_path)
    assert stores(tmp_path) == {"neo4j"}


def test_a_start_on_finished_stores_never_puts_them_at_risk(tmp_path: Path) -> None:
    with making_stores(tmp_path):
        make(tmp_path, "system", "neo4j")
    interrupted_start(tmp_path, makes=())
    undo_interrupted(tmp_path)
    assert stores(tmp_path) == {"system", "neo4j"}


def test_a_generated_password_is_never_taken_for_an_option(tmp_path: Path) -> None:
    passwords = [kept_password(tmp_path / str(number)) for number in range(300)]
    assert all(password.isalnum() and len(password) >= 32 for password in passwords)
