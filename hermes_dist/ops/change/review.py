"""The parts of a proposal worth reading: effects by unit, and the keys that upstream changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from hermes_dist.agents.places import TIMEZONE, TIMEZONE_VARIABLE
from hermes_dist.brand import MANIFEST
from hermes_dist.decide.consent.review import (
    Group,
    approved_facts,
    changed_facts,
    grouped,
    hands_out,
    installs_tools,
    loads_of,
    schedules_in,
    tells_prompts,
)
from hermes_dist.decide.consent.switches import is_unit, unit_of
from hermes_dist.decide.environment.wanted import offers_default
from hermes_dist.decide.parts import part_of
from hermes_dist.decide.policies import side_of
from hermes_dist.lazily import later
from hermes_dist.light import StrEnum
from hermes_dist.model.documents.api import get
from hermes_dist.model.keypath import join_place, named_places
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import EnvVar
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import together
from hermes_dist.ops.change.providers import settings_in
from hermes_dist.ops.change.variables import variables_in
from hermes_dist.ops.context import Context

if TYPE_CHECKING:
    from hermes_dist.decide.changes import KeyChange
    from hermes_dist.model.tree import Entry
    from hermes_dist.ops.change.mask import Mask
    from hermes_dist.ops.change.proposal import Proposal

with later():
    from hermes_dist.decide.layers.origins import Origin, Origins
    from hermes_dist.decide.placement.timing import next_times
    from hermes_dist.ops.own_source import is_own

__all__ = [
    "Choice",
    "Group",
    "KeyRow",
    "Origin",
    "agent_time",
    "before_after",
    "changed_keys",
    "choice_at",
    "default_of",
    "groups_of",
    "hands_out",
    "hidden_places",
    "installs_tools",
    "loads_of",
    "origin_in",
    "parts_of",
    "revoked_in",
    "tells_prompts",
    "times_of",
]


class Choice(StrEnum):
    """Who settled a place that both sides changed."""

    USER = "user"
    EDIT = "edit"
    AUTHOR = "author"
    KEPT = "kept"


def _is_kept(proposal: Proposal, place: str) -> bool:
    kept = proposal.home.lock.kept if proposal.home.lock else ()
    return any(named_places(each, [place]).places for each in kept)


def choice_at(proposal: Proposal, path: RelPath, key: str) -> Choice | None:
    """Return who settled a place; None if nobody had to, or nobody did."""
    choices = proposal.choices
    if path in choices.edits:
        return Choice.EDIT
    place = join_place(path, key)
    if choices.sides.get(place) or choices.sides.get(str(path)) or choices.default:
        return Choice.USER
    if _is_kept(proposal, place):
        return Choice.KEPT
    if proposal.manifest and side_of(proposal.manifest.merge, path, key):
        return Choice.AUTHOR
    return None


class KeyRow(Struct, frozen=True):
    """A key of a document that upstream changed.

    Attributes:
        before: The value as received; empty for none.
        after: The value that upstream has now.
        yours: The home's own value, if it differs from both.
        result: The value that the home will have, if ``yours`` differs from both.
        choice: Who settled it, if both sides changed it.
    """

    path: str
    key: str
    before: str
    after: str
    yours: str = ""
    result: str = ""
    choice: Choice | None = None


def groups_of(effects: Iterable[Effect]) -> tuple[Group, ...]:
    """Group effects by server, job, hook, plugin or key."""
    return grouped(effects)


def origin_in(proposal: Proposal) -> Callable[[Group], Origin]:
    """Make a function that tells which layers are behind something that could run."""
    changed = [step.path for step in proposal.plan.steps]
    return Origins(proposal.offer.brought, proposal.read, changed).of


def revoked_in(proposal: Proposal) -> tuple[tuple[Group, bool], ...]:
    """The things that lose their approval, and whether each is switched off in place; others leave the home."""
    places = set(proposal.choices.revoked)
    if not places or proposal.home.lock is None:
        return ()
    waiting = proposal.home.lock.parked
    groups = groups_of(effect for effect in waiting if (effect.path, effect.key) in places)
    return tuple((each, _has_switch(each)) for each in groups)


def _has_switch(group: Group) -> bool:
    return all(is_unit(unit_of(effect.path, effect.key)) for effect in group.effects)


def times_of(group: Group, now: datetime) -> tuple[str, ...]:
    """The next times at which the schedules in a group run.

    Args:
        group: The group.
        now: The current time, in the agent's time zone.
    """
    times: list[str] = []
    for schedule in schedules_in(group):
        times += [f"{at:%a %Y-%m-%d %H:%M %Z}".strip() for at in next_times(schedule, now)]
    return tuple(times)


def agent_time(ctx: Context, home: Path) -> datetime:
    """The current time in the agent's time zone for a home: from its variable, its setting, or the machine."""
    name = _zone_name(ctx, home)
    return ctx.now().astimezone(_zone(name) if name else None)


