"""What a load did, and the rows it could not take."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from graph_api.errors import DomainError
from loaders.sources import Source

SHOWN = ("promoters", "products", "orders", "identifiers")
HEADER = b"file,line,code,reason,row\n"


@dataclass(slots=True)
class Counts:
    """Of promoters, products, orders (not their rows), identifiers or touches; `rejected` counts rows of the file."""

    loaded: int = 0
    unchanged: int = 0
    rejected: int = 0
    quarantined: int = 0


@dataclass(slots=True)
class Report:
    """`rejected_path` is set if a row was rejected."""

    counts: dict[str, Counts] = field(default_factory=lambda: {subject: Counts() for subject in SHOWN})
    seconds: float = 0.0
    rejected_path: Path | None = None

    def of(self, subject: str) -> Counts:
        return self.counts.setdefault(subject, Counts())

    @property
    def exit_status(self) -> int:
        """0: all loaded; 3: loaded with rejected or quarantined rows."""
        return 3 if any(counts.rejected or counts.quarantined for counts in self.counts.values()) else 0

    def json(self) -> str:
        """One line for programs."""
        named = {subject: asdict(counts) for subject, counts in self.counts.items()}
        return json.dumps(named | {"seconds": round(self.seconds, 3)}, separators=(",", ":"))


class Rejects:
    """The rejected file, RFC 4180 with each row's bytes as they were; it comes to be with the first rejected row.

    It is written beside its name and moved there at the end, so that nobody takes half of it for the whole. Rows have
    names and phones: only its owner can read it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: BinaryIO | None = None
        self.count = 0

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
            if kind is None:
                os.replace(self._part, self._path)

    def add(self, source: Source, *, line: int, error: DomainError, raw: bytes) -> None:
        self.count += 1
        if self._stream is None:
            self._part.unlink(missing_ok=True)
            self._part.touch(mode=0o600, exist_ok=False)
            self._stream = self._part.open("wb")
            self._stream.write(HEADER)
        texts = (source.path.name, str(line), error.code, error.message)
        cells = [_quoted(text.encode(errors="replace")) for text in texts]
        self._stream.write(b",".join([*cells, _quoted(raw, always=True)]) + b"\n")

    @property
    def _part(self) -> Path:
        return self._path.with_name(self._path.name + ".part")


def _quoted(text: bytes, *, always: bool = False) -> bytes:
    if always or any(special in text for special in (b'"', b",", b"\n", b"\r")):
        return b'"' + text.replace(b'"', b'""') + b'"'
    return text
