"""The page in the dashboards of real agents, in Chromium: found, following the switcher, writing, and told what changed.

What each screen does is tested on the page alone (``tests/page``); these stories are about being inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dashboards import TAB, authored, running
from partners import Generation

if TYPE_CHECKING:
    from dashboards import Dashboard
    from machine import Machine
    from window import Window

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium")]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    from machine import build

    with authored():
        return build(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def machine(template: Machine, tmp_path: Path) -> Iterator[Machine]:
    """A machine of this test alone, for a story that changes what others look at."""
    yield from _with_the_tab(template, tmp_path)


@pytest.fixture(scope="module")
def common(
    template: Machine, generation: Generation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """A machine for all other stories of this module."""
    yield from _with_the_tab(template, tmp_path_factory.mktemp(f"common{generation.name}"))


def _with_the_tab(template: Machine, place: Path) -> Iterator[Machine]:
    made = template.copy(place)
    made.run("dashboard", "install", "--yes", "--enable")
    yield made
    made.end()


@pytest.fixture(scope="module")
def shared(generation: Generation, common: Machine) -> Iterator[Dashboard]:
    with running(generation, common.home, **common.env) as started:
        yield started


@pytest.fixture
def dashboard(request: pytest.FixtureRequest, generation: Generation) -> Iterator[Dashboard]:
    """The dashboard of the machine that the test asks for."""
    if "machine" not in request.fixturenames:
        yield request.getfixturevalue("shared")
        return
    machine = request.getfixturevalue("machine")
    with running(generation, machine.home, **machine.env) as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[None]:
    """One browser for all windows of this module, each with an empty profile."""
    from window import browser

    with browser():
        yield


@pytest.fixture
def window(browser: None, dashboard: Dashboard) -> Iterator[Window]:
    """A tab of the browser on the tab of the dashboard; it never errs, and never asks another host."""
    from window import Window, chromium

    with chromium() as context:
        tab = Window(context.new_page(), f"{dashboard.url}/packages")
        tab.base = f"{dashboard.url}/packages"
        yield tab
        own = (f"asked for {dashboard.url}", "console: WebSocket")  # the dashboard's chat
        assert [fault for fault in tab.faults if not fault.startswith(own)] == []


def test_the_tab_is_found_and_follows_the_dashboards_own_switcher(
    window: Window, dashboard: Dashboard
) -> None:
    page = window.page
    page.goto(f"{dashboard.url}/sessions")
    page.get_by_role("link", name="Packages").click()
    window.settle()
    assert page.url.startswith(f"{dashboard.url}/packages")
    names = page.get_by_role("table", name="Profiles").get_by_role("row")
    window.counts(names, 13)

    switcher = page.get_by_role("combobox").first
    switcher.click()
    page.get_by_role("option", name="research", exact=True).click()
    window.settle()
    assert "profile=research" in page.url
    window.sees("Changes go to research")
    page.go_back()
    page.go_forward()
    window.sees("Changes go to research")
    page.reload()
    window.settle()
    window.sees("Changes go to research")


def test_an_update_from_the_dashboard_is_shown_agreed_to_and_done(
    window: Window, machine: Machine
) -> None:
    page, home = window.page, machine.path("research")
    go(window, profile="research", screen="update")
    window.button("Update…").wait_for()
    window.sees("Reads preprints as PDF.")
    before = (home / "config.yaml").read_text()
    window.button("Update…").click()
    window.agree("Update")
    window.sees("Update done")
    after = (home / "config.yaml").read_text()
    assert after != before
    assert "max_turns: 80  # mine" in after
    assert (home / "skills/research/pdf-reading/SKILL.md").exists()
    assert page.url.startswith(window.base)


def test_what_changed_meanwhile_is_told_in_the_dashboard_and_nothing_is_written(
    window: Window, machine: Machine
) -> None:
    go(window, profile="research", screen="update")
    window.button("Update…").wait_for()
    machine.run("keep", "research", "SOUL.md")
    before = (machine.path("research") / "config.yaml").read_bytes()
    window.button("Update…").click()
    window.agree("Update")
    window.sees("Nothing was written.")
    assert (machine.path("research") / "config.yaml").read_bytes() == before


def test_a_question_stands_in_the_middle_of_the_dashboard(window: Window) -> None:
    """The dashboard's own style takes the margins of everything away, and a dialog is centred by its margin."""
    go(window, profile="scribe", screen="profile")
    window.page.get_by_role("button", name="Keyboard shortcuts").click()
    box = window.page.get_by_role("dialog").bounding_box()
    width = window.page.evaluate("document.documentElement.clientWidth")
    assert box
    assert abs(box["x"] + box["width"] / 2 - width / 2) < 10
    assert box["y"] > 40


