"""Pins keep their kind: a source followed as a tag, a branch or a range is never followed as another kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from hermes_dist.errors import Invalid, Refused
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.source import HEADS, TAGS, Pin, PinKind

with later():
    from hermes_dist.decide.versions import choose_tag


class RefGone(Refused):
    """The tag or branch that is followed does not exist any more.

    Args:
        what: What became of it.
        where: The source.
        hint: What to do next.
        instead: Another ref that can be followed; empty if none stands out.
    """

    def __init__(self, what: str, *, where: str, hint: str, instead: str) -> None:
        super().__init__(what, where=where, hint=hint)
        self.instead = instead


_IN_FULL = "write its full name, {full}, with update --to or behind # in the source"
_SHOWN = 5
_LATEST = "latest"
_USUAL = ("main", "master")


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
        RefGone: The followed tag or branch does not exist any more.
    """
    sides = {
        PinKind.TAG: _Named("tag", TAGS, tags),
        PinKind.BRANCH: _Named("branch", HEADS, heads),
    }
    followed = sides.pop(before.kind, None)
    if followed is None:
        return
    name = before.ref.removeprefix(followed.prefix)
    if asked not in (name, before.ref) or name in followed.names:
        return
    (other,) = sides.values()
    # A branch called like the tag could be made by anybody who may push: to follow it has to be the user's decision.
    if name in other.names:
        full = _IN_FULL.format(full=other.prefix + name)
        raise RefGone(
            f"{name} was a {followed.word} when it was received, and is a {other.word} now",
            where=source,
            hint=f"ask its author; if you want the {other.word}, {full}",
            instead=other.prefix + name,
        )
    some = ", ".join(sorted(followed.names)[-_SHOWN:])
    more = f" (it has {some})" if some else ""
    raise RefGone(
        f"the {followed.word} {name} is gone: it named {before.short} when it was received",
        where=source,
        hint=f"nothing changed here; ask its author, or follow another ref with update --to{more}",
        instead=_instead(followed, name),
    )


def _instead(followed: _Named, name: str) -> str:
    """The newest tag, or the usual branch or only one; empty if there is none."""
    if followed.prefix == TAGS:
        try:
            # In a repository with several packages, those of others are below other folders.
            folder = name.rpartition("/")[0]
            own = [one for one in followed.names if one.rpartition("/")[0] == folder]
            return choose_tag(_LATEST, own)
        except Invalid:
            return ""
    usual = [name for name in _USUAL if name in followed.names]
    if len(followed.names) == 1:
        usual = list(followed.names)
    return next(iter(usual), "")


class _Named(NamedTuple):
    """The refs of one kind: the word for one, the prefix of full names, and the short names there are."""

    word: str
    prefix: str
    names: Collection[str]


def about_refs(
    asked: str, before: Pin | None, ref: str, tags: Mapping[str, str], heads: Collection[str]
) -> tuple[Note, ...]:
    """Return notes on what is easily overlooked about the ref that a source resolves to.

    Args:
        asked: The ref named in the source; empty for the default branch.
        before: The pin that the same source gave before; None if there is none.
        ref: The full name of the ref that it resolves to now.
        tags: The tags it has now, with their commits.
        heads: Its branches.
    """
    if before is None:
        return _about_both(asked, ref, tags, heads)
    if before.kind is PinKind.BRANCH:
        if asked or ref == before.ref:
            return ()
        now, was = _short(ref), _short(before.ref)
        return (Note.of(NoteKind.DEFAULT_BRANCH_CHANGED, now=now, before=was),)
    if before.kind is PinKind.RANGE and ref != before.ref:
        return _about_left(before, tags)
    return ()


def _about_both(
    asked: str, ref: str, tags: Collection[str], heads: Collection[str]
) -> tuple[Note, ...]:
    """Note that a name is both a tag and a branch, as git itself would choose without a word."""
    if asked not in tags or asked not in heads or ref != f"{TAGS}{asked}":
        return ()
    return (Note.of(NoteKind.TAG_AND_BRANCH, name=asked, branch=f"{HEADS}{asked}"),)


def _about_left(before: Pin, tags: Mapping[str, str]) -> tuple[Note, ...]:
    """Note that the tag that a range leaves was moved meanwhile: that hints at a release that was replaced."""
    left = before.ref.removeprefix(TAGS)
    if tags.get(left, before.commit) == before.commit:
        return ()
    return (Note.of(NoteKind.TAG_NAMES_ANOTHER, tag=left),)


def _short(ref: str) -> str:
    return ref.removeprefix(HEADS) or "no branch"
