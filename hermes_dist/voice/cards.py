"""What the preview of a change says, as lines of text with their colours; a screen or a page paints them.

Text from outside is cleaned here, so that no field can forge a line of ours, whoever paints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.errors import counted
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.plan import Conflict, Step
from hermes_dist.model.source import HEADS, TAGS, Pin
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.review import KeyRow, parts_of
from hermes_dist.voice.clean import clean
from hermes_dist.voice.left_out import why_words
from hermes_dist.voice.lines import Line, Piece, Style, line
from hermes_dist.voice.notes import sentence
from hermes_dist.voice.words import size_of

SHOWN = 12
"""How many rows of one kind are shown without ``-v``."""

_NONE = "(none)"
SIGN_STYLES: Mapping[str, Style] = {"+": "good", "-": "error", "~": "warning"}
"""How the sign of a file is painted: added, deleted, changed."""


def head_lines(proposal: Proposal, *, details: bool) -> Iterator[Line]:
    """Say what is installed or changed, from where, and who signed it."""
    manifest, pin = proposal.manifest, proposal.pin
    if manifest is None or pin is None:
        return
    yield line(Piece(_title(proposal, manifest.label), bold=True))
    if manifest.description and details:
        yield line(f"  {clean(manifest.description)}")
    yield line(f"  from   {clean(proposal.source)}, {_pin_words(pin)}{_before(proposal.before)}")
    if proposal.trust:
        yield line(f"  trust  {clean(sentence(proposal.trust), 300)}")
    if details:
        yield from _maker_lines((manifest.author, manifest.license))
        yield line(f"  into   {clean(proposal.home.path)}")


def _title(proposal: Proposal, label: str) -> str:
    name = proposal.home.name
    if proposal.new:
        return f"Install {clean(label)} as {name}"
    return f"{proposal.verb.capitalize()} {clean(label)} in {name}"


def _maker_lines(by: Iterable[str]) -> Iterator[Line]:
    told = [clean(text, 80) for text in by if text]
    if told:
        yield line(f"  by     {' · '.join(told)}")


def _pin_words(pin: Pin) -> str:
    if not pin.commit:
        return f"as it is, tree {pin.short}"
    ref = pin.ref.removeprefix(HEADS).removeprefix(TAGS) or "folder"
    return f"{clean(ref)} @ {pin.short}"


def _before(before: Pin | None) -> str:
    if before is None:
        return ""
    was = f"@ {before.short}"
    if before.version:
        was = f"{clean(before.version)} {was}"
    return f" (from {was})"


def part_line(proposal: Proposal) -> Line:
    """Say which parts a package has, how many files and how large."""
    parts = _named(sorted(proposal.parts.items())) or "nothing"
    files = counted(len(proposal.tree), "file")
    return line(f"  parts  {parts} ({files}, {size_of(proposal.size)})")


def _named(parts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{part} {count}".removesuffix(" 1") for part, count in parts)


def step_lines(steps: Sequence[Step], most: int) -> Iterator[Line]:
    """List the files that change; at most so many."""
    for step in steps[:most]:
        sign = _sign(step)
        yield line("  ", Piece(sign, SIGN_STYLES[sign]), f" {clean(step.path)}")
    if rest := steps[most:]:
        parts = _named(parts_of(step.path for step in rest).items())
        yield line(f"  … and {counted(len(rest), 'more file')} ({parts}); -v lists them")


def _sign(step: Step) -> str:
    if step.before is None:
        return "+"
    if step.after is None:
        return "-"
    return "~"


def key_lines(rows: Sequence[KeyRow], most: int) -> Iterator[Line]:
    """List the keys that upstream changed in documents; conflicting ones are shown with their conflicts."""
    for row in rows[:most]:
        yield line(f"    {clean(row.path)}: {clean(row.key, 80)}  {change_words(row)}")
    if rest := rows[most:]:
        yield line(f"    … and {counted(len(rest), 'more key')}; -v lists them")


def change_words(row: KeyRow) -> str:
    """Say what a value was and is, and what yours is if that differs."""
    change = f"{clean(row.before, 50) or _NONE} → {clean(row.after, 50) or _NONE}"
    if row.yours:
        change += f" (yours: {clean(row.yours, 50)})"
    return change


def conflict_line(conflict: Conflict, rows: Iterable[KeyRow]) -> Line:
    """Say what both sides changed."""
    change = "".join(f"  {change_words(row)}" for row in rows)
    said = f"  {clean(conflict.words)}{change} ({conflict.kind}); yours stays"
    return line("  ", Piece("conflict", "error"), said)


def environment_line(item: Wanted, *, update: bool) -> Line:
    """Say whether a variable is set; on an update, whether it is newly wanted."""
    name, about = clean(item.var.name, 60), ""
    if item.new and update:
        name = f"new: {name}"
    if item.var.description:
        about = f"  {clean(item.var.description, 80)}"
    return line(f"  env    {name}  ", _state(item), about)


def _state(item: Wanted) -> Piece:
    if item.found:
        return Piece("✓ set", "good")
    if item.var.required:
        return Piece("missing", "warning")
    return Piece("optional", "warning")


def missed_line(missed: Mapping[str, int], *, listed: bool) -> Line:
    """Say how many skills, jobs, servers and files the package has that nobody names, and where their paths are."""
    counts = ", ".join(counted(count, name) for name, count in missed.items())
    where = "" if listed else "; -v lists them"
    return line(f"  left out  {counts}; --include PATH takes one along{where}")


def included_line(included: Iterable[str]) -> Line:
    """Say what the user takes along."""
    return line(f"  included  {', '.join(clean(path, 80) for path in included)}")


def left_out_lines(left_out: Iterable[LeftOut], most: int) -> Iterator[Line]:
    """List what is not installed, and why: every folder with skills in it, and at most so many others."""
    rows = sorted(left_out, key=lambda left: not left.skills)
    skills = sum(1 for left in rows if left.skills)
    for left in rows[: max(most, skills)]:
        yield line(
            f"  left out  {clean(left.path, 80)}{_count_words(left)}: {clean(why_words(left), 80)}"
        )
    if rest := rows[max(most, skills) :]:
        yield line(f"  left out  … and {len(rest)} more; -v lists them")


def _count_words(left: LeftOut) -> str:
    """How many skills and files a row stands for, in brackets."""
    if left.skills > 1 or (left.skills and left.files > 1):
        return f" ({counted(left.skills, 'skill')}, {counted(left.files, 'file')})"
    return f" ({left.files} files)" if left.files > 1 else ""
