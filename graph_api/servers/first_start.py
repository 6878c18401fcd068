"""A first start that was interrupted: what it left half made is removed, so the next start makes it anew.

Killed while it creates its stores, Neo4j refuses every later start ("transaction logs are missing"). Until the
first start has ended nobody can have written to what it makes; a store that was there before (built offline by
`database import`) is kept.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph_api.servers.process import write_private

MARKER = "first-start"
STORES = ("system", "neo4j")


@contextmanager
def making_stores(home: Path) -> Iterator[None]:
    """Note, for the length of a start, which stores were there before it; an exception leaves the note."""
    before = [name for name in STORES if (home / "data" / "databases" / name).exists()]
    if len(before) == len(STORES):
        yield
        return
    write_private(home / MARKER, " ".join(before))
    yield
    (home / MARKER).unlink()


def undo_interrupted(home: Path) -> None:
    """Remove what an interrupted first start made; call it before anything touches the stores."""
    marker = home / MARKER
    if not marker.exists():
        return
    before = marker.read_text("utf-8").split()
    for name in STORES:
        if name not in before:
            for kind in ("databases", "transactions"):
                shutil.rmtree(home / "data" / kind / name, ignore_errors=True)
    marker.unlink()
