"""Plan a publication: the repository as it would be, and everything to say about it; nothing is sent."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.authoring.hunks import count_lines
from hermes_dist.decide.authoring.release_notes import ReleaseNotes
from hermes_dist.decide.layers.wanted import check_leaves
from hermes_dist.decide.leaving.leaks import find_leaks, refuse_leaks, refuse_words
from hermes_dist.decide.leaving.publish import changed_here, check_bump, merged, refuse_over
from hermes_dist.decide.parts import named, part_of
from hermes_dist.decide.validate.problems import Problem
from hermes_dist.errors import DistError, Refused, UsageError, first_few
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import image_of
from hermes_dist.model.source import Pin, PinKind, SourceSpec
from hermes_dist.model.tree import Digest, Entry, Read, Tree, together
from hermes_dist.ops.authoring.author import (
    LocalPackage,
    completed,
    problems_of,
    refuse_errors,
)
from hermes_dist.ops.authoring.capture import Leaving, leaving, private_of
from hermes_dist.ops.authoring.destination import Remote, left_branch, read_remote, way_to_merge
from hermes_dist.ops.authoring.real_lines import Replaced, replaced_in
from hermes_dist.ops.authoring.registry_entry import EntryPlan, planned
from hermes_dist.ops.authoring.release import (
    notes_at_home,
    release_of,
    signer_of,
    tag_message,
    tag_to_make,
    with_version,
)
from hermes_dist.ops.change.fetch import Fetched, placed_for
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context
from hermes_dist.ops.layers.ask import with_layers
from hermes_dist.world.git.push import Publisher
from hermes_dist.world.git.sign import Signer
from hermes_dist.world.load import load_manifest
from hermes_dist.world.ports import Refs
from hermes_dist.world.sources.api import Offer

_MANIFEST = RelPath(MANIFEST)
_IN_FILES = frozenset(["secret", "hidden", "size", "personal", "left-out"])
"""Rules about single files: files that are in the repository already are not checked again."""


class PublishOptions(Struct, frozen=True, kw_only=True):
    """The options of a publication.

    Attributes:
        to: The repository; empty for the one the profile came from.
        bump: ``major``, ``minor`` or ``patch``; empty for none.
        version: The version to publish; empty for the manifest's.
        message: The commit message; empty to derive it from the changes.
        branch: The branch; empty for the branch that the profile follows, or else the default branch.
        key: The file of the ssh key to sign with; empty for none.
        new_key: Sign with another key than before, though the earlier one does not name it.
        allowed: Findings that the user allows: ``FILE:LINE``, or a variable whose value may stand anywhere.
        registry: The folder of a registry that gets the package's entry; empty for none.
    """

    to: str = ""
    bump: str = ""
    version: str = ""
    message: str = ""
    branch: str = ""
    key: str = ""
    new_key: bool = False
    allowed: frozenset[str] = frozenset()
    registry: str = ""


class Publication(Discreet, frozen=True, kw_only=True):
    """Everything that publishing would do.

    Attributes:
        spec: The repository, as the profile follows it from now on.
        head: The current commit of the branch; empty for an empty repository.
        parent: The parent of the new commit.
        base: The common ancestor of both sides; empty if they have none.
        ours: The package in the repository with the changes made here, without those of others.
        tree: The package after publishing.
        changes: The differences between the package in the repository and ``tree``.
        before: The package as the repository holds it now.
        taken_in: Files that others changed in the repository and that come into the profile.
        tag: The tag to make; empty if it exists already.
        tag_message: What the tag says: its label, and the version's section in the changelog.
        problems: Warnings about the package.
        signer: The key to sign with; None if nothing is signed, or nothing is new.
        released: If nothing is new, the commit that was tagged with these contents; empty otherwise.
        signed_by: The fingerprint of the key that signs this, or that signed what an earlier run sent from here and did
            not record; empty for neither.
        entry: The entry in a registry that is written then; None for none.
    """

    leaving: Leaving
    spec: SourceSpec
    url: str
    refs: Refs
    branch: str
    head: str
    parent: str
    base: str
    ours: Tree
    tree: Tree
    read: Read
    changes: dict[RelPath, Entry | None]
    before: Tree
    taken_in: tuple[RelPath, ...]
    label: str
    tag: str
    message: str
    tag_message: str = ""
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]
    signer: Signer | None = None
    released: str = ""
    signed_by: str = ""
    entry: EntryPlan | None = None

    @property
    def is_new(self) -> bool:
        """Whether there is anything to push; a branch that is not there yet is."""
        return bool(self.changes or self.tag or not self.head)

    @property
    def stays(self) -> tuple[LeftOut, ...]:
        return self.leaving.stays

    @property
    def lines(self) -> dict[RelPath, tuple[int, int]]:
        """How many lines of each text come and go."""
        return count_lines(self.before, self.tree, self.changes, self.read)

    @property
    def replaced(self) -> tuple[Replaced, ...]:
        """The secrets that variables take the place of."""
        found = self.leaving
        return replaced_in(found.observed.ours, found.tree, found.read, found.variables)

    @property
    def install_source(self) -> str:
        """What other people type after ``install``."""
        return str(self.spec).removeprefix("https://")


def publication_digest(made: Publication) -> str:
    """The digest that a yes to a publication refers to: over what is pushed, and what comes in from others."""
    lines = [
        f"{made.spec} {made.url!r} {made.branch!r} {made.head} {made.parent} {made.tag!r}",
        made.tree.digest,
        made.before.digest,
        *(f"{path!r} {image_of(entry)}" for path, entry in sorted(made.changes.items())),
        *(f"< {path!r}" for path in made.taken_in),
        repr((made.label, made.message, made.tag_message)),
        made.signer.public.fingerprint if made.signer else "",
    ]
    if made.entry is not None:
        lines.append(repr((str(made.entry.file), made.entry.before)))
    return Digest.of("\n".join(lines).encode("utf-8", "surrogatepass"))


def plan(ctx: Context, git: Publisher, name: ProfileName, release: PublishOptions) -> Publication:
    """Work out what publishing would do; this reads the remote and sends nothing.

    Raises:
        DistError: The profile can't be published.
    """
    found, remote = _begun(ctx, git, name, release)
    ours = _ours(found, remote)
    tree, read, merging = _joined(ctx, found, remote, ours)
    tree, read, version = _as_version(ctx, found, remote, release, tree, read)
    changes = {path: tree.get(path) for path in tree.differing(remote.now)}
    refuse_over(changes, remote.not_files)
    package = LocalPackage(place=name, tree=tree, read=read, lacks=found.lacks, broken=found.broken)
    at_home, unread = notes_at_home(found.home.path, version)
    _refuse_private(ctx, found, remote, release, package, at_home)
    problems, label = _judged(ctx, package, changes, release)
    if changes:
        _check_layers(ctx, found, remote, package)
    tag, remarks = tag_to_make(ctx, remote, version, read, changed=bool(changes))
    signer, released = None, ""
    if changes or tag:
        signer = signer_of(ctx, found, remote, key=release.key, new_key=release.new_key)
    else:
        released = release_of(ctx, remote, read)
    entry = _entry(remote, package, release.registry, changed=bool(changes), released=released)
    return Publication(
        leaving=found,
        spec=remote.followed,
        url=remote.url,
        refs=remote.refs,
        branch=remote.branch,
        head=remote.head,
        parent=remote.parent,
        base=remote.base,
        ours=ours,
        tree=tree,
        read=read,
        changes=changes,
        before=remote.now,
        taken_in=remote.taken_in,
        label=label,
        tag=tag,
        message=release.message or _message(label, changes),
        tag_message=tag_message(label, package, version, at_home),
        problems=problems,
        notes=(*found.notes, *merging, *remarks, *unread, *_followed(ctx, found, remote)),
        signer=signer,
        released=released,
        signed_by=signer.public.fingerprint if signer else remote.signed_by,
        entry=entry,
    )


def _begun(
    ctx: Context, git: Publisher, name: ProfileName, release: PublishOptions
) -> tuple[Leaving, Remote]:
    """Read the profile as a package, and the repository that it goes to.

    Raises:
        DistError: One of them can't be read, or can't be published, or published to.
    """
    if release.bump and release.version:
        raise UsageError("choose one of --bump and --version")
    if release.bump:
        check_bump(release.bump)
    found = leaving(ctx, name, own=True)
    found.need_settled(ctx)
    found.need_whole()
    manifest = found.need_manifest(ctx)
    remote = read_remote(ctx, git, found, release.to, release.branch)
    check_leaves(manifest, remote.spec)
    return found, remote


def _followed(ctx: Context, found: Leaving, remote: Remote) -> Iterator[Note]:
    """Say that the profile follows another branch from then on."""
    lock, name = found.home.lock, found.home.name
    before = left_branch(lock, remote.branch)
    if lock is not None and before and lock.pin.url == remote.spec.location:
        back = ctx.command(f"update {name} --to {shlex.quote(before)}")
        yield Note.of(NoteKind.FOLLOWS_BRANCH, branch=remote.branch, before=before, command=back)


def _entry(
    remote: Remote, package: LocalPackage, registry: str, *, changed: bool, released: str
) -> EntryPlan | None:
    """The entry that the registry gets, found to be possible before anything is sent; None if none is wanted.

    Raises:
        DistError: The registry can't have it.
    """
    if not registry:
        return None
    manifest = load_manifest(package.read(package.tree[_MANIFEST].digest))
    commit = "" if changed else released or remote.head
    return planned(registry, manifest, str(remote.followed), _pin(remote, package.tree, commit))


def _pin(remote: Remote, tree: Tree, commit: str) -> Pin:
    return Pin(
        url=remote.url,
        tree=tree.digest,
        kind=PinKind.BRANCH,
        subfolder=remote.spec.subfolder,
        ref=f"refs/heads/{remote.branch}",
        commit=commit,
    )


def _ours(found: Leaving, remote: Remote) -> Tree:
    """The repository with the profile's changes; the package alone if there is no common ancestor."""
    if not remote.repository:
        return found.tree
    changes = changed_here(remote.received, found.tree, remote.repository)
    return remote.repository.with_entries(changes)


