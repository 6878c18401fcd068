"""What was just written is looked at without a scan, and comes out as a scan has it."""

from __future__ import annotations

import pytest

from cypher import jobs
from cypher.store import Store
from graph_api.actions import findings, promoters
from graph_api.jobs import watch
from graph_api.jobs.scan import find, look
from graph_api.jobs.watch import Watched
from graph_api.pii import Pii
from graph_api.rules.calendar import DAY_US, HOUR_US
from loaders import demo
from tests.actions.shop import DUE, NOW, PAID, Shop
from tests.actions.test_findings import journal, locked, recorded, ring, scanned
from tests.conftest import Query
from tests.loaders.directories import NOW as DEMO_NOW

WATCHED = ["COMMISSION_SPIKE", "STAR_BURST"]
SOON = PAID + HOUR_US
WEEK_US = 7 * DAY_US


async def looked(shop: Shop, now: int = SOON) -> Watched:
    return await watch.watch(shop.store, actor="scheduler", now=now)


async def digests(query: Query) -> dict[str, tuple[str, int]]:
    """Open findings by key, and what is at stake in them."""
    rows = await query(
        "MATCH (f:Finding) WHERE f.closed_at IS NULL RETURN f.key AS key, [f.digest, f.at_stake_fen] AS f"
    )
    return {row["key"]: tuple(row["f"]) for row in rows}


async def scan_says(store: Store, now: int) -> dict[str, tuple[str, int]]:
    passes = (await look(store, detectors=WATCHED, now=now)).passes
    return {found.key: (findings._digest(found), found.at_stake_fen) for done in passes for found in done.found}


async def steady(shop: Shop) -> None:
    """Twenty days on each of which D sold a little."""
    for day in range(1, 21):
        await shop.sell(f"before-{day}", 10_000, paid_at=PAID - day * DAY_US)


async def enrolled(shop: Shop, count: int, *, at: int) -> None:
    rows = [promoters.Enrolment(f"n{number:02d}", joined_at=at, referrer_code="A") for number in range(count)]
    await promoters.enrol(shop.store, shop.pii, rows, actor="test", now=at)


async def test_a_spike_is_found_and_locked_without_a_scan_and_a_refund_ends_it(shop: Shop) -> None:
    await steady(shop)
    await looked(shop)
    assert (await looked(shop)).entries == 0
    await shop.sell("spike", 1_000_000)
    done = await looked(shop)
    assert (done.raised, done.locked, await locked(shop)) == (1, 1, "D")
    (finding,) = await recorded(shop)
    assert (finding["key"], finding["score"]) == ("COMMISSION_SPIKE:D@2026-03-02", 90)
    assert await digests(shop.query) == await scan_says(shop.store, SOON)
    again = await find(shop.store, detectors=WATCHED, actor="test", now=SOON + 1)
    assert (again.recorded.raised, again.recorded.changed, again.recorded.unchanged) == ([], 0, 1)
    await shop.refund("spike", 400_000)
    assert (await looked(shop, DUE + HOUR_US)).changed == 1
    assert await digests(shop.query) == await scan_says(shop.store, DUE + HOUR_US)
    await shop.refund("spike", 500_000, key="s")
    assert (await looked(shop, DUE + 2 * HOUR_US)).closed == 1
    assert await digests(shop.query) == await scan_says(shop.store, DUE + 2 * HOUR_US) == {}


