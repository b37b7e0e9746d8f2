"""What the doctor can find, as kinds; their sentences and hints are in ``voice/findings.py``."""

from __future__ import annotations

from hermes_dist.model.notes import Kind


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
    KEYS_COPIED = "keys-copied"
    STARTS_NOBODY = "starts-nobody"
    ACTIVE_IS_MISSING = "active-is-missing"
    SERVES_NOBODY = "serves-nobody"
    POINTS_TO_NOBODY = "points-to-nobody"
    SERVERS_UNREAD = "servers-unread"
    PACKAGE_SERVERS_UNREAD = "package-servers-unread"
    AGENT_IGNORES = "agent-ignores"
    LOCK_UNREADABLE = "lock-unreadable"
    CONFLICTS_OPEN = "conflicts-open"
    CONTENTS_MISSING = "contents-missing"
    TRASH_IS_OLD = "trash-is-old"
    RECORD_OF_NOBODY = "record-of-nobody"
    NEEDED_BY_NOBODY = "needed-by-nobody"
