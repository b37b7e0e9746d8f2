"""Homes that are links, and clones of homes with links in them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from gitrepo import Repo
from test_life_of_profiles import CODER, context

from hermes_dist.errors import DistError
from hermes_dist.model.left_out import Why
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName, RelPath
from hermes_dist.ops.context import Context
from hermes_dist.ops.fleet import routes
from hermes_dist.ops.package.install import Request, install
from hermes_dist.ops.package.update import update
from hermes_dist.ops.package.upkeep import gc
from hermes_dist.ops.profiles import clone as cloning
from hermes_dist.ops.profiles import lifecycle, trash_and_archive
from hermes_dist.ops.profiles.links import follow, unfollow
from hermes_dist.world.archive.backup import look_around, opened_in
from hermes_dist.world.disk.links import Linked, Links

JOBS = {"jobs": [{"id": "aaaaaaaaaaaa", "name": "mine", "prompt": "p", "enabled": True}]}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "coder")
    repo.commit(
        {"distribution.yaml": "name: coder\n", "SOUL.md": "One.\n", "skills/a/SKILL.md": "a"}
    )
    return repo


@pytest.fixture
def ctx(home: Path, repo: Repo) -> Context:
    ctx = context(home)
    install(ctx, f"file://{repo.path}", Request(), lambda _: True, name="coder")
    return ctx


def put_behind_link(place: Path, target: Path) -> None:
    """Move something away and leave a relative link to it, as stow does."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(place, target)
    place.symlink_to(os.path.relpath(target, place.parent))


def outward(home: Path) -> list[str]:
    """The links that lead out of a home."""
    inner = home.resolve()
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_symlink() and not path.resolve().is_relative_to(inner)
    ]


@pytest.mark.parametrize("every", [False, True])
def test_a_clone_holds_copies_and_shares_no_file_with_its_original(
    ctx: Context, tmp_path: Path, every: bool
) -> None:
    home, dots = ctx.layout.home(CODER), tmp_path / "dots"
    (home / ".env").write_text("OPENAI_API_KEY=mine\nTELEGRAM_BOT_TOKEN=bot\n")
    (home / "cron").mkdir(exist_ok=True)
    (home / "cron/jobs.json").write_text(json.dumps(JOBS))
    (home / "skills/own").mkdir()
    (home / "skills/own/a.md").write_text("a")
    (home / "skills/own/b.md").symlink_to("a.md")
    for name in ("SOUL.md", ".env", "cron/jobs.json", "skills"):
        put_behind_link(home / name, dots / name)
    (home / "skills/around").symlink_to(tmp_path)
    (home / "skills/gone").symlink_to("nowhere")
    made = cloning.clone(ctx, "work", CODER, every=every)
    assert outward(made.path) == []
    assert not (made.path / "SOUL.md").is_symlink()
    assert (made.path / "SOUL.md").read_text() == "One.\n"
    assert (made.path / "skills/own/b.md").read_text() == "a"
    assert "=bot" not in (made.path / ".env").read_text()
    assert (made.path / ".env").stat().st_mode & 0o777 == 0o600
    kinds = {note.kind for note in made.notes}
    assert {NoteKind.COPIED_BEHIND_LINKS, NoteKind.NOT_COPIED} <= kinds
    if every:
        (job,) = json.loads((made.path / "cron/jobs.json").read_text())["jobs"]
        assert job["enabled"] is False
        assert NoteKind.JOBS_PAUSED in kinds
    assert json.loads((dots / "cron/jobs.json").read_text()) == JOBS


