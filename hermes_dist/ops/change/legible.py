"""Whether what is in a home can be read, and the documents that the agent reads there be parsed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.errors import DistError, Invalid, first_few
from hermes_dist.lazily import shlex
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.documents.told import told
from hermes_dist.model.left_out import REASONS, LeftOut, Why
from hermes_dist.model.paths import RelPath
from hermes_dist.world.disk.links import Linked, Links
from hermes_dist.world.files import check_size, open_fd, read_file

DOCUMENTS = {CONFIG: Kind.YAML, JOBS: Kind.JSON}
"""The documents of a home that both the agent and packages write to."""
_NOT_WHOLE = "without it, what leaves the profile would not be whole"


def unreadable(home: Path, path: str) -> str:
    """Say why a file of a home can't be opened, such as for a pipe in its place, or is too large; empty if not."""
    try:
        fd = open_fd(home / path)
        try:
            check_size(os.fstat(fd).st_size, path)
        finally:
            os.close(fd)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        return error.strerror or str(error)
    return ""


def trouble_with(home: Path, path: str) -> str:
    """Say why one of :data:`DOCUMENTS` can't be read, with line and column; empty if it can, or is missing."""
    try:
        data = read_file(home / path)
    except OSError:
        return ""
    try:
        load_data(data, DOCUMENTS[path])
    except Invalid as err:
        return told(err, data if path == JOBS else b"")
    return ""


def refuse_unread(home: Path, unread: Sequence[LeftOut]) -> None:
    """Make sure that what leaves a home is all there: what can't be read would count as deleted, or be missing.

    Args:
        home: The home.
        unread: What could not be read, and why.

    Raises:
        DistError: There is something; the error names it, and what to do.
    """
    if not unread:
        return
    first = unread[0]
    names = first_few([one.path for one in unread], 5)
    link = Links(home).at(RelPath(first.path)) if first.why in REASONS else None
    if link is not None and link.why is not None:
        error: DistError = Linked(home, link)
        error.what, error.where = f"{error.what}; {_NOT_WHOLE}", names
        raise error
    if first.why is Why.UNREADABLE:
        why, hint = f"it can't be read: {first.detail}", way_to_read(home / first.path)
    else:
        why, hint = (
            "it is neither a file nor a folder",
            "put the file back, or remove what is there",
        )
    raise DistError(f"{why}; {_NOT_WHOLE}", where=names, hint=hint)


def way_to_read(path: Path) -> str:
    """Say how to make a file or folder readable."""
    try:
        owner = path.lstat().st_uid
    except OSError:
        return "make it readable"
    if owner != os.geteuid():
        return f"make it yours (sudo chown -R {os.geteuid()} {shlex.quote(str(path))})"
    return f"make it readable (chmod -R u+rX {shlex.quote(str(path))})"
