"""A machine for each story: built once, copied for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from asking import Page
    from machine import Machine
    from story import Story
    from window import Window


@pytest.fixture
def story(home: Path) -> Story:
    """A home with the package of the stories installed as ``bot``."""
    from story import Story

    found = Story(home)
    found.install()
    return found


@pytest.fixture
def page(story: Story) -> Page:
    """The page of that home, which has been shown ``bot``."""
    from asking import Page

    found = Page(story)
    found.data("status")
    return found


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """The machine that stories begin with."""
    from machine import build

    with pytest.MonkeyPatch.context() as patch:
        for who in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{who}_NAME", "Ada Author")
            patch.setenv(f"GIT_{who}_EMAIL", "ada@example.org")
        return build(tmp_path_factory.mktemp("machine"))


@pytest.fixture
def machine(template: Machine, tmp_path: Path) -> Iterator[Machine]:
    """A machine of this test alone."""
    made = template.copy(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def browser() -> Iterator[None]:
    """One browser for the windows of a module, each with an empty profile.

    Not for the whole session: while it runs, its library keeps the event loop of this thread.
    """
    from window import browser

    with browser():
        yield


@pytest.fixture
def window(browser: None, machine: Machine) -> Iterator[Window]:
    """A tab on the page of this machine; it never errs, and never asks another host."""
    from window import Window, chromium, served

    with served(machine.env, machine.home) as address, chromium() as context:
        tab = Window(context.new_page(), address)
        yield tab
        assert not tab.faults
