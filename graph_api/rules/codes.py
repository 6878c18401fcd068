"""Codes: what names a promoter, buyer, product or order from outside."""

from __future__ import annotations

from graph_api.errors import Invalid

CODE_LENGTH_MAX = 128
TEXT_LENGTH_MAX = 512
IDENTIFIER_KINDS = ("DEVICE", "PAYOUT_ACCOUNT", "ID_NUMBER", "PHONE", "ADDRESS")
STRONG_KINDS = tuple(kind for kind in IDENTIFIER_KINDS if kind != "ADDRESS")
"""What makes a sale to its owner none: neighbours of one address are no one person."""


def code_error(code: str, *, field: str) -> Invalid | None:
    """Codes are 1-128 printable characters without space around them.

    >>> code_error("otc-6", field="code") is None, code_error(" x", field="code") is None
    (True, False)
    """
    if not code or len(code) > CODE_LENGTH_MAX:
        return Invalid(f"{field} must be 1-{CODE_LENGTH_MAX} characters", field=[field])
    if code != code.strip() or not code.isprintable():
        return Invalid(f"{field} has spaces around it or unprintable characters", field=[field])
    return None


def text_error(text: str | None, *, field: str, required: bool = False) -> Invalid | None:
    """Free text is at most 512 characters without control characters."""
    if text is None or text == "":
        return Invalid(f"{field} is missing", field=[field]) if required else None
    if len(text) > TEXT_LENGTH_MAX:
        return Invalid(f"{field} is longer than {TEXT_LENGTH_MAX} characters", field=[field])
    if any(character < " " or character == "\x7f" for character in text):
        return Invalid(f"{field} has control characters", field=[field])
    return None
