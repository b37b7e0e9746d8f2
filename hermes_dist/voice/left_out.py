"""Why something is left out, in words."""

from __future__ import annotations

from collections.abc import Mapping

from hermes_dist.errors import counted
from hermes_dist.model.left_out import REASONS, LeftOut, Why

WORDS: Mapping[Why, str] = {
    Why.EACH_MACHINE: "belongs to each machine",
    Why.THIS_MACHINE: "belongs to this machine",
    Why.HOUSEKEEPING: "housekeeping of the repository",
    Why.HOUSEKEEPING_IN_ARCHIVE: "housekeeping of a repository",
    Why.ENV_TEMPLATE: "serves as .env.EXAMPLE",
    Why.CASE_TWIN: "only by case another name than",
    Why.NOT_OWNED: "not in distribution_owned",
    Why.NOT_NAMED: "distribution_owned does not name it",
    Why.NO_SHARED_NAME: "a package does not ship this name unless distribution_owned lists it",
    Why.UNKNOWN_AT_ROOT: "an unknown file at the root; distribution_owned could name it",
    Why.UNKNOWN_IN_ARCHIVE: "not known as part of a profile",
    Why.IGNORED: "ignored by .gitignore",
    Why.NO_PART: "no part of a profile",
    Why.NOT_OF_PLUGIN: "a skill that the plugin itself does not name",
    Why.OTHER_HOOKS: "hooks of another agent, which this one does not run",
    Why.OTHER_AGENTS: "agents in the form of another agent, which this one does not load",
    Why.OTHER_AGENTS_COPY: "a copy for another agent",
    Why.COMMAND_FORM: "a command that runs programs before the model reads it",
    Why.SERVER_FORM: "a server that this agent can't start",
    Why.NOT_IN_PLUGIN: "no part of a plugin",
    Why.NEEDS_HOME: "it needs files of a profile that a plugin does not have",
    Why.A_LAYER: "a layer, which is a package of its own",
    Why.NAME_TAKEN: "something else of the source has this name in a profile",
    Why.OWN: "your own; not part of the package",
    Why.AGENTS_OWN: "the agent's own",
    Why.KEPT_HERE: "always kept on this machine",
    Why.FILLED_IN: "filled in here",
    Why.PERSONAL: "about this machine or its user",
    Why.HIDDEN_CHARACTERS: "there are hidden characters in it",
    Why.NO_JOBS: "there is no list of jobs in it",
    Why.UNREADABLE_JOBS: "it can't be read",
    Why.UNREADABLE: "can't be read",
    Why.NO_PERMISSION: "you may not read it",
    Why.UNSAFE_NAME: "its name is not safe",
    Why.NO_FILE_OR_FOLDER: "neither a regular file nor a folder",
    Why.NEITHER: "neither file nor folder",
    Why.NOT_REGULAR: "no regular file",
    Why.LINK_OR_LIKE: "a symlink or the like, which is never followed",
    Why.LINK: "a symlink that leads to no file of the package",
    Why.SUBMODULE: "a git submodule, which is another repository",
    Why.LFS_POINTER: "a git LFS pointer; its content is not in the repository",
    **REASONS,
    Why.FIFO: "a FIFO",
    Why.SOCKET: "a socket",
    Why.DEVICE: "a device",
}
"""The words for each reason, before its detail; cards and JSON spell it so."""

_DETAILED = {
    Why.CASE_TWIN: "{why} {detail}",
    Why.UNREADABLE_JOBS: "{why} ({detail})",
    Why.UNSAFE_NAME: "{detail}",
}


PARTIAL = "parts of this version, by --only or --except; the next full update adds them"


def missed_words(missed: Mapping[str, int]) -> str:
    """Say how many skills, jobs, servers and files a package has that nobody names; empty for none."""
    counts = ", ".join(counted(count, name) for name, count in missed.items() if count)
    return f"{counts}; --include PATH takes one along" if counts else ""


def why_words(left: LeftOut) -> str:
    """Say why something is left out."""
    return reason_words(left.why, left.detail)


def reason_words(why: Why, detail: str = "") -> str:
    """Say a reason with its detail."""
    words = WORDS[why]
    if not detail:
        return words
    return _DETAILED.get(why, "{why}: {detail}").format(why=words, detail=detail)
