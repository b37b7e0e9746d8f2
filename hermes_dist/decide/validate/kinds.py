"""What can be wrong with a package, as kinds; their sentences and hints are in ``voice/problems.py``."""

from __future__ import annotations

from hermes_dist.model.notes import Kind


class ProblemKind(Kind):
    """What is wrong with a package. Each kind has a sentence, which names the data it needs, and perhaps a hint."""

    FAULT = "fault"  # what an error says that reading it gave

    # the manifest
    NO_MANIFEST = "no-manifest"
    BREACH = "breach"
    NAME_BREACH = "name-breach"
    STAMP_BREACH = "stamp-breach"
    VERSION_BREACH = "version-breach"
    FIELD_NEVER_RUN = "field-never-run"
    FIELD_WITHOUT_EFFECT = "field-without-effect"
    FIELD_NOT_GIVEN = "field-not-given"
    OWNED_LEAVES_OUT = "owned-leaves-out"
    OWNED_BY_MACHINE = "owned-by-machine"
    OWNED_MISSING = "owned-missing"

    # the layers below
    NOT_TAKEN_OUT = "not-taken-out"

    # the contents
    NO_SOUL = "no-soul"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    NO_SETTINGS = "no-settings"
    CONFIG_VERSION = "config-version"
    NO_MAP_OF_SERVERS = "no-map-of-servers"
    SERVER_WITHOUT_START = "server-without-start"
    VALUE_TO_HIDE = "value-to-hide"
    NO_SERVER = "no-server"
    JOB_UNREADABLE = "job-unreadable"
    HOME_UNREADABLE = "home-unreadable"
    SERVERS_UNREADABLE = "servers-unreadable"
    SKILLS_NOT_SHIPPED = "skills-not-shipped"
    NO_JOB_FILE = "no-job-file"
    FOLDER_WITHOUT_SKILL = "folder-without-skill"
    NO_FRONT_MATTER = "no-front-matter"
    FRONT_UNREADABLE = "front-unreadable"
    FRONT_FIELD_MISSING = "front-field-missing"
    FRONT_FIELD_TOO_LONG = "front-field-too-long"
    NO_BODY = "no-body"
    NAMED_UNLIKE_FOLDER = "named-unlike-folder"
    NAME_TAKEN = "name-taken"
    NOT_LOADED = "not-loaded"

    # the inputs
    INPUT_UNUSED = "input-unused"
    INPUT_UNKNOWN = "input-unknown"
    INPUT_HIDDEN = "input-hidden"
    INPUT_NOT_FILLED = "input-not-filled"

    # files of any kind
    ONE_TEMPLATE = "one-template"
    PLACEHOLDER_NOT_ASKED = "placeholder-not-asked"
    VARIABLE_NOT_LISTED = "variable-not-listed"
    LEAK = "leak"
    MUST_NOT_LEAVE = "must-not-leave"
    MAYBE_PRIVATE = "maybe-private"
    TOO_LARGE = "too-large"
    LARGE = "large"
    HIDDEN = "hidden"
    PERSONAL_PATH = "personal-path"
    INVISIBLE = "invisible"


UNREADABLE = frozenset(
    {
        ProblemKind.FAULT,
        ProblemKind.UNREADABLE,
        ProblemKind.NO_SETTINGS,
        ProblemKind.JOB_UNREADABLE,
        ProblemKind.HOME_UNREADABLE,
        ProblemKind.SERVERS_UNREADABLE,
    }
)
"""What nobody can read, or not as what it has to be: of a package with that, not even an archive is worth making."""
