"""Files for finance: who may have them, that their sums are right, that nothing in them bites, that memory stays flat."""

from __future__ import annotations

import asyncio
import csv
import doctest
import io
import json
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import AsyncIterator
from itertools import islice
from typing import Any, NoReturn
from xml.etree import ElementTree

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from structlog.testing import capture_logs

from cypher.store import Store
from graph_api import auth, exports, tables
from graph_api.app import create_app
from graph_api.batched import listings
from graph_api.pii import Pii
from graph_api.rules.calendar import month_text
from graph_api.servers import Servers
from graph_api.settings import Settings
from graph_api.viewer import Role
from tests.conftest import SECRET, Query, empty
from tests.schema.books import Books
from tests.schema.conftest import NAMES, Json, Service, fill, serving

FILES = ("payouts", "commissions", "statement", "tax")
GIVEN = {"statement": {"promoter": "B", "month": "2026-01"}, "tax": {"year": "2026"}}
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Row = dict[str, str]


async def fetched(
    service: Service,
    name: str,
    *,
    role: Role = Role.FINANCE,
    viewer: str | None = None,
    form: str = "csv",
    **given: str,
) -> httpx.Response:
    headers = service.headers(role, viewer)
    return await service.client.get(f"/exports/{name}.{form}", params=given, headers=headers)


async def rows(service: Service, name: str, **given: Any) -> list[Row]:
    answer = await fetched(service, name, **given)
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def sheets(content: bytes) -> list[list[list[str | int]]]:
    """The cells of an XLSX: numbers as int, texts as str; a formula anywhere fails."""
    found = []
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        for name in sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet")):
            tree = ElementTree.fromstring(book.read(name))
            assert tree.find(f".//{SHEET}f") is None
            found.append([[_cell(cell) for cell in row] for row in tree.iter(f"{SHEET}row")])
    return found


def _cell(cell: ElementTree.Element) -> str | int:
    text = "".join(cell.itertext())
    return text if cell.get("t") == "inlineStr" else int(text)


