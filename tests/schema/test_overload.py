"""More orders than the service can write in time are refused before anything is written, and say when to come again."""

from __future__ import annotations

import asyncio

import pytest

from cypher.gathering import Gathering
from graph_api.actions import orders
from tests.conftest import Query
from tests.cypher.test_gathering import locked
from tests.schema.conftest import Service, fill

RECORD = """mutation($number: String!) { recordOrders(input: [{ number: $number buyerCode: "b" promoterCode: "D"
  paidAt: "2026-01-10T04:00:00Z" lines: [{ sku: "P" quantity: 1 paidFen: 100 }] }]) { recorded problems { message } } }"""


async def test_orders_above_what_may_wait_are_told_to_come_again(
    service: Service, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(service.store, service.stores.pii)
    monkeypatch.setattr(
        orders,
        "RECORDING",
        Gathering(orders.record_all, rows=lambda recording: len(recording.new_orders), waiting_max=2),
    )
    async with locked(service.store):
        asked = [asyncio.create_task(service.ask(RECORD, number=f"n{index}")) for index in range(3)]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    (refused,) = (task.result() for task in done)
    (error,) = refused["errors"]
    assert error["extensions"] == {"code": "OVERLOADED", "retryAfterSeconds": 1}
    answers = [task.result() if task in done else await task for task in asked]
    recorded = [answer["data"]["recordOrders"]["recorded"] for answer in answers if "errors" not in answer]
    assert recorded == [1, 1]
    rows = await query("MATCH (o:Order) WHERE o.number STARTS WITH 'n' RETURN count(o) AS n")
    assert rows == [{"n": 2}]
    again = await service.data(RECORD, number="n9")
    assert again["recordOrders"] == {"recorded": 1, "problems": []}
