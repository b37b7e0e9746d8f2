"""The requests that make, rename, delete and restore profiles: a preview, a yes bound to it, and a way back."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from asking import Page
from story import Story

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start
from hermes_dist.ops.context import Context
from hermes_dist.ops.profiles import profile_moves, trash_and_archive
from hermes_dist.page.requests.table import REQUESTS
from hermes_dist.world.disk.fs import RealFs


def ours(*words: str) -> None:
    assert start(HERMES, list(words), prog="hermes-dist", profile=None) == 0


def names(story: Story) -> list[str]:
    return sorted(each.name for each in (story.root / "profiles").iterdir() if each.name[0] != ".")


def test_each_has_a_preview_and_a_plan() -> None:
    for name in ("create", "rename", "delete", "restore"):
        assert REQUESTS[name].planned, name
        assert REQUESTS[name].writes, name


def test_a_blank_profile_is_made_as_it_was_shown(page: Page, story: Story) -> None:
    asked = {"name": "New-Bot", "alias": True, "description": "Bakes bread."}
    preview = page.ask("create", profile="", dry_run=True, **asked)
    assert preview.status == 200, preview.body
    shown = preview.body["data"]
    assert (shown["profile"], shown["alias"], shown["dry_run"]) == ("new-bot", "new-bot", True)
    assert names(story) == ["bot"]
    done = page.data("create", profile="", plan=preview.body["plan"], **asked)
    assert (done["profile"], done["alias"], done["dry_run"]) == ("new-bot", "new-bot", False)
    assert "Bakes bread." in (story.root / "profiles/new-bot/profile.yaml").read_text()
    assert Path(done["path"]).is_dir()


def test_a_clone_is_made_of_what_was_shown(page: Page, story: Story) -> None:
    (story.home / ".env").write_text("TELEGRAM_BOT_TOKEN=1:x\nOTHER=2\n")
    asked = {"name": "twin", "clone_from": "bot", "clone": True}
    shown = page.ask("create", profile="", dry_run=True, **asked).body["data"]
    assert (shown["variables"], shown["left_out"]) == (["OTHER"], ["TELEGRAM_BOT_TOKEN"])
    done = page.carry_out("create", profile="", **asked)
    assert (done["source"], done["left_out"], done["alias"]) == ("bot", ["TELEGRAM_BOT_TOKEN"], "")
    twin = story.root / "profiles/twin"
    assert (twin / "SOUL.md").read_bytes() == (story.home / "SOUL.md").read_bytes()
    assert "1:x" not in (twin / ".env").read_text()
    whole = {"clone_all": True, "with_channel_tokens": True}
    page.carry_out("create", profile="", name="third", clone_from="bot", **whole)
    assert "TELEGRAM_BOT_TOKEN=1:x" in (story.root / "profiles/third/.env").read_text()


@pytest.mark.parametrize("more", [{}, {"clone_from": "bot", "clone": True}])
def test_what_others_do_before_the_lock_is_ours_makes_it_another_plan(
    page: Page, story: Story, monkeypatch: pytest.MonkeyPatch, more: dict[str, object]
) -> None:
    asked = {"name": "twin", "alias": True, **more}
    plan = page.ask("create", profile="", dry_run=True, **asked).body["plan"]
    locked = profile_moves.all_homes_locked

    def after_another(ctx: Context) -> AbstractContextManager[RealFs]:
        with locked(ctx):
            ctx.layout.commands.mkdir(parents=True, exist_ok=True)
            (ctx.layout.commands / "twin").write_text("#!/bin/sh\n")
        (story.home / "distribution.lock").write_bytes(
            (story.home / "distribution.lock").read_bytes() + b"\n"
        )
        return locked(ctx)

    monkeypatch.setattr(profile_moves, "all_homes_locked", after_another)
    reply = page.ask("create", profile="", plan=plan, **asked)
    assert reply.status == 409
    assert "not what was shown" in reply.body["error"]["error"]["message"]
    assert names(story) == ["bot"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"name": "bot"}, "exists already"),
        ({"name": "default"}, "built in"),
        ({"name": "a b"}, "name"),
        ({"name": "x", "clone_from": "nobody"}, "nobody"),
        ({"name": "x", "clone_from": "bot", "no_skills": True}, "can't be combined"),
        ({"name": "x", "with_channel_tokens": True}, "works only with"),
        ({"name": "bot", "clone_from": "bot"}, "clone of itself"),
    ],
)
def test_what_the_command_refuses_is_refused_with_its_words(
    page: Page, story: Story, fields: dict[str, object], says: str
) -> None:
    reply = page.ask("create", profile="", dry_run=True, **fields)
    assert reply.status in (400, 422)
    assert says in reply.body["error"]["error"]["message"]
    assert names(story) == ["bot"]


def test_the_yes_to_one_profile_makes_no_other(page: Page, story: Story) -> None:
    """Whatever a field says, the plan is over all of them."""
    plan = page.ask("create", profile="", name="twin", dry_run=True).body["plan"]
    for more in (
        {"name": "other"},
        {"name": "twin", "clone_from": "bot"},
        {"name": "twin", "description": "x"},
        {"name": "twin", "alias": True},
        {"name": "twin", "no_skills": True},
    ):
        reply = page.ask("create", profile="", plan=plan, **more)
        assert reply.status == 409, more
        assert reply.body["changed"]["dry_run"] is True
    assert names(story) == ["bot"]
    again = reply.body["plan"]
    assert page.data("create", profile="", plan=again, **more)["profile"] == "twin"


def test_a_source_that_changed_since_is_shown_again(page: Page, story: Story) -> None:
    asked = {"name": "twin", "clone_from": "bot"}
    plan = page.ask("create", profile="", dry_run=True, **asked).body["plan"]
    ours("hold", "bot")
    assert page.ask("create", profile="", plan=plan, **asked).status == 409
    assert names(story) == ["bot"]


def test_a_profile_is_renamed_and_named_back(page: Page, story: Story) -> None:
    state = page.state
    done = page.carry_out("rename", name="robot")
    assert (done["old"], done["profile"], done["stopped"]) == ("bot", "robot", [])
    assert names(story) == ["robot"]
    gone = page.ask("status", state=state)
    assert (gone.status, gone.body["renamed"]) == (404, "robot")
    page.data("status", profile="robot")
    assert page.carry_out("rename", profile="robot", name="bot")["profile"] == "bot"
    assert page.data("status")["managed"]
    assert page.state == state


def test_who_is_gone_has_no_state(page: Page) -> None:
    """A later profile of that name is in a state of its own, and not in the one that this change led to."""
    plan = page.ask("rename", name="robot", dry_run=True).body["plan"]
    assert page.ask("rename", name="robot", plan=plan).body["state"] == ""


def test_a_rename_that_was_not_shown_does_not_happen(page: Page, story: Story) -> None:
    plan = page.ask("rename", name="robot", dry_run=True).body["plan"]
    assert page.ask("rename", name="droid", plan=plan).status == 409
    assert page.ask("rename", name="robot").status == 400
    ours("create", "robot", "--no-alias")
    reply = page.ask("rename", name="robot", plan=plan)
    assert (reply.status, names(story)) == (422, ["bot", "robot"])
    assert "exists already" in reply.body["error"]["error"]["message"]


def test_the_default_profile_stays(page: Page) -> None:
    for name, fields in (("rename", {"name": "x"}), ("delete", {})):
        page.data("status", profile="default")
        reply = page.ask(name, profile="default", dry_run=True, **fields)
        assert reply.status == 422
        assert "default profile can't be" in reply.body["error"]["error"]["message"]


def test_a_deleted_profile_comes_back(page: Page, story: Story) -> None:
    before = {p: p.read_bytes() for p in story.home.rglob("*") if p.is_file()}
    preview = page.ask("delete", dry_run=True)
    shown = preview.body["data"]
    assert (shown["package"], shown["days"], shown["gateway"]) == ("bot@1.0.0", 30, False)
    done = page.data("delete", plan=preview.body["plan"])
    assert (done["profile"], done["purged"], names(story)) == ("bot", False, [])
    [stored] = page.data("away", profile="")["profiles"]
    assert (stored["profile"], stored["from"]) == ("bot", "trash")
    assert page.ask("status").status == 404
    back = page.carry_out("restore", profile="", name=stored["id"])
    assert (back["profile"], back["from"]) == ("bot", "trash")
    assert {p: p.read_bytes() for p in before} == before
    assert page.data("away", profile="")["profiles"] == []


def test_a_deleted_profile_comes_back_under_another_name(page: Page, story: Story) -> None:
    page.carry_out("delete")
    ours("create", "bot", "--no-alias")
    refused = page.ask("restore", profile="", name="bot", dry_run=True)
    assert refused.status == 422
    assert "another name" in refused.body["error"]["error"]["hint"]
    assert page.carry_out("restore", profile="", name="bot", **{"as": "old"})["profile"] == "old"
    assert names(story) == ["bot", "old"]


def test_another_profile_of_the_same_name_is_not_deleted(page: Page, story: Story) -> None:
    """Both are without a package, so their states are the same: the plan tells them apart."""
    ours("create", "twin", "--no-alias")
    page.data("status", profile="twin")
    plan = page.ask("delete", profile="twin", dry_run=True).body["plan"]
    shutil.move(story.root / "profiles/twin", story.root / "elsewhere")
    ours("create", "twin", "--no-alias")
    reply = page.ask("delete", profile="twin", plan=plan)
    assert (reply.status, names(story)) == (409, ["bot", "twin"])
    assert page.data("delete", profile="twin", plan=reply.body["plan"])["profile"] == "twin"


def test_what_changed_since_is_not_deleted(page: Page, story: Story) -> None:
    plan = page.ask("delete", dry_run=True).body["plan"]
    ours("hold", "bot")
    assert page.ask("delete", plan=plan).status == 409
    assert names(story) == ["bot"]


def test_what_is_restored_is_what_was_shown(page: Page, story: Story) -> None:
    page.carry_out("delete")
    plan = page.ask("restore", profile="", name="bot", dry_run=True).body["plan"]
    ours("create", "bot", "--no-alias")
    ours("delete", "bot", "-y")
    newer = [each.path for each in trash_and_archive.stored_profiles(story.ctx)]
    reply = page.ask("restore", profile="", name="bot", plan=plan)
    assert (len(newer), reply.status, names(story)) == (2, 409, [])


def test_a_profile_with_a_damaged_lockfile_can_be_deleted(page: Page, story: Story) -> None:
    """What can't be read can still be put away; the error names the state that the yes needs."""
    (story.home / "distribution.lock").write_text("not a lockfile")
    failed = page.ask("status")
    assert failed.status == 422
    page.state = failed.body["state"]
    assert page.carry_out("delete")["profile"] == "bot"
    assert names(story) == []


def test_a_key_that_came_since_is_shown_before_it_is_copied(page: Page, story: Story) -> None:
    asked = {"name": "twin", "clone_from": "bot"}
    plan = page.ask("create", profile="", dry_run=True, **asked).body["plan"]
    (story.home / ".env").write_text("NEW_KEY=2\n")
    reply = page.ask("create", profile="", plan=plan, **asked)
    assert (reply.status, reply.body["changed"]["variables"]) == (409, ["NEW_KEY"])
    assert names(story) == ["bot"]
