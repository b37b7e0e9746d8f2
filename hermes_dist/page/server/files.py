"""The files of the page: a fixed table, read once when the server starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hermes_dist.errors import DistError
from hermes_dist.light import NamedTuple

STATIC = Path(__file__).parent.parent / "static"
INDEX = "index.html"
NONCE = b"__CSP_NONCE__"
"""Stands in the page where the nonce of its styles goes; each reply has another one."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}


class Served(NamedTuple):
    """A file as it is sent."""

    type: str
    content: bytes


def files_of(folder: Path = STATIC) -> Mapping[str, Served]:
    """Read the files of the page, by name.

    Only what lies in the folder itself is served, and only by its exact name: no path of a request is ever joined.

    Raises:
        DistError: The page is not there.
    """
    found: dict[str, Served] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        kind = _TYPES.get(path.suffix)
        if kind is not None and path.is_file() and not path.is_symlink():
            found[path.name] = Served(kind, path.read_bytes())
    if INDEX not in found:
        raise DistError(
            "the files of the page are missing in this installation",
            where=str(folder),
            hint="install the program again; in a checkout, run: make web",
        )
    return found
