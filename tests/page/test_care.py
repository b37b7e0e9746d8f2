"""The page for everybody: without a mouse, with a screen reader, in both themes, on small and large screens."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from budget import IS_QUICK

if TYPE_CHECKING:
    from machine import Machine

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]
SCREENS = {
    "machine": "",
    "profile": "coder",
    "update": "research",
    "conflicts": "coder",
    "review": "coder",
    "find": "",
    "gateways": "",
    "publish": "baker",
}
PARTS = [
    {"screen": "machine", "item": "new"},
    {"screen": "machine", "item": "trash"},
    {"screen": "profile", "profile": "lab", "item": "rename"},
    {"screen": "profile", "profile": "lab", "item": "delete"},
]
"""Parts of screens that have an address of their own."""
WIDTHS = (360, 1280, 2560)
LOOKS = [(width, theme) for width in WIDTHS for theme in ("light", "dark")]
SOME_LOOKS = [(360, "light"), (1280, "dark"), (2560, "light")]


@pytest.mark.parametrize(("width", "theme"), SOME_LOOKS if IS_QUICK else LOOKS)
def test_each_screen_fits_stays_in_place_and_is_accessible(
    machine: Machine, width: int, theme: str
) -> None:
    """Axe finds nothing, nothing is wider than the page, and nothing moves by itself."""
    from window import Window, chromium, served

    size = {"width": width, "height": 800}
    with (
        served(machine.env, machine.home) as address,
        chromium(viewport=size, color_scheme=theme) as context,
    ):
        window = Window(context.new_page(), address)
        found = []
        places = [{"screen": screen, "profile": profile} for screen, profile in SCREENS.items()]
        for place in (*places, *PARTS):
            window.go(**place)
            screen = " ".join(place.values())
            found += [f"{screen}: {each}" for each in window.violations()]
            wide = window.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                found.append(f"{screen}: {wide} pixels too wide")
            if window.shifted() > 0.1:
                found.append(f"{screen}: moved by {window.shifted()}")
        assert not found
        assert not window.faults


def test_links_in_find_are_large_enough_to_touch(machine: Machine) -> None:
    """A finger needs 44 pixels: the name of a package, and the way back to all of them."""
    from window import Window, chromium, served

    size = {"width": 360, "height": 800}
    with served(machine.env, machine.home) as address, chromium(viewport=size) as context:
        window = Window(context.new_page(), address)
        heights = []
        for found in (".d-pack a", "#d-main p > a"):
            window.go(screen="find", item="" if found == ".d-pack a" else "here/scribe")
            link = window.page.locator(found).first
            link.wait_for()
            heights.append(link.bounding_box()["height"])
        assert min(heights) >= 44, heights


def test_a_conflict_is_settled_by_keyboard_alone(machine: Machine) -> None:
    """From the first key to the saved file, no mouse is touched; focus is always seen."""
    from window import Window, chromium, served

    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        page, keys = window.page, window.page.keyboard
        keys.press("Tab")
        assert page.evaluate("document.activeElement.className") == "d-skip"
        keys.press("Enter")
        assert page.evaluate("document.activeElement.id") == "d-main"
        keys.press("?")
        window.sees("Keyboard shortcuts")
        keys.press("Escape")
        page.get_by_role("dialog").wait_for(state="hidden")
        keys.press("/")
        keys.type("coder")
        window.tab_to("coder")
        keys.press("Enter")
        window.settle()
        keys.press("c")
        window.settle()
        window.sees("2 differences")
        window.tab_to("Next difference")
        keys.press("Enter")  # into the result, at the first difference
        keys.press("Alt+ArrowRight")
        window.sees("in the result: 1 yours, 1 theirs")
        keys.press("Escape")
        window.tab_to("Check the result")
        keys.press("Enter")
        window.button("Save…").wait_for()
        # What had the focus is gone: it goes on beside it, not at the top of the page.
        window.tab_to("Save…", presses=2)
        keys.press("Enter")
        window.tab_to("Save")
        keys.press("Enter")
        window.sees("conflicts left.")
        keys.press("Shift+Tab")
        window.focuses("Go on")
        keys.press("Enter")
        window.tab_to("config.yaml\n2", presses=2)
        said = (machine.path("coder") / "SOUL.md").read_text()
        assert "You write the failing test first, and say so." in said


HASTE = """
  const link = document.querySelector(".d-rowlink");
  link.focus();
  link.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true }));
  document.querySelector("input[type=search]").focus();
  await new Promise((go) => setTimeout(go, 500));
  return document.activeElement.type;
"""


def test_who_is_faster_than_the_page_keeps_the_focus(machine: Machine) -> None:
    """A row that is drawn late does not take the focus back: what is typed next would be keys of the page."""
    from window import Window, chromium, served

    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        assert window.page.evaluate(f"async () => {{{HASTE}}}") == "search"


TWO_KEYS = """
  const links = document.querySelectorAll(".d-rowlink");
  const down = () => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true, cancelable: true }));
  links[0].focus();
  down();
  await new Promise((go) => setTimeout(go, 0));
  down();
  await new Promise((go) => setTimeout(go, 500));
  return [...links].indexOf(document.activeElement);
