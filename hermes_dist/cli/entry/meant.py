"""Words from other programs, and words in the wrong place, each with what to write instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hermes_dist.light import NamedTuple


class Meant(NamedTuple):
    """What to write instead.

    Attributes:
        said: A sentence, without the mark at its end.
        asks: Whether it is a question.
    """

    said: str
    asks: bool = False

    def before(self, rest: str) -> str:
        """Return it with another sentence behind it."""
        return f"{self.said}? {rest}" if self.asks else f"{self.said}; {rest}"

    def after(self, rest: str) -> str:
        """Return it behind another sentence; alone if that is empty."""
        return f"{rest}; {self.said}" if rest else self.said


def did_you_mean(meant: Iterable[str]) -> Meant | None:
    """Ask whether one of these was meant; None if there are none."""
    words = " or ".join(meant)
    return Meant(f"did you mean {words}", asks=True) if words else None


VERBS_MEANT: Mapping[str, tuple[str, ...]] = {
    "activate": ("use",),
    "add": ("install",),
    "audit": ("verify", "doctor"),
    "autoremove": ("gc",),
    "blame": ("why",),
    "checkout": ("update NAME --to VERSION",),
    "clean": ("gc",),
    "cleanup": ("gc",),
    "clone": ("create NEW --clone-from OLD",),
    "conflicts": ("resolve --list",),
    "copy": ("create NEW --clone-from OLD",),
    "cp": ("create NEW --clone-from OLD",),
    "dist-upgrade": ("update --all",),
    "downgrade": ("rollback", "update NAME --to VERSION"),
    "fetch": ("outdated",),
    "find": ("search",),
    "fix": ("doctor --fix",),
    "freeze": ("snapshot", "hold"),
    "full-upgrade": ("update --all",),
    "get": ("install",),
    "i": ("install",),
    "key": ("trust",),
    "keys": ("trust",),
    "lock": ("hold",),
    "log": ("history",),
    "logs": ("gateways logs",),
    "ls": ("list",),
    "move": ("rename", "export"),
    "mv": ("rename",),
    "new": ("create",),
    "open": ("ui",),
    "permissions": ("approve --list",),
    "pin": ("hold", "update NAME --to VERSION"),
    "prune": ("gc",),
    "pull": ("update",),
    "purge": ("delete --purge", "uninstall"),
    "push": ("publish",),
    "recover": ("restore",),
    "remove": ("delete", "uninstall"),
    "repair": ("doctor --fix",),
    "repo": ("registry",),
    "reset": ("discard", "undo", "rollback"),
    "revert": ("discard", "undo", "rollback"),
    "rm": ("delete", "uninstall"),
    "serve": ("ui",),
    "sources": ("registry list",),
    "switch": ("use",),
    "tap": ("registry add",),
    "trash": ("restore",),
    "unarchive": ("restore",),
    "undelete": ("restore",),
    "unpin": ("unhold",),
    "upgrade": ("update",),
    "version": ("--version",),
    "versions": ("outdated", "history"),
    "web": ("ui",),
    "whoami": ("current",),
}
"""The commands that may be meant by a word that is none."""

AGENTS_MEANT: Mapping[str, str] = {
    "launch": "chat",
    "run": "chat",
    "talk": "chat",
}
"""The command of the agent that may be meant by a word that is a command of neither."""

_ALIKE: Mapping[str, tuple[str, ...]] = {
    "create": ("add", "init"),
    "del": ("remove",),
    "delete": ("remove",),
    "ls": ("list",),
    "new": ("add", "init"),
    "off": ("disable", "remove"),
    "on": ("enable", "install"),
    "pull": ("sync", "now"),
    "rm": ("remove",),
    "show": ("list", "status"),
    "uninstall": ("remove",),
    "update": ("sync", "now"),
}
"""What a verb below another may be called there."""

_BEGIN_ONE = Meant(
    'a registry is a folder or repository with the file registry.json: {"format": 1}'
)

_BELOW_MEANT: Mapping[str, Mapping[str, Meant | None]] = {
    "layer": {"update": did_you_mean(["update"])},
    "registry": {"create": _BEGIN_ONE, "init": _BEGIN_ONE, "new": _BEGIN_ONE},
}
"""What to write instead of a verb that a command does not have below it, where that is not one of its verbs."""

_REF = Meant("a tag or branch comes after the address: SOURCE#v1.0.0")
_FOLDER = Meant("a folder comes after the address: SOURCE//FOLDER")
_HERE_ALONE = Meant("a profile is always installed for you alone: leave it out")
_TEAM_FILE = Meant("what a whole team has is in one file: apply FILE")
_UPDATE = Meant("what is installed already is updated by: update PROFILE")
_NO_END = Meant("a hold has no end of its own: unhold PROFILE ends it")
_WHOLE_CARD = Meant("without a THING, it shows everything that waits, and asks")
_NO_OPTION = Meant("the file needs no option: apply FILE")
_ALL_ANYWAY = Meant("without a name, it shows every profile")
_GO_THERE = did_you_mean(["update NAME --to VERSION"])
_CHANNEL = did_you_mean(["--channel"])
_OTHER_ALIAS = Meant(
    "the command is named after the profile; for another name, run afterwards: alias PROFILE --name NAME"
)

_OPTIONS_MEANT: Mapping[str, Mapping[str, Meant | None]] = {
    "approve": dict.fromkeys(["--all", "-a"], _WHOLE_CARD),
    "apply": {"--file": _NO_OPTION, "-f": _NO_OPTION},
    "import": {"--alias": _OTHER_ALIAS},
    "hold": {
        **dict.fromkeys(["--at", "--tag", "--to"], _GO_THERE),
        **dict.fromkeys(["--days", "--for", "--until"], _NO_END),
    },
    "install": {
        "--alias": _OTHER_ALIAS,
        "--branch": _REF,
        "--dir": _FOLDER,
        "--folder": _FOLDER,
        "--global": _HERE_ALONE,
        "--path": _FOLDER,
        "--ref": _REF,
        "--requirement": _TEAM_FILE,
        "--subdir": _FOLDER,
        "--subfolder": _FOLDER,
        "--tag": _REF,
        "--to": _REF,
        "--upgrade": _UPDATE,
        "--user": _HERE_ALONE,
        "--version": _REF,
        "-U": _UPDATE,
        "-g": _HERE_ALONE,
        "-r": _TEAM_FILE,
    },
    "list": {
        "--all": _ALL_ANYWAY,
        "--outdated": did_you_mean(["outdated"]),
        "-a": _ALL_ANYWAY,
    },
    "outdated": {"--all": _ALL_ANYWAY, "-a": _ALL_ANYWAY},
    "publish": {"--tag": Meant("did you mean --version? the tag is made from it")},
    "route add": {"--chat": _CHANNEL, "--chat-id": _CHANNEL},
    "route test": {"--chat": _CHANNEL, "--chat-id": _CHANNEL},
    "uninstall": {"--purge": Meant("to remove the profile itself: delete PROFILE")},
    "update": {"--version": _GO_THERE},
    "watch install": {"--daily": Meant("the check runs once a day; --at chooses the time")},
}
"""What to write instead of an option that a command does not have, or does not have like this."""

_YES = ("-y", "--yes")
_ASKS_NOTHING = Meant("the command asks nothing: leave it out")
_ANSWERED_BY: Mapping[str, Meant] = {
    "backup make": Meant("the passphrase that it asks for is given by --passphrase-file FILE"),
    "export": Meant("the passphrase that it asks for is given by --passphrase-file FILE"),
    "init": Meant("what it asks is answered by --description TEXT and --license LICENSE"),
    "resolve": Meant("choose a side instead: --ours, --theirs or --both"),
    "route add": Meant("what it asks is answered by --multiplex"),
    "trust require": Meant("what it asks is answered by --accept-unsigned"),
    "watch owner add": Meant("somebody has to answer what it asks, at a terminal"),
}
"""What answers the questions of commands that have no ``--yes``; every other one without it asks nothing."""

_OPTIONS_ALIKE: Mapping[str, tuple[str, ...]] = {
    "--as": ("--name",),
    "--assume-yes": ("--yes",),
    "--branch": ("--to",),
    "--check": ("--dry-run",),
    "--dest": ("-o",),
    "--file": ("-o",),
    "--force": ("--yes",),
    "--from": ("--clone-from",),
    "--message": ("--notes",),
    "--mine": ("--ours",),
    "--name": ("--as",),
    "--out": ("-o",),
    "--preview": ("--dry-run",),
    "--ref": ("--to",),
    "--sign": ("--key",),
    "--simulate": ("--dry-run",),
    "--tag": ("--to",),
    "--tail": ("--lines",),
    "--to": ("-o",),
    "--version": ("--to",),
    "--what-if": ("--dry-run",),
    "-V": ("--version",),
    "-a": ("--all",),
    "-f": ("--yes",),
    "-n": ("--lines",),
}
"""What an option of other programs may be called; said where a command has that option."""

_EXTRA_MEANT: Mapping[str, str] = {
    "alias": "did you mean: {prog} alias {0} --name {1}{options}",
    "create": "did you mean: {prog} create {0} --clone-from {1}{options}",
    "describe": "did you mean: {prog} describe {0} --text {1}",
    "doctor": "it looks at the whole machine: leave the name out",
    "export": "did you mean: {prog} export {0} -o {1}{options}",
    "hold": "a hold lasts until {prog} unhold {0}; to go to a version and stay there: {prog} update {0} --to {1}",
    "import": "did you mean: {prog} import {0} --name {1}{options}",
    "install": "did you mean: {prog} install {0} --name {1}{options}",
    "list": "did you mean: {prog} show {0}",
    "publish": "did you mean: {prog} publish {0} --to {1}{options}",
    "registry add": "did you mean: {prog} registry add PLACE --name NAME",
    "snapshot": "did you mean: {prog} snapshot -o {0}{options}",
    "update": "to go to a version: {prog} update {0} --to {1}{options}; to update every profile, pass --all",
    "watch install": "did you mean: {prog} watch install --at {0}{options}",
}
"""What to write if there is one word too many; the numbers stand for the words as they were typed."""

_PLACES_MEANT: Mapping[str, str] = {
    "install": "one source at a time: {prog} install {0}{options}",
    "update": "to take it from another source: {prog} install {1} --name {0} --force",
}
"""What to write if the word too many is a folder or an address."""

_VALUES_MEANT: Mapping[str, str] = {
    "history": "the numbers: {prog} history {0}",
    "rollback": "the numbers: {prog} history {0}; to go to a version: {prog} update {0} --to VERSION",
}
"""What to write if a value after the profile is not of the kind that a command takes."""

_A_NUMBER = "a number"
_PATH_OR_KEY = "a path or key"
_AFTER_PROFILE: Mapping[str, str] = {
    "adopt": "a source",
    "approve": "what to approve",
    "contribute": _PATH_OR_KEY,
    "diff": _PATH_OR_KEY,
    "discard": _PATH_OR_KEY,
    "history": _A_NUMBER,
    "keep": _PATH_OR_KEY,
    "layer add": "a source",
    "layer remove": "the name of a layer",
    "owns": "the name of a package",
    "resolve": _PATH_OR_KEY,
    "rollback": _A_NUMBER,
    "unkeep": _PATH_OR_KEY,
    "why": _PATH_OR_KEY,
}
"""What comes after the profile, where the profile may be left out only together with it."""

_FIRST_MEANT: Mapping[str, Mapping[str, str]] = {
    "backup make": {
        "add": "make",
        "create": "make",
        "export": "make",
        "import": "restore",
        "load": "restore",
        "new": "make",
        "now": "make",
        "run": "make",
        "save": "make",
    }
}
"""The verb that is meant by a first word, where a command without a verb has a meaning of its own."""

_BETWEEN = frozenset(["as", "at", "from", "into", "to"])
"""Words that only join others, as in ``install SOURCE as NAME``."""


def verb_meant(group: str, word: str, verbs: Iterable[str]) -> Meant | None:
    """What to write instead of a verb that there is not below a command; None if nothing is known.

    Args:
        group: The command, without the name of the program.
        word: The verb as it was typed.
        verbs: The verbs that there are.
    """
    if said := _BELOW_MEANT.get(group, {}).get(word):
        return said
    known = set(verbs)
    return did_you_mean(verb for verb in _ALIKE.get(word, ()) if verb in known)


def option_meant(command: str, option: str, options: Iterable[str]) -> Meant | None:
    """What to write instead of an option that a command does not have; None if nothing is known.

    Args:
        command: The command as it was typed, with the name of the program.
        option: The option as it was typed.
        options: The options that the command has.
    """
    for words, known in _OPTIONS_MEANT.items():
        if command.endswith(f" {words}") and option in known:
            return known[option]
    has = set(options)
    return did_you_mean(other for other in _OPTIONS_ALIKE.get(option, ()) if other in has)


def yes_meant(command: str, option: str) -> Meant | None:
    """What to write instead of ``--yes`` where a command does not have it; None for another option.

    Args:
        command: The command as it was typed, with the name of the program.
        option: The option as it was typed.
    """
    if option not in _YES:
        return None
    answers = (by for words, by in _ANSWERED_BY.items() if command.endswith(f" {words}"))
    return next(answers, _ASKS_NOTHING)


def extra_meant(
    prog: str, command: str, places: Sequence[str], extra: Sequence[str], options: str
) -> Meant | None:
    """What to write if there is one word too many; None if nothing is known.

    Args:
        prog: The name of the program.
        command: The command, without the name of the program.
        places: The words that have a place, as a shell takes them.
        extra: The words that have none, as a shell takes them.
        options: The options that were typed with their values, each after a space.
    """
    words = [word for word in extra if word not in _BETWEEN]
    if verb := first_meant(prog, command, [*places, *words], options):
        return verb
    if len(words) != 1 or command not in _EXTRA_MEANT:
        return None
    said = _EXTRA_MEANT[command]
    if _is_place(words[0]):
        said = _PLACES_MEANT.get(command, said)
    return Meant(said.format(*places, *words, prog=prog, options=options))


def _is_place(word: str) -> bool:
    """Whether a word, as a shell takes it, can be nothing but a folder or an address."""
    return word.strip("'").startswith((".", "/", "~")) or "://" in word


def value_meant(prog: str, command: str, profile: str) -> Meant | None:
    """What to write if the value after a profile is of a wrong kind; None if nothing is known.

    Args:
        prog: The name of the program.
        command: The command, without the name of the program.
        profile: The profile, as a shell takes it.
    """
    said = _VALUES_MEANT.get(command)
    return Meant(said.format(profile, prog=prog)) if said else None


def first_meant(prog: str, command: str, words: Sequence[str], options: str) -> Meant | None:
    """What to write if the first word is not a profile but a verb of other programs; None if nothing is known.

    Args:
        prog: The name of the program.
        command: The command that was run because no verb of its group was typed, without the name of the program.
        words: The words behind it, as a shell takes them.
        options: The options that were typed with their values, each after a space.
    """
    verb = _FIRST_MEANT.get(command, {}).get(words[0]) if words else None
    if verb is None:
        return None
    group, _, typed = command.rpartition(" ")
    line = " ".join([prog, group, verb, *words[1:]])
    return Meant(f"did you mean: {line}{options if verb == typed else ''}")


def after_profile(prog: str, command: str, word: str, options: str) -> Meant | None:
    """What to write if a word that comes after the profile stands in its place; None if nothing comes after it.

    Args:
        prog: The name of the program.
        command: The command, without the name of the program.
        word: The word, as a shell takes it.
        options: The options that were typed with their values, each after a space.
    """
    what = _AFTER_PROFILE.get(command)
    if what is None or (what == _A_NUMBER and not word.isdecimal()):
        return None
    return Meant(
        f"{what} comes after the profile, . for the active one: {prog} {command} . {word}{options}"
    )
