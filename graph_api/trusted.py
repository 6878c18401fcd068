"""Trusted documents: texts that were known before anybody asked, named by their hash.

Those of `operations/` and those of the built pages come with the package; a deployment adds those of its own clients as
manifests, JSON objects of id → text, which is what persisted-document builds of GraphQL clients write.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Literal

from graph_api.settings import Policy

PREFIX = "sha256:"
Audience = Literal["promoters", "staff"]
PAGES = Path(__file__).with_name("static") / "console" / "documents"
"""Where the pages' build puts what they ask by: a manifest for each audience."""


class ManifestWrong(ValueError):
    """A manifest that cannot be what its build has written."""


def document_id(text: str) -> str:
    """The id of a text: the sha256 of its UTF-8 bytes, in hex.

    >>> document_id("{ me { code } }")[:12]
    'b045a6eb7193'
    """
    return sha256(text.encode()).hexdigest()


def shipped() -> dict[str, str]:
    """The package's own documents by id: what a mini-program asks and waits for."""
    files = (entry for entry in resources.files("graph_api").joinpath("operations").iterdir())
    return _by_id(entry.read_text("utf-8") for entry in files if entry.name.endswith(".graphql"))


def of_pages(audience: Audience, built: Path = PAGES) -> dict[str, str]:
    """What the built pages of an audience ask by, by id; nothing where they were not built."""
    manifest = built / f"{audience}.json"
    return _checked(manifest) if manifest.is_file() else {}


def in_directory(directory: Path) -> dict[str, str]:
    """Every document of the manifests `*.json` there; ManifestWrong unless each id is the hash of its text."""
    if not directory.is_dir():
        raise ManifestWrong(f"{directory} is no directory with manifests of trusted documents")
    found: dict[str, str] = {}
    for place in sorted(directory.glob("*.json")):
        found |= _checked(place)
    return found


def _checked(place: Path) -> dict[str, str]:
    try:
        given = json.loads(place.read_text("utf-8"))
    except ValueError as error:
        raise ManifestWrong(f"{place}: {error}") from error
    if not isinstance(given, Mapping) or not all(isinstance(text, str) for text in given.values()):
        raise ManifestWrong(f"{place} is no object of ids and texts")
    for id, text in given.items():
        if id.removeprefix(PREFIX) != document_id(text):
            raise ManifestWrong(f"{place}: {id} is not the sha256 of its text, {document_id(text)} is")
    return _by_id(given.values())


def _by_id(texts: Iterable[str]) -> dict[str, str]:
    return {document_id(text): text for text in texts}


def documents(policy: Policy, directory: Path | None) -> dict[str, str]:
    """What anybody may ask for by id in a deployment; nothing if trusted documents are off."""
    if policy == "off":
        return {}
    return shipped() | of_pages("promoters") | (in_directory(directory) if directory is not None else {})


def staff_documents(policy: Policy) -> dict[str, str]:
    """What members of staff may ask for by id besides; nothing if trusted documents are off."""
    return {} if policy == "off" else of_pages("staff")
