"""The demonstration: a generated network, a token for each role, and queries that were just answered."""

from __future__ import annotations

import asyncio
import functools
import json
import secrets
import signal
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from cypher import detectors, health, jobs, network
from cypher import staff as staff_statements
from graph_api import auth
from graph_api.actions import staff
from graph_api.doctor import has_promoters
from graph_api.listening import Address
from graph_api.opening import Opened, connected, opened
from graph_api.passwords import Passwords
from graph_api.risk.registry import DETECTORS
from graph_api.rules.calendar import month_text
from graph_api.rules.staff import ROLES
from graph_api.servers import Servers
from graph_api.serving import run
from graph_api.settings import Settings
from graph_api.terminal import NotAnswered, pii_of
from graph_api.viewer import Role
from loaders import demo
from loaders.demo.background import LEADER_CODE
from loaders.demo.world import LAST_MONTH
from loaders.progress import shown

TEAM = """
{
  me {
    code name rank
    sales { orders volumeFen }
    team { size directCount validDirectCount orders volumeFen }
    downline(first: 3, orderBy: TEAM_VOLUME_DESC) {
      totalCount
      edges { node { code name rank sales { volumeFen } team { size volumeFen } } }
    }
  }
}"""
PROMOTION = """
{
  promoter(code: "CODE") {
    code name
    promotion {
      eligible rank nextRank
      routes { satisfied detail }
      nearlyValid(first: 3) { code name }
    }
  }
}"""
EARNINGS = """
{
  me {
    earnings(month: "MONTH") { baseFen tierFen overrideFen clawbackFen totalFen }
    commissions(month: "MONTH", first: 3) { totalCount edges { node { kind amountFen explanation } } }
  }
}"""


FINDINGS = """
{ findings(first: 100) { edges { node { id detector members(first: 20) { code } } } } }"""
REVIEW = """
mutation { reviewFinding(id: "ID", verdict: VERDICT, note: "NOTE") { finding { status } } }"""

