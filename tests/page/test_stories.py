"""The stories of the page: each screen in Chromium, in front of the real server and real repositories."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from gitrepo import Repo
from machine import FAKE_KEY, OPEN, package

if TYPE_CHECKING:
    from machine import Machine
    from window import Window

pytestmark = pytest.mark.needs("chromium")


def test_the_machine_is_seen_at_a_glance(window: Window) -> None:
    """Twelve profiles, those that need somebody first; found by filter, opened by keyboard, kept in the URL."""
    page = window.page
    names = page.get_by_role("table", name="Profiles").get_by_role("row")
    window.counts(names, 13)  # and the heads of the columns
    assert page.locator(".d-rowlink .d-strong").all_inner_texts()[:2] == ["coder", "lab"]
    assert "4 conflicts" in names.nth(1).inner_text()
    assert "v1.2.0" in page.get_by_role("row").filter(has_text="research-bot@1.0.0").inner_text()

    page.get_by_role("button", name="Needs you").click()
    window.counts(names, 3)
    page.get_by_role("button", name="Updates").click()
    window.texts(page.locator(".d-rowlink .d-strong"), ["research"])
    page.get_by_role("button", name="All").click()

    page.keyboard.press("/")
    page.keyboard.type("scribe")
    window.texts(
        page.locator(".d-rowlink .d-strong"),
        [
            "letters",
            "minutes",
            "scribe",
        ],
    )
    page.locator(".d-rowlink").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    window.settle()
    assert "profile=minutes" in page.url
    window.sees("Changes go to minutes")

    page.get_by_label("Profile", exact=True).select_option("research")
    window.settle()
    assert "profile=research" in page.url
    window.sees("Changes go to research")
    page.go_back()
    window.sees("Changes go to minutes")
    page.go_forward()
    window.sees("Changes go to research")
    page.reload()
    window.settle()
    window.sees("Changes go to research")


def test_a_profile_tells_what_is_yours_and_goes_back(window: Window, machine: Machine) -> None:
    """Edits by key and line, keep, hold, history, rollback and undo."""
    page = window.page
    window.go(profile="coder", screen="profile")
    page.get_by_role("button", name=re.compile("config.yaml")).first.click()
    window.sees("agent.max_turns")
    window.sees("+  max_turns: 90  # long nights")

    window.button("Hold").click()
    window.button("Held: release").wait_for()
    assert '"held": "*"' in machine.run("status", "coder", "--json", codes=(0, 3, 10))
    window.button("Held: release").click()
    window.button("Hold").wait_for()

    page.get_by_label("A file, a folder or a key").fill("skills/git")
    window.button("Keep").click()
    window.button("Keep skills/git no longer").wait_for()
    assert "skills/git" in machine.run("keep", "coder", "--json")
    window.button("Keep skills/git no longer").click()
    window.sees("Nothing in particular.")

    window.button("Go back to generation 2").click()
    window.sees("Back to generation 2: this is what it would do")
    window.button("Go back…").click()
    window.agree("Go back")
    window.sees("Done:")
    assert "nightly-audit" not in (machine.path("coder") / "cron/jobs.json").read_text()
    assert "max_turns: 90  # long nights" in (machine.path("coder") / "config.yaml").read_text()

    window.button("Undo the last change").click()
    window.button("Undo…").click()
    window.agree("Undo")
    window.sees("Done:")
    said = machine.run("info", "coder", "--json")
    assert '"version": "1.1.0"' in said


def test_an_update_is_seen_before_it_happens(window: Window, machine: Machine) -> None:
    """Notes, what arrives, what is yours, what will wait; then the update, live, and its result."""
    page, home = window.page, machine.path("research")
    window.go(profile="research", screen="update")
    window.button("Update…").wait_for()
    window.sees("Reads preprints as PDF.")
    window.sees("skills/research/pdf-reading/SKILL.md")
    window.sees("agent.max_turns")
    window.sees("retraction-watch")
    before = (home / "config.yaml").read_text()
    window.button("Update…").click()
    assert "6 files" in page.get_by_role("dialog").inner_text()
    window.button("Cancel").click()
    assert (home / "config.yaml").read_text() == before

    window.button("Update…").click()
    window.agree("Update")
    window.sees("Update done")
    after = (home / "config.yaml").read_text()
    assert "max_turns: 80  # mine" in after
    assert "extract_char_limit: 60000" in after
    assert (home / "skills/research/pdf-reading/SKILL.md").exists()
    assert (home / "skills/own/tides/SKILL.md").exists()
    page.get_by_role("link", name="Review them").click()
    window.sees("1 of 1 that wait")


def test_a_conflict_of_an_update_stays_open_unless_a_side_is_chosen(
    window: Window, machine: Machine
) -> None:
    """The first choice settles nothing: both sides are still there to look at."""
    machine.edit("research", "SOUL.md", "Marginalia", "Margin")
    newer = (machine.path("research") / "SOUL.md").read_text().replace("Margin", "Margins", 1)
    machine.ship("research-bot", {"SOUL.md": newer}, "v1.2.1")
    window.go(profile="research", screen="update")
    window.sees("1 conflict")
    window.button("Update…").click()
    window.agree("Update")
    window.sees("Update done")
    open_now = machine.run("resolve", "research", "--list", codes=(OPEN,))
    assert "SOUL.md" in open_now


def test_what_changed_meanwhile_is_told_and_nothing_is_written(
    window: Window, machine: Machine
) -> None:
    """A command changes the profile between the preview and the yes; then the source changes."""
    window.go(profile="research", screen="update")
    window.button("Update…").wait_for()
    machine.run("keep", "research", "SOUL.md")
    before = (machine.path("research") / "config.yaml").read_bytes()
    window.button("Update…").click()
    window.agree("Update")
    window.sees("Nothing was written.")
    assert (machine.path("research") / "config.yaml").read_bytes() == before
    window.button("Show a fresh preview").click()
    window.button("Update…").wait_for()

    machine.ship(
        "research-bot", {"skills/late/SKILL.md": "---\nname: late\n---\nToo late.\n"}, "v1.2.1"
    )
    window.button("Update…").click()
    window.agree("Update")
    window.sees("Nothing was written.")
    assert (machine.path("research") / "config.yaml").read_bytes() == before
    window.button("Show a fresh preview").click()
    window.sees("skills/late/SKILL.md")
    window.button("Update…").click()
    window.agree("Update")
    window.sees("Update done")
    assert (machine.path("research") / "skills/late/SKILL.md").exists()


def test_a_text_is_merged_hunk_by_hunk(window: Window, machine: Machine) -> None:
    """One difference is taken, the other stays; a result with a marker can't be saved; an edit is never lost."""
    page, file = window.page, machine.path("coder") / "SOUL.md"
    window.go(profile="coder", screen="conflicts")
    window.sees("2 differences")
    page.get_by_role("button", name="Take this from theirs").first.click()
    window.sees("in the result: 1 yours, 1 theirs")
    result = page.get_by_label("SOUL.md: the result")
    result.click()
    page.keyboard.press("Control+End")
    page.keyboard.type("<<<<<<< yours\nA line of the result.\n=======\n>>>>>>> theirs\n")
    window.button("Check the result").click()
    window.sees("Try again")
    window.button("Back to the conflict").click()
    window.sees("A line of the result.")
    result.click()
    for _ in range(4):
        page.keyboard.press("Control+z")
    if "<<<<<<<" in result.inner_text():
        page.keyboard.press("Control+z")
    page.get_by_role("link", name=re.compile("config.yaml")).click()
    page.get_by_role("link", name=re.compile("SOUL.md")).click()
    window.sees("in the result: 1 yours, 1 theirs")  # the edit is still there
    window.button("Check the result").click()
    window.button("Save…").click()
    window.agree("Save")
    window.sees("conflicts left.")
    said = file.read_text()
    assert "You write the failing test first, and say so." in said
    assert "My house style: two spaces, no semicolons." in said
    assert "When a review finds nothing" not in said
    assert "<<<<<<<" not in said
    assert '"path": "SOUL.md"' not in machine.run(
        "resolve", "coder", "--list", "--json", codes=(0, 3)
    )


