"""A real network as the detectors' background, alone and with structures planted in it, without a store.

`python -m tests.risk.background` writes docs/detectors.md: what every detector finds in the background alone.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random

from graph_api.risk.detector import ParameterSet
from graph_api.risk.registry import DETECTORS, Pass, scan
from graph_api.risk.snapshot import Gathering, Snapshot
from graph_api.rules.calendar import DAY_US, HOUR_US, instant
from graph_api.rules.money import share_fen, yuan
from loaders.demo.names import PRODUCTS
from loaders.demo.world import END, Member, Sale, SoldLine, World
from loaders.referrals import on_cycles

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "otc-cdnow"
PAGE = ROOT / "docs" / "detectors.md"
OVERRIDE_BP = (300, 300)
"""Of the default plan, for the lowest rank: nobody is promoted before everything is told."""
EXAMPLES = 3
SEED = 20251125
NOTES = {
    "COMPLIANCE_LINE": "trees of an open community, in which anybody may bring anybody. The law counts levels and people, and"
    " does not ask why; so does the detector, and it locks nobody.",
    "STAR_BURST": "one member rated 52 newcomers within a day of 2013, more than three years before the first order. Nobody could"
    " sell anything then: a network that is loaded with the past of its members, but not of their sales, looks so.",
    "DORMANT_INTERMEDIARY": "the orders are those of one cohort of buyers, who buy ever less; a promoter whose few buyers have"
    " stopped, while one below still sells, is found. The score goes by the days alone, so a few yuan of override score as high"
    " as thousands.",
    "COMMISSION_SPIKE": "one to three large orders on a day (of one promoter up to eight) of people who sell every other week:"
    " the median of their 28 days is 0, so that the least sum is what counts. All had fewer than 14 days with any commission,"
    " so none reaches 90 and nobody would be locked.",
}


def background(directory: Path = DATA) -> World:
    """The network of an import directory, as the planter's world."""
    world = World(Random(SEED))
    for row in _rows(directory / "promoters.csv"):
        at = instant(row["joined_at"])
        world.members[row["code"]] = Member(row["code"], "", row["phone"], row["referrer_code"], at, "", "", 0)
    for row in _rows(directory / "orders.csv"):
        line = SoldLine(row["sku"], int(row["quantity"]), int(row["paid_fen"]), int(row["refunded_fen"] or 0))
        paid_at = instant(row["paid_at"])
        world.sales.append(Sale(row["buyer_code"], row["promoter_code"], paid_at, [line], None, None, ("", "", "")))
    return world


def moved_to_the_planters_year(world: World) -> World:
    """Everything whole days later, so that the last sale is of the last day of the year in which the planter plants."""
    later = (END - max(sale.paid_at for sale in world.sales)) // DAY_US * DAY_US
    for member in world.members.values():
        member.joined_at += later
    for sale in world.sales:
        sale.paid_at += later
    return world


def snapshot(world: World) -> Snapshot:
    """What a store would hold of it once it is loaded."""
    gathering = Gathering()
    members = sorted(world.members.values(), key=lambda member: member.code)
    referrer_of = {member.code: member.referrer_code for member in members if member.referrer_code}
    claimed = on_cycles(referrer_of)
    joined_ats = [member.joined_at for member in members]
    gathering.add_promoters(
        [member.code for member in members],
        ["" if member.code in claimed else member.referrer_code for member in members],
        [member.referrer_code if member.code in claimed else "" for member in members],
        joined_ats,
        joined_ats,
    )
    sales = sorted(world.sales, key=lambda sale: sale.paid_at)
    gathering.add_orders(
        [sale.buyer_code for sale in sales],
        [sale.promoter_code for sale in sales],
        [sale.paid_at for sale in sales],
        [sum(line.paid_fen for line in sale.lines) for sale in sales],
        [sum(line.refunded_fen for line in sale.lines) for sale in sales],
        [sale.buyer_code != sale.promoter_code for sale in sales],
    )
    upline = {code: above for code, above in referrer_of.items() if code not in claimed}
    incomes = [income for sale in sales for income in _incomes(sale, upline)]
    gathering.add_incomes(*(list(column) for column in zip(*incomes, strict=True)))
    phones = [(member.code, f"PHONE:{member.phone}") for member in members if member.phone]
    held = phones + [(code, f"{kind}:{value}") for code, kind, value in world.identifiers]
    by_identifier: dict[str, set[str]] = defaultdict(set)
    for code, id in held:
        by_identifier[id].add(code)
    links = [(code, id) for id, codes in sorted(by_identifier.items()) if len(codes) > 1 for code in sorted(codes)]
    gathering.add_links([code for code, _ in links], [id for _, id in links])
    return gathering.snapshot(max(END, sales[-1].paid_at))


