"""Counting: facts become deltas, deltas minutes, minutes rows."""