def test_a_profile_without_a_package_has_no_errors(window: Window) -> None:
    """There is nothing to settle or approve, which is no failure, and each screen leads to a package."""
    for screen in ("update", "conflicts", "review"):
        window.go(profile="empty", screen=screen)
        window.sees("empty has no package, so")
        window.counts(window.page.get_by_role("group", name="Error"), 0)
        assert window.page.get_by_role("link", name="Find a package").is_visible()


def test_a_profile_that_has_no_lockfile_says_how_it_is_taken_over(window: Window) -> None:
    """The agent's own installer, or its author, made it: no screen fails, and none calls it a profile without a package."""
    for screen in ("profile", "update", "conflicts", "review"):
        window.go(profile="baker", screen=screen)
        window.sees("hermes-dist did not install baker, so")
        window.sees("hermes-dist adopt baker")
        window.counts(window.page.get_by_role("group", name="Error"), 0)
        assert window.page.get_by_role("link", name="Publish it").is_visible()


def test_a_conflict_of_two_machines_is_settled_without_a_package(
    window: Window, machine: Machine, template: Machine, tmp_path: Path
) -> None:
    """A profile that is kept in sync has no package, and can be in conflict all the same."""
    url, began = f"file://{Repo(tmp_path / 'share', bare=True).path}", int(time.time())
    other = template.copy(tmp_path / "other")
    machine.run("sync", "init", "garden", url, "--machine", "one", "-y")
    other.run("sync", "join", "garden", url, "--machine", "two", "-y")
    machine.run("sync", "accept", "garden", "two")
    for each, text in ((other, "theirs\n"), (machine, "mine\n")):
        each.write("garden", "SOUL.md", text)
        each.run("sync", "now", "garden", "-y", codes=(0, 3))
    window.go(profile="garden", screen="profile")
    window.sees("No package: sync keeps it the same on your machines.")
    window.sees(url)
    window.sees("The machines disagree on 1 place.")
    said = json.loads(machine.run("sync", "status", "garden", "--json", codes=(0, 3)))
    window.sees(f"state {said['commit'][:7]}")
    assert began <= said["written"] <= time.time()
    assert window.violations() == []
    window.page.get_by_role("link", name="Resolve").click()
    window.settle()
    window.button("Take theirs").click()
    window.button("Save…").click()
    window.agree("Save")
    window.sees("All conflicts are settled.")
    assert (machine.path("garden") / "SOUL.md").read_text() == "theirs\n"


