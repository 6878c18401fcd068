"""Signed tokens: who is asking. HS256 under the deployment's secret."""

from __future__ import annotations

import contextlib
import functools
import os
import secrets
import time
import uuid
from pathlib import Path

import jwt

from graph_api.servers.process import write_private
from graph_api.settings import SECRET_KEY_LENGTH_MIN, Settings
from graph_api.viewer import Role, Viewer

ALGORITHM = "HS256"
TTL_SECONDS = 12 * 3600
TTL_SECONDS_MAX = 366 * 86_400
LEEWAY_SECONDS = 5
DISTINCT_CHARACTERS_MIN = 8


class Unauthenticated(Exception):
    """No token, or none that this deployment signed and that is still valid."""


class WeakSecret(Exception):
    """The secret is missing where it is required, or too weak to sign with."""


def secret_key(settings: Settings, *, embedded: bool) -> str:
    """The secret that signs tokens and derives the keys of personal data.

    With an embedded Neo4j it may be generated once into the data dir; production wants it given.
    """
    production = settings.env == "production"
    if settings.secret_key is not None:
        given = settings.secret_key.get_secret_value()
        if len(given) < SECRET_KEY_LENGTH_MIN or len(set(given)) < DISTINCT_CHARACTERS_MIN:
            raise WeakSecret(
                f"PROMOGRAPH_SECRET_KEY must be at least {SECRET_KEY_LENGTH_MIN} characters that nobody can guess"
            )
        return given
    if production or not embedded:
        raise WeakSecret("PROMOGRAPH_SECRET_KEY must be set: it signs tokens and protects personal data")
    return _kept_secret(settings.data_dir.expanduser().absolute() / "secret_key")


def issue(secret: str, role: Role, *, promoter_code: str | None = None, ttl_seconds: int = TTL_SECONDS) -> str:
    """A token for a role; a PROMOTER's stands for one promoter."""
    if (role is Role.PROMOTER) != (promoter_code is not None):
        raise ValueError("a PROMOTER token, and no other, names a promoter")
    if not 1 <= ttl_seconds <= TTL_SECONDS_MAX:
        raise ValueError(f"a token lives 1-{TTL_SECONDS_MAX} seconds")
    issued_at = int(time.time())
    claims = {
        "role": str(role),
        "promoter": promoter_code,
        "iat": issued_at,
        "exp": issued_at + ttl_seconds,
        "jti": uuid.uuid4().hex,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)


def viewer_of(secret: str, authorization: str | None) -> Viewer:
    """The viewer of an Authorization header; Unauthenticated says what is wrong with it."""
    viewer, _ = viewer_until(secret, authorization)
    return viewer


def viewer_until(secret: str, authorization: str | None) -> tuple[Viewer, float]:
    """The viewer of an Authorization header, and for how many seconds more it is one."""
    viewer, expires_at = _signed(secret, _bearer(authorization))
    left_seconds = expires_at + LEEWAY_SECONDS - time.time()
    if left_seconds < 0:
        raise Unauthenticated("the token has expired")
    return viewer, left_seconds


def check_shared(token: str, authorization: str | None) -> None:
    """Unauthenticated unless an Authorization header has this very token; how long it takes tells nothing of it."""
    if not secrets.compare_digest(_bearer(authorization).encode("latin-1"), token.encode()):
        raise Unauthenticated("the token is not valid")


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("give a token: Authorization: Bearer TOKEN")
    return token.strip()


@functools.lru_cache(maxsize=4096)
def _signed(secret: str, token: str) -> tuple[Viewer, float]:
    """Whom a token stands for and until when; remembered, as a client sends the same one again and again."""
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            leeway=LEEWAY_SECONDS,
            options={"require": ["role", "iat", "exp", "jti"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated("the token has expired") from error
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise Unauthenticated("the token is not valid") from error
    return _viewer(claims.get("role"), claims.get("promoter")), float(claims["exp"])


def _viewer(role: object, promoter_code: object) -> Viewer:
    if not isinstance(role, str) or role not in Role.__members__:
        raise Unauthenticated("the token has no known role")
    if role == Role.PROMOTER and isinstance(promoter_code, str) and promoter_code:
        return Viewer(Role.PROMOTER, promoter_code)
    if role == Role.PROMOTER or promoter_code is not None:
        raise Unauthenticated("the token does not say whom it stands for")
    return Viewer(Role(role))


def _kept_secret(place: Path) -> str:
    """The secret of a data dir; of two processes that make one at once, the first to link its file wins."""
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f"{place.name}.{uuid.uuid4().hex}")
        write_private(fresh, secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(fresh, place)
        fresh.unlink()
    kept = place.read_text("utf-8").strip()
    if len(kept) < SECRET_KEY_LENGTH_MIN:
        raise WeakSecret(f"{place} is damaged; it held the secret of this data dir")
    return kept
