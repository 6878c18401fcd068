"""Pictures of every page from the demonstration network, for the READMEs and for whoever judges by looking.

`python -m tests.console.screenshots` starts a demonstration of its own; `--told FILE` uses a running one by what it
has printed.
"""

from __future__ import annotations

import argparse
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.console.conftest import ARGUMENTS, CHROMIUM
from tests.console.site import BROWSERS_OWN

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "screenshots"
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
MONTH = "2026-10"
PATIENCE_MS = 240_000
People = Mapping[str, str]
Act = Callable[[Page, People], object]


def still(page: Page) -> None:
    """Until nothing is on its way and nothing is grey."""
    page.wait_for_selector("main")
    page.wait_for_load_state("networkidle")
    page.wait_for_function("() => !document.querySelector('.skeleton') && !document.querySelector('[aria-busy=true]')")
    page.wait_for_timeout(800)  # for the camera of a picture to come to rest


def clicks(selector: str) -> Act:
    def act(page: Page, people: People) -> None:
        page.click(selector)
        still(page)

    return act


def tries_a_move(page: Page, people: People) -> None:
    page.click("text=Move…")
    page.fill("dialog input", "p-88888")
    page.click("text=Preview")
    still(page)


def finds_by_phone(page: Page, people: People) -> None:
    page.fill("[data-search]", people["phone"])
    page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
    still(page)


@dataclass(frozen=True)
class Shot:
    """A page as somebody sees it; `path` may name a `{member}` of the promoter's team and one `{deep}` below, and one
    `{ringed}` of a ring with whom it has `{above}` it."""

    name: str
    path: str
    role: str | None = "ADMIN"
    """None: nobody is signed in."""
    language: str = "en-US"
    theme: str = "light"
    size: str = "desktop"
    acts: tuple[Act, ...] = ()
    is_whole: bool = False
    """Down to the page's end, not only what is seen at once."""


def phone(name: str, path: str, *acts: Act, language: str = "zh-CN", theme: str = "light") -> Shot:
    return Shot(name, path, "PROMOTER", language, theme, "phone", acts)


SHOTS = (
    Shot("explore-tree", "/console/explore?root=p-88888&sel={member}"),
    Shot(
        "explore-radial", "/console/explore?root=p-88888&layout=radial&depth=1000&limit=2000&size=volume", theme="dark"
    ),
    Shot("explore-difference", f"/console/explore?root=p-88888&since={MONTH}-01&depth=6&limit=2000"),
    Shot("explore-ring", "/console/explore?root={above}&sel={ringed}&r={ringed}"),
    Shot("explore-layers-zh", "/console/explore?root=p-88888&layout=layered&depth=6&limit=2000", language="zh-CN"),
    Shot("promoters", "/console/promoters"),
    Shot("promoters-by-phone", "/console/promoters", acts=(finds_by_phone,)),
    Shot("promoter", f"/console/promoter/p-88888?month={MONTH}"),
    Shot("move", f"/console/promoter/{{deep}}?month={MONTH}", acts=(tries_a_move,)),
    Shot("lock", f"/console/promoter/{{member}}?month={MONTH}", acts=(clicks("text=Lock…"),)),
    Shot("risk", "/console/risk", role="RISK", acts=(clicks("tbody tr >> nth=0"),)),
    Shot("risk-dark-zh", "/console/risk", "RISK", "zh-CN", "dark", acts=(clicks("tbody tr >> nth=0"),)),
    Shot("detectors", "/console/detectors", role="RISK", acts=(clicks(".detector summary >> nth=3"),)),
    Shot(
        "workbench",
        "/console/workbench",
        role="RISK",
        acts=(clicks(".bench .main"), clicks("[role=group] button:text-is('Graph')")),
    ),
    Shot("dashboard", f"/console/dashboard?month={MONTH}", is_whole=True),
    Shot("audit", "/console/audit"),
    Shot("sign-in", "/console/", role=None),
    Shot("console-phone", "/console/promoters", language="zh-CN", size="phone"),
    phone("home", f"/m/?month={MONTH}"),
    phone("home-dark-en", f"/m/?month={MONTH}", language="en-US", theme="dark"),
    phone("team", "/m/team"),
    phone("member", f"/m/member/{{member}}?month={MONTH}"),
    phone("earnings", f"/m/earnings?month={MONTH}", clicks(".rows summary >> nth=1")),
    phone("payouts", "/m/payouts"),
    phone("invite", "/m/invite"),
)


