"""The three sides of one conflict: texts, values and comments, with secrets hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import cache

from msgspec import Struct

from hermes_dist.agents.places import JOBS
from hermes_dist.decide.changes import line_diff
from hermes_dist.decide.conflicts.marked_copy import comment_at, value_at
from hermes_dist.decide.secrets.restore import hidden_lines
from hermes_dist.errors import DistError
from hermes_dist.model.documents.api import Kind, dump, kind_of
from hermes_dist.model.documents.json_text import json_text
from hermes_dist.model.keypath import BODY, parse_key, place_words, step_name
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.conflicts.conflict_diff import Copy, Sides, copy_of, sides_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.package.resolve import open_conflicts, open_proposal


class Unedited(StrEnum):
    """Why the text of a conflict can't be edited from what is shown."""

    NO_TEXT = "no text"
    SECRETS = "secrets"


class Texts(Struct, frozen=True, kw_only=True):
    """A file with a conflict on all sides; secrets are hidden.

    Attributes:
        base: The file as received.
        ours: The merged file with your side.
        theirs: Upstream's file, without what waits for approval.
        merged: What to edit: with both sides of each open place between markers, if ``marked``.
    """

    base: str
    ours: str
    theirs: str
    merged: str
    marked: bool


class Shown(Struct, frozen=True, kw_only=True):
    """Everything about one conflict.

    Attributes:
        profile: The profile.
        conflict: The conflict.
        beside: Other open conflicts in the same file: an edited file settles these, too.
        sides: The three values, and whether both sides fit together.
        comments: What is written beside the value, by side: ``base``, ``ours``, ``theirs``.
        whole: The value on its lines, by side, where it has more than one.
        texts: The file on all sides; None if it is no text.
        unedited: Why the text can't be edited from here; None if it can.
    """

    profile: ProfileName
    conflict: Conflict
    beside: tuple[Conflict, ...]
    sides: Sides
    comments: Mapping[str, tuple[str, ...]]
    whole: Mapping[str, str]
    texts: Texts | None
    unedited: Unedited | None


def shown_conflict(ctx: Context, name: ProfileName, place: str) -> Shown:
    """Show one open conflict from all sides.

    Args:
        ctx: The context.
        name: The profile.
        place: Which one, as :func:`open_conflicts` reads it; empty if only one is open.

    Raises:
        DistError: There is no such conflict, or the place means several.
    """
    conflict = _one(ctx, name, place)
    proposal = open_proposal(ctx, name)
    copy = copy_of(proposal, conflict)
    mask = Mask.of(ctx, proposal.home.path)
    hide = _hider(copy, mask)
    texts = _texts(copy, hide)
    return Shown(
        profile=name,
        conflict=conflict,
        beside=_beside(proposal, conflict),
        sides=sides_of(ctx, proposal, conflict),
        comments=_comments(conflict, copy, mask),
        whole=_whole(conflict, copy, mask),
        texts=texts,
        unedited=_why_unedited(copy, hide, texts),
    )


def job_names(
    ctx: Context, name: ProfileName, conflicts: Sequence[Conflict]
) -> Mapping[Conflict, str]:
    """The names of the cron jobs that conflicts are about.

    Raises:
        DistError: The home can't be read.
    """
    of_jobs = [each for each in conflicts if each.path == JOBS]
    if not of_jobs:
        return {}
    proposal = open_proposal(ctx, name)
    found = {each: sides_of(ctx, proposal, each).job for each in of_jobs}
    return {conflict: job for conflict, job in found.items() if job}


def _one(ctx: Context, name: ProfileName, place: str) -> Conflict:
    """The conflict at a place.

    Raises:
        DistError: There is none, or there are several.
    """
    found = open_conflicts(ctx, name, place)
    exact = [each for each in found if place in (each.place, each.words)]
    if len(exact) == 1:
        return exact[0]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DistError("no conflict is open", where=str(name))
    raise DistError(
        f"{place!r} means several conflicts" if place else "several conflicts are open",
        where=str(name),
        hint=f"name one of: {', '.join(place_words(each.place) for each in found[:10])}",
    )


