"""Names that a profile must not have."""

from __future__ import annotations

RESERVED = frozenset(["hermes", "default", "test", "tmp", "root", "sudo"])
"""Names that every generation of the agent refuses."""
