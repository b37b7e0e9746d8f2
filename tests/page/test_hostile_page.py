"""Every string of a hostile package is shown as text: nothing of it runs, and nothing of it hides."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import every_command
import pytest

pytestmark = pytest.mark.needs("chromium")
HTML = (
    "<img src=x onerror=window.owned=1><script>window.owned=1</script>"
    "\"'><svg onload=window.owned=1><a href=javascript:window.owned=1>x</a>{{7*7}}${7*7}"
)
SCREENS = ("profile", "update", "conflicts", "review", "publish", "machine", "find", "gateways")
STEERING = "\x1b\x07\x08\u202e\u009b\u2028"


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> every_command.Evil:
    """A home with a package whose strings are HTML and escape codes, everywhere."""
    monkeypatch.setattr(every_command, "EVIL", HTML + every_command.EVIL)
    return every_command.Evil(tmp_path)


def test_nothing_of_a_hostile_package_runs_or_hides(evil: every_command.Evil) -> None:
    from window import Window, chromium, served

    home = evil.template
    env = {**os.environ, "HOME": str(home), "PATH": "/usr/bin:/bin"}
    with served(env, home) as address, chromium() as context:
        window = Window(context.new_page(), address)
        page = window.page
        page.on("dialog", lambda box: window.faults.append(f"dialog: {box.message}"))
        for screen in SCREENS:
            window.go(profile="evil", screen=screen)
            _open_all(page)
            _unharmed(page, screen)
        window.go(profile="evil", screen="conflicts", item="SOUL.md")
        _unharmed(page, "a conflict")
        window.go(screen="find", item=json.dumps(HTML))
        _unharmed(page, "a package that is not there")
        assert not window.faults


def _open_all(page: Any) -> None:
    """Open what is folded, one after the other."""
    for _ in range(60):
        closed = page.locator(".d-fold-head[aria-expanded=false]")
        if closed.count() == 0:
            return
        closed.first.click()
    page.wait_for_load_state("networkidle")


def _unharmed(page: Any, where: str) -> None:
    assert page.evaluate("window.owned") is None, where
    assert (
        page.locator(
            "#app img:not(.cm-widgetBuffer), #app script, #app a[href^='javascript']"
        ).count()
        == 0
    ), where
    shown = page.locator("#app").inner_text()
    assert not [mark for mark in STEERING if mark in shown], where
    for title in page.locator("#app [title]").evaluate_all("all => all.map((one) => one.title)"):
        assert not [mark for mark in STEERING if mark in title], where
