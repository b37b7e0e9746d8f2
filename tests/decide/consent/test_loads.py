"""The card of what does not run yet tells how many files its yes covers, and where they lie."""

from __future__ import annotations

from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.review import grouped, loads_of
from hermes_dist.model.facts import LOADS
from hermes_dist.model.tree import EMPTY

SERVER = {"command": "python", "args": ["scripts/web/run.py"], "enabled": False}


def test_a_waiting_server_tells_the_files_that_it_can_load_beside_its_command() -> None:
    shelf = Shelf()
    files = {
        "config.yaml": {"mcp_servers": {"web": SERVER}},
        "scripts/web/run.py": "x",
        "scripts/web/lib/a.py": "y",
    }
    there = shelf.tree(files)
    (group,) = grouped(find_effects(EMPTY, there, there, shelf.read))
    assert group.line == "python scripts/web/run.py"
    assert loads_of(group) == ((2, "scripts/web"),)


def test_what_loads_nothing_of_the_package_says_nothing() -> None:
    shelf = Shelf()
    there = shelf.tree(
        {
            "config.yaml": {
                "mcp_servers": {"web": {"command": "npx", "args": ["-y", "web"], "enabled": False}}
            }
        }
    )
    (group,) = grouped(find_effects(EMPTY, there, there, shelf.read))
    assert loads_of(group) == ()
    assert all(name != LOADS for effect in group.effects for name, _ in effect.facts)
