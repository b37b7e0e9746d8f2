"""Chromium in front of the real server, for the stories of the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import forked
from leftout import AXE
from playwright.sync_api import Locator, Page, expect, sync_playwright

PROGRAM = Path(sys.executable).parent / "hermes-dist"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
expect.set_options(timeout=15_000)
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
}).observe({ type: "layout-shift", buffered: true });
"""
FOCUS = """
() => {
  let at = document.activeElement;
  while (at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  const style = getComputedStyle(at);
  return {
    label: at.getAttribute("aria-label") || "",
    text: at.innerText?.trim() || "",
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
  };
}
"""
PATIENCE = 15_000
"""How long a story waits for what it expects to see, in milliseconds."""
_launched: list[Any] = []
"""The browsers that run."""
_LOADS = "Failed to load resource"
"""What Chromium writes about each reply that is an error: those are part of stories."""


class Server:
    """The page's server, as a user starts it, but for the start: it is forked.

    Args:
        env: Its environment.
        cwd: Its folder.
    """

    def __init__(self, env: Mapping[str, str], cwd: Path) -> None:
        told, tells = os.pipe()
        words = [str(PROGRAM), "ui", "--no-open", "--json"]
        with open(os.devnull, "rb") as nothing:
            self._ran = forked.Forked(words, env, cwd, [nothing.fileno(), tells, 2])
        os.close(tells)
        self._told = os.fdopen(told)
        self.address = _address(self._told)
        """The address of the page, with the token."""

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, and wait until it has ended."""
        os.kill(self._ran.pid, how)
        with self._told:
            self._ran.wait(20)


@contextmanager
def served(env: Mapping[str, str], cwd: Path) -> Iterator[str]:
    """The page's server while it is needed; gives its address with the token."""
    server = Server(env, cwd)
    try:
        yield server.address
    finally:
        server.end()


def _address(told: IO[str]) -> str:
    text = ""
    for line in told:
        text += line
        try:
            return str(json.loads(text)["url"])
        except ValueError:
            continue
    raise AssertionError(f"the server said: {text}")


class Window:
    """A tab, with what it must never say.

    Args:
        page: Playwright's page.
        address: Where the page is, with the token.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.base = address.partition("/?")[0]
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("console", self._heard)
        page.on("request", self._asked)
        page.add_init_script(SHIFTS)

        page.goto(address)
        self.settle()

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(_LOADS):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(f"{self.base}/"):
            self.faults.append(f"asked for {request.url}")

    def go(self, **place: str) -> None:
        words = "&".join(f"{key}={value}" for key, value in place.items())
        self.page.goto(f"{self.base}/?{words}")
        self.settle()

    def settle(self) -> None:
        """Wait until everything that was asked for is shown."""
        self.page.wait_for_load_state("networkidle")
        expect(self.page.locator(".d-waiting")).to_have_count(0)

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def agree(self, name: str) -> None:
        """Say yes in the dialog that is open."""
        self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()

    def tab_to(self, name: str, presses: int = 80) -> None:
        """Press Tab until what has this name has the focus, at most so often."""
        for _ in range(presses):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(FOCUS)
            if name in (at["label"], at["text"]):
                assert at["seen"], name
                return
        raise AssertionError(f"Tab never reaches {name!r}")

    def focuses(self, pattern: str) -> None:
        """Wait until the focus is on an element whose text matches."""
        expect(self.page.locator(":focus")).to_have_text(re.compile(rf"^({pattern})$"))

    def texts(self, found: Locator, said: list[str]) -> None:
        """Wait until the elements say this, one each."""
        expect(found).to_have_text(said)

    def counts(self, found: Locator, number: int) -> None:
        """Wait until so many elements are there."""
        expect(found).to_have_count(number)

    def until(self, true: str) -> None:
        """Wait until a function of the page, or an expression, is true: the page itself may evaluate no text."""
        end = time.monotonic() + PATIENCE / 1000
        while not self.page.evaluate(true):
            assert time.monotonic() < end, true
            self.page.wait_for_timeout(50)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def violations(self) -> list[str]:
        """What axe finds wrong on this screen."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [
            f"{each['id']}: {[node['target'] for node in each['nodes']]}"
            for each in found["violations"]
        ]

    def shifted(self) -> float:
        """How much of the page moved by itself, as Chromium scores it."""
        return float(self.page.evaluate("window.shifted"))


@contextmanager
def browser() -> Iterator[None]:
    """One Chromium for all windows that are opened meanwhile: its start costs more than what most of them show."""
    program = shutil.which("chromium")
    with TemporaryDirectory() as home, sync_playwright() as play:
        launched = play.chromium.launch(
            executable_path=program, args=list(ARGUMENTS), env={**os.environ, "HOME": home}
        )
        _launched.append(launched)
        try:
            yield
        finally:
            _launched.remove(launched)
            launched.close()


@contextmanager
def chromium(**how: Any) -> Iterator[Any]:
    """A context of Chromium with an empty profile."""
    with ExitStack() as stack:
        if not (_launched and _launched[-1].is_connected()):
            stack.enter_context(browser())
        size = {"width": 1280, "height": 900}
        context = _launched[-1].new_context(**{"viewport": size, **how})
        stack.callback(context.close)
        context.set_default_timeout(PATIENCE)
        yield context
