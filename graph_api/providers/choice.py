"""Which provider pays: the plan names its kind, the settings hold its account."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from graph_api.providers import Clock, Provider, system_clock
from graph_api.providers.bank_file import BankFile
from graph_api.providers.split import WechatSplit
from graph_api.providers.wechat import WechatTransfer
from graph_api.providers.wechat_wire import Account, Wire
from graph_api.rules.plan import PayoutProvider
from graph_api.settings import Settings

NEEDED = (
    "wechat_mchid",
    "wechat_appid",
    "wechat_cert_serial",
    "wechat_private_key_file",
    "wechat_apiv3_key",
    "wechat_public_key_id",
    "wechat_public_key_file",
    "wechat_notify_url",
)
APIV3_KEY_BYTES = 32
SENT_OVER_THE_NETWORK = (PayoutProvider.WECHAT_TRANSFER, PayoutProvider.WECHAT_SPLIT)


class ProviderNotConfigured(Exception):
    """The settings do not hold what this provider needs; the message names the variables."""


def provider_of(settings: Settings, kind: PayoutProvider, *, clock: Clock = system_clock) -> Provider:
    """The provider of a kind; to be closed when it is no longer used."""
    if kind is PayoutProvider.BANK_FILE:
        return BankFile(clock)
    wire = Wire(account_of(settings, kind), clock)
    return WechatTransfer(wire, clock) if kind is PayoutProvider.WECHAT_TRANSFER else WechatSplit(wire, clock)


def sending_providers(settings: Settings, *, clock: Clock = system_clock) -> dict[PayoutProvider, Provider]:
    """Those that are asked over the network, if the settings name an account; to be closed."""
    if settings.wechat_mchid is None:
        return {}
    return {kind: provider_of(settings, kind, clock=clock) for kind in SENT_OVER_THE_NETWORK}


def account_of(settings: Settings, kind: PayoutProvider) -> Account:
    """WeChat's account out of the settings, checked as far as that goes without asking WeChat."""
    missing = [f"PROMOGRAPH_{name.upper()}" for name in NEEDED if not getattr(settings, name)]
    if missing:
        raise ProviderNotConfigured(f"{kind} needs {', '.join(missing)}")
    assert settings.wechat_apiv3_key is not None
    apiv3_key = settings.wechat_apiv3_key.get_secret_value()
    if len(apiv3_key.encode()) != APIV3_KEY_BYTES:
        raise ProviderNotConfigured(f"PROMOGRAPH_WECHAT_APIV3_KEY is not {APIV3_KEY_BYTES} bytes")
    texts = (settings.wechat_mchid, settings.wechat_appid, settings.wechat_cert_serial, settings.wechat_public_key_id)
    if not all(re.fullmatch("[0-9A-Za-z_]{1,64}", text or "") for text in texts):
        raise ProviderNotConfigured(
            "PROMOGRAPH_WECHAT_MCHID, _APPID, _CERT_SERIAL and _PUBLIC_KEY_ID are letters and digits"
        )
    gateway, notify = urlsplit(settings.wechat_gateway), urlsplit(settings.wechat_notify_url or "")
    if gateway.scheme != "https" and gateway.hostname not in ("127.0.0.1", "::1", "localhost"):
        raise ProviderNotConfigured("PROMOGRAPH_WECHAT_GATEWAY is neither https nor on this machine")
    if settings.env == "production" and (notify.scheme != "https" or notify.query):
        raise ProviderNotConfigured("PROMOGRAPH_WECHAT_NOTIFY_URL is not https, or has a query: WeChat refuses it")
    account = Account(
        mchid=str(settings.wechat_mchid),
        appid=str(settings.wechat_appid),
        cert_serial=str(settings.wechat_cert_serial),
        private_key=_text(settings.wechat_private_key_file, "PROMOGRAPH_WECHAT_PRIVATE_KEY_FILE"),
        apiv3_key=apiv3_key,
        public_key_id=str(settings.wechat_public_key_id),
        public_key=_text(settings.wechat_public_key_file, "PROMOGRAPH_WECHAT_PUBLIC_KEY_FILE"),
        notify_url=str(settings.wechat_notify_url),
        gateway=settings.wechat_gateway.rstrip("/"),
        timeout_seconds=settings.wechat_timeout_seconds,
        scene_id=settings.wechat_scene_id,
        scene_report=tuple(settings.wechat_scene_report.items()),
    )
    return _with_usable_keys(account)


def _with_usable_keys(account: Account) -> Account:
    try:
        Wire(account).encrypt("probe")
    except Exception as error:  # the library raises nothing narrower
        raise ProviderNotConfigured(f"PROMOGRAPH_WECHAT_*_KEY_FILE holds no usable key (PEM): {error}") from error
    return account


def _text(path: Path | None, variable: str) -> str:
    assert path is not None
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ProviderNotConfigured(f"{variable} cannot be read: {error}") from error
