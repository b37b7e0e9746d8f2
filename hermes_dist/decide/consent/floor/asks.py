"""The security floor: settings that are known to be harmless merge freely, all others need approval.

A value counts only if it is weaker than the one on this machine; for an absent key, the agent's default is compared. So
an ordinary config installs whole. Where another place decides without the key, such as a variable of ``.env``, the
default says nothing: a key that comes or goes is then compared with the strictest or the loosest value. A key that
the tables do not know always counts, at any depth: the agent's next release may give it a meaning, and the gateway
turns each top-level scalar into an environment variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.agents.generation import DIALECTS
from hermes_dist.agents.models import provider_in
from hermes_dist.decide.consent.floor.rows import FloorRow, Rule, rows_below
from hermes_dist.model.dialects import as_read
from hermes_dist.model.documents.api import ABSENT, same
from hermes_dist.model.keypath import Item, KeyPath, parse_key, step_name
from hermes_dist.model.plan import EffectKind
from hermes_dist.model.values import as_list

Known = Callable[[], frozenset[str]]
"""Gives what the machine uses, read only when needed: providers in lower case, variables as they are written."""

UNKNOWN = FloorRow("**", Rule.ASK)
"""The row for every key that the table does not name."""
_UNKNOWN_COMMAND = FloorRow("**", Rule.ASK, kind=EffectKind.RUNS)
_COMMANDS = ("command", "args", "script", "launcher", "executable", "binary_path")
"""Endings of the last step of a key that names a command."""
_ID = lazily.pattern(r"[-+]?\d{3,}|[UWCGD][A-Z0-9]{6,}|[@!#+\w.-]+[@:][\w.-]+\.\w+")
"""An id of a person or a place, as platforms give them: a number, Slack's words, an address."""
_FORBIDS_WRITING = frozenset(
    [
        "--read-only",
        "--readonly",
        "--read_only",
        "--no-write",
        "--disable-write",
        "--disable-writes",
    ]
)
_NO_PATH = frozenset("/\\")
"""What the name of a file in a folder can't have."""
_WITHOUT_DEFAULT = frozenset(
    [Rule.HARMLESS, Rule.NAME, Rule.MODEL, Rule.ABOUT_PROVIDER, Rule.PROVIDER]
)
"""Rules that don't depend on what the agent does without the key."""
_ANYWHERE = frozenset(["", "auto", "main"])
"""Provider values that name no particular provider."""


def row_for(key: KeyPath) -> FloorRow:
    """Find the table row for a leaf of ``config.yaml``; :data:`UNKNOWN` or an equal row if there is none."""
    return _row_at(tuple(map(step_name, key)))


@lru_cache(maxsize=4096)
def _row_at(steps: tuple[str, ...]) -> FloorRow:
    found = _known_row(steps)
    if found is not None:
        return found
    if steps and steps[-1].endswith(_COMMANDS):
        return _UNKNOWN_COMMAND
    return UNKNOWN


def _known_row(steps: tuple[str, ...]) -> FloorRow | None:
    """Return the most specific row of the tables; None if there is none."""
    each = (_find(_below(first), steps[1:]) for first in dict.fromkeys((*steps[:1], "*")))
    return next((row for row in each if row is not None), None)


class _Node(dict[str, "_Node"]):
    """One step of the patterns: the steps that may follow, and the row that ends here."""

    row: FloorRow | None = None


@lru_cache(maxsize=256)
def _below(first: str) -> _Node:
    """The patterns that begin with one step, as a tree of the steps that follow it."""
    root = _Node()
    for row in rows_below(first):
        node = root
        for step in _steps(row.pattern)[1:]:
            node = node.setdefault(step, _Node())
        node.row = row
    return root


def _steps(pattern: str) -> list[str]:
    """Split a pattern into steps; a step that contains a dot is quoted."""
    if '"' not in pattern:
        return pattern.split(".")
    return [str(step) for step in parse_key(pattern)]


def _find(node: _Node, steps: tuple[str, ...]) -> FloorRow | None:
    """Find the most specific row for a key: an exact name comes before ``*``, and ``*`` before ``**``."""
    beyond = node["**"].row if "**" in node else None
    if not steps:
        return node.row or beyond
    # The exact branch may lead nowhere further down, so the wildcard's branch is searched as well.
    for name in dict.fromkeys((steps[0], "*")):
        # Not a test of truth: the node that ends a pattern is an empty map.
        found = _find(node[name], steps[1:]) if name in node else None
        if found is not None:
            return found
    return beyond


def is_section(key: KeyPath) -> bool:
    """Whether the tables name any key below this one."""
    if not key:
        return True
    # Settings that any platform may have make no section of an unknown name at the top.
    node = _below(step_name(key[0]))
    for step in key[1:]:
        below = node.get(step_name(step))
        if below is None:
            below = node.get("*")
        if below is None:
            return False
        node = below
    return bool(node)


