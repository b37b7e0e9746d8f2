"""History: where a rollback goes, what a hold keeps out, and how changes are undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.light import NamedTuple
from hermes_dist.merge.trees import Favour, leave_open, merge_trees
from hermes_dist.model.discreet import Contents
from hermes_dist.model.documents.api import kind_of, load_data, same
from hermes_dist.model.lock import ANY
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan, Step
from hermes_dist.model.side import Side
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together

with later():
    from hermes_dist.decide.versions import version_of


class Moment(Struct, frozen=True):
    """The state of a home after one change.

    Attributes:
        number: The number of the generation.
        package: Identifies the package, for example by commit and tree; empty for none.
        back_to: The generation that this change went back to; None if it went forward.
    """

    number: int
    package: str
    back_to: int | None = None


Later = Callable[[Moment, Moment], bool]
"""Whether the package of the first moment is a later one than that of the second."""


class Back(NamedTuple):
    """Where a rollback without a number goes.

    Attributes:
        number: The generation.
        forward: Its package is a later one than the package now: the history has no other that differs.
    """

    number: int
    forward: bool = False


def one_back(moments: Sequence[Moment], later: Later) -> Back | None:
    """Return where a rollback without a number goes: to the last generation with a different package, not a later one.

    A second rollback goes further back: a change that went back has the position of the generation it went to.

    Args:
        moments: Oldest first; the last one is now.
        later: Compares two packages. After a detour to an older version, the last different one is a later one.

    Returns:
        The generation; None if there is nothing earlier.
    """
    others = list(_earlier(moments))
    for moment in others:
        if not moments[-1].package or not later(moment, moments[-1]):
            return Back(moment.number)
    return Back(others[0].number, forward=True) if others else None


def _earlier(moments: Sequence[Moment]) -> Iterator[Moment]:
    """Yield the moments with another package than now, from the position of now backwards."""
    if moments:
        at = _position(moments[-1], {moment.number: moment for moment in moments})
        for moment in reversed(moments):
            if at is None or moment.number >= at:
                continue
            if moment.package not in ("", moments[-1].package):
                yield moment


def is_later(one: Pin, other: Pin, commits: Callable[[], Sequence[bytes]]) -> bool | None:
    """Whether a pin is a later one than another of the same package; None if neither versions nor dates tell.

    Args:
        one: A pin.
        other: Another.
        commits: Gives the commit objects of both; empty if they are not known.
    """
    new, old = version_of(one.version), version_of(other.version)
    if new is not None and old is not None and new != old:
        return new > old
    # Authors forget to raise the version. The dates of two commits are in any order only if someone forged them.
    dates = [date for each in commits() if (date := committed_at(each)) is not None]
    if len(dates) < 2 or dates[0] == dates[1]:
        return None
    return dates[0] > dates[1]


def committed_at(commit: bytes) -> int | None:
    """Return when a commit was made, in seconds since the epoch, from the object itself; None if it does not say."""
    head = commit.partition(b"\n\n")[0]
    for line in head.splitlines():
        words = line.split()
        if line.startswith(b"committer ") and len(words) > 2 and words[-2].isdigit():
            return int(words[-2])
    return None


def came_later(moments: Sequence[Moment], one: Moment, other: Moment) -> bool:
    """Whether a package was received for the first time after another one."""
    first: dict[str, int] = {}
    for moment in moments:
        first.setdefault(moment.package, moment.number)
    return first[one.package] > first[other.package]


def _position(moment: Moment, by_number: Mapping[int, Moment]) -> int | None:
    """Return the generation whose package a change left in place; None if that generation is not known any more.

    Without this, a second rollback would return to where the first one came from, and so on, back and forth.
    """
    at: Moment | None = moment
    # A generation can only go back to an earlier one; checking that keeps a damaged record from looping.
    while at is not None and at.back_to is not None and at.back_to < at.number:
        at = by_number.get(at.back_to)
    return at.number if at else None


def hold_after(held: str, left: str, goal: str) -> str:
    """Return the commit that a profile is held against after a rollback; empty for none.

    Args:
        held: The commit it was held against before, or ``ANY``.
        left: The commit it leaves.
        goal: The commit it goes to.
    """
    if held == ANY:
        return ANY
    # The first commit left is the one that was bad. Going further back keeps it out; arriving at it ends the hold.
    against = held or left
    if against == goal:
        return ""
    return against


def holds(held: str, offered: str, relation: str) -> bool:
    """Whether a hold keeps out an offered commit: ``ANY`` keeps out all, a commit keeps out itself and older ones.

    Args:
        held: The lock's hold.
        offered: The commit that the source has now.
        relation: How the offered commit relates to the held one.
    """
    if not held:
        return False
    return held in (ANY, offered) or relation in ("same", "backward")


class Left(Contents, frozen=True):
    """What of a package is left in a home after a removal.

    Attributes:
        tree: The package's files, each without what the removal took out of it.
        blobs: New contents by digest.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]


