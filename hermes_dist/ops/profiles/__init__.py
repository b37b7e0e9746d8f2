"""Verbs about profiles as wholes."""
