"""Profiles are made, renamed, deleted and brought back on the page: shown first, agreed to, and taken back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from machine import Machine
    from window import Window

pytestmark = pytest.mark.needs("chromium")


def names(machine: Machine) -> set[str]:
    """The profiles that are there, whatever the agent marks beside them."""
    return {each.name for each in (machine.root / "profiles").iterdir() if each.name[0] != "."}


def test_a_profile_is_made_by_keyboard_alone(window: Window, machine: Machine) -> None:
    """From the machine to the new profile; a name that is taken is told before anything is asked for."""
    keys = window.page.keyboard
    window.tab_to("New profile")
    keys.press("Enter")
    window.until("document.activeElement.id === 'new-name'")
    keys.type("coder")
    window.sees("There is a profile of this name: choose another.")
    keys.type("-2")
    keys.press("Enter")
    window.button("Create…").wait_for()
    window.sees("New profile coder-2")
    assert "coder-2" not in names(machine)
    window.tab_to("Create…")
    keys.press("Enter")
    window.tab_to("Create", 5)
    keys.press("Enter")
    window.sees("Created coder-2")
    assert (machine.path("coder-2") / ".env").exists()
    assert (machine.home / ".local/bin/coder-2").exists()
    window.tab_to("Open it")
    keys.press("Enter")
    window.settle()
    window.sees("Changes go to coder-2")
    window.sees("This profile has no package.")


def test_a_clone_says_what_stays_behind(window: Window, machine: Machine) -> None:
    """The bot's token is not copied; one click too many makes no second profile; to undo it, it is deleted."""
    page = window.page
    posted: list[str] = []

    def heard(request: Any) -> None:
        if request.method == "POST" and not request.post_data_json["fields"].get("dry_run"):
            posted.append(request.url.rpartition("/")[2])

    page.on("request", heard)
    window.go(screen="machine", item="new")
    page.locator("#new-name").fill("twin")
    page.get_by_label("Begins as").select_option("support")
    page.get_by_label("Make a command of this name").uncheck()
    window.button("Show the preview").click()
    window.sees("New profile twin, a clone of support")
    window.sees("none in .env to copy")
    window.sees("so they will not be copied: TELEGRAM_BOT_TOKEN")
    window.button("Create…").click()
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).dblclick()
    window.sees("Created twin, a clone of support")
    window.sees("so they were not copied: TELEGRAM_BOT_TOKEN")
    assert posted == ["create"]
    assert "111:clash" not in (machine.path("twin") / ".env").read_text()
    assert not (machine.home / ".local/bin/twin").exists()
    page.get_by_role("link", name="Undo: delete it…").click()
    window.button("Delete…").wait_for()
    window.sees("Profile twin will be moved to the trash")


def test_a_profile_is_renamed_and_named_back(window: Window, machine: Machine) -> None:
    """Routes follow; the page goes along, also with what was shown before; the way back is one press away."""
    page = window.page
    window.go(profile="support", screen="profile")
    page.get_by_role("link", name="Rename…").click()
    window.until("document.activeElement.id === 'rename'")
    page.keyboard.type("lab")
    page.keyboard.press("Enter")
    window.sees("A profile 'lab' exists already")
    page.get_by_label("Its new name").fill("desk")
    window.button("Show the preview").click()
    window.button("Rename…").click()
    window.agree("Rename")
    window.sees("support is desk now")
    window.settle()
    assert "profile=desk" in page.url
    window.sees("Changes go to desk")
    assert page.get_by_role("alert").filter(has_text="There is no profile").count() == 0
    assert "desk" in names(machine)
    assert '"profile": "desk"' in machine.run("gateway", "route", "list", "--json")

    page.get_by_role("link", name="Undo: name it support again…").click()
    page.get_by_label("Its new name").fill("support")
    window.button("Show the preview").click()
    window.button("Rename…").click()
    window.agree("Rename")
    window.sees("desk is support now")
    assert "support" in names(machine)


def test_a_profile_is_deleted_by_its_name_and_restored(window: Window, machine: Machine) -> None:
    """Nothing happens before the name is typed; the trash keeps it, with its edits, and gives it back."""
    page, home = window.page, machine.path("minutes")
    before = (home / "SOUL.md").read_bytes()
    window.go(profile="minutes", screen="profile")
    page.get_by_role("link", name="Delete…").click()
    window.sees("Profile minutes will be moved to the trash, where it can be restored for 30 days.")
    window.sees("scribe@2.3.0")
    window.button("Delete…").click()
    yes = page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True)
    assert yes.get_attribute("aria-disabled") == "true"
    page.get_by_label("Type minutes to delete it").fill("minute")
    page.keyboard.press("Enter")
    yes.click(force=True)
    assert home.exists()
    page.get_by_label("Type minutes to delete it").fill("minutes")
    page.keyboard.press("Enter")
    window.sees("minutes is in the trash for 30 days")
    window.settle()
    assert "screen=machine" in page.url
    assert "profile=" not in page.url
    assert not home.exists()
    window.counts(page.locator(".d-rowlink").filter(has_text="minutes"), 0)

    page.get_by_role("link", name="Undo: restore it…").click()
    window.until("document.activeElement.matches('.d-stored button')")
    page.keyboard.press("Enter")
    window.sees("Profile minutes comes back from the trash")
    window.agree("Restore")
    window.sees("minutes is back from the trash")
    window.sees("The archive and the trash are empty.")
    assert (home / "SOUL.md").read_bytes() == before
    page.get_by_role("link", name="Open it").click()
    window.settle()
    window.sees("Changes go to minutes")
    window.sees("By part")
    # The state is the one of before, so what was shown of it can still be written to.
    window.button("Hold").click()
    window.button("Held: release").wait_for()


def test_publishing_one_profile_leaves_the_others_as_they_were(
    window: Window, machine: Machine
) -> None:
    """All profiles without a package are in one state: what became of one is not what became of another."""
    page = window.page
    window.go(profile="baker", screen="publish")
    page.get_by_label("Repository").fill(f"file://{machine.repos['bakery'].path}")
    window.button("Show what would be pushed").click()
    window.button("Publish…").click()
    window.agree("Publish")
    page.get_by_role("heading", name="Published").wait_for()
    page.keyboard.press("Escape")
    page.get_by_label("Profile", exact=True).select_option("garden")
    page.get_by_role("link", name="Profile", exact=True).click()
    page.get_by_role("link", name="Delete…").click()
    window.button("Delete…").click()
    page.get_by_label("Type garden to delete it").fill("garden")
    window.agree("Delete")
    window.sees("garden is in the trash for 30 days")


def test_what_went_elsewhere_is_told(window: Window, machine: Machine) -> None:
    """Deleted or begun anew in a terminal while the page shows the preview: nothing of it is deleted here."""
    page = window.page
    window.go(profile="garden", screen="profile", item="delete")
    window.button("Delete…").wait_for()
    machine.run("delete", "garden", "-y")
    machine.run("create", "garden", "--no-alias")
    window.button("Delete…").click()
    page.get_by_label("Type garden to delete it").fill("garden")
    window.agree("Delete")
    window.sees("What would be done is not what was shown any more")
    assert "garden" in names(machine)
    machine.run("delete", "garden", "-y")
    window.button("Show a fresh preview").click()
    window.button("Delete…").click()
    page.get_by_label("Type garden to delete it").fill("garden")
    window.agree("Delete")
    page.get_by_role("group", name="Error").filter(has_text=re.compile("garden")).wait_for()
