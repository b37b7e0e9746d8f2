"""The meeting place: read it, and push to it. Only this module talks to the repository."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from msgspec import Struct, field

from hermes_dist.decide.ownership import takeable
from hermes_dist.errors import DistError, Invalid, NoSuchRef, UsageError
from hermes_dist.model.lock_head import Newer
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import AsGit, SourceKind, parse_source, without_credentials
from hermes_dist.model.sync.meeting import (
    ABOUT,
    GONE,
    MACHINES,
    PRIVATE_INDEX,
    PROFILE,
    RECIPIENTS,
    SHARED_INDEX,
    About,
    Gone,
    GoneMachines,
    Index,
    Machine,
    inside,
    load_about,
    load_gone,
    load_index,
    load_machine,
    recipients_in,
)
from hermes_dist.model.sync.record import Record
from hermes_dist.model.tree import EMPTY, Entry, Read, Tree
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.limits import LIMITS
from hermes_dist.world.git.push import NewCommit, Publisher, open_publisher
from hermes_dist.world.ports import RefUpdate
from hermes_dist.world.sources.commit_trees import CommitTrees

_T = TypeVar("_T")
BRANCH = "main"


class Place(Struct, frozen=True, kw_only=True):
    """A repository to meet in.

    Attributes:
        git: What reads and pushes.
        url: Its URL, with the login if one was typed.
        branch: Its branch.
    """

    git: Publisher
    url: str
    branch: str

    def __repr__(self) -> str:
        return f"Place({without_credentials(self.url)!r})"

    @property
    def shown(self) -> str:
        """Its URL, without user and password."""
        return without_credentials(self.url)


class Meeting(Struct, frozen=True, kw_only=True):
    """What a meeting place holds at one commit.

    Attributes:
        commit: The commit.
        whole: Every file of the repository; all contents are in the store.
        about: What it says about itself.
        machines: The machines that meet there, by name, as their files say.
        gone: The machines that are said to be gone.
        recipients: The public keys that may read what is encrypted.
        index: What is said of private files.
        shared: What is said of shared files.
        damaged: The files about machines, about who wrote what, and about the place itself, that can't be read.
        others: Files that no machine takes in, such as links.
        profile: The shared files that a home could receive, whoever put them there: nothing that belongs to a machine.
    """

    commit: str
    whole: Tree
    about: About
    machines: Mapping[str, Machine] = field(default_factory=dict)
    gone: tuple[Gone, ...] = ()
    recipients: tuple[str, ...] = ()
    index: Index = Index()
    shared: Index = Index()
    damaged: tuple[RelPath, ...] = ()
    others: tuple[str, ...] = ()
    profile: Tree = EMPTY


def shared_in(whole: Tree) -> Tree:
    """The shared files among those of a repository that a home could receive."""
    return takeable(inside(whole, PROFILE))


def place_at(ctx: Context, url: str, branch: str = BRANCH, machine: str = "") -> Place:
    """Open a repository to meet in; nothing is contacted.

    Args:
        ctx: The context.
        url: Its URL, as :func:`url_of` returns it.
        branch: Its branch.
        machine: The name of this machine, which becomes the author of its commits.
    """
    env = dict(ctx.env)
    for who in ("AUTHOR", "COMMITTER"):
        # Commits say which machine made them; who sits there is nobody's business.
        env[f"GIT_{who}_NAME"] = machine or ctx.brand.dist_command
        env[f"GIT_{who}_EMAIL"] = "sync@hermes-dist.invalid"
    return Place(git=open_publisher(ctx.layout, env, offline=ctx.offline), url=url, branch=branch)


def url_of(ctx: Context, text: str) -> str:
    """Read the URL of a meeting place as it is typed.

    Raises:
        UsageError: It is no git repository.
        Invalid: It is no source at all.
    """
    spec = absolute(parse_source(text, allow_insecure=ctx.allow_insecure))
    if spec.kind.traits.as_git is AsGit.MAYBE:
        spec = spec._replace(kind=SourceKind.GIT, location=ctx.sources.url(spec))
    if spec.kind.traits.as_git is not AsGit.ALWAYS or spec.subfolder or spec.ref:
        raise UsageError(
            "sync meets in a whole git repository of its own",
            hint="such as git@host:you/my-agent-sync, empty and private, or ./folder.git",
        )
    return spec.fetch_url


def known_about(name: ProfileName, record: Record) -> About | None:
    """What a machine that meets others knows of the file that says what a meeting place is.

    Returns:
        All that the file said, but for the key that a machine trusts that joins. None before the first sync, and for a
        place that an older program set up, which has no name yet.
    """
    if not (record.place and record.seen.commit):
        return None
    return About(profile=str(name), carried=record.carried, place=record.place)


def meet(ctx: Context, place: Place, known: About | None = None, seen: str = "") -> Meeting | None:
    """Read what a meeting place holds now; None for an empty repository.

    Args:
        ctx: The context.
        place: The place.
        known: What counts if the file that says what the place is can't be read, as :func:`known_about` returns it:
            whoever may push can damage or delete it. None for a machine that is not there yet: it has to read it.
        seen: The commit that this machine saw there last; empty for none.

    Raises:
        Unreachable: It can't be reached.
        Newer: A newer program syncs there; nothing was changed.
        DistError: It is no meeting place, or something in it is damaged.
    """
    ctx.progress("reading the meeting place")
    refs = place.git.refs(place.url)
    commit = refs.heads.get(place.branch, "")
    if not commit and refs.heads:
        raise DistError(
            f"it has no branch {place.branch}",
            where=place.shown,
            hint="sync needs a repository of its own: make an empty, private one",
        )
    try:
        return read_commit(ctx, place, commit, known, seen) if commit else None
    except NoSuchRef:
        raise Invalid(
            f"it names the commit {commit}, and does not have it",
            where=place.shown,
            hint="its repository is damaged, or somebody holds the commit back: run `git fsck` at its host, or sync "
            "through another, empty repository: on each machine `sync leave`, then `sync init` on the first",
        ) from None


def read_commit(
    ctx: Context, place: Place, commit: str, known: About | None = None, seen: str = ""
) -> Meeting:
    """Read what a meeting place held at a commit.

    Args:
        ctx: The context.
        place: The place.
        commit: The commit.
        known: As for :func:`meet`.
        seen: As for :func:`meet`.

    Raises:
        DistError: It can't be fetched, is no meeting place, or what it is can't be read.
    """
    place.git.fetch(place.url, commit, before=seen, progress=ctx.progress)
    whole, others = _files_at(ctx, place, commit)
    try:
        return _read(ctx, commit, whole, others, known)
    except DistError as err:
        raise err.within(place.shown) from None


def _files_at(ctx: Context, place: Place, commit: str) -> tuple[Tree, tuple[str, ...]]:
    """Every file of a commit, with its content in the store, and the names of what is no file.

    Raises:
        DistError: It is unsafe or too large, or the store can't be written.
    """
    git = place.git
    trees = CommitTrees(ctx.layout.git_cache, git, ctx.store, LIMITS)
    found = trees.read(place.url, commit, None, EMPTY)
    if not (found.left_out or found.copies):
        trees.keep()
        return found.tree, ()
    # What a package leaves out may be a user's own file, such as a text that looks like a pointer of LFS.
    listing = git.listing(place.url, commit, None)
    oids = list(dict.fromkeys(one.oid for one in listing.files))
    stored = ctx.store.put_many(data for _, data in git.blobs(place.url, oids))
    digests = dict(zip(oids, stored, strict=True))
    whole = Tree((one.path, Entry(digests[one.oid], one.executable)) for one in listing.files)
    return whole, tuple(left.path for left in listing.left_out)


def _about(data: bytes | None) -> About:
    """Read the file that says what a repository is.

    Raises:
        Newer: A newer program wrote it.
        Invalid: It is damaged.
        DistError: There is none.
    """
    if data is None:
        raise DistError(
            "it is not a meeting place of hermes-dist, and it is not empty",
            hint="sync needs a repository of its own: make an empty, private one",
        )
    try:
        return load_about(data)
    except Newer:
        raise
    except Invalid as err:
        err.hint = (
            "somebody else than your machines wrote it: run `sync now` on a machine that syncs there already, which "
            "writes it again"
        )
        raise


def _read(
    ctx: Context, commit: str, whole: Tree, others: tuple[str, ...], known: About | None
) -> Meeting:
    def text(path: RelPath) -> bytes:
        return ctx.store.read(whole[path].digest) if path in whole else b""

    damaged: list[RelPath] = []
    try:
        about = _about(text(ABOUT) if ABOUT in whole else None)
    except Newer:
        raise
    except DistError:
        if known is None:
            raise
        damaged.append(ABOUT)
        about = known

    def part(path: RelPath, load: Callable[[bytes], _T], default: _T) -> _T:
        """Read one file; a damaged one stops nothing but what depends on it."""
        try:
            return load(text(path)) if path in whole else default
        except Invalid:
            damaged.append(path)
            return default

    found = [
        part(path, partial(load_machine, path=path), None)
        for path in whole
        if path.parent == MACHINES
    ]
    return Meeting(
        commit=commit,
        whole=whole,
        about=about,
        machines={machine.name: machine for machine in found if machine},
        gone=part(GONE, load_gone, GoneMachines()).machines,
        recipients=recipients_in(text(RECIPIENTS)),
        index=part(PRIVATE_INDEX, load_index, Index()),
        shared=part(SHARED_INDEX, partial(load_index, path=SHARED_INDEX), Index()),
        damaged=tuple(damaged),
        others=others,
        profile=shared_in(whole),
    )


class Push(Struct, frozen=True, kw_only=True):
    """What to push.

    Attributes:
        onto: What the meeting place holds; None for an empty repository.
        files: Every file that it is to hold.
        message: What the commit says.
        read: Gives contents by digest.
    """

    onto: Meeting | None
    files: Tree
    message: str
    read: Read

    @property
    def changes(self) -> dict[RelPath, Entry | None]:
        """What differs from what is there."""
        before = self.onto.whole if self.onto else EMPTY
        return {path: self.files.get(path) for path in self.files.differing(before)}


def push(ctx: Context, place: Place, what: Push) -> str:
    """Push one commit on top of what was read, and return it.

    Raises:
        Busy: Another machine was faster; nothing was pushed.
        Refused: The server rejects it.
        Unreachable: The server can't be reached.
    """
    parent = what.onto.commit if what.onto else ""
    new = NewCommit(parent=parent, changes=what.changes, message=what.message)
    commit = place.git.commit(place.url, new, what.read)
    ctx.progress("sending")
    ref = RefUpdate(f"refs/heads/{place.branch}", parent, commit)
    place.git.push(place.url, [ref], progress=ctx.progress)
    return commit
