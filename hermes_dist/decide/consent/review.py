"""Effects as people review them: one line for each server, job, hook or plugin, with the exact command.

The lock keeps one effect for each key; here they are grouped for the review card and for ``approve``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.decide.consent.contents import (
    CODE_OF,
    FILES_HANDED,
    TOOLS_INSTALLED,
    TOOLS_LATER,
    VARIABLES_HANDED,
    VARIABLES_TOLD,
    parsed_key,
)
from hermes_dist.decide.consent.floor.asks import row_for
from hermes_dist.decide.consent.floor.rows import Rule
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import SERVERS
from hermes_dist.errors import Invalid, counted
from hermes_dist.lazily import later, shlex
from hermes_dist.light import read_json
from hermes_dist.model.facts import LOADS, Facts, fact_value, facts_line
from hermes_dist.model.keypath import Item, KeyPath, format_key, step_name
from hermes_dist.model.lock_package import Approval
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind

with later():
    from hermes_dist.decide.placement.timing import schedule_words

_UNITS = frozenset(["mcp_servers", "quick_commands", "jobs"])
"""Maps and lists whose entries are reviewed as a whole."""
_PARTS = frozenset(["platforms", "quick_commands"])
"""Sections of settings that are reviewed entry by entry, at the top level or below ``gateway``."""
_ABOUT_PROVIDERS = frozenset([Rule.PROVIDER, Rule.MODEL, Rule.ABOUT_PROVIDER])
_MODELS = frozenset(
    [
        "custom_providers",
        "fallback_model",
        "fallback_providers",
        "model",
        "model_aliases",
        "provider_routing",
        "providers",
    ]
)
"""Sections of settings that together decide where prompts are sent: one approval, wherever a provider is named."""
_SERVICES = frozenset(["cloud_provider", "use_gateway"])
"""Last steps of keys that mean the same for one kind of tool."""
_VARIABLE = lazily.pattern(r"\$\{(\w+)\}")
_HANDED = frozenset([VARIABLES_HANDED, FILES_HANDED])
_INSTALLED = frozenset([TOOLS_INSTALLED, TOOLS_LATER])
_OF_SKILLS: Mapping[str, str] = {
    **dict.fromkeys(_HANDED, "secrets for the sandbox"),
    VARIABLES_TOLD: "secrets for prompts",
    **dict.fromkeys(_INSTALLED, "tools for skills"),
}
"""What is asked of all skills at once, by facts: a package may have hundreds that each name a variable or a tool."""


class Group(Struct, frozen=True):
    """Effects that need a single approval.

    Attributes:
        kind: What it does: the most serious kind among its parts.
        name: Its name: ``mcp_servers.zotero``, ``hooks/greeter``, ``approvals.mode``.
        line: Its exact content: the command line, the schedule, the value.
        label: The author's name for it, if that is different.
        effects: Its parts.
        rows: All keys and values of a section of settings; empty if the line says everything.
    """

    kind: EffectKind
    name: str
    line: str
    label: str
    effects: tuple[Effect, ...]
    rows: tuple[tuple[str, str], ...] = ()


def grouped(effects: Iterable[Effect]) -> tuple[Group, ...]:
    """Group effects by what they belong to, in the order in which the groups first appear."""
    return _grouped(tuple(effects))


@lru_cache(maxsize=8)
def _grouped(each: tuple[Effect, ...]) -> tuple[Group, ...]:
    # A preview, its count and the summary after it group the same effects.
    groups: dict[tuple[str, str], list[Effect]] = {}
    places = groups_at((effect.path, effect.key, effect.facts) for effect in each)
    for effect, place in zip(each, places, strict=True):
        groups.setdefault(place, []).append(effect)
    return tuple(_group(name or path, tuple(parts)) for (path, name), parts in groups.items())


def groups_at(effects: Iterable[tuple[str, str, Facts]]) -> tuple[tuple[str, str], ...]:
    """Return which group each effect belongs to, as :func:`group_of` says it.

    Args:
        effects: Each as its path, key and facts. A change of a file that approved things load is one group for all
            of them, so the answer depends on the other effects.
    """
    each = tuple(effects)
    owners: dict[str, list[str]] = {}
    for path, _, facts in each:
        if owner := _loaded_by(facts):
            owners.setdefault(path, []).append(owner)
    # One change of a shared file is one question, however many things load it; the group names them all.
    return tuple(
        ("", f"code of {', '.join(owners[path])}")
        if _loaded_by(facts)
        else _own_group(path, key, facts)
        for path, key, facts in each
    )


def _own_group(path: str, key: str, facts: Facts) -> tuple[str, str]:
    asked = _asked_of_skills(facts)
    return ("", asked) if asked else group_of(path, key)


def _asked_of_skills(facts: Facts) -> str:
    """The group of what a skill makes the agent hand out or install; empty if the facts tell of no such thing."""
    return next((_OF_SKILLS[name] for name, _ in facts if name in _OF_SKILLS), "")


def _loaded_by(facts: Facts) -> str:
    """What loads a covered file, as people know it; empty if the facts tell of no such file."""
    return next((value for name, value in facts if name == CODE_OF), "")


@lru_cache(maxsize=4096)
def group_of(path: str, key: str) -> tuple[str, str]:
    """Return what an effect is reviewed with: a file, and the key of a server, job or section of settings in it."""
    return path, format_key(_unit(RelPath(path), parsed_key(key)))


def unit_of(path: str, key: str) -> tuple[str, str]:
    """Return what an effect belongs to, as a file's path and the key of a server, job or setting in it."""
    return path, format_key(_unit(RelPath(path), parsed_key(key)))


