"""What the preview of a change says, as lines of text with their colours; a screen or a page paints them.

Text from outside is cleaned here, so that no field can forge a line of ours, whoever paints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.errors import counted
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import kind_of
from hermes_dist.model.keypath import BODY, format_key, place_words, split_place
from hermes_dist.model.left_out import OF_OTHERS, LeftOut
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Step, moved_steps
from hermes_dist.model.side import Side
from hermes_dist.model.source import HEADS, TAGS, Pin, as_typed
from hermes_dist.ops.change.proposal import NewHome, Proposal
from hermes_dist.ops.change.review import Choice, KeyRow, parts_of
from hermes_dist.voice.clean import WHOLE, clean, clean_line, clean_value
from hermes_dist.voice.left_out import missed_words, why_words
from hermes_dist.voice.lines import Line, Piece, Style, line
from hermes_dist.voice.notes import sentence
from hermes_dist.voice.words import CONFLICT_WORDS, LAYERING, job_words, size_of

with later():
    from hermes_dist.decide.authoring.release_notes import ReleaseNotes
    from hermes_dist.ops.conflicts.conflict_diff import Sides
    from hermes_dist.voice.inputs.words import answer_lines, unanswered_lines

_NONE = "(none)"
SIGN_STYLES: Mapping[str, Style] = {"+": "good", "-": "error", "~": "warning", "R": "warning"}
"""How the sign of a file is painted: added, deleted, changed, moved."""


def head_lines(proposal: Proposal, *, details: bool) -> Iterator[Line]:
    """Say what is installed or changed, from where, and who signed it."""
    manifest, pin = proposal.manifest, proposal.pin
    if manifest is None or pin is None:
        return
    yield line(Piece(_title(proposal, manifest.label), bold=True))
    if manifest.description and details:
        yield line(f"  {clean(manifest.description)}")
    yield line(
        f"  from   {clean(as_typed(proposal.source))}, {_pin_words(pin)}{_before(proposal.before, pin)}"
    )
    if proposal.offer.trust:
        yield line(f"  trust  {clean(sentence(proposal.offer.trust))}")
    yield from _layer_lines(proposal)
    if proposal.lock is not None and proposal.lock.inputs:
        yield from answer_lines(proposal.home.lock, proposal.lock)
    if proposal.offer.asks:
        yield from unanswered_lines(proposal.offer.asks)
    if details:
        yield from _maker_lines(manifest.author, manifest.license)
        yield line(f"  into   {clean(proposal.home.path)}")


def _layer_lines(proposal: Proposal) -> Iterator[Line]:
    """Name the packages below: each with its version, where it is another one with that of before, and what leaves."""
    now = proposal.lock.layers if proposal.lock else ()
    before = proposal.home.lock.packages if proposal.home.lock else ()
    old = {one.name: one.pin for one in before}
    for one in now:
        yield line(f"  {one.layer}   {_layer_words(one, old.get(one.name))}")
    names = {one.name for one in now}
    for gone in before:
        if gone.layer and gone.name not in names:
            yield line(f"  {gone.layer}   {clean(gone.name)} is taken out")


def _layer_words(layer: LockedPackage, before: Pin | None) -> str:
    only = f", only {', '.join(layer.only)}" if layer.only else ""
    at = " ".join(filter(None, (layer.name, layer.pin.version, f"@ {layer.pin.short}")))
    return f"{clean(at)}{_before(before, layer.pin)}{clean(only)}"


def _title(proposal: Proposal, label: str) -> str:
    name = proposal.home.name
    if proposal.new:
        verb = "Import" if proposal.verb == "import" else "Install"
        return f"{verb} {clean(label)} as {name}"
    if proposal.verb in LAYERING:
        return f"{LAYERING[proposal.verb]} {name}"
    return f"{proposal.verb.capitalize()} {clean(label)} in {name}"


def _maker_lines(author: str, license_: str) -> Iterator[Line]:
    if author:
        told = f" · {clean(license_)}" if license_ else ""
        yield line(f"  by     {clean(author)}{told}")
    elif license_:
        yield line(f"  license {clean(license_)}")


def _pin_words(pin: Pin) -> str:
    if not pin.commit:
        return f"as it is, tree {pin.short}"
    ref = pin.ref.removeprefix(HEADS).removeprefix(TAGS) or "folder"
    return f"{clean(ref)} @ {pin.short}"


def _before(before: Pin | None, now: Pin) -> str:
    if before is None or before == now:
        return ""
    was = f"@ {before.short}"
    if before.version:
        was = f"{clean(before.version)} {was}"
    return f" (from {was})"


def news_lines(news: ReleaseNotes, most: int) -> Iterator[Line]:
    """Show what the author says about the versions that come; at most so many lines."""
    yield line("  ", Piece("Release notes", bold=True), f", from {clean(news.where)}")
    for text in news.lines[:most]:
        told = f"    {clean_line(text.expandtabs(4))}".rstrip()
        indent = len(told) - len(told.lstrip())
        yield line(Piece(told[:indent], label=True), told[indent:])
    if rest := news.lines[most:]:
        yield line(f"    … and {counted(len(rest), 'more line')}; -v shows them")


def part_line(proposal: Proposal, new: NewHome) -> Line:
    """Say which parts a package has, how many files and how large."""
    parts = _named(sorted(proposal.parts.items())) or "nothing"
    files = counted(len(proposal.tree), "file")
    return line(f"  parts  {parts} ({files}, {size_of(new.size)})")


def _named(parts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{part} {count}".removesuffix(" 1") for part, count in parts)


def step_lines(steps: Sequence[Step], most: int) -> Iterator[Line]:
    """List the files that change; at most so many."""
    moves = moved_steps(steps)
    left = set(moves.values())
    shown = [step for step in steps if step.path not in left]
    for step in shown[:most]:
        sign, name = _sign(step), clean(step.path)
        if step.path in moves:
            sign, name = "R", f"{clean(moves[step.path])} → {name}"
        yield line("  ", Piece(sign, SIGN_STYLES[sign]), f" {name}")
    if rest := shown[most:]:
        parts = _named(parts_of(step.path for step in rest).items())
        yield line(f"  … and {counted(len(rest), 'more file')} ({parts}); -v lists them")


def _sign(step: Step) -> str:
    if step.before is None:
        return "+"
    if step.after is None:
        return "-"
    return "~"


def key_lines(rows: Sequence[KeyRow], most: int, longest: int = WHOLE) -> Iterator[Line]:
    """List the keys that upstream changed in documents; conflicting ones are shown with their conflicts.

    Args:
        rows: The keys.
        most: How many of them are shown.
        longest: How much of a value is shown.
    """
    for row in rows[:most]:
        yield line(f"    {clean(row.path)}: {clean(row.key)}  {change_words(row, longest)}")
    if rest := rows[most:]:
        yield line(f"    … and {counted(len(rest), 'more key')}; -v lists them")


def settled_lines(proposal: Proposal, rows: Sequence[KeyRow] = ()) -> Iterator[Line]:
    """Say which side the user chose of a text, of a file, or of a value that none of the rows of keys shows."""
    told = {(row.path, row.key) for row in rows}
    for place, side in sorted(proposal.choices.sides.items()):
        path, key = split_place(place)
        is_text = kind_of(RelPath(path)) is None and (not key or key == format_key(BODY))
        if is_text or (key and side is Side.OURS and (path, key) not in told):
            yield line(f"    {clean(place_words(place))}  {_TAKEN[side]} (your choice)")
    for path in sorted(proposal.choices.edits):
        yield line(f"    {clean(path)}  as you edited it")


_TAKEN = {Side.OURS: "yours stays", Side.THEIRS: "theirs", Side.BOTH: "both"}


def change_words(row: KeyRow, longest: int = WHOLE) -> str:
    """Say what becomes of a value: upstream's change, or how two changes were settled."""
    before, after, yours, result = (
        clean_value(value, longest) or _NONE
        for value in (row.before, row.after, row.yours, row.result)
    )
    if not row.yours:
        return f"{before} → {after}"
    by = _CHOICES.get(row.choice, "merged")
    if row.result == row.yours:
        return f"{yours} stays (yours, {by}; theirs {after})"
    if row.result == row.after:
        return f"{yours} → {after} (theirs, {by})"
    return f"{yours} → {result} (both, {by})"


