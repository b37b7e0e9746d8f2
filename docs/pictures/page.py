"""Take pictures of the page: every screen in three widths and both themes.

Usage: ``python docs/pictures/page.py [FOLDER]`` writes them into ``docs/pictures/page/``. It needs Chromium and the extras
``ui`` and ``browser``, and no network: the machine in the pictures is the one of the stories in ``tests/page/``.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests" / "page")]
for who in ("AUTHOR", "COMMITTER"):
    os.environ[f"GIT_{who}_NAME"], os.environ[f"GIT_{who}_EMAIL"] = "Ada Author", "ada@example.org"

from machine import build  # noqa: E402 - found only now
from PIL import Image  # noqa: E402
from window import Window, chromium, served  # noqa: E402

WIDTHS = (360, 1280, 2560)
THEMES = ("light", "dark")
COLOURS = 128
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
                    yield f"{name}-{width}-{theme}.png", window.page.screenshot(full_page=True)


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
    with tempfile.TemporaryDirectory() as place:
        # A place without a name of this machine: it is seen in the pictures.
        machine = build(Path(place))
        with served(machine.env, machine.home) as address:
            for name, data in pictures(address):
                (folder / name).write_bytes(small(data))
        machine.end()
    total = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{len(list(folder.iterdir()))} pictures, {total / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "page")
