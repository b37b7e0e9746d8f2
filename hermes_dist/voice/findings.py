"""What the doctor found, and what to do about it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hermes_dist.decide.profiles.findings import GROUPS, FactKind, FindingKind, State, Topic
from hermes_dist.errors import counted, first_few
from hermes_dist.voice.gateway_words import same_bot, same_port
from hermes_dist.voice.notes import Data, Sentences, filled, names_in, sentence

if TYPE_CHECKING:
    from hermes_dist.ops.profiles.checks import Fact, Finding

_FEW = 3
_LOOK = "look at the profile with status, then remove this folder"
_WRITES_AGAIN = "doctor --fix writes it again, unless it was changed; so does: {command}"
_REMOVES = "doctor --fix removes it"
_OWN_BOT = "give each a bot of its own, or keep it in one"
_FIX_OR_CHMOD = "doctor --fix, or chmod {mode}"


def finding_words(finding: Finding) -> str:
    """Say what was found, without its place; text from outside is not cleaned yet."""
    return sentence(finding.what, SENTENCES)


def finding_hint(finding: Finding) -> str:
    """Say what to do about it."""
    return filled(HINTS[finding.what.kind], finding.what)


def fact_words(fact: Fact) -> str:
    """Say what a check said that is no problem; text from outside is not cleaned yet."""
    return sentence(fact.what, FACTS)


def fact_hint(fact: Fact) -> str:
    """Say what the user may do about it; empty if there is nothing to do."""
    if fact.what.kind not in FACT_HINTS:
        return ""
    return filled(FACT_HINTS[fact.what.kind], fact.what)


def group_of(topic: Topic) -> str:
    """Return the group of the checklist that a topic belongs to."""
    order = list(Topic)
    begun = [name for name, first in GROUPS if order.index(first) <= order.index(topic)]
    return begun[-1]


def _port_clashes(data: Data) -> str:
    return f"{same_port(data)}: only the first can listen there"


def _answers_twice(data: Data) -> str:
    return f"{same_bot(data)}: each gateway will answer every message"


def _starts_once(data: Data) -> str:
    return f"{same_bot(data)}: only the first gateway will start"


def _conflicts(data: Data) -> str:
    count = int(str(data["count"]) or 0)
    is_open = "is open" if count == 1 else "are open"
    return f"{counted(count, 'conflict')} {is_open}"


def _trash(data: Data) -> str:
    profiles = counted(int(str(data["count"]) or 0), "profile")
    return f"in the trash for more than {data['days']} days: {profiles}"


def _looks_old(data: Data) -> str:
    return f"{_trash(data)}, if the date is right"


def _missing(data: Data) -> str:
    shown = first_few(names_in(data, "paths"), _FEW)
    return f"contents that it received are missing from the store: {shown}"


def _needed_by_nobody(data: Data) -> str:
    contents = counted(int(str(data["contents"]) or 0), "content")
    size = counted(int(str(data["size"]) or 0), "byte")
    caches = int(str(data["caches"]) or 0)
    cached = "1 cached repository" if caches == 1 else f"{caches} cached repositories"
    return f"no profile needs these any more: {contents} ({size}) and {cached}"


def _damaged(data: Data) -> str:
    files = counted(int(str(data["files"])), "damaged file")
    contents = counted(int(str(data["rescued"])), "content")
    return f"{files} in the store; {contents} can still be read there, and {data['lost']} that profiles need can't"


def _waiting(data: Data) -> str:
    return f"{data['profile']}: {counted(int(str(data['count']) or 0), 'item')} to approve"


def _answered(data: Data) -> str:
    return f"{counted(int(str(data['count']) or 0), 'source')} and every registry answered"


def _owners(data: Data) -> str:
    files = counted(int(str(data["count"]) or 0), "file")
    return f"it belongs to another user than its home, so the agent may fail to write it ({files})"


TITLES: Mapping[Topic, str] = {
    Topic.AGENT: "Agent",
    Topic.GIT: "git",
    Topic.SSH: "ssh",
    Topic.PATH: "PATH",
    Topic.FRONT_DOOR: "Front door",
    Topic.TAB: "Tab in the dashboard",
    Topic.ALIASES: "Commands of profiles",
    Topic.POLICY: "Policies and keys",
    Topic.REGISTRIES: "Registries",
    Topic.SOURCES: "Sources",
    Topic.INTERRUPTED: "Interrupted changes",
    Topic.ACTIVE: "Active profile",
    Topic.PACKAGES: "Packages and conflicts",
    Topic.SETTINGS: "Settings and jobs readable",
    Topic.SERVERS: "MCP servers",
    Topic.APPROVALS: "Approvals",
    Topic.KEYS: "Variables",
    Topic.COPIED_KEYS: "Copied keys",
    Topic.PERMISSIONS: "Permissions",
    Topic.OWNERS: "Owners",
    Topic.FILE_SYSTEM: "File systems",
    Topic.BOTS: "Bots and ports",
    Topic.JOBS: "Jobs that run twice",
    Topic.ROUTES: "Routes",
    Topic.SERVICES: "Services",
    Topic.TRASH: "Trash",
    Topic.STORE: "Store",
}
"""What each check is called."""

SOUND: Mapping[Topic, str] = {
    Topic.ALIASES: "each starts a profile that exists",
    Topic.INTERRUPTED: "none",
    Topic.ACTIVE: "it exists",
    Topic.PACKAGES: "lockfiles are whole, no conflict is open",
    Topic.SETTINGS: "the agent can read them all",
    Topic.SERVERS: "no mcp.json is left unread",
    Topic.APPROVALS: "nothing waits",
    Topic.KEYS: "every required one is set",
    Topic.COPIED_KEYS: "none",
    Topic.PERMISSIONS: "only you can read what is secret",
    Topic.OWNERS: "each home's files belong to its owner",
    Topic.FILE_SYSTEM: "every home can be moved",
    Topic.BOTS: "none is used twice",
    Topic.JOBS: "none",
    Topic.ROUTES: "each leads to a profile that exists",
    Topic.SERVICES: "each serves a profile that exists",
    Topic.TRASH: "nothing is overdue",
    Topic.STORE: "nothing to clear",
}
"""What is said of a check that found nothing."""

FACTS: Sentences = {
    FactKind.AGENT_FOUND: "{title} {version} (generation {generation}), {place}",
    FactKind.NO_AGENT: "{title} is not installed, so generation {generation} is assumed",
    FactKind.PROGRAM_FOUND: "{place}",
    FactKind.NO_GIT: "not installed",
    FactKind.SSH_UNUSED: "not installed, and no source needs it",
    FactKind.ON_PATH: "it holds {folder}",
    FactKind.NOT_ON_PATH: "it lacks {folder}, so your shell does not find the commands of profiles",
    FactKind.PATH_UNUSED: "{folder} is not on PATH; nothing there needs it",
    FactKind.DOOR_ACTIVE: "`{name}` leads to both programs",
    FactKind.DOOR_HIDDEN: "installed, but `{name}` starts {starts}",
    FactKind.NO_DOOR: "not installed",
    FactKind.TAB_WORKS: "installed and enabled",
    FactKind.TAB_NOT_ENABLED: "installed, but the agent does not load it",
    FactKind.NO_TAB: "not installed",
    FactKind.POLICIES: "in force: {places}",
    FactKind.NO_POLICY: "no policy is set",
    FactKind.REGISTRIES: "{names}",
    FactKind.SOURCES_ANSWER: _answered,
    FactKind.NOT_TRIED: "not tried",
    FactKind.NO_SOURCES: "no profile has a package",
    FactKind.ITEMS_WAIT: _waiting,
    FactKind.KEYS_MISSING: "{profile} lacks {names}",
    FactKind.IS_LINK: "the home of {profile} is a link to {to}",
    FactKind.IS_MOUNTED: "the home of {profile} is a file system of its own",
}

FACT_HINTS: Sentences = {
    FactKind.NO_AGENT: "install it with `{command}`, or name its launcher in {variable}",
    FactKind.NO_GIT: "small public repositories work without it; private ones and publishing need it",
    FactKind.NOT_ON_PATH: "add it, then open a new shell: {line}",
    FactKind.DOOR_HIDDEN: "put the folder of the front door further ahead in PATH",
    FactKind.NO_DOOR: "with it, `{name} profile` is this program: {command}",
    FactKind.TAB_NOT_ENABLED: "to enable it: {command}",
    FactKind.NO_TAB: "it shows all this in `{name} dashboard`: {command}",
    FactKind.NOT_TRIED: "to contact each: {command}",
    FactKind.ITEMS_WAIT: "see them with: {command}",
    FactKind.KEYS_MISSING: "set what is missing in {file}",
    FactKind.IS_MOUNTED: "it can't be renamed, deleted or archived; everything else works",
}

MARKS: Mapping[str, str] = {"problem": "✗", State.GOOD: "✓", State.WAITS: "!", State.NONE: "–"}
"""How the checklist marks what a check said."""

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
    FindingKind.DISK_IS_OPEN: (
        "this disk keeps no permissions, so others on this machine may read what is secret on it, such as {path}"
    ),
    FindingKind.KEYS_COPIED: (
        "{profile} holds keys of the default profile that its package does not ask for: {names}"
    ),
    FindingKind.STARTS_NOBODY: "it starts the profile {profile}, which does not exist",
    FindingKind.ACTIVE_IS_MISSING: "the active profile {profile!r} does not exist",
    FindingKind.SERVES_NOBODY: "it serves the profile {profile}, which does not exist",
    FindingKind.POINTS_TO_NOBODY: "it points to the profile {profile}, which does not exist",
    FindingKind.SERVERS_UNREAD: "{title} does not read mcp.json",
    FindingKind.PACKAGE_SERVERS_UNREAD: "{title} does not read mcp.json",
    FindingKind.FILE_UNREADABLE: "it can't be read: {why}",
    FindingKind.AGENT_IGNORES: "these {things} can't be read: {why}",
    FindingKind.LOCK_UNREADABLE: "{why}",
    FindingKind.CONFLICTS_OPEN: _conflicts,
    FindingKind.CONTENTS_MISSING: _missing,
    FindingKind.TRASH_IS_OLD: _trash,
    FindingKind.TRASH_LOOKS_OLD: _looks_old,
    FindingKind.RECORD_OF_NOBODY: "a record of a profile that no longer exists",
    FindingKind.NEEDED_BY_NOBODY: _needed_by_nobody,
    FindingKind.STORE_DAMAGED: _damaged,
    FindingKind.AGENT_FAILS: "{title} does not say its version, so generation {generation} is assumed",
    FindingKind.DISK_READ_ONLY: "this disk is read-only, so nothing on it can be changed",
    FindingKind.DISK_FULL: "this disk is full, so nothing on it can be changed",
    FindingKind.GIT_SETTINGS: "{why}",
    FindingKind.SSH_MISSING: "ssh is not installed, and these profiles are updated through it: {profiles}",
    FindingKind.POLICY_UNREADABLE: "{why}",
    FindingKind.SOURCE_FAILS: "{name}: {why}",
    FindingKind.OTHER_OWNER: _owners,
    FindingKind.TAB_BEHIND: "the tab in the agent's dashboard is not the one of this hermes-dist",
    FindingKind.TAB_PROGRAM_GONE: "the hermes-dist that the tab in the agent's dashboard starts is gone",
    FindingKind.JOB_RUNS_TWICE: "the job {job!r} runs in each of these profiles: {profiles}",
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
    FindingKind.DISK_IS_OPEN: (
        "move {root} to a disk of your own system, or mount this one so that it keeps permissions "
        "(WSL: metadata; ntfs-3g: permissions)"
    ),
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
    FindingKind.FILE_UNREADABLE: "look at what it is, and move it away",
    FindingKind.AGENT_IGNORES: "fix that line in an editor, then run: {command}",
    FindingKind.LOCK_UNREADABLE: "{hint}",
    FindingKind.CONFLICTS_OPEN: "see: {command}",
    FindingKind.CONTENTS_MISSING: "doctor --fix fetches them again",
    FindingKind.TRASH_IS_OLD: "doctor --fix removes them",
    FindingKind.TRASH_LOOKS_OLD: (
        "doctor --fix notes that, and removes nothing: they are removed if they still are, {days} days later"
    ),
    FindingKind.RECORD_OF_NOBODY: _REMOVES,
    FindingKind.NEEDED_BY_NOBODY: "doctor --fix, or: {command}",
    FindingKind.STORE_DAMAGED: "doctor --fix writes the readable ones anew, or: {command}",
    FindingKind.AGENT_FAILS: "run it with --version; if that fails, install it anew",
    FindingKind.DISK_READ_ONLY: "mount it so that you can write there; if nobody chose this, check its health",
    FindingKind.DISK_FULL: "free some space; `du -sh ~/*` shows what is large",
    FindingKind.GIT_SETTINGS: "{hint}",
    FindingKind.SSH_MISSING: "install the OpenSSH client",
    FindingKind.POLICY_UNREADABLE: "{hint}",
    FindingKind.SOURCE_FAILS: "{hint}",
    FindingKind.OTHER_OWNER: "give them back: chown -R {owner} {home}",
    FindingKind.TAB_BEHIND: _WRITES_AGAIN,
    FindingKind.TAB_PROGRAM_GONE: _WRITES_AGAIN,
    FindingKind.JOB_RUNS_TWICE: "pause it in all but one; its id is shown by: {program} -p {last} cron list",
}
