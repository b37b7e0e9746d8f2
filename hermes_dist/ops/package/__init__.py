"""Verbs about the package in a profile."""
