from tests.actions.shop import shop
from tests.blackbox.fixtures import promograph_with
from tests.inside import promograph
from tests.providers.conftest import running, wechat, wechat_settings

__all__ = ["promograph", "promograph_with", "running", "shop", "wechat", "wechat_settings"]