def test_a_lockfile_that_cannot_be_read_is_told_first(window: Window, machine: Machine) -> None:
    """What is open there is not known, so the table does not call it clean, and it needs somebody."""
    (machine.path("scribe") / "distribution.lock").write_text("nonsense")
    window.go(screen="machine")
    row = window.page.get_by_role("row").filter(has=window.page.get_by_role("link", name="scribe"))
    assert "lockfile can't be read" in row.first.inner_text()
    assert "none" not in row.first.inner_text()
    assert "lockfile" in window.page.locator(".d-tbody [role=row]").first.inner_text()
    window.page.get_by_role("button", name="Needs you").click()
    window.page.get_by_role("link", name="scribe: its lockfile can't be read").click()
    window.sees("The lockfile is damaged")


def test_two_clicks_on_the_yes_are_one(window: Window, machine: Machine) -> None:
    """The second one is not refused as too late, which would hide that the first one did it."""
    window.go(profile="research", screen="update")
    window.button("Update…").click()
    yes = window.page.get_by_role("dialog").get_by_role("button", name="Update", exact=True)
    yes.evaluate("button => { button.click(); button.click(); }")
    window.sees("Update done")
    window.page.wait_for_timeout(500)
    window.counts(window.page.get_by_text("nothing was done"), 0)
    assert "60000" in (machine.path("research") / "config.yaml").read_text()


def test_keys_are_chosen_one_by_one(window: Window, machine: Machine) -> None:
    """Base, yours and theirs of each key with their comments; one of each side is taken."""
    page, file = window.page, machine.path("coder") / "config.yaml"
    window.go(profile="coder", screen="conflicts", item="config.yaml")
    turns = page.get_by_role("group", name="agent.max_turns")
    for value in ("120", "90", "150", "# long nights"):
        assert value in turns.inner_text()
    turns.get_by_label("Theirs").check()
    page.get_by_role("group", name="model.default").get_by_label("Yours").check()
    window.sees("2 of 2 chosen")
    window.button("Check the choice").click()
    window.button("Save…").click()
    window.agree("Save")
    window.sees("conflicts left.")
    said = file.read_text()
    assert "max_turns: 150" in said
    assert "default: local/qwen-4  # mine: no cloud for this one" in said
    assert "# A change with tests" in said


