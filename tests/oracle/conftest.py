"""The doors that these tests go through."""

from tests.blackbox.fixtures import api, apis, emptied, enrolled, exported, opened, promograph, promograph_with

__all__ = ["api", "apis", "emptied", "enrolled", "exported", "opened", "promograph", "promograph_with"]
