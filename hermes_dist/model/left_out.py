"""What is left out of an installation, a publication or a merge, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Why(StrEnum):
    """Why something is left out; the value is how cards and JSON spell it, before the detail of ``LeftOut``."""

    # by what it is called
    EACH_MACHINE = "belongs to each machine"
    THIS_MACHINE = "belongs to this machine"
    HOUSEKEEPING = "housekeeping of the repository"
    HOUSEKEEPING_IN_ARCHIVE = "housekeeping of a repository"
    ENV_TEMPLATE = "serves as .env.EXAMPLE"
    CASE_TWIN = "only by case another name than"
    NOT_OWNED = "not in distribution_owned"
    NOT_NAMED = "distribution_owned does not name it"
    NO_SHARED_NAME = "not a shared name; distribution_owned could name it"
    UNKNOWN_AT_ROOT = "an unknown file at the root; distribution_owned could name it"
    UNKNOWN_IN_ARCHIVE = "not known as part of a profile"
    IGNORED = "ignored by .gitignore"

    # by whose it is
    OWN = "your own; not part of the package"
    AGENTS_OWN = "the agent's own"
    KEPT_HERE = "always kept on this machine"
    FILLED_IN = "filled in here"
    PERSONAL = "about this machine or its user"

    # by what is found there
    HIDDEN_CHARACTERS = "there are hidden characters in it"
    NO_JOBS = "there is no list of jobs in it"
    UNREADABLE_JOBS = "it can't be read"
    UNREADABLE = "can't be read"
    NO_PERMISSION = "you may not read it"
    UNSAFE_NAME = "its name is not safe"
    NO_FILE_OR_FOLDER = "neither a regular file nor a folder"
    NEITHER = "neither file nor folder"
    NOT_REGULAR = "no regular file"
    LINK_OR_LIKE = "a symlink or the like, which is never followed"
    LINK = "a symlink, which is not followed"
    FIFO = "a FIFO"
    SOCKET = "a socket"
    DEVICE = "a device"


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