def _zone(name: str) -> tzinfo | None:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - start-up

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # the agent uses the machine's time then


def _zone_name(ctx: Context, home: Path) -> str:
    said = variables_in(home).get(TIMEZONE_VARIABLE) or ctx.env.get(TIMEZONE_VARIABLE, "")
    if said.strip():
        return said.strip()
    value = get(settings_in(home), (TIMEZONE,))
    return value.strip() if isinstance(value, str) else ""


def before_after(lock: Lock | None, effects: Iterable[Effect]) -> tuple[tuple[str, str, str], ...]:
    """What was last approved at a place and what would be there now, for each fact that differs."""
    rows: list[tuple[str, str, str]] = []
    for effect in effects if lock else ():
        facts = approved_facts(lock.approved if lock else (), effect)
        rows += [
            (f"{effect.place} {fact}".strip(), old, new)
            for fact, old, new in changed_facts(facts, effect.facts)
        ]
    return tuple(rows)


def hidden_places(group: Group) -> tuple[str, ...]:
    """The lines of a file with hidden characters, each with those characters."""
    return tuple(place for effect in group.effects for _, place in effect.facts)


def parts_of(paths: Iterable[RelPath]) -> Mapping[str, int]:
    """Count paths by the part of a package they belong to."""
    return dict(sorted(Counter(part_of(path) for path in paths).items()))


def changed_keys(ctx: Context, proposal: Proposal) -> tuple[KeyRow, ...]:
    """List the keys that upstream changed in documents; effects are left out, as the card shows them.

    Secrets are hidden in the values.
    """
    if proposal.home.lock is None:
        return ()
    from hermes_dist.ops.change.mask import Mask  # noqa: PLC0415 - an install has nothing to compare

    mask = Mask.of(ctx, proposal.home.path)
    rows: list[KeyRow] = []
    for path in sorted(_touched(proposal)):
        # The list of a user's own layers is told as layers: in its manifest nothing else is said.
        if path != MANIFEST or not (is_own(proposal.source) or is_own(proposal.home.lock.source)):
            rows += _changed_at(proposal, mask, path)
    return tuple(rows)


def _changed_at(proposal: Proposal, mask: Mask, path: RelPath) -> Iterator[KeyRow]:
    """The keys that upstream changed in one document that everybody has."""
    old, new = proposal.home.base.get(path), proposal.tree.get(path)
    mine = proposal.ours.get(path)
    if old is None or new is None or mine is None or old == new:
        return
    own = {key.key: key.after for key in _keys(proposal, mask, path, old, mine)}
    then = {key.key: key.after for key in _keys(proposal, mask, path, old, _after(proposal, path))}
    for key in _keys(proposal, mask, path, old, new):
        result = then.get(key.key, key.before)
        if _is_said(key, own.get(key.key), result) and not _is_effect(proposal, path, key.key):
            choice = choice_at(proposal, path, key.key)
            yours = own.get(key.key, "")
            yield KeyRow(path, key.key, key.before, key.after, yours, result, choice)


def _is_said(key: KeyChange, yours: str | None, result: str) -> bool:
    """Whether a key changes here, or both sides changed it.

    What the home has already is no news; and what stays as it is waits for approval, or does not arrive at all.
    """
    if yours is None:
        return result != key.before
    return yours != key.after


def _after(proposal: Proposal, path: RelPath) -> Entry | None:
    """What stands at a path after the plan."""
    return proposal.plan.after(proposal.ours).get(path)


def _touched(proposal: Proposal) -> set[RelPath]:
    """The paths that the plan writes, or leaves in conflict."""
    steps = {step.path for step in proposal.plan.steps}
    return steps | {conflict.path for conflict in proposal.plan.conflicts}


def _keys(
    proposal: Proposal, mask: Mask, path: RelPath, before: Entry, after: Entry | None
) -> list[KeyChange]:
    """The keys that differ between two versions of a document, with secrets hidden."""
    from hermes_dist.decide.changes import Change, How, key_changes  # noqa: PLC0415 - an install has nothing to compare

    read = together(proposal.plan.blobs, proposal.read)
    change = Change(path, How.CHANGED, before, after)
    return [mask.key(key) for key in key_changes(change, read)]


def _is_effect(proposal: Proposal, path: RelPath, key: str) -> bool:
    effects = proposal.plan.effects
    return any(effect.path == path and _within(key, effect.key) for effect in effects)


def _within(key: str, effect: str) -> bool:
    return key == effect or key.startswith((f"{effect}.", f"{effect}["))


def default_of(var: EnvVar) -> str:
    """The default that may be suggested for a variable; empty for none."""
    if not offers_default(var):
        return ""
    return var.default or ""
