"""Names that a profile can't have."""

from __future__ import annotations

RESERVED = frozenset(["hermes", "default", "test", "tmp", "root", "sudo"])
"""What every generation of the agent refuses."""