def test_a_text_is_merged_in_the_dashboard(window: Window, common: Machine) -> None:
    """The editor is a file of its own, which the dashboard has to hand out."""
    page, file = window.page, common.path("coder") / "SOUL.md"
    go(window, profile="coder", screen="conflicts", item="SOUL.md")
    window.sees("2 differences")
    page.get_by_role("button", name="Take this from theirs").first.click()
    window.sees("in the result: 1 yours, 1 theirs")
    window.button("Check the result").click()
    window.button("Save…").click()
    window.agree("Save")
    window.sees("conflicts left.")
    said = file.read_text()
    assert "You write the failing test first, and say so." in said
    assert "My house style: two spaces, no semicolons." in said


def test_a_profile_that_is_renamed_under_the_page_is_told(window: Window, common: Machine) -> None:
    go(window, profile="minutes", screen="profile")
    window.sees("Changes go to minutes")
    window.button("Hold").wait_for()
    common.run("rename", "minutes", "protocol")
    window.button("Hold").click()
    window.sees("protocol")
    assert not common.path("minutes").exists()


def test_a_page_whose_dashboard_is_killed_says_so_and_comes_back_with_what_is_so(
    window: Window, machine: Machine, dashboard: Dashboard, generation: Generation
) -> None:
    go(window, profile="research", screen="update")
    window.button("Update…").wait_for()
    window.button("Update…").click()
    dashboard.kill()
    window.agree("Update")
    window.sees("does not answer")
    assert "1.0.0" in machine.run("info", "research", "--json")
    with running(generation, machine.home, dashboard.port, **machine.env):
        window.page.reload()
        window.settle()
        window.button("Update…").click()
        window.agree("Update")
        window.sees("Update done")
    assert "1.2.0" in machine.run("info", "research", "--json")
    window.faults.clear()  # requests that nobody answered


def test_screens_in_the_dashboard_are_sound_for_a_screen_reader(window: Window) -> None:
    from leftout import AXE

    page = window.page
    for place in (
        {},
        {"profile": "coder", "screen": "profile"},
        {"profile": "research", "screen": "update"},
        {"profile": "coder", "screen": "conflicts"},
        {"profile": "coder", "screen": "review"},
    ):
        go(window, **place)
        page.evaluate(AXE.read_text("utf-8"))
        # What is around it is the dashboard's own.
        found = page.evaluate("axe.run('.hd', { resultTypes: ['violations'] })")
        assert [each["id"] for each in found["violations"]] == [], place


def go(window: Window, **place: str) -> None:
    words = "&".join(f"{key}={value}" for key, value in place.items())
    window.page.goto(f"{window.base}?{words}")
    # The dashboard loads its tabs when it is shown: on a busy machine, nothing is there to settle yet.
    window.page.locator(".hd h1").wait_for(timeout=60_000)
    window.settle()


def test_what_fails_in_the_tab_leaves_the_dashboard_as_it_is(
    window: Window, dashboard: Dashboard
) -> None:
    page = window.page
    answer = '{"profile": "", "state": "", "data": {"profiles": [null]}}'
    page.route(
        f"{dashboard.url}{TAB}/list",
        lambda route: route.fulfill(content_type="application/json", body=answer),
    )
    page.goto(f"{window.base}?profile=coder&screen=profile")
    window.sees("This tab failed")
    page.get_by_role("link", name="Skills").wait_for()
    page.unroute(f"{dashboard.url}{TAB}/list")
    window.button("Show it again").click()
    window.sees("Changes go to coder")
    window.faults.clear()
