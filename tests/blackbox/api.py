"""The service as a client sees it: GraphQL over HTTP, nothing of the product imported but its door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

Json = dict[str, Any]

RECORD = """
mutation($input: [OrderInput!]!) {
  recordOrders(input: $input) { recorded duplicates parked problems { index number code message } }
}"""
ERRORS = "errors { code message field ... on WouldCycle { path } ... on AlreadyBound { referrerCode } }"


class Api:
    """Asks with one token; `ask` insists on an answer without errors."""

    def __init__(self, client: httpx.AsyncClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    async def post(self, document: str, variables: Mapping[str, Any] | None = None) -> httpx.Response:
        return await self.client.post(
            "/graphql", json={"query": document, "variables": dict(variables or {})}, headers=self.headers
        )

    async def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> Json:
        response = await self.post(document, variables)
        answer = response.json()
        assert response.status_code == 200, answer
        assert "errors" not in answer, answer["errors"]
        data: Json = answer["data"]
        return data

    async def ask_many(
        self, fields: Mapping[str, str], *, kind: str = "query", size: int = 100, fragment: str = ""
    ) -> Json:
        """`fields`: alias → field; asked `size` at a time, in order."""
        answers: Json = {}
        items = list(fields.items())
        for start in range(0, len(items), size):
            body = " ".join(f"{alias}: {field}" for alias, field in items[start : start + size])
            answers |= await self.ask(f"{kind} {{ {body} }} {fragment}")
        return answers

    async def promoters(self, codes: Iterable[str], fields: str, *, size: int = 60) -> dict[str, Json]:
        """The same fields of many promoters, by code: one document, `size` codes at a time as its variables."""
        asked, found = list(codes), {}
        for start in range(0, len(asked), size):
            some = {f"c{index}": code for index, code in enumerate(asked[start : start + size])}
            declared = " ".join(f"${name}: String!" for name in some)
            body = " ".join(f"{name}: promoter(code: ${name}) {{ ...asked }}" for name in some)
            document = f"query({declared}) {{ {body} }} fragment asked on Promoter {{ {fields} }}"
            answers = await self.ask(document, some)
            found |= {code: answers[name] for name, code in some.items()}
        return found

    async def product(self, sku: str, *, bp: int = 2000) -> None:
        answer = await self.ask(
            "mutation($input: ProductInput!) { upsertProduct(input: $input) { errors { code message } } }",
            {"input": {"sku": sku, "title": sku, "priceFen": 100, "commissionBp": bp}},
        )
        assert answer["upsertProduct"]["errors"] == []

    async def enrol(self, rows: Iterable[tuple[str, str | None]], *, joined_at: str = "2025-01-01T00:00:00Z") -> None:
        """(code, referrer) pairs, referrers first."""
        fields = {}
        for index, (code, referrer) in enumerate(rows):
            above = f" referrerCode: {quoted(referrer)}" if referrer else ""
            fields[f"e{index}"] = (
                f"enrolPromoter(input: {{code: {quoted(code)}{above} joinedAt: {quoted(joined_at)}}})"
                " { errors { code message } }"
            )
        answers = await self.ask_many(fields, kind="mutation")
        assert all(answer["errors"] == [] for answer in answers.values()), answers

    async def record(self, orders: Sequence[Json]) -> Json:
        """All of them, at most 1,000 a call; the sums of the answers."""
        whole: Json = {"recorded": 0, "duplicates": 0, "parked": 0, "problems": []}
        for start in range(0, len(orders), 1000):
            answer = (await self.ask(RECORD, {"input": list(orders[start : start + 1000])}))["recordOrders"]
            for key in whole:
                whole[key] += answer[key]
        return whole

    async def recorded(self, orders: Sequence[Json]) -> None:
        """Record new orders, every one of which must be taken."""
        answer = await self.record(orders)
        assert answer == {"recorded": len(orders), "duplicates": 0, "parked": 0, "problems": []}, answer

    async def refund(self, number: str, key: str, fen: int, at: str, sku: str | None = None) -> str | None:
        """The refusal's code, or None."""
        answer = (await self.ask(f"mutation {{ refund: {refund(number, key, fen, at, sku)} }}"))["refund"]
        return str(answer["errors"][0]["code"]) if answer["errors"] else None

    async def close_month(self, month: str) -> Json:
        answer: Json = (
            await self.ask(
                "mutation($month: Month!) "
                "{ closeMonth(month: $month) { month tierEntries promotions errors { code message } } }",
                {"month": month},
            )
        )["closeMonth"]
        assert answer["errors"] == [], answer
        return answer

    async def entries(self, number: str) -> list[Json]:
        answer = await self.ask(
            "query($number: String!) { order(number: $number) "
            "{ commissions { kind level rateBp amountFen promoter { code } } } }",
            {"number": number},
        )
        found: list[Json] = answer["order"]["commissions"]
        return found


def quoted(text: str) -> str:
    """A GraphQL string."""
    return json.dumps(text)


def refund(number: str, key: str, fen: int, at: str, sku: str | None = None) -> str:
    """The mutation's field, for an alias."""
    line = f" sku: {quoted(sku)}" if sku else ""
    return (
        f"refundOrder(input: {{number: {quoted(number)} key: {quoted(key)}{line}"
        f" refundFen: {fen} at: {quoted(at)}}})"
        " { parked errors { code message } }"
    )


def advance(number: str, status: str, at: str) -> str:
    return (
        f"advanceOrder(input: {{number: {quoted(number)} status: {status} at: {quoted(at)}}})"
        " { parked errors { code message } }"
    )


def touch(buyer: str, promoter: str, at: str, key: str) -> str:
    return (
        f"recordTouch(input: {{buyerCode: {quoted(buyer)} promoterCode: {quoted(promoter)}"
        f" at: {quoted(at)} key: {quoted(key)}}}) {{ errors {{ code message }} }}"
    )


def order(
    number: str,
    lines: Mapping[str, int],
    *,
    seller: str | None,
    buyer: str = "x",
    paid_at: str = "2026-01-10T04:00:00Z",
) -> Json:
    """An OrderInput; `lines`: sku → paid fen."""
    return {
        "number": number,
        "buyerCode": buyer,
        "promoterCode": seller,
        "lines": [{"sku": sku, "quantity": 1, "paidFen": fen} for sku, fen in lines.items()],
        "paidAt": paid_at,
    }


async def gathered(*awaitables: Any) -> list[Any]:
    return list(await asyncio.gather(*awaitables))
