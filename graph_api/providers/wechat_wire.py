"""The signed line to WeChat Pay: every request is signed, and no answer or callback is read before it is verified.

`Wire` takes the place of the `wechatpayv3` library's core below the library's calls. The library's own core sends other
bytes than it signs when a request has no body, never looks at an answer's time, and believes errors unsigned.
Protocol: APIv3's WECHATPAY2-SHA256-RSA2048 with WeChat's public key (not the older platform certificates);
https://pay.weixin.qq.com/doc/v3/merchant/4012071382 (opening callbacks).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from wechatpayv3 import WeChatPayType
from wechatpayv3.async_ import AsyncWeChatPay
from wechatpayv3.async_.type import RequestType
from wechatpayv3.async_.utils import (
    aes_decrypt,
    build_authorization,
    load_private_key,
    load_public_key,
    rsa_encrypt,
    rsa_verify,
)

from graph_api.providers import Clock, NotVerified, system_clock
from graph_api.rules.calendar import instant

AGE_SECONDS_MAX = 300
ALGORITHM = "WECHATPAY2-SHA256-RSA2048"
REASON_LENGTH_MAX = 200


class NoAnswer(Exception):
    """Nothing came back that decides anything: the request may or may not have taken effect."""


@dataclass(frozen=True, slots=True)
class Account:
    """A merchant's account: texts of the keys, not files. `notify_url` is https and has no query."""

    mchid: str
    appid: str
    cert_serial: str
    private_key: str = field(repr=False)
    apiv3_key: str = field(repr=False)
    public_key_id: str
    public_key: str
    notify_url: str
    gateway: str = "https://api.mch.weixin.qq.com"
    timeout_seconds: float = 15.0
    scene_id: str = "1005"
    scene_report: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer; `body` is what it says."""

    status: int
    body: Mapping[str, Any]

    @property
    def refusal(self) -> str:
        """Code and message of an error. The message is for people only: WeChat changes its wording."""
        return f"{self.body.get('code')}: {self.body.get('message')}"[:REASON_LENGTH_MAX]


class Wire:
    """Signs, sends, verifies. One for all calls of an account; knows nothing of what they mean."""

    def __init__(self, account: Account, clock: Clock = system_clock) -> None:
        self.account = account
        self.clock = clock
        self._private_key = load_private_key(account.private_key)
        self._public_key = load_public_key(account.public_key)
        self._client: httpx.AsyncClient | None = None

    async def request(
        self, path: str, method: RequestType = RequestType.GET, data: Any = None, **_: Any
    ) -> tuple[int, str]:
        """Status and verified text; the signature is over exactly the bytes that are sent. NoAnswer otherwise."""
        body = "" if data is None else json.dumps(data, ensure_ascii=False)
        account = self.account
        authorization = build_authorization(
            path, method.value, account.mchid, account.cert_serial, self._private_key, data=body
        )
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Authorization": authorization,
            "Wechatpay-Serial": account.public_key_id,
            "User-Agent": "promograph",
        }
        if self._client is None:
            self._client = httpx.AsyncClient(base_url=account.gateway, timeout=account.timeout_seconds)
        try:
            answer = await self._client.request(method.value, path, content=body.encode(), headers=headers)
        except httpx.HTTPError as error:
            raise NoAnswer(f"{type(error).__name__}: {error}"[:REASON_LENGTH_MAX]) from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise NoAnswer(f"{answer.status_code} {answer.text}"[:REASON_LENGTH_MAX])
        try:
            return answer.status_code, self.signed_text(answer.headers, answer.content)
        except NotVerified as error:
            raise NoAnswer(f"{answer.status_code}, but {error}") from error

    def encrypt(self, text: str) -> str:
        """For WeChat's eyes only (RSA-OAEP with its public key)."""
        return str(rsa_encrypt(text, self._public_key))

    def signed_text(self, headers: Mapping[str, str], body: bytes) -> str:
        """The body, if WeChat signed it within five minutes of now."""
        given = {name.lower(): value for name, value in headers.items()}
        serial, stamp = given.get("wechatpay-serial", ""), given.get("wechatpay-timestamp", "")
        if serial != self.account.public_key_id:
            raise NotVerified(f"signed under the serial {serial[:64]!r}, which is not WeChat's")
        if given.get("wechatpay-signature-type", ALGORITHM) != ALGORITHM:
            raise NotVerified("signed by an unknown algorithm")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise NotVerified("its timestamp is no number of seconds")
        if abs(self.clock() - int(stamp) * 1_000_000) > AGE_SECONDS_MAX * 1_000_000:
            raise NotVerified(f"its timestamp is more than {AGE_SECONDS_MAX} s off")
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise NotVerified("it is not UTF-8") from error
        nonce, signature = given.get("wechatpay-nonce", ""), given.get("wechatpay-signature", "")
        if not signature or not rsa_verify(stamp, nonce, text, signature, self._public_key):
            raise NotVerified("its signature does not fit")
        return text

    def opened(self, headers: Mapping[str, str], body: bytes, *, event_types: tuple[str, ...]) -> Mapping[str, Any]:
        """The decrypted resource of a genuine callback (AES-256-GCM with the APIv3 key) of one of these types."""
        notice = _object(self.signed_text(headers, body))
        if notice.get("event_type") not in event_types:
            raise NotVerified(f"it is about {str(notice.get('event_type'))[:64]!r}, not {' or '.join(event_types)}")
        resource = notice.get("resource")
        if not isinstance(resource, dict) or resource.get("algorithm") != "AEAD_AES_256_GCM":
            raise NotVerified("it has no encrypted resource")
        try:
            text = aes_decrypt(
                nonce=resource["nonce"],
                ciphertext=resource["ciphertext"],
                associated_data=resource.get("associated_data") or "",
                apiv3_key=self.account.apiv3_key,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise NotVerified("its resource is malformed") from error
        if text is None:
            raise NotVerified("its resource cannot be decrypted with our APIv3 key")
        return _object(text)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def library(wire: Wire) -> AsyncWeChatPay:
    """The library's calls over our wire."""
    account = wire.account
    pay = AsyncWeChatPay(
        wechatpay_type=WeChatPayType.MINIPROG,
        mchid=account.mchid,
        private_key=account.private_key,
        cert_serial_no=account.cert_serial,
        appid=account.appid,
        apiv3_key=account.apiv3_key,
        notify_url=account.notify_url,
        public_key=account.public_key,
        public_key_id=account.public_key_id,
    )
    pay._core = wire
    return pay


def answer_of(result: tuple[int, str]) -> Answer:
    """What the library's call brought; NoAnswer if it is no JSON object."""
    status, text = result
    try:
        return Answer(status, _object(text))
    except NotVerified as error:
        raise NoAnswer(f"{status}, but {error}") from error


def at_of(said: Any, *, otherwise: int) -> int:
    """An RFC 3339 instant of WeChat's, or another one where it gives none that can be read."""
    try:
        return instant(said)
    except (TypeError, ValueError):
        return otherwise


def fen_of(said: Any) -> int | None:
    """An amount as JSON integer; anything else is none."""
    return said if type(said) is int else None


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise NotVerified("it is not JSON") from error
    if not isinstance(value, dict):
        raise NotVerified("it is no JSON object")
    return value
