"""Verbs about keys and trust."""
