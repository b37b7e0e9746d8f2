"""Whether the documents that the agent reads in a home can be parsed."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.documents.told import told
from hermes_dist.world.files import check_size, open_fd, read_file

DOCUMENTS = {CONFIG: Kind.YAML, JOBS: Kind.JSON}
"""The documents of a home that both the agent and packages write to."""


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
