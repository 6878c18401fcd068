"""Cached answers in Redis, and why they are never stale: see ARCHITECTURE.md, "How a read goes"."""

from graph_api.cache.budget import Budgets, BudgetSpent
from graph_api.cache.cache import Cache, CacheReport, Field, Lasts, Position, Reading
from graph_api.cache.follow import follow

__all__ = [
    "BudgetSpent",
    "Budgets",
    "Cache",
    "CacheReport",
    "Field",
    "Lasts",
    "Position",
    "Reading",
    "follow",
]
