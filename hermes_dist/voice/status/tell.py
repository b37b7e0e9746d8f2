"""Tell how a profile differs from its package: in words for people, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hermes_dist.errors import counted
from hermes_dist.model.keypath import place_words
from hermes_dist.model.lock import Lock
from hermes_dist.ops.package.status import Status
from hermes_dist.voice.clean import clean, clean_value
from hermes_dist.voice.notes import sentences
from hermes_dist.voice.package_json import status_data
from hermes_dist.voice.status.standing import Row, Standing
from hermes_dist.voice.words import CONFLICT_WORDS, demand_words, job_words, untouched_words

if TYPE_CHECKING:
    from hermes_dist.ops.package.differences import KeyChange

_SIGNS = {"added": "+", "changed": "M", "deleted": "D", "mode": "x", "renamed": "R"}
_KEYS = 8


def standing_of(found: Status, longest: int) -> Standing:
    """Put the status of a profile into words.

    Args:
        found: The status.
        longest: How much of a value is shown.
    """
    lock = found.lock
    return Standing(
        profile=found.profile,
        label=_label(lock) if lock else "",
        rows=(*_edited(found, longest), *_open(found), *_links(found)),
        facts=tuple(_facts(found, lock)) if lock else (),
        untouched=_untouched(found, lock) if lock else "",
        notes=tuple(sentences(found.notes)),
        leads=_leads(found),
        in_conflict=bool(found.conflicts),
        clean=found.clean,
        data=status_data(found),
    )


def _label(lock: Lock) -> str:
    held = ", held" if lock.held else ""
    return f"{lock.name} {lock.pin.label}{held}"


def _untouched(found: Status, lock: Lock) -> str:
    same = found.clean and lock.whole and not (found.own or found.units)
    return untouched_words(lock) if same else ""


def _leads(found: Status) -> tuple[str, str]:
    if found.conflicts:
        return "next", f"resolve {found.profile} --list"
    return ("next", f"approve {found.profile}") if found.parked else ("", "")


def _facts(found: Status, lock: Lock) -> Iterator[tuple[str, str]]:
    if lock.demands is not None:
        # Without a choice, `info` and `show` say what counts; here it would be a line in every status.
        yield "Demands", demand_words(lock.demands, lock.signer)
    yield "Always yours", ", ".join(place_words(place) for place in sorted(lock.kept))
    yield "Included", ", ".join(lock.top.included)
    yield "Missing in .env", ", ".join(wanted.var.name for wanted in found.missing)


def _links(found: Status) -> Iterator[Row]:
    for path, target in found.links:
        yield Row("→", str(path), f"followed to {target}")


def _edited(found: Status, longest: int) -> Iterator[Row]:
    keys = dict(found.keys)
    for change in found.edited:
        name = f"{change.was} → {change.path}" if change.was else str(change.path)
        below = tuple(_key_lines(keys.get(change.path, ()), longest))
        how = f"{change.how} and changed" if change.moved_and_changed else change.how
        yield Row(_SIGNS[change.how], name, f"{how} by you", below)
    for path in found.own:
        yield Row("?", str(path), "your own")
    for unit in found.units:
        # The key of a server ends with its name; that of a job holds only its id.
        name = "" if unit.key.endswith(unit.name) else f"  {unit.name}"
        yield Row("?", f"{unit.key}{name}", "your own")


def _key_lines(keys: Sequence[KeyChange], longest: int) -> Iterator[str]:
    for key in keys[:_KEYS]:
        before, after = (clean_value(each, longest) or "(none)" for each in (key.before, key.after))
        yield f"       {clean(key.key) or 'all of it'}: {before} → {after}"
    if rest := keys[_KEYS:]:
        yield f"       … and {counted(len(rest), 'more key')}; diff lists them"


def _open(found: Status) -> Iterator[Row]:
    jobs = dict(found.jobs)
    for conflict in found.conflicts:
        place = f"{conflict.words}{job_words(jobs.get(conflict, ''))}"
        yield Row("!", place, f"conflict: {CONFLICT_WORDS[conflict.kind]}")
    if not found.parked:
        return
    from hermes_dist.ops.change.review import groups_of  # noqa: PLC0415 - start-up: mostly nothing waits

    for group in groups_of(found.parked):
        job = f"  {group.label}" if group.label else ""
        yield Row("…", f"{group.name}{job}", f"{group.kind}, needs your approval")