def thing_of(key: KeyPath) -> KeyPath:
    """Return the key of the server, hook or command that a setting is part of; the setting itself if it is of none.

    It is the first step below the names of the setting's row, with the names of items that follow it.
    """
    steps = _steps(row_for(key).pattern)
    named = next((n for n, step in enumerate(steps) if step.startswith("*")), len(key))
    end = named + 1
    while end < len(key) and isinstance(key[end], Item):
        end += 1
    return key[:end]


def asks(
    key: KeyPath,
    ours: object,
    new: object,
    known: Known = frozenset,
    *,
    thing_stays: bool = False,
    set_elsewhere: bool = False,
) -> EffectKind | None:
    """Return the kind of approval that replacing ``ours`` with ``new`` needs; None if it needs none.

    Values are judged in every YAML dialect, and one that needs approval is enough: the agent that reads the file may be
    updated tomorrow, or may run on another machine.

    Args:
        key: A leaf of ``config.yaml``.
        ours: The value on this machine; ABSENT for the agent's default.
        new: The value that would be there.
        known: Gives the names of providers and variables that the machine uses.
        thing_stays: The server, hook or command that the key is part of is there afterwards. Then dropping a part of it
            can loosen, such as a variable that makes a server read-only.
        set_elsewhere: Another key of the home's settings decides the same where this one is missing.
    """
    last: tuple[object, object] | None = None
    for dialect in DIALECTS:
        before, after = as_read(ours, dialect), as_read(new, dialect)
        # Most values are the same to every reader, and are judged once.
        if last is not None and before is last[0] and after is last[1]:
            continue
        last = before, after
        kind = _asks(
            key, before, after, known, thing_stays=thing_stays, set_elsewhere=set_elsewhere
        )
        if kind is not None:
            return kind
    return None


def _asks(
    key: KeyPath,
    ours: object,
    new: object,
    known: Known,
    *,
    thing_stays: bool = False,
    set_elsewhere: bool = False,
) -> EffectKind | None:
    """Answer the same question for the values as one dialect reads them."""
    row = row_for(key)
    ours, new = _said(key, ours), _said(key, new)
    if same(ours, new):
        return None
    if row.rule is Rule.ITEMS:
        new = _items(row, new, thing_stays=thing_stays)
        if isinstance(new, list):
            return _asked_in_items(key, ours, new, known)
    # Even a harmless key can carry a secret of this machine to wherever its value is sent or shown.
    if _names_a_variable(new):
        return row.kind
    # Removing something that runs weakens nothing; removing a part of it may.
    if new is ABSENT and row.kind is EffectKind.RUNS and not thing_stays:
        return None
    if not _default_decides(row, ours, new, known, set_elsewhere):
        row = _without_default(row, ours, new)
    return row.kind if _loosens(key, row, ours, new, known) else None


def _default_decides(
    row: FloorRow, ours: object, new: object, known: Known, set_elsewhere: bool
) -> bool:
    """Whether the agent's default counts where the key is missing, as no other place can decide."""
    if ABSENT not in (ours, new):
        return True
    if set_elsewhere:
        return False
    if not row.variable or _is_at_its_end(row, ours, new):
        return True
    # A key that goes can't come back by itself, and the variable may be set later, or where we can't see it.
    if new is ABSENT and row.rule in (Rule.ORDER, Rule.FEWER):
        return False
    return row.variable not in known()


def _is_at_its_end(row: FloorRow, ours: object, new: object) -> bool:
    """Whether no other place could change the answer: the loosest value goes, or the strictest comes."""
    if row.rule is not Rule.ORDER:
        return False
    if ours is ABSENT:
        return same(new, row.order[0])
    return same(ours, row.order[-1])


def _without_default(row: FloorRow, ours: object, new: object) -> FloorRow:
    """Return a row that takes a missing key for whatever is hardest to pass."""
    if row.rule is Rule.ORDER:
        return replace(row, defaults=(row.order[0], row.order[-1]))
    # Every place, spelled out, is as loose as a list can be: only before it comes, something stricter may count.
    if row.rule is Rule.NARROWS and ours is not ABSENT:
        return row
    # No exceptions, spelled out, is as strict as a list can be.
    if row.rule is Rule.FEWER and new is not ABSENT:
        return row
    if row.rule in _WITHOUT_DEFAULT:
        return row
    return FloorRow(row.pattern, Rule.ASK, kind=row.kind)


def _said(key: KeyPath, value: object) -> object:
    """An empty section says the same as an absent one; an empty map at any other key is a value."""
    return ABSENT if value == {} and is_section(key) else value


