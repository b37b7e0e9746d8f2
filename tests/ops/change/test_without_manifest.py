"""A source without a manifest is told as what it looks like, with the command that serves there."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from gitrepo import GIT, Repo
from machines import Machine

from hermes_dist.errors import DistError
from hermes_dist.model.source import parse_source
from hermes_dist.ops.authoring import author
from hermes_dist.ops.change.without_manifest import _skills

SKILL = "---\nname: x\ndescription: X.\n---\nDo.\n"


def refused(machine: Machine, source: str) -> DistError:
    with pytest.raises(DistError) as caught:
        machine.install(source)
    assert "there is no distribution.yaml" in str(caught.value)
    return caught.value


@pytest.fixture
def ada(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "ada")


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        (
            {"SOUL.md": "Soul.\n", "config.yaml": "model: {}\n"},
            (
                "it looks like a profile without a manifest; go on with: git clone {url} FOLDER; "
                "hermes-dist init ./FOLDER/; hermes-dist install ./FOLDER"
            ),
        ),
        (
            {"profiles/a/SOUL.md": "A.\n", "profiles/b/SOUL.md": "B.\n", "README.md": "R\n"},
            (
                "it looks like 2 profiles without manifests in profiles/a, profiles/b; go on with: "
                "git clone {url} FOLDER; "
                "hermes-dist init ./FOLDER/profiles/a/; hermes-dist install ./FOLDER/profiles/a"
            ),
        ),
        (
            {f"skills/{name}/SKILL.md": SKILL for name in ("one", "two", "three")},
            (
                "it is a collection of 3 skills, not a profile; "
                "copy the folders of those that you want into skills/ of a profile"
            ),
        ),
        (
            {"SKILL.md": SKILL},
            "it is a skill, not a profile; copy the folders of those that you want into skills/ of a profile",
        ),
        (
            {"main.py": "print()\n"},
            "it is not a Hermes Agent distribution; authors begin one with: hermes-dist init FOLDER/",
        ),
    ],
)
def test_what_it_looks_like(ada: Machine, tmp_path: Path, files: dict[str, str], hint: str) -> None:
    repo = Repo(tmp_path / "r.git", bare=True)
    repo.commit(files)
    url = f"file://{repo.path}"
    assert refused(ada, url).hint == hint.format(url=url)


def test_the_commands_for_a_profile_lead_to_an_install(ada: Machine, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r.git", bare=True)
    repo.commit({"SOUL.md": "Soul.\n", "skills/x/SKILL.md": SKILL})
    commands = refused(ada, f"file://{repo.path}").hint.partition("go on with: ")[2].split("; ")
    clone, init, install = (shlex.split(command) for command in commands)
    subprocess.run([GIT, *clone[1:]], cwd=tmp_path, check=True, capture_output=True)
    folder = tmp_path / init[2]
    place = author.place_of(ada.ctx, f"{folder}/")
    made = author.draft(ada.ctx, place, author.Draft(name="", description="A bot.", license="MIT"))
    author.write_manifest(ada.ctx, place, made)
    ada.install(str(tmp_path / install[2]))
    assert ada.read("SOUL.md") == "Soul.\n"


def test_a_folder_and_an_archive(ada: Machine, tmp_path: Path) -> None:
    folder = tmp_path / "my bot"
    folder.mkdir()
    (folder / "SOUL.md").write_text("Soul.\n")
    hint = refused(ada, str(folder)).hint
    assert hint.endswith(
        f"go on with: hermes-dist init '{folder}/'; hermes-dist install '{folder}'"
    )
    shutil.make_archive(str(tmp_path / "bot"), "gztar", tmp_path, "my bot")
    hint = refused(ada, str(tmp_path / "bot.tar.gz")).hint
    assert f"go on with: unpack {tmp_path}/bot.tar.gz as FOLDER; hermes-dist init ./FOLDER/" in hint


def test_a_skill_on_github_is_added_by_the_agents_own_command(ada: Machine) -> None:
    spec = parse_source("https://github.com/ada/skills.git")
    hint = _skills(ada.ctx, spec, [parse_source("./x//a/b").subfolder])
    assert hint == (
        "it is a skill, not a profile; add one to a profile with: "
        "hermes -p PROFILE skills install ada/skills/a/b"
    )


def test_a_list_of_packages_is_never_cut(ada: Machine, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r.git", bare=True)
    folders = [f"agents/bot-{n:02}" for n in range(45)]
    repo.commit({f"{folder}/distribution.yaml": f"name: {folder[7:]}\n" for folder in folders})
    hint = refused(ada, f"file://{repo.path}").hint
    assert [folder for folder in folders if f"file://{repo.path}//{folder}" not in hint] == []
