"""Which files are skills to the agent, and which of them a name may mean."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.mentions import Names, flat_skills
from hermes_dist.decide.consent.reach import Reach
from hermes_dist.decide.consent.skills.roots import roots_in
from hermes_dist.decide.consent.starts import inline_skills

FILES = {
    "README.md": "",
    "docs/watch.md": "",
    "skills/watch.md": "",
    "skills/a/Watch.MD": "",
    "skills/x/SKILL.md": "---\nname: The X\n---\n",
    "skills/x/notes.md": "",
    "skills/x/references/watch.md": "",
    "skills/x/references/deep/watch.md": "",
    "skills/references/y.md": "",
    "skills/x/watch.txt": "",
    "plugins/p/skills/z/SKILL.md": "---\n{name: z2}\n---\n",
    "skill-bundles/b.yaml": "name: My Team\nskills: [x, z]\n",
    "skill-bundles/c.yml": "skills: [c]\n",
    "skill-bundles/readme.txt": "skills: [x]\n",
}


def named(*wanted: str, **more: str) -> set[str]:
    shelf = Shelf()
    files = {**FILES, **{path.replace("__", "/") + ".md": text for path, text in more.items()}}
    return {*map(str, Reach(Names(shelf.tree(files)), shelf.read).skills.named(wanted))}


def test_a_text_below_skills_is_one_unless_it_belongs_to_a_skill() -> None:
    assert flat_skills(Names(Shelf().tree(FILES))) == [
        "skills/a/Watch.MD",
        "skills/references/y.md",
        "skills/watch.md",
        "skills/x/notes.md",
    ]


def test_so_is_a_text_below_a_further_folder_of_skills() -> None:
    tree = Shelf().tree({"team/a/s.md": "", "team/x/SKILL.md": "", "teams/s.md": "", "s.md": ""})
    (root,) = roots_in({"external_dirs": ["team"]})
    assert flat_skills(Names(tree, roots=(root,))) == ["team/a/s.md"]


def test_a_text_belongs_to_a_skill_only_in_a_state_that_has_both() -> None:
    shelf = Shelf()
    before = shelf.tree({"skills/x/SKILL.md": ""})
    after = shelf.tree({"skills/x/references/r.md": ""})
    assert flat_skills(Names(before, after)) == ["skills/x/references/r.md"]


@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("watch", {"skills/watch.md", "skills/a/Watch.MD"}),
        ("WATCH", {"skills/watch.md", "skills/a/Watch.MD"}),
        ("a/watch", {"skills/watch.md", "skills/a/Watch.MD"}),
        ("watch.old", {"skills/watch.md", "skills/a/Watch.MD"}),
        ("cat:watch", {"skills/watch.md", "skills/a/Watch.MD"}),
        ("?atch", {"skills/watch.md", "skills/a/Watch.MD"}),
        ("x", {"skills/x/SKILL.md"}),
        ("the x", {"skills/x/SKILL.md"}),
        ("cat/x/.", {"skills/x/SKILL.md"}),
        ("x/SKILL", {"skills/x/SKILL.md"}),
        ("p:z", {"plugins/p/skills/z/SKILL.md"}),
        ("z2", {"plugins/p/skills/z/SKILL.md"}),
        ("my_team", {"skills/x/SKILL.md", "plugins/p/skills/z/SKILL.md"}),
        ("c", set()),
        ("b", set()),
        ("readme", set()),
        (".", set()),
    ],
)
def test_a_name_means_what_the_agent_may_find_by_it(name: str, paths: set[str]) -> None:
    assert named(name) == paths


def test_the_folder_of_all_skills_may_be_one() -> None:
    assert named(".", skills__SKILL="") == {"skills/SKILL.md"}


def test_what_cannot_be_read_may_have_any_name() -> None:
    odd = "---\nname: !odd x\n---\n"
    assert named("foo", skills__odd__SKILL=odd) == {"skills/odd/SKILL.md"}
    shelf = Shelf()
    tree = shelf.tree({**FILES, "skill-bundles/b.yaml": "skills: [\n"})
    assert len(Reach(Names(tree), shelf.read).skills.named({"foo"})) == 6


def test_commands_are_in_texts_and_folders_and_each_is_one_thing() -> None:
    shelf = Shelf()
    tree = shelf.tree(
        {
            "skills/x/SKILL.md": "!`date`",
            "skills/x/more.md": "!`date`",
            "skills/y/SKILL.md": "",
            "skills/y/more.md": "!`date`",
            "skills/y/assets/form.md": "!`date`",
            "skills/z.md": "!`date`",
            "commands/z.md": "!`date`",
        }
    )
    found = {*inline_skills(Reach(Names(tree), shelf.read))}
    assert found == {"skills/x", "skills/y/more.md", "skills/z.md"}
