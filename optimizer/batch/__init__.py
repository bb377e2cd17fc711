"""Folding many writes into few calls."""
