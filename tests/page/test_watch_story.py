"""The story of a code on the page: asked for in a chat, looked at, shown once, typed in the chat."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from hermes_dist.brand import HERMES
from hermes_dist.ops.context import Context
from hermes_dist.ops.watch.owners import add_owner

if TYPE_CHECKING:
    from machine import Machine
    from window import Window

pytestmark = pytest.mark.needs("chromium")


def in_chat(machine: Machine, text: str) -> str:
    """What the owner reads in the chat of the profile ``research``."""
    from machine import PROGRAM

    speaker = {
        "platform": "telegram",
        "person": "7",
        "chat": "7",
        "kind": "dm",
        "profile": "research",
        "is_typed": True,
    }
    request = json.dumps({"format": 1, "text": text, "speaker": speaker})
    done = subprocess.run(
        [str(PROGRAM), "watch", "answer"],
        input=request,
        env=machine.env,
        capture_output=True,
        text=True,
        check=True,
    )
    said: str = json.loads(done.stdout)["text"]
    return said


def test_a_code_is_shown_for_what_was_asked_for_in_a_chat(machine: Machine, window: Window) -> None:
    add_owner(Context.from_environment(HERMES, env=machine.env), "telegram", "7")
    page = window.page
    assert page.get_by_text("Asked for in a chat").count() == 0
    assert "Plan " in in_chat(machine, "update")
    page.reload()
    window.settle()
    window.sees("Asked for in a chat")
    assert window.violations() == []
    page.get_by_role("button", name="Show code… for update research").click()
    window.sees("Let telegram:7 do this?")
    window.sees("skills/research/pdf-reading/SKILL.md")  # the plan, before the code
    page.get_by_role("dialog").get_by_role("button", name="Show code").click()
    window.sees("Type this in the chat")
    assert window.violations() == []
    shown = page.get_by_role("dialog").inner_text()
    found = re.search(r"/dist (update \d{4}-\d{4})", shown)
    assert found is not None
    assert "Updated" in in_chat(machine, found[1])
    page.get_by_role("dialog").get_by_role("button", name="Close").click()
    page.reload()
    window.settle()
    assert page.get_by_text("Asked for in a chat").count() == 0