def test_what_waits_is_reviewed_one_by_one(window: Window, machine: Machine) -> None:
    """Before and after of a server that changed, approved; another is skipped; the first is revoked again."""
    page = window.page
    window.go(profile="coder", screen="review")
    window.sees("1 of 3 that wait")
    card = page.get_by_role("article", name="Runs mcp_servers.context7").first
    said = card.inner_text()
    assert said.index("context7-mcp@4.1.1") < said.index("context7-mcp@4.2.0")
    window.button("Approve…").click()
    window.agree("Approve")
    window.sees("1 of 2 that wait")
    assert "context7-mcp@4.2.0" in (machine.path("coder") / "config.yaml").read_text()

    card = page.get_by_role("article", name="Runs mcp_servers.tickets")
    for fact in ("@example/tickets-mcp@2.0.0", "npx", "${TICKETS_URL}"):
        assert fact in card.inner_text()
    window.button("Skip").click()
    window.sees("2 of 2 that wait")
    job = page.get_by_role("article").first.inner_text()
    assert "Run the security audit" in job
    assert "at 02:30 every day" in job
    assert '"expr": "30 2 * * *"' in job
    window.button("Skip").click()
    window.sees("2 items skipped")
    config = yaml.safe_load((machine.path("coder") / "config.yaml").read_text())
    assert config["mcp_servers"]["tickets"]["enabled"] is False

    window.button("Revoke mcp_servers.context7").click()
    window.sees("It is switched off and waits")
    window.agree("Revoke")
    window.sees("that wait")
    waiting = machine.run("approve", "coder", "--list", "--json", codes=(0, 3))
    assert waiting.index("mcp_servers.context7") < waiting.index('"approved"')


def test_a_package_is_found_and_installed(window: Window, machine: Machine) -> None:
    """Search by words and category, a package's page, the preview, and the new profile."""
    page = window.page
    window.go(screen="find")
    page.get_by_label("Search for packages").fill("scribe minutes")
    window.sees("1 package")
    page.get_by_label("Search for packages").fill("")
    page.get_by_label("Category").select_option("development")
    page.get_by_role("link", name="Pair programmer").click()
    window.settle()
    for fact in ("shelf/coder", "servers", "jobs", "GITHUB_TOKEN", "1.0.0"):
        window.sees(fact)
    page.get_by_label("As the profile").fill("coder")
    window.sees("There is a profile of this name: choose another.")
    page.get_by_label("As the profile").fill("second")
    window.button("Show the preview").click()
    window.button("Install…").wait_for()
    window.sees("@example/tickets-mcp@2.0.0")
    assert not machine.path("second").exists()
    window.button("Install…").click()
    window.agree("Install")
    window.sees("Installed as second")
    assert (machine.path("second") / "SOUL.md").exists()
    page.get_by_role("link", name="Open it").click()
    window.sees("Changes go to second")


def test_gateways_start_show_their_logs_and_stop(window: Window, machine: Machine) -> None:
    """A clash is told; one gateway is started, its log followed, and stopped; a route is tried."""
    page = window.page
    window.go(screen="gateways")
    window.sees("hotline and support")
    window.button("Start the gateway of garden").click()
    window.sees("It begins to answer")
    window.agree("Start")
    window.button("Stop the gateway of garden").wait_for()
    assert "running" in page.get_by_role("row").filter(has_text="garden").inner_text()
    log = machine.path("garden") / "logs" / "gateway.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("a") as file:
        file.write("2026-01-01 00:00:00 INFO <b>a line</b> of the log\n")
    window.button("Logs of garden").click()
    window.sees("<b>a line</b> of the log")
    with log.open("a") as file:
        file.write("2026-01-01 00:00:01 INFO one more, later\n")
    window.sees("one more, later")
    window.button("Stop the gateway of garden").click()
    window.agree("Stop")
    window.button("Start the gateway of garden").wait_for()

    page.get_by_label("Channel").fill("-100200300")
    window.button("Who answers?").click()
    window.sees("support answers, by the route helpdesk")