def _loosens(key: KeyPath, row: FloorRow, ours: object, new: object, known: Known) -> bool:
    if row.rule is Rule.HARMLESS:
        return not _is_plain(new)
    if row.rule is Rule.MODEL:
        return not (_is_plain(new) and all(_is_used(one, known) for one in _chosen_by(new)))
    if row.rule is Rule.ABOUT_PROVIDER:
        gone = new is ABSENT
        return not (gone or (_is_plain(new) and _is_used(step_name(key[1]), known)))
    if row.rule is Rule.PROVIDER:
        return not (_is_default(row, new) or _is_used(new, known))
    holds_up = _COMPARISONS.get(row.rule, _are_defaults)
    return not holds_up(row, ours, new)


def _are_defaults(row: FloorRow, ours: object, new: object) -> bool:
    """Whether neither side says more than the default: the only change that a row without an order lets pass."""
    return _is_default(row, ours) and _is_default(row, new)


def _is_used(value: object, known: Known) -> bool:
    """Whether a value names a provider that the machine uses, or no provider at all."""
    if value is ABSENT or value is None:
        return True
    if not isinstance(value, str):
        return False
    name = value.lower()
    return name in _ANYWHERE or name in known()


def _chosen_by(models: object) -> list[str]:
    """The providers that the name of a model, or several, choose."""
    names = models if isinstance(models, list) else [models]
    return [provider for provider in map(provider_in, names) if provider]


def _is_default(row: FloorRow, value: object) -> bool:
    """Whether a value only spells out what the agent does without it; never true where that is unknown."""
    if not row.defaults:
        return False
    return value is ABSENT or any(same(value, default) for default in row.defaults)


def _as_strict(row: FloorRow, ours: object, new: object) -> bool:
    """Whether a value is in the row's order, and at least as strict as before.

    For an absent value, the default that is harder to pass is taken. A value of ours outside the order counts as the
    strictest, because nothing is known about it; a new value outside the order always needs approval.
    """
    defaults = [_rank(row, value) for value in row.defaults]
    # The agent's generation is not known here, so both sides of an absent value take the cautious default.
    before, after = min(defaults), max(defaults)
    if ours is not ABSENT:
        # The modulo maps an unknown value of ours (rank = length) to 0, the strictest.
        before = _rank(row, ours) % len(row.order)
    if new is not ABSENT:
        after = _rank(row, new)
    return after < len(row.order) and after <= before


def _rank(row: FloorRow, value: object) -> int:
    """Return the position of a value in the order, strictest first; a value that is not in it comes last."""
    return next((n for n, known in enumerate(row.order) if same(value, known)), len(row.order))


def _moves(row: FloorRow, ours: object, new: object) -> bool:
    """Whether a number stays the same or moves in the allowed direction."""
    rises = row.rule is Rule.RISES
    before, after = _hardest_to_pass(_numbers(row.defaults), rises=rises)
    if ours is not ABSENT:
        before = ours
    if new is not ABSENT:
        after = new
    if same(before, after):
        return True
    pair = _numbers((before, after))
    if len(pair) < 2:
        return False
    # Not the opposite of the other comparison: NaN is neither more nor less than anything.
    return pair[1] > pair[0] if rises else pair[1] < pair[0]


def _hardest_to_pass(defaults: list[int | float], *, rises: bool) -> tuple[object, object]:
    """Return what to take for an absent value of ours and for an absent new one: releases of the agent differ."""
    low, high = min(defaults), max(defaults)
    return (high, low) if rises else (low, high)


