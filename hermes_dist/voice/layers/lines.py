"""The lines of ``tree`` and ``why``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from hermes_dist.model.documents.api import ABSENT
from hermes_dist.model.documents.json_text import json_text
from hermes_dist.model.source import as_typed
from hermes_dist.voice.clean import clean, clean_value
from hermes_dist.voice.lines import Line, Piece, line

if TYPE_CHECKING:
    from hermes_dist.model.lock import Lock
    from hermes_dist.model.lock_package import LockedPackage
    from hermes_dist.ops.layers.whose import Says, Why

_LAYERS = {"base": "base", "pack": "pack"}


def tree_lines(lock: Lock) -> Iterator[Line]:
    """Draw the packages of a profile: each with those that it stands on below it.

    A package on which several stand is drawn once with what it stands on, and named again elsewhere.
    """
    by_name = {one.name: one for one in lock.packages}
    yield line(*_package(lock.top))
    yield from _below(lock.top, by_name, "", {lock.top.name})


def _below(
    package: LockedPackage, by_name: Mapping[str, LockedPackage], indent: str, drawn: set[str]
) -> Iterator[Line]:
    under = [by_name[name] for name in package.over if name in by_name]
    for number, one in enumerate(under):
        last = number == len(under) - 1
        again = one.name in drawn and bool(one.over)
        more = (" (see above)",) if again else ()
        yield line(f"{indent}{'└─ ' if last else '├─ '}", *_package(one), *more)
        if not again:
            drawn.add(one.name)
            yield from _below(one, by_name, f"{indent}{'   ' if last else '│  '}", drawn)


def _package(package: LockedPackage) -> tuple[str | Piece, ...]:
    facts = [package.pin.version, f"@ {package.pin.short}"]
    if package.layer:
        facts.append(f"({_LAYERS.get(package.layer, package.layer)})")
    if package.only:
        facts.append(f"only {', '.join(package.only)}")
    said = " ".join(clean(fact) for fact in facts if fact)
    return Piece(clean(package.name), "accent"), f" {said}  {clean(as_typed(package.source))}"


def why_lines(found: Why, most: int, approve: str) -> Iterator[Line]:
    """Say what is at a place, and what each package says about it, from the top down.

    Args:
        found: The place.
        most: The most characters of a value that are shown.
        approve: The command that shows what waits for approval.
    """
    yield line(Piece(clean(found.place), "accent"), f" = {_value(found, found.value, most)}")
    if found.own:
        yield line("  ", Piece("yours", "good"), ": it differs from what the packages say")
    for one in found.says:
        yield line("  ", *_says(found, one, most))
    if not found.says:
        yield line("  no package says anything about it")
    if found.joined:
        yield line("  they are joined key by key; to see one, name it")
    if found.waits:
        yield line(f"  waits for your approval: {approve}")


def _says(found: Why, one: Says, most: int) -> tuple[str | Piece, ...]:
    mark: str | Piece = Piece("counts", "good") if one.counts else "below"
    if found.joined:
        mark = "a part"
    elif found.own:
        mark = "shipped"
    purpose = ", on purpose" if one.on_purpose else ""
    label = f"{clean(one.package.name)} {clean(one.package.pin.version)}".strip()
    return f"{label}: {_value(found, one.value, most)}  (", mark, f"{purpose})"


def _value(found: Why, value: object, most: int) -> str:
    if value is ABSENT:
        return "(nothing)"
    if not found.key:
        return f"file {str(value)[:7]}"
    return clean_value(json_text(value), most)