async def test_who_is_killed_before_the_position_is_stored_looks_again_and_finds_the_same(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await looked(shop)
    await shop.sell("spike", 1_000_000)

    async def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(jobs, "stand", killed)
        with pytest.raises(KeyboardInterrupt):
            await looked(shop)
    assert len(await recorded(shop)) == 1
    done = await looked(shop, SOON + 1)
    assert (done.looked_at, done.raised, done.changed) == (3, 0, 0)
    assert len(await recorded(shop)) == 1
    assert (await looked(shop, SOON + 2)).entries == 0


async def test_nobody_else_s_findings_are_closed(shop: Shop) -> None:
    await looked(shop)
    others = [
        ring("A", anchor=anchor, detector="COMMISSION_SPIKE") for anchor in ("A@2026-01-01", "D@2026-01-01@2026-01-01")
    ]
    await scanned(shop, *others, detector="COMMISSION_SPIKE", now=PAID)
    await scanned(
        shop,
        *others,
        ring("D", anchor="D@2026-01-01", detector="COMMISSION_SPIKE"),
        detector="COMMISSION_SPIKE",
        now=PAID,
    )
    await shop.sell("little", 100, seller="D")
    done = await looked(shop)
    assert (done.looked_at, done.closed) == (3, 1)
    assert set(await digests(shop.query)) == {f"COMMISSION_SPIKE:{found.anchor}" for found in others}


async def test_a_scan_that_began_before_does_not_close_what_was_found_since(shop: Shop) -> None:
    await looked(shop)
    before = await look(shop.store, detectors=WATCHED, now=SOON)
    await shop.sell("spike", 1_000_000)
    assert (await looked(shop, SOON + 1)).raised == 1
    done = await findings.record(shop.store, before.passes, actor="test", now=SOON)
    assert (done.closed, len(await digests(shop.query))) == (0, 1)


async def test_a_burst_is_found_when_the_last_in_it_has_had_the_time_to_sell(shop: Shop) -> None:
    await looked(shop, PAID)
    await enrolled(shop, 29, at=PAID)
    await _one(shop, "last", at=PAID + HOUR_US)
    assert (await looked(shop, PAID + HOUR_US + 1)).looked_at == 0
    for day in range(1, 7):
        assert (await looked(shop, PAID + day * DAY_US)).raised == 0
    assert (await looked(shop, PAID + WEEK_US)).raised == 0, "all but the last have had it"
    due = PAID + HOUR_US + WEEK_US
    assert (await looked(shop, due)).raised == 1
    assert await digests(shop.query) == await scan_says(shop.store, due)
    (finding,) = await recorded(shop)
    assert (finding["key"], finding["member_count"]) == ("STAR_BURST:A@20514", 31)
    assert (await looked(shop, due + 1)).looked_at == 0
    for number in range(3):  # told late: three of thirty are a tenth
        await shop.sell(f"late-{number}", 100, seller=f"n0{number}", paid_at=due - DAY_US)
    assert (await looked(shop, due + HOUR_US)).closed == 1
    assert await digests(shop.query) == await scan_says(shop.store, due + HOUR_US) == {}


async def test_a_burst_that_somebody_is_moved_out_of_shrinks(shop: Shop) -> None:
    await enrolled(shop, 32, at=PAID)
    await looked(shop, PAID + WEEK_US)
    assert (await find(shop.store, detectors=WATCHED, actor="test", now=PAID + WEEK_US)).recorded.raised
    for code, expected in (("n00", (1, 0)), ("n01", (1, 0)), ("n02", (0, 1))):
        await promoters.move(
            shop.store, promoter_code=code, referrer_code="D", reason="r", at=None, key=None, actor="test", now=NOW
        )
        done = await looked(shop, PAID + WEEK_US + HOUR_US)
        assert (done.changed, done.closed) == expected


async def _one(shop: Shop, code: str, *, at: int) -> None:
    row = promoters.Enrolment(code, joined_at=at, referrer_code="A")
    await promoters.enrol(shop.store, shop.pii, [row], actor="test", now=at)


async def test_all_of_a_network_looked_at_at_once_is_what_a_scan_finds(
    store: Store, pii: Pii, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest, _ = await demo.load(store, pii, now=DEMO_NOW, promoters=100)
    await jobs.stand(store.unjournalled, name=watch.NAME, position=0, looked_until=DEMO_NOW)
    monkeypatch.setattr(watch, "RECENT_US", 100 * 366 * DAY_US)
    monkeypatch.setattr(watch, "ENTRIES_MAX", 1_000_000)
    done = await watch.watch(store, actor="scheduler", now=DEMO_NOW)
    found = await digests(query)
    assert found == await scan_says(store, DEMO_NOW)
    assert {key.partition(":")[0] for key in found} == set(WATCHED) <= manifest.planted.keys()
    assert (done.raised, done.left) == (len(found), 0)


async def test_history_that_is_loaded_is_left_to_the_scan(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await looked(shop)
    await shop.sell("long ago", 1_000_000, paid_at=PAID - 3 * DAY_US)
    done = await looked(shop)
    assert (done.entries, done.looked_at, done.raised) == (1, 0, 0)
    assert len(await scan_says(shop.store, SOON)) == 1


async def test_only_a_day_that_is_news_is_raised_and_locks_though_the_next_sale_judges_every_day(shop: Shop) -> None:
    await steady(shop)
    spike = {"detector": "COMMISSION_SPIKE", "now": SOON - DAY_US}
    await shop.sell("long ago", 1_000_000, paid_at=PAID - 5 * DAY_US)
    await shop.sell("dismissed", 1_000_000, paid_at=PAID - 4 * DAY_US)
    await shop.sell("open", 1_000_000, paid_at=PAID - 3 * DAY_US)
    await looked(shop)
    older = [ring("D", anchor=f"D@2026-02-{day}", detector="COMMISSION_SPIKE") for day in (26, 27)]
    await scanned(shop, *older, **spike)
    dismissed = next(row for row in await recorded(shop) if row["key"].endswith("26"))
    await findings.review(shop.store, dismissed["id"], "DISMISS", None, actor="RISK", now=SOON - 1)
    await shop.sell("news", 100)
    done = await looked(shop)
    assert (done.raised, done.changed, done.locked, await locked(shop)) == (0, 1, 0, "")
    by_day = {row["key"][-2:]: (row["status"], row["score"]) for row in await recorded(shop)}
    assert by_day == {"26": ("DISMISSED", 60), "27": ("OPEN", 90)}
    await shop.sell("spike", 1_000_000)
    done = await looked(shop)
    assert (done.raised, done.locked) == (1, 1)
    assert await locked(shop) == "D"


async def test_what_is_at_stake_is_kept_up_and_is_no_news(shop: Shop) -> None:
    await steady(shop)
    await shop.sell("spike", 1_000_000, paid_at=PAID - DAY_US)
    await looked(shop)
    await find(shop.store, detectors=WATCHED, actor="test", now=SOON)
    (before,) = await recorded(shop)
    told = len(await journal(shop))
    await shop.sell("next", 10_000)
    done = await looked(shop, SOON + 1)
    (after,) = await recorded(shop)
    assert (done.looked_at, done.raised, done.changed, len(await journal(shop))) == (3, 0, 0, told)
    assert after["at_stake_fen"] == before["at_stake_fen"] + 2_000
    assert after == before | {"at_stake_fen": after["at_stake_fen"], "last_seen": SOON + 1}


async def test_promoters_of_last_month_that_are_loaded_before_their_orders_are_no_burst(shop: Shop) -> None:
    await looked(shop)
    await enrolled(shop, 30, at=PAID - WEEK_US - 3 * DAY_US)
    done = await looked(shop)
    assert (done.entries, done.looked_at, done.raised) == (1, 0, 0)
    assert len(await scan_says(shop.store, SOON)) == 1
    await _one(shop, "late", at=PAID - WEEK_US - DAY_US)
    assert (await looked(shop)).looked_at == 1


@pytest.mark.parametrize(("codes_max", "skipped"), [(40, 0), (39, 1)])
async def test_entries_that_name_too_many_are_left_to_the_scan(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, codes_max: int, skipped: int
) -> None:
    monkeypatch.setattr(watch, "ENTRIES_PAGE", 1)
    monkeypatch.setattr(watch, "CODES_MAX", codes_max)
    await looked(shop)
    await shop.sell("first", 100)
    await enrolled(shop, 36, at=PAID - WEEK_US)
    done = await looked(shop)
    assert (done.entries, done.skipped) == (2 - skipped, skipped)
    assert done.looked_at == 3 + (not skipped), "who sold, and A if she is known of"
    assert (await looked(shop)).looked_at == 0


@pytest.mark.parametrize(("behind", "skipped"), [(10_000, 0), (10_001, 10_001)])
async def test_ten_thousand_entries_are_a_few_statements_and_more_are_left_to_the_scan(
    shop: Shop, behind: int, skipped: int
) -> None:
    await looked(shop)
    await shop.query(
        "MATCH (j:Journal {id: 'head'}) UNWIND range(j.seq + 1, j.seq + $count) AS seq"
        " CREATE (:JournalEntry {seq: seq, kind: 'order_recorded', at: $at, recorded_at: $at, actor: 'test',"
        " codes: [['A', 'B', 'C', 'D'][seq % 4]], facts: '{}'})"
        " WITH j, max(seq) AS last SET j.seq = last",
        count=behind,
        at=PAID,
    )
    before = shop.store.statements_run
    done = await looked(shop)
    assert (done.skipped, done.entries) == (skipped, 0 if skipped else behind)
    assert done.looked_at == (0 if skipped else 4)
    assert shop.store.statements_run - before < 20
    assert (await looked(shop)).entries == 0


async def test_more_people_than_are_asked_for_at_once_are_told_of(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await looked(shop, PAID)
    await enrolled(shop, 4, at=PAID)
    monkeypatch.setattr(watch, "ENDED_MAX", 3)
    assert (await looked(shop, PAID + WEEK_US - HOUR_US)).cut == 0
    assert (await looked(shop, PAID + WEEK_US + HOUR_US)).cut == 1
    assert (await looked(shop, PAID + WEEK_US + 2 * HOUR_US)).cut == 0