def left_of(package: Tree, found: Tree, removed: Sequence[Step], read: Read) -> Left:
    """Return the base to bring a removed package back onto.

    A file that the removal left alone is there on purpose: it counts as received. A file that the removal rewrote holds
    only the user's part. What the removal took out of it was not deleted by the user, so it does not count as received,
    and comes back.

    Args:
        package: The package to bring back, as the home stores it.
        found: The home as found.
        removed: The steps of the removal.
        read: Gives contents by digest, also those that the removal replaced.
    """
    tree = package.where(found.__contains__)
    rewritten = {step.path: step for step in removed if step.path in tree and step.after}
    known = {
        path
        for path, step in rewritten.items()
        # Of a file that was edited since, it is not known any more what the removal left.
        if step.before and found.get(path) == step.after
    }
    before = Tree([(path, e) for path in known if (e := rewritten[path].before)])
    merged = merge_trees(
        before,
        tree.where(known.__contains__),
        found.where(known.__contains__),
        read,
        lambda _path, _key: Side.THEIRS,
    )
    gone: dict[RelPath, Entry | None] = dict.fromkeys(rewritten)
    return Left(tree.with_entries({**gone, **merged.tree}), merged.blobs)


class TakenBack(Contents, frozen=True):
    """A home with some changes undone.

    Attributes:
        tree: The home afterwards.
        blobs: New contents by digest.
        edited: Files that were edited after the change; the edits are in ``tree``.
        stuck: Conflicts between an edit and the undoing; the edit stays.
    """

    tree: Tree
    blobs: Mapping[Digest, bytes]
    edited: tuple[RelPath, ...]
    stuck: tuple[str, ...]


def take_back(
    found: Tree, changes: Iterable[Sequence[Step]], read: Read, favour: Favour = leave_open
) -> TakenBack:
    """Undo changes, newest first; later edits are merged with the state before each change.

    Args:
        found: The home as found.
        changes: The steps of each change, newest first.
        read: Gives contents by digest.
        favour: How to settle conflicts; by default the edit stays and is listed in ``stuck``.
    """
    blobs: dict[Digest, bytes] = {}
    reading = together(blobs, read)
    tree, edited, stuck = found, set[RelPath](), set[str]()
    for steps in changes:
        paths = {step.path for step in steps}
        after = Tree([(s.path, s.after) for s in steps if s.after])
        before = Tree([(s.path, s.before) for s in steps if s.before])
        edited |= {path for path in paths if tree.get(path) != after.get(path)}
        # Undoing is a merge with the state after the change as base, so that later edits survive.
        merged = merge_trees(after, tree.where(paths.__contains__), before, reading, favour)
        blobs |= merged.blobs
        stuck |= {conflict.words for conflict in merged.conflicts}
        gone: dict[RelPath, Entry | None] = dict.fromkeys(paths)
        tree = tree.with_entries({**gone, **merged.tree})
    return TakenBack(tree, blobs, tuple(sorted(edited)), tuple(sorted(stuck)))


def as_before(changes: Iterable[Sequence[Step]]) -> dict[RelPath, Entry | None]:
    """Return the files as they were before some changes, for every path that the changes touched.

    Args:
        changes: The steps of each change, newest first.
    """
    state: dict[RelPath, Entry | None] = {}
    for steps in changes:
        state |= {step.path: step.before for step in steps}
    return state


def edited_since(found: Tree, changes: Iterable[Sequence[Step]]) -> tuple[RelPath, ...]:
    """List the touched files that differ from how the last change left them.

    Args:
        found: The home as found.
        changes: The steps of each change, newest first.
    """
    left: dict[RelPath, Entry | None] = {}
    for steps in changes:
        left = {**{step.path: step.after for step in steps}, **left}
    return tuple(sorted(path for path, entry in left.items() if found.get(path) != entry))


def as_spelled_before(
    plan: Plan, changes: Sequence[Sequence[Step]], found: Tree, read: Read
) -> Plan:
    """Return a plan that goes back, with documents spelled as they were before the changes where they say the same.

    A merge gets the values right, but not each blank line and comment that the changes moved. The file as it was then
    has them all. A file that was edited since, or between them, keeps what was merged.

    Args:
        plan: The plan, as merged.
        changes: The steps of each change to go back behind, newest first.
        found: The home as found.
        read: Gives contents by digest, also those that the changes replaced.
    """
    before, edited = as_before(changes), {*edited_since(found, changes), *_edited_between(changes)}
    blobs: dict[Digest, bytes] = {}

    def spelled(step: Step) -> Step:
        was = before.get(step.path)
        if was is None or step.after is None or step.path in edited:
            return step
        data = _spelling(step.path, was, step.after, read)
        if data is None:
            return step
        blobs[was.digest] = data
        return Step(step.path, step.before, step.after._replace(digest=was.digest))

    steps = tuple(map(spelled, plan.steps))
    return replace(plan, steps=steps, blobs={**plan.blobs, **blobs})


def _edited_between(changes: Sequence[Sequence[Step]]) -> Iterator[RelPath]:
    """Yield the files that someone edited after one change and before the next; a change found them otherwise."""
    left: dict[RelPath, Entry | None] = {}
    for steps in reversed(changes):
        yield from (s.path for s in steps if s.path in left and left[s.path] != s.before)
        left |= {step.path: step.after for step in steps}


def _spelling(path: RelPath, was: Entry, merged: Entry, read: Read) -> bytes | None:
    """Return a document as it was, if it says what the merged one says; else None."""
    kind = kind_of(path)
    if kind is None or was.digest == merged.digest:
        return None
    try:
        data = read(was.digest)
        if same(load_data(data, kind), load_data(read(merged.digest), kind)):
            return data
    except Invalid:
        return None  # one can't be read, or is not in the history any more
    return None
