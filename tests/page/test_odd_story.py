"""The page with odd profiles: a broken file, no lockfile, no history, text from right to left, and a small screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from machine import Machine
    from window import Window

pytestmark = pytest.mark.needs("chromium")
SMALL = {"width": 360, "height": 780}


def is_too_wide(window: Window) -> bool:
    return bool(window.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_the_note_on_a_broken_file_stays_on_a_small_screen(
    window: Window, machine: Machine
) -> None:
    machine.write("minutes", "config.yaml", "model: [unclosed\n")
    window.page.set_viewport_size(SMALL)
    window.go(profile="minutes", screen="profile")
    window.sees("it can't be read")
    assert not is_too_wide(window)
    assert window.violations() == []


def test_a_profile_without_a_lockfile_names_the_command_and_copies_it(
    window: Window, machine: Machine
) -> None:
    (machine.path("minutes") / "distribution.lock").unlink()
    page = window.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    window.go(screen="machine")
    page.get_by_role("row", name="minutes").get_by_text("no lockfile").wait_for()
    for screen in ("profile", "update"):
        window.go(profile="minutes", screen=screen)
        page.get_by_role("button", name="Copy: hermes-dist adopt minutes").click()
        page.get_by_role("button", name="Copied: hermes-dist adopt minutes").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == "hermes-dist adopt minutes"
        assert window.violations() == []
    machine.run("adopt", "minutes", machine.repos["scribe"].path.as_uri(), "-y", codes=(0, 3))
    page.reload()
    window.sees("is up to date")


def test_a_command_with_a_long_name_stays_on_a_small_screen(
    window: Window, machine: Machine
) -> None:
    name = "the-minutes-of-each-meeting-of-the-board-in-the-last-years"
    machine.run("rename", "minutes", name)
    (machine.path(name) / "distribution.lock").unlink()
    window.page.set_viewport_size(SMALL)
    window.go(profile=name, screen="update")
    window.sees(f"hermes-dist adopt {name}")
    assert not is_too_wide(window)


def test_each_button_can_be_read_under_the_pointer(window: Window) -> None:
    page = window.page
    window.go(screen="machine", item="new")
    page.locator("#new-name").fill("twin")
    for name in ("Show the preview", "Create…"):
        button = window.button(name)
        button.hover()
        assert window.violations() == []
        button.click()
    page.get_by_role("dialog").get_by_role("button", name="Create", exact=True).hover()
    assert window.violations() == []
    window.go(profile="minutes", screen="profile", item="delete")
    window.button("Delete…").hover()
    assert window.violations() == []


def test_a_clone_has_a_history_that_begins_later(window: Window, machine: Machine) -> None:
    machine.run("create", "twin", "--clone-from", "scribe", "--no-alias")
    window.go(profile="twin", screen="profile")
    window.sees("Nothing yet: it begins with the next change")


def test_a_description_from_right_to_left_begins_at_the_right(
    window: Window, machine: Machine
) -> None:
    said = "סוכן שכותב בעברית"
    url = machine.source(
        "rtl", {"distribution.yaml": f"name: rtl\nversion: 1.0.0\ndescription: {said}\n"}
    )
    machine.install("rtl", url)
    window.go(profile="rtl", screen="profile")
    shown = window.page.get_by_text(said)
    assert shown.evaluate("it => getComputedStyle(it).direction") == "rtl"