def _incomes(sale: Sale, upline: dict[str, str]) -> Iterator[tuple[str, int, int, int, int]]:
    """(receiver, day, own, override, open) of an order, as rules.md has it."""
    seller, day = sale.promoter_code, (sale.paid_at + 8 * HOUR_US) // DAY_US
    if sale.buyer_code == seller:
        return
    nets = [(RATES.get(line.sku, 2000), line.paid_fen - line.refunded_fen) for line in sale.lines]
    own = sum(share_fen(net, rate) for rate, net in nets)
    yield seller, day, own, 0, own
    above: str | None = seller
    for rate in OVERRIDE_BP:
        above = upline.get(above or "")
        if above is not None and above != sale.buyer_code:
            fen = sum(share_fen(net, rate) for _, net in nets)
            yield above, day, 0, fen, fen


RATES = {sku: rate_bp for sku, _, _, rate_bp in PRODUCTS}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def page(passes: list[Pass], world: World, taken: Snapshot) -> str:
    """docs/detectors.md."""
    lines = [
        "# What the detectors say of a real network",
        "",
        "Written by `python -m tests.risk.background`; a test holds that this page is what it writes. The network: the referral"
        " tree of the Bitcoin-OTC trust network (who rated a member first is its referrer) and the purchases of CDNOW"
        f" (1997-98, moved by twenty years), {len(world.members):,} promoters and {len(world.sales):,} orders; which buyer buys"
        " through whom is made up. It has no identifiers, no refunds, no cycles of referrals and no promoters who buy, so seven"
        " detectors have nothing to find in it.",
        "",
        "Nobody knows of fraud in it, so every finding counts as a false alarm here. Each is true by its rule, which a test reads"
        " once more in plain loops: not one more, not one fewer. None was tuned away. Structures of every kind and size,"
        " planted in this network from the just met threshold to a lock, are all found (`tests/risk/test_background.py`).",
        "",
        "| detector | version | alarms | of a thousand promoters | of these grave (≥ 90) | may lock |",
        "|---|---|---|---|---|---|",
    ]
    for done in passes:
        grave = sum(found.score >= 90 for found in done.found)
        rate = f"{len({code for found in done.found for code in found.members}) * 1000 / len(world.members):.1f}"
        may_lock = "yes" if done.detector.may_lock else "no"
        lines.append(
            f"| {done.detector.key} | {done.detector.version} | {len(done.found)} | {rate} named | {grave} | {may_lock} |"
        )
    for done in passes:
        if done.found:
            lines += ["", f"## {done.detector.key}", "", "| score | evidence (value / threshold) | |", "|---|---|---|"]
            gravest = sorted(done.found, key=lambda found: (-found.score, found.anchor))
            for found in gravest[:EXAMPLES]:
                shown = ", ".join(
                    f"{each.key} {each.value}" + (f" / {each.threshold}" if each.threshold else "")
                    for each in found.evidence
                )
                lines.append(f"| {found.score} | {shown} | {found.sentence.en} |")
            if len(gravest) > EXAMPLES:
                lines += ["", f"… and {len(gravest) - EXAMPLES} more."]
            lines += ["", f"Looked at by hand: {NOTES[done.detector.key]}"]
            if done.detector.key == "DORMANT_INTERMEDIARY":
                tried = {done.detector.key: ParameterSet(1, {"override_min_fen": 10_000})}
                (fewer,) = scan(taken, [done.detector], tried)
                lines[-1] += f" With `override_min_fen` at 10000 (100 yuan), {len(fewer.found)} are left."
    stake_fen = sum(found.at_stake_fen for done in passes for found in done.found)
    lines += [
        "",
        f"Together they name {yuan(stake_fen)} yuan of commission, promoters of several findings counted in each.",
        "",
    ]
    return "\n".join(lines)


def looked() -> tuple[list[Pass], World, Snapshot]:
    """The findings in the background alone, and what they were found in."""
    world = background()
    taken = snapshot(world)
    return scan(taken, DETECTORS.values()), world, taken


if __name__ == "__main__":
    PAGE.write_text(page(*looked()), "utf-8")
