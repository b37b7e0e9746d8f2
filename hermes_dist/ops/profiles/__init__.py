"""Verbs about whole profiles."""
