"""Two roots of one user have a profile of the same name: each command changes only what belongs to its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hermes_dist.brand import HERMES, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.profiles.doctor import doctor
from hermes_dist.ops.profiles.lifecycle import create, rename
from hermes_dist.ops.profiles.trash_and_archive import leaving, put_away, stored_profiles
from hermes_dist.voice.notes import sentences
from hermes_dist.world.agent import gateways, processes
from hermes_dist.world.agent.services import home_in, is_own

CODER = ProfileName("coder")
UNIT = """[Service]
ExecStart=/x/python -m hermes_cli.main --profile coder gateway run
WorkingDirectory={home}
Environment="HERMES_HOME={home}"
"""


def context(root: Path, user_home: Path) -> Context:
    return Context(HERMES, Layout(HERMES, root, user_home), {"PATH": "/usr/bin:/bin"})


@pytest.fixture
def usual(home: Path) -> Context:
    ctx = context(home / ".hermes", home)
    create(ctx, "coder")
    return ctx


@pytest.fixture
def other(usual: Context, tmp_path: Path) -> Context:
    ctx = context(tmp_path / "brand root", usual.layout.user_home)
    create(ctx, "coder")
    return ctx


def unit_of(ctx: Context, of: Context) -> Path:
    """The user's one unit of that name, which serves the profile of one of the two roots."""
    unit = ctx.layout.service_files(CODER)[0]
    wanted = unit.parent / "default.target.wants" / unit.name
    wanted.parent.mkdir(parents=True, exist_ok=True)
    unit.write_text(UNIT.format(home=of.layout.home(CODER)))
    wanted.symlink_to(unit)
    return unit


@pytest.mark.parametrize("renames", [True, False])
@pytest.mark.parametrize("usual_acts", [True, False])
def test_the_unit_and_command_of_the_other_root_stay_and_are_told(
    usual_acts: bool, renames: bool, usual: Context, other: Context
) -> None:
    acts, rests = (usual, other) if usual_acts else (other, usual)
    unit = unit_of(acts, rests)
    text = unit.read_bytes()
    command = acts.layout.alias("coder")
    if usual_acts:
        aliases.remove(usual.layout, "coder")
        aliases.write(other.layout, aliases.plan(other.layout, CODER, env=other.env))
    script = command.read_bytes()
    facts = leaving(acts, CODER, "deleted")
    assert (facts.commands, facts.services) == ((), ())
    assert not processes.is_enabled(acts.layout, CODER)
    assert processes.is_enabled(rests.layout, CODER)
    assert gateways.services(acts.layout, CODER) == []
    assert not gateways.at_login(acts.layout, CODER)
    if renames:
        notes = rename(acts, "coder", "writer").notes
        assert acts.layout.home(ProfileName("writer")).is_dir()
    else:
        notes = put_away(acts, CODER, "trash").notes
        assert [each.name for each in stored_profiles(acts)] == [CODER]
    told = [note for note in notes if note.kind is NoteKind.OF_OTHER_ROOT]
    assert [note.where for note in told] == [str(command), str(unit)]
    assert "belongs to another profile coder below" in next(iter(sentences(told)))
    assert unit.read_bytes() == text
    assert command.read_bytes() == script
    assert (unit.parent / "default.target.wants" / unit.name).is_symlink()
    assert rests.layout.home(CODER).is_dir()
    assert stored_profiles(rests) == []
    assert [each.kind for each in doctor(acts).findings if each.kind.startswith("dangling")] == []


def test_an_own_unit_and_command_still_follow(other: Context, usual: Context) -> None:
    put_away(usual, CODER, "trash")
    aliases.write(other.layout, aliases.plan(other.layout, CODER, env=other.env))
    unit_of(other, other)
    done = rename(other, "coder", "writer")
    assert done.commands == ("writer",)
    (service,) = done.services
    assert home_in(Path(service).read_text(), "HERMES_HOME") == str(done.path)
    script = other.layout.alias("writer").read_text()
    assert home_in(script, "HERMES_HOME") == str(other.layout.root)
    assert [note for note in done.notes if note.kind is NoteKind.OF_OTHER_ROOT] == []


def test_a_unit_of_the_other_root_under_the_new_name_is_not_overwritten(
    usual: Context, other: Context
) -> None:
    writer = ProfileName("writer")
    create(other, "writer", alias=False)
    theirs = usual.layout.service_files(writer)[0]
    unit_of(usual, usual)
    theirs.write_text(UNIT.format(home=other.layout.home(writer)))
    text = theirs.read_bytes()
    notes = rename(usual, "coder", "writer").notes
    assert str(theirs) in [note.where for note in notes]
    assert theirs.read_bytes() == text
    assert not is_own(usual.layout, writer, theirs)


def test_a_command_of_another_root_is_neither_taken_nor_removed(
    usual: Context, other: Context
) -> None:
    script = usual.layout.alias("coder").read_bytes()
    for act in (
        lambda: aliases.plan(other.layout, CODER, env=other.env),
        lambda: aliases.remove(other.layout, "coder"),
    ):
        with pytest.raises(Invalid, match="another root"):
            act()
    assert usual.layout.alias("coder").read_bytes() == script
    assert aliases.listed(other.layout) == ()


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ('Environment="HERMES_HOME=/a b/c"\n', "/a b/c"),
        ("Environment=HERMES_HOME=/a/100%%\n", "/a/100%"),
        ("HERMES_HOME='/a b'; export HERMES_HOME\n", "/a b"),
        ('export HERMES_HOME="/a b"\n', "/a b"),
        ("<key>HERMES_HOME</key>\n  <string>/a&amp;b</string>", "/a&b"),
        ("MY_HERMES_HOME=/a\n", ""),
        ("", ""),
    ],
)
def test_the_home_that_a_text_sets_is_read_in_every_spelling(text: str, home: str) -> None:
    assert home_in(text, "HERMES_HOME") == home


@pytest.mark.parametrize("usual_acts", [True, False])
def test_the_block_of_the_memory_service_stays_for_the_profile_of_the_other_root(
    usual: Context, other: Context, usual_acts: bool
) -> None:
    peers = usual.layout.user_home / ".honcho" / "config.json"
    peers.parent.mkdir()
    peers.write_text('{"hosts": {"hermes_coder": {"workspace": "w"}}}\n')
    acting = usual if usual_acts else other
    if usual_acts:
        unit_of(usual, other)  # what tells of a root that may be anywhere
    rename(acting, "coder", "tester")
    assert json.loads(peers.read_text())["hosts"] == {
        "hermes_coder": {"workspace": "w"},
        "hermes_tester": {"workspace": "w", "aiPeer": "coder"},
    }
    rename(acting, "tester", "third")
    assert set(json.loads(peers.read_text())["hosts"]) == {"hermes_coder", "hermes_third"}


def test_the_block_moves_where_no_other_root_has_the_name(usual: Context) -> None:
    peers = usual.layout.user_home / ".honcho" / "config.json"
    peers.parent.mkdir()
    peers.write_text('{"hosts": {"hermes_coder": {"workspace": "w"}}}\n')
    rename(usual, "coder", "tester")
    assert set(json.loads(peers.read_text())["hosts"]) == {"hermes_tester"}
