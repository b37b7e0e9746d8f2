"""Effects of ``config.yaml``: settings that need a yes, and the servers of the package that stand switched off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hermes_dist.decide.consent.contents import digest_of, value_facts
from hermes_dist.decide.consent.floor import leaves, loosens, row_for
from hermes_dist.decide.placement import CONFIG
from hermes_dist.decide.placing_mcp import SERVERS, is_off
from hermes_dist.model.documents import ABSENT, get
from hermes_dist.model.keypath import format_key
from hermes_dist.model.plan import Effect


def setting_effects(ours: object, merged: object, shipped: object) -> Iterator[Effect]:
    """Yield what needs a yes in the settings, and the servers of the package that stand switched off."""
    before, after = dict(leaves(ours or {})), dict(leaves(merged or {}))
    theirs = get(shipped, (SERVERS,))
    for key in before.keys() | after.keys():
        row = row_for(key, after.get(key, ABSENT))
        idle = key[0:1] == (SERVERS,) and len(key) > 1 and is_off(get(merged, key[:2]))
        if row is None or (idle and not (isinstance(theirs, Mapping) and key[1] in theirs)):
            continue
        old, new = ABSENT if idle else before.get(key, ABSENT), after.get(key, ABSENT)
        says_nothing = row.default is ABSENT and old is ABSENT and new in (ABSENT, None, "", [], {})
        if not says_nothing and loosens(row, old, new):
            place = format_key(key)
            content = digest_of([place, None if new is ABSENT else new])
            yield Effect(row.kind, CONFIG, place, value_facts(new), content, off=idle)
