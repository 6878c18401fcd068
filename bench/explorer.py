"""`make bench ARGS=explorer`: a tree of 10,000 and one of 100,000 from navigation to the first click that selects somebody.

Beside each a bare sigma page that draws the same people and referrals from a file, places and colours given: what any
page with sigma takes. Both in one Chromium without a graphics card, in turn; needs Chromium on the path.
"""

from __future__ import annotations

import json
import shutil
import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from bench import files
from bench.http_load import Connections, graphql_body
from bench.service import Service
from graph_api.servers import open_servers
from graph_api.settings import Settings
from graph_api.viewer import Role

AIMS_S = {10_000: 2.0, 100_000: 6.0}
FIRST_LOAD_AIM_KB = 400
MODULES = Path(__file__).parents[1] / "web" / "console" / "node_modules"
LIBRARIES = ("graphology/dist/graphology.umd.min.js", "sigma/dist/sigma.min.js")
ARGUMENTS = ["--no-sandbox", "--enable-unsafe-swiftshader"]
"""As Chromium draws by itself without a graphics card, WebGL in software too."""
SIZE = {"width": 1440, "height": 900}
ROOT = files.promoter(0)
PATIENCE_MS = 300_000
COLUMNS = "query($root: String!) { networkColumns(rootCode: $root) { codes parents truncated } }"
BARE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<body style="margin:0"><div class="canvas" style="width:1100px;height:860px"></div>
<script src="graphology.umd.min.js"></script><script src="sigma.min.js"></script><script>
fetch("tree.json").then((answer) => answer.json()).then(({ codes, parents, x, y }) => {
  const graph = new graphology.MultiDirectedGraph();
  codes.forEach((code, at) => graph.addNode(code, { x: x[at], y: y[at], size: at ? 1 : 6, color: "#456", label: code }));
  parents.forEach((parent, at) => parent >= 0 && graph.addEdge(codes[parent], codes[at], { color: "#ccc", size: 1 }));
  const place = document.querySelector(".canvas");
  const made = new Sigma(graph, place, { defaultEdgeType: "line", stagePadding: 36 });
  made.on("clickNode", ({ node }) => { location.hash = `sel=${node}`; });
  const at = made.graphToViewport({ x: x[0], y: y[0] });
  place.dataset.first = `${Math.round(at.x)} ${Math.round(at.y)}`;
  place.dataset.nodes = String(codes.length);
});</script>"""


def places(parents: list[int]) -> tuple[list[float], list[float]]:
    """Leaves side by side, those above in the middle of their own; parents stand before their children."""
    children: list[list[int]] = [[] for _ in parents]
    for at, parent in enumerate(parents):
        if parent >= 0:
            children[parent].append(at)
    x, y = [0.0] * len(parents), [0.0] * len(parents)
    leaves, pending = 0, [0]
    while pending:
        at = pending.pop()
        if not children[at]:
            x[at] = leaves
            leaves += 1
        pending += reversed(children[at])
    for at in range(len(parents) - 1, -1, -1):
        if children[at]:
            x[at] = (x[children[at][0]] + x[children[at][-1]]) / 2
    for at in range(1, len(parents)):
        y[at] = y[parents[at]] - 1
    step = max(0.5, leaves / 1.7 / max(1.0, -min(y)))
    return x, [level * step for level in y]


async def seconds_to_click(browser: Browser, url: str, *, nodes: int) -> float:
    """From navigation in a fresh context, nothing kept, until a click on the root has selected it."""
    context = await browser.new_context(viewport=SIZE, locale="en-US")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = await context.new_page()
    began = time.perf_counter()
    await page.goto(url, wait_until="commit")
    await page.wait_for_selector(f".canvas[data-nodes='{nodes}']")
    await _click_root(page)
    await page.wait_for_function("code => location.href.includes(`sel=${code}`)", arg=ROOT)
    taken = time.perf_counter() - began
    await context.close()
    return taken


async def _click_root(page: Page) -> None:
    place = page.locator(".canvas")
    box = await place.bounding_box()
    first = await place.get_attribute("data-first")
    assert box is not None
    assert first is not None
    left, top = map(float, first.split())
    await page.mouse.click(box["x"] + left, box["y"] + top)


async def first_load_kb(browser: Browser, url: str) -> float:
    """What the explorer's page brings over the wire before anything is asked of the service, in thousands of bytes."""
    context = await browser.new_context(viewport=SIZE)  # type: ignore[arg-type]
    page = await context.new_page()
    sizes: list[Any] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()))
    await page.goto(url)
    await page.wait_for_selector(".canvas")
    found = [await size for size in sizes]
    await context.close()
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in found) / 1000


def served(directory: Path, stack: ExitStack) -> str:
    """A folder over HTTP until the stack is closed."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nobody asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(directory)))
    Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}/bare.html"


def written(directory: Path, tree: Mapping[str, Any]) -> None:
    """The bare page with its libraries and a tree."""
    x, y = places(tree["parents"])
    directory.mkdir()
    (directory / "tree.json").write_text(json.dumps({**tree, "x": x, "y": y}), "utf-8")
    (directory / "bare.html").write_text(BARE, "utf-8")
    for library in LIBRARIES:
        shutil.copy(MODULES / library, directory)


async def whole_tree(service: Service) -> dict[str, Any]:
    """The tree that the service has, as it tells it to its own page."""
    connections = Connections(service.port, service.token(Role.ADMIN))
    tree: dict[str, Any] = (await connections.post(graphql_body(COLUMNS, root=ROOT)))["data"]["networkColumns"]
    connections.close()
    assert tree["truncated"] is False
    return tree


async def bench(trees: Mapping[int, Settings], data_dir: Path, *, quick: bool) -> None:
    """Each tree served by itself, both pages in turn, each in a fresh context."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        raise SystemExit("no Chromium on the path; on Debian: apt-get install chromium")
    rounds = 2 if quick else 5
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for nodes, settings in trees.items():
            with ExitStack() as stack:
                servers = stack.enter_context(open_servers(settings))
                service = Service(servers, data_dir / f"service-{nodes}")
                stack.callback(service.stop)
                await service.ready()
                written(data_dir / f"bare-{nodes}", await whole_tree(service))
                bare_url = served(data_dir / f"bare-{nodes}", stack)
                token = service.token(Role.ADMIN)
                own = f"http://127.0.0.1:{service.port}/console/explore?root={ROOT}&depth=1000&limit={max(nodes, 50)}"
                taken: dict[str, list[float]] = {"explorer": [], "bare sigma": []}
                for _ in range(rounds):
                    url = f"{own}#token={token}"
                    taken["explorer"].append(await seconds_to_click(browser, url, nodes=nodes))
                    taken["bare sigma"].append(await seconds_to_click(browser, bare_url, nodes=nodes))
                ours, bare = (statistics.median(each) for each in taken.values())
                aim = f" (aim {AIMS_S[nodes]:.0f})" if nodes in AIMS_S else ""
                print(
                    f"tree of {nodes:7,}   explorer {ours:5.2f} s{aim}   bare sigma {bare:5.2f} s   ratio {ours / bare:.2f}",
                    flush=True,
                )
                if nodes == max(trees):
                    kb = await first_load_kb(browser, f"http://127.0.0.1:{service.port}/console/explore#token={token}")
                    print(f"first load of the explorer, over the wire: {kb:.0f} KB (aim {FIRST_LOAD_AIM_KB})")
        await browser.close()
