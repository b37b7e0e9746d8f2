"""Effects of ``config.yaml``: settings that need approval, and servers of the package that are switched off."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from msgspec import Struct

from hermes_dist.decide.consent.contents import digest_of, plain, value_facts
from hermes_dist.decide.consent.floor.asks import Known, asks, leaves, thing_of
from hermes_dist.decide.consent.switches import Judge, WhyOff, server_unit, servers_in
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import SERVERS, is_off
from hermes_dist.model.documents.api import ABSENT, get, same
from hermes_dist.model.keypath import KeyPath, Segment, format_key
from hermes_dist.model.plan import Effect, EffectKind

_SECTIONS: tuple[KeyPath, ...] = ((), ("gateway", "platforms"), ("platforms",))
"""Where the settings of a platform are; where one has a platform, the agent overlooks most of it in the later ones."""
_NEVER_HIDDEN = frozenset(["enabled", "extra"])
"""What it takes from each section."""


def setting_effects(
    ours: object, merged: object, shipped: object, judge: Judge, known: Known = frozenset
) -> Iterator[Effect]:
    """Yield effects for settings that need approval, and for servers of the package that are switched off.

    Args:
        ours: The data of the home's ``config.yaml`` as found.
        merged: The same data after the merge.
        shipped: The data of the package's config, as placed.
        judge: Says why a server is off.
        known: Gives the names of providers and variables that the machine uses.
    """
    idle = _idle_servers(merged, shipped, judge)
    for key, old, new in _differing(ours, merged, idle):
        stays = new is ABSENT and get(merged, thing_of(key)) is not ABSENT
        elsewhere = _is_set_elsewhere(key, ours)
        kind = _asks_by_its_section(key, ours, new) or asks(
            key, old, new, known, thing_stays=stays, set_elsewhere=elsewhere
        )
        if kind is not None:
            yield _setting_effect(kind, key, new, off=_server_of(key) in idle.waiting)


def _differing(
    ours: object, merged: object, idle: _Idle
) -> Iterator[tuple[KeyPath, object, object]]:
    """Yield the keys whose values differ, with both values; those of servers without effects are left out."""
    before, after = dict(leaves(ours or {})), dict(leaves(merged or {}))
    for key in {**after, **before}:
        server = _server_of(key)
        if server in idle.silent or _is_gone(server, merged):
            continue
        new = after.get(key, ABSENT)
        # A server that is off never ran, so every part of it needs approval, whichever update placed it.
        old = ABSENT if server in idle.waiting else before.get(key, ABSENT)
        if not same(old, new):
            yield key, old, new


def _is_gone(server: KeyPath, merged: object) -> bool:
    """Whether a server is removed entirely; then it does nothing any more."""
    return bool(server) and get(merged, server) is ABSENT


def _is_set_elsewhere(key: KeyPath, ours: object) -> bool:
    """Whether the home sets the same of a platform in another section, which counts where this one says nothing."""
    at = _platform_of(key) if ours else None
    if at is None:
        return False
    _, platform, rest = at
    setting = rest[rest[:1] == ("extra",) :]
    return any(
        get(part, setting) is not ABSENT and (*place, *setting) != key
        for section in _SECTIONS
        if (said := get(ours, (*section, platform))) is not ABSENT
        for place, part in _with_extra((*section, platform), said)
    )


def _with_extra(place: KeyPath, said: object) -> Iterator[tuple[KeyPath, object]]:
    """Yield where a section has the settings of a platform, and what it has there."""
    yield place, said
    yield (*place, "extra"), get(said, ("extra",))


def _asks_by_its_section(key: KeyPath, ours: object, new: object) -> EffectKind | None:
    """Ask for a platform's first key in a section that makes the agent overlook what the home says in another one."""
    if new is ABSENT or not ours:
        return None
    at = _platform_of(key)
    if at is None:
        return None
    section, platform, _ = at
    if isinstance(get(ours, (*section, platform)), dict):
        return None
    later = _SECTIONS[_SECTIONS.index(section) + 1 :]
    hidden = (get(ours, (*other, platform)) for other in later)
    hides = any(isinstance(part, dict) and part.keys() - _NEVER_HIDDEN for part in hidden)
    return EffectKind.LOOSENS if hides else None


def _platform_of(key: KeyPath) -> tuple[KeyPath, Segment, KeyPath] | None:
    """Split the key of a platform's setting into section, platform and the rest; None if it can't be one."""
    for section in reversed(_SECTIONS):
        end = len(section)
        if key[:end] == section and len(key) > end + 1:
            return section, key[end], key[end + 1 :]
    return None


def _server_of(key: KeyPath) -> KeyPath:
    """Return the key of the server that a key is part of; empty if it is part of none."""
    return key[:2] if len(key) > 1 and key[0] == SERVERS else ()


def _setting_effect(kind: EffectKind, key: KeyPath, new: object, *, off: bool) -> Effect:
    place = format_key(key)
    content = digest_of([place, plain(new)])
    return Effect(kind, CONFIG, place, value_facts(new), content, off=off)


class _Idle(Struct, frozen=True):
    """The keys of servers that are switched off.

    Attributes:
        waiting: Servers of the package that wait for approval.
        silent: Servers without effects: the user's own, unless an archive brought them, and those that their author
            ships switched off.
    """

    waiting: AbstractSet[KeyPath]
    silent: AbstractSet[KeyPath]


def _idle_servers(merged: object, shipped: object, judge: Judge) -> _Idle:
    """Sort the servers that are switched off; one that is guarded like a running one is in neither set."""
    theirs = servers_in(shipped)
    waiting: set[KeyPath] = set()
    silent: set[KeyPath] = set()
    for name, server in servers_in(merged).items():
        if not is_off(server):
            continue
        unit = server_unit(name)
        if name not in theirs and unit not in judge.memory.waited:
            silent.add(unit[1])
            continue
        if judge.guards(unit, {}, shipped=True):
            continue
        why = judge.server(name)
        if why is WhyOff.WAITS:
            waiting.add(unit[1])
        elif why is WhyOff.AUTHOR:
            silent.add(unit[1])
    return _Idle(waiting, silent)
