"""Staff accounts: what a name, a password and a set of roles must be, and how long guessing is made to wait."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from graph_api.errors import Invalid

ROLES = ("OPERATOR", "RISK", "FINANCE", "ADMIN")
"""What a member of staff may be; promoters and services come with tokens."""
LOCALES = ("zh", "en")
PASSWORD_LENGTH_MIN, PASSWORD_LENGTH_MAX = 12, 200
DISTINCT_CHARACTERS_MIN = 6
WAITS_SECONDS = (0, 0, 0, 0, 15, 30, 60, 120, 240, 480, 900)
"""After the first, second, … attempt without success in a row; after more of them the last."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?")


def name_error(name: str) -> Invalid | None:
    """A name is 1-40 of a-z, 0-9, dot, dash and underscore, so it reads the same in every journal.

    >>> name_error("li.wei") is None, name_error("Li Wei") is None
    (True, False)
    """
    if _NAME.fullmatch(name):
        return None
    return Invalid("a name is 1-40 of a-z, 0-9 and, inside, . _ -", field=["name"])


def normal_password(password: str) -> str:
    """The same text however a keyboard composes it (RFC 8265 asks for NFC)."""
    return unicodedata.normalize("NFC", password)


def password_error(password: str, *, name: str) -> Invalid | None:
    """Length is what makes a password; beside it only what is no secret at all is refused.

    >>> password_error("correct horse battery", name="li") is None
    True
    >>> str(password_error("aaaaaaaaaaaaaaaa", name="li"))
    'a password has at least 6 different characters'
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        said = f"a password has {PASSWORD_LENGTH_MIN}-{PASSWORD_LENGTH_MAX} characters"
    elif len(set(password)) < DISTINCT_CHARACTERS_MIN:
        said = f"a password has at least {DISTINCT_CHARACTERS_MIN} different characters"
    elif name in password.lower():
        said = "a password does not hold the name"
    else:
        return None
    return Invalid(said, field=["password"])


def roles_error(roles: Sequence[str]) -> Invalid | None:
    if roles and set(roles) <= set(ROLES) and len(set(roles)) == len(roles):
        return None
    return Invalid(f"give one or more of {', '.join(ROLES)}, each once", field=["roles"])


def wait_seconds(attempts: int) -> int:
    """For how long nobody gets in after so many attempts without success in a row.

    >>> [wait_seconds(attempts) for attempts in (1, 4, 5, 6, 99)]
    [0, 0, 15, 30, 900]
    """
    return WAITS_SECONDS[min(attempts, len(WAITS_SECONDS)) - 1]
