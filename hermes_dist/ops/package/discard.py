"""Throw away the user's own edits at some places: the home gets there what it last received."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.agents.places import CONFIG, JOBS
from hermes_dist.decide.changes import Change, How, KeyChange, key_changes, text_diff
from hermes_dist.decide.consent.parking import put_back, with_twins
from hermes_dist.decide.edits import Edit, Stays, around, listed, meant, only_ends, thrown_away
from hermes_dist.decide.near import offered
from hermes_dist.decide.ownership import is_machine
from hermes_dist.errors import DistError, Invalid, UsageError, quoted
from hermes_dist.lazily import shlex
from hermes_dist.model.keypath import named_places, parse_key, place_words, split_place
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import together
from hermes_dist.ops.change.confirm import Make, confirm_and_carry_out
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.observe import observe
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices, Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import Home, look_into, open_home
from hermes_dist.ops.package.diff import FileDiff
from hermes_dist.ops.package.differences import Edits, edits_in
from hermes_dist.ops.package.resolve import allowing, near_places, recorded

__all__ = ["Edit", "Stays", "Thrown", "discard", "own_edits", "staying"]

VERB = "discard"
Place = tuple[RelPath, str]
_ALONE = "is yours alone: the package does not ship it, and nothing is deleted"


class Thrown(Struct, frozen=True, kw_only=True):
    """What is thrown away.

    Attributes:
        profile: The profile.
        edits: The edits, from what the home has to what it received; secrets are hidden.
        left: Edits at the same places that stay, with the reason.
    """

    profile: ProfileName
    edits: tuple[FileDiff, ...]
    left: tuple[Edit, ...] = ()


def discard(
    ctx: Context,
    name: ProfileName,
    words: Sequence[str],
    request: Request,
    confirm: Confirm,
    tell: Callable[[Thrown], None],
    *,
    all_: bool = False,
) -> Outcome:
    """Throw away own edits; everything else stays as it is.

    Args:
        ctx: The context.
        name: The profile.
        words: Where, as typed: a path, a folder, a key, or ``path: key``.
        request: The options: the dry run, and whether effects of what comes back are approved.
        confirm: Shows the proposal and asks for confirmation.
        tell: Called first, with what is thrown away.
        all_: Every edit.

    Raises:
        UsageError: Nothing is named, or ``all_`` and something.
        DistError: One of them is no edit, or can't be thrown away; nothing changed.
    """
    shelf = _shelf(ctx, open_home(ctx, name))
    if bool(words) == all_:
        raise UsageError("name what to discard, or pass --all", hint=_yours(shelf))
    chosen = _chosen(shelf, words)
    away = [edit for edit in chosen if edit.stays is None]
    left = tuple(edit for edit in chosen if edit.stays is not None)
    tell(Thrown(profile=name, edits=tuple(_shown(shelf, away)), left=left))
    if not away:
        return Outcome(verb=VERB, profile=name, lock=shelf.lock, dry_run=request.dry_run)
    make = _making(ctx, shelf.home, away)
    return confirm_and_carry_out(ctx, allowing(make, request.choices), request, confirm, None)


def staying(outcome: Outcome) -> tuple[str, ...]:
    """The places that were to be thrown away and stay, as what comes back there waits for approval."""
    if outcome.proposal is None:
        return ()
    return tuple(effect.place for effect in outcome.proposal.asked if not effect.off)


class _Shelf(Struct, frozen=True):
    """The edits of a home, and where to look for what a word may mean instead."""

    ctx: Context
    home: Home
    lock: Lock
    found: Edits
    edits: tuple[Edit, ...]


def _shelf(ctx: Context, home: Home) -> _Shelf:
    lock = home.need_lock(ctx)
    seen = observe(ctx, home, lock.theirs())
    found = edits_in(lock, seen)
    # What can't be read in the home may be edited or not.
    readable = [change for change in found.edited if not seen.hides(change.path)]
    return _Shelf(ctx, home, lock, found, listed(readable, lock, found.read))


def own_edits(ctx: Context, name: ProfileName) -> tuple[Edit, ...]:
    """List the edits of a profile that can be thrown away.

    Raises:
        DistError: The profile has no lockfile, or its home can't be read.
    """
    return tuple(edit for edit in _shelf(ctx, look_into(ctx, name)).edits if edit.stays is None)


def _chosen(shelf: _Shelf, words: Sequence[str]) -> tuple[Edit, ...]:
    """The edits that the words mean; all without words.

    Raises:
        DistError: A word means no edit, several things, or only edits that stay.
    """
    if not words:
        return shelf.edits
    return tuple(dict.fromkeys(edit for word in words for edit in _named(shelf, word)))


def _named(shelf: _Shelf, word: str) -> tuple[Edit, ...]:
    typed = _relative(shelf.home, word)
    named = meant(typed, shelf.edits)
    if named.candidates:
        raise DistError(
            f"{quoted(word, 200)} could mean several edits",
            where=str(shelf.home.name),
            hint=f"one of: {', '.join(map(place_words, named.candidates[:10]))}",
        )
    if not named.edits:
        raise _no_edit(shelf, word, typed)
    if all(edit.stays for edit in named.edits):
        raise _staying(shelf, named.edits[0])
    return named.edits


def _relative(home: Home, word: str) -> str:
    """A path as it is inside of the home, if somebody typed the whole of it."""
    return word.strip().removeprefix("./").removeprefix(f"{home.path}/")


def _shown(shelf: _Shelf, away: Iterable[Edit]) -> Iterator[FileDiff]:
    """What is thrown away, file by file."""
    mask, read = Mask.of(shelf.ctx, shelf.home.path), shelf.found.read
    for change, group in groupby(away, key=lambda edit: edit.change):
        edits = list(group)
        back = thrown_away(edits[0])
        keys = tuple(
            mask.key(KeyChange(each.key.key, each.key.after, each.key.before))
            for each in edits
            if each.key
        )
        lines = () if keys else tuple(mask.lines(text_diff(back, read, "yours", "received")))
        yield FileDiff(back if not keys else replace(back, path=change.path), keys, lines)


def _making(ctx: Context, home: Home, away: Sequence[Edit]) -> Make:
    """Make proposals that put some places back to what was received.

    Base takes the home's state there and upstream offers base, so that the merge brings it as it brings any change of
    upstream's: with what needs approval found and parked. Elsewhere, base and upstream are the same, so all stays.
    """
    lock = home.need_lock(ctx)
    places = with_twins(place for edit in away for place in edit.places)
    as_base = replace(recorded(ctx, lock), placed=lock.base)

    def proposed(choices: Choices) -> Proposal:
        seen = observe(ctx, home, lock.theirs())
        edited = put_back(lock.base, seen.ours, places, seen.read)
        theirs = replace(as_base, read=together(edited.blobs, as_base.read))
        made = propose(ctx, home, theirs, choices, verb=VERB, base=edited.tree)
        _refuse_more(made, places)
        return replace(made, lock=_next_lock(lock, made))

    def make(choices: Choices) -> Proposal:
        made = proposed(choices)
        # Where nothing comes back, an addition of the user's goes: the yes to that is the approval. What an author
        # shipped still waits for its own.
        read = together(made.plan.blobs, made.read)
        ends = {each.digest for each in made.asked if only_ends(each, lock.base, read)}
        return proposed(replace(choices, grants=choices.grants | ends)) if ends else made

    return make


def _refuse_more(proposal: Proposal, places: Sequence[Place]) -> None:
    """Make sure that nothing but the places changes.

    Raises:
        DistError: A place can't be changed alone, as it is written in the home.
    """
    read = together(proposal.plan.blobs, proposal.read)
    changes = [
        Change(step.path, How.CHANGED, step.before, step.after) for step in proposal.plan.steps
    ]
    more = [str(c.path) for c in changes if not _is_within(c, places, key_changes(c, read))]
    more += [conflict.words for conflict in proposal.plan.conflicts]
    if not more:
        return
    raise DistError(
        "it is written here in a way in which that place can't be changed alone, for instance with an anchor",
        where=more[0],
        hint="nothing was changed; edit the file by hand",
    )


def _is_within(change: Change, places: Sequence[Place], keys: Sequence[KeyChange]) -> bool:
    here = [parse_key(key) for path, key in places if path == change.path]
    if () in here:
        return True
    whole = change.before is None or change.after is None
    changed = [parse_key(key.key) for key in keys]
    return not whole and all(any(key[: len(at)] == at for at in here) for key in changed)


def _next_lock(old: Lock, made: Proposal) -> Lock | None:
    """The lock afterwards: what is open and what waits elsewhere is not the business of this change."""
    if made.lock is None:
        return None
    base, theirs = made.plan.base, old.theirs()
    upstream = {path: theirs.get(path) for path in base.differing(theirs)}
    return replace(
        made.lock,
        upstream=upstream,
        authored={path: entry for path, entry in old.authored.items() if path in upstream},
        conflicts=old.conflicts,
        parked=_waiting(old, made.plan.parked),
        answers=old.answers,
        kept=old.kept,
    )


def _waiting(old: Lock, more: Iterable[Effect]) -> tuple[Effect, ...]:
    by_place = {(effect.place, effect.digest): effect for effect in (*old.parked, *more)}
    return tuple(by_place.values())


def _staying(shelf: _Shelf, edit: Edit) -> DistError:
    """The error for an edit that another command is about."""
    name, words = shelf.home.name, place_words(edit.place)
    typed = shlex.quote(place_words(edit.record))
    if edit.stays is Stays.KEPT:
        return DistError(
            f"{words} is kept yours",
            where=str(name),
            hint=f"first end that: {shelf.ctx.command(f'unkeep {name} {typed}')}",
        )
    return DistError(
        f"{words} is an open conflict",
        where=str(name),
        hint=f"to take upstream's: {shelf.ctx.command(f'resolve {name} {typed} --theirs')}",
    )


def _no_edit(shelf: _Shelf, word: str, typed: str) -> DistError:
    """The error for a word that means no edit: it says to whom the place belongs."""
    where = str(shelf.home.name)
    outer = around(typed, shelf.edits)
    if outer is not None:
        return DistError(
            f"{quoted(word, 200)} is a part of a larger edit",
            where=where,
            hint=f"name that: {place_words(outer.place)}",
        )
    waiting = [effect.place for effect in shelf.lock.parked]
    if named_places(typed, waiting).places:
        return DistError(
            f"{word} waits for your approval: it stays until you approve what comes back there",
            where=where,
            hint=f"to do that: {shelf.ctx.command(f'approve {where} {shlex.quote(typed)}')}",
        )
    why = _whose(shelf, typed)
    if why is not None:
        return DistError(f"{word} {why}", where=where, hint=_yours(shelf))
    return DistError(
        f"there is no edit of yours at {quoted(word, 200)}", where=where, hint=_yours(shelf, typed)
    )


def _whose(shelf: _Shelf, typed: str) -> str | None:
    """Say why there is nothing to discard at a path; None if nothing of that name is known."""
    path, _ = split_place(typed.rstrip("/"))
    try:
        at = RelPath(path)
    except Invalid:
        return None
    if is_machine(at):
        return "belongs to this machine: no package ships it"
    if named_places(typed, shelf.lock.kept).places:
        return "is kept yours, and it is as the package shipped it"
    if any(each.under(at) for each in shelf.lock.shipped) and at not in shelf.lock.base:
        return f"is stored in {CONFIG} or {JOBS} here: name the key there"
    return _whose_own(shelf, typed, at)


def _whose_own(shelf: _Shelf, typed: str, at: RelPath) -> str | None:
    if any(each.under(at) for each in shelf.found.own):
        return _ALONE
    if any(named_places(typed, [f"{u.path}: {u.key}", u.name]).places for u in shelf.found.units):
        return _ALONE
    if any(each.under(at) for each in shelf.lock.base):
        return "is as you received it"
    if (shelf.home.path / at).exists():
        return _ALONE
    return None


def _yours(shelf: _Shelf, typed: str = "") -> str:
    """Which edits there are, and which of them a misspelled word may mean."""
    names = [edit.place for edit in shelf.edits]
    near = near_places(typed, names) if typed else ()
    title = "your edits"
    if near:
        shown = " or ".join(map(place_words, near))
        return f"did you mean {shown}? {offered('', map(place_words, names), title)}"
    return offered(typed, map(place_words, names), title)
