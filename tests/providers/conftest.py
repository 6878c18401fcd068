"""One WeChat for all tests here, empty for each, and providers that talk to it over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio

from graph_api.providers.choice import provider_of
from graph_api.providers.split import WechatSplit
from graph_api.providers.wechat import WechatTransfer
from graph_api.rules.plan import PayoutProvider
from graph_api.settings import Settings
from tests.providers.wechat_server import Inbox, WechatServer, inbox, wechat_server

TIMEOUT_SECONDS = 4.0


@pytest_asyncio.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[WechatServer, Inbox]]:
    async with inbox() as kept, wechat_server(tmp_path_factory.mktemp("wechat"), notify_url=kept.url) as server:
        yield server, kept


@pytest.fixture
def wechat(running: tuple[WechatServer, Inbox]) -> WechatServer:
    running[0].reset()
    return running[0]


@pytest.fixture
def notified(running: tuple[WechatServer, Inbox]) -> Inbox:
    running[1].messages.clear()
    return running[1]


@pytest.fixture
def wechat_settings(wechat: WechatServer) -> Settings:
    return Settings(**wechat.settings, wechat_timeout_seconds=TIMEOUT_SECONDS)


@pytest_asyncio.fixture
async def transfers(wechat_settings: Settings) -> AsyncIterator[WechatTransfer]:
    provider = cast("WechatTransfer", provider_of(wechat_settings, PayoutProvider.WECHAT_TRANSFER))
    yield provider
    await provider.close()


@pytest_asyncio.fixture
async def splits(wechat_settings: Settings) -> AsyncIterator[WechatSplit]:
    provider = cast("WechatSplit", provider_of(wechat_settings, PayoutProvider.WECHAT_SPLIT))
    yield provider
    await provider.close()
