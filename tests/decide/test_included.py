"""What the user takes along although the author's list leaves it out."""

from __future__ import annotations

import pytest

from hermes_dist.decide.included import Including, includable, included_after, typed_including
from hermes_dist.errors import UsageError
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree

PACKAGE = Tree(
    {
        RelPath(path): Entry(Digest.of(b""))
        for path in (
            "SOUL.md",
            "skills/a/SKILL.md",
            "skills/dev/b/SKILL.md",
            "skills/dev/b/x.py",
            "run.sh",
            "memories/x",
        )
    }
)


def paths(*words: str) -> tuple[RelPath, ...]:
    return tuple(map(RelPath, words))


def test_paths_are_read_as_people_type_them() -> None:
    found = typed_including(["./skills/a/", " run.sh ", "skills/a"], ["./x"])
    assert found == Including(paths("skills/a", "run.sh"), paths("x"))


@pytest.mark.parametrize(
    "word",
    [
        "", ".", "/", "/etc/passwd", "../x", "skills/../..", "a//b",
        ".env", "skills/x/.env", "Memories", "memories/MEMORY.md", "sessions", "auth.json",
        "state.db", "home/.ssh/id", "skills/.hub", "cron/output/x", "bin", "profiles/other",
        "local", ".env.example", "Hooks/x", "distribution.lock", "skills/x/.ssh/id",
    ],
)  # fmt: skip
def test_what_no_package_brings_is_refused_with_a_sentence(word: str) -> None:
    with pytest.raises(UsageError) as caught:
        typed_including([word], [])
    assert caught.value.what.endswith(("it", "name", "EXAMPLE", f"not {word!r}"))
    assert "--include" in caught.value.where


def test_what_is_included_adds_up_and_a_folder_stands_for_what_is_in_it() -> None:
    one = included_after((), Including(paths("skills/dev/b", "run.sh")), PACKAGE)
    assert one == paths("run.sh", "skills/dev/b")
    two = included_after(one, Including(paths("skills")), PACKAGE)
    assert two == paths("run.sh", "skills")
    assert included_after(two, Including(less=paths("skills")), PACKAGE) == paths("run.sh")


def test_a_path_that_the_package_lacks_is_refused_unless_it_was_included_before() -> None:
    with pytest.raises(UsageError) as caught:
        included_after((), Including(paths("b")), PACKAGE)
    assert caught.value.hint == "did you mean skills/dev/b?"
    with pytest.raises(UsageError) as caught:
        included_after((), Including(paths("nothing")), PACKAGE)
    assert caught.value.hint == "it has: SOUL.md, memories, run.sh, skills"
    gone = paths("gone")
    assert included_after(gone, Including(gone), PACKAGE) == gone


def test_only_what_is_included_can_be_excluded() -> None:
    with pytest.raises(UsageError, match="included: run"):
        included_after(paths("run.sh"), Including(less=paths("skills")), PACKAGE)
    with pytest.raises(UsageError, match="included and excluded"):
        typed_including(["skills/a"], ["skills/a/"])


def test_what_could_be_included_is_what_nothing_is_installed_of() -> None:
    assert includable(PACKAGE, paths("SOUL.md", "skills/a/SKILL.md")) == [
        "run.sh",
        "skills/dev",
        "skills/dev/b",
        "skills/dev/b/SKILL.md",
        "skills/dev/b/x.py",
    ]
