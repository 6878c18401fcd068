"""Writes: one function is one business event in one transaction under the journal lock."""
