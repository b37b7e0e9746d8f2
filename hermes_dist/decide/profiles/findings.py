"""What the doctor looks at and can find, as kinds; their sentences and hints are in ``voice/findings.py``."""

from __future__ import annotations

from enum import StrEnum

from hermes_dist.model.notes import Kind


class Topic(StrEnum):
    """What a check is about, in the order of the checklist."""

    AGENT = "agent"
    GIT = "git"
    SSH = "ssh"
    PATH = "path"
    FRONT_DOOR = "front-door"
    TAB = "tab"
    ALIASES = "aliases"
    POLICY = "policy"
    REGISTRIES = "registries"
    SOURCES = "sources"
    INTERRUPTED = "interrupted"
    ACTIVE = "active"
    PACKAGES = "packages"
    SETTINGS = "settings"
    SERVERS = "servers"
    APPROVALS = "approvals"
    KEYS = "keys"
    COPIED_KEYS = "copied-keys"
    PERMISSIONS = "permissions"
    OWNERS = "owners"
    FILE_SYSTEM = "file-system"
    BOTS = "bots"
    JOBS = "jobs"
    ROUTES = "routes"
    SERVICES = "services"
    TRASH = "trash"
    STORE = "store"


GROUPS: tuple[tuple[str, Topic], ...] = (
    ("Machine", Topic.AGENT),
    ("Rules and sources", Topic.POLICY),
    ("Profiles", Topic.INTERRUPTED),
    ("Gateways", Topic.BOTS),
    ("Stored", Topic.TRASH),
)
"""The groups of the checklist, each with the topic that it begins with."""


class State(StrEnum):
    """How it stands with something that is no problem."""

    GOOD = "good"
    WAITS = "waits"  # it works, and the user may want to do something
    NONE = "none"  # it does not apply


class FactKind(Kind):
    """What a check says of something that is no problem."""

    AGENT_FOUND = "agent-found"
    NO_AGENT = "no-agent"
    PROGRAM_FOUND = "program-found"
    NO_GIT = "no-git"
    SSH_UNUSED = "ssh-unused"
    ON_PATH = "on-path"
    NOT_ON_PATH = "not-on-path"
    PATH_UNUSED = "path-unused"
    DOOR_ACTIVE = "door-active"
    DOOR_HIDDEN = "door-hidden"
    NO_DOOR = "no-door"
    TAB_WORKS = "tab-works"
    TAB_NOT_ENABLED = "tab-not-enabled"
    NO_TAB = "no-tab"
    POLICIES = "policies"
    NO_POLICY = "no-policy"
    REGISTRIES = "registries"
    SOURCES_ANSWER = "sources-answer"
    NOT_TRIED = "not-tried"
    NO_SOURCES = "no-sources"
    ITEMS_WAIT = "items-wait"
    KEYS_MISSING = "keys-missing"
    IS_LINK = "is-link"
    IS_MOUNTED = "is-mounted"


class FindingKind(Kind):
    """What is wrong on this machine. Each kind has a sentence and a hint, which name the data they need."""

    MOVE_INTERRUPTED = "move-interrupted"
    CREATE_INTERRUPTED = "create-interrupted"
    CHANGE_INTERRUPTED = "change-interrupted"
    JOURNAL_DAMAGED = "journal-damaged"
    FILES_DISPLACED = "files-displaced"
    HALF_WRITTEN = "half-written"
    PORT_CLASHES = "port-clashes"
    BOT_ANSWERS_TWICE = "bot-answers-twice"
    BOT_STARTS_ONCE = "bot-starts-once"
    LOOSE_FILE = "loose-file"
    LOOSE_FOLDER = "loose-folder"
    DISK_IS_OPEN = "disk-is-open"
    KEYS_COPIED = "keys-copied"
    STARTS_NOBODY = "starts-nobody"
    ACTIVE_IS_MISSING = "active-is-missing"
    SERVES_NOBODY = "serves-nobody"
    POINTS_TO_NOBODY = "points-to-nobody"
    SERVERS_UNREAD = "servers-unread"
    PACKAGE_SERVERS_UNREAD = "package-servers-unread"
    AGENT_IGNORES = "agent-ignores"
    FILE_UNREADABLE = "file-unreadable"
    LOCK_UNREADABLE = "lock-unreadable"
    CONFLICTS_OPEN = "conflicts-open"
    CONTENTS_MISSING = "contents-missing"
    TRASH_IS_OLD = "trash-is-old"
    TRASH_LOOKS_OLD = "trash-looks-old"
    RECORD_OF_NOBODY = "record-of-nobody"
    NEEDED_BY_NOBODY = "needed-by-nobody"
    STORE_DAMAGED = "store-damaged"
    AGENT_FAILS = "agent-fails"
    DISK_READ_ONLY = "disk-read-only"
    DISK_FULL = "disk-full"
    GIT_SETTINGS = "git-settings"
    SSH_MISSING = "ssh-missing"
    POLICY_UNREADABLE = "policy-unreadable"
    SOURCE_FAILS = "source-fails"
    OTHER_OWNER = "other-owner"
    JOB_RUNS_TWICE = "job-runs-twice"
    TAB_BEHIND = "tab-behind"
    TAB_PROGRAM_GONE = "tab-program-gone"