_CHOICES: Mapping[Choice | None, str] = {
    Choice.USER: "your choice",
    Choice.EDIT: "as you edited it",
    Choice.AUTHOR: "the author's choice",
    Choice.KEPT: "always kept",
}


def conflict_line(conflict: Conflict, sides: Sides, longest: int = WHOLE) -> Line:
    """Say what both sides changed."""
    said = (
        f"  {conflict_place(conflict, sides)}  {sides_words(conflict, sides, longest)}; yours stays"
    )
    return line("  ", Piece("conflict", "error"), said)


def conflict_place(conflict: Conflict, sides: Sides) -> str:
    """Name the place of a conflict; one in a cron job with the name of that job."""
    return f"{clean(conflict.words)}{job_words(sides.job)}"


def sides_words(conflict: Conflict, sides: Sides, longest: int = WHOLE) -> str:
    """Say the values at a conflict, or what each side did to a text or a file."""
    if not sides.has_values:
        return CONFLICT_WORDS.get(conflict.kind, str(conflict.kind))
    gone = _NONE
    if sides.was is not None:
        gone = "(deleted)"
    yours, theirs = (_value(each, gone, longest) for each in (sides.yours, sides.theirs))
    return f"was {_value(sides.was, _NONE, longest)} · yours {yours} · theirs {theirs}"