def test_a_profile_behind_a_link_is_one_like_any_other(
    ctx: Context, repo: Repo, tmp_path: Path
) -> None:
    real = tmp_path / "volume" / "coder"
    put_behind_link(ctx.layout.home(CODER), real)
    assert ctx.names() == [DEFAULT_PROFILE, CODER]
    repo.commit({"SOUL.md": "Two.\n"})
    update(ctx, CODER, Request(), lambda _: True)
    assert (real / "SOUL.md").read_text() == "Two.\n"
    kept = len(set(ctx.store.digests()))
    gc(ctx)
    assert len(set(ctx.store.digests())) >= kept - 1
    lifecycle.rename(ctx, "coder", "tester")
    assert ctx.layout.home(ProfileName("tester")).is_symlink()
    gone = trash_and_archive.put_away(ctx, ProfileName("tester"), "trash")
    assert NoteKind.STAYS_ELSEWHERE in {note.kind for note in gone.notes}
    assert gone.path.resolve() == real
    assert (real / "SOUL.md").read_text() == "Two.\n"
    back = trash_and_archive.restore(ctx, "tester")
    assert (back.path / "SOUL.md").read_text() == "Two.\n"
    trash_and_archive.put_away(ctx, ProfileName("tester"), "trash", purge=True)
    assert (real / "SOUL.md").read_text() == "Two.\n"
    assert ctx.names() == [DEFAULT_PROFILE]


@pytest.mark.parametrize("name", ["", "profiles"])
def test_the_root_and_the_folder_of_profiles_may_be_links(
    ctx: Context, repo: Repo, tmp_path: Path, name: str
) -> None:
    place = ctx.layout.root / name
    put_behind_link(place, tmp_path / "volume" / (name or "root"))
    repo.commit({"SOUL.md": "Two.\n"})
    update(ctx, CODER, Request(), lambda _: True)
    install(ctx, f"file://{repo.path}", Request(), lambda _: True, name="other")
    lifecycle.create(ctx, "blank", alias=False)
    lifecycle.rename(ctx, "other", "third")
    trash_and_archive.put_away(ctx, ProfileName("third"), "trash")
    trash_and_archive.restore(ctx, "third")
    assert ctx.names() == [DEFAULT_PROFILE, "blank", "coder", "third"]
    assert place.is_symlink()
    assert (ctx.layout.home(CODER) / "SOUL.md").read_text() == "Two.\n"


@pytest.mark.needs("root")
@pytest.mark.parametrize("name", ["", "profiles", "profiles/coder"])
def test_a_home_of_another_user_is_refused_with_a_sentence(
    ctx: Context, tmp_path: Path, name: str
) -> None:
    place = ctx.layout.root / name
    put_behind_link(place, tmp_path / "theirs")
    os.chown(tmp_path / "theirs", 1234, 1234)
    with pytest.raises(DistError, match="of another user") as told:
        ctx.profile("coder")
    assert told.value.where == str(place)
    assert told.value.hint
    assert CODER not in ctx.names() or name != "profiles/coder"


@pytest.mark.needs("root")
@pytest.mark.parametrize("name", ["profiles", "profiles/coder"])
@pytest.mark.parametrize("owner", [0, 1000])
def test_a_link_that_another_user_made_to_a_folder_of_theirs_is_refused(
    ctx: Context, tmp_path: Path, name: str, owner: int
) -> None:
    place, theirs = ctx.layout.root / name, tmp_path / "theirs"
    put_behind_link(place, theirs)
    for folder in (ctx.layout.root, place.parent):
        os.chown(folder, 1000, 1000)
    os.chown(theirs, owner, owner)
    os.chown(place, owner, owner, follow_symlinks=False)
    assert ctx.profile("coder") == CODER  # its own, or root's
    os.chown(theirs, 1234, 1234)
    os.chown(place, 1234, 1234, follow_symlinks=False)
    with pytest.raises(DistError, match="of another user"):
        ctx.profile("coder")


@pytest.mark.needs("root")
@pytest.mark.parametrize("link", [1000, 1234])
@pytest.mark.parametrize("target", [1000, 1234])
@pytest.mark.parametrize("name", ["profiles/coder", "profiles/coder/skills"])
def test_a_home_and_a_folder_in_it_are_judged_alike(
    ctx: Context, tmp_path: Path, name: str, link: int, target: int
) -> None:
    place, theirs = ctx.layout.root / name, tmp_path / "theirs"
    for folder in (ctx.layout.profiles, place.parent):
        os.chown(folder, 1000, 1000)
    put_behind_link(place, theirs)
    for folder in (tmp_path, theirs):
        os.chown(folder, target, target)
    os.chown(place, link, link, follow_symlinks=False)
    if name.endswith("skills"):
        found = Links(ctx.layout.home(CODER)).at("skills")
        assert found
        refused = found.why is Why.LINK_FOREIGN
    else:
        refused = CODER not in ctx.names()
    assert refused == ((link, target) != (1000, 1000))


