"""What a change may do behind the links of a home: replace what is agreed to, and remove nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from hermes_dist.decide.parts import excluded_places
from hermes_dist.errors import DistError
from hermes_dist.model.left_out import REASONS
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.tree import Tree
from hermes_dist.ops.change.observe import Observed
from hermes_dist.ops.change.request import Choices
from hermes_dist.ops.homes import Home
from hermes_dist.world.disk.links import Linked, Links


def refuse_links(
    home: Home, observed: Observed, choices: Choices, *, base: Tree, placed: Tree
) -> None:
    """Make sure that nothing new waits for a place where a link stands that is not followed.

    Parts that are left out and paths that are always kept do not count.

    Args:
        home: The home.
        observed: Its files.
        choices: What the user chose.
        base: What the home last received.
        placed: What it would receive now.

    Raises:
        Linked: A link is in the way; the error says how to have it followed, or why it can't be.
    """
    links = [odd.path for odd in observed.odd if odd.why in REASONS]
    if not links:
        return
    coming = _coming(home, choices, base, placed)
    for at in links:
        link = Links(home.path).at(at)
        if link and link.why and any(path == at or path.under(at) for path in coming):
            raise Linked(home.path, link)


def _coming(home: Home, choices: Choices, base: Tree, placed: Tree) -> set[RelPath]:
    """The paths that a change is about."""
    out = excluded_places(placed, base, choices.only, choices.without)
    kept = home.lock.kept if home.lock else frozenset[str]()
    changed = {path for path in {*placed, *base} if placed.get(path) != base.get(path)}
    coming = changed - {path for path, key in out if not key}
    whole = tuple(_whole(kept))
    return {path for path in coming if not any(path.under(each) for each in whole)}


def _whole(kept: Iterable[str]) -> Iterator[str]:
    """The places among kept ones that are whole files or folders."""
    return (place for place in kept if ": " not in place)


def without_deletions(
    plan: Plan, links: Mapping[RelPath, str], verb: str
) -> tuple[Plan, tuple[Note, ...]]:
    """Take out of a plan what it would remove behind a link, and make notes of it.

    Raises:
        DistError: An approval is being revoked, so the file can't stay.
    """
    gone = [step.path for step in plan.steps if step.after is None and step.path in links]
    if not gone:
        return plan, ()
    if verb == "revoke":
        raise DistError(
            f"revoking would remove it, and it is behind a link of yours: {links[gone[0]]}",
            where=gone[0],
            hint="remove the link yourself, then run it again",
        )
    rest = tuple(step for step in plan.steps if step.path not in gone)
    notes = (Note.of(NoteKind.STAYS_BEHIND_LINK, path, target=links[path]) for path in gone)
    return replace(plan, steps=rest), tuple(notes)
