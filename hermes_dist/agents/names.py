"""Names that the agent reserves, so that no profile may have them."""

from __future__ import annotations

RESERVED = frozenset(["hermes", "default", "test", "tmp", "root", "sudo"])
"""Names that every generation of the agent refuses."""
