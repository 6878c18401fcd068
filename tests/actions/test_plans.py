"""Plan versions against a real store."""

from __future__ import annotations

import pytest

from cypher.store import Store
from graph_api.actions import plans, products
from graph_api.actions.products import NewProduct
from graph_api.errors import ManyErrors
from graph_api.rules.calendar import instant
from graph_api.rules.plan import PayoutProvider
from tests.conftest import Query

STARTS_AT = instant("2026-03-01T00:00:00+08:00")
BY = {"actor": "test", "now": instant("2026-02-01T00:00:00Z")}
SPLIT = {"version": "split", "starts_at": STARTS_AT, "payout_provider": PayoutProvider.WECHAT_SPLIT}


async def test_the_provider_and_its_cap_are_kept_and_inherited(store: Store) -> None:
    await plans.publish(store, {**SPLIT, "split_cap_bp": 2900}, **BY)
    later = await plans.publish(store, {"version": "later", "starts_at": STARTS_AT + 1}, **BY)
    assert (later.payout_provider, later.split_cap_bp) == (PayoutProvider.WECHAT_SPLIT, 2900)
    read = await plans.in_force(store, STARTS_AT)
    assert (read.version, read.payout_provider, read.split_cap_bp) == ("split", PayoutProvider.WECHAT_SPLIT, 2900)


async def test_a_plan_that_profit_sharing_could_not_pay_is_not_published(store: Store) -> None:
    await products.upsert(store, NewProduct("tea", "茶", 10_000, 2000), **BY)
    with pytest.raises(ManyErrors) as refused:
        await plans.publish(store, SPLIT, **BY)
    assert [(error.code, error.field) for error in refused.value.errors] == [("OUT_OF_BOUNDS", ["splitCapBp"])]


async def test_a_plan_stored_before_there_were_providers_pays_by_bank_file(store: Store, query: Query) -> None:
    await query("MATCH (p:Plan) REMOVE p.payout_provider, p.split_cap_bp")
    read = await plans.in_force(store, STARTS_AT)
    assert (read.payout_provider, read.split_cap_bp) == (PayoutProvider.BANK_FILE, 3000)
    again = await plans.publish(store, {"version": "next", "starts_at": STARTS_AT}, **BY)
    assert again.payout_provider is PayoutProvider.BANK_FILE
