"""What the agent loads from a home by itself waits, although nothing in the package names it."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.effects import find_effects
from hermes_dist.decide.consent.loaded_by_agent import loaded_by_agent
from hermes_dist.decide.consent.mentions import Names
from hermes_dist.model.tree import EMPTY

LOADED = [
    {"argparse/__init__.py"},
    {"hermes_cli/__init__.py", "hermes_cli/main.py", "hermes_cli/deep/data.txt"},
    {"Argparse/__INIT__.PY"},
    {"cron/__init__.py", "cron/jobs.py"},
    {"plugins/__init__.py"},
    {"fast/__init__.cpython-311-x86_64-linux-gnu.so"},
    {"sitecustomize.py"},
    {"json.so"},
    {"browser_harness/run.py"},
    {"piper/download_voices/__main__.py"},
    {"locales/en.yaml"},
]
NOT_LOADED = [
    {"servers/main.py"},
    {"servers/web/__init__.py", "servers/web/main.py"},
    {"scripts/watch.py", "scripts/lib/__init__.py"},
    {"skills/find/scripts/find.py"},
    {"src/app.py", "src/app_test.py"},
    {"docs/__init__.md", "docs/__init__"},
    {"data/en.yaml"},
    {"SOUL.md", "notes.md"},
]


def names_of(paths: set[str]) -> Names:
    return Names(Shelf().tree(dict.fromkeys(paths, "x")))


@pytest.mark.parametrize("paths", LOADED, ids=sorted)
def test_what_comes_before_an_installed_module_is_found(paths: set[str]) -> None:
    assert set(map(str, loaded_by_agent(names_of(paths)))) == paths


@pytest.mark.parametrize("paths", NOT_LOADED, ids=sorted)
def test_what_an_author_keeps_beside_the_skills_is_not(paths: set[str]) -> None:
    assert loaded_by_agent(names_of(paths)) == []


def asked(files: dict[str, str], before: dict[str, str] | None = None) -> list[str]:
    shelf = Shelf()
    ours = shelf.tree(before) if before else EMPTY
    there = shelf.tree({"SOUL.md": "# Bot\n", **files})
    return sorted(str(effect.path) for effect in find_effects(ours, there, there, shelf.read))


@pytest.mark.parametrize("paths", LOADED, ids=sorted)
def test_it_asks_when_it_is_new_and_when_it_changes(paths: set[str]) -> None:
    assert set(asked(dict.fromkeys(paths, "x"))) == paths
    changed = dict.fromkeys(paths, "y")
    assert set(asked(changed, dict.fromkeys(paths, "x"))) == paths
    assert asked(changed, changed) == []


@pytest.mark.parametrize(
    "path",
    ["uv.toml", "package.json", ".bashrc", "sitecustomize.py", "Makefile", ".venv/bin/python"],
)
def test_what_tools_look_for_in_their_folder_asks(path: str) -> None:
    assert asked({path: "x"}) == [path]


@pytest.mark.parametrize(
    "path", ["notes.md", "picture.png", "ring.mp3", "data/uv.toml", "LICENSE", ".no-bundled-skills"]
)
def test_texts_and_pictures_do_not(path: str) -> None:
    assert asked({path: "x"}) == []


def test_a_skin_asks_only_if_it_changes_how_windows_look() -> None:
    assert asked({"skins/dark.yaml": "name: dark\ncolors: {a: '#000'}\n"}) == []
    assert asked({"skins/dark.yaml": "name: dark\ncustomCSS: 'a{}'\n"}) == ["skins/dark.yaml"]
    assert asked({"skins/dark.yaml": "customCSS: ["}) == ["skins/dark.yaml"]
    assert asked({"skins/dark.yaml": 'name: dark\n"custom\\x43SS": "a{}"\n'}) == ["skins/dark.yaml"]
