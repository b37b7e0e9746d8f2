"""Effects of ``config.yaml``: settings that need approval, and servers of the package that are switched off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hermes_dist.decide.consent.contents import digest_of, value_facts
from hermes_dist.decide.consent.floor import Known, asks, leaves
from hermes_dist.decide.consent.switches import Judge, Standing, server_unit
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import SERVERS, is_off
from hermes_dist.model.documents.api import ABSENT, get
from hermes_dist.model.keypath import format_key
from hermes_dist.model.plan import Effect


def setting_effects(
    ours: object, merged: object, shipped: object, judge: Judge, known: Known = frozenset
) -> Iterator[Effect]:
    """Yield effects for settings that need approval, and for servers of the package that are switched off.

    Args:
        ours: The data of the home's ``config.yaml`` as found.
        merged: The same data after the merge.
        shipped: The data of the package's config, as placed.
        judge: Says why a server is off.
        known: Gives the names of providers that the machine uses.
    """
    before, after = dict(leaves(ours or {})), dict(leaves(merged or {}))
    idle = _idle_servers(merged, shipped, judge)
    for key in {**after, **before}:
        if len(key) > 1 and key[0] == SERVERS and get(merged, key[:2]) is ABSENT:
            continue  # a server that is removed entirely does nothing any more
        standing = idle.get(key[1]) if key[0:1] == (SERVERS,) and len(key) > 1 else None
        if standing is _NOT_OURS or standing is Standing.AUTHOR:
            continue
        waits = standing is Standing.WAITS
        old, new = ABSENT if waits else before.get(key, ABSENT), after.get(key, ABSENT)
        kind = asks(key, old, new, known)
        if kind is not None:
            place = format_key(key)
            content = digest_of([place, None if new is ABSENT else new])
            yield Effect(kind, CONFIG, place, value_facts(new), content, off=waits)


_NOT_OURS = "a server that stands switched off, and is none of the package's"


def _idle_servers(merged: object, shipped: object, judge: Judge) -> Mapping[object, Standing | str]:
    """Return the servers that are switched off, and why; an approved one is guarded like a running one."""
    here, theirs = get(merged, (SERVERS,)), get(shipped, (SERVERS,))
    names = (
        [name for name, server in here.items() if is_off(server)]
        if isinstance(here, Mapping)
        else []
    )
    known = theirs if isinstance(theirs, Mapping) else {}
    return {name: _standing(name, judge) if name in known else _NOT_OURS for name in names}


def _standing(name: object, judge: Judge) -> Standing:
    guarded = judge.guards(server_unit(name), {}, shipped=True)
    return Standing.USER if guarded else judge.server(name)
