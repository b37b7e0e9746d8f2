"""Publish a profile: capture it, merge it with the remote, validate, push, and remember the result as base.

    base   = the repository at the commit that this profile came from or last published
    ours   = base with the changes made here
    theirs = the repository now

Everything is decided before anything is sent. The push moves branch and tag together, and only if the remote
is still as it was read.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.decide.consent.parking import put_back
from hermes_dist.decide.leaving.leaks import refuse_words
from hermes_dist.decide.leaving.publish import never_received
from hermes_dist.decide.trust import Verdict
from hermes_dist.errors import Busy, Cancelled, DistError
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.source import PinKind
from hermes_dist.model.tree import Tree, together
from hermes_dist.ops.authoring.capture import base_of, private_of
from hermes_dist.ops.authoring.destination import way_to_record
from hermes_dist.ops.authoring.publication import (
    Publication,
    PublishOptions,
    plan,
    publication_digest,
)
from hermes_dist.ops.authoring.pushes import (
    Push,
    as_files,
    note,
    place_of_push,
    push_failed,
    recorded,
)
from hermes_dist.ops.authoring.registry_entry import enter
from hermes_dist.ops.change.fetch import Holding, Incoming, fetch, holding_of, placed_for
from hermes_dist.ops.change.observe import first_of, user_jobs_in
from hermes_dist.ops.change.proposal import OtherPlan, Outcome, carry_out
from hermes_dist.ops.change.propose import propose
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.world.git.push import NewCommit, Publisher, Rejected, open_publisher
from hermes_dist.world.ports import RefUpdate


class Published(Struct, frozen=True, kw_only=True):
    """The result of publishing.

    Attributes:
        commit: The published commit; empty for a dry run.
        outcome: What came into the profile; None if the profile did not change.
        entry: The file of the entry that was written into a registry; None if none was asked for.
    """

    publication: Publication
    commit: str = ""
    outcome: Outcome | None = None
    entry: Path | None = None
    dry_run: bool = False


_ANOTHER_AUTHOR = (
    "the same text is in .env or another file of keys: if it may be public, take it out of there; else let git name "
    "another author for this run, with GIT_AUTHOR_EMAIL and GIT_COMMITTER_EMAIL, or with the same for NAME"
)
Agree = Callable[[Publication], bool]
"""Shows a publication and asks for confirmation; False means no."""


def publish(
    ctx: Context,
    name: ProfileName,
    release: PublishOptions,
    agree: Agree,
    *,
    dry_run: bool = False,
    shown: str = "",
) -> Published:
    """Publish a profile as a new version of its package.

    Args:
        ctx: The context.
        name: The profile.
        release: The options.
        agree: Shows what would be published and asks for confirmation.
        dry_run: Push nothing.
        shown: The digest of the publication that the user saw and confirmed, by :func:`publication_digest`; any other
            is refused. Empty if the user is asked.

    Raises:
        OtherPlan: It is not the publication that was shown; nothing was pushed.
        Refused: The profile conflicts with what others published, or contains something that must not leave
            this machine.
        Busy: Someone else published at the same moment; nothing was pushed.
        Unreachable: The remote can't be reached; it may have taken the push all the same if its answer was lost.
        DistError: The profile can't be read or written; the error says so if it was published and is only not recorded.
    """
    git = open_publisher(ctx.layout, ctx.env, offline=ctx.offline)
    made = plan(ctx, git, name, release)
    if dry_run:
        return Published(publication=made, dry_run=True)
    if shown and publication_digest(made) != shown:
        raise OtherPlan(name, Published(publication=made, dry_run=True))
    commit = made.head
    if made.is_new:
        # Early: no confirmation should be asked for a commit without an author.
        authors = {git.identity("AUTHOR"), git.identity("COMMITTER")}
        refuse_words(
            {"user.name and user.email of git": "\n".join(sorted(authors))},
            # Whoever writes the same address into .env and into git's settings means to be known by it.
            replace(private_of(ctx, made.leaving.home), unclear={}),
            hint=_ANOTHER_AUTHOR,
        )
        if not agree(made):
            raise Cancelled("cancelled, nothing was published")
        commit = _push(ctx, git, made)
    # Also with nothing new: it may have been published from here before, and not recorded because of an error.
    outcome = _remember(ctx, made, commit)
    entry = _entered(ctx, made, release.registry) if release.registry else None
    return Published(publication=made, commit=commit, outcome=outcome, entry=entry)


def _entered(ctx: Context, made: Publication, registry: str) -> Path:
    """Write the entry into the registry.

    Raises:
        DistError: It can't be written; the error says how it is once that is put right.
    """
    name = made.leaving.home.name
    try:
        return enter(ctx, name, str(made.spec), registry, released=made.released)
    except DistError as error:
        again = ctx.command(f"publish {name} --registry {shlex.quote(registry)}")
        error.hint = f"it is published, only its entry is missing: {again} writes that"
        raise


def _push(ctx: Context, git: Publisher, made: Publication) -> str:
    """Make the commit and its tag, and push both or neither."""
    sign = made.signer.sign if made.signer else None
    commit, updates = made.head or made.parent, []
    if made.changes:
        new = NewCommit(
            parent=made.parent,
            subfolder=made.spec.subfolder,
            changes=made.changes,
            message=made.message,
        )
        commit = git.commit(made.url, new, made.read, sign=sign)
    # With the head that was merged: if somebody else has pushed since, all of the push is refused.
    if commit != made.head:
        updates.append(RefUpdate(f"refs/heads/{made.branch}", made.head, commit))
    if made.tag:
        tag = git.make_tag_object(made.url, commit, made.tag, made.tag_message, sign=sign)
        updates.append(RefUpdate(f"refs/tags/{made.tag}", "", tag))
    # In one push: a tag without its branch would be a release that nobody can follow.
    ctx.progress("publishing")
    with _noted(ctx, made, commit):
        git.push(made.url, updates, progress=ctx.progress)
    return commit


@contextmanager
def _noted(ctx: Context, made: Publication, commit: str) -> Iterator[None]:
    """Note a push before it begins: if this run is cut off, the next one knows what was sent from here."""
    found, lock = made.leaving, made.leaving.home.lock
    push = Push(
        place=place_of_push(made.url, made.spec.subfolder),
        branch=made.branch,
        received=lock.pin.commit if lock else "",
        commit=commit,
        signer=made.signed_by,
        package=as_files(found.tree),
        merged=as_files(made.ours),
        sent=as_files(made.tree),
    )
    read = first_of(made.read, found.read)
    digests = {
        entry.digest for tree in (found.tree, made.ours, made.tree) for entry in tree.values()
    }
    ctx.store.put_many(read(digest) for digest in sorted(digests))
    note(found.home, push)
    try:
        yield
    except (Rejected, Busy):
        # The server said so. After any other error the push may have arrived.
        push_failed(found.home.path, push)
        raise


def _remember(ctx: Context, made: Publication, commit: str) -> Outcome:
    """Record what was published as the profile's base, and bring in what others published."""
    found = made.leaving
    base, read = base_of(found, str(found.home.name))
    ctx.store.put_many(read(entry.digest) for entry in base.values())
    target = Target(made.spec, made.refs, f"refs/heads/{made.branch}", commit, PinKind.BRANCH)
    try:
        held = holding_of(ctx, found.home)
        held = replace(held, user_jobs=user_jobs_in(found.home, read, base))
        fetched = with_layers(ctx, fetch(ctx, target), found.home, Request())
        incoming = placed_for(ctx, fetched, held)
        incoming = _signed_here(_as_partial(ctx, made, incoming, base), made)
        # An update like any other: over the base that was just published, it brings in only what others did.
        proposal = propose(ctx, found.home, incoming, Choices(), verb="publish", base=base)
        outcome = carry_out(ctx, proposal)
    except DistError as err:
        again = way_to_record(ctx, found, made.spec, made.refs, made.branch)
        err.hint = f"it is published, but not recorded here yet: {again} records it"
        raise
    recorded(found.home.path)
    return outcome


def _as_partial(ctx: Context, made: Publication, incoming: Incoming, base: Tree) -> Incoming:
    """Leave out what a profile with only some parts of its package never received, or publishing would install it."""
    lock = made.leaving.home.lock
    if lock is None or not lock.partial or not made.base:
        return incoming
    earlier = Target(made.spec, made.refs, "", made.base, PinKind.COMMIT)
    held = Holding(
        base=lock.base, included=lock.top.included, released=lock.released, inputs=lock.inputs
    )
    before = placed_for(ctx, fetch(ctx, earlier), held)
    read = first_of(before.read, ctx.store.read)
    places = never_received(before.placed, lock.theirs(), read)
    back = put_back(incoming.placed, base, places, incoming.read)
    return replace(
        incoming, placed=back.tree, read=together(back.blobs, incoming.read), whole=False
    )


def _signed_here(incoming: Incoming, made: Publication) -> Incoming:
    """Expect the author's own key from now on, without judging a signature that was made a moment ago."""
    if not made.signed_by:
        return incoming
    # What an earlier run signed may be below what others published since.
    trust = Note.of(NoteKind.SIGNED_BY_YOU, signer=made.signed_by) if made.signer else None
    return replace(incoming, verdict=Verdict(made.signed_by, trust))
