"""Secrets: what looks like one, where, and a value with ``${NAME}`` in its place."""
