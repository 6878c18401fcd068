"""The console at /console/ and the promoters' pages at /m/: two documents, one set of hashed files, a strict policy.

Nothing is loaded from elsewhere, but for a CDN of the deployment's own that holds the same files.
"""

from __future__ import annotations

import functools
import html
import mimetypes
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from graph_api.graphiql import YEAR_SECONDS

BUILT = Path(__file__).with_name("static") / "console"
DOCUMENTS = {"console": "console.html", "m": "m.html"}
"""First part of the path to the document that answers for everything below it; the page itself reads the rest."""
MADE_FOR = "./assets/"
"""How the build names its files; where they really are is decided when a document is served."""
ALWAYS: Mapping[str, str] = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def security(cdn_base_url: str | None = None) -> dict[str, str]:
    """Headers of every answer. No script and no style is written into a document, so neither needs an exception."""
    elsewhere = f" {_origin(cdn_base_url)}" if cdn_base_url else ""
    policy = (
        "default-src 'none'",
        f"script-src 'self'{elsewhere}",
        f"style-src 'self'{elsewhere}",
        f"img-src 'self' data: blob:{elsewhere}",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
    return {"Content-Security-Policy": "; ".join(policy), **ALWAYS}


def console_routes(
    *, cdn_base_url: str | None = None, invite_url: str | None = None, built: Path = BUILT
) -> list[BaseRoute]:
    """`/console/…`, `/m/…` and their files; a sentence that says what to do where they were not built.

    `invite_url` is the address that an invitation's QR code holds, with `{code}` for the promoter's code.
    """
    if not all((built / document).is_file() for document in DOCUMENTS.values()):
        return [Route(f"/{name}/{{rest:path}}", _not_built) for name in DOCUMENTS]
    headers = security(cdn_base_url)
    files = f"{(cdn_base_url or '/console').rstrip('/')}/assets/"
    routes: list[BaseRoute] = [Mount("/console/assets", _Files(built / "assets", headers))]
    for name, document in DOCUMENTS.items():
        text = _placed((built / document).read_text("utf-8"), files, invite_url)
        routes += [
            Route(f"/{name}", _answering(functools.partial(RedirectResponse, f"/{name}/", 308))),
            Route(f"/{name}/{{rest:path}}", _answering(functools.partial(_page, text, headers))),
        ]
    return routes


def _placed(document: str, files: str, invite_url: str | None) -> str:
    """The document with the addresses of this deployment."""
    told = f'<meta name="invite-url" content="{html.escape(invite_url)}" />' if invite_url else ""
    return document.replace(MADE_FOR, html.escape(files)).replace("</head>", f"{told}</head>")


def _page(text: str, headers: Mapping[str, str]) -> Response:
    """The document, asked for anew each time: it names the files of one build."""
    return Response(text, media_type="text/html; charset=utf-8", headers={**headers, "Cache-Control": "no-cache"})


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _answering(answer: Callable[[], Response]) -> Callable[[Request], Awaitable[Response]]:
    """The same to whoever asks."""

    async def endpoint(request: Request) -> Response:
        return answer()

    return endpoint


class _Files(StaticFiles):
    """Files whose names change with their content, compressed for whoever takes it; a CDN, being another origin, may
    fetch and serve them."""

    def __init__(self, directory: Path, headers: Mapping[str, str]) -> None:
        super().__init__(directory=directory)
        self._headers = {
            **headers,
            "Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable",
            "Access-Control-Allow-Origin": "*",
            "Vary": "Accept-Encoding",
        }

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        compressed = Path(f"{full_path}.gz")
        taken = {part.partition(";")[0].strip() for part in Headers(scope=scope).get("accept-encoding", "").split(",")}
        if "gzip" not in taken or not compressed.is_file():
            response = super().file_response(full_path, stat_result, scope, status_code)
        else:
            response = super().file_response(compressed, compressed.stat(), scope, status_code)
            kind, _ = mimetypes.guess_type(full_path)
            response.headers.update({"Content-Encoding": "gzip", "Content-Type": f"{kind}; charset=utf-8"})
        response.headers.update(self._headers)
        return response


async def _not_built(request: Request) -> Response:
    return PlainTextResponse("The console is not built in this installation; `make setup` builds it.\n", 503)