WIDTH = 118
ACTOR = "demo"
LEASE_MS = 600_000
"""For so long at most the scheduler waits for the past to be made: it would settle all of the year at once."""
REVIEWED_MAX = 3
"""Findings of a detector that are reviewed with each verdict; the least grave waits in the queue."""
NOTES = {"CONFIRM": "已与当事人核实，情况属实", "DISMISS": "已核对订单与物流，属正常经营"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the demonstration stands on; `manifest` and `loading_seconds` are None if the network was there already."""

    secret: str
    passwords: dict[str, str]
    leader_code: str
    month: int
    sizes: health.Sizes
    manifest: demo.Manifest | None
    loading_seconds: float | None


def demonstrate(
    settings: Settings,
    servers: Servers,
    bound: socket.socket,
    address: Address,
    *,
    promoters: int,
    began: float,
    stop: bool,
) -> None:
    """Load the network if the store is empty, serve it, print how to use it, and make its past; then serve on, unless `stop`."""
    servers_seconds = time.monotonic() - began
    ready = asyncio.run(_ready(settings, servers, promoters))
    failure: list[Exception] = []
    stopped = threading.Event()

    def tell() -> None:
        try:
            _tell(ready, servers, address, servers_seconds, time.monotonic() - began)
            if ready.manifest is not None:
                asyncio.run(_pay_out(settings, servers, ready.manifest))
                _review(address, auth.issue(ready.secret, Role.RISK), ready.manifest)
                print("The year's payouts are made and the first findings reviewed.", flush=True)
        except Exception as error:
            failure.append(error)
        # Whoever stops the service breaks its past off; that is no failure, and goes on with the next start.
        if (stop or failure) and not stopped.is_set():
            signal.raise_signal(signal.SIGINT)

    try:
        # A thread of its own: it asks the very server whose loop would otherwise wait for it.
        run(
            settings,
            servers,
            bound=bound,
            workers=1,
            runs_jobs=True,
            on_ready=lambda: threading.Thread(target=tell, daemon=True).start(),
        )
    except KeyboardInterrupt:
        stopped.set()
        if failure:
            raise failure[0] from None
        raise


async def _ready(settings: Settings, servers: Servers, promoters: int) -> Shown:
    async with opened(settings, servers) as running:
        began = time.monotonic()
        manifest: demo.Manifest | None = None
        if await _wants_loading(running):
            with shown() as progress:
                manifest, _ = await demo.load(
                    running.store,
                    running.stores.pii,
                    now=time.time_ns() // 1000,
                    promoters=promoters,
                    progress=progress,
                )
            await jobs.lead(running.store.unjournalled, holder=ACTOR, lease_ms=LEASE_MS)
        leader = await _leader(running)
        return Shown(
            running.secret,
            await _accounts(running),
            leader,
            LAST_MONTH,
            await health.sizes(running.store),
            manifest,
            time.monotonic() - began if manifest else None,
        )


async def _accounts(running: Opened) -> dict[str, str]:
    """An account for each role of staff, with a fresh password; those that people have made stay theirs."""
    stores, now = running.stores, time.time_ns() // 1000
    passwords, hashing = dict[str, str](), Passwords()
    for role in ROLES:
        name, password = role.lower(), secrets.token_urlsafe(15)
        kept, there = await hashing.hash(password), await staff_statements.account(stores.store, name=name)
        if there is not None and (there.made_by != ACTOR or not there.active):
            continue
        if there is None:
            await staff.add(
                stores.store,
                stores.pii,
                name=name,
                roles=[role],
                locale="zh",
                password_hash=kept,
                actor=ACTOR,
                now=now,
            )
        else:
            await staff.set_password(stores.store, stores.pii, name=name, password_hash=kept, actor=ACTOR, now=now)
        passwords[name] = password
    return passwords


async def _wants_loading(running: Opened) -> bool:
    """An empty store, or one whose demonstration was stopped half-way: loading goes on where it stopped."""
    if not await has_promoters(running):
        return True
    begun = await network.people(running.store, codes=[LEADER_CODE])
    standings = await detectors.standings(running.store, keys=list(DETECTORS))
    return bool(begun) and not any(standing.reviews for standing in standings)


async def _pay_out(settings: Settings, servers: Servers, manifest: demo.Manifest) -> None:
    """A year of payouts, on a connection of its own; then the scheduler may go on."""
    store = connected(settings, servers)
    try:
        await store.observe_head()
        await demo.pay_out(store, pii_of(settings), manifest.signers, now=time.time_ns() // 1000)
        await jobs.give_up(store.unjournalled, holder=ACTOR)
    finally:
        await store.close()


def _review(address: Address, token: str, manifest: demo.Manifest) -> None:
    """A first scan, and reviews of what it found: what was planted is confirmed, the rest dismissed.

    A line over the limit is over it, planted or not.
    """
    _asked(address, token, "mutation { scanRisk { raised } }")
    known: set[str] = set()
    reviewed: Counter[tuple[str, str]] = Counter()
    for edge in reversed(_asked(address, token, FINDINGS)["findings"]["edges"]):
        finding = edge["node"]
        key = finding["detector"]
        planted = {member["code"] for member in finding["members"]}.intersection(manifest.planted[key])
        verdict = "CONFIRM" if planted or key == "COMPLIANCE_LINE" else "DISMISS"
        if key in known and reviewed[key, verdict] < REVIEWED_MAX:
            reviewed[key, verdict] += 1
            review = REVIEW.replace("ID", finding["id"]).replace("VERDICT", verdict).replace("NOTE", NOTES[verdict])
            _asked(address, token, review)
        known.add(key)


async def _leader(running: Opened) -> str:
    """The demonstration's own leader, or whoever has the biggest team in a store of others' data."""
    if await network.people(running.store, codes=[LEADER_CODE]):
        return LEADER_CODE
    found = await health.biggest_team(running.store)
    if found is None:
        raise NotAnswered("the store has promoters but no team to show; use another --data-dir")
    return found.code


def _tell(ready: Shown, servers: Servers, address: Address, servers_seconds: float, seconds: float) -> None:
    tokens = {
        role: auth.issue(ready.secret, role, promoter_code=ready.leader_code if role is Role.PROMOTER else None)
        for role in Role
    }
    answers = _answers(address, tokens[Role.PROMOTER], month_text(ready.month))
    say = functools.partial(print, flush=True)
    loaded = "was there" if ready.loading_seconds is None else f"loaded in {ready.loading_seconds:.1f} s"
    say(f"\npromograph is ready after {seconds:.1f} s: servers in {servers_seconds:.1f} s, network {loaded}.")
    sizes = ready.sizes
    say(f"{sizes.promoters:,} promoters, {sizes.orders:,} orders, {sizes.commissions:,} commission entries.\n")
    for path in ("/graphql", "/graphiql", "/readyz", "/metrics"):
        say(f"  {address.url}{path}")
    say(f"\nTokens, valid for {auth.TTL_SECONDS // 3600} hours; PROMOTER stands for {ready.leader_code}:\n")
    for role, token in tokens.items():
        say(f"  {role:<9} {token}")
    say(f"\nAccounts to sign in with, POST {address.url}/session; the passwords are made anew at each start:\n")
    for name, password in ready.passwords.items():
        say(f"  {name:<9} {password}")
    say("\nThree queries to paste there as PROMOTER, and what they have just answered:")
    for title, query, data in answers:
        say(f"\n# {title}{query}\n{_numbers(data)}")
    say(f"\nGraphiQL with that token: {address.url}/graphiql#token={tokens[Role.PROMOTER]}")
    say(f"\nPeak memory: {_peaks(servers)}.")
    if ready.manifest is not None:
        say("The year's payouts, a first scan and its reviews follow in about a minute.")
    say("Ctrl-C stops the service and the servers it started.")


def _answers(address: Address, token: str, month: str) -> list[tuple[str, str, Any]]:
    """(title, query, data) of each query; the second is about a member of the team that the first one shows."""
    team = _asked(address, token, TEAM)
    members = [edge["node"] for edge in team["me"]["downline"]["edges"]]
    climbing = next((member["code"] for member in members if member["rank"] != "ELITE"), team["me"]["code"])
    promotion, earnings = PROMOTION.replace("CODE", climbing), EARNINGS.replace("MONTH", month)
    return [
        ("Your team", TEAM, team),
        ("How far the next rank is for one of them", promotion, _asked(address, token, promotion)),
        (f"What {month} earned, and why", earnings, _asked(address, token, earnings)),
    ]


def _asked(address: Address, token: str, query: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(trust_env=False, timeout=60) as client:
        answer = client.post(f"{address.url}/graphql", json={"query": query}, headers=headers).json()
    data: dict[str, Any] = answer.get("data") or {}
    if answer.get("errors") or None in data.values() or not data:
        raise NotAnswered(f"the demonstration's query was not answered: {json.dumps(answer)[:500]}")
    return data


def _numbers(value: Any, indent: str = "  ") -> str:
    """JSON with whatever fits on a line on one."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + len(indent) <= WIDTH or not isinstance(value, dict | list):
        return indent + short
    if isinstance(value, list):
        return f"{indent}[\n" + ",\n".join(_numbers(item, indent + "  ") for item in value) + f"\n{indent}]"
    members = (f'{indent}  "{name}": {_numbers(item, indent + "  ").lstrip()}' for name, item in value.items())
    return f"{indent}{{\n" + ",\n".join(members) + f"\n{indent}}}"


def _peaks(servers: Servers) -> str:
    named = {"Neo4j": servers.neo4j_process, "Valkey": servers.redis_process}
    peaks = [f"{name} {process.peak_memory_bytes() / 2**20:.0f} MiB" for name, process in named.items() if process]
    return ", ".join(peaks) or "unknown, the servers are not ours"
