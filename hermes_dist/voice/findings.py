"""What the doctor found, and what to do about it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hermes_dist.decide.profiles.findings import FindingKind
from hermes_dist.errors import counted
from hermes_dist.voice.gateway_words import same_bot, same_port
from hermes_dist.voice.notes import Data, Sentences, filled, names_in, sentence

if TYPE_CHECKING:
    from hermes_dist.ops.profiles.checks import Finding

_FEW = 3
_LOOK = "look at the profile with status, then remove this folder"
_REMOVES = "doctor --fix removes it"
_OWN_BOT = "give each a bot of its own, or keep it in one"
_FIX_OR_CHMOD = "doctor --fix, or chmod {mode}"


def finding_words(finding: Finding) -> str:
    """Say what was found, without its place; text from outside is not cleaned yet."""
    return sentence(finding.what, SENTENCES)


def finding_hint(finding: Finding) -> str:
    """Say what to do about it."""
    return filled(HINTS[finding.what.kind], finding.what)


def _port_clashes(data: Data) -> str:
    return f"{same_port(data)}: only the first can listen there"


def _answers_twice(data: Data) -> str:
    return f"{same_bot(data)}: each gateway will answer every message"


def _starts_once(data: Data) -> str:
    return f"{same_bot(data)}: only the first gateway will start"


def _conflicts(data: Data) -> str:
    return f"open: {counted(int(str(data['count']) or 0), 'conflict')}"


def _trash(data: Data) -> str:
    profiles = counted(int(str(data["count"]) or 0), "profile")
    return f"in the trash for more than {data['days']} days: {profiles}"


def _missing(data: Data) -> str:
    paths = names_in(data, "paths")
    shown = ", ".join(paths[:_FEW])
    if len(paths) > _FEW:
        shown += f" and {len(paths) - _FEW} more"
    return f"contents that it received are missing from the store: {shown}"


SENTENCES: Sentences = {
    FindingKind.MOVE_INTERRUPTED: "a rename, delete, archive or restore was interrupted",
    FindingKind.CREATE_INTERRUPTED: "creating a profile was interrupted",
    FindingKind.CHANGE_INTERRUPTED: "a change of this profile was interrupted",
    FindingKind.JOURNAL_DAMAGED: (
        "the journal of an interrupted change is damaged; it was set aside"
    ),
    FindingKind.FILES_DISPLACED: (
        "a change was taken back, and a file had been written anew meanwhile; "
        "what was there before is kept"
    ),
    FindingKind.HALF_WRITTEN: "an interrupted command left a half-written file",
    FindingKind.PORT_CLASHES: _port_clashes,
    FindingKind.BOT_ANSWERS_TWICE: _answers_twice,
    FindingKind.BOT_STARTS_ONCE: _starts_once,
    FindingKind.LOOSE_FILE: "others on this machine may read it",
    FindingKind.LOOSE_FOLDER: "others on this machine may look into it",
    FindingKind.KEYS_COPIED: (
        "{profile} holds keys of the default profile that its package does not ask for: {names}"
    ),
    FindingKind.STARTS_NOBODY: "it starts the profile {profile}, which does not exist",
    FindingKind.ACTIVE_IS_MISSING: "the active profile {profile!r} does not exist",
    FindingKind.SERVES_NOBODY: "it serves the profile {profile}, which does not exist",
    FindingKind.POINTS_TO_NOBODY: "it points to the profile {profile}, which does not exist",
    FindingKind.SERVERS_UNREAD: "{title} does not read mcp.json",
    FindingKind.PACKAGE_SERVERS_UNREAD: "{title} does not read mcp.json",
    FindingKind.AGENT_IGNORES: "the agent can't read these {things}: {why}",
    FindingKind.LOCK_UNREADABLE: "{why}",
    FindingKind.CONFLICTS_OPEN: _conflicts,
    FindingKind.CONTENTS_MISSING: _missing,
    FindingKind.TRASH_IS_OLD: _trash,
    FindingKind.RECORD_OF_NOBODY: "a record of a profile that no longer exists",
    FindingKind.NEEDED_BY_NOBODY: (
        "no profile needs these any more: {contents} contents ({size} bytes) "
        "and {caches} cached repositories"
    ),
}

HINTS: Sentences = {
    FindingKind.MOVE_INTERRUPTED: "doctor --fix completes it, and so does the next such command",
    FindingKind.CREATE_INTERRUPTED: _REMOVES,
    FindingKind.CHANGE_INTERRUPTED: (
        "doctor --fix completes it or takes it back, and so does the next command on this profile"
    ),
    FindingKind.JOURNAL_DAMAGED: _LOOK,
    FindingKind.FILES_DISPLACED: _LOOK,
    FindingKind.HALF_WRITTEN: _REMOVES,
    FindingKind.PORT_CLASHES: "give each a port of its own, or keep it in one",
    FindingKind.BOT_ANSWERS_TWICE: _OWN_BOT,
    FindingKind.BOT_STARTS_ONCE: _OWN_BOT,
    FindingKind.LOOSE_FILE: _FIX_OR_CHMOD,
    FindingKind.LOOSE_FOLDER: _FIX_OR_CHMOD,
    FindingKind.KEYS_COPIED: "remove the ones it should not have, or give it keys of its own",
    FindingKind.STARTS_NOBODY: _REMOVES,
    FindingKind.ACTIVE_IS_MISSING: "doctor --fix goes back to the default profile",
    FindingKind.SERVES_NOBODY: _REMOVES,
    FindingKind.POINTS_TO_NOBODY: (
        "doctor --fix switches it off; or create the profile, or point the route elsewhere"
    ),
    FindingKind.SERVERS_UNREAD: "move its servers to mcp_servers in config.yaml, then remove it",
    FindingKind.PACKAGE_SERVERS_UNREAD: (
        "if the package brought it, this moves its servers to config.yaml: {command}; "
        "otherwise move them there yourself, then remove it"
    ),
    FindingKind.AGENT_IGNORES: "fix that line in an editor, then run: {command}",
    FindingKind.LOCK_UNREADABLE: "{hint}",
    FindingKind.CONFLICTS_OPEN: "see: {command}",
    FindingKind.CONTENTS_MISSING: "doctor --fix fetches them again",
    FindingKind.TRASH_IS_OLD: "doctor --fix removes them",
    FindingKind.RECORD_OF_NOBODY: _REMOVES,
    FindingKind.NEEDED_BY_NOBODY: "doctor --fix, or: {command}",
}
