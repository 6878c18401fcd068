"""Writes `documents.ts`: the ids by which the service knows the documents of the phone's screens.

They are those of the promoters' pages, so that one manifest serves both: `python -m examples.miniprogram.documents`
after the pages were built from other operations.
"""

from __future__ import annotations

from pathlib import Path

from graph_api import trusted

PLACE = Path(__file__).with_name("documents.ts")
BEGINNING = """// Written by documents.py from the service's manifest of trusted documents.
import type { Document } from "./request";

"""


def module() -> str:
    """The text of `documents.ts`, by name of operation."""
    by_name = {_name(text): id for id, text in trusted.of_pages("promoters").items()}
    lines = [f'  {name}: {{ name: "{name}", id: "{trusted.PREFIX}{by_name[name]}" }},' for name in sorted(by_name)]
    return "\n".join(
        [BEGINNING + "export const documents = {", *lines, "} as const satisfies Record<string, Document>;\n"]
    )


def _name(text: str) -> str:
    """What the operation of a document is called.

    >>> _name("query PhoneHome($month:Month!){me{code}}")
    'PhoneHome'
    """
    return text.split("(")[0].split("{")[0].split()[1]


if __name__ == "__main__":
    PLACE.write_text(module(), "utf-8")
