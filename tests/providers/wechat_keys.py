"""The keys of a WeChat to test against: the merchant's, WeChat's own, and the APIv3 key both know."""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.requests import Request

AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(?P<mchid>[^"]*)",nonce_str="(?P<nonce>[^"]*)",signature="(?P<signature>[^"]*)",'
    r'timestamp="(?P<timestamp>[0-9]+)",serial_no="(?P<serial>[^"]*)"'
)
OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)


@cache
def _key(whose: str) -> rsa.RSAPrivateKey:
    """One pair a process for each owner: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Keys:
    """WeChat's side: it has its own private key, and of the merchant only the public one."""

    mchid: str
    appid: str
    cert_serial: str
    apiv3_key: str
    public_key_id: str
    settings: dict[str, Any]

    @classmethod
    def made(cls, directory: Path, *, notify_url: str) -> Keys:
        """New names and secrets; the merchant's files are written to `directory`."""
        directory.mkdir(parents=True, exist_ok=True)
        private_file, public_file = directory / "apiclient_key.pem", directory / "wechat_public_key.pem"
        pem = serialization.Encoding.PEM
        private_file.write_bytes(
            _key("merchant").private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        public = _key("wechat").public_key()
        public_file.write_bytes(public.public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
        settings: dict[str, Any] = {
            "wechat_mchid": f"19{secrets.randbelow(10**8):08}",
            "wechat_appid": f"wx{secrets.token_hex(8)}",
            "wechat_cert_serial": secrets.token_hex(20).upper(),
            "wechat_private_key_file": private_file,
            "wechat_apiv3_key": secrets.token_hex(16),
            "wechat_public_key_id": f"PUB_KEY_ID_{secrets.randbelow(10**20):020}",
            "wechat_public_key_file": public_file,
            "wechat_notify_url": notify_url,
        }
        return cls(
            mchid=settings["wechat_mchid"],
            appid=settings["wechat_appid"],
            cert_serial=settings["wechat_cert_serial"],
            apiv3_key=settings["wechat_apiv3_key"],
            public_key_id=settings["wechat_public_key_id"],
            settings=settings,
        )

    def request_refusal(self, request: Request, body: bytes, nonces: set[str]) -> str | None:
        """Why a request is not the merchant's; WeChat answers 401 then."""
        match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if match is None:
            return "no authorization of this protocol"
        if (match["mchid"], match["serial"]) != (self.mchid, self.cert_serial):
            return "another merchant or certificate"
        if abs(time.time() - int(match["timestamp"])) > 300:
            return "stale"
        if match["nonce"] in nonces:
            return "the nonce was used before"
        nonces.add(match["nonce"])
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        signed = f"{request.method}\n{target}\n{match['timestamp']}\n{match['nonce']}\n".encode() + body + b"\n"
        try:
            _key("merchant").public_key().verify(
                base64.b64decode(match["signature"]), signed, padding.PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, ValueError):
            return "the signature does not fit"
        return None

    def signed(self, body: bytes, *, wrong: str | None = None, age_seconds: int = 0) -> dict[str, str]:
        """The headers that vouch for a body, or fail to."""
        if wrong == "unsigned":
            return {"content-type": "application/json"}
        stamp, nonce = str(int(time.time()) - age_seconds), secrets.token_hex(16)
        signer = _key("stranger") if wrong == "bad_signature" else _key("wechat")
        signature = signer.sign(f"{stamp}\n{nonce}\n".encode() + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
        serial = secrets.token_hex(20).upper() if wrong == "wrong_serial" else self.public_key_id
        return {
            "content-type": "application/json",
            "wechatpay-timestamp": stamp,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": base64.b64encode(signature).decode(),
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
            "wechatpay-serial": serial,
        }

    def sealed(self, resource: Mapping[str, Any], *, original_type: str, wrong_key: bool = False) -> dict[str, str]:
        """A callback's resource, encrypted with the APIv3 key."""
        nonce = secrets.token_hex(6)
        key = secrets.token_bytes(32) if wrong_key else self.apiv3_key.encode()
        plain = json.dumps(resource, ensure_ascii=False).encode()
        return {
            "original_type": original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(AESGCM(key).encrypt(nonce.encode(), plain, original_type.encode())).decode(),
            "associated_data": original_type,
            "nonce": nonce,
        }

    def opened(self, ciphertext: str) -> str:
        """What was encrypted for WeChat; ValueError if it was not."""
        return _key("wechat").decrypt(base64.b64decode(ciphertext), OAEP).decode()
