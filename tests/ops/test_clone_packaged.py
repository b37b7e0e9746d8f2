"""A clone of a packaged profile is packaged too: it keeps its lock, and follows its author on its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gitrepo import Repo
from test_life_of_profiles import CODER, context, tree

from hermes_dist.brand import LOCKFILE
from hermes_dist.errors import Busy
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops import homes
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.install import Request, install
from hermes_dist.ops.package.update import update
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles import lifecycle, trash_and_archive
from hermes_dist.ops.profiles.list import show
from hermes_dist.world.disk.errors import Closed

FILES = {
    "distribution.yaml": "name: coder\nversion: 1.0.0\n",
    "SOUL.md": "I code.\n\nWith care.\n",
    "skills/review/SKILL.md": "---\nname: review\n---\nLook.\n",
    "scripts/check.py": "print(1)\n",
    "config.yaml": "model: x\n",
}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "coder")
    repo.commit(FILES)
    return repo


@pytest.fixture
def ctx(home: Path, repo: Repo) -> Context:
    ctx = context(home)
    install(ctx, f"file://{repo.path}", Request(), lambda _: True, name="coder")
    return ctx


@pytest.mark.parametrize("every", [False, True])
def test_a_clone_can_be_updated_on_its_own_and_keeps_the_edits_it_was_cloned_with(
    ctx: Context, repo: Repo, every: bool
) -> None:
    source = ctx.layout.home(CODER)
    (source / "SOUL.md").write_text("I code.\n\nWith great care.\n")
    (source / "skills" / "mine").mkdir()
    (source / "skills" / "mine" / "SKILL.md").write_text("---\nname: mine\n---\n")
    made = cloning.clone(ctx, "work", CODER, every=every)
    assert (made.path / LOCKFILE).read_bytes() == (source / LOCKFILE).read_bytes()
    assert not (made.path / ".dist").exists()
    assert show(ctx, made.name).package == show(ctx, CODER).package
    package = {path: text for path, text in tree(source).items() if path in {*FILES, LOCKFILE}}
    assert package.items() <= tree(made.path).items()
    before = tree(source)
    repo.commit(
        {
            "distribution.yaml": "name: coder\nversion: 1.1.0\n",
            "SOUL.md": "I write code.\n\nWith care.\n",
        }
    )
    outcome = update(ctx, made.name, Request(), lambda _: True)
    assert outcome.done
    assert show(ctx, made.name).conflicts == 0
    assert (made.path / "SOUL.md").read_text() == "I write code.\n\nWith great care.\n"
    assert (made.path / "scripts/check.py").is_file()
    assert (made.path / "skills/mine/SKILL.md").is_file()
    assert tree(source) == before


def test_a_packaged_profile_is_updated_after_its_rename_and_its_return(
    ctx: Context, repo: Repo
) -> None:
    lifecycle.rename(ctx, "coder", "dev-bot")
    trash_and_archive.put_away(ctx, ProfileName("dev-bot"), "trash")
    trash_and_archive.restore(ctx, "dev-bot")
    repo.commit({"SOUL.md": "I write code.\n"})
    assert update(ctx, ProfileName("dev-bot"), Request(), lambda _: True).done
    assert (ctx.layout.home(ProfileName("dev-bot")) / "SOUL.md").read_text() == "I write code.\n"


def test_what_a_lock_in_the_trash_needs_is_not_collected(ctx: Context) -> None:
    import os

    from hermes_dist.ops.profiles.doctor import doctor

    trash_and_archive.put_away(ctx, CODER, "trash")
    for digest in list(ctx.store.digests()):
        os.utime(ctx.store.path(digest), (0, 0))
    doctor(ctx, fix=True)
    trash_and_archive.restore(ctx, "coder")
    assert doctor(ctx).findings == ()


def test_an_original_that_can_not_be_locked_must_not_change_while_it_is_copied(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else may be allowed to update what we can only read."""
    lock = ctx.layout.lockfile(CODER)
    copied = cloning.copy_home

    def closed(*_: object) -> None:
        raise Closed("can't open the lock: Permission denied")

    def updated(*words: Any, **more: Any) -> Any:
        lock.write_bytes(lock.read_bytes() + b"\n")
        return copied(*words, **more)

    monkeypatch.setattr(homes, "home_lock", closed)
    cloning.clone(ctx, "work", CODER, alias=False)
    monkeypatch.setattr(cloning, "copy_home", updated)
    with pytest.raises(Busy, match="changed this profile in the meantime"):
        cloning.clone(ctx, "other", CODER, alias=False)
    assert not ctx.layout.home(ProfileName("other")).exists()
