"""A first manifest: the variables that the files want, and a text that reads back whatever is in it."""

from __future__ import annotations

import pytest
import yaml
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from shelf import Shelf

from hermes_dist.decide.leaving.draft import (
    Draft,
    brought_by,
    manifest_text,
    variables_of,
    workflow_text,
)
from hermes_dist.model.documents.api import load_manifest_data
from hermes_dist.model.manifest import EnvVar, parse_manifest


def wanted(files: dict[str, object], hidden: tuple[str, ...] = ()) -> dict[str, EnvVar]:
    shelf = Shelf()
    return {var.name: var for var in variables_of(shelf.tree(files), shelf.read, hidden)}


def test_the_provider_of_the_model_wants_its_key() -> None:
    found = wanted({"config.yaml": "model: {provider: OpenRouter}\n"})
    assert found == {
        "OPENROUTER_API_KEY": EnvVar(
            "OPENROUTER_API_KEY", "Key for the model provider named in config.yaml"
        )
    }


@pytest.mark.parametrize(
    "config",
    ["model: {provider: nobody}\n", "model: x\n", "- a\n", "a: [\n", "model: {provider: 7}\n", ""],
)
def test_a_provider_that_nobody_knows_wants_none(config: str) -> None:
    assert wanted({"config.yaml": config}) == {}


def test_a_variable_is_required_where_one_place_needs_it_and_a_program_does_not_count() -> None:
    files = {
        "config.yaml": "a: ${ONE:-x}\nb: ${TWO:-x}\n",
        "cron/a.yaml": "prompt: ${TWO}\n",
        "scripts/a.py": "os.environ['ONE']",
    }
    found = wanted(files)
    assert {name: var.required for name, var in found.items()} == {"ONE": False, "TWO": True}
    assert found["ONE"].description == found["TWO"].description == "Used in config.yaml"


def test_what_stood_for_a_secret_says_so_and_names_that_steer_programs_are_left_out() -> None:
    found = wanted(
        {"config.yaml": "a: ${MY_KEY}\n", "scripts/a.py": "os.environ['LD_PRELOAD']"}, ("MY_KEY",)
    )
    assert found == {"MY_KEY": EnvVar("MY_KEY", "Removed from the settings; fill in your own")}


def test_what_a_package_brings_is_named_at_its_root_without_the_machines_files_and_the_manifest() -> (
    None
):
    files = {
        "SOUL.md": "",
        "skills/a/SKILL.md": "",
        "skills/b/SKILL.md": "",
        "distribution.yaml": "",
        ".env": "",
        "sessions/x.json": "",
    }
    assert brought_by(Shelf().tree(files)) == ("SOUL.md", "skills/")


def test_a_bare_draft_is_a_manifest_with_examples_in_comments() -> None:
    text = manifest_text(Draft(name="bot"))
    assert yaml.safe_load(text) == {"name": "bot", "version": "0.1.0"}
    assert b"# description: " in text
    assert b"# env_requires:" in text


_LINE = st.text(st.characters(codec="utf-8"), max_size=12)


@settings(max_examples=examples(150), deadline=None)
@given(
    _LINE,
    _LINE,
    st.lists(
        st.tuples(st.sampled_from(["A_KEY", "B"]), _LINE, st.booleans()),
        max_size=2,
        unique_by=lambda row: row[0],
    ),
)
def test_law_whatever_is_in_a_draft_is_read_back_on_one_line(
    description: str, author: str, env: list[tuple[str, str, bool]]
) -> None:
    draft = Draft(
        name="bot", description=description, author=author, env=tuple(EnvVar(*row) for row in env)
    )
    data = yaml.safe_load(manifest_text(draft))
    assert data.get("description", "") == " ".join(description.split())
    assert data.get("author", "") == " ".join(author.split())
    rows = [
        (row["name"], row["description"], row["required"]) for row in data.get("env_requires", [])
    ]
    assert rows == [(name, " ".join(text.split()), required) for name, text, required in env]


def test_a_full_draft_is_a_manifest_of_ours() -> None:
    draft = Draft(
        name="bot",
        description='Says "a: b" # c',
        license="MIT",
        requires=">=0.18.0",
        env=(EnvVar("A_KEY", "For a.", required=False),),
    )
    manifest = parse_manifest(load_manifest_data(manifest_text(draft)))
    assert (manifest.name, manifest.description, manifest.license, manifest.hermes_requires) == (
        "bot",
        'Says "a: b" # c',
        "MIT",
        ">=0.18.0",
    )
    assert manifest.env == draft.env
    assert manifest.warnings == ()


def test_the_workflow_validates_with_the_given_command_and_may_read_only() -> None:
    data = yaml.safe_load(workflow_text("my-dist"))
    assert data["permissions"] == {"contents": "read"}
    assert data["jobs"]["validate"]["steps"][-1] == {"run": "my-dist validate ./"}


@pytest.mark.parametrize("word", ["1.10", "0.1.0", "1", "1e3", "0x1", "2026-01-01"])
def test_a_version_or_name_that_looks_like_a_number_is_read_back_as_it_was_given(word: str) -> None:
    made = yaml.safe_load(manifest_text(Draft(name=word, version=word)))
    assert (made["name"], made["version"]) == (word, word)
