"""Verbs that move profiles between machines."""