def test_a_profile_is_published_without_its_secret(window: Window, machine: Machine) -> None:
    """What ships by part, the secret by line, the version, the push; and what is in the repository then."""
    page, repo = window.page, machine.repos["bakery"]
    window.go(profile="baker", screen="publish")
    window.sees("skills/sourdough/SKILL.md")
    window.sees("${OVEN_KEY}")
    assert re.search(r"config\.yaml:\d+", page.locator("#d-main").inner_text())
    page.get_by_label("Repository").fill(f"file://{repo.path}")
    page.get_by_label("Version").select_option("minor")
    page.get_by_label("Notes: the message of the commit").fill("Sourdough")
    window.button("Show what would be pushed").click()
    window.button("Publish…").wait_for()
    assert repo._tip("refs/heads/main") == ""
    window.button("Publish…").click()
    window.sees("a push can't be taken back")
    window.agree("Publish")
    window.sees("Install it with")
    shipped = repo.git("show", "main:config.yaml")
    assert "${OVEN_KEY}" in shipped
    assert FAKE_KEY not in shipped
    assert "Sourdough" in repo.git("log", "-1", "--format=%B", "main")


def test_what_a_rule_refuses_is_let_pass_only_for_once(window: Window, machine: Machine) -> None:
    """A tag that moved is refused with what it is; the exception is ticked, and forgotten afterwards."""
    page, repo = window.page, machine.source("moving", package("coder"))
    machine.install("mover", f"{repo}#v1.0.0")
    machine.ship("moving", {"SOUL.md": "Another soul.\n"}, "v1.0.0")
    window.go(profile="mover", screen="update")
    window.sees("moved")
    assert window.button("Update…").count() == 0
    page.get_by_role("button", name="Exceptions, for this once").click()
    page.get_by_label("Accept a tag that was moved").check()
    window.button("Show the preview").click()
    window.button("Update…").wait_for()
    window.sees("SOUL.md")
    window.go(profile="mover", screen="update")
    window.sees("moved")


DESK = {
    "distribution.yaml": "name: desk\nversion: 1.0.0\ninputs:\n"
    "  team: {description: The team it works for}\n"
    "  turns: {type: integer, default: 40, maximum: 90, description: Most turns}\n"
    "  tone: {enum: [kind, formal], default: kind}\n"
    "  brief: {type: boolean, default: false, description: Short answers}\n"
    "  token: {secret: true, env: DESK_TOKEN, description: The key of the tickets}\n",
    "SOUL.md": "You work for ${input:team}. Be ${input:tone}, brief: ${input:brief}.\n",
    "config.yaml": "agent:\n  max_turns: ${input:turns}\n",
}


def test_what_a_package_asks_is_answered_on_the_page(window: Window, machine: Machine) -> None:
    """A field of each type; nothing is installed before all is answered, a bad answer says why, and no secret is shown."""
    page, url = window.page, machine.source("desk", DESK)
    window.go(screen="find", item=f"={url}")
    window.button("Show the preview").click()
    window.sees("It asks you something first: The team it works for, The key of the tickets")
    expect_off(window, "Install…")
    page.get_by_label("The team it works for").fill("sea search")
    page.get_by_label("Most turns").fill("91")
    page.get_by_label("tone").select_option("formal")
    page.get_by_label("Short answers").select_option("Yes")
    secret = page.get_by_label("The key of the tickets")
    assert secret.get_attribute("type") == "password"
    secret.fill("tick-4711-abcdef")
    assert window.violations() == []
    window.button("Answer, and show the preview").click()
    window.sees("The answer does not fit: it is more than 90")
    assert page.get_by_label("The team it works for").input_value() == "sea search"
    page.get_by_label("Most turns").fill("60")
    window.button("Answer, and show the preview").click()
    window.button("Install…").click()
    window.agree("Install")
    window.sees("Installed as desk")
    home = machine.path("desk")
    assert (home / "SOUL.md").read_text() == "You work for sea search. Be formal, brief: true.\n"
    settings = yaml.safe_load((home / "config.yaml").read_text())
    assert settings["agent"] == {"max_turns": 60}
    assert "DESK_TOKEN=tick-4711-abcdef" in (home / ".env").read_text()
    assert "tick-4711" not in page.content() + page.url

    window.go(profile="desk", screen="update")
    window.sees("desk is up to date.")
    assert page.get_by_label("The team it works for").input_value() == "sea search"
    page.get_by_label("The team it works for").fill("fire")
    window.button("Answer, and show the preview").click()
    window.button("Update…").click()
    window.agree("Update")
    window.sees("Update done")
    assert (home / "SOUL.md").read_text() == "You work for fire. Be formal, brief: true.\n"


def expect_off(window: Window, name: str) -> None:
    """Wait until a button is there and can't be pressed."""
    window.counts(window.page.locator("button[aria-disabled=true]").filter(has_text=name), 1)
