"""The source that the agent's own installer notes in the manifest of a profile."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.world.files import read_file


def noted_in(home: Path) -> str:
    """The source of a home; empty if none is noted there, as in a package that its user began, or it can't be read."""
    try:
        data = load_data(read_file(home / MANIFEST), Kind.YAML)
    except (OSError, Invalid):
        return ""
    source = data.get("source") if isinstance(data, dict) else None
    return source.strip() if isinstance(source, str) else ""
