"""The requests about the machine, about packages that are not installed, about gateways, and of authors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import Page
from fleet import Fleet, fleet_of
from gitrepo import Repo
from shelf_of import Shelf
from story import FIRST, Story

from hermes_dist.brand import HERMES
from hermes_dist.cli.entry.start import start

SKILL = "---\nname: {0}\ndescription: Says {0}.\n---\nSay {0}.\n"
VALID = {
    **FIRST,
    "distribution.yaml": "name: bot\nversion: 1.0.0\ndescription: A bot.\nlicense: MIT\nauthor: Ada\n",
    "skills/hello/SKILL.md": SKILL.format("hello"),
    "skills/bye/SKILL.md": SKILL.format("bye"),
}
OTHER = {**FIRST, "distribution.yaml": "name: other\nversion: 1.0.0\n"}


def ours(*words: str) -> None:
    assert start(HERMES, list(words), prog="hermes-dist", profile=None) == 0


def test_where_things_stand(page: Page) -> None:
    found = page.data("overview", profile="")
    assert (found["profiles"], found["packages"], found["open"]) == (2, 1, [])
    assert found["next"] == ["hermes-dist outdated"]


def test_a_package_is_found_looked_at_and_installed(page: Page, story: Story, home: Path) -> None:
    repo = Repo(home / "other", bare=True)
    commit = repo.commit(OTHER)
    shelf = Shelf(home / "shelf")
    shelf.put("other", f"file://{repo.path}", description="Another one.", category="fun")
    ours("registry", "add", str(shelf.path), "--name", "here")
    assert page.data("search", profile="", words=["another"])["packages"][0]["name"] == "other"
    assert page.data("search", profile="", category="work")["packages"] == []
    found = page.data("package", profile="", name="other", registry="here")
    assert (found["registry"], found["category"]) == ("here", "fun")
    asked = {"source": "other", "registry": "here"}
    preview = page.ask("install", profile="", dry_run=True, **asked)
    assert preview.status == 200, preview.body
    assert preview.body["data"]["profile"] == "other"
    assert not (story.root / "profiles" / "other").exists()
    done = page.data("install", profile="", plan=preview.body["plan"], **asked)
    assert (done["done"], done["pin"]["commit"]) == (True, commit)
    again = page.ask("install", profile="", dry_run=True, **asked)
    assert again.status == 422


def test_a_package_that_changes_before_it_is_installed_is_shown_again(
    page: Page, story: Story, home: Path
) -> None:
    repo = Repo(home / "other", bare=True)
    repo.commit(OTHER)
    source = f"file://{repo.path}"
    plan = page.ask("install", profile="", source=source, dry_run=True).body["plan"]
    repo.commit({"hooks/evil.sh": "id\n"})
    reply = page.ask("install", profile="", source=source, plan=plan)
    assert reply.status == 409
    assert reply.body["changed"]["profile"] == "other"
    assert not (story.root / "profiles" / "other").exists()


def test_a_profile_that_appears_before_it_is_installed_is_not_touched(
    page: Page, story: Story, home: Path
) -> None:
    repo = Repo(home / "other", bare=True)
    repo.commit(OTHER)
    source = f"file://{repo.path}"
    plan = page.ask("install", profile="", source=source, dry_run=True).body["plan"]
    (story.root / "profiles" / "other").mkdir()
    assert page.ask("install", profile="", source=source, plan=plan).status == 422
    assert list((story.root / "profiles" / "other").iterdir()) == []


@pytest.fixture
def published(home: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
    story = Story(home, VALID)
    story.install()
    story.edit("SOUL.md", "Rule 3 stands", "Rule 3 is better")
    found = Page(story)
    found.data("status")
    return found


def test_what_would_ship_is_listed_and_published(published: Page) -> None:
    story = published.story
    assert "SOUL.md" in [f["path"] for f in published.data("shipping")["files"]]
    found = published.data("validate")
    assert found["valid"], found
    preview = published.ask("publish", bump="minor", message="Better.", dry_run=True)
    assert preview.status == 200, preview.body
    assert preview.body["data"]["label"] == "bot 1.1.0"
    head = story.repo.git("rev-parse", "main")
    done = published.data("publish", bump="minor", message="Better.", plan=preview.body["plan"])
    assert done["commit"] not in ("", head)
    assert story.lock.pin.version == "1.1.0"


def test_a_publication_that_is_another_one_by_now_pushes_nothing(published: Page) -> None:
    story = published.story
    plan = published.ask("publish", version="2.0.0", dry_run=True).body["plan"]
    story.ship(
        {"skills/bye/SKILL.md": SKILL.format("farewell").replace("name: farewell", "name: bye")}
    )
    head = story.repo.git("rev-parse", "main")
    reply = published.ask("publish", version="2.0.0", plan=plan)
    assert reply.status == 409
    assert reply.body["changed"]["schema"] == "hermes-dist/published/1"
    assert story.repo.git("rev-parse", "main") == head
    assert published.data("publish", version="2.0.0", plan=reply.body["plan"])["commit"]


def test_a_secret_that_would_ship_is_named_by_file_and_line(published: Page) -> None:
    story = published.story
    token = "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"
    story.edit("SOUL.md", "Rule 9 stands", f"The key is {token}")
    reply = published.ask("publish", version="2.0.0", dry_run=True)
    assert token not in str(reply.body)
    assert reply.status in (200, 422)
    assert token not in str(published.data("validate"))


@pytest.fixture
def fleet(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    for found in fleet_of(home):
        for name, value in found.env.items():
            monkeypatch.setenv(name, value)
        yield found


def test_gateways_are_started_listed_and_stopped(fleet: Fleet) -> None:
    fleet.profile("default")
    fleet.profile("bot")

    class Machine:
        root = fleet.root

        @property
        def ctx(self) -> object:
            from hermes_dist.ops.context import Context

            return Context.from_environment(HERMES, env=dict(os.environ))

    page = Page(Machine())  # type: ignore[arg-type]  # a machine without a package
    done = page.data("gateway-start", state="")
    assert [(row["profile"], row["outcome"]) for row in done["gateways"]] == [("bot", "started")]
    rows = {row["profile"]: row["state"] for row in page.data("gateways", profile="")["gateways"]}
    assert rows["bot"] == "running"
    assert [row["profile"] for row in page.data("gateways")["gateways"]] == ["bot"]
    assert "lines" in page.data("logs", lines=5)
    assert page.data("gateway-check", profile="")["clashes"] == []
    assert page.data("gateway-restart", state="")["ok"]
    assert page.data("gateway-stop", state="")["ok"]
    assert fleet.processes() == []


def test_routes_are_listed_and_tested(page: Page) -> None:
    ours(
        *[
            "gateway",
            "route",
            "add",
            "--profile",
            "bot",
            "--channel",
            "123",
            "--name",
            "work",
            "--multiplex",
        ]
    )
    found = page.data("routes", profile="")
    assert ([route["name"] for route in found["routes"]], found["multiplex"]) == (["work"], True)
    assert page.data("route-test", profile="", channel="123")["profile"] == "bot"
    assert page.data("route-test", profile="", channel="9")["profile"] == "default"
