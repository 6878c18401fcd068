"""What a request costs, that the answer says so, and that nobody asks for more than the share of its role."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import ValidationError

from cypher.store import Store
from graph_api import auth
from graph_api.door import payer_of
from graph_api.pii import Pii
from graph_api.prices import COST_MAX
from graph_api.servers import Servers
from graph_api.settings import PRODUCTION_BUDGETS, REQUEST_COST_MAX, Settings
from graph_api.viewer import Role
from tests.conftest import SECRET, empty
from tests.schema.conftest import Service, fill, serving
from tests.subscriptions.client import TEAM, served

PAGES = 19
PAGE = (
    "{ "
    + " ".join(f"a{n}: products(first: 100) {{ edges {{ node {{ sku title priceFen }} }} }}" for n in range(PAGES))
    + " }"
)
PAGE_COST = PAGES * (1 + 100 * (1 + 1 + 3))
"""Twice fits into the smallest budget, and another half a minute later."""
BUDGETS = {"PROMOTER": REQUEST_COST_MAX, "OPERATOR": REQUEST_COST_MAX}


@pytest_asyncio.fixture(scope="module")
async def bounded(connected: Store, servers: Servers, settings: Settings, pii: Pii) -> AsyncIterator[Service]:
    """The small network, for promoters and operators with the smallest budget there may be."""
    await empty(connected)
    await fill(connected, pii)
    async with serving(settings, servers, {"cost_budgets": BUDGETS}) as running:
        yield running


async def spend(service: Service, role: Role, promoter: str | None, headers: dict[str, str] | None = None) -> int:
    """Asks until it is refused; how often it was answered."""
    headers = headers or service.headers(role, promoter)
    for answered in range(10):
        response = await service.client.post("/graphql", json={"query": PAGE}, headers=headers)
        if response.status_code == 429:
            (error,) = response.json()["errors"]
            assert error["extensions"]["code"] == "COST_EXCEEDED"
            assert error["extensions"]["cost"]["asked"] == PAGE_COST
            assert response.headers["retry-after"] == str(error["extensions"]["retryAfterSeconds"])
            assert 1 <= int(response.headers["retry-after"]) <= 30
            return answered
        assert response.status_code == 200
    raise AssertionError("never refused")


async def test_an_answer_says_what_it_cost(network_free: Service) -> None:
    answer = await network_free.ask(PAGE)
    assert answer["extensions"] == {"cost": {"asked": PAGE_COST}}
    failed = await network_free.ask(
        '{ simulatePlan(input: {version: "", startsAt: "2027-01-01T00:00:00Z"}, first: 1) { orders } }'
    )
    assert failed["extensions"]["cost"]["asked"] > COST_MAX / 2


@pytest_asyncio.fixture(scope="module")
async def network_free(bounded: Service, servers: Servers, settings: Settings) -> AsyncIterator[Service]:
    """The same, without budgets."""
    async with serving(settings, servers) as running:
        yield running


async def test_what_remains_goes_down_by_what_was_asked(bounded: Service) -> None:
    await bounded.ask(PAGE)  # by staff without a budget; from now on it is known, and costs nothing to read
    first = (await bounded.ask(PAGE, role=Role.PROMOTER, promoter="E"))["extensions"]["cost"]
    second = (await bounded.ask(PAGE, role=Role.PROMOTER, promoter="E"))["extensions"]["cost"]
    assert first == {"asked": PAGE_COST, "remaining": REQUEST_COST_MAX - PAGE_COST}
    assert second["remaining"] <= first["remaining"]


async def test_a_promoter_has_one_budget_whatever_its_tokens_and_others_have_theirs(bounded: Service) -> None:
    answered = await spend(bounded, Role.PROMOTER, "B")
    assert answered == 2
    other_token = {"Authorization": f"Bearer {auth.issue(SECRET, Role.PROMOTER, promoter_code='B', ttl_seconds=99)}"}
    assert await spend(bounded, Role.PROMOTER, "B", other_token) == 0
    assert (await bounded.post(PAGE, role=Role.PROMOTER, promoter="C")).status_code == 200
    assert (await bounded.post(PAGE)).status_code == 200


async def test_each_token_of_staff_has_its_own(bounded: Service) -> None:
    headers = bounded.headers(Role.OPERATOR)
    assert await spend(bounded, Role.OPERATOR, None, headers) == 2
    assert await spend(bounded, Role.OPERATOR, None, headers) == 0
    assert (await bounded.post(PAGE, role=Role.OPERATOR)).status_code == 200


def test_a_token_is_the_same_however_it_is_spelled() -> None:
    token, other = (auth.issue(SECRET, Role.SERVICE) for _ in range(2))
    payers = set()
    for spelled in (f"Bearer {token}", f"bEARER   {token} ", f"Bearer {token}="):
        payers.add(payer_of(auth.viewer_of(SECRET, spelled), spelled))
    assert len(payers) == 1
    assert payer_of(auth.viewer_of(SECRET, f"Bearer {other}"), f"Bearer {other}") not in payers


async def test_what_is_not_valid_is_paid_all_the_same(bounded: Service) -> None:
    wrong = PAGE.replace("sku", "nothing")
    codes = []
    for _ in range(3):
        answer = await bounded.ask(wrong, role=Role.PROMOTER, promoter="D")
        codes.append(answer["errors"][0]["extensions"]["code"])
    assert codes == ["BAD_USER_INPUT", "BAD_USER_INPUT", "COST_EXCEEDED"]


RECORD = "mutation($input: [OrderInput!]!) { recordOrders(input: $input) { recorded } }"
WORK = {
    "a text that cannot be read": ("T", "{ #" + " " * 50_000, {}),
    "variables that fit no type": ("A", RECORD, {"input": [{}] * 40_000}),
}


@pytest.mark.parametrize("name", WORK)
async def test_what_is_wrong_is_paid_before_anybody_finds_out(bounded: Service, name: str) -> None:
    """Else its sender would be refused for nothing, as often as it likes."""
    promoter, query, variables = WORK[name]
    for _ in range(60):
        answer = await bounded.ask(query, role=Role.PROMOTER, promoter=promoter, **variables)
        code = answer["errors"][0]["extensions"]["code"]
        if code == "COST_EXCEEDED":
            return
        assert code == "BAD_USER_INPUT"
    raise AssertionError("never refused")


async def test_variables_are_paid_over_a_socket_too(bounded: Service, servers: Servers, settings: Settings) -> None:
    known = "query($input: [OrderInput!]) { plan { version } }"
    await bounded.ask(known)
    bounds = settings.model_copy(update={"cost_budgets": BUDGETS})
    async with served(bounds, servers) as running, running.socket(Role.PROMOTER, "C") as socket:
        for turn in range(60):
            await socket.subscribe(known, id=str(turn), input=[None] * 40_000)
            message = await socket.next()
            code = message["payload"][0]["extensions"]["code"]
            if code == "COST_EXCEEDED":
                return
            assert code == "BAD_USER_INPUT"
    raise AssertionError("never refused")


async def test_a_subscription_pays_when_it_begins(bounded: Service, servers: Servers, settings: Settings) -> None:
    bounds = settings.model_copy(update={"cost_budgets": BUDGETS})
    async with served(bounds, servers) as running, running.socket(Role.PROMOTER, "S") as socket:
        await socket.subscribe(TEAM, code="S")
        assert (await socket.team())["size"] == 1
        await spend(bounded, Role.PROMOTER, "S")
        await socket.subscribe(PAGE, id="2")
        message = await socket.next()
        assert (message["type"], message["id"]) == ("error", "2")
        assert message["payload"][0]["extensions"]["code"] == "COST_EXCEEDED"
        assert message["payload"][0]["extensions"]["retryAfterSeconds"] >= 1


async def test_the_own_team_is_priced_by_its_size(network_free: Service) -> None:
    query = "{ me { team { size } } }"
    reach = network_free.stores.reach
    await network_free.data(query, role=Role.PROMOTER, promoter="A")
    before = await network_free.ask(query, role=Role.PROMOTER, promoter="A")
    reach.saw("A", 30_000)
    await network_free.stores.cache.drop(network_free.store)  # as any change of the team ends what is kept of it
    after = await network_free.ask(query, role=Role.PROMOTER, promoter="A")
    assert before["extensions"]["cost"]["asked"] < 5
    assert after["extensions"]["cost"]["asked"] == 3 + 300
    again = await network_free.ask(query, role=Role.PROMOTER, promoter="A")
    assert again["extensions"]["cost"]["asked"] < 5


def test_budgets_are_on_in_production_and_hold_any_request() -> None:
    assert Settings(env="development").budgets == {}
    assert Settings(env="production").budgets == PRODUCTION_BUDGETS
    assert Settings(env="production", cost_budgets={"ADMIN": 0}).budgets == PRODUCTION_BUDGETS | {"ADMIN": 0}
    assert min(PRODUCTION_BUDGETS.values()) >= REQUEST_COST_MAX == COST_MAX
    with pytest.raises(ValidationError, match="at least 20000"):
        Settings(cost_budgets={"PROMOTER": 100})
