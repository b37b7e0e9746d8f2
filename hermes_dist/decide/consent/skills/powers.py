"""Powers of skills: front matter that makes the agent hand over variables and files, or install tools.

The agent takes variables and credentials out of what its tools run, unless the settings name them, or a skill that is
loaded; and it puts the values of variables into the defaults of a skill's own settings, which it writes into its
prompts. Whatever it loads, it also installs the tools of its own catalogue that the skill names. A skill whose text
changes asks nothing; one that names more asks for what it did not name before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property

from hermes_dist import lazily
from hermes_dist.agents.withheld import WITHHELD
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.code import Side
from hermes_dist.decide.consent.contents import (
    FILES_HANDED,
    TOOLS_INSTALLED,
    TOOLS_LATER,
    VARIABLES_HANDED,
    VARIABLES_TOLD,
    data_in,
    digest_of,
)
from hermes_dist.decide.consent.floor.asks import Known
from hermes_dist.decide.consent.skills.names import front_of
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, get, load_data
from hermes_dist.model.documents.told import told
from hermes_dist.model.facts import fact_text
from hermes_dist.model.keypath import KeyPath, format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind

_NAMES_ALONE: KeyPath = ("prerequisites", "env_vars")
"""The place where the agent takes each key of a map for a name."""
_PLACES: Mapping[KeyPath, str] = {
    ("required_environment_variables",): VARIABLES_HANDED,
    ("setup", "collect_secrets"): VARIABLES_HANDED,
    _NAMES_ALONE: VARIABLES_HANDED,
    ("required_credential_files",): FILES_HANDED,
    ("deps",): TOOLS_INSTALLED,
    ("metadata", "hermes", "config"): VARIABLES_TOLD,
}
"""Where front matter names what is handed out or installed, and what that is."""
_WORDS = tuple(str(place[-1]) for place in _PLACES)
_DEFAULT = "default"
_NAMED_IN = lazily.pattern(r"\$(?:(\w+)|\{([^}]*)\})|%(\w+)%")
_NO_SECRETS = ("HOME", "USER", "LOGNAME", "PWD", "TMPDIR")
"""Variables that say where folders are, or how the names of such variables end."""
_FIELDS = ("name", "env_var", "path")
_VARIABLE = lazily.pattern(r"[A-Za-z_][A-Za-z0-9_]*")


def skill_effects(
    texts: Iterable[RelPath], before: Side, after: Side, known: Known
) -> Iterator[Effect]:
    """Yield an effect for each place where a skill names more than it did.

    Args:
        texts: The texts of skills that changed, or that the agent may read in another way than before.
        before: The home as found.
        after: The home after the merge.
        known: Gives the names of variables that the machine uses.
    """
    asked = _Asked(after, known)
    for path in texts:
        yield from _effects_of(path, before, after, asked)


class _Asked:
    """The variables that the package's manifest asks for and that have no value yet.

    Who sets one gives it to the package; one that has a value may have it for something else.
    """

    def __init__(self, after: Side, known: Known) -> None:
        self._after, self._known = after, known

    @cached_property
    def names(self) -> frozenset[str]:
        manifest = data_in(RelPath(MANIFEST), self._after.tree, self._after.read)
        return frozenset(_named(get(manifest, ("env_requires",)))) - self._known()


def _effects_of(path: RelPath, before: Side, after: Side, asked: _Asked) -> Iterator[Effect]:
    front = _front_at(path, after)
    old = _front_at(path, before) if before.is_skill(path) else None
    if front is None or (front == old and before.installs == after.installs):
        return
    try:
        named = _powers_in(front)
    except Invalid as err:
        facts = (("unreadable", told(err)),)
        yield Effect(EffectKind.LOOSENS, path, "", facts, digest_of([path, front]))
        return
    had = _had(old, installs=before.installs)
    for place, names in named.items():
        what = _what_at(place, installs=after.installs)
        new = names - had.get(what, frozenset())
        if what == VARIABLES_HANDED:
            new -= asked.names
        if new:
            yield _effect(path, place, what, sorted(new))


def _what_at(place: KeyPath, *, installs: bool) -> str:
    what = _PLACES[place]
    return TOOLS_LATER if what == TOOLS_INSTALLED and not installs else what


def _effect(path: RelPath, place: KeyPath, what: str, new: list[str]) -> Effect:
    # Bound to what is new, and not to the text: whatever else changes asks nothing.
    content = digest_of([path, what, new])
    return Effect(EffectKind.LOOSENS, path, format_key(place), ((what, fact_text(new)),), content)


def _front_at(path: RelPath, side: Side) -> str | None:
    entry = side.tree.get(path)
    return None if entry is None else front_of(side.read(entry.digest))


def _had(front: str | None, *, installs: bool) -> Mapping[str, frozenset[str]]:
    """What a skill named before, by what that is; nothing if that could not be read.

    Tools that the agent was not allowed to install are no tools that it installed.
    """
    had: dict[str, frozenset[str]] = {}
    if front is None:
        return had
    with suppress(Invalid):
        for place, names in _powers_in(front).items():
            had[_PLACES[place]] = had.get(_PLACES[place], frozenset()) | names
    had[TOOLS_LATER] = had.get(TOOLS_INSTALLED, frozenset())
    if not installs:
        had.pop(TOOLS_INSTALLED, None)
    return had


def _powers_in(front: str) -> Mapping[KeyPath, frozenset[str]]:
    """Return what front matter names, by place.

    Raises:
        Invalid: It can't be read, and it may name something.
    """
    # A key may be spelled with an escape.
    if "\\" not in front and not any(word in front for word in _WORDS):
        return {}
    data = load_data(front.encode(), Kind.YAML)
    return {place: found for place in _PLACES if (found := _asked_at(data, place))}


def _asked_at(data: object, place: KeyPath) -> frozenset[str]:
    value = get(data, place)
    if _PLACES[place] == VARIABLES_TOLD:
        return frozenset(_told(value))
    names = frozenset(_named(value))
    if place == _NAMES_ALONE and isinstance(value, Mapping):
        names |= {name for name in value if isinstance(name, str)}
    if _PLACES[place] != VARIABLES_HANDED:
        return names
    return frozenset(filter(_VARIABLE.fullmatch, names)) - WITHHELD


def _named(value: object) -> Iterator[str]:
    """Yield the names in a text, a list, or a map with a name; the keys of any other map."""
    if isinstance(value, str):
        yield from filter(None, [value.strip()])
    elif isinstance(value, list):
        for part in value:
            yield from _named(part)
    elif isinstance(value, Mapping):
        said = [value[field] for field in _FIELDS if isinstance(value.get(field), str)]
        yield from _named(said or [name for name in value if isinstance(name, str)])


def _told(config: object) -> Iterator[str]:
    """Yield the variables that the defaults of a skill's own settings name."""
    for setting in config if isinstance(config, list) else [config]:
        default = setting.get(_DEFAULT) if isinstance(setting, Mapping) else None
        for found in _NAMED_IN.finditer(default if isinstance(default, str) else ""):
            name = found[1] or found[2] or found[3] or ""
            if not name.endswith(_NO_SECRETS):
                yield name
