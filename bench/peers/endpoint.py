"""`python -m bench.peers.endpoint PORT ADDRESS`: the team view over asyncpg, as somebody would write it by hand."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

VIEW = """
SELECT json_build_object('code', p.code, 'rank', p.rank, 'status', p.status, 'downline', (
  SELECT json_agg(json_build_object(
    'code', m.code, 'rank', m.rank, 'status', m.status,
    'sales', json_build_object('orders', m.sales_orders, 'volumeFen', m.sales_volume_fen),
    'team', json_build_object('size', t.size, 'volumeFen', t.volume_fen)
  ) ORDER BY m.joined_at, m.code)
  FROM (SELECT * FROM promoter WHERE referrer_id = p.id ORDER BY joined_at, code LIMIT 20) m,
  LATERAL (
    WITH RECURSIVE below AS (
      SELECT id, sales_volume_fen FROM promoter WHERE referrer_id = m.id
      UNION ALL
      SELECT c.id, c.sales_volume_fen FROM below b JOIN promoter c ON c.referrer_id = b.id
    )
    SELECT count(*) AS size, coalesce(sum(sales_volume_fen), 0) AS volume_fen FROM below
  ) t
))
FROM promoter p WHERE p.code = $1
"""
CONNECTIONS = 16


async def team(request: Request) -> Response:
    code = (await request.json())["code"]
    return Response(await request.app.state.pool.fetchval(VIEW, code), media_type="application/json")


def app(address: str) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(address, min_size=CONNECTIONS, max_size=CONNECTIONS) as app.state.pool:
            yield

    return Starlette(routes=[Route("/team", team, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(app(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", access_log=False)
