"""Verbs for authors."""
