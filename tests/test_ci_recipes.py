"""The recipes for CI and Renovate are what their hosts accept, and run commands that work."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from hermes_dist.brand import HERMES
from hermes_dist.decide.leaving.draft import workflow_text

PAGE = (Path(__file__).parent.parent / "docs" / "howto" / "ci.md").read_text("utf-8")


def _block(title: str) -> str:
    """The file below a title of the page."""
    section = PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"```(?:yaml|json)\n(.*?)```", section, re.DOTALL)
    assert found
    return found[1]


RECIPES = {
    "vendor.github-workflows": workflow_text(HERMES.dist_command).decode(),
    "vendor.gitlab-ci": _block("GitLab"),
    # Forgejo and Gitea read the format of GitHub's workflows.
    "vendor.github-workflows forgejo": _block("Forgejo and Gitea"),
    "vendor.renovate": _block("New versions with Renovate"),
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_host_of_a_recipe_accepts_it(recipe: str, tmp_path: Path) -> None:
    schema = recipe.split(maxsplit=1)[0]
    file = tmp_path / ("renovate.json" if schema.endswith("renovate") else "recipe.yml")
    file.write_text(RECIPES[recipe], "utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_recipe_validates_the_folder_it_is_in() -> None:
    jobs = [
        yaml.safe_load(text)["jobs"]["validate"]["steps"][-1]["run"]
        for name, text in RECIPES.items()
        if "github-workflows" in name
    ]
    jobs.append(yaml.safe_load(RECIPES["vendor.gitlab-ci"])["validate"]["script"][-1])
    assert [shlex.split(line)[0].rpartition("/")[2] for line in jobs] == ["hermes-dist"] * 3
    assert [shlex.split(line)[1:] for line in jobs] == [["validate", "./"]] * 3


def test_renovate_finds_the_versions_that_the_page_names() -> None:
    ours, agents = json.loads(RECIPES["vendor.renovate"])["customManagers"]

    def found(manager: dict[str, list[str]], text: str) -> dict[str, str] | None:
        # Renovate writes the name of a group as JavaScript does.
        match = re.search(manager["matchStrings"][0].replace("(?<", "(?P<"), text)
        return match and match.groupdict()

    def covers(manager: dict[str, list[str]], path: str) -> bool:
        return any(re.search(each[1:-1], path) for each in manager["managerFilePatterns"])

    told = PAGE.split("## New versions with Renovate", 1)[1].partition("```json")[0]
    named = re.findall("`([^`]+)`", told)
    pinned = next(line for line in named if "==" in line)
    installed = next(line for line in named if "install github.com" in line)
    assert found(ours, pinned) == {"currentValue": "0.1.0"}
    assert found(agents, installed) == {"depName": "you/research-bot", "currentValue": "v1.2.0"}
    assert found(agents, "RUN hermes-dist install github.com/a/b//agents/x#v2.0 -y") == {
        "depName": "a/b",
        "currentValue": "v2.0",
    }
    assert found(agents, "hermes-dist install github.com/a/b@main") is None
    assert covers(ours, ".gitlab-ci.yml")
    assert covers(ours, ".forgejo/workflows/validate.yml")
    assert covers(ours, ".github/workflows/validate.yml")
    assert not covers(ours, "docs/notes.md")
    assert covers(agents, "deploy/Dockerfile")
    assert covers(agents, "setup.sh")
