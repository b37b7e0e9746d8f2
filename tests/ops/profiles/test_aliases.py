"""Aliases on disk, run by a real sh."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hermes_dist.brand import BRANDS, HERMES, Brand, Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.profiles import aliases

CODER = ProfileName("coder")
SYSTEM = "/usr/bin:/bin"
TELL = '#!/bin/sh\nprintf "%s:" "$0" "$@"\n'


@pytest.fixture
def layout(home: Path) -> Layout:
    return Layout(HERMES, home / ".hermes", home)


def program(path: Path, text: str = TELL) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def wrapper(profile: str) -> str:
    return f'#!/bin/sh\nexec /opt/hermes -p {profile} "$@"\n'


def env(layout: Layout, *folders: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join([*map(str, folders), str(layout.commands), SYSTEM])}


def make(layout: Layout, profile: str, name: str | None = None) -> aliases.Alias:
    return aliases.write(layout, aliases.plan(layout, ProfileName(profile), name, env=env(layout)))


@pytest.mark.parametrize("brand", BRANDS, ids=lambda brand: brand.name)
def test_an_alias_starts_its_profile_with_the_command_found_at_run_time(
    home: Path, tmp_path: Path, brand: Brand
) -> None:
    layout = Layout(brand, home / brand.root_name, home)
    alias = make(layout, "coder", "my-bot")
    for folder in ("one", "two"):
        command = program(tmp_path / folder / brand.name)
        done = subprocess.run(
            ["my-bot", "chat", "two words", "", "-p", "*"],
            env=env(layout, command.parent),
            capture_output=True,
            text=True,
            check=True,
            executable=str(alias.path),
        )
        assert done.stdout == f"{command}:-p:coder:chat:two words::-p:*:"


def test_without_the_command_on_path_the_launcher_serves_else_it_says_so(layout: Layout) -> None:
    alias = make(layout, "coder")
    bare = {"PATH": SYSTEM}
    done = subprocess.run([str(alias.path)], env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 127
    assert done.stderr == "no hermes command is on PATH, so the profile coder can't be started\n"
    program(layout.launcher)
    done = subprocess.run(
        [str(alias.path), "x"], env=bare, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{layout.launcher}:-p:coder:x:"


def test_planning_changes_nothing_and_tells_whether_the_command_will_be_found(
    layout: Layout,
) -> None:
    planned = aliases.plan(layout, CODER, env=env(layout))
    assert (planned.alias.name, planned.on_path, planned.replaces) == ("coder", True, None)
    assert not layout.commands.exists()
    assert not aliases.plan(layout, CODER, env={"PATH": SYSTEM}).on_path


def test_writing_twice_leaves_the_file_alone(layout: Layout) -> None:
    before = make(layout, "coder").path.stat()
    after = make(layout, "coder").path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert after.st_mode & 0o777 == 0o755


def test_the_agents_wrapper_of_the_same_profile_is_taken_over(layout: Layout) -> None:
    program(layout.alias("coder"), wrapper("coder"))
    planned = aliases.plan(layout, CODER, env=env(layout))
    assert planned.replaces == aliases.Alias("coder", CODER, layout.alias("coder"), ours=False)
    aliases.write(layout, planned)
    assert aliases.of_profile(layout, CODER) == (planned.alias,)


def test_foreign_files_links_and_programs_elsewhere_keep_their_names(
    layout: Layout, tmp_path: Path
) -> None:
    mine = program(layout.alias("mine"), "#!/bin/sh\necho mine\n")
    layout.alias("dangling").symlink_to("nowhere")
    elsewhere = program(tmp_path / "bin" / "tool-x")
    layout.alias("folder").mkdir()
    for name in ("mine", "dangling", "folder"):
        with pytest.raises(Invalid, match="not an alias"):
            aliases.plan(layout, CODER, name, env=env(layout), replace=True)
        with pytest.raises(Invalid, match="not an alias"):
            aliases.remove(layout, name)
    with pytest.raises(Invalid, match="shadow"):
        aliases.plan(layout, CODER, "tool-x", env=env(layout, elsewhere.parent))
    assert mine.read_text() == "#!/bin/sh\necho mine\n"
    assert layout.alias("dangling").is_symlink()


def test_a_file_that_came_between_planning_and_writing_is_kept(layout: Layout) -> None:
    planned = aliases.plan(layout, CODER, env=env(layout))
    program(layout.alias("coder"), "#!/bin/sh\necho mine\n")
    with pytest.raises(Invalid, match="taken the name"):
        aliases.write(layout, planned)
    assert "mine" in layout.alias("coder").read_text()


@pytest.mark.parametrize("name", ["../x", "", "-p", "a/b", "a b", ".hidden", "x\n"])
def test_a_name_that_is_no_command_is_refused_everywhere(layout: Layout, name: str) -> None:
    with pytest.raises(Invalid):
        aliases.plan(layout, CODER, name, env=env(layout))
    with pytest.raises(Invalid):
        aliases.remove(layout, name)


def test_an_alias_of_another_profile_is_taken_over_only_on_demand(layout: Layout) -> None:
    make(layout, "writer", "bot")
    with pytest.raises(Invalid, match="already starts the profile 'writer'"):
        make(layout, "coder", "bot")
    planned = aliases.plan(layout, CODER, "bot", env=env(layout), replace=True)
    aliases.write(layout, planned)
    assert [alias.profile for alias in aliases.listed(layout)] == [CODER]


def test_listing_knows_both_kinds_and_nothing_else(layout: Layout) -> None:
    assert aliases.listed(layout) == ()
    make(layout, "coder")
    make(layout, "coder", "my-bot")
    program(layout.alias("writer"), wrapper("writer"))
    program(layout.alias("script"), "#!/bin/sh\necho no\n")
    program(layout.launcher, "#!/bin/sh\nexec hermes -p coder\n")
    layout.alias("binary").write_bytes(b"\x7fELF\x00hermes -p coder " * 1000)
    layout.alias("notes").write_text("type hermes -p coder to start\n")
    assert [(a.name, a.profile, a.ours) for a in aliases.listed(layout)] == [
        ("coder", "coder", True),
        ("my-bot", "coder", True),
        ("writer", "writer", False),
    ]
    assert [a.name for a in aliases.of_profile(layout, CODER)] == ["coder", "my-bot"]


def test_removing_takes_ours_and_the_agents_and_says_what_went(layout: Layout) -> None:
    made = make(layout, "coder")
    program(layout.alias("writer"), wrapper("writer"))
    assert aliases.remove(layout, "coder") == made
    gone = aliases.remove(layout, "writer")
    assert gone is not None
    assert not gone.ours
    assert aliases.remove(layout, "coder") is None
    assert list(layout.commands.iterdir()) == []