def choose_effects(effects: Iterable[Effect], word: str) -> tuple[Effect, ...]:
    """Choose effects by a word that the user typed.

    The word may be an effect's id, place, path or key, the beginning of a path or key up to one of its steps, the
    name of a group (``mcp_servers.zotero``), or just that of one server, job, hook or plugin (``zotero``).

    Raises:
        Invalid: The bare name fits several things.
    """
    if not word:
        return ()
    every = tuple(effects)
    groups = grouped(every)
    whole = tuple(e for group in groups if group.name == word for e in group.effects)
    if whole:
        return whole
    exact = tuple(e for e in every if _is_called(e, word) or _begins(e, word))
    if exact:
        return exact
    return _by_bare_name(groups, word)


def _is_called(effect: Effect, word: str) -> bool:
    return word in (effect.id, effect.place, effect.key, str(effect.path))


def _by_bare_name(groups: Iterable[Group], word: str) -> tuple[Effect, ...]:
    found = [group for group in groups if word in _bare_names(group)]
    if len(found) > 1:
        names = ", ".join(group.name for group in found)
        raise Invalid(
            f"{word!r} is the name of several things: {names}", hint="name one of them in full"
        )
    return found[0].effects if found else ()


def _begins(effect: Effect, word: str) -> bool:
    places = (effect.place, effect.key, str(effect.path))
    return any(p.startswith(word) and p[len(word) : len(word) + 1] in tuple(".[/:") for p in places)


def _bare_names(group: Group) -> set[str]:
    """Return the bare name of a server, job, hook or plugin."""
    first = group.effects[0]
    key = parsed_key(first.key)
    names: set[str] = set()
    if _loaded_by(first.facts):
        names = {group.name, *(_loaded_by(effect.facts) for effect in group.effects)}
    elif not key and "/" in first.path:
        names = {first.path.name}
    if len(key) > 1 and key[0] in _UNITS:
        names.add(step_name(key[1]))
    if first.kind is EffectKind.SCHEDULES:
        names.add(label_in(first))
    return names - {""}


def _unit(path: RelPath, key: KeyPath) -> KeyPath:
    """Return the key of the unit that an effect is part of."""
    if path == CONFIG and key and _is_about_models(key):
        return ("model",)
    if not key or isinstance(key[0], Item):
        return key
    depth = 1
    if key[0] == "gateway" and key[1:2] and key[1] in _PARTS:
        depth = 2
    # A map of units is reviewed entry by entry, so its unit is one step further down.
    if key[depth - 1] in _UNITS | _PARTS:
        depth += 1
    return key[:depth]


