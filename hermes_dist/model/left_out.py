"""What is left out of an installation, a publication or a merge, and why."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.light import NamedTuple, StrEnum

MISSED = ("skill", "job", "server", "hook", "plugin", "file")
"""What is counted of a package that nobody names, in the order in which it is said."""


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

    # by what it is to another agent
    NO_PART = "no-part"
    NOT_OF_PLUGIN = "not-of-plugin"
    OTHER_HOOKS = "other-hooks"
    OTHER_AGENTS = "other-agents"
    OTHER_AGENTS_COPY = "other-agents-copy"
    COMMAND_FORM = "command-form"
    SERVER_FORM = "server-form"
    NAME_TAKEN = "name-taken"
    NOT_IN_PLUGIN = "not-in-plugin"
    NEEDS_HOME = "needs-home"
    A_LAYER = "a-layer"

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
    LINK_UNSAID = "link-unsaid"
    LINK_MOVED = "link-moved"
    LINK_GONE = "link-gone"
    LINK_LOOP = "link-loop"
    LINK_FOREIGN = "link-foreign"
    LINK_STORE = "link-store"
    LINK_LOCKED = "link-locked"
    LINK_INSIDE = "link-inside"
    LINK_ODD = "link-odd"
    SUBMODULE = "submodule"
    LFS_POINTER = "lfs-pointer"
    FIFO = "fifo"
    SOCKET = "socket"
    DEVICE = "device"


OF_OTHERS = frozenset(
    {Why.OTHER_HOOKS, Why.OTHER_AGENTS, Why.COMMAND_FORM, Why.SERVER_FORM, Why.NAME_TAKEN}
)
"""Reasons of parts that another agent would run: whoever counts on them has to know."""
UNREAD = frozenset({Why.UNREADABLE, Why.NO_PERMISSION})
"""Reasons of what is there and can't be read."""
LACKING = frozenset({Why.LINK, Why.SUBMODULE, Why.LFS_POINTER})
"""Reasons of a source that has something at a path, but not its content: nothing there was removed by the author."""


class LeftOut(NamedTuple):
    """A path, or a folder of them, that is left out.

    Attributes:
        path: The path as shown; a folder's ends with a slash.
        why: The reason.
        files: How many files it stands for.
        detail: What the reason is about: the other name, or what the system says; empty for most reasons.
        skills: How many skills are among these files.
    """

    path: str
    why: Why
    files: int = 1
    detail: str = ""
    skills: int = 0


class Link(NamedTuple):
    """A link in a home.

    Attributes:
        path: Its path in the home.
        target: What it leads to, an absolute path without links; as the link spells it if it leads nowhere.
        why: Why it is not followed; None if it is.
        folder: Whether it leads to a folder.
        agreed: The target that the user said yes to; empty for none.
    """

    path: str
    target: str
    why: Why | None = None
    folder: bool = False
    agreed: str = ""


REASONS: Mapping[Why, str] = {
    Why.LINK_UNSAID: "a link that you have not allowed",
    Why.LINK_MOVED: "a link that leads elsewhere than when you said to follow it",
    Why.LINK_GONE: "a link to something that does not exist",
    Why.LINK_LOOP: "a link that leads back to itself",
    Why.LINK_FOREIGN: "a link to something of another user",
    Why.LINK_STORE: "a link into a read-only store",
    Why.LINK_LOCKED: "a link into a folder where you may not write",
    Why.LINK_INSIDE: "a link to a part of this home, or to a folder around it",
    Why.LINK_ODD: "a link to something that is neither a file nor a folder",
}
"""Why a link is not followed, in words."""

ASKABLE = frozenset({Why.LINK_UNSAID, Why.LINK_MOVED})
"""The reasons that end once the user says that the link may be followed."""

REMEDIES: Mapping[Why, str] = {
    Why.LINK_GONE: "make what it leads to, or remove the link",
    Why.LINK_LOOP: "remove the link",
    Why.LINK_FOREIGN: "put a link to something of your own there, or a copy",
    Why.LINK_STORE: "change it where that store is made from, such as your home-manager configuration, "
    "or put a copy there in place of the link",
    Why.LINK_LOCKED: "make that folder writable for you, or put a copy there in place of the link",
    Why.LINK_INSIDE: "put a copy there in place of the link",
    Why.LINK_ODD: "remove the link",
}
"""What to do about a link that can't be followed."""
