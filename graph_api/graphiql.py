"""GraphiQL, served from our own files: no other address is asked for anything. For development; the app decides."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

BUILT = Path(__file__).with_name("static") / "graphiql"

# Monaco writes its colours and sizes into <style> elements, and graphiql's fonts are data: in its style sheet.
SECURITY = {
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            "connect-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "font-src 'self' data:",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
YEAR_SECONDS = 31_536_000


class HashedFiles(StaticFiles):
    """Files whose names change with their content: a browser need never ask twice."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers.update({**SECURITY, "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"})
        return response


def graphiql_routes(built: Path = BUILT) -> list[BaseRoute]:
    """`/graphiql` and its files; a page that says what to do where the package was installed without them.

    A token reaches the page as `/graphiql#token=TOKEN`: a fragment is sent to no server and no log.
    """
    if not (built / "index.html").is_file():
        return [Route("/graphiql", _not_built)]

    async def page(request: Request) -> Response:
        headers = {**SECURITY, "Cache-Control": "no-cache"}
        return FileResponse(built / "index.html", media_type="text/html; charset=utf-8", headers=headers)

    return [
        Route("/graphiql", page),
        Mount("/graphiql/assets", HashedFiles(directory=built / "assets")),
    ]


async def _not_built(request: Request) -> Response:
    return PlainTextResponse("GraphiQL is not built in this installation; `make setup` builds it.\n", 503)
