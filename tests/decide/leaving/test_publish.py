"""What may leave a home: by permission, then by content; and what a version and a manifest become."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.leaving.publish import (
    bumped,
    changed_here,
    looked_for,
    never_received,
    permitted,
    with_fields,
    without_personal,
)
from hermes_dist.errors import Invalid, Refused, UsageError
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import EMPTY
from hermes_dist.voice.left_out import WORDS

OWNED = Manifest(name="bot", owned=(RelPath("SOUL.md"), RelPath("extra"), RelPath("memories")))


def test_a_manifest_says_where_to_look_and_never_at_the_machines_files() -> None:
    assert set(looked_for(OWNED)) == {"SOUL.md", "SOUL.md/x", "extra", "extra/x"}
    assert looked_for(None) == looked_for(Manifest(name="bot")) == EMPTY


@pytest.mark.parametrize(
    ("path", "manifest", "own", "reason"),
    [
        ("SOUL.md", None, False, ""),
        ("skills/mine/SKILL.md", None, False, "your own; not part of the package"),
        ("skills/mine/SKILL.md", None, True, ""),
        ("skills/shipped/SKILL.md", None, False, ""),
        ("cron/jobs.json", None, False, ""),
        (
            "notes/x.md",
            None,
            True,
            "a package does not ship this name unless distribution_owned lists it",
        ),
        ("extra/x.md", OWNED, True, ""),
        ("extra/x.md", OWNED, False, "your own; not part of the package"),
        ("skills/mine/SKILL.md", OWNED, True, "distribution_owned does not name it"),
        ("memories/MEMORY.md", OWNED, True, "belongs to this machine"),
        (".env", None, True, "belongs to this machine"),
        (".env.EXAMPLE", None, True, "serves as .env.EXAMPLE"),
        ("distribution.yaml", OWNED, False, ""),
    ],
)
def test_what_leaves_was_brought_is_shared_or_is_named(
    path: str, manifest: Manifest | None, own: bool, reason: str
) -> None:
    shelf = Shelf()
    base = shelf.tree({"skills/shipped/SKILL.md": "1", ".env": "even so"})
    goes, left = permitted(shelf.tree({path: "x"}), base, manifest, own=own)
    assert list(goes) == ([] if reason else [path])
    assert [(WORDS[one.why], one.files) for one in left] == ([(reason, 1)] if reason else [])


def test_what_stays_is_told_by_folder_and_counted() -> None:
    shelf = Shelf()
    found = shelf.tree(
        {
            "skills/mine/SKILL.md": "1",
            "skills/mine/a/b.md": "2",
            "skills/other/SKILL.md": "3",
            "x.bin": "4",
        }
    )
    own = Why.OWN
    assert permitted(found, EMPTY, None, own=False)[1] == (
        LeftOut("skills/mine/", own, 2),
        LeftOut("skills/other/", own, 1),
        LeftOut("x.bin", Why.NO_SHARED_NAME, 1),
    )


def test_settings_about_the_person_and_what_was_filled_in_go_back_to_the_packages() -> None:
    shelf = Shelf()
    received = shelf.tree({"config.yaml": "model: m\nkey: ${KEY}\n", "SOUL.md": "shipped"})
    home = shelf.tree(
        {
            "config.yaml": "model: n\nkey: sesame\ntelegram:\n  allowed_users: [7]\n  quiet: true\nterminal:\n  cwd: /x\n_config_version: 3\n",
            "SOUL.md": "kept",
        }
    )
    grafted, left = without_personal(
        home, received, ["SOUL.md", "gone.md", "config.yaml: model"], shelf.read
    )
    shelf.update(grafted.blobs)
    assert shelf.files(grafted.tree) == {
        "config.yaml": "model: m\nkey: ${KEY}\ntelegram:\n  quiet: true\n",
        "SOUL.md": "shipped",
    }
    assert {(one.path, WORDS[one.why]) for one in left} == {
        ("SOUL.md", "always kept on this machine"),
        ("config.yaml: model", "always kept on this machine"),
        ("config.yaml: key", "filled in here"),
        ("config.yaml: terminal.cwd", "about this machine or its user"),
        ("config.yaml: telegram.allowed_users", "about this machine or its user"),
        ("config.yaml: _config_version", "about this machine or its user"),
    }


def test_a_personal_setting_that_the_package_has_just_so_is_the_packages() -> None:
    shelf = Shelf()
    tree = shelf.tree({"config.yaml": "terminal:\n  cwd: .\n"})
    assert without_personal(tree, tree, [], shelf.read)[1] == ()


def test_changes_are_told_from_what_was_received() -> None:
    shelf = Shelf()
    received = shelf.tree({"a.md": "1", "gone.md": "1", "same.md": "1"})
    goes = shelf.tree({"a.md": "2", "same.md": "1", "new.md": "n"})
    assert changed_here(received, goes, received) == {
        "a.md": goes[RelPath("a.md")],
        "gone.md": None,
        "new.md": goes[RelPath("new.md")],
    }


def test_a_new_file_never_replaces_one_of_the_package_that_was_not_taken_in() -> None:
    shelf = Shelf()
    goes, repository = (
        shelf.tree({"hooks/x/HOOK.yaml": "mine"}),
        shelf.tree({"hooks/x/HOOK.yaml": "theirs"}),
    )
    with pytest.raises(Refused, match=r"hooks/x/HOOK\.yaml: made here") as caught:
        changed_here(EMPTY, goes, repository)
    assert "--only" in caught.value.hint
    assert changed_here(EMPTY, goes, goes) != {}


def test_what_was_left_out_at_the_installation_is_told_from_what_was_deleted() -> None:
    shelf = Shelf()
    placed = shelf.tree(
        {"config.yaml": "a: 1\nmcp_servers: {s: {command: x}}\n", "hooks/x/HOOK.yaml": "1"}
    )
    assert never_received(placed, shelf.tree({"config.yaml": "a: 1\n"}), shelf.read) == [
        ("hooks/x/HOOK.yaml", ""),
        ("config.yaml", "mcp_servers"),
    ]
    assert never_received(placed, placed, shelf.read) == []


@pytest.mark.parametrize(
    ("version", "part", "after"),
    [
        ("1.2.3", "patch", "1.2.4"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "major", "2.0.0"),
        ("", "minor", "0.1.0"),
        ("1", "patch", "1.0.1"),
        ("1.2.3-rc.1", "patch", "1.2.3"),
        ("1.2.0-rc.1", "minor", "1.2.0"),
        ("1.2.3-rc.1", "minor", "1.3.0"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("2.1.0-rc.1", "major", "3.0.0"),
    ],
)
def test_the_next_version(version: str, part: str, after: str) -> None:
    assert bumped(version, part) == after


def test_what_can_not_be_counted_on_is_refused() -> None:
    with pytest.raises(UsageError, match="--bump takes major, minor, patch"):
        bumped("1.0.0", "huge")
    with pytest.raises(UsageError, match="raise the version") as caught:
        bumped("newest", "patch")
    assert "--version" in caught.value.hint


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# a\nversion: 1.0.0 # now\nname: bot\n", "# a\nversion: 1.10.0 # now\nname: bot\n"),
        ('version:   "1.0.0"\nname: bot\n', "version:   1.10.0\nname: bot\n"),
        ("name: bot\nversion: 1.10.0\n", "name: bot\nversion: 1.10.0\n"),
    ],
)
def test_a_version_is_written_where_it_stands_and_every_other_byte_stays(
    before: str, after: str
) -> None:
    assert with_fields(before.encode(), "1.10.0", ()).decode() == after


def test_a_version_that_yaml_would_take_for_a_number_is_quoted_and_a_missing_one_added() -> None:
    assert with_fields(b"name: bot\nversion: 1.0\n", "1.10", ()) == b'name: bot\nversion: "1.10"\n'
    assert load_data(with_fields(b"name: bot\n", "1.0.0", ()), Kind.YAML) == {
        "name": "bot",
        "version": "1.0.0",
    }
    words = b"description: |\n  version: 9\nname: bot\nversion: 1.0.0\n"
    assert load_data(with_fields(words, "2.0.0", ()), Kind.YAML) == {
        "description": "version: 9\n",
        "name": "bot",
        "version": "2.0.0",
    }
    words = with_fields(b"name: bot\nversion: 1.0.0 beta # now\n", "2.0.0", ())
    assert load_data(words, Kind.YAML) == {"name": "bot", "version": "2.0.0"}


def test_new_variables_join_the_known_ones_once() -> None:
    text = b"name: bot\nenv_requires:\n  - name: OLD_KEY # mine\n    description: Old.\n"
    after = with_fields(text, "", ["OLD_KEY", "NEW_KEY"])
    assert b"# mine" in after
    data = load_data(after, Kind.YAML)
    assert isinstance(data, dict)
    assert [row["name"] for row in data["env_requires"]] == ["OLD_KEY", "NEW_KEY"]
    assert with_fields(after, "", ["NEW_KEY", "OLD_KEY"]) == after


@pytest.mark.parametrize("text", [b"- a\n", b"name: [\n", b""])
def test_a_manifest_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(Invalid):
        with_fields(text, "1.0.0", ())
