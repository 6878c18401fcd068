"""The service behind an address that it can leave and come back to, and pages of a real browser that are watched."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import uvicorn
from playwright.async_api import Browser, ConsoleMessage, Page, Request, expect
from pydantic import SecretStr

from graph_api import auth
from graph_api.app import create_app
from graph_api.listening import listen
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import SECRET

ROOT = Path(__file__).parents[2]
MODULES = ROOT / "web" / "console" / "node_modules"
AXE, JSQR = MODULES / "axe-core" / "axe.min.js", MODULES / "jsqr" / "dist" / "jsQR.js"
DESKTOP, PHONE = {"width": 1360, "height": 850}, {"width": 390, "height": 844}
PATIENCE_MS = 60_000.0
expect.set_options(timeout=PATIENCE_MS)
IN_FULL = "asked by a text, not by the id of a trusted document"
# What Chromium says of an answer that is an error, or of none, is the browser's word and not the page's.
BROWSERS_OWN = re.compile("Failed to load resource|WebSocket connection to")


class Addressed(Protocol):
    """Something that pages are opened from."""

    @property
    def url(self) -> str: ...


class Site:
    """One instance at one address, over whatever store it was given; promoters may send nothing but what is trusted."""

    def __init__(self, settings: Settings, servers: Servers) -> None:
        self._settings = settings.model_copy(update={"secret_key": SecretStr(SECRET), "trusted_documents": "only"})
        self._servers = servers
        self._port = 0
        self._running: tuple[uvicorn.Server, asyncio.Task[None]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self, **changes: object) -> None:
        """Answers at the address of before, if there was one, with changes of settings."""
        bound, address = listen("127.0.0.1", self._port)
        self._port = address.port
        app = create_app(self._settings.model_copy(update=changes), servers=self._servers)
        # A browser keeps connections open; one that stops at once shows a page what a kill shows it.
        config = uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        while not server.started:
            assert not serving.done(), "the service did not start"
            await asyncio.sleep(0.02)
        self._running = server, serving

    async def stop(self) -> None:
        if self._running is not None:
            server, serving = self._running
            server.should_exit = True
            await serving
            self._running = None


class Watched:
    """A page, and what it did that no page of ours may do."""

    def __init__(self, page: Page, site: Addressed) -> None:
        self.page = page
        self._site = site
        self.complaints: list[str] = []
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(f"threw {error}"))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not BROWSERS_OWN.search(message.text):
            self.complaints.append(f"said {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self._site.url}/", "data:", f"blob:{self._site.url}/")):
            self.complaints.append(f"asked {request.url}")
        if (
            request.method == "POST"
            and request.url == f"{self._site.url}/graphql"
            and "query" in request.post_data_json
        ):
            self.complaints.append(IN_FULL)

    async def open(self, path: str, role: Role, promoter: str | None = None) -> None:
        """The page signed in by a token in its fragment, as the invitation app does it."""
        token = auth.issue(SECRET, role, promoter_code=promoter)
        await self.page.goto(f"{self._site.url}{path}#token={token}")
        await self.settled()

    async def settled(self) -> None:
        """Until nothing is grey any more."""
        await expect(self.page.locator("main")).to_be_visible()
        await expect(self.page.locator(".skeleton")).to_have_count(0)

    async def faults(self) -> list[str]:
        """Serious faults of accessibility, as axe finds them."""
        await self.page.evaluate(AXE.read_text("utf-8"))
        found: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{fault['id']}: {[node['html'][:160] for node in fault['nodes'][:3]]}"
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
        ]


@asynccontextmanager
async def watched(
    browser: Browser, site: Addressed, *, size: dict[str, int] = DESKTOP, language: str = "en-US", theme: str = "light"
) -> AsyncIterator[Watched]:
    """A fresh page; when the block ends well, it must not have complained."""
    context = await browser.new_context(viewport=size, locale=language, color_scheme=theme)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = Watched(await context.new_page(), site)
        yield page
        assert page.complaints == []
    finally:
        await context.close()
