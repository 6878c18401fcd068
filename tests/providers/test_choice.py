"""The settings choose a provider, or say what they lack."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from typing import Any

import pytest

from graph_api.providers.choice import NEEDED, ProviderNotConfigured, account_of, provider_of
from graph_api.rules.plan import PayoutProvider
from graph_api.settings import Settings
from tests.providers.wechat_server import WechatServer


@pytest.mark.parametrize("kind", PayoutProvider)
async def test_every_kind_has_its_provider(wechat_settings: Settings, kind: PayoutProvider) -> None:
    provider = provider_of(wechat_settings, kind)
    assert provider.name == kind
    await provider.close()


def test_a_bank_file_needs_no_settings() -> None:
    assert provider_of(Settings(), PayoutProvider.BANK_FILE).name == "BANK_FILE"


@pytest.mark.parametrize("kind", [PayoutProvider.WECHAT_TRANSFER, PayoutProvider.WECHAT_SPLIT])
@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_named(wechat: WechatServer, kind: PayoutProvider, name: str) -> None:
    with pytest.raises(ProviderNotConfigured, match=f"{kind} needs PROMOGRAPH_{name.upper()}$"):
        provider_of(Settings(**{**wechat.settings, name: None}), kind)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"wechat_apiv3_key": "short"}, "not 32 bytes"),
        ({"wechat_private_key_file": Path("/nowhere/key.pem")}, "PRIVATE_KEY_FILE cannot be read"),
        ({"wechat_public_key_file": Path(__file__)}, "cannot be read|no usable key"),
        ({"wechat_mchid": "19000\n01"}, "letters and digits"),
        ({"wechat_gateway": "http://pay.example"}, "neither https nor on this machine"),
        ({"env": "production", "wechat_notify_url": "http://shop.example/notify"}, "not https"),
        ({"env": "production", "wechat_notify_url": "https://shop.example/notify?a=1"}, "has a query"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_asked(
    wechat: WechatServer, given: dict[str, Any], told: str
) -> None:
    with pytest.raises(ProviderNotConfigured, match=told):
        provider_of(Settings(**{**wechat.settings, **given}), PayoutProvider.WECHAT_TRANSFER)


def test_no_secret_shows(wechat: WechatServer, wechat_settings: Settings) -> None:
    shown = repr(account_of(wechat_settings, PayoutProvider.WECHAT_TRANSFER)) + repr(wechat_settings)
    assert wechat.keys.apiv3_key not in shown
    assert "BEGIN PRIVATE KEY" not in shown


@pytest.mark.parametrize("name", ["bank_file", "split", "wechat"])
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"graph_api.providers.{name}")).failed == 0
