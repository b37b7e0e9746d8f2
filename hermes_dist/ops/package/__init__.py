"""Verbs about the package of a profile."""
