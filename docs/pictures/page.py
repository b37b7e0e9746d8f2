"""Take pictures of the page: every screen in three widths and both themes.

Usage: ``python docs/pictures/page.py [FOLDER]`` writes them into ``docs/pictures/page/``. It needs Chromium and the extras
``ui`` and ``browser``, and no network: the machine in the pictures is the one of the stories in ``tests/page/``.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests" / "page")]
for who in ("AUTHOR", "COMMITTER"):
    os.environ[f"GIT_{who}_NAME"], os.environ[f"GIT_{who}_EMAIL"] = "Ada Author", "ada@example.org"

from machine import build  # noqa: E402 - found only now
from PIL import Image  # noqa: E402 - found only now
from playwright.sync_api import Page  # noqa: E402 - found only now
from window import Window, chromium, served  # noqa: E402 - found only now

WIDTHS = (360, 1280, 2560)
THEMES = ("light", "dark")
COLOURS = 96
SCREENS = {
    "machine": {"screen": "machine"},
    "profile": {"screen": "profile", "profile": "coder"},
    "update": {"screen": "update", "profile": "research"},
    "conflicts": {"screen": "conflicts", "profile": "coder"},
    "keys": {"screen": "conflicts", "profile": "coder", "item": "config.yaml"},
    "review": {"screen": "review", "profile": "coder"},
    "find": {"screen": "find"},
    "package": {"screen": "find", "item": "shelf/research-bot"},
    "gateways": {"screen": "gateways"},
    "publish": {"screen": "publish", "profile": "baker"},
}


def pictures(address: str) -> Iterator[tuple[str, bytes]]:
    """Every picture by its name, as PNG."""
    for width in WIDTHS:
        for theme in THEMES:
            size = {"width": width, "height": 800}
            with chromium(viewport=size, color_scheme=theme) as context:
                window = Window(context.new_page(), address)
                for name, place in SCREENS.items():
                    window.go(**place)
                    window.page.wait_for_timeout(300)
                    yield f"{name}-{width}-{theme}.png", _whole(window.page, width)


def _whole(page: Page, width: int) -> bytes:
    """A picture of the whole page: the window is made as tall as it, because an editor measures what it shows."""
    for _ in range(2):  # what is as tall as a part of the window grows with it
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
    data = page.screenshot()
    page.set_viewport_size({"width": width, "height": 800})
    return data


def small(data: bytes) -> bytes:
    """The same picture with few colours."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    reduced = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    out = io.BytesIO()
    reduced.save(out, "PNG", optimize=True)
    return out.getvalue()


def main(folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    # The same name each time, as it is seen in the pictures.
    place = Path(tempfile.gettempdir()) / "ada"
    place.mkdir(0o700)
    try:
        machine = build(place)
        with served(machine.env, machine.home) as address:
            for name, data in pictures(address):
                (folder / name).write_bytes(small(data))
        machine.end()
    finally:
        shutil.rmtree(place)
    total = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{len(list(folder.iterdir()))} pictures, {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "page")
