"""Shell completion: which words can follow on a command line; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.agents.places import MEMORIES, SESSIONS
from hermes_dist.agents.routes import IDS
from hermes_dist.decide.parts import PARTS
from hermes_dist.decide.profiles.completion_scripts import SHELLS
from hermes_dist.lazily import re
from hermes_dist.light import NamedTuple, StrEnum

_FLAGS = ("-p", "--profile")
_COMMANDS = lazily.pattern(r"\{([a-z0-9][a-z0-9_,-]*)\}")
_ROWS = lazily.pattern(r"^  <command>.*\n(?:    .*\n?)+", re.MULTILINE)
_ROW = lazily.pattern(r"^    ([a-z][a-z0-9_-]*)", re.MULTILINE)
"""A command in such a row; what is told of it goes on in lines that begin further right."""


class Word(NamedTuple):
    """A candidate, and a few words about it that some shells show."""

    word: str
    about: str = ""


class Kind(StrEnum):
    """What a word of a command line names."""

    PROFILE = "profile"
    AWAY = "away"
    SOURCE = "source"
    PACKAGE = "package"
    REGISTRY = "registry"
    CATEGORY = "category"
    REF = "ref"
    PATH = "path"
    CONFLICT = "conflict"
    KEPT = "kept"
    EDIT = "edit"
    LAYER = "layer"
    THING = "thing"
    GENERATION = "generation"
    GENERATIONS = "generations"
    LINK = "link"
    KEY = "key"
    ROUTE = "route"
    INCLUDED = "included"
    UNNAMED = "unnamed"
    FILE = "file"


FILES = Word("", "files")
"""Stands for the files and folders of this machine, which the shell itself completes."""

_Slot = Kind | tuple[Word, ...] | frozenset[Kind]
"""What a word can be: of a kind, one of these words, or of either kind."""


class _Slots(NamedTuple):
    """What the words behind a command name.

    Attributes:
        each: What each of them is.
        again: Whether the last one may come again.
    """

    each: tuple[_Slot, ...] = ()
    again: bool = False

    def at(self, index: int) -> _Slot | None:
        """What the argument at an index names; None if there is none."""
        if self.again:
            index = min(index, len(self.each) - 1)
        return self.each[index] if index < len(self.each) else None


def _of(*each: _Slot, again: bool = False) -> _Slots:
    return _Slots(each, again)


_ONE_PROFILE = _of(Kind.PROFILE)
_PROFILES = _of(Kind.PROFILE, again=True)
_PROFILE_OR_FOLDER = _of(frozenset([Kind.PROFILE, Kind.FILE]))
_SHELLS = tuple(Word(shell) for shell in SHELLS)
_DEMANDS = (
    Word("releases", "tags have to be signed"),
    Word("commits", "every update has to be signed"),
    Word("none", "nothing has to be signed"),
)
_TOOLS = tuple(map(Word, ("vimdiff", "nvimdiff", "meld", "kdiff3", "code", "git")))
_UNSIGNED = (Word("ours", "put back yours"), Word("theirs", "take them in"))
_PLATFORMS = tuple(map(Word, IDS))

_POSITIONAL: Mapping[str, _Slots] = {
    **dict.fromkeys(
        [
            "update",
            "tree",
            "layer list",
            "outdated",
            "status",
            "info",
            "hold",
            "unhold",
            "uninstall",
            "verify",
            "show",
            "use",
            "rename",
            "delete",
            "archive",
            "alias",
            "describe",
            "export",
            "publish",
            "changes",
            "sign",
            "undo",
            "backup",
            "backup make",
            "sync now",
            "sync status",
            "sync leave",
            "sync forget",
            "sync accept",
        ],
        _ONE_PROFILE,
    ),
    **dict.fromkeys(["pack", "init", "validate"], _PROFILE_OR_FOLDER),
    "adopt": _of(Kind.PROFILE, frozenset([Kind.SOURCE, Kind.FILE])),
    "diff": _of(Kind.PROFILE, Kind.PATH),
    "contribute": _of(Kind.PROFILE, Kind.PATH, again=True),
    "keep": _of(Kind.PROFILE, Kind.PATH, again=True),
    "unkeep": _of(Kind.PROFILE, Kind.KEPT, again=True),
    "discard": _of(Kind.PROFILE, Kind.EDIT, again=True),
    "why": _of(Kind.PROFILE, Kind.PATH),
    "owns": _of(Kind.PROFILE, Kind.LAYER),
    "layer add": _of(Kind.PROFILE, frozenset([Kind.SOURCE, Kind.FILE])),
    "layer remove": _of(Kind.PROFILE, Kind.LAYER),
    "sync init": _of(Kind.PROFILE, frozenset([Kind.SOURCE, Kind.FILE])),
    "sync join": _of(Kind.PROFILE, frozenset([Kind.SOURCE, Kind.FILE])),
    "follow": _of(Kind.PROFILE, Kind.PATH),
    "unfollow": _of(Kind.PROFILE, Kind.LINK),
    "resolve": _of(Kind.PROFILE, Kind.CONFLICT),
    "approve": _of(Kind.PROFILE, Kind.THING, again=True),
    "history": _of(Kind.PROFILE, Kind.GENERATION),
    "rollback": _of(Kind.PROFILE, Kind.GENERATION),
    "restore": _of(Kind.AWAY),
    "install": _of(frozenset([Kind.SOURCE, Kind.FILE])),
    "import": _of(Kind.FILE),
    "apply": _of(Kind.FILE),
    "sign": _of(Kind.FILE),
    "yank": _of(Kind.PACKAGE),
    "completion": _of(_SHELLS),
    "backup restore": _of(Kind.FILE),
    "trust add": _of((), Kind.FILE),
    "trust require": _of(Kind.PROFILE, _DEMANDS),
    "trust remove": _of(Kind.KEY),
    "registry add": _of(Kind.FILE),
    "registry remove": _of(Kind.REGISTRY),
    "registry sync": _of(Kind.REGISTRY, again=True),
    "registry check": _of(frozenset([Kind.REGISTRY, Kind.FILE])),
    "gateway route remove": _of(Kind.ROUTE),
    **dict.fromkeys(["watch owner add", "watch owner remove"], _of(_PLATFORMS)),
    **dict.fromkeys(["watch chat install", "watch chat remove"], _ONE_PROFILE),
    **{
        f"gateways {verb}": _PROFILES
        for verb in ("start", "stop", "restart", "status", "logs", "enable", "disable")
    },
}
"""What the words behind each command name."""

_COLOURS = (Word("auto"), Word("always"), Word("never"))
_POLICIES = (
    Word("keep", "keep yours"),
    Word("theirs", "take upstream's"),
    Word("ask", "ask about each one"),
    Word("abort", "change nothing if there is one"),
)
_BUMPS = (
    Word("patch", "1.2.3 to 1.2.4"),
    Word("minor", "1.2.3 to 1.3.0"),
    Word("major", "1.2.3 to 2.0.0"),
)
_OPTION: Mapping[str, _Slot] = {
    "--clone-from": Kind.PROFILE,
    "--bot": Kind.PROFILE,
    "--include": Kind.UNNAMED,
    "--exclude": Kind.INCLUDED,
    "--registry": Kind.REGISTRY,
    "--package": Kind.PACKAGE,
    "--category": Kind.CATEGORY,
    "--generations": Kind.GENERATIONS,
    "--conflict": _POLICIES,
    "--color": _COLOURS,
    "--bump": _BUMPS,
    "--tool": _TOOLS,
    "--unsigned": _UNSIGNED,
    "--platform": _PLATFORMS,
    **dict.fromkeys(
        [
            "-o",
            "--output",
            "--env-file",
            "--set-file",
            "--passphrase-file",
            "--key",
            "--rotate",
            "--root",
            "--in",
            "--into",
            "--bundle",
            "--from",
        ],
        Kind.FILE,
    ),
}
"""What the value of an option names."""
_OF_ONE_VERB: Mapping[tuple[str, str], _Slot] = {
    ("update", "--to"): Kind.REF,
    ("diff", "--to"): Kind.REF,
    ("publish", "--to"): Kind.FILE,
    ("contribute", "--to"): Kind.FILE,
    ("contribute", "--layer"): Kind.LAYER,
    ("publish", "--registry"): Kind.FILE,
}
_LISTS: Mapping[str, tuple[str, ...]] = {
    "--only": (*PARTS, "files"),
    "--except": (*PARTS, "files"),
    "--with": (MEMORIES, SESSIONS),
}
"""Options whose value is a list with commas."""


class Facts(Struct, frozen=True, kw_only=True):
    """The names that can be completed on this machine.

    Attributes:
        verbs: Our verbs, each with its help; the words of a verb below another are joined by spaces.
        agent: The agent's own commands.
        profiles: All profiles, including the default one.
        values: Gives what a kind of word can be, for a profile; the name is empty for the active one.
        options: Gives the options of one of our verbs; those with a value have a word of it behind a space.
        below: Gives the words that can follow one of the agent's commands.
    """

    verbs: Mapping[str, str]
    agent: Sequence[str]
    profiles: Sequence[Word]
    values: Callable[[Kind, str], Iterable[Word]] = lambda _kind, _profile: ()
    options: Callable[[str], Mapping[str, Option]] = lambda _verb: {}
    below: Callable[[str], Sequence[str]] = lambda _command: ()


class Option(NamedTuple):
    """An option of a verb: its help, and whether a value follows it."""

    about: str = ""
    takes_value: bool = False


def complete(words: Sequence[str], facts: Facts, *, ours: bool) -> list[Word]:
    """List the candidates for the last word.

    Args:
        words: The words after the command, the unfinished one last.
        facts: The names to choose from.
        ours: The command only knows our verbs; else it is the front door, which knows the agent's commands, too.

    Returns:
        The candidates that begin with the unfinished word, each one once; :data:`FILES` if it may be a file as well.
    """
    *done, current = words or [""]
    found = {
        each.word: each for each in reversed(list(_candidates(done, current, facts, ours=ours)))
    }
    return [
        each for each in reversed(found.values()) if each.word.startswith(current) or each is FILES
    ]


def _candidates(done: list[str], current: str, facts: Facts, *, ours: bool) -> Iterable[Word]:
    if done and done[-1] in _FLAGS:
        return facts.profiles
    if current.startswith("--profile="):
        return [Word(f"--profile={each.word}", each.about) for each in facts.profiles]
    rest, profile = _without_profile(done)
    if ours:
        return _ours(rest, current, profile, facts)
    return _front_door(rest, current, profile, facts)


def _front_door(rest: list[str], current: str, profile: str, facts: Facts) -> Iterable[Word]:
    """Return the words that can follow in a command of the agent, some of which are ours."""
    match rest:
        case []:
            return map(Word, _FLAGS if current.startswith("-") else (*facts.agent, *_AT_THE_DOOR))
        case ["completion"]:
            return _SHELLS
        case ["completion", *_]:
            return ()
        case ["profile", *below]:
            return _ours(below, current, profile, facts)
        case ["gateways", *_] | ["gateway", "route", *_]:
            return _ours(rest, current, profile, facts)
        case [command]:
            ours = ["route"] if command == "gateway" else []
            if current.startswith("-"):
                return map(Word, ours)
            return [*map(Word, (*facts.below(command), *ours)), FILES]
    return (FILES,)  # the agent's own commands take files, too, and nobody else completes them


_AT_THE_DOOR = ("profile", "gateways", "completion")


def _without_profile(done: list[str]) -> tuple[list[str], str]:
    rest: list[str] = []
    profile = ""
    words = iter(done)
    for word in words:
        if word in _FLAGS:
            profile = next(words, "")
        elif word.startswith("--profile="):
            profile = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, profile


def _ours(rest: list[str], current: str, profile: str, facts: Facts) -> Iterable[Word]:
    """Return the words that can follow in a command of ours."""
    if rest[:1] == ["help"]:
        return _below(" ".join(rest[1:]), facts)
    verb = _verb(rest, facts)
    given = rest[len(verb.split()) :]
    inner = _below(verb, facts)
    if inner and verb not in _POSITIONAL:
        return () if given else inner
    return [*([] if given else inner), *_behind(verb, given, current, profile, facts)]


def _behind(
    verb: str, given: list[str], current: str, profile: str, facts: Facts
) -> Iterable[Word]:
    """Return the words that can follow behind all the words of a verb."""
    name, equals, value = current.partition("=")
    if equals and name.startswith("--"):
        known = _option_values(verb, [*given, name], value, profile, facts) or ()
        return [Word(f"{name}={each.word}", each.about) for each in known if each is not FILES]
    found = _option_values(verb, given, current, profile, facts)
    if found is not None:
        return found
    if current.startswith("-"):
        return (Word(name, each.about) for name, each in facts.options(verb).items())
    values = _values(verb, given, facts)
    place = _POSITIONAL.get(verb, _Slots()).at(len(values))
    return _slot(place, verb, _profile_of(verb, given, profile, facts), facts) if place else ()


def _option_values(
    verb: str, given: list[str], current: str, profile: str, facts: Facts
) -> Iterable[Word] | None:
    """What the value of an option can be; None if the last word is no option that takes one."""
    if not given:
        return None
    if given[-1] in _LISTS:
        return _listed(_LISTS[given[-1]], current)
    slot = _OF_ONE_VERB.get((verb, given[-1])) or _OPTION.get(given[-1])
    if slot is None:
        option = facts.options(verb).get(given[-1]) if given[-1].startswith("-") else None
        return () if option and option.takes_value else None
    return _slot(slot, verb, _profile_of(verb, given[:-1], profile, facts), facts)


def _verb(rest: Sequence[str], facts: Facts) -> str:
    """The words of a line that are a command of ours and the verbs below it."""
    for depth in range(len(rest), 0, -1):
        if " ".join(rest[:depth]) in facts.verbs:
            return " ".join(rest[:depth])
    return " ".join(rest[:1])


def _below(verb: str, facts: Facts) -> list[Word]:
    """The verbs right below a verb, or all that are below none."""
    depth, start = len(verb.split()), f"{verb} " if verb else ""
    return [
        Word(name.split()[-1], about)
        for name, about in facts.verbs.items()
        if name.startswith(start) and len(name.split()) == depth + 1
    ]


def _values(verb: str, given: Sequence[str], facts: Facts) -> list[str]:
    """The words that are arguments: neither options nor their values."""
    values: list[str] = []
    options: Mapping[str, Option] = {}
    if any(word.startswith("-") for word in given):
        options = facts.options(verb)
    words = iter(given)
    for word in words:
        if not word.startswith("-"):
            values.append(word)
        elif word in options and options[word].takes_value:
            next(words, "")
    return values


def _profile_of(verb: str, given: Sequence[str], profile: str, facts: Facts) -> str:
    """The profile that a line is about; empty for the active one."""
    takes_one = _POSITIONAL.get(verb, _Slots()).at(0) is Kind.PROFILE
    values = _values(verb, given, facts) if takes_one else []
    return values[0] if values and values[0] != "." else profile


def _slot(slot: _Slot, verb: str, profile: str, facts: Facts) -> Iterable[Word]:
    if isinstance(slot, frozenset):
        return [word for kind in sorted(slot) for word in _slot(kind, verb, profile, facts)]
    if not isinstance(slot, Kind):
        return slot
    if slot is Kind.FILE:
        return (FILES,)
    if slot is not Kind.PROFILE:
        return facts.values(slot, profile)
    slots = _POSITIONAL.get(verb, _Slots())
    more = len(slots.each) > 1 or slots.again
    return [*facts.profiles, Word(".", "the active profile")] if more else facts.profiles


def _listed(known: Sequence[str], current: str) -> list[Word]:
    """The words of a list with commas, each behind those that are there already."""
    ahead, comma, _ = current.rpartition(",")
    taken = ahead.split(",")
    return [Word(f"{ahead}{comma}{word}") for word in known if word not in taken]


def agent_commands(usage: str) -> list[str]:
    """Read the agent's commands from its own help: the rows of newer agents, or the list in the usage of others."""
    if rows := _ROWS.search(usage):
        return _ROW.findall(rows[0])
    found = _COMMANDS.search(usage)
    return found[1].split(",") if found else []