"""


def test_two_keys_in_one_frame_move_by_two_rows(machine: Machine) -> None:
    """What the first key left to do after it was drawn does not undo the second: Enter opens the row that is marked."""
    from window import Window, chromium, served

    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        assert window.page.evaluate(f"async () => {{{TWO_KEYS}}}") == 2


def test_a_thousand_profiles_scroll(machine: Machine) -> None:
    """Only the rows in sight are made, and the last one is a key away."""
    from window import Window, chromium, served

    for n in range(1000):
        home: Path = machine.root / "profiles" / f"many-{n:04}"
        home.mkdir()
        (home / "config.yaml").write_text("model:\n  default: small\n")
    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        page = window.page
        table = page.get_by_role("table", name="Profiles")
        assert table.get_attribute("aria-rowcount") == "1013"
        assert page.locator(".d-tbody [role=row]").count() < 80
        page.locator(".d-rowlink").first.focus()
        page.keyboard.press("End")
        window.focuses(r"support|many-0999")
        page.keyboard.press("Home")
        window.focuses("coder")
        page.keyboard.press("/")
        page.keyboard.type("many-0500")
        window.counts(page.locator(".d-rowlink"), 1)
        assert not window.violations()
        assert not window.faults


def test_a_long_text_with_many_differences_is_merged_one_by_one(machine: Machine) -> None:
    """5,000 lines, and each of a hundred differences stands alone."""
    from window import Window, chromium, served

    lines = [f"Rule {n} stands, and says what it says of {n * 7}.\n" for n in range(5000)]
    mine, theirs = list(lines), list(lines)
    for n in range(0, 5000, 50):
        mine[n], theirs[n] = f"Mine {n}.\n", f"Theirs {n}.\n"
    manifest = {"distribution.yaml": "name: long\nversion: 1.0.0\n", "SOUL.md": "".join(lines)}
    machine.install("long", machine.source("long", manifest))
    machine.write("long", "SOUL.md", "".join(mine))
    machine.ship("long", {"SOUL.md": "".join(theirs)}, "v2.0.0")
    machine.run("update", "long", "-y", codes=(0, 3))
    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        window.go(profile="long", screen="conflicts")
        window.sees("100 differences")
        window.button("Next difference").click()
        window.page.keyboard.press("Alt+ArrowRight")
        window.sees("in the result: 99 yours, 1 theirs")
        window.button("Check the result").click()
        window.button("Save…").click()
        window.agree("Save")
        window.sees("All conflicts are settled.")
        said = (machine.path("long") / "SOUL.md").read_text()
        assert said.count("Theirs ") == 1
        assert said.count("Mine ") == 99
        assert not window.faults


def test_of_hundreds_of_keys_those_in_sight_are_asked_for(machine: Machine) -> None:
    """To show one costs a merge: the page asks for what is looked at, and settles all of them at once."""
    from window import Window, chromium, served

    def config(value: str) -> str:
        return "many:\n" + "".join(f"  k{n}: {value}\n" for n in range(250))

    path, manifest = "templates/many.yaml", "name: many\nversion: 1.0.0\n"
    url = machine.source("many", {"distribution.yaml": manifest, path: config("old")})
    machine.install("many", url)
    machine.write("many", path, config("mine"))
    machine.ship("many", {path: config("new")}, "v2.0.0")
    machine.run("update", "many", "-y", codes=(0, 3))
    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        page = window.page
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        window.go(profile="many", screen="conflicts")
        window.settle()
        first = page.get_by_role("group", name="many.k0", exact=True)
        window.texts(first.locator(".d-side").nth(2), ["Theirsnew"])
        assert sum("/conflict?" in url for url in asked) < 30
        last = page.get_by_role("group", name="many.k249", exact=True)
        last.scroll_into_view_if_needed()
        window.texts(last.locator(".d-side").nth(2), ["Theirsnew"])
        window.button("All theirs").click()
        window.button("Check the choice").click()
        window.button("Save…").click()
        window.agree("Save")
        window.sees("All conflicts are settled.")
        assert (machine.path("many") / path).read_text() == config("new")
        assert not window.faults


def test_a_question_begins_with_its_title(machine: Machine) -> None:
    """With 400 % of size, the first button is below the text: whoever is asked reads what will happen first."""
    from window import Window, chromium, served

    size = {"width": 320, "height": 256}
    with served(machine.env, machine.home) as address, chromium(viewport=size) as context:
        window = Window(context.new_page(), address)
        window.go(profile="research", screen="update")
        window.button("Update…").click()
        window.focuses("Update research\\?")
        assert window.page.evaluate("document.querySelector('dialog[open]').scrollTop") == 0
        window.tab_to("Cancel", presses=1)
