"""The front door: put in place, taken away, and what its launcher does, through a real sh."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hermes_dist.brand import AIGENLABS, BRANDS, HERMES, Brand, Layout
from hermes_dist.decide.profiles.launcher import front_door_script
from hermes_dist.errors import Invalid
from hermes_dist.ops.front_door import launcher as front_door
from hermes_dist.ops.front_door.launcher import RemovalOutcome
from hermes_dist.world.agent.front_door import read_doors

TELL = '#!/bin/sh\nprintf "%s:" "$0" "$@"\n'


@pytest.fixture
def layout(home: Path) -> Layout:
    return Layout(HERMES, home / ".hermes", home)


def program(path: Path, text: str = TELL, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def run(program: Path, *args: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *args], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("brand", BRANDS, ids=lambda brand: brand.name)
def test_it_goes_to_an_empty_place_and_away_again(home: Path, brand: Brand) -> None:
    layout = Layout(brand, home / brand.root_name, home)
    shown = front_door.plan(layout)
    assert (shown.replaces, shown.ours, shown.changes) == ("", False, True)
    assert not layout.launcher.exists()
    assert front_door.install(layout) == shown
    assert layout.launcher.read_text() == shown.text
    assert f"--front-door={brand.name}" in shown.text
    assert "hermes_dist" in shown.text
    assert os.access(layout.launcher, os.X_OK)
    (gone,) = front_door.remove(layout)
    assert gone.outcome is RemovalOutcome.REMOVED
    assert not layout.launcher.exists()
    assert not layout.front_door_state.exists()
    assert front_door.remove(layout) == ()


def test_a_link_is_replaced_not_followed_and_put_back_as_it_was(layout: Layout) -> None:
    target = program(layout.agent_venvs()[0])
    layout.commands.mkdir(parents=True)
    layout.launcher.symlink_to(os.path.relpath(target, layout.commands))
    written = os.readlink(layout.launcher)
    assert front_door.plan(layout).replaces == f"a link to {written}"
    front_door.install(layout)
    assert not layout.launcher.is_symlink()
    assert target.read_text() == TELL
    (back,) = front_door.remove(layout)
    assert (back.outcome, back.former) == (RemovalOutcome.RESTORED, f"a link to {written}")
    assert os.readlink(layout.launcher) == written


def test_a_file_is_moved_aside_and_put_back_byte_for_byte(layout: Layout) -> None:
    program(layout.launcher, "#!/bin/sh\n# \xff mine\n", 0o711)
    before = layout.launcher.read_bytes()
    assert front_door.plan(layout).replaces == "a file"
    front_door.install(layout)
    former = read_doors(layout)[layout.launcher]
    assert former is not None
    aside = Path(former.path)
    assert aside.is_relative_to(layout.shared)
    assert aside.read_bytes() == before
    assert os.access(aside, os.X_OK)
    (back,) = front_door.remove(layout)
    assert back.outcome is RemovalOutcome.RESTORED
    assert layout.launcher.read_bytes() == before
    assert layout.launcher.stat().st_mode & 0o777 == 0o711
    assert not aside.exists()


def test_installing_twice_changes_nothing_and_keeps_what_was_replaced(layout: Layout) -> None:
    program(layout.launcher)
    front_door.install(layout)
    before = layout.launcher.stat().st_mtime_ns, layout.launcher.stat().st_ino, read_doors(layout)
    again = front_door.install(layout)
    assert (again.ours, again.changes, again.replaces) == (True, False, "")
    assert (
        layout.launcher.stat().st_mtime_ns,
        layout.launcher.stat().st_ino,
        read_doors(layout),
    ) == before
    front_door.remove(layout)
    assert layout.launcher.read_text() == TELL


def test_a_front_door_of_another_installation_is_refreshed_and_the_former_command_stays_remembered(
    layout: Layout,
) -> None:
    program(layout.launcher)
    front_door.install(layout)
    layout.launcher.write_text(front_door_script(HERMES, "/gone/python", "/gone/__main__.py", []))
    again = front_door.install(layout)
    assert (again.ours, again.changes) == (True, True)
    assert layout.launcher.read_text() == again.text
    front_door.remove(layout)
    assert layout.launcher.read_text() == TELL


def test_what_somebody_else_put_there_since_is_left_alone(layout: Layout) -> None:
    program(layout.launcher)
    front_door.install(layout)
    program(layout.launcher, "#!/bin/sh\necho newer agent\n")
    (left,) = front_door.remove(layout)
    assert left.outcome is RemovalOutcome.FOREIGN
    assert "newer agent" in layout.launcher.read_text()
    aside = left.former.removeprefix("a file, kept as ")
    assert Path(aside).read_text() == TELL


def test_a_deleted_front_door_gives_the_former_command_back(layout: Layout) -> None:
    program(layout.launcher)
    front_door.install(layout)
    layout.launcher.unlink()
    (back,) = front_door.remove(layout)
    assert back.outcome is RemovalOutcome.RESTORED
    assert layout.launcher.read_text() == TELL


def test_two_front_doors_are_remembered_apart(layout: Layout, tmp_path: Path) -> None:
    program(tmp_path / "one" / "hermes", "#!/bin/sh\necho one\n")
    program(tmp_path / "two" / "hermes", "#!/bin/sh\necho two\n")
    for name in ("one", "two"):
        front_door.install(layout, tmp_path / name)
    assert [gone.launcher for gone in front_door.remove(layout, tmp_path / "two")] == [
        tmp_path / "two" / "hermes"
    ]
    assert "echo two" in (tmp_path / "two" / "hermes").read_text()
    (gone,) = front_door.remove(layout)
    assert gone.launcher == tmp_path / "one" / "hermes"
    assert "echo one" in gone.launcher.read_text()


def test_a_lost_state_still_lets_the_front_door_go(layout: Layout) -> None:
    front_door.install(layout)
    layout.front_door_state.unlink()
    (gone,) = front_door.remove(layout)
    assert gone.outcome is RemovalOutcome.REMOVED
    program(layout.launcher)
    assert front_door.remove(layout) == ()
    assert layout.launcher.read_text() == TELL


def test_a_folder_in_its_place_and_a_broken_state_are_sentences(layout: Layout) -> None:
    layout.launcher.mkdir(parents=True)
    with pytest.raises(Invalid, match="there is a folder where"):
        front_door.install(layout)
    layout.launcher.rmdir()
    layout.shared.mkdir(parents=True)
    for text in (
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 1, "doors": {"/x": 3}}',
        '{"format": 2, "doors": {}}',
    ):
        layout.front_door_state.write_text(text)
        with pytest.raises(Invalid):
            front_door.remove(layout)
        assert layout.front_door_state.read_text() == text


def test_the_status_tells_what_the_command_starts(layout: Layout, tmp_path: Path) -> None:
    real = program(tmp_path / "opt" / "hermes")
    env = {"PATH": f"{layout.commands}:{real.parent}", "HERMES_AGENT_BIN": str(real)}
    before = front_door.status(layout, env)
    assert (before.doors, before.command, before.active) == ((), real, False)
    front_door.install(layout)
    after = front_door.status(layout, env)
    assert (after.command, after.active) == (layout.launcher, True)
    assert after.agent is not None
    assert after.agent.argv == (str(real),)
    assert [(door.launcher, door.stands, door.former) for door in after.doors] == [
        (layout.launcher, True, "")
    ]
    program(layout.launcher)
    assert [door.stands for door in front_door.status(layout, env).doors] == [False]


# The launcher itself


@pytest.mark.parametrize("gone", ["python", "package"])
def test_without_us_the_launcher_says_so_and_goes_on_with_what_it_replaced(
    layout: Layout, tmp_path: Path, gone: str
) -> None:
    other = program(tmp_path / "with space" / "hermes")
    former = program(tmp_path / "opt" / "hermes")
    missing = str(tmp_path / "missing")
    python, package = (missing, __file__) if gone == "python" else (sys.executable, missing)
    env = {"PATH": f"{layout.commands}:{other.parent}:/usr/bin:/bin", "HOME": str(layout.user_home)}
    for behind, reached in (([str(former)], former), ([], other)):
        program(layout.launcher, front_door_script(HERMES, python, package, behind))
        done = run(layout.launcher, "chat", "two words", "*", env=env)
        assert done.stdout == f"{reached}:chat:two words:*:"
        assert (
            done.stderr == f"hermes: hermes-dist is gone from {python}; going on with {reached}\n"
        )
        assert done.returncode == 0
    named = program(tmp_path / "named")
    done = run(layout.launcher, "x", env={**env, "HERMES_AGENT_BIN": str(named)})
    assert done.stdout == f"{named}:x:"


def test_without_us_and_without_an_agent_the_launcher_ends_with_127_and_one_sentence(
    layout: Layout, tmp_path: Path
) -> None:
    program(layout.launcher, front_door_script(HERMES, "/gone/python", "/gone/x", []))
    program(tmp_path / "two" / "hermes", layout.launcher.read_text())
    done = run(
        layout.launcher, "chat", env={"PATH": f"{layout.commands}:{tmp_path / 'two'}:/usr/bin:/bin"}
    )
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.count("\n") == 1
    assert "no Hermes Agent was found" in done.stderr


def test_odd_places_are_quoted_in_the_launcher(tmp_path: Path) -> None:
    folder = tmp_path / "it's $HOME `x`"
    python = program(folder / "python")
    launcher = program(
        tmp_path / "hermes", front_door_script(AIGENLABS, str(python), str(python), [str(folder)])
    )
    done = run(launcher, "a b", env={"PATH": "/usr/bin:/bin"})
    assert done.stdout == f"{python}:-P:-m:hermes_dist:--front-door=aigenlabs:a b:"
