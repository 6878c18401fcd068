"""What the pages say, from the very tables that they read: a test of two languages names a sentence by its key."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.console.site import ROOT

_ENTRY = re.compile(r'^  "([\w.]+)":\s*"((?:[^"\\]|\\.)*)",$', re.MULTILINE)
Say = Callable[..., str]


def words(language: str) -> Say:
    """The sentence of a key in the language of a browser, its places filled in; KeyError for one that is in no table."""
    name = "zh" if language.startswith("zh") else "en"
    table = dict(_ENTRY.findall((ROOT / "web" / "console" / "src" / "words" / f"{name}.ts").read_text("utf-8")))

    def say(key: str, **facts: str | int) -> str:
        sentence: str = table[key]
        return sentence.format(**facts)

    return say