def _is_about_models(key: KeyPath) -> bool:
    return key[0] in _MODELS or key[-1] in _SERVICES or row_for(key).rule in _ABOUT_PROVIDERS


def _group(name: str, parts: tuple[Effect, ...]) -> Group:
    kind = min((part.kind for part in parts), key=list(EffectKind).index)
    key = parsed_key(parts[0].key)
    if _asked_of_skills(parts[0].facts):
        return _of_skills(kind, name, parts)
    if len(parts) == 1 and kind is EffectKind.LOOSENS and key:
        return Group(kind, format_key(key), _words_of(parts[0]), "", parts)
    if _are_settings(parts):
        rows = tuple((e.key, _words_of(e)) for e in parts)
        return Group(kind, name, "; ".join(_change_in(name, *row) for row in rows), "", parts, rows)
    return Group(kind, name, _line(kind, parts), label_in(parts[0]), parts)


def _of_skills(kind: EffectKind, name: str, parts: tuple[Effect, ...]) -> Group:
    rows = tuple((part.path.removesuffix("/SKILL.md"), _words_of(part)) for part in parts)
    return Group(kind, name, "; ".join(": ".join(row) for row in rows), "", parts, rows)


def _are_settings(parts: tuple[Effect, ...]) -> bool:
    """Whether a group is a section of settings: anything in ``config.yaml`` except a server or a command."""
    key = parsed_key(parts[0].key)
    return parts[0].path == CONFIG and bool(key) and key[0] != SERVERS


def _change_in(name: str, key: str, words: str) -> str:
    """Format one change in a section; the section's name is dropped if the key begins with it."""
    return words if key == name else f"{key.removeprefix(f'{name}.')}: {words}"


def _line(kind: EffectKind, parts: tuple[Effect, ...]) -> str:
    key = parsed_key(parts[0].key)
    if kind is EffectKind.SCHEDULES and key:
        return "; ".join(_job_line(part) for part in parts)
    if key and key[0] == SERVERS and len(key) > 2:
        return _server({format_key(parsed_key(p.key)[2:]): p.what for p in parts})
    return "; ".join(dict.fromkeys(map(_part_line, parts)))


def _part_line(effect: Effect) -> str:
    """Format one part of a unit: its content, after its key inside the unit."""
    key = parsed_key(effect.key)
    rest = key[len(_unit(effect.path, key)) :]
    words = _words_of(effect)
    return f"{format_key(rest)}: {words}" if rest else words


def _words_of(effect: Effect) -> str:
    facts = dict(effect.facts)
    if "files" in facts:
        files = counted(int(facts["files"]), "file")
        return f"{facts.get('change', 'new')} {facts.get('kind', 'folder')} {effect.path.name} ({files})"
    if "unreadable" in facts:
        return f"can't be checked: {facts['unreadable']}"
    if _asked_of_skills(effect.facts):
        return ", ".join(name for value in facts.values() for name in _names_in(value))
    if CODE_OF in facts:
        return f"{effect.path} {facts['before']} → {facts['after']}"
    return effect.what


def _names_in(value: str) -> list[str]:
    names = fact_value(value)
    return [*map(str, names)] if isinstance(names, list) else [value]


def hands_out(group: Group) -> bool:
    """Whether a group hands the user's variables or files to code in the agent's sandbox."""
    return any(name in _HANDED for name, _ in group.effects[0].facts)


def tells_prompts(group: Group) -> bool:
    """Whether a group makes the agent write values of variables into its prompts."""
    return any(name == VARIABLES_TOLD for name, _ in group.effects[0].facts)


def installs_tools(group: Group, *, later: bool = False) -> bool:
    """Whether a group makes the agent install tools for skills; or ``later``, once the settings allow that."""
    what = TOOLS_LATER if later else TOOLS_INSTALLED
    return any(name == what for effect in group.effects for name, _ in effect.facts)


def label_in(effect: Effect) -> str:
    """Return the author's name for a job; empty for anything else."""
    return next((value for name, value in effect.facts if name == "name"), "")


