"""A source that is no package itself names what it holds further down, each with its source."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import Repo
from machines import Machine
from story import GO, yes

from hermes_dist.errors import DistError
from hermes_dist.ops.package.install import install

SKILL = "---\nname: x\ndescription: X.\n---\nDo.\n"
PLUGIN = '{"name": "p", "version": "1.0.0"}'


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
            {"profiles/a/SOUL.md": "A.\n", "profiles/b/SOUL.md": "B.\n", "README.md": "R\n"},
            (
                "it has 2 profiles further down; name the one that you want: "
                "{url}//profiles/a, {url}//profiles/b"
            ),
        ),
        (
            {
                "plugins/a/.claude-plugin/plugin.json": PLUGIN,
                "plugins/a/skills/x/SKILL.md": SKILL,
                "skills/y/SKILL.md": SKILL,
            },
            (
                "it has 1 plugin and 1 collection of skills further down; name the one that you want: "
                "{url}//plugins/a, {url}//skills"
            ),
        ),
        (
            {"main.py": "print()\n"},
            "it is not a Hermes Agent distribution; authors begin one with: hermes-dist init FOLDER/",
        ),
    ],
)
def test_what_it_holds(ada: Machine, tmp_path: Path, files: dict[str, str], hint: str) -> None:
    repo = Repo(tmp_path / "r.git", bare=True)
    repo.commit(files)
    url = f"file://{repo.path}"
    assert refused(ada, url).hint == hint.format(url=url)


def test_each_of_the_choices_can_be_installed(ada: Machine, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "r.git", bare=True)
    repo.commit(
        {"a/SOUL.md": "A.\n", "b/.claude-plugin/plugin.json": PLUGIN, "c/x/SKILL.md": SKILL}
    )
    hint = refused(ada, f"file://{repo.path}").hint
    for number, place in enumerate(f"file://{repo.path}//{folder}" for folder in "abc"):
        assert place in hint
        assert install(ada.ctx, place, GO, yes, name=f"bot{number}").done


def test_a_long_list_of_packages_is_never_cut_and_says_the_address_once(
    ada: Machine, tmp_path: Path
) -> None:
    repo = Repo(tmp_path / "r.git", bare=True)
    folders = [f"agents/bot-{n:02}" for n in range(45)]
    repo.commit({f"{folder}/distribution.yaml": f"name: {folder[7:]}\n" for folder in folders})
    hint = refused(ada, f"file://{repo.path}").hint
    start = f"it has some further down, such as file://{repo.path}//agents/bot-00: "
    assert hint == start + ", ".join(folders)
    assert install(ada.ctx, f"file://{repo.path}//agents/bot-44", GO, yes).done
