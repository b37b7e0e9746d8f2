"""Algebra: the three-way merge, pure; knows only model, is handed read(digest) -> bytes."""