def test_a_whole_backup_holds_what_followed_links_lead_to(ctx: Context, tmp_path: Path) -> None:
    home, dots = ctx.layout.home(CODER), tmp_path / "dots"
    for name in ("SOUL.md", "memories", "skills"):
        put_behind_link(home / name, dots / name)
    (dots / "memories/MEMORY.md").write_text("remember")
    (home / "notes.md").symlink_to(dots / "SOUL.md")
    seen = look_around(home, lambda _: True)
    assert {"memories/MEMORY.md", "skills/a/SKILL.md"} <= set(seen.files)
    assert {odd.path: odd.why for odd in seen.odd} == {
        "SOUL.md": Why.LINK_UNSAID,
        "notes.md": Why.LINK_UNSAID,
    }
    follow(ctx, CODER, "SOUL.md")
    assert "SOUL.md" in look_around(home, lambda _: True).files
    for path, text in (("SOUL.md", b"One.\n"), ("memories/MEMORY.md", b"remember")):
        with opened_in(home, RelPath(path)) as file:
            assert file is not None
            assert file.read() == text
    with opened_in(home, RelPath("notes.md")) as file:
        assert file is None
    with pytest.raises(DistError, match="same file"):
        follow(ctx, CODER, "notes.md")
    unfollow(ctx, CODER, "SOUL.md")
    with opened_in(home, RelPath("SOUL.md")) as file:
        assert file is None


def test_settings_of_the_root_are_written_behind_their_link(ctx: Context, tmp_path: Path) -> None:
    config = ctx.layout.root / "config.yaml"
    config.write_text("model: x  # mine\n")
    put_behind_link(config, tmp_path / "dots" / "config.yaml")
    where = routes.Where(platform="telegram", channel="5")
    with pytest.raises(Linked) as told:
        routes.add(ctx, CODER, where, name="", multiplex=False)
    assert told.value.command == "follow default config.yaml"
    follow(ctx, DEFAULT_PROFILE, "config.yaml")
    routes.add(ctx, CODER, where, name="", multiplex=False)
    lifecycle.rename(ctx, "coder", "tester")
    text = (tmp_path / "dots/config.yaml").read_text()
    assert config.is_symlink()
    assert "tester" in text
    assert text.startswith("model: x  # mine\n")


def test_links_that_lead_nowhere_or_in_a_circle_are_no_profiles(tmp_path: Path) -> None:
    ctx = context(tmp_path / "hermes")
    ctx.layout.profiles.mkdir(parents=True)
    (ctx.layout.profiles / "gone").symlink_to("nowhere")
    (ctx.layout.profiles / "circle").symlink_to("circle")
    assert ctx.names() == [DEFAULT_PROFILE]
    shutil.rmtree(ctx.layout.profiles)
    ctx.layout.profiles.symlink_to(tmp_path / "nowhere")
    assert ctx.profile("default") == DEFAULT_PROFILE


@pytest.mark.parametrize("instead", ["a link to nowhere", "a file"])
def test_nothing_is_cleared_away_where_the_profiles_cannot_be_read(
    tmp_path: Path, instead: str
) -> None:
    ctx = context(tmp_path / "hermes")
    ctx.layout.root.mkdir(parents=True)
    digest = ctx.store.put(b"of a profile on a disk that is not mounted")
    os.utime(ctx.store.path(digest), (0, 0))
    if instead == "a file":
        ctx.layout.profiles.write_text("")
    else:
        ctx.layout.profiles.symlink_to("nowhere")
    with pytest.raises(DistError, match="it is a"):
        gc(ctx)
    assert ctx.store.has(digest)
