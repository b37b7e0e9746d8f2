"""Words that people know from other programs, each with what it is called here."""

from __future__ import annotations

from collections.abc import Mapping

VERBS_MEANT: Mapping[str, tuple[str, ...]] = {
    "add": ("install",),
    "clone": ("create NEW --clone-from OLD",),
    "conflicts": ("resolve --list",),
    "copy": ("create NEW --clone-from OLD",),
    "cp": ("create NEW --clone-from OLD",),
    "find": ("search",),
    "key": ("trust",),
    "keys": ("trust",),
    "lock": ("hold",),
    "log": ("history",),
    "move": ("rename", "export"),
    "mv": ("rename",),
    "new": ("create",),
    "pin": ("hold",),
    "remove": ("delete", "uninstall"),
    "revert": ("undo", "rollback"),
    "rm": ("delete", "uninstall"),
}
"""The commands that may be meant by a word that is none."""

_REF = "A tag or branch comes after the address: SOURCE#v1.0.0"
_FOLDER = "A folder comes after the address: SOURCE//FOLDER"

OPTIONS_MEANT: Mapping[str, Mapping[str, str]] = {
    "install": {
        "--branch": _REF,
        "--dir": _FOLDER,
        "--folder": _FOLDER,
        "--path": _FOLDER,
        "--ref": _REF,
        "--subdir": _FOLDER,
        "--subfolder": _FOLDER,
        "--tag": _REF,
        "--to": _REF,
    },
    "route add": {"--chat": "Did you mean --channel?", "--chat-id": "Did you mean --channel?"},
    "route test": {"--chat": "Did you mean --channel?", "--chat-id": "Did you mean --channel?"},
}
"""What to write instead of an option that a command does not have, by the last words of the command."""


def option_meant(command: str, option: str) -> str:
    """What to write instead of an option that a command does not have, as a sentence; empty if nothing is known.

    Args:
        command: The command as it was typed, with the name of the program.
        option: The option as it was typed.
    """
    for words, known in OPTIONS_MEANT.items():
        if command.endswith(f" {words}"):
            return known.get(option, "")
    return ""