def choice_words(side: Side, sides: Sides, longest: int = WHOLE) -> str:
    """Say what a choice brings about."""
    if side is Side.BOTH:
        return "both: yours, and upstream's added"
    value, said = sides.yours, "yours stays"
    if side is Side.THEIRS:
        value, said = sides.theirs, "theirs"
    if not sides.has_values:
        return said
    return f"{said}: {_value(value, '(deleted)', longest)}"


def _value(value: str | None, absent: str, longest: int) -> str:
    if value is None:
        return absent
    return clean_value(value, longest) or "(empty)"


def environment_line(item: Wanted, *, update: bool) -> Line:
    """Say whether a variable is set; on an update, whether it is newly wanted."""
    name, about = clean(item.var.name), ""
    if item.new and update:
        name = f"new: {name}"
    if item.var.description:
        about = f"  {clean(item.var.description)}"
    return line(f"  env    {name}  ", _state(item), about)


def _state(item: Wanted) -> Piece:
    if item.found:
        return Piece("✓ set", "good")
    if item.var.required:
        return Piece("missing", "warning")
    return Piece("optional", "warning")


def missed_line(missed: Mapping[str, int], *, listed: bool) -> Line:
    """Say how many skills, jobs, servers and files the package has that nobody names, and where their paths are."""
    where = "" if listed else "; -v lists them"
    return line(f"  left out  {missed_words(missed)}{where}")


def included_line(included: Iterable[str]) -> Line:
    """Say what the user takes along."""
    return line(f"  included  {', '.join(clean(path) for path in included)}")


def left_out_lines(left_out: Iterable[LeftOut], most: int) -> Iterator[Line]:
    """List what is not installed, and why: every folder with skills, and at most so many others."""
    rows = sorted(left_out, key=lambda left: (not left.skills, left.why not in OF_OTHERS))
    skills = sum(1 for left in rows if left.skills)
    for left in rows[: max(most, skills)]:
        yield line(f"  left out  {clean(left.path)}{_count_words(left)}: {clean(why_words(left))}")
    if rest := rows[max(most, skills) :]:
        yield line(f"  left out  … and {len(rest)} more; -v lists them")


def _count_words(left: LeftOut) -> str:
    """How many skills and files a row stands for, in brackets."""
    if left.skills > 1 or (left.skills and left.files > 1):
        return f" ({counted(left.skills, 'skill')}, {counted(left.files, 'file')})"
    return f" ({left.files} files)" if left.files > 1 else ""