def _joined(
    ctx: Context, found: Leaving, remote: Remote, ours: Tree
) -> tuple[Tree, Read, tuple[Note, ...]]:
    """Merge the profile's changes with what the repository holds now; returns remarks about it, too.

    Raises:
        Refused: Others changed the same places.
    """
    read = first_of(found.read, ctx.store.read)
    joined = merged(remote.common, ours, remote.now, read)
    if joined.conflicts:
        raise _conflicting(ctx, found, remote, [c.words for c in joined.conflicts])
    return joined.tree, together(joined.blobs, read), tuple(joined.notes)


def _refuse_private(
    ctx: Context,
    found: Leaving,
    remote: Remote,
    release: PublishOptions,
    package: LocalPackage,
    at_home: ReleaseNotes | None,
) -> None:
    """Look for secrets in what would be pushed, not in the home: the merge may have brought something in.

    The notes at home become the text of the tag.

    Raises:
        Refused: There is something that must not leave this machine.
    """
    private = private_of(ctx, found.home)
    leaks = find_leaks(package.tree, remote.now, package.read, private, found.received)
    refuse_leaks(leaks, release.allowed)
    words = {"--message": release.message, "--branch": release.branch}
    if at_home is not None:
        words[f"the version's section in {at_home.where}"] = "\n".join(at_home.lines)
    refuse_words(words, private, release.allowed)


