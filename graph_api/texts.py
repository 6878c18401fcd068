"""How much a text may hold, counted in one pass over its tokens before anything parses it.

To parse and validate a token takes many times as long as to count it, so what is refused anyhow is refused here. Only
strings, comments and punctuators are told apart; whether they make sense is left to the parser.
"""

from __future__ import annotations

import re
from collections import Counter

from graph_api.limits import BadInput, TooCostly

BYTES_MAX = 64 * 1024
TOKENS_MAX = 4_000
"""A hundred mutations with their inputs written out; the largest document of our own pages has 300."""
ALIASES_MAX = 100
"""Other names of one field: as many as a page is long."""
DIRECTIVES_MAX = 200
LETTERS_PER_VALUE = 8
VARIABLES_PER_VALUE = 20
"""To read a text, or to hold variables against their types, takes as long as to answer so many times fewer values."""

_TOKEN = re.compile(
    r"""
    [\s,\ufeff]++ | \#[^\n\r]*+                     # nothing
    | (   \"""(?: [\s\S]*?(?<!\\)\""" | [\s\S]*+ )  # a string of several lines, or the rest of the text
        | "(?: [^"\\\n\r] | \\. )*+"?
        | \.\.\. | -?[0-9][0-9A-Za-z_.+-]*+ | \w++ | .
      )
    """,
    re.VERBOSE | re.ASCII,
)


def check_text(text: str) -> None:
    """BadInput for a text that is too long, TooCostly for one that asks the same too often.

    >>> check_text('{ plan { a: version b: version } product(sku: "a:b:c") { sku } }')
    >>> check_text("{ " + " ".join(f"a{n}: plan" for n in range(101)) + " }")
    Traceback (most recent call last):
    graph_api.limits.TooCostly: the query gives one field more than 100 other names
    """
    if len(text) > BYTES_MAX or len(text.encode()) > BYTES_MAX:
        raise BadInput(f"a query is at most {BYTES_MAX // 1024} KB; give values as variables")
    tokens = _tokens(text)
    if len(tokens) > TOKENS_MAX:
        raise TooCostly(f"a query has at most {TOKENS_MAX} tokens, not {len(tokens)}; give values as variables")
    if tokens.count("@") > DIRECTIVES_MAX:
        raise TooCostly(f"a query has at most {DIRECTIVES_MAX} directives")
    if max(_aliases(tokens).values(), default=0) > ALIASES_MAX:
        raise TooCostly(f"the query gives one field more than {ALIASES_MAX} other names")


def price(text: str, *, is_known: bool, variables: int) -> int:
    """What it costs to read a text, unless it is known, and so many variables with all that is in them, in values.

    >>> price("{ plan { version } }", is_known=False, variables=45)
    5
    >>> price("{ plan { version } }", is_known=True, variables=0)
    0
    """
    letters = 0 if is_known else min(len(text), BYTES_MAX)
    return -(-letters // LETTERS_PER_VALUE) + variables // VARIABLES_PER_VALUE


def count(text: str) -> int:
    """How many tokens a text has.

    >>> count('{ plan { version } } # the one in force')
    6
    """
    return len(_tokens(text))


def _tokens(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if token]


def _aliases(tokens: list[str]) -> Counter[str]:
    """How many other names each field has: a colon outside of parentheses stands between the two."""
    found: Counter[str] = Counter()
    inside = 0
    for place, token in enumerate(tokens):
        if token == "(":
            inside += 1
        elif token == ")":
            inside -= 1
        elif token == ":" and not inside:
            found.update(tokens[place + 1 : place + 2])
    return found
