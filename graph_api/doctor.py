"""Checks of a deployment, each with what to do."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from cypher import health, jobs, migrations
from graph_api.actions import ledger
from graph_api.actions.recompute import recompute
from graph_api.batched.drift import CacheAway, cache_drift
from graph_api.opening import Opened, readiness
from graph_api.providers.choice import SENT_OVER_THE_NETWORK
from graph_api.rules.calendar import DAY_US
from graph_api.settings import Settings

SILENT_DAYS = 3
NEO4J_VERSION_MIN = (5, 23)
_CONSTRAINT = re.compile(r"CREATE CONSTRAINT (\w+)")


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` is what to do, when something is to be done."""

    what: str
    fine: bool
    advice: str = ""

    @property
    def line(self) -> str:
        return f"{'ok  ' if self.fine else 'BAD '} {self.what}" + (f" - {self.advice}" if self.advice else "")


async def has_promoters(running: Opened) -> bool:
    return (await health.sizes(running.store)).promoters > 0


async def findings(running: Opened, settings: Settings) -> list[Finding]:
    """Everything that was checked, in order."""
    return [
        Finding(running.servers.describe(), fine=True),
        _secret(settings),
        await _version(running),
        await _constraints(running),
        await _schema(running),
        await _cache(running),
        await _sizes(running),
        await _ledger(running),
        await _payouts(running, settings),
        await _events(running),
        await _jobs(running),
        await _drift(running),
    ]


def _secret(settings: Settings) -> Finding:
    if settings.secret_key is not None:
        return Finding("secret key: given", fine=True)
    place = settings.data_dir.expanduser().absolute() / "secret_key"
    return Finding(f"secret key: {place}", fine=True, advice="keep a copy: tokens and personal data need it")


async def _version(running: Opened) -> Finding:
    found = await health.components(running.store)
    numbers = tuple(int(part) for part in re.findall(r"\d+", found.version)[:2])
    advice = "" if numbers >= NEO4J_VERSION_MIN else "upgrade Neo4j: subquery scopes need 5.23"
    return Finding(f"{found.name} {found.version} {found.edition}", fine=not advice, advice=advice)


async def _constraints(running: Opened) -> Finding:
    wanted = {match[1] for _, step in migrations.numbered() if (match := _CONSTRAINT.search(step.text))}
    missing = wanted - set((await health.constraints(running.store)).names)
    if missing:
        return Finding(
            f"constraints missing: {', '.join(sorted(missing))}",
            fine=False,
            advice="delete the :Migration nodes of these steps and start the service once",
        )
    return Finding(f"{len(wanted)} constraints", fine=True)


async def _schema(running: Opened) -> Finding:
    report = await readiness(running)
    fine = bool(report["ready"])
    return Finding(f"schema: {report['schema']}", fine=fine, advice="" if fine else "start the service once")


async def _cache(running: Opened) -> Finding:
    await running.stores.cache.follow_once(running.store)
    state = running.stores.cache.report().state
    advice = {
        "off": "set PROMOGRAPH_REDIS_URL: without a cache every read goes to Neo4j",
        "away": "start Redis: until it answers every read goes to Neo4j",
    }
    return Finding(f"cache: {state}", fine=state != "away", advice=advice.get(state, ""))


async def _sizes(running: Opened) -> Finding:
    sizes = await health.sizes(running.store)
    return Finding(
        f"{sizes.promoters:,} promoters, {sizes.orders:,} orders, {sizes.commissions:,} commission entries", fine=True
    )


async def _ledger(running: Opened) -> Finding:
    found = await ledger.problems(running.store)
    if found:
        advice = (
            "pay nothing until it is explained: postings are never changed, so a store was edited or restored in part"
        )
        return Finding(f"ledger: {len(found):,} problems, the first: {found[0]}", fine=False, advice=advice)
    return Finding("ledger: every posting balances, and it owes what entries and payouts say", fine=True)


async def _payouts(running: Opened, settings: Settings) -> Finding:
    """What no job will end by itself."""
    missing = set(SENT_OVER_THE_NETWORK) if settings.wechat_mchid is None else set()
    found = await health.payout_troubles(
        running.store,
        asked_before=time.time_ns() // 1000 - SILENT_DAYS * DAY_US,
        missing_providers=sorted(missing),
    )
    troubles = {
        "contradicted by their provider": found.contradicted,
        f"without an end after {SILENT_DAYS} days": found.silent,
        "approved for WeChat, which is not set up": found.waiting,
    }
    told = ", ".join(f"{count:,} {what}" for what, count in troubles.items() if count)
    if told:
        return Finding(f"payouts: {told}", fine=False, advice="look at `payouts { note contradiction }` as FINANCE")
    return Finding("payouts: none waits for people", fine=True)


async def _events(running: Opened) -> Finding:
    """What was answered with `parked` and came to nothing: whoever sent it has heard of no refusal."""
    found = await health.refused_events(running.store)
    if not found.count:
        return Finding("order events: none was refused when its order came", fine=True)
    return Finding(
        f"order events: {found.count:,} refused when their order came, the latest {found.key} of {found.order_number}:"
        f" {found.refusal}",
        fine=True,
        advice="put each right with whoever sent it, by a new event; it stays as it came",
    )


async def _jobs(running: Opened) -> Finding:
    failed = [row for row in await jobs.runs(running.store) if row.failure is not None]
    if failed:
        told = "; ".join(f"{row.name}: {row.failure}" for row in failed)
        return Finding(f"jobs failed: {told}", fine=False, advice="they are tried again; `promograph jobs` shows them")
    return Finding("jobs: none has failed", fine=True)


async def _drift(running: Opened) -> Finding:
    found = await recompute(running.store, actor="doctor", now=time.time_ns() // 1000, repair=False)
    if found.drift_count:
        return Finding(f"{found.drift_count:,} sums drifted", fine=False, advice="run `promograph recompute`")
    try:
        cached = await cache_drift(running.store, running.stores.cache)
    except CacheAway as error:
        return Finding(str(error), fine=False, advice="look whether Redis answers, and ask again")
    if cached:
        return Finding("cached values drifted", fine=False, advice="run `promograph recompute`")
    return Finding("sums agree with orders and entries, cached values with the graph", fine=True)
