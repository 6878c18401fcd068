from tests.actions.shop import shop

__all__ = ["shop"]
