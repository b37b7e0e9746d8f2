"""Pins keep their kind: a source followed as a tag, a branch or a range is never followed as another kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hermes_dist.errors import Refused
from hermes_dist.model.source import HEADS, TAGS, Pin, PinKind

_IN_FULL = "write its full name, {full}, with update --to or behind # in the source"
_SHOWN = 5


def check_kept(
    source: str, asked: str, before: Pin, tags: Collection[str], heads: Collection[str]
) -> None:
    """Refuse a source whose tag or branch is gone, or is now of the other kind.

    Args:
        source: The source, as shown to the user.
        asked: The ref named in the source; empty for the default branch.
        before: The pin that the same source gave before.
        tags: The short names of the tags it has now.
        heads: Its branches.

    Raises:
        Refused: The followed tag or branch does not exist any more.
    """
    kinds = {PinKind.TAG: ("tag", TAGS, tags), PinKind.BRANCH: ("branch", HEADS, heads)}
    if before.kind not in kinds:
        return
    word, prefix, there = kinds[before.kind]
    name = before.ref.removeprefix(prefix)
    if asked not in (name, before.ref) or name in there:
        return
    other, full, others = (
        ("branch", HEADS, heads) if before.kind is PinKind.TAG else ("tag", TAGS, tags)
    )
    if name in others:
        hint = f"ask its author; if the {other} is meant, " + _IN_FULL.format(full=full + name)
        raise Refused(
            f"{name} was a {word} when it was received, and is a {other} now",
            where=source,
            hint=hint,
        )
    some = ", ".join(sorted(there)[-_SHOWN:])
    raise Refused(
        f"the {word} {name} is gone: it named {before.short} when it was received",
        where=source,
        hint="nothing changed here; ask its author, or follow another ref with update --to"
        + (f" (it has {some})" if some else ""),
    )


def about_refs(
    asked: str, before: Pin | None, ref: str, tags: Mapping[str, str], heads: Collection[str]
) -> tuple[str, ...]:
    """Return notes on what is easily overlooked about the ref that a source resolves to.

    Args:
        asked: The ref named in the source; empty for the default branch.
        before: The pin that the same source gave before; None if there is none.
        ref: The full name of the ref that it resolves to now.
        tags: The tags it has now, with their commits.
        heads: Its branches.
    """
    if before is None:
        if asked not in tags or asked not in heads or ref != f"{TAGS}{asked}":
            return ()
        return (
            f"{asked} is a tag and a branch; the tag is followed. If the branch is meant, write {HEADS}{asked}",
        )
    if before.kind is PinKind.BRANCH and not asked and ref != before.ref:
        return (f"the default branch is {_short(ref)} now; it was {_short(before.ref)}",)
    left = before.ref.removeprefix(TAGS)
    moved = (
        before.kind is PinKind.RANGE
        and ref != before.ref
        and tags.get(left, before.commit) != before.commit
    )
    return (
        (f"the tag {left}, which this profile was at, names another commit since",) if moved else ()
    )


def _short(ref: str) -> str:
    return ref.removeprefix(HEADS) or "no branch"
