"""Cursors: the sort keys of the last row, so that the next page is found in the store however the rows before it change."""

from __future__ import annotations

import base64
import binascii
import json

from graph_api.errors import Invalid

KEY_MAX = 2**63 - 1
LENGTH_MAX = 2048
"""Of a code whose every character takes six when it is written as ASCII, twice that."""
Keys = tuple[int, int, str]


def cursor(order: str, keys: Keys) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, *keys], separators=(",", ":")).encode()).decode().rstrip("=")


def keys_of(order: str, text: str | None) -> Keys | None:
    """What a cursor of the same order says; Invalid for anything else.

    >>> keys_of("LEVEL", cursor("LEVEL", (1, 5, "A")))
    (1, 5, 'A')
    """
    if text is None:
        return None
    if len(text) > LENGTH_MAX:
        raise Invalid("not a cursor of this list", field=["after"])
    try:
        named, key_1, key_2, code = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Invalid("not a cursor of this list", field=["after"]) from None
    if named != order or not isinstance(code, str) or not _is_key(key_1) or not _is_key(key_2):
        raise Invalid("not a cursor of this list in this order", field=["after"])
    return key_1, key_2, code


def _is_key(value: object) -> bool:
    return type(value) is int and abs(value) <= KEY_MAX
