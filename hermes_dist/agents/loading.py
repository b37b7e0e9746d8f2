"""What the agent loads from a home by itself: it starts programs there, and reads its own sentences from there."""

from __future__ import annotations

STARTED = ("browser_harness", "piper", "playwright", "pytest")
"""Modules that the agent starts with ``python -m`` and that need not be installed: then one in the home is found."""
SENTENCES = "locales"
"""Sentences that the agent says instead of its own, those of its questions among them; since 0.22."""
STYLES = "skins"
STYLE = "customcss"
"""A skin with this key (case-folded) changes how the agent's windows look, and so what they seem to ask; since 0.22."""
