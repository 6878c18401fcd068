"""Addresses of running embedded servers, left in their data dir for other commands of the same user.

`promograph import` beside a running `promograph serve` is the ordinary case: the data dir is taken, and its
servers can be used all the same.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from graph_api.servers.process import PUBLISHED, write_private


@contextmanager
def published(data_dir: Path, addresses: Mapping[str, str | None]) -> Iterator[None]:
    """Tell others where the servers are, for the length of the block; call it with the data dir held."""
    place = data_dir / PUBLISHED
    write_private(place, json.dumps(dict(addresses)))
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def found(data_dir: Path) -> dict[str, str | None] | None:
    """What the living holder of this data dir published; None when nobody holds it or it is still starting."""
    with contextlib.suppress(OSError, ValueError):
        if _is_held(data_dir):
            addresses: dict[str, str | None] = json.loads((data_dir / PUBLISHED).read_text("utf-8"))
            return addresses
    return None


def _is_held(data_dir: Path) -> bool:
    """A file left by a kill -9 says nothing; the lock does."""
    with (data_dir / "lock").open("rb") as file:
        try:
            # Shared, so that two who ask do not meet; let go with the file.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
