"""No profile is written to but the one that is shown: two tabs, switching, renaming, deleting, and a server that dies."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from machine import Machine
    from window import Window

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]


def test_every_change_names_the_profile_that_is_shown(window: Window, machine: Machine) -> None:
    """Somebody switches while previews are on their way: no answer appears on another profile's page."""
    page, sent = window.page, []

    def heard(request: Any) -> None:
        if request.method == "POST":
            sent.append((request.post_data_json["profile"], urlsplit(page.url).query))

    page.on("request", heard)
    before = {name: _files(machine.path(name)) for name in ("research", "minutes", "scribe")}
    window.go(profile="research", screen="update")
    for _ in range(3):
        for name in ("minutes", "scribe", "research"):
            page.get_by_label("Profile", exact=True).select_option(name)
    page.get_by_label("Profile", exact=True).select_option("minutes")
    window.settle()
    window.sees("minutes is up to date.")
    assert "retraction-watch" not in page.locator("#d-main").inner_text()
    assert sent
    assert all(name in parse_qs(query)["profile"] for name, query in sent)
    assert {name: _files(machine.path(name)) for name in before} == before


def _files(home: Path) -> dict[str, bytes]:
    kept = ("SOUL.md", "config.yaml", "distribution.lock")
    return {name: (home / name).read_bytes() for name in kept}


def test_of_two_tabs_only_one_update_happens(machine: Machine) -> None:
    """Both show the preview; one says yes; the other is told, and writes nothing."""
    from window import Window, chromium, served

    with served(machine.env, machine.home) as address, chromium() as context:
        one, two = Window(context.new_page(), address), Window(context.new_page(), address)
        for tab in (one, two):
            tab.go(profile="research", screen="update")
            tab.button("Update…").wait_for()
        one.button("Update…").click()
        one.agree("Update")
        one.sees("Update done")
        before = _files(machine.path("research"))
        two.button("Update…").click()
        two.agree("Update")
        two.sees("Nothing was written.")
        two.sees("Update, generation")
        assert _files(machine.path("research")) == before
        two.button("Show a fresh preview").click()
        two.sees("research is up to date.")
        assert not one.faults
        assert not two.faults


def test_a_profile_that_is_renamed_is_followed_and_one_that_is_deleted_is_told(
    window: Window, machine: Machine
) -> None:
    page = window.page
    window.go(profile="minutes", screen="profile")
    machine.run("rename", "minutes", "protocol")
    window.button("Hold").click()
    page.get_by_role("link", name="Go to protocol").first.click()
    window.settle()
    window.sees("Changes go to protocol")
    assert '"held": ""' in machine.run("status", "protocol", "--json", codes=(0, 3, 10))

    machine.run("delete", "protocol", "-y")
    window.button("Hold").click()
    window.sees("There is no profile protocol")
    page.get_by_role("link", name="All profiles").first.click()
    window.settle()
    assert "protocol" not in page.get_by_role("table").inner_text()


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.2])
def test_a_server_that_is_killed_in_an_update_leaves_all_or_nothing(
    machine: Machine, wait: float
) -> None:
    """The page says that the program is gone; started again, it says what is so, and the work can go on."""
    from window import Server, Window, chromium, served

    home = machine.path("research")
    with chromium() as context:
        server = Server(machine.env, machine.home)
        window = Window(context.new_page(), server.address)
        window.go(profile="research", screen="update")
        window.button("Update…").click()
        window.agree("Update")
        time.sleep(wait)
        server.end(signal.SIGKILL)
        if not window.page.get_by_text("Update done").is_visible():
            window.sees("does not answer")

        with served(machine.env, machine.home) as address:
            window = Window(context.new_page(), address)
            window.go(profile="research", screen="update")
            new = (home / "skills/research/pdf-reading/SKILL.md").exists()
            window.sees("research is up to date." if new else "Reads preprints as PDF.")
            assert new == ("60000" in (home / "config.yaml").read_text())
            assert "max_turns: 80  # mine" in (home / "config.yaml").read_text()
            if not new:
                window.button("Update…").click()
                window.agree("Update")
                window.sees("Update done")


@pytest.mark.parametrize(
    ("profile", "screen"), [("lab", "review"), ("coder", "conflicts"), ("research", "profile")]
)
def test_a_tab_whose_server_has_ended_says_so_when_one_comes_back(
    machine: Machine, profile: str, screen: str
) -> None:
    """What it shows stays, and whoever looks at it again reads that it is of before, and where it goes on."""
    from window import Server, Window, chromium

    with chromium() as context:
        server = Server(machine.env, machine.home)
        window = Window(context.new_page(), server.address)
        window.go(profile=profile, screen=screen)
        server.end(signal.SIGKILL)
        window.page.wait_for_timeout(3100)
        window.page.evaluate("dispatchEvent(new Event('focus'))")
        window.sees("does not answer")
        window.sees("go on at the address that it opens")
