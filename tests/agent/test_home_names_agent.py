"""Every name that the agent looks for in a home is the machine's, or one that asks, or one that only says something."""

from __future__ import annotations

import re
from pathlib import Path

from hermes_dist.agents.places import SHARED_FILES, SHARED_FOLDERS
from hermes_dist.decide.ownership import is_machine
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath

LOOKED_UP = re.compile(r'get_(?:process_)?hermes_home\(\)(?:\.resolve\(\))?((?:\s*/\s*"[^"\n]+")+)')
ROOMS = ("hermes_cli", "gateway", "agent", "tools", "plugins", "cron")
HARMLESS = {"archive", "images", "pets", "skill-bundles"}
"""Pictures, texts for the model, and what was put aside: nothing of them is run."""


def test_whatever_the_agent_looks_for_in_a_home_has_a_class(agent_venv: Path) -> None:
    site = next(agent_venv.glob("lib/python3*/site-packages"))
    names = sorted({name for file in sources(site) for name in looked_up(file)})
    assert len(names) > 80
    free = [name for name in names if not is_machine(name) and str(name) not in SHARED_FILES]
    assert [str(name) for name in free if name.top not in {*HARMLESS, *SHARED_FOLDERS}] == []
    deeper = {
        "/".join(name.parts[:2]) for name in free if name.top in SHARED_FOLDERS and "/" in name
    }
    assert deeper <= {
        "cron/jobs.json",
        "plugins/hermes-achievements",
        "plugins/model-providers",
    }  # plugins ask


def sources(site: Path) -> list[Path]:
    return [*site.glob("*.py"), *(file for room in ROOMS for file in (site / room).rglob("*.py"))]


def looked_up(file: Path) -> list[RelPath]:
    """The places below a home that a file names in one expression."""
    chains = LOOKED_UP.findall(file.read_text("utf-8", "replace"))
    found = ["/".join(re.findall(r'"([^"]+)"', chain)) for chain in chains]
    return [path for name in found if (path := _path(name)) is not None]


def _path(name: str) -> RelPath | None:
    try:
        return RelPath(name)
    except Invalid:
        return None
