"""A WeChat for each test, and providers that talk to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest_asyncio

from graph_api.providers.choice import provider_of
from graph_api.providers.split import WechatSplit
from graph_api.providers.wechat import WechatTransfer
from graph_api.rules.plan import PayoutProvider
from graph_api.settings import Settings
from tests.providers.wechat_server import Inbox, WechatServer, inbox, wechat_server

TIMEOUT_SECONDS = 0.5


@pytest_asyncio.fixture
async def notified() -> AsyncIterator[Inbox]:
    async with inbox() as kept:
        yield kept


@pytest_asyncio.fixture
async def wechat(tmp_path: Path, notified: Inbox) -> AsyncIterator[WechatServer]:
    async with wechat_server(tmp_path, notify_url=notified.url) as server:
        yield server


@pytest_asyncio.fixture
async def transfers(wechat: WechatServer) -> AsyncIterator[WechatTransfer]:
    settings = Settings(**wechat.settings, wechat_timeout_seconds=TIMEOUT_SECONDS)
    provider = cast("WechatTransfer", provider_of(settings, PayoutProvider.WECHAT_TRANSFER))
    yield provider
    await provider.close()


@pytest_asyncio.fixture
async def splits(wechat: WechatServer) -> AsyncIterator[WechatSplit]:
    settings = Settings(**wechat.settings, wechat_timeout_seconds=TIMEOUT_SECONDS)
    provider = cast("WechatSplit", provider_of(settings, PayoutProvider.WECHAT_SPLIT))
    yield provider
    await provider.close()
