"""Planted structures of the referral tree and of shared identifiers, each with decoys just below its threshold."""

from __future__ import annotations

from graph_api.rules.calendar import DAY_US, HOUR_US
from loaders.demo.world import END, World, day_start


def chain(world: World, *, at: int, people: int, referrer_code: str = "") -> list[str]:
    """People who each enrolled the next."""
    codes = [world.join(at, referrer_code)]
    for step in range(1, people):
        codes.append(world.join(at + step * 5 * DAY_US, codes[-1]))
    return codes


def fan(world: World, hub: str, *, at: int, people: int, apart_us: int = 9 * DAY_US) -> list[str]:
    """People enrolled by one, one after the other."""
    return [world.join(at + (number + 1) * apart_us, hub) for number in range(people)]


def referral_cycle(world: World) -> None:
    at = day_start(202512, 3)
    for length in (3, 5, 1):
        codes = chain(world, at=at, people=length)
        world.members[codes[0]].referrer_code = codes[-1]
        world.planted["REFERRAL_CYCLE"] += codes
        fan(world, codes[-1], at=at + 60 * DAY_US, people=2)
    world.decoys["REFERRAL_CYCLE"] += chain(world, at=at, people=4)


def deep_chain(world: World) -> None:
    at = day_start(202601, 5)
    world.planted["DEEP_CHAIN"] += chain(world, at=at, people=9)
    world.decoys["DEEP_CHAIN"] += chain(world, at=at, people=5)
    # As deep as the planted one, but one in the middle has two direct downlines.
    forked = chain(world, at=at, people=9)
    world.join(at + 90 * DAY_US, forked[4])
    world.decoys["DEEP_CHAIN"] += forked


def compliance_line(world: World) -> None:
    at = day_start(202512, 8)
    for planted, (direct, below) in ((True, (12, 2)), (False, (7, 2)), (False, (40, 0))):
        root = world.join(at)
        for code in fan(world, root, at=at, people=direct, apart_us=2 * DAY_US):
            fan(world, code, at=world.members[code].joined_at, people=below, apart_us=3 * DAY_US)
        (world.planted if planted else world.decoys)["COMPLIANCE_LINE"].append(root)


def identity_ring(world: World) -> None:
    at = day_start(202601, 10)
    root = world.join(at)
    ring = fan(world, root, at=at, people=6)
    world.identify(ring[:3], "DEVICE", "device-shared-1")
    world.identify(ring[2:4], "PHONE", "12011110001")
    world.identify(ring[3:6], "ADDRESS", "示范路 1 号院 2 单元 301")
    # An enrolled phone counts as well.
    world.members[ring[1]].phone = world.members[ring[0]].phone
    world.planted["IDENTITY_RING"] += ring
    pair = fan(world, world.join(at), at=at, people=2)
    world.identify(pair, "DEVICE", "device-shared-2")
    strangers = [world.join(at + day * DAY_US) for day in range(3)]
    world.identify(strangers, "ADDRESS", "示范路 2 号院 1 单元 101")
    # A school: an identifier of more than twenty people says nothing.
    school = fan(world, world.join(at), at=at, people=24, apart_us=3 * DAY_US)
    world.identify(school, "ADDRESS", "示范大学 3 号宿舍楼")
    world.decoys["IDENTITY_RING"] += [*pair, *strangers, *school]


def shared_payout_account(world: World) -> None:
    at = day_start(202602, 2)
    for people in (2, 4):
        codes = [world.join(at + number * DAY_US) for number in range(people)]
        world.identify(codes, "PAYOUT_ACCOUNT", f"wx-shared-{people}")
        world.planted["SHARED_PAYOUT_ACCOUNT"] += codes
    one, other = world.join(at), world.join(at + DAY_US)
    world.identify([one], "PAYOUT_ACCOUNT", "wx-device-same")
    world.identify([other], "DEVICE", "wx-device-same")
    world.decoys["SHARED_PAYOUT_ACCOUNT"] += [one, other]


def star_burst(world: World) -> None:
    at = day_start(202605, 16) + 9 * HOUR_US
    for planted, (people, sellers) in ((True, (36, 2)), (False, (36, 8)), (False, (27, 0))):
        hub = world.join(at - 40 * DAY_US)
        new = fan(world, hub, at=at, people=people, apart_us=30 * 60 * 1_000_000)
        # Among all of them, so that no part of the wave looks different from the whole.
        for code in new[:: people // sellers] if sellers else []:
            world.sell(code, world.moment(day_start(202605, 19)))
        (world.planted if planted else world.decoys)["STAR_BURST"].append(hub)


def dormant_intermediary(world: World) -> None:
    """Sold once, lives on two downlines since; the decoy does too, but sold something last week."""
    for planted in (True, False):
        boss = world.join(day_start(202601, 12))
        world.sell(boss, world.moment(day_start(202602, 6)))
        for code in fan(world, boss, at=day_start(202602, 1), people=2):
            for day in range(1, (END - day_start(202607, 1)) // DAY_US, 6):
                world.sell(code, world.moment(day_start(202607, 1) + day * DAY_US))
        if not planted:
            world.sell(boss, world.moment(day_start(202610, 25)))
        (world.planted if planted else world.decoys)["DORMANT_INTERMEDIARY"].append(boss)


SHAPES = (
    referral_cycle,
    deep_chain,
    compliance_line,
    identity_ring,
    shared_payout_account,
    star_burst,
    dormant_intermediary,
)
