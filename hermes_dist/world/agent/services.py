"""Service files of gateways: which belong to a profile, and not to one of the same name below another root."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hermes_dist.brand import Layout
from hermes_dist.lazily import re
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.files import read_file


def _plain(value: str) -> str:
    import html  # noqa: PLC0415 - start-up: its table of entities is for launchd alone

    return html.unescape(value)


_SPELLINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    # systemd quotes the whole assignment, so that blanks belong to the value, and doubles a percent sign.
    (
        r"""^\s*Environment=(?:"NAME=([^"\n]*)"|'NAME=([^'\n]*)'|NAME=(\S+))""",
        lambda value: value.replace("%%", "%"),
    ),
    (r"""^\s*(?:export\s+)?NAME=(?:"([^"\n]*)"|'([^'\n]*)'|([^\s;"']+))""", str),
    (r"<key>NAME</key>\s*<string>([^<]*)</string>", _plain),
)
"""How a systemd unit, a shell script and a launchd plist set a variable, and how its value is spelled there."""


def is_usual(layout: Layout) -> bool:
    """Return whether a layout has the root that the agent takes without its home variable."""
    return os.path.realpath(layout.root) == os.path.realpath(layout.usual_root)


def own_services(layout: Layout, name: ProfileName) -> tuple[Path, ...]:
    """Return the existing service files of a profile: systemd's user unit, launchd's plist."""
    return tuple(path for path in layout.service_files(name) if is_own(layout, name, path))


def is_own(layout: Layout, name: ProfileName, path: Path) -> bool:
    """Return whether a service file is there and starts this very profile.

    The name of the file holds only the profile's name, which several roots may have; its text names the home.
    """
    try:
        text = read_file(path).decode("utf-8", "surrogateescape")
    except OSError:
        return False
    home = home_in(text, layout.brand.home_variable)
    if not home:
        # Without one, the agent takes the usual root.
        return is_usual(layout) or str(layout.root) in text
    places = (layout.home(name), layout.root)
    return os.path.realpath(home) in {os.path.realpath(place) for place in places}


def home_in(text: str, variable: str) -> str:
    """Return the home that a script or a service file sets; empty if it sets none."""
    for spelling, read in _SPELLINGS:
        found = re.search(spelling.replace("NAME", re.escape(variable)), text, re.MULTILINE)
        if found:
            return read(next(filter(None, found.groups()), ""))
    return ""
