"""An ordinary update of a package that runs asks nothing but for what its jobs use."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.activate import switch_on
from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.granted import grant
from hermes_dist.decide.consent.switches import NO_MEMORY, ready_and_waiting
from hermes_dist.model.tree import EMPTY, Tree

EXAMPLES = Path(__file__).parents[3] / "examples"
USED = {
    "research-bot": {
        "skills/library/citation-keeper",
        "skills/research/literature-search",
        "skills/research/source-appraisal",
    },
    "coder": {"skills/engineering/dependency-upgrade", "skills/git/small-commits"},
}


def running(shelf: Shelf, name: str) -> Tree:
    """An example, all of it switched on."""
    folder = EXAMPLES / name
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    placed = shelf.place(files).tree
    waiting = find_effects(EMPTY, placed, placed, shelf.read)
    ready, _ = ready_and_waiting(waiting, grant(frozenset(), everything=True), NO_MEMORY)
    live = switch_on(placed, ready, shelf.read)
    shelf.update(live.blobs)
    return live.tree


@pytest.mark.parametrize("name", sorted(USED))
def test_each_file_of_an_example_asks_exactly_where_a_job_uses_it(name: str) -> None:
    shelf = Shelf()
    ours = running(shelf, name)
    texts = [
        path for path in ours if path not in ("config.yaml", "cron/jobs.json", "distribution.yaml")
    ]
    asked = set()
    for path in texts:
        after = ours.with_entries(shelf.tree({path: shelf.bytes_of(ours, path) + b"\nmore\n"}))
        asked |= {
            effect.path for effect in find_effects(ours, after, after, shelf.read) if not effect.off
        }
    assert asked == {path for path in texts if any(path.under(folder) for folder in USED[name])}
    assert len(asked) < len(texts)


def test_forty_skills_with_scripts_of_common_names_are_updated_around_a_running_server_and_job() -> (
    None
):
    shelf = Shelf()
    files: dict[str, object] = {
        "config.yaml": {
            "mcp_servers": {
                "s": {"command": "uv", "args": ["run", "${HERMES_HOME}/scripts/server.py"]},
                "far": {"command": "npx", "args": ["-y", "notion", "--header", "Bearer ${KEY}"]},
            }
        },
        "cron/jobs.json": {
            "jobs": [
                {
                    "id": "0" * 12,
                    "name": "j",
                    "prompt": "Use your skills.",
                    "script": "watch.sh",
                    "schedule": "every 2h",
                }
            ]
        },
        "scripts/server.py": "import json, config, utils\n",
        "scripts/watch.sh": "cd ~/work && python main.py\n",
    }
    for n in range(40):
        files |= {
            f"skills/c{n % 5}/s{n}/{name}": "import json\n"
            for name in ("SKILL.md", "scripts/run.py", "references/a.md", "config.json")
        }
    ours = shelf.tree(files)
    after = ours.with_entries(
        shelf.tree({path: "changed\n" for path in files if path.startswith("skills/")})
    )
    assert find_effects(ours, after, after, shelf.read) == ()
