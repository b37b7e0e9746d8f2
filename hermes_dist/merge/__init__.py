"""Algebra: the three-way merge. It is pure, imports only model, and gets contents by read(digest) -> bytes."""
