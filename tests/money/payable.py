"""Promoters who can be paid, with a sale that is due: what races and kills begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.blackbox.api import Api, Json, advance, order, quoted
from tests.conftest import Query

PAID, DELIVERED = "2026-03-02T04:00:00Z", "2026-03-04T04:00:00Z"
DUE = "2026-03-15T16:00:00Z"
"""00:00 of Monday in Shanghai, three working days after the observation ended."""
ERRORS = "errors { code message }"
SETTLE = f"""
mutation($asOf: DateTime!, $key: String) {{
  told: settle(asOf: $asOf, key: $key) {{ payoutCount payouts {{ id promoter {{ code }} }} {ERRORS} }}
}}"""
SUMS = """
RETURN
  COUNT { MATCH (x:Posting) WHERE 0 <> reduce(sum = 0, fen IN x.amounts_fen | sum + fen) } AS unbalanced,
  COUNT {
    MATCH (c:Commission)
    WHERE COUNT { (c)<-[:PAYS]-(x:Payout) WHERE NOT x.status IN ['FAILED', 'EXPIRED'] } > 1
  } AS paid_twice,
  COLLECT {
    MATCH (p:Promoter)
    WITH p.code AS code,
      reduce(sum = 0, fen IN COLLECT {
        MATCH (p)-[:EARNED]->(c) WHERE c.state <> 'VOIDED' RETURN c.amount_fen } | sum + fen) AS earned_fen,
      reduce(sum = 0, fen IN COLLECT {
        MATCH (p)-[:RECEIVES]->(x) WHERE x.status IN ['APPROVED', 'SENT', 'AWAITING_RECEIPT', 'PAID']
        RETURN x.gross_fen } | sum + fen) AS taken_fen,
      reduce(sum = 0, fen IN COLLECT {
        MATCH (x:Posting) UNWIND range(0, size(x.accounts) - 1) AS line
        WITH x, line, p WHERE x.accounts[line] = 'payable:' + p.code RETURN x.amounts_fen[line] } | sum + fen) AS fen
    WHERE earned_fen - taken_fen <> -fen
    RETURN code
  } AS differ
"""


async def prepare(api: Api, chains: Sequence[Sequence[str]]) -> None:
    """A product at 20 %, an e-contract, and chains of promoters, the root first, all of whom can be paid."""
    await api.product("p")
    await api.enrol(pair for chain in chains for pair in zip(chain, [None, *chain], strict=False))
    await told(api, f'publishContract(version: "v1" title: "t" body: "b") {{ {ERRORS} }}')
    codes = [code for chain in chains for code in chain]
    accepted = {
        f"a{i}": f"acceptContract(promoterCode: {quoted(c)} version: {quoted('v1')}) {{ {ERRORS} }}"
        for i, c in enumerate(codes)
    }
    accounts = " ".join(f"{{code: {quoted(c)} kind: PAYOUT_ACCOUNT value: {quoted('bank-' + c)}}}" for c in codes)
    answers = await api.ask_many(accepted, kind="mutation")
    assert all(answer["errors"] == [] for answer in answers.values()), answers
    await told(api, f"linkIdentifiers(input: [{accounts}]) {{ {ERRORS} }}")


async def sell(api: Api, number: str, seller: str, fen: int) -> None:
    """An order that is due at DUE."""
    await api.recorded([order(number, {"p": fen}, seller=seller, buyer=f"x-{number}", paid_at=PAID)])
    await told(api, advance(number, "DELIVERED", DELIVERED))


async def told(api: Api, field: str) -> Json:
    """One mutation, which must be taken."""
    answer: Json = (await api.ask(f"mutation {{ told: {field} }}"))["told"]
    assert answer["errors"] == [], answer
    return answer


async def settle(api: Api, *, as_of: str = DUE, key: str | None = None) -> dict[str, str]:
    """{promoter: payout} that it made."""
    answer = (await api.ask(SETTLE, {"asOf": as_of, "key": key}))["told"]
    assert answer["errors"] == [], answer
    assert len(answer["payouts"]) == answer["payoutCount"], answer
    return {payout["promoter"]["code"]: payout["id"] for payout in answer["payouts"]}


async def balance(api: Api, code: str) -> dict[str, int]:
    """What is not 0 of it."""
    field = f"promoter(code: {quoted(code)}) {{ balance {{ observingFen heldFen releasedFen onTheWayFen paidFen owedFen }} }}"
    whole: dict[str, int] = (await api.ask(f"{{ {field} }}"))["promoter"]["balance"]
    return {name: fen for name, fen in whole.items() if fen}


async def check(api: Api, query: Query) -> None:
    """The ledger balances, says what entries and payouts say, and nothing is in two payouts."""
    ledger = (await api.ask("{ ledgerCheck { sumFen unbalancedPostings } }"))["ledgerCheck"]
    assert ledger == {"sumFen": 0, "unbalancedPostings": 0}
    (sums,) = await query(SUMS)
    assert sums == {"unbalanced": 0, "paid_twice": 0, "differ": []}


async def count(query: Query, text: str, **parameters: Any) -> int:
    (row,) = await query(f"RETURN COUNT {{ {text} }} AS found", **parameters)
    found: int = row["found"]
    return found
