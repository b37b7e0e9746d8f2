"""Take the pictures of all screens in the dashboards of both agents: one width, each on the same machine.

Run it with ``PYTHONPATH=tests:tests/agent:tests/page .venv/bin/python docs/pictures/dashboard.py [FOLDER]``, and look at
them. Both agents must be installed (``make agents``), and Chromium with playwright. FOLDER is ``docs/pictures/dashboard`` by
default.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
TOP = HERE.parent.parent
STAGE = Path("/tmp/ada")
"""Where the machine is made: the pictures show its paths."""
WIDTH, HEIGHT = 1280, 720
SCREENS = {
    "machine": {},
    "profile": {"profile": "coder", "screen": "profile"},
    "update": {"profile": "research", "screen": "update"},
    "conflict-text": {"profile": "coder", "screen": "conflicts", "item": "SOUL.md"},
    "conflict-keys": {"profile": "coder", "screen": "conflicts", "item": "config.yaml"},
    "review": {"profile": "coder", "screen": "review"},
    "find": {"profile": "coder", "screen": "find"},
    "gateways": {"profile": "coder", "screen": "gateways"},
    "publish": {"profile": "coder", "screen": "publish"},
}


def main(folder: Path) -> None:
    """Take all pictures."""
    os.environ.setdefault("HERMES_TEST_AGENT", str(TOP / ".agent"))
    os.environ.setdefault("HERMES_TEST_AGENT22", str(TOP / ".agent22"))
    for who in ("AUTHOR", "COMMITTER"):
        os.environ[f"GIT_{who}_NAME"] = "Ada Author"
        os.environ[f"GIT_{who}_EMAIL"] = "ada@example.org"
    from dashboards import running
    from machine import build
    from page import small
    from partners import GENERATIONS
    from window import chromium

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    shutil.rmtree(STAGE, ignore_errors=True)
    STAGE.mkdir()
    try:
        template = build(STAGE)
        for generation in GENERATIONS:
            machine = template.copy(STAGE / generation.name)
            machine.run("dashboard", "install", "--yes", "--enable")
            size = {"width": WIDTH, "height": HEIGHT}
            with (
                running(generation, machine.home, **machine.env) as dashboard,
                chromium(viewport=size, reduced_motion="reduce") as context,
            ):
                page = context.new_page()
                for name, where in SCREENS.items():
                    words = "&".join(f"{key}={value}" for key, value in where.items())
                    page.goto(f"{dashboard.url}/packages?{words}")
                    page.locator(".hd h1").wait_for()
                    page.wait_for_load_state("networkidle")
                    page.wait_for_function("!document.querySelector('.d-waiting')")
                    page.wait_for_timeout(3000)  # the list is filled in profile by profile
                    (folder / f"{generation.name}-{name}.png").write_bytes(small(page.screenshot()))
            machine.end()
    finally:
        shutil.rmtree(STAGE)
    print(sum(file.stat().st_size for file in folder.glob("*.png")), "bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "dashboard")