def code_of(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    return str(error["extensions"]["code"])


@pytest_asyncio.fixture(scope="module")
async def books(
    connected: Store, servers: Servers, settings: Settings, pii: Pii, query: Query
) -> AsyncIterator[tuple[Books, Service]]:
    """A made-up trade with money, which tests of this module leave as it is."""
    await empty(connected)
    lived = Books(connected, pii)
    await lived.live()
    async with serving(settings, servers) as running:
        yield lived, running
    await empty(connected)


async def test_payouts_are_all_there_oldest_first_and_add_up(books: tuple[Books, Service], query: Query) -> None:
    _, service = books
    told = await rows(service, "payouts")
    (expected,) = await query(
        "MATCH (x:Payout) RETURN count(x) AS count, sum(x.gross_fen) AS gross, sum(x.tax_fen) AS tax, sum(x.net_fen) AS net"
    )
    sums = [sum(int(row[name]) for row in told) for name in ("gross_fen", "tax_fen", "net_fen")]
    assert [len(told), *sums] == [expected[name] for name in ("count", "gross", "tax", "net")]
    assert [row["created_at"] for row in told] == sorted(row["created_at"] for row in told)
    assert len({row["id"] for row in told}) == len(told) > 20
    paid = await rows(service, "payouts", status="PAID", month="2026-03")
    assert paid == [row for row in told if row["status"] == "PAID" and row["month"] == "2026-03"] != []
    day = told[0]["created_at"][:10]
    assert await rows(service, "payouts", **{"from": day, "to": day}) == [
        row for row in told if row["created_at"][:10] == day
    ]
    code = told[0]["promoter_code"]
    assert await rows(service, "payouts", promoter=code) == [row for row in told if row["promoter_code"] == code]


async def test_commissions_are_all_there_by_month_and_add_up(books: tuple[Books, Service], query: Query) -> None:
    _, service = books
    told = await rows(service, "commissions")
    expected = await query(
        "MATCH (c:Commission) RETURN c.month AS month, c.kind AS kind, c.state AS state, count(c) AS count, sum(c.amount_fen) AS fen"
    )
    counted: Counter[tuple[str, str, str]] = Counter()
    fen: Counter[tuple[str, str, str]] = Counter()
    for row in told:
        key = row["month"], row["kind"], row["state"]
        counted[key] += 1
        fen[key] += int(row["amount_fen"])
    keys = {(month_text(row["month"]), row["kind"], row["state"]): row for row in expected}
    assert counted == {key: row["count"] for key, row in keys.items()}
    assert all(fen[key] == row["fen"] for key, row in keys.items())
    assert [row["month"] for row in told] == sorted(row["month"] for row in told)
    assert {row["kind"] for row in told} == {"BASE", "TIER", "OVERRIDE", "CLAWBACK", "ADJUSTMENT"}
    month = [row for row in told if row["month"] == "2026-02"]
    assert await rows(service, "commissions", month="2026-02") == month
    assert await rows(service, "commissions", month="2026-02", kind="TIER", status="PAID") == [
        row for row in month if row["kind"] == "TIER" and row["state"] == "PAID"
    ]
    assert await rows(service, "commissions", month="1999-01") == []


async def test_a_statement_walks_from_opening_to_closing(books: tuple[Books, Service]) -> None:
    lived, service = books
    query = "query($code: String!, $month: Month!) { promoter(code: $code) { statement(month: $month) { openingFen closingFen } } }"
    lines = 0
    for code in lived.codes[:12]:
        for month in (202602, 202603, 202604, 202605):
            told = await rows(service, "statement", promoter=code, month=month_text(month))
            answer = await service.data(query, code=code, month=month_text(month))
            statement = answer["promoter"]["statement"]
            assert (told[0]["line"], int(told[0]["balance_fen"])) == ("OPENING", statement["openingFen"])
            assert (told[-1]["line"], int(told[-1]["balance_fen"])) == ("CLOSING", statement["closingFen"])
            balance = statement["openingFen"]
            for row in told[1:-1]:
                balance += int(row["amount_fen"])
                assert int(row["balance_fen"]) == balance
                assert bool(row["payout_id"]) == (row["line"] in ("PAYOUT", "PAYOUT_RETURNED"))
            assert balance == statement["closingFen"]
            lines += len(told) - 2
    assert lines > 100


async def test_a_years_tax_is_that_of_what_was_received(books: tuple[Books, Service], query: Query) -> None:
    _, service = books
    told = await rows(service, "tax", year="2026")
    expected = await query(
        "MATCH (x:Payout {status: 'PAID'}) RETURN x.promoter_code AS code, x.month AS month, count(x) AS payouts,"
        " sum(x.gross_fen) AS gross, sum(x.tax_fen) AS tax ORDER BY code, month"
    )
    assert [
        (row["promoter_code"], row["month"], int(row["payouts"]), int(row["gross_fen"]), int(row["withheld_fen"]))
        for row in told
    ] == [(row["code"], month_text(row["month"]), row["payouts"], row["gross"], row["tax"]) for row in expected]
    last = {row["promoter_code"]: row for row in told}
    for code, row in last.items():
        assert int(row["cumulated_gross_fen"]) == sum(each["gross"] for each in expected if each["code"] == code)
    assert await rows(service, "tax", year="2025") == []


@pytest.mark.parametrize("length", [1, 2, 7])
async def test_pages_of_any_length_give_the_same_file(
    books: tuple[Books, Service], monkeypatch: pytest.MonkeyPatch, length: int
) -> None:
    _, service = books
    given: dict[str, dict[str, str]] = {
        "payouts": {"status": "PAID"},
        "commissions": {"month": "2026-01", "kind": "OVERRIDE"},
        "statement": {"promoter": "p00", "month": "2026-02"},
        "tax": {"year": "2026"},
    }
    whole = {name: (await fetched(service, name, **each)).content for name, each in given.items()}
    for pages in ("ROWS_PER_PAGE", "LINES_PER_PAGE", "PROMOTERS_PER_PAGE"):
        monkeypatch.setattr(listings, pages, length)
    for name, each in given.items():
        assert (await fetched(service, name, **each)).content == whole[name], name


async def test_an_xlsx_holds_what_the_csv_holds_with_numbers_as_numbers(books: tuple[Books, Service]) -> None:
    _, service = books
    answer = await fetched(service, "payouts", form="xlsx")
    assert answer.headers["content-disposition"] == 'attachment; filename="payouts.xlsx"'
    ((heading, *cells),) = sheets(answer.content)
    told = await rows(service, "payouts")
    assert [[str(cell) for cell in row] for row in cells] == [[cell for cell in row.values() if cell] for row in told]
    assert heading == [*told[0]]
    assert all(int in map(type, row) for row in cells)


@pytest_asyncio.fixture(scope="module")
async def small(connected: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Service]:
    await empty(connected)
    await fill(connected, pii)
    async with serving(settings, servers) as running:
        yield running


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("name", FILES)
async def test_files_are_for_finance_and_a_statement_for_its_promoter_too(small: Service, name: str, form: str) -> None:
    given = GIVEN.get(name, {})
    for role in Role:
        answer = await fetched(
            small, name, role=role, viewer="B" if role is Role.PROMOTER else None, form=form, **given
        )
        allowed = role in (Role.FINANCE, Role.ADMIN) or (role is Role.PROMOTER and name == "statement")
        assert answer.status_code == (200 if allowed else 403), (role, answer.text)
        if not allowed:
            assert code_of(answer) == "FORBIDDEN"
        assert answer.headers["x-request-id"]
    bare = await small.client.get(f"/exports/{name}.{form}", params=given)
    assert (bare.status_code, code_of(bare), bare.headers["www-authenticate"]) == (401, "UNAUTHENTICATED", "Bearer")
    forged = await small.client.get(f"/exports/{name}.{form}", headers={"Authorization": "Bearer x.y.z"})
    assert forged.status_code == 401


async def test_a_promoter_gets_its_own_statement_and_nobody_elses(small: Service) -> None:
    own = await rows(small, "statement", role=Role.PROMOTER, viewer="B", month="2026-01")
    assert [row["promoter_code"] for row in own] == ["B"] * len(own)
    refusals = []
    for other in ("A", "C", "S", "zz"):
        headers = small.headers(Role.PROMOTER, "B")
        answer = await small.client.get(
            "/exports/statement.csv", params={"promoter": other, "month": "2026-01"}, headers=headers
        )
        refusals.append((answer.status_code, answer.json()))
    assert refusals[0][0] == 403
    assert all(refusal == refusals[0] for refusal in refusals)


async def test_names_are_masked_unless_finance_asks_and_each_look_is_recorded(small: Service, query: Query) -> None:
    looks = "MATCH (e:JournalEntry {kind: 'pii_viewed'}) RETURN e.facts AS facts, e.actor AS actor ORDER BY e.seq"
    before = len(await query(looks))
    masked = await rows(small, "commissions", month="2026-01")
    assert {row["name"] for row in masked} == {"姓**"}
    assert len(await query(looks)) == before
    raw = await rows(small, "commissions", month="2026-01", names="raw")
    assert all(row["name"] == NAMES[row["promoter_code"]] for row in raw)
    after = (await query(looks))[before:]
    assert [row["actor"] for row in after] == ["FINANCE"]
    assert json.loads(after[0]["facts"])["seen"] == sorted({f"{row['promoter_code']}:name" for row in raw})
    refused = await fetched(small, "commissions", role=Role.ADMIN, names="raw")
    assert (refused.status_code, code_of(refused)) == (403, "FORBIDDEN")
    headers = small.headers(Role.PROMOTER, "B")
    given = {"month": "2026-01", "names": "raw"}
    own = await small.client.get("/exports/statement.csv", params=given, headers=headers)
    assert NAMES["B"] in own.content.decode()
    assert len(await query(looks)) == before + 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("payouts.csv?month=2026-13", 400),
        ("payouts.csv?month=", 400),
        ("payouts.csv?month=2026-01&month=2026-02", 400),
        ("payouts.csv?from=2026-02-30", 400),
        ("payouts.csv?from=2026-02-02&to=2026-02-01", 400),
        ("payouts.csv?to=0001-01-01", 400),
        ("payouts.csv?to=9999-12-31", 400),
        ("payouts.csv?status=paid", 400),
        ("payouts.csv?kind=BASE", 400),
        ("payouts.csv?year=2026", 400),
        ("payouts.csv?names=clear", 400),
        ("payouts.csv?promoter=", 400),
        ("payouts.csv?promoter=%00", 400),
        ("payouts.csv?promoter=zz", 404),
        ("payouts.csv?" + "x" * 2_000 + "=1", 400),
        ("commissions.csv?status=CREATED", 400),
        ("commissions.csv?kind=BONUS", 400),
        ("commissions.csv?month=２０２６-01", 400),
        ("statement.csv?month=2026-01", 400),
        ("statement.csv?promoter=B", 400),
        ("statement.csv?promoter=zz&month=2026-01", 404),
        ("statement.csv?promoter=" + "B" * 129 + "&month=2026-01", 400),
        ("tax.csv", 400),
        ("tax.csv?year=26", 400),
        ("tax.csv?year=-026", 400),
        ("tax.csv?year=0000", 400),
        ("tax.csv?year=9998", 400),
        ("tax.pdf?year=2026", 404),
        ("tax?year=2026", 404),
        ("everything.csv", 404),
        ("..%2fhealthz.csv", 404),
    ],
)
async def test_what_cannot_be_understood_is_told_as_json(small: Service, path: str, status: int) -> None:
    answer = await small.client.get(f"/exports/{path}", headers=small.headers(Role.FINANCE))
    assert answer.status_code == status, answer.text
    if "%2f" not in path:
        assert code_of(answer) == "BAD_USER_INPUT"
        assert "content-disposition" not in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_exports_are_only_read(small: Service, method: str) -> None:
    answer = await small.client.request(method, "/exports/payouts.csv", headers=small.headers(Role.FINANCE))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_files_that_are_made_at_once_are_bounded_and_one_caller_has_two(
    small: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, xlsx_file = asyncio.Semaphore(0), asyncio.Event(), tables.xlsx_file

    async def slow(*given: Any) -> Any:
        begun.release()
        await may_end.wait()
        return await xlsx_file(*given)

    async def asked(headers: dict[str, str], form: str = "xlsx", name: str = "payouts") -> httpx.Response:
        return await small.client.get(f"/exports/{name}.{form}", params=GIVEN.get(name), headers=headers)

    monkeypatch.setattr(tables, "xlsx_file", slow)
    greedy, other = small.headers(Role.FINANCE), small.headers(Role.FINANCE)
    making = [asyncio.create_task(asked(greedy)) for _ in range(2)]
    for _ in making:
        await begun.acquire()
    for form in ("csv", "xlsx"):
        refused = await asked(greedy, form)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["errors"][0]["extensions"] == {"code": "OVERLOADED", "retryAfterSeconds": 5}
    assert (await asked(other, "csv")).status_code == 200

    crowd = [asyncio.create_task(asked(small.headers(Role.FINANCE))) for _ in range(exports.FILES_AT_ONCE)]
    assert [(await late).status_code for late in islice(asyncio.as_completed(crowd), 2)] == [503, 503]
    making += [task for task in crowd if not task.done()]
    assert len(making) == exports.FILES_AT_ONCE
    assert (await asked(other, "csv")).status_code == 503
    assert (await asked(small.headers(Role.PROMOTER, "B"), "csv", "statement")).status_code == 200
    leaving = making.pop()
    leaving.cancel()
    await asyncio.wait([leaving])
    assert (await asked(other, "csv")).status_code == 200

    may_end.set()
    assert {answer.status_code for answer in await asyncio.gather(*making)} == {200}
    assert (await asked(greedy, "csv")).status_code == 200


async def test_who_takes_nothing_of_a_file_loses_its_place(small: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = small.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    headers, sending = small.headers(Role.FINANCE), asyncio.Semaphore(0)
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "http_version": "1.1",
        "path": "/exports/payouts.csv",
        "query_string": b"",
        "headers": [(b"authorization", headers["Authorization"].encode())],
    }

    async def never(*_: object) -> NoReturn:
        sending.release()
        await asyncio.Event().wait()
        raise AssertionError("nothing was to happen")

    async def asked() -> int:
        return (await small.client.get("/exports/payouts.csv", headers=headers)).status_code

    async def stuck_file() -> None:
        await transport.app(dict(scope), never, never)

    stuck = [asyncio.create_task(stuck_file()) for _ in range(2)]
    for _ in range(4):  # both wait for the client to go, and to take something
        await sending.acquire()
    assert await asked() == 503
    for task in stuck:
        task.cancel()
    await asyncio.wait(stuck)
    monkeypatch.setattr(exports, "SEND_SECONDS", 0.05)
    with capture_logs() as told:
        await asyncio.gather(*(stuck_file() for _ in range(2)))
    assert [line["event"] for line in told] == ["nobody takes an export"] * 2
    assert await asked() == 200


def test_the_examples_of_tables_hold() -> None:
    assert doctest.testmod(tables).failed == 0


EVIL = ("=HYPERLINK(1)", "+1", "-1+1", "@SUM(1)", "＝1", "\";,'", "a\u2028b", "<f>1</f>&amp;")


async def test_no_cell_is_a_formula_and_texts_come_back_as_they_were(small: Service, query: Query) -> None:
    """Order numbers and reasons come from outside and may begin with anything."""
    await query(
        "MATCH (p:Promoter {code: 'T'}) UNWIND range(0, size($evil) - 1) AS i"
        " CREATE (p)-[:EARNED]->(c:Commission {id: 'evil-' + i, kind: 'BASE', state: 'OBSERVING', level: 0, rate_bp: 1,"
        " basis_fen: 1, amount_fen: -1, month: 203001, plan_version: $evil[i], cause: 'sale', posted_at: 0, seq: 9000000 + i})"
        "<-[:YIELDED]-(:Order {number: $evil[i]})",
        evil=list(EVIL),
    )
    told = await rows(small, "commissions", month="2030-01")
    assert [row["amount_fen"] for row in told] == ["-1"] * len(EVIL)
    for text, row in zip(EVIL, told, strict=True):
        for cell in (row["order_number"], row["plan_version"]):
            assert cell == (f"'{text}" if text[0] in "=+-@＝" else text)
    answer = await fetched(small, "commissions", form="xlsx", month="2030-01")
    ((heading, *cells),) = sheets(answer.content)
    assert [row[heading.index("order_number")] for row in cells] == list(EVIL)


@pytest.mark.long
async def test_twenty_thousand_rows_stream_in_flat_memory(
    small: Service, settings: Settings, servers: Servers, query: Query
) -> None:
    await query(
        "MATCH (p:Promoter {code: 'S'}) UNWIND range(1, 20000) AS i CREATE (p)-[:EARNED]->(:Commission {id: 'many-' + i,"
        " kind: 'BASE', state: 'OBSERVING', level: 0, rate_bp: 2000, basis_fen: 100, amount_fen: i, cause: 'sale',"
        " month: CASE WHEN i <= 2000 THEN 203101 ELSE 203102 END, plan_version: 'default', posted_at: 0, seq: 9100000 + i})"
    )
    app = create_app(settings.model_copy(update={"secret_key": SecretStr(SECRET)}), servers=servers)
    token = auth.issue(SECRET, Role.FINANCE)
    async with app.router.lifespan_context(app):
        for form in ("csv", "xlsx"):
            await drained(app, f"/exports/commissions.{form}", "month=2031-01", token)
            few = await drained(app, f"/exports/commissions.{form}", "month=2031-01", token)
            many = await drained(app, f"/exports/commissions.{form}", "month=2031-02", token)
            assert many["bytes"] > 5 * few["bytes"]
            assert many["peak"] < 1.5 * few["peak"] + 2**20, (form, few, many)
            assert many["chunks"] > 5 * few["chunks"] or form == "xlsx"
            assert many["largest"] < 2**18


async def drained(app: Any, path: str, parameters: str, token: str) -> Json:
    """Sends a request as a server does and lets go of each chunk at once; what it cost of memory at most."""
    found: Json = {"chunks": 0, "bytes": 0, "largest": 0}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200
        elif body := message.get("body"):
            found["chunks"] += 1
            found["bytes"] += len(body)
            found["largest"] = max(found["largest"], len(body))

    async def receive() -> Any:
        await asyncio.Event().wait()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": parameters.encode(),
        "root_path": "",
        "scheme": "http",
        "headers": [(b"authorization", f"Bearer {token}".encode())],
    }
    tracemalloc.start()
    try:
        await app(scope, receive, send)
        found["peak"] = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return found