def _as_version(
    ctx: Context,
    found: Leaving,
    remote: Remote,
    release: PublishOptions,
    tree: Tree,
    read: Read,
) -> tuple[Tree, Read, str]:
    """The package with the variables that replace secrets, and with the version to publish, which is also returned."""
    tree, read = completed(tree, read, "", found.variables)
    is_there = bool(remote.head) and tree == remote.now
    if release.bump and is_there and release_of(ctx, remote, read):
        # A version without changes is made only if it is named.
        release = replace(release, bump="")
    return with_version(tree, read, version=release.version, bump=release.bump)


def _conflicting(ctx: Context, found: Leaving, remote: Remote, places: list[str]) -> Refused:
    name, branch = found.home.name, remote.branch
    hint = "merge their changes first, settle conflicts, and publish again: "
    way = way_to_merge(found, remote)
    if remote.is_others(found):
        hint = "publish to an empty repository with --to; if this one holds the same package, merge that first: "
    if remote.forked:
        # An update to it would put what it holds in place of what is published on the other branch.
        hint = f"merge {branch} with {left_branch(found.home.lock, branch)} in a clone, push that, and follow it: "
        way = f"update {name} --to {shlex.quote(branch)}"
    return Refused(
        f"others have also changed what you changed: {first_few(places, 5)}",
        where=str(remote.spec),
        hint=hint + ctx.command(way),
    )


def _check_layers(ctx: Context, found: Leaving, remote: Remote, package: LocalPackage) -> None:
    """Make sure that whoever installs a package can get its layers, and that they fit together.

    Raises:
        DistError: An installation would fail for its layers.
    """
    tree, read = package.tree, package.read
    manifest = load_manifest(read(tree[_MANIFEST].digest))
    if manifest.extends is None and not manifest.dependencies:
        return
    ctx.store.put_many(read(digest) for digest in sorted({one.digest for one in tree.values()}))
    # Layers in the same repository are as its last commit has them: only the package's folder changes.
    pin = _pin(remote, tree, remote.parent)
    target = Target(remote.followed, remote.refs, pin.ref, remote.parent, PinKind.BRANCH)
    fetched = Fetched(target=target, offer=Offer(pin, tree), manifest=manifest)
    try:
        placed_for(ctx, with_layers(ctx, fetched, found.home, Request()))
    except DistError as error:
        raise error.within(f"{MANIFEST}: its layers") from None


def _judged(
    ctx: Context,
    package: LocalPackage,
    changes: dict[RelPath, Entry | None],
    release: PublishOptions,
) -> tuple[tuple[Problem, ...], str]:
    """Validate a package; returns the warnings and its label.

    Raises:
        InvalidPackage: The package has errors.
    """
    found = [p for p in problems_of(ctx, package) if _counts(p, changes, release)]
    refuse_errors(ctx, package, found)
    manifest = load_manifest(package.read(package.tree[_MANIFEST].digest))
    return tuple(found), f"{manifest.name} {manifest.version}"


def _counts(
    problem: Problem, changes: dict[RelPath, Entry | None], release: PublishOptions
) -> bool:
    """Whether a problem is this publication's: not one that was allowed, nor one that is public already."""
    if f"{problem.path}:{problem.line}" in release.allowed:
        return False
    return problem.rule not in _IN_FILES or problem.path in changes


def _message(label: str, changes: dict[RelPath, Entry | None]) -> str:
    parts = named(part_of(path) for path in changes if path != MANIFEST)
    return f"{label}\n\nChanges: {parts}." if parts else label
