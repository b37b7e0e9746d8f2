"""The example of the environment: one that a package lists or came with travels, and does not come and go."""

from __future__ import annotations

from pathlib import Path

import pytest
from gitrepo import Repo
from machines import BOT, Machine

from hermes_dist.ops.authoring import author

SHIPPED = "# keys\nTAVILY_API_KEY=\nHTTPS_PROXY=http://proxy\n"
MANIFEST = "name: bot\nversion: 1.0.0\ndescription: A bot.\nlicense: MIT\nenv_requires: [{name: TAVILY_API_KEY, description: d}]\n"


def owned(*names: str) -> str:
    return f"{MANIFEST}distribution_owned: [SOUL.md, {', '.join(names)}]\n"


def url(repo: Repo) -> str:
    return f"file://{repo.path}"


def published(repo: Repo) -> dict[str, str]:
    paths = repo.git("ls-tree", "-r", "--name-only", "main").split()
    return {path: repo.git("cat-file", "blob", f"main:{path}") + "\n" for path in paths}


def in_both_lists(machine: Machine) -> set[str]:
    found = author.shipping(machine.ctx, BOT)
    return {str(path) for _, path, _ in found.files} & {str(one.path) for one in found.stays}


@pytest.mark.parametrize(
    ("name", "manifest", "then"),
    [
        (".env.EXAMPLE", MANIFEST, ".env.EXAMPLE"),
        (".env.EXAMPLE", owned(".env.EXAMPLE"), ".env.EXAMPLE"),
        (".env.example", owned(".env.example"), ".env.example"),
        (".env.example", MANIFEST, ".env.EXAMPLE"),
    ],
)
def test_the_example_that_a_package_came_with_goes_to_an_empty_repository(
    tmp_path: Path, name: str, manifest: str, then: str
) -> None:
    one, two = (Repo(tmp_path / "srv" / f"{n}.git", bare=True) for n in ("one", "two"))
    work = Repo(tmp_path / "work")
    work.commit({"distribution.yaml": manifest, "SOUL.md": "soul\n", name: SHIPPED})
    work.git("push", "-q", url(one), "HEAD:main")
    machine = Machine(tmp_path / "ada")
    machine.install(url(one))
    here = machine.read(".env.EXAMPLE")
    assert in_both_lists(machine) == set()
    same = machine.publish(version="1.0.1").publication
    assert [*same.changes] == ["distribution.yaml"]
    machine.publish(url(two), version="1.0.2")
    assert published(two)[then] == SHIPPED
    assert set(published(two)) == {"distribution.yaml", "SOUL.md", then}
    assert machine.read(".env.EXAMPLE") == here
    assert not machine.publish().publication.is_new
    assert machine.read(".env.EXAMPLE") == here
    other = Machine(tmp_path / "bob")
    other.install(url(two))
    assert other.read(".env.EXAMPLE") == here


def test_one_that_was_made_from_the_manifest_does_not_leave(tmp_path: Path) -> None:
    one, two = (Repo(tmp_path / "srv" / f"{n}.git", bare=True) for n in ("one", "two"))
    work = Repo(tmp_path / "work")
    work.commit({"distribution.yaml": MANIFEST, "SOUL.md": "soul\n"})
    work.git("push", "-q", url(one), "HEAD:main")
    machine = Machine(tmp_path / "ada")
    machine.install(url(one))
    here = machine.read(".env.EXAMPLE")
    assert "TAVILY_API_KEY" in here
    assert ".env.EXAMPLE" not in {str(p) for _, p, _ in author.shipping(machine.ctx, BOT).files}
    machine.publish(url(two), version="1.0.2")
    assert set(published(two)) == {"distribution.yaml", "SOUL.md"}
    assert machine.read(".env.EXAMPLE") == here


@pytest.mark.parametrize("name", [".env.EXAMPLE", ".env.example"])
def test_an_author_lists_the_example_of_an_own_profile_and_edits_it(
    tmp_path: Path, name: str
) -> None:
    repo = Repo(tmp_path / "srv" / "one.git", bare=True)
    machine = Machine(tmp_path / "ada")
    machine.fill({"SOUL.md": "soul\n", name: SHIPPED, "distribution.yaml": MANIFEST})
    assert name in {str(one.path) for one in author.shipping(machine.ctx, BOT).stays}
    machine.write("distribution.yaml", owned(name))
    assert in_both_lists(machine) == set()
    machine.publish(url(repo))
    assert published(repo)[name] == SHIPPED
    assert machine.read(name) == SHIPPED
    machine.edit(name, "# keys", "# all keys")
    done = machine.publish(version="1.0.1").publication
    assert set(done.changes) == {name, "distribution.yaml"}
    assert published(repo)[name] == SHIPPED.replace("# keys", "# all keys")
    assert not machine.publish().publication.is_new