def titled(group: Group) -> str:
    """Return the name of a group, and what its author calls it where the name is an id."""
    if group.label and group.label not in group.name:
        return f"{group.name} ({group.label})"
    return group.name


def schedules_in(group: Group) -> tuple[object, ...]:
    """Return the schedules of the jobs in a group, in the agent's spelling."""
    facts = (
        fact
        for effect in group.effects
        if effect.kind is EffectKind.SCHEDULES
        for fact in effect.facts
    )
    return tuple(fact_value(value) for name, value in facts if name == "schedule")


def loads_of(group: Group) -> tuple[tuple[int, str], ...]:
    """Return how many files of the package the parts of a group can load, and the folder that contains them."""
    found: dict[tuple[int, str], None] = {}
    for effect in group.effects:
        for name, value in effect.facts:
            loads = fact_value(value) if name == LOADS else None
            if isinstance(loads, list) and len(loads) == 2:
                found[int(loads[0]), str(loads[1] or "")] = None
    return tuple(found)


def approved_facts(approved: Iterable[Approval], effect: Effect) -> Facts:
    """Return the facts last approved at an effect's place; empty if there are none, or if a file speaks for itself."""
    at = [a for a in approved if (a.path, a.key) == (effect.path, effect.key)]
    # What a skill asks for comes on top of what it was given before.
    alone = _loaded_by(effect.facts) or _asked_of_skills(effect.facts)
    if not at or at[-1].digest == effect.digest or alone:
        return ()
    return at[-1].facts


def changed_facts(before: Facts, after: Facts) -> tuple[tuple[str, str, str], ...]:
    """Return the facts that differ: the name, the approved value, and the value now."""
    if not before:
        return ()
    old, new = dict(before), dict(after)
    return tuple(
        (name, old.get(name, "(none)"), new.get(name, "(none)"))
        for name in dict.fromkeys((*new, *old))
        if old.get(name) != new.get(name)
    )


def _job_line(effect: Effect) -> str:
    return facts_line(
        (name, _job_value(name, value))
        for name, value in effect.facts
        if name not in ("name", LOADS)
    )


def _job_value(name: str, value: str) -> str:
    return schedule_words(fact_value(value)) if name == "schedule" else value


def _server(values: Mapping[str, str]) -> str:
    """Format a server's command line with its environment, or its URL; if only parts changed, those."""
    left = dict(values)
    line, url = _command_line(left), left.pop("url", "")
    if line and url:
        url = f"url {url}"
    parts = [line, url, _variables("env", left), _variables("headers", left)]
    parts += [f"{key} {value}" for key, value in sorted(left.items())]
    return ", ".join(filter(None, parts))


def _command_line(left: dict[str, str]) -> str:
    """Format the command, and take what it says out of the fields that are left to show."""
    command = left.pop("command", "")
    if not command:
        return ""
    words = _words(left.get("args", ""))
    if words is None:
        # Arguments that are not a list can't be joined to the command. They stay: nothing may go unseen.
        return shlex.quote(command)
    left.pop("args", None)
    return shlex.join([command, *words])


def _variables(kind: str, left: dict[str, str]) -> str:
    """Format the environment or the headers, and take them out of the fields that are left to show."""
    inside = [key for key in sorted(left) if key.startswith(f"{kind}.")]
    if not inside:
        return ""
    pairs = [_pair(key.partition(".")[2], left.pop(key)) for key in inside]
    return f"{kind} {' '.join(pairs)}"


def _words(text: str) -> list[str] | None:
    """Return the arguments of a command; None if they are not a list."""
    if not text:
        return []
    try:
        found = read_json(text)
    except ValueError:
        return None
    if not isinstance(found, list):
        return None
    return [word if isinstance(word, str) else json.dumps(word) for word in found]


def _pair(name: str, value: str) -> str:
    """Return ``NAME`` if the value is the variable of that name, else ``NAME=value``."""
    found = _VARIABLE.fullmatch(value)
    return name if found and found[1] == name else f"{name}={shlex.quote(value)}"
