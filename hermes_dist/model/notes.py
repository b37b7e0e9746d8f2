"""Notes: remarks about a change besides its plan, as kinds with data; ``voice.notes`` makes the sentences.

No code looks into a sentence: whoever wants to know what a note is about looks at its kind.
"""

from __future__ import annotations

from collections.abc import Callable

from hermes_dist.errors import DistError
from hermes_dist.light import NamedTuple, StrEnum

Datum = str | int | tuple[str, ...]


class Kind(StrEnum):
    """What a note says; each room has its own kinds, and their sentences are in ``voice``."""


class NoteKind(Kind):
    """What a note about a change says. Each kind has a sentence in ``voice.notes``, which names the data it needs."""

    ERROR = "error"  # what an error says, as it stands
    DISK_ERROR = "disk-error"
    HALF_CHANGED = "half-changed"

    # the source, and the version that was chosen
    TAG_AND_BRANCH = "tag-and-branch"
    DEFAULT_BRANCH_CHANGED = "default-branch-changed"
    TAG_NAMES_ANOTHER = "tag-names-another"
    NEWER_VERSIONS = "newer-versions"
    REGISTRY_PINS_NONE = "registry-pins-none"
    REGISTRY_LACKS_VERSION = "registry-lacks-version"
    YANKED = "yanked"
    DEPRECATED = "deprecated"
    GO_BACK_TO = "go-back-to"
    TAKEN_AS_NAME = "taken-as-name"
    TAKEN_AS_NEIGHBOUR = "taken-as-neighbour"
    PLUGIN_PLACE_NAMED = "plugin-place-named"
    MOVED_TAG_ACCEPTED = "moved-tag-accepted"
    LOGIN_NOT_KEPT = "login-not-kept"
    HISTORY_REWRITTEN = "history-rewritten"
    HISTORY_UNKNOWN = "history-unknown"
    FOLLOWS_BRANCH = "follows-branch"
    VERSION_LOWERED = "version-lowered"
    PACKAGE_MOVED = "package-moved"
    HELD = "held"
    LAYER_KEPT_BACK = "layer-kept-back"
    LAYER_DOES_NOT_FIT = "layer-does-not-fit"
    LEFT_BY_LAYER = "left-by-layer"
    EDITS_OF_LAYER = "edits-of-layer"
    GOES_FORWARD = "goes-forward"
    ONLY_THE_PACKAGE = "only-the-package"
    AGENT_NOT_FOUND = "agent-not-found"
    AGENT_NOT_COMPARABLE = "agent-not-comparable"
    KEY_NAMED_BUT_UNSIGNED = "key-named-but-unsigned"
    OTHER_KEY_NAMED = "other-key-named"
    SIGNED_BY_TRUSTED = "signed-by-trusted"
    SIGNED_FIRST_USE = "signed-first-use"
    SIGNED_AS_BEFORE = "signed-as-before"
    SIGNED_BY_FOLLOWER = "signed-by-follower"
    SIGNED_BY_SAME_OWNER = "signed-by-same-owner"
    SIGNED_BY_NEW_KEY = "signed-by-new-key"
    SIGNED_BY_YOU = "signed-by-you"
    UNSIGNED = "unsigned"
    SIGNED_UNREADABLY = "signed-unreadably"
    LINK_COPIED = "link-copied"
    SOURCE_REDIRECTED = "source-redirected"
    OWNED_IS_MISSING = "owned-is-missing"
    INCLUDED_IS_MISSING = "included-is-missing"
    RELEASED = "released"

    # the fields of a manifest
    UNKNOWN_FIELDS = "unknown-fields"
    ANSWER_IN_LINE = "answer-in-line"
    ANSWERS_STAY = "answers-stay"
    READ_AS = "read-as"
    NOT_A_LIST = "not-a-list"
    NOT_A_MAP_OF_PATHS = "not-a-map-of-paths"
    FOR_ANOTHER_PROGRAM = "for-another-program"
    VARIABLE_WITHOUT_NAME = "variable-without-name"
    NOT_A_VARIABLE_NAME = "not-a-variable-name"
    WHOLE_PACKAGE = "whole-package"
    NOT_A_SAFE_PATH = "not-a-safe-path"
    NOT_A_POLICY = "not-a-policy"

    # placing a package in a home, and capturing a home as a package
    UNREADABLE_JOBS = "unreadable-jobs"
    NOT_A_JOB = "not-a-job"
    JOB_WITHOUT_START = "job-without-start"
    UNREADABLE_SERVERS = "unreadable-servers"
    STAYS_AS_BEFORE = "stays-as-before"
    NOT_A_SERVER = "not-a-server"
    NAMELESS_SERVER = "nameless-server"
    SERVER_TWICE = "server-twice"
    SERVER_OVERRULED = "server-overruled"
    FRONT_NOT_YAML = "front-not-yaml"
    SERVERS_STAY_ON = "servers-stay-on"
    SETTINGS_UNREADABLE = "settings-unreadable"
    HOME_JOBS_UNREADABLE = "home-jobs-unreadable"
    SETTINGS_TAKEN_WHOLE = "settings-taken-whole"
    COMMENTS_ALONG = "comments-along"

    # merging
    MERGED_AS_TEXT = "merged-as-text"
    NOT_JOINED = "not-joined"
    KEPT_FOLLOWS = "kept-follows"
    BOTH_MOVED = "both-moved"
    FOLDER_RESPELLED = "folder-respelled"
    SETTLED_BY_AUTHOR = "settled-by-author"
    CONTENT_LOST = "content-lost"
    CONTENTS_LOST = "contents-lost"
    OLD_CONTENTS_LOST = "old-contents-lost"
    NO_ROOM_TO_JOIN = "no-room-to-join"
    NEWER_FILE = "newer-file"
    FOLDER_IN_STORE = "folder-in-store"
    NEWER_BOXES = "newer-boxes"

    # files and variables
    LEFT_ALONE = "left-alone"
    LINK_LEFT_ALONE = "link-left-alone"
    STAYS_BEHIND_LINK = "stays-behind-link"
    LEFT_OUT = "left-out"
    HIDDEN_CHARACTER = "hidden-character"
    EXAMPLE_HELD_BACK = "example-held-back"
    LOOK_BEFORE_COPYING = "look-before-copying"
    VARIABLE_NOT_ASKED = "variable-not-asked"
    VARIABLES_NOT_WRITTEN = "variables-not-written"
    COMMAND_NOT_WRITTEN = "command-not-written"
    COMMAND_OFF_PATH = "command-off-path"
    NO_ENV_FILE = "no-env-file"
    OPEN_TO_OTHERS = "open-to-others"
    OPEN_ON_THIS_DISK = "open-on-this-disk"

    # a profile without a lockfile, and the state of one that has one
    TAKEN_FOR = "taken-for"
    NO_PACKAGE = "no-package"
    ANOTHER_SOURCE = "another-source"
    MACHINES_DISAGREE = "machines-disagree"
    MACHINE_SENT = "machine-sent"
    NO_LOCKFILE = "no-lockfile"
    FOLLOWS_NO_SOURCE = "follows-no-source"
    AGENT_WROTE_MANIFEST = "agent-wrote-manifest"
    PARTS_MISSING = "parts-missing"
    PARTS_NOT_IN = "parts-not-in"
    AGENT_CANNOT_READ = "agent-cannot-read"
    CANNOT_COMPARE = "cannot-compare"

    # going back
    EDIT_OVERWRITTEN = "edit-overwritten"
    EDIT_NOT_RECORDED = "edit-not-recorded"
    APPROVAL_STAYS_REVOKED = "approval-stays-revoked"
    WEAKER_AGAIN = "weaker-again"
    RUNS_AGAIN = "runs-again"
    EDIT_KEPT = "edit-kept"
    EDIT_IN_THE_WAY = "edit-in-the-way"
    HOME_IN_USE = "home-in-use"
    HOME_CLOSED = "home-closed"

    # archives
    CONTENTS_NOT_IN_ARCHIVE = "contents-not-in-archive"
    ONLY_PARTS_IN_ARCHIVE = "only-parts-in-archive"
    SERVERS_FILE_UNREAD = "servers-file-unread"
    NAMES_ALIKE = "names-alike"
    UNCLEAR_VALUE_INSIDE = "unclear-value-inside"
    ARCHIVE_EFFECTS_LEFT_OUT = "archive-effects-left-out"
    ARCHIVE_EFFECTS_OFF = "archive-effects-off"
    ARCHIVE_CONFLICTS = "archive-conflicts"
    SECRETS_LEFT_BEHIND = "secrets-left-behind"
    NOT_MERGED = "not-merged"
    BRINGS_LEARNED = "brings-learned"
    ENV_UNREADABLE = "env-unreadable"
    ENV_SETS = "env-sets"
    LOCK_SAVED_UNREAD = "lock-saved-unread"
    LOCK_SET_ASIDE = "lock-set-aside"
    LOCK_DAMAGED_IN_ARCHIVE = "lock-damaged-in-archive"
    BASE_LOST = "base-lost"
    BASE_UNSAFE = "base-unsafe"

    # profiles
    WAS_CUT_SHORT = "was-cut-short"
    AGENT_ADDS_SKILLS = "agent-adds-skills"
    SKILLS_NOT_ADDED = "skills-not-added"
    NO_COMMAND = "no-command"
    JOBS_PAUSED = "jobs-paused"
    COPIED_BEHIND_LINKS = "copied-behind-links"
    NOT_COPIED = "not-copied"
    STAYS_ELSEWHERE = "stays-elsewhere"
    OF_OTHER_ROOT = "of-other-root"
    SETTING_NAMES = "setting-names"
    SETTING_FOLLOWS = "setting-follows"
    STILL_ASSIGNED = "still-assigned"
    STILL_LEAD_TO = "still-lead-to"
    PEER_MADE = "peer-made"

    # validating
    NOT_READ = "not-read"
    NOT_INSTALLED = "not-installed"

    # publishing
    OLDER_THAN_PUBLISHED = "older-than-published"
    CHANGELOG_UNREAD = "changelog-unread"


class Note(NamedTuple):
    """One note; a light value, for an update that finds nothing new has notes, too.

    Attributes:
        kind: What it says.
        where: The file or the place in it; empty if the sentence needs none before it.
        data: The names, paths and numbers in it.
    """

    kind: Kind
    where: str = ""
    data: tuple[tuple[str, Datum], ...] = ()

    @classmethod
    def of(cls, kind: Kind, where: str = "", **data: Datum) -> Note:
        """Make a note from the data that its sentence needs."""
        return cls(kind, where, tuple(data.items()))

    @classmethod
    def of_error(cls, error: DistError, spelled: Callable[[str], str] = str) -> Note:
        """Make a note of what an error says.

        Args:
            error: The error.
            spelled: Spells a command of ours; it is needed where the error may name one.
        """
        return cls.of(NoteKind.ERROR, error.where, what=error.what, hint=error.advice(spelled))

    def datum(self, name: str) -> Datum:
        """One of the names, paths and numbers."""
        return dict(self.data)[name]
