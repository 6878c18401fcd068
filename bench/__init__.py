"""Benchmarks: each figure stands beside the raw engine's, measured in the same run on the same servers."""
