"""Personal data at rest: sealed with AES-GCM under a named key, found again by a keyed hash, shown masked.

The keys are derived from the deployment's secret, or given as `PROMOGRAPH_PII_KEYS="ID:HEX64,OLD_ID:HEX64"`: the first
seals, every one opens, so a key can be changed without rewriting the graph. The look-up key never changes.
"""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12


class SealBroken(ValueError):
    """The sealed text was altered, or its key is not among the given ones."""


class Pii:
    """Seals, opens and hashes personal data; a sealed text is `KEY_ID.BASE64(nonce + ciphertext)`."""

    def __init__(self, *, sealing: Mapping[str, bytes], lookup_key: bytes) -> None:
        self._sealing_id = next(iter(sealing))
        self._ciphers = {key_id: AESGCM(key) for key_id, key in sealing.items()}
        self._lookup_key = lookup_key

    @classmethod
    def from_secret(cls, secret: str, *, keys: str | None = None) -> Pii:
        """Keys for a deployment's secret; `keys` as in PROMOGRAPH_PII_KEYS."""
        if keys:
            pairs = [pair.partition(":") for pair in keys.split(",")]
            sealing = {key_id.strip(): bytes.fromhex(key) for key_id, _, key in pairs}
        else:
            sealing = {"s1": _derived(secret, "pii-seal")}
        return cls(sealing=sealing, lookup_key=_derived(secret, "pii-look-up"))

    def seal(self, text: str) -> str:
        nonce = os.urandom(NONCE_BYTES)
        box = nonce + self._ciphers[self._sealing_id].encrypt(nonce, text.encode(), self._sealing_id.encode())
        return f"{self._sealing_id}.{base64.urlsafe_b64encode(box).decode()}"

    def open(self, sealed: str) -> str:
        key_id, _, box64 = sealed.partition(".")
        try:
            box = base64.urlsafe_b64decode(box64)
            cipher = self._ciphers[key_id]
            return cipher.decrypt(box[:NONCE_BYTES], box[NONCE_BYTES:], key_id.encode()).decode()
        except (KeyError, InvalidTag, ValueError) as error:
            raise SealBroken(f"cannot open a text sealed with key {key_id[:16]!r}") from error

    def hash(self, kind: str, text: str) -> str:
        """A keyed hash to find equal values by; of no use without the key."""
        return hmac.new(self._lookup_key, f"{kind}\x00{text}".encode(), sha256).hexdigest()[:40]


def masked_name(name: str) -> str:
    """The first character, then a star for each further one, at most three.

    >>> masked_name("王小明"), masked_name("李")
    ('王**', '*')
    """
    return "*" if len(name) < 2 else name[0] + "*" * min(len(name) - 1, 3)


def masked_phone(phone: str) -> str:
    """The first three and the last two digits of a usual number; less of a short one.

    >>> masked_phone("13812345678"), masked_phone("12345")
    ('138******78', '*****')
    """
    if len(phone) < 8:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 5) + phone[-2:]


def _derived(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"promograph", info=purpose.encode()).derive(secret.encode())
