"""What tests may need that no Python package brings; see the mark ``needs``."""

from __future__ import annotations

PROGRAMS = ("age", "fish", "ssh-keygen", "zsh")
COMPLETE = "HERMES_TEST_COMPLETE"
"""Set where nothing may be left out: a missing program ends the run."""