def _beside(proposal: Proposal, conflict: Conflict) -> tuple[Conflict, ...]:
    here = (each for each in proposal.plan.conflicts if each.path == conflict.path)
    return tuple(each for each in here if each != conflict)


def _texts(copy: Copy, hide: Callable[[bytes], bytes]) -> Texts | None:
    """The file on all sides with secrets hidden; None if one of them is no text in UTF-8."""
    try:
        base, ours, theirs, merged = (
            hide(each).decode() for each in (copy.was, copy.yours, copy.theirs, copy.text)
        )
    except UnicodeDecodeError:
        return None
    if "\0" in f"{base}{ours}{theirs}":
        return None
    return Texts(base=base, ours=ours, theirs=theirs, merged=merged, marked=copy.marked)


def side_lines(texts: Texts, path: RelPath) -> tuple[list[str], list[str]]:
    """What each side made of a file, as unified diffs: yours, then upstream's."""
    base = texts.base.encode()
    return (
        line_diff(base, texts.ours.encode(), f"received/{path}", f"yours/{path}"),
        line_diff(base, texts.theirs.encode(), f"received/{path}", f"upstream/{path}"),
    )


def _hider(copy: Copy, mask: Mask) -> Callable[[bytes], bytes]:
    """Make what hides secrets in the texts of a copy; each is searched once, for that is most of the work."""
    hide = cache(mask.content)
    sides = (copy.was, copy.yours, copy.theirs)
    if copy.marked and all(hide(side) == side for side in sides):
        # The marked text has no other lines than these.
        return lambda text: text if text == copy.text else hide(text)
    return hide


def _why_unedited(
    copy: Copy, hide: Callable[[bytes], bytes], texts: Texts | None
) -> Unedited | None:
    if texts is None:
        return Unedited.NO_TEXT
    if hidden_lines(sources_of(copy), hide) is None:
        return Unedited.SECRETS
    return None


def sources_of(copy: Copy) -> tuple[bytes, ...]:
    """The texts whose lines an edited text is made of."""
    return (copy.was, copy.yours, copy.theirs, copy.text)


def _comments(conflict: Conflict, copy: Copy, mask: Mask) -> Mapping[str, tuple[str, ...]]:
    key = parse_key(conflict.key)
    if not key or key == BODY:
        return {}
    return {
        side: tuple(mask.lines(list(comment_at(conflict.path, data, key))))
        for side, data in _files(copy)
    }


def _files(copy: Copy) -> tuple[tuple[str, bytes], ...]:
    return ("base", copy.was), ("ours", copy.yours), ("theirs", copy.theirs)


def _whole(conflict: Conflict, copy: Copy, mask: Mask) -> Mapping[str, str]:
    """The values that have more than one line, as they are written in a file."""
    key = parse_key(conflict.key)
    if not key or key == BODY:
        return {}
    found: dict[str, str] = {}
    for side, data in _files(copy):
        lines = _written(value_at(conflict.path, data, key), conflict, mask)
        if len(lines) > 1:
            found[side] = "\n".join(lines)
    return found


def _as_json(value: object) -> str:
    return json_text(value, indent=2)


def _written(value: object, conflict: Conflict, mask: Mask) -> list[str]:
    """The lines of a value with secrets hidden; one for a plain value."""
    hidden = mask.value(step_name(parse_key(conflict.key)[-1]), value)
    text = hidden if isinstance(hidden, str) else ""
    if isinstance(hidden, (dict, list)) and hidden:
        in_json = kind_of(conflict.path) is Kind.JSON
        text = _as_json(hidden) if in_json else dump(hidden, Kind.YAML).decode()
    return mask.lines(text.removesuffix("\n").split("\n"))