def _numbers(values: tuple[object, ...]) -> list[int | float]:
    return [
        value for value in values if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _within(row: FloorRow, ours: object, new: object) -> bool:
    most, said = as_list(row.defaults[0]), as_list(row.defaults[-1])
    before, after = said, said
    if ours is not ABSENT and ours is not None:
        before = as_list(ours)
    if new is not ABSENT:
        if not isinstance(new, list):
            return False
        after = new
    if row.rule is Rule.GROWS and not (before or _says_nothing(ours)):
        # A text instead of a list can hold something back, too: some agents read it as a list of one or more names.
        return False
    # A list that includes the default is compared as if it also held the row's first, largest default.
    if _holds(before, said):
        before = [*before, *most]
    if row.rule is Rule.GROWS:
        return _holds(after, before)
    return _holds(before, after)


def _says_nothing(value: object) -> bool:
    return value is ABSENT or value in (None, "", [], {})


def _narrows(row: FloorRow, ours: object, new: object) -> bool:
    """Whether a list of who or where keeps some of its names, all of them ids that the agent can't take for nothing."""
    if _are_defaults(row, ours, new):
        return True
    before, after = _named(ours), _named(new)
    return bool(after) and _holds(before, after) and all(_ID.fullmatch(str(x)) for x in after)


def _lets_fewer_through(row: FloorRow, ours: object, new: object) -> bool:
    """Whether a list lost names, or all of them; without the list, another place decides, which may hold more."""
    if _are_defaults(row, ours, new):
        return True
    return isinstance(new, str | list) and _holds(_named(ours), _named(new))


def _takes_fewer(row: FloorRow, ours: object, new: object) -> bool:
    """Whether a list lost names, but kept some that the agent can't take for nothing."""
    if _are_defaults(row, ours, new):
        return True
    before, after = _one_or_more(ours), _one_or_more(new)
    return bool(after) and _holds(before, after) and all(str(x).strip(" /") for x in after)


def _one_or_more(value: object) -> list[object]:
    """Return the names in a list; a text is one name, commas or not."""
    return [value] if isinstance(value, str) else as_list(value)


def _named(value: object) -> list[object]:
    """Return the names in a list, or in a text with commas; empty for anything else."""
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return as_list(value)


def _is_name(_row: FloorRow, _ours: object, new: object) -> bool:
    """Whether a value can't be a path."""
    return _is_plain(new) and _NO_PATH.isdisjoint(str(new))


def _gains_flags(_row: FloorRow, ours: object, new: object) -> bool:
    """Whether arguments are as before, except for flags that forbid writing.

    Behind an option, a flag could be taken for the option's value, so there it counts as any change.
    """
    before, after = as_list(ours), as_list(new)
    if not before or len(after) <= len(before):
        return False
    left = list(before)
    for number, word in enumerate(after):
        if left and same(word, left[0]):
            del left[0]
        elif not _forbids_writing(after, number):
            return False
    return not left


def _forbids_writing(words: list[object], number: int) -> bool:
    """Whether an argument is a flag that forbids writing, and stands where nothing else can be meant by it."""
    word, before = words[number], list(map(str, words[:number]))
    if not isinstance(word, str) or word not in _FORBIDS_WRITING or not before:
        return False
    if before[-1].startswith("-"):
        return False
    # Between the values of an option, it would end the option's list.
    ends = all(str(other).startswith("-") for other in words[number + 1 : number + 2])
    return ends or not any(other.startswith("-") for other in before)


def _holds(more: list[object], less: list[object]) -> bool:
    return all(any(same(x, y) for y in more) for x in less)


_COMPARISONS: Mapping[Rule, Callable[[FloorRow, object, object], bool]] = {
    Rule.GROWS: _within,
    Rule.SHRINKS: _within,
    Rule.NARROWS: _narrows,
    Rule.FEWER: _lets_fewer_through,
    Rule.SOME: _takes_fewer,
    Rule.FLAGS: _gains_flags,
    Rule.NAME: _is_name,
    Rule.ORDER: _as_strict,
    Rule.RISES: _moves,
    Rule.FALLS: _moves,
}
"""Whether a new value protects as well as ours, by rule."""


def _items(row: FloorRow, value: object, *, thing_stays: bool) -> object:
    """Return a list of maps as the agent takes it: an emptied one, or one that a thing lost, as its own list."""
    if value is ABSENT and not thing_stays:
        return []
    return row.defaults[0] if _says_nothing(value) else value


def _asked_in_items(
    key: KeyPath, ours: object, new: list[object], known: Known
) -> EffectKind | None:
    """Return the kind of approval that new items in a list of maps need; None if they need none."""
    row = row_for(key)
    if ours is ABSENT:
        ours = row.defaults[0]
    before = as_list(ours)
    # Items have no names. A changed one counts as new in every part, as it can't be told from another item.
    fresh = [item for item in new if not any(same(item, old) for old in before)]
    for number, item in enumerate(fresh):
        if not isinstance(item, Mapping):
            return row.kind
        for rest, value in leaves(item):
            kind = _asks((*key, number, *rest), ABSENT, value, known)
            if kind is not None:
                return kind
    return None


def _is_plain(value: object) -> bool:
    """Whether a value is a scalar or a list of scalars, the only values that a harmless key may hold."""
    if isinstance(value, list):
        return not any(isinstance(part, list | Mapping) for part in value)
    return not isinstance(value, Mapping)


def _names_a_variable(value: object) -> bool:
    """Whether a value refers to an environment variable, whose content may be a key."""
    if isinstance(value, Mapping):
        return any(map(_names_a_variable, value.values()))
    if isinstance(value, list):
        return any(map(_names_a_variable, value))
    return isinstance(value, str) and "${" in value


def leaves(data: object, at: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield the leaves of nested maps; lists and empty maps are leaves."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from leaves(value, (*at, key))
    else:
        yield at, data
