"""A conflict in a text: yours, theirs and the result at once, hunks beside each other, on every width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from machine import Machine
    from window import Window

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("browser")]
TOPS = """
() => {
  const root = document.querySelector(".d-merge").shadowRoot;
  const tops = (pane) => [...pane.querySelectorAll(".bar")].map((one) => Math.round(one.getBoundingClientRect().top));
  return [...root.querySelectorAll(".group")].map((group) => [...group.querySelectorAll(".pane")].map(tops));
}
"""
"""How far down each hunk is: by row of panes, by pane."""
LEVEL = f"""
() => ({TOPS})().every((row) => row.every((pane) => pane.length === 2 && pane.every((top, n) => Math.abs(top - row[0][n]) < 3)))
"""
ROWS = {2560: [3], 1280: [2, 1], 360: [1, 1, 1]}
"""How many panes stand beside each other, by the width of the window."""


def shown(window: Window) -> list[int]:
    """How many panes each row has; all of them are in sight."""
    rows = window.page.evaluate(TOPS)
    for name in ("yours", "theirs", "the result"):
        assert window.page.get_by_label(f"SOUL.md: {name}").is_visible()
    return [len(row) for row in rows]


def test_three_panes_are_seen_at_once_with_their_hunks_level(machine: Machine) -> None:
    """One row, two, or one below the other; what was taken stays when the width changes; the base comes when asked for."""
    from window import Window, chromium, served

    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        page = window.page
        page.set_viewport_size({"width": 2560, "height": 900})
        window.go(profile="coder", screen="conflicts")
        window.sees("2 differences, in the result: 2 yours")
        assert shown(window) == ROWS[2560]
        # A side that wraps, and one that has two lines where the others have one, take none of them out of step.
        window.button("Next difference").click()
        window.button("Both at this difference").click()
        window.until(LEVEL)
        window.button("Next difference").click()
        page.keyboard.press("Alt+ArrowRight")
        window.sees("in the result: 1 theirs, 1 both. Difference 2: both changed it")
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 900})
            window.until(f"({TOPS})().length === {len(ROWS[width])}")
            assert shown(window) == ROWS[width]
            assert window.violations() == []
        page.set_viewport_size({"width": 1280, "height": 900})
        window.until(f"({TOPS})().length === 2")
        assert page.get_by_label("SOUL.md: the base").count() == 0
        window.button("Show the base").click()
        page.get_by_label("SOUL.md: the base").wait_for()
        window.until(LEVEL)
        window.button("Base at this difference").click()
        window.sees("in the result: 1 both, 1 base")
        page.keyboard.press("Alt+ArrowUp")  # the button has the focus, not a text: nothing happens
        window.sees("Difference 2: both changed it, in the result: base")
        page.get_by_label("SOUL.md: the result").focus()
        page.keyboard.press("Control+z")
        window.sees("in the result: 1 theirs, 1 both")
        assert not window.faults


def test_texts_without_a_last_line_end_are_joined_by_one(machine: Machine) -> None:
    """Yours and theirs are put after each other, no line is joined with another, and what is typed there is nobody's."""
    from window import Window, chromium, served

    lines = ["# Notes", "", "One."]
    first = {"distribution.yaml": "name: ended\nversion: 1.0.0\n", "SOUL.md": "\n".join(lines)}
    machine.install("ended", machine.source("ended", first))
    machine.write("ended", "SOUL.md", "\n".join([*lines, "Mine."]))  # no line end
    machine.ship("ended", {"SOUL.md": "\n".join([*lines, "", "Theirs.", ""])}, "v2.0.0")
    machine.run("update", "ended", "-y", codes=(0, 3))
    with served(machine.env, machine.home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        page = window.page
        window.go(profile="ended", screen="conflicts")
        window.button("Next difference").click()
        page.keyboard.press("Alt+ArrowRight")
        window.sees("in the result: 1 theirs")
        page.keyboard.press("Alt+ArrowLeft")
        window.sees("in the result: 1 yours")
        window.button("Both at this difference").click()
        window.sees("in the result: 1 both")
        page.get_by_label("SOUL.md: the result").focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("Typed.")
        window.sees("in the result: 1 edited")
        window.button("Check the result").click()
        window.button("Save…").click()
        window.agree("Save")
        window.sees("All conflicts are settled.")
        said = (machine.path("ended") / "SOUL.md").read_text()
        assert said == "# Notes\n\nOne.\nMine.\n\nTheirs.\nTyped."
        assert not window.faults
