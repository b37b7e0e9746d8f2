"""What a review card says of each server, job, hook, plugin or key, as lines; everything in full, nothing is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from hermes_dist.decide.consent.contents import INSTALLS
from hermes_dist.errors import counted
from hermes_dist.light import NamedTuple
from hermes_dist.model.keypath import format_key
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.ops.change.review import (
    Group,
    Origin,
    groups_of,
    hands_out,
    hidden_places,
    installs_tools,
    loads_of,
    tells_prompts,
    times_of,
)
from hermes_dist.voice.clean import WHOLE, clean, clean_line
from hermes_dist.voice.lines import Line, Piece, line
from hermes_dist.voice.words import EFFECT_VERBS

_BLANK = " " * 9


def _own(_group: Group) -> Origin:
    return Origin()


class Look(NamedTuple):
    """What a card shows beside the effects.

    Attributes:
        time: The current time, in the agent's time zone.
        by_id: Show the id of a job beside its name.
        origin: Tells which layers are behind something that could run.
    """

    time: datetime
    by_id: bool = False
    origin: Callable[[Group], Origin] = _own


def review_lines(
    effects: Iterable[Effect],
    parked: Iterable[Effect],
    look: Look,
    *,
    state: str = "allowed",
    most: int = WHOLE,
) -> Iterator[Line]:
    """Say everything that could run, one server, job or plugin at a time.

    What runs from now on is never shortened: whoever lets it run sees all of it.

    Args:
        effects: The effects to show.
        parked: Those of them that need approval.
        look: What is shown beside them.
        state: A word for the state of the others.
        most: How many things of one kind that stay off are shown, and how many settings of one thing.
    """
    waiting = frozenset(parked)
    groups = groups_of(effects)
    rest = _beyond(groups, waiting, most)
    for group in groups:
        if group in rest:
            if count := rest[group]:
                yield _more_line(EFFECT_VERBS[group.kind], count)
        elif waiting.issuperset(group.effects):
            yield from group_lines(group, look, most=most)
        else:
            mark = "" if waiting.intersection(group.effects) else f"  [{state}]"
            yield from group_lines(group, look, mark)


def is_shortened(effects: Iterable[Effect], most: int) -> bool:
    """Whether :func:`review_lines` leaves something out of what waits."""
    groups = groups_of(effects)
    waiting = frozenset(effect for group in groups for effect in group.effects)
    return bool(_beyond(groups, waiting, most)) or any(len(each.rows) > most for each in groups)


def _beyond(groups: Iterable[Group], waiting: frozenset[Effect], most: int) -> Mapping[Group, int]:
    """The waiting things beyond so many of a kind; the last of a kind has their number, the others none."""
    kinds: dict[EffectKind, list[Group]] = {}
    for group in groups:
        if waiting.issuperset(group.effects):
            kinds.setdefault(group.kind, []).append(group)
    rest = [each[most:] for each in kinds.values()]
    return {group: len(each) * (group is each[-1]) for each in rest for group in each}


def _more_line(verb: str, count: int) -> Line:
    return line(
        "  ", Piece(f"{verb:<10}", "accent", label=True), f"… and {count} more; -v shows them"
    )


def group_lines(group: Group, look: Look, mark: str = "", *, most: int = WHOLE) -> Iterator[Line]:
    """Say what one server, job, hook, plugin or key does; ``mark`` tells its state."""
    kind = Piece(f"{EFFECT_VERBS[group.kind]:<10}", "accent", label=True)
    if len(group.rows) > 1:
        blank = Piece(" " * 10, label=True)
        for key, value in group.rows[:most]:
            yield line("  ", kind, f"{_one_line(f'{key}: {value}')}{mark}")
            kind, mark = blank, ""
        if more := group.rows[most:]:
            yield line("  ", blank, f"… and {len(more)} more in {clean(group.name)}; -v shows them")
        yield from _meaning_lines(group)
        yield from _origin_lines(look.origin(group))
        return
    for said in group_words(group, by_id=look.by_id):
        yield line("  ", kind, f"{_one_line(said)}{mark}")
    for count, folder in loads_of(group):
        files = counted(count, "file")
        if folder:
            files += f" in {clean(folder)}/"
        yield line(f"  {_BLANK}   covers: {files} that it can load")
    for at in times_of(group, look.time):
        yield line(f"  {_BLANK}   next: {at}")
    yield from _meaning_lines(group)
    yield from _origin_lines(look.origin(group))


def _meaning_lines(group: Group) -> Iterator[Line]:
    """Say what something means whose name alone does not tell."""
    if hands_out(group):
        yield line(f"  {_BLANK}   code in the agent's sandbox can read these")
    if tells_prompts(group):
        yield line(
            f"  {_BLANK}   the agent writes their values into prompts, which go to the provider of the model"
        )
    if installs_tools(group):
        yield line(f"  {_BLANK}   the agent installs these when it loads the skill")
    if installs_tools(group, later=True):
        key = format_key(INSTALLS)
        yield line(f"  {_BLANK}   not now: the agent installs nothing by itself while {key} is off")


def _origin_lines(origin: Origin) -> Iterator[Line]:
    """Say which layers bring it, and which bring another version of what it can load."""
    if origin.layers:
        word = "layer" if len(origin.layers) == 1 else "layers"
        yield line(f"  {_BLANK}   from the {word} {_named(origin.layers)}")
    if origin.changed:
        yield line(f"  {_BLANK}   what it loads is changed by {_named(origin.changed)}")


def _named(layers: tuple[str, ...]) -> str:
    *others, last = layers
    return clean(f"{', '.join(others)} and {last}" if others else last)


def _one_line(text: str) -> str:
    return clean_line(text.replace("\n", " ⏎ "))


def group_words(group: Group, *, by_id: bool = False) -> list[str]:
    """Say what a server, job, hook, plugin or key does, not cleaned; with its id if that is asked for."""
    if group.kind is EffectKind.HIDES:
        return [f"{group.name} {place}" for place in hidden_places(group)]
    if not group.label:
        return [f"{group.name}: {group.line}"]
    named = f"{group.label}: {group.line}"
    if by_id:
        named = f"{group.name}: {named}"
    return [named]


def changed_lines(rows: Iterable[tuple[str, str, str]]) -> Iterator[Line]:
    """Say what was approved before at the places of a card, if that differs."""
    for place, before, after in rows:
        yield line(f"    was approved  {clean(place)}: {clean_line(before)} → {clean_line(after)}")


def revoked_line(group: Group, *, stays: bool) -> Line:
    """Say what loses its approval, and what happens to it.

    Args:
        group: The server, job, hook, plugin or key.
        stays: It stays in the home, switched off.
    """
    name = group.name
    if group.label:
        name = f"{group.label} ({name})"
    becomes = "leaves the home"
    if stays:
        becomes = "is switched off"
    said = f"{clean_line(name)}: {becomes}, and needs approval again"
    return line("  ", Piece(f"{'revokes':<10}", "accent", label=True), said)


def off_there_line(key: str) -> Line:
    """Say that a part is switched off in an archive; nobody knows whether its author or a user did that."""
    return line(f"  off       {clean(key)}: it is off in the archive, and stays off")


def off_line(key: str, command: str) -> Line:
    """Say that a part ships switched off, and the command that switches it on."""
    return line(
        f"  off       {clean(key)}: its author ships it off; to switch it on: {clean(command)}"
    )


def earlier_line(count: int, command: str) -> Line:
    """Say how many things needed approval before this change, and the command that approves them."""
    return line(f"  pending   {counted(count, 'item')} from before: {command}")
