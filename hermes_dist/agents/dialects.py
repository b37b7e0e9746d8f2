"""The YAML reader of each agent generation, and the plain words that some reader does not read as text."""

from __future__ import annotations

from typing import Final

from hermes_dist import lazily
from hermes_dist.light import StrEnum


class Dialect(StrEnum):
    """A reader of the agent's YAML."""

    PYYAML = "pyyaml"
    RUAMEL = "ruamel"


BARE: tuple[tuple[str, bool], ...] = (("y", True), ("Y", True), ("n", False), ("N", False))
"""Words that PyYAML reads as text and ruamel as booleans, which it then writes."""
NUMBER: Final = lazily.pattern(
    r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?[eE][-+]?[0-9]+|\.[0-9_]+(?:[eE][-+][0-9]+)?"
)
"""Words that ruamel reads as floats.

PyYAML requires digits before and after the point, and a sign after ``e``.
"""
WHOLE: Final = lazily.pattern(r"[-+]_[0-7_]*")
"""Words that ruamel reads as integers; it fails if there is no digit at all."""
