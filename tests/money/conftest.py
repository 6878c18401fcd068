"""The doors that these tests go through."""

from tests.blackbox.fixtures import api, apis, opened

__all__ = ["api", "apis", "opened"]
