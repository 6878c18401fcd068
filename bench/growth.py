"""`make bench ARGS=grow`: the warm team view, and what a worker needs, in a network and in one ten times as large."""

from __future__ import annotations

import random
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from bench import files
from bench.raw import Raw
from bench.service import Service
from bench.views import measured, promograph
from graph_api.servers import open_servers
from graph_api.settings import Settings

VIEWED = 200
"""Promoters who look at those below them; drawn from the first hundredth to join who have twenty within two levels."""
WIDE = """MATCH (p:Promoter) WHERE p.code < $code AND COUNT { (p)-[:REFERRED*1..2]->() } >= 20
RETURN p.code AS code ORDER BY code"""
VIEW = """query($code: String!) { promoter(code: $code) { code rank status downline(depth: 2, first: 20) { edges { node {
  code rank status sales { orders volumeFen } team { size volumeFen } } } } } }"""
AIMS = {"p50": 1.2, "memory": 1.1}


async def bench(networks: Mapping[int, Settings], data_dir: Path, *, quick: bool) -> None:
    """Two networks by their promoters, the small one first; both are served at once and asked in turn."""
    seconds, rounds = (2.0, 2) if quick else (5.0, 5)
    with ExitStack() as stack:
        services, systems, codes = [], [], []
        for promoters, settings in networks.items():
            servers = stack.enter_context(open_servers(settings))
            raw = Raw(servers)
            wide = [row["code"] for row in await raw.run(WIDE, code=files.promoter(promoters // 100))]
            await raw.close()
            codes.append(random.Random(VIEWED).sample(wide, min(VIEWED, len(wide))))
            services.append(Service(servers, data_dir / f"service-{promoters}"))
            stack.callback(services[-1].stop)
            await services[-1].ready()
            systems.append(promograph(services[-1], servers, f"{promoters:,} promoters", VIEW, codes[-1]))
        views = list(zip(systems, codes, strict=True))
        done = [[await system.asked(those, seconds=seconds) for system, those in views] for _ in range(1 + rounds)]
        views_measured = measured(systems, done[1:])
        memory_mib = [service.memory_mib() for service in services]
    for (name, each), mib in zip(views_measured.items(), memory_mib, strict=True):
        print(f"{name:20} warm team view {each}   worker {mib} MiB")
    small, large = views_measured.values()
    print(
        f"  large / small        p50 {large.figures.p50_ms / small.figures.p50_ms:.2f} (aim {AIMS['p50']}),"
        f" processors {large.processor_ms / small.processor_ms:.2f}"
        f"   memory {memory_mib[1] / memory_mib[0]:.2f} (aim {AIMS['memory']})"
    )
