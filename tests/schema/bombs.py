"""Requests that nobody should send: short texts that ask for much work, each with the code that it is refused by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

TOO_COSTLY, WRONG = "COST_EXCEEDED", "BAD_USER_INPUT"


class Bomb(NamedTuple):
    """`code`: of the refusal."""

    query: str
    code: str
    variables: Mapping[str, Any] = {}


def spread(levels: int, spreads: int, between: str = "%s") -> str:
    """Fragments that each spread the next one several times: `spreads` to the power of `levels` fields."""
    bodies = [
        f"fragment F{level} on Promoter {{ " + (between % f"...F{level + 1}" + " ") * spreads + "}"
        for level in range(levels)
    ]
    return "{ me { ...F0 } } " + " ".join(bodies) + f" fragment F{levels} on Promoter {{ code }}"


def aliased(count: int, *fields: str) -> str:
    """As many aliases, of each field in turn, in one selection."""
    return " ".join(f"a{index}:{fields[index % len(fields)]}" for index in range(count))


def introspected(steps: str, times: int) -> str:
    """`__schema { types { STEPS { STEPS … name } } }`"""
    inner = steps * times + "name" + "}" * (steps * times).count("{")
    return "{ __schema { types { " + inner + " } } }"


def several(count: int, text: str) -> str:
    """The text as often, with its number in place of each `%d`."""
    return " ".join(text.replace("%d", str(number)) for number in range(count))


BOMBS = {
    "nine levels of six spreads": Bomb(spread(9, 6), TOO_COSTLY),
    "nine levels of six spreads, each a level deeper": Bomb(spread(9, 6, "referrer { %s }"), TOO_COSTLY),
    "nine levels of six spreads, each in a fragment of its own": Bomb(spread(9, 6, "... { %s }"), TOO_COSTLY),
    "eighty levels of twenty spreads": Bomb(spread(80, 20), TOO_COSTLY),
    "three hundred levels of ten spreads": Bomb(spread(300, 10), TOO_COSTLY),
    "four hundred levels of one spread": Bomb(spread(400, 1), TOO_COSTLY),
    "a fragment that spreads itself": Bomb("{ me { ...F } } fragment F on Promoter { referrer { ...F ...F } }", WRONG),
    "two fragments that spread each other": Bomb(
        "{ me { ...F } } fragment F on Promoter { ...G } fragment G on Promoter { ...F }", WRONG
    ),
    "a fragment spread 1,900 times": Bomb("{ " + "...F " * 1_900 + "} fragment F on Query { me { code } }", TOO_COSTLY),
    "two hundred fragments with the same names": Bomb(
        "{ " + several(200, "...F%d") + " } " + several(200, "fragment F%d on Query { a: me { code } }"), TOO_COSTLY
    ),
    "500 fragments that nobody spreads": Bomb(
        "{ plan { version } } " + several(500, "fragment F%d on Plan { version }"), TOO_COSTLY
    ),
    "5,000 aliases of one field": Bomb("{ " + aliased(5_000, "me") + " }", TOO_COSTLY),
    "5,000 aliases of __typename": Bomb("{ " + aliased(5_000, "__typename") + " }", WRONG),
    "5,000 aliases of five fields": Bomb(
        "{ me { " + aliased(5_000, "code", "name", "rank", "id", "phone") + " } }", TOO_COSTLY
    ),
    "101 aliases": Bomb("{ " + aliased(101, "__typename") + " }", TOO_COSTLY),
    "101 aliases in two selections": Bomb(
        "{ plan { " + aliased(50, "version") + " } x: plan { " + aliased(51, "version") + " } }", TOO_COSTLY
    ),
    "101 aliases of a mutation": Bomb(
        "mutation { " + aliased(101, 'enrolPromoter(input: {code: "x"}) { errors { code } }') + " }", TOO_COSTLY
    ),
    "500 times the same field": Bomb("{ " + "__typename " * 500 + "}", TOO_COSTLY),
    "30,000 times the same field": Bomb("{ " + "a " * 30_000 + "}", TOO_COSTLY),
    "3,900 fields that are not there": Bomb("{ " + several(3_900, "x%d") + " }", WRONG),
    "10,000 directives": Bomb("{ __typename " + "@a" * 10_000 + " }", TOO_COSTLY),
    "201 directives": Bomb("{ " + several(201, "a%d: me @skip(if: false) { code }") + " }", TOO_COSTLY),
    "200 directives on a field": Bomb("{ __typename " + "@include(if: true)" * 200 + " }", WRONG),
    "200 directives that are not there": Bomb("{ __typename " + several(200, "@a%d") + " }", WRONG),
    "introspection of fields of types, eight deep": Bomb(introspected("fields { type { ", 8), TOO_COSTLY),
    "introspection of fields of types, four deep": Bomb(introspected("fields { type { ", 4), TOO_COSTLY),
    "introspection of what is possible": Bomb(introspected("possibleTypes { interfaces { ", 4), WRONG),
    "introspection of fifty wrappings": Bomb(introspected("ofType { ", 50), TOO_COSTLY),
    "introspection through fragments": Bomb(
        "{ __schema { types { ...F0 } } } "
        + " ".join(f"fragment F{i} on __Type {{ fields {{ type {{ ...F{i + 1} }} }} }}" for i in range(6))
        + " fragment F6 on __Type { name }",
        TOO_COSTLY,
    ),
    "the schema fifty times": Bomb(
        "{ " + several(50, "a%d: __schema { types { fields { args { name } } } }") + " }", TOO_COSTLY
    ),
    "a page of 1,000,000": Bomb("{ products(first: 1000000) { edges { node { sku } } } }", WRONG),
    "a page of 1e6": Bomb("{ products(first: 1e6) { edges { node { sku } } } }", WRONG),
    "a page of 1e6 as a variable": Bomb(
        "query($n: Int!) { products(first: $n) { edges { node { sku } } } }", WRONG, {"n": 1e6}
    ),
    "pages of pages": Bomb(
        "{ promoters(first: 100) { edges { node { downline(first: 100) { edges { node { code } } } } } } }", TOO_COSTLY
    ),
    "twenty referrers up": Bomb("{ me { " + "referrer { " * 20 + "code" + " }" * 20 + " } }", TOO_COSTLY),
    "12,000 brackets": Bomb("{ " + "me { " * 6_000 + "x" + " }" * 6_000 + " }", TOO_COSTLY),
    "2,600 brackets": Bomb("{ " + "me { " * 1_300 + "x" + " }" * 1_300 + " }", WRONG),
    "30,000 lists in lists": Bomb("{ product(sku: " + "[" * 30_000 + " }", TOO_COSTLY),
    "1,900 lists in lists": Bomb("{ product(sku: " + "[" * 1_900 + "]" * 1_900 + ") { sku } }", WRONG),
    "900 objects in objects": Bomb("{ product(sku: " + "{a:" * 900 + "1" + "}" * 900 + ") { sku } }", WRONG),
    "1,900 types in types": Bomb("query($a: " + "[" * 1_900 + "Int" + "]" * 1_900 + ") { plan { version } }", WRONG),
    "950 variables that nobody uses": Bomb("query(" + several(950, "$a%d: Int") + ") { plan { version } }", WRONG),
    "950 times the same variable": Bomb("query(" + "$a: Int " * 950 + ") { plan { version } }", WRONG),
    "500 operations": Bomb(several(500, "query A%d { me { code } }"), WRONG),
    "a comment of 60 KB and a fault": Bomb("{ me { code @a } } " + "#" * 60_000, WRONG),
    "a text of 70 KB": Bomb('{ product(sku: "' + "x" * 70_000 + '") { sku } }', WRONG),
    "a text of many lines that never ends": Bomb('{ product(sku: """' + '\\"""' * 16_000, WRONG),
    "a page of 60,000 digits": Bomb("{ products(first: " + "9" * 60_000 + ") { totalCount } }", WRONG),
    "60,000 digits where a text belongs": Bomb("{ product(sku: " + "9" * 60_000 + ") { sku } }", WRONG),
}