def is_ours(said: ConsoleMessage) -> bool:
    """Whether a page complains; that nobody is signed in yet the browser says by itself."""
    return said.type in ("error", "warning") and not BROWSERS_OWN.search(said.text)


def taken(browser: Browser, url: str, token: str | None, shot: Shot, people: People) -> list[str]:
    """Writes the picture; what the page complained of meanwhile."""
    size = PHONE if shot.size == "phone" else DESKTOP
    context = browser.new_context(viewport=size, locale=shot.language, color_scheme=shot.theme)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if is_ours(said) else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{url}{shot.path.format_map(people)}{f'#token={token}' if token else ''}")
    still(page)
    for act in shot.acts:
        act(page, people)
    page.screenshot(path=OUT / f"{shot.name}.png", full_page=shot.is_whole)
    context.close()
    return [f"{shot.name}: {complaint}" for complaint in complaints]


def understood(told: str) -> tuple[str, dict[str, str]]:
    """Address and tokens, from what a demonstration prints."""
    url = re.search(r"^\s+(http://\S+)/graphql$", told, re.MULTILINE)
    tokens = dict(re.findall(r"^\s+(PROMOTER|RISK|ADMIN)\s+(\S+)$", told, re.MULTILINE))
    if url is None or len(tokens) != 3:
        raise SystemExit(f"the demonstration did not say where it is:\n{told[-2000:]}")
    return url[1], tokens


def asked(url: str, token: str, query: str) -> dict[str, Any]:
    """The data of an answer."""
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(trust_env=False, timeout=600) as client:
        data: dict[str, Any] = client.post(f"{url}/graphql", json={"query": query}, headers=headers).json()["data"]
    return data


def people_of(url: str, tokens: Mapping[str, str]) -> dict[str, str]:
    """Whom the pictures are of: the largest branch at the first and at the second level below the demonstration's
    promoter, its phone, and one of a ring."""
    levels = " ".join(
        f"{name}: downline(level: {level}, orderBy: TEAM_VOLUME_DESC, first: 1) {{ edges {{ node {{ code }} }} }}"
        for name, level in (("member", 1), ("deep", 2))
    )
    query = f'{{ promoter(code: "p-88888") {{ {levels} }} }}'
    found = asked(url, tokens["ADMIN"], query)["promoter"]
    people = {name: page["edges"][0]["node"]["code"] for name, page in found.items()}
    rings = """{ findings(filter: {detector: "IDENTITY_RING"}, first: 1) {
        edges { node { members(first: 1) { code upline(first: 1) { code } } } } } }"""
    (ringed,) = asked(url, tokens["RISK"], rings)["findings"]["edges"][0]["node"]["members"]
    above = ringed["upline"][0]["code"] if ringed["upline"] else ringed["code"]
    phone = asked(url, tokens["PROMOTER"], "{ me { phone } }")["me"]["phone"]
    return people | {"ringed": ringed["code"], "above": above, "phone": phone}


@contextmanager
def demonstration(data_dir: Path) -> Iterator[str]:
    """What a demonstration of our own prints until its past is made, while it runs."""
    command = [str(Path(sys.executable).with_name("promograph")), "demo", "--port", "0", "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            told, last = "", "Ctrl-C stops"
            for line in process.stdout:
                told += line
                if line.startswith("The year's payouts, a first scan"):
                    last = "The year's payouts are made"
                if line.startswith(last):
                    break
            yield told
        finally:
            process.send_signal(signal.SIGTERM)


def take(url: str, tokens: dict[str, str], names: list[str]) -> list[str]:
    OUT.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    people = people_of(url, tokens)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for shot in SHOTS:
            if not names or shot.name in names:
                print(shot.name, flush=True)
                complaints += taken(browser, url, tokens[shot.role] if shot.role else None, shot, people)
        browser.close()
    return complaints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these")
    parser.add_argument("--told", type=Path, help="what a running demonstration has printed")
    parser.add_argument("--url", help="where it is, if elsewhere than it says")
    parser.add_argument("--data-dir", type=Path, default=ROOT / ".promograph")
    given = parser.parse_args()
    if CHROMIUM is None:
        raise SystemExit("no Chromium on the path; on Debian: apt-get install chromium fonts-noto-cjk")
    if given.told is not None:
        url, tokens = understood(given.told.read_text("utf-8"))
        complaints = take(given.url or url, tokens, given.names)
    else:
        with demonstration(given.data_dir) as told:
            complaints = take(*understood(told), given.names)
    if complaints:
        raise SystemExit("\n".join(complaints))


if __name__ == "__main__":
    main()
