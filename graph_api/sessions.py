"""Who has signed in in a browser: a cookie that no script can read, and what no page of another origin can send.

The cookie holds a random token, the store its hash: whoever reads the store gets into no session, and one that is ended,
or whose account is, is over with the next request. Beside the cookie a request shows the session's CSRF token, in
`X-CSRF-Token`, and whatever the browser says of its origin must be ours. Requests with a Bearer token need none of it.
"""

from __future__ import annotations

import functools
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from starlette.datastructures import Headers

from cypher import staff
from cypher.store import Store
from graph_api.auth import Unauthenticated
from graph_api.rules.calendar import SECOND_US
from graph_api.settings import Settings
from graph_api.viewer import Role, Viewer

COOKIE = "promograph_session"
CSRF_HEADER = "X-CSRF-Token"
TOKEN_BYTES = 32
SEEN_EVERY_SECONDS = 30
"""How often a session in use is written down as seen; it idles out at most so much too early."""


class NotOurPage(Exception):
    """The request may come from a page of another origin: it is refused, whoever has signed in."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that is one now; `csrf` is what its own pages show."""

    token: str
    viewer: Viewer
    roles: tuple[str, ...]
    locale: str
    csrf: str
    seen_at: int
    left_seconds: float

    @property
    def id(self) -> str:
        return session_id(self.token)

    @property
    def name(self) -> str:
        assert self.viewer.staff_name is not None
        return self.viewer.staff_name


@dataclass(frozen=True, slots=True)
class Sessions:
    """How sessions of this deployment live; `public_origin` is where browsers reach it, if it is not what Host says."""

    idle_seconds: int
    seconds: int
    public_origin: str | None
    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Sessions:
        return cls(
            settings.session_idle_seconds,
            settings.session_seconds,
            settings.public_origin,
            settings.env == "production",
        )

    async def of_request(self, store: Store, secret: str, headers: Headers, *, now: int) -> SignedIn:
        """Who has signed in, of a request that does or shows something."""
        self.check_origin(headers)
        signed_in = await self.find(store, secret, headers, now=now)
        check_csrf(signed_in, headers.get(CSRF_HEADER))
        return signed_in

    async def of_socket(self, store: Store, secret: str, headers: Headers, *, csrf: object, now: int) -> SignedIn:
        """Who has signed in, of a WebSocket: browsers send cookies along to any, and always say from where."""
        self.check_origin(headers, required=True)
        signed_in = await self.find(store, secret, headers, now=now)
        check_csrf(signed_in, csrf)
        return signed_in

    async def find(self, store: Store, secret: str, headers: Headers, *, now: int) -> SignedIn:
        """Whose session the cookie is of, and that it is in use; Unauthenticated if it is of none."""
        token = token_of(headers)
        if token is None:
            raise Unauthenticated("sign in")
        found = await self.signed_in(store, secret, token, now=now)
        if found is None:
            raise Unauthenticated("the session is over, sign in again")
        if now - found.seen_at >= min(SEEN_EVERY_SECONDS, self.idle_seconds // 2) * SECOND_US:
            await staff.see_session(store.unjournalled, id=found.id, at=now)
        return found

    async def signed_in(self, store: Store, secret: str, token: str, *, now: int) -> SignedIn | None:
        """Whose session a token is of, without a sign of use."""
        idle_since = now - self.idle_seconds * SECOND_US
        found = await staff.session(store, id=session_id(token), at=now, idle_since=idle_since)
        if found is None:
            return None
        return SignedIn(
            token=token,
            viewer=Viewer(Role(found.role), staff_name=found.name),
            roles=tuple(found.roles),
            locale=found.locale,
            csrf=csrf_token(secret, token),
            seen_at=found.seen_at,
            left_seconds=(found.ends_at - now) / SECOND_US,
        )

    def check_origin(self, headers: Headers, *, required: bool = False) -> None:
        """NotOurPage if the browser says that another page is asking.

        Every browser says so of whatever is no GET, and of a WebSocket; what says nothing there is none, and carries
        nobody's cookie but its own.
        """
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if site is not None and site not in ("same-origin", "none"):
            raise NotOurPage("only pages of this service may ask with its cookie")
        if (origin is None and required) or (origin is not None and not self._is_ours(origin, headers)):
            raise NotOurPage("only pages of this service may ask with its cookie")

    def _is_ours(self, origin: str, headers: Headers) -> bool:
        if self.public_origin is not None:
            return origin == self.public_origin.rstrip("/")
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and parts.netloc.lower() == headers.get("host", "").lower() != ""


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def session_id(token: str) -> str:
    """What the store knows a session by: its token is too long to be found from it."""
    return sha256(token.encode()).hexdigest()


def token_of(headers: Headers) -> str | None:
    """The cookie's token. Two cookies of our name are none of ours: a neighbouring domain has put one of them there."""
    named = [
        value.strip()
        for header in headers.getlist("cookie")
        for name, _, value in (part.partition("=") for part in header.split(";"))
        if name.strip() == COOKIE
    ]
    return named[0] if len(named) == 1 and 0 < len(named[0]) <= 4 * TOKEN_BYTES else None


def has_cookie(headers: Headers | Mapping[str, str]) -> bool:
    return COOKIE in headers.get("cookie", "")


def csrf_token(secret: str, token: str) -> str:
    """Known to the session's own pages only; made from its token, so nothing need be kept."""
    return hmac.new(_csrf_key(secret), token.encode(), sha256).hexdigest()


def check_csrf(signed_in: SignedIn, shown: object) -> None:
    if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(), signed_in.csrf.encode()):
        raise NotOurPage(f"show the session's token: {CSRF_HEADER}")


@functools.lru_cache(maxsize=16)
def _csrf_key(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"promograph", info=b"csrf").derive(secret.encode())
