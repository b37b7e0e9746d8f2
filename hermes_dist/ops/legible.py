"""Whether the agent can read the settings of a home."""

from __future__ import annotations

from pathlib import Path

from hermes_dist.errors import Invalid
from hermes_dist.model.documents import Kind, load_data

CONFIG = "config.yaml"


def settings_trouble(home: Path) -> str:
    """Say why the agent can't read the settings of a home, with line and column; empty where it can."""
    try:
        load_data((home / CONFIG).read_bytes(), Kind.YAML)
    except OSError:
        return ""
    except Invalid as err:
        return str(err)
    return ""
