"""What is left out of an installation, a publication or a merge, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Why(StrEnum):
    """Why something is left out; each reason has its words in ``voice.left_out``."""

    # by what it is called
    EACH_MACHINE = "each-machine"
    THIS_MACHINE = "this-machine"
    HOUSEKEEPING = "housekeeping"
    HOUSEKEEPING_IN_ARCHIVE = "housekeeping-in-archive"
    ENV_TEMPLATE = "env-template"
    CASE_TWIN = "case-twin"
    NOT_OWNED = "not-owned"
    NOT_NAMED = "not-named"
    NO_SHARED_NAME = "no-shared-name"
    UNKNOWN_AT_ROOT = "unknown-at-root"
    UNKNOWN_IN_ARCHIVE = "unknown-in-archive"
    IGNORED = "ignored"

    # by whose it is
    OWN = "own"
    AGENTS_OWN = "agents-own"
    KEPT_HERE = "kept-here"
    FILLED_IN = "filled-in"
    PERSONAL = "personal"

    # by what is found there
    HIDDEN_CHARACTERS = "hidden-characters"
    NO_JOBS = "no-jobs"
    UNREADABLE_JOBS = "unreadable-jobs"
    UNREADABLE = "unreadable"
    NO_PERMISSION = "no-permission"
    UNSAFE_NAME = "unsafe-name"
    NO_FILE_OR_FOLDER = "no-file-or-folder"
    NEITHER = "neither"
    NOT_REGULAR = "not-regular"
    LINK_OR_LIKE = "link-or-like"
    LINK = "link"
    FIFO = "fifo"
    SOCKET = "socket"
    DEVICE = "device"


class LeftOut(NamedTuple):
    """A path, or a folder of them, that is left out.

    Attributes:
        path: The path as shown; a folder's ends with a slash.
        why: The reason.
        files: How many files it stands for.
        detail: What the reason is about: the other name, or what the system says; empty for most reasons.
    """

    path: str
    why: Why
    files: int = 1
    detail: str = ""
