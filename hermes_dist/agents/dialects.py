"""What reads the agent's YAML, by generation, and the plain words that not every reader takes for text."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Dialect(StrEnum):
    """What reads the agent's YAML."""

    PYYAML = "pyyaml"
    RUAMEL = "ruamel"


BARE: tuple[tuple[str, bool], ...] = (("y", True), ("Y", True), ("n", False), ("N", False))
"""Words that PyYAML reads as text and ruamel as booleans, which it then writes."""
NUMBER: Final = re.compile(
    r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+|\.[0-9_]+(?:[eE][-+][0-9]+)?"
)
"""Words that ruamel reads as numbers with a point.

PyYAML wants digits before the point and behind it, and a sign behind ``e``.
"""
WHOLE: Final = re.compile(r"[-+]_[0-7_]*")
"""Words that ruamel reads as whole numbers; it fails where no digit comes at all."""
