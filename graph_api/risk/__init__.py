"""Structures that the risk team looks for: one a file, pure over a snapshot of the graph."""
