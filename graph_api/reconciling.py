"""`promograph reconcile`: files in, differences out."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from hashlib import sha256
from pathlib import Path

from graph_api.batched import reconciliation
from graph_api.batched.reconciliation import Reconciled
from graph_api.opening import Opened
from graph_api.providers.statement_files import PROVIDERS, NotUnderstood, lines_of
from graph_api.rules.calendar import DAY_US, day_start
from graph_api.rules.reconciliation import Found, Line, counts
from graph_api.tables import BOM, csv_lines


class BadOptions(ValueError):
    """A provider that is none, or a last day that lies before the first."""


def lines_of_files(provider: str, files: Sequence[Path], *, first: date, last: date) -> list[Line]:
    """What all files say about transfers; NotUnderstood, BadOptions or OSError say what is wrong with them."""
    if provider not in PROVIDERS:
        raise BadOptions(f"--provider is {' or '.join(PROVIDERS)}, not {provider!r}")
    if last < first:
        raise BadOptions(f"--to {last} lies before --from {first}")
    seen: dict[bytes, str] = {}
    lines: list[Line] = []
    for file in files:
        digest = sha256(file.read_bytes()).digest()
        if digest in seen:
            raise NotUnderstood(
                file.name, [f"it is {seen[digest]} again, and would make everything in it look paid twice"]
            )
        seen[digest] = file.name
        lines += lines_of(provider, file, otherwise_at=day_start(first))
    return lines


async def reconciled(running: Opened, lines: Sequence[Line], provider: str, *, first: date, last: date) -> Reconciled:
    """The differences of a period of whole days in Shanghai."""
    return await reconciliation.reconcile(
        running.store,
        lines,
        provider=PROVIDERS[provider],
        from_at=day_start(first),
        until_at=day_start(last) + DAY_US,
    )


def written(found: Sequence[Found], out: Path) -> None:
    """The differences as CSV, whole or not at all."""
    part = out.with_name(f"{out.name}.part")
    part.write_bytes(BOM + csv_lines([Found._fields, *found]))
    os.replace(part, out)


def sentence(row: Found) -> str:
    """A difference for people."""
    who = f" ({row.promoter_code}, {row.status_here})" if row.promoter_code else ""
    fen = f" {row.there_fen if row.there_fen is not None else '-'} there, {row.here_fen if row.here_fen is not None else '-'} here;"
    return f"{row.kind} {row.key or 'the whole'}{who}:{fen} {row.detail}{f' [{row.source}]' if row.source else ''}"


def summary(done: Reconciled) -> str:
    """The last line, for programs."""
    told = {each.name: getattr(done, each.name) for each in fields(done) if each.name != "found"}
    return json.dumps(told | {"differences": len(done.found), "by_kind": counts(done.found)}, separators=(",", ":"))
