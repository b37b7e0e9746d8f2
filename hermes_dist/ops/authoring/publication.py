"""Plan a publication: the repository as it would be, and everything to say about it; nothing is sent."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.authoring.hunks import count_lines
from hermes_dist.decide.authoring.release_notes import changelog_in, section_of
from hermes_dist.decide.authoring.version_tag import can_begin_with, newer_tag, tag_of
from hermes_dist.decide.layers.wanted import check_leaves
from hermes_dist.decide.leaving.publish import (
    bumped,
    changed_here,
    find_leaks,
    merged,
    not_allowed,
    refuse_over,
    refuse_words,
)
from hermes_dist.decide.parts import named, part_of
from hermes_dist.decide.trust import followers_of
from hermes_dist.decide.validate.problems import Level, Problem
from hermes_dist.decide.versions import version_of
from hermes_dist.errors import DistError, Invalid, NoRepository, Refused, UsageError, first_few
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import image_of
from hermes_dist.model.source import AsGit, SourceKind, SourceSpec, parse_source
from hermes_dist.model.tree import EMPTY, Digest, Entry, Read, Tree, together
from hermes_dist.model.trust import KEYS_FILE
from hermes_dist.ops.authoring.author import LocalPackage, completed, problems_of, refuse_leaks
from hermes_dist.ops.authoring.capture import Leaving, leaving, private_of
from hermes_dist.ops.authoring.pushes import Push, as_tree, place_of_push, read_pushes
from hermes_dist.ops.authoring.real_lines import Replaced, replaced_in
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.context import Context
from hermes_dist.world.git.push import Publisher
from hermes_dist.world.git.sign import Signer, open_signer
from hermes_dist.world.keys.files import read_keyring
from hermes_dist.world.keys.signatures import successions_of
from hermes_dist.world.load import load_manifest
from hermes_dist.world.ports import Refs

_MANIFEST = RelPath(MANIFEST)
_FIRST_BRANCH = "main"
_CHOOSE = "choose one with --version 1.0.0"
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
        allowed: Findings that the user allows, as ``FILE:LINE``.
    """

    to: str = ""
    bump: str = ""
    version: str = ""
    message: str = ""
    branch: str = ""
    key: str = ""
    new_key: bool = False
    allowed: frozenset[str] = frozenset()


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
        signed_by: The fingerprint of the key that signed what is there then; empty if this profile does not know.
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
    return Digest.of("\n".join(lines).encode("utf-8", "surrogatepass"))


class InvalidPackage(DistError):
    """The package has errors, which ``validate`` tells, too.

    Args:
        problems: The errors.
        hint: How to see all of them.
    """

    def __init__(self, problems: Sequence[Problem], *, hint: str) -> None:
        super().__init__("the package is not valid", hint=hint)
        self.problems = problems


def plan(ctx: Context, git: Publisher, name: ProfileName, release: PublishOptions) -> Publication:
    """Work out what publishing would do; this reads the remote and sends nothing.

    Raises:
        DistError: The profile can't be published.
    """
    if release.bump and release.version:
        raise UsageError("choose one of --bump and --version")
    found = leaving(ctx, name, own=True)
    found.need_settled(ctx)
    manifest = found.need_manifest(ctx)
    remote = _remote(ctx, git, found, release)
    check_leaves(manifest, remote.spec)
    ours = _ours(found, remote)
    tree, read, merging = _joined(ctx, found, remote, ours)
    tree, read, version = _as_version(ctx, found, remote, release, tree, read)
    changes = {path: tree.get(path) for path in tree.differing(remote.now)}
    refuse_over(changes, remote.not_files)
    _refuse_private(ctx, found, remote, release, tree, read)
    package = LocalPackage(place=name, tree=tree, read=read, lacks=found.lacks)
    problems, label = _judged(ctx, package, changes, release)
    tag, remarks = _tag(ctx, remote, version, read, changed=bool(changes))
    signer = _signer(ctx, found, release, remote) if changes or tag else None
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
        tag_message=_tag_message(label, package, version),
        problems=problems,
        notes=(*found.notes, *merging, *remarks),
        signer=signer,
        released="" if changes or tag else _release_of(ctx, remote, read),
        signed_by=signer.public.fingerprint if signer else remote.signed_by,
    )


class _Remote(Struct, frozen=True, kw_only=True):
    """The repository to publish to, as it was read; the push checks that it is still so.

    Attributes:
        repository: What it held at the base, or when this profile last pushed to it.
        received: The package as the profile received it, or as it left for that push.
        now: What it holds at the parent of the new commit.
        not_files: What it holds there that no package brings: links, submodules and files that are elsewhere.
        arrived: A push of this profile that arrived and was not recorded; None if there was none.
    """

    spec: SourceSpec
    url: str
    refs: Refs
    branch: str
    base: str
    head: str
    parent: str
    repository: Tree
    received: Tree
    now: Tree
    not_files: tuple[LeftOut, ...]
    arrived: Push | None

    @property
    def taken_in(self) -> tuple[RelPath, ...]:
        """Files that others changed since; without a common base nobody can tell."""
        if self.arrived is not None:
            # The version and the variables that the push itself wrote are not changes of others.
            return tuple(path for path in self.now.differing(self.repository) if path != MANIFEST)
        return tuple(self.now.differing(self.repository)) if self.base else ()

    @property
    def followed(self) -> SourceSpec:
        """The source that the profile follows from now on."""
        return _followed(self.spec, self.refs, self.branch)

    @property
    def signed_by(self) -> str:
        """Who signed the commit that is there now, as far as this profile did."""
        arrived = self.arrived
        return arrived.signer if arrived is not None and arrived.commit == self.head else ""


def _remote(ctx: Context, git: Publisher, found: Leaving, release: PublishOptions) -> _Remote:
    """Read the repository to publish to.

    Raises:
        DistError: No repository is known, it can't be reached, or its history does not fit the profile's.
    """
    spec = _target(ctx, found, release.to)
    url = ctx.sources.url(spec)
    refs = _refs(git, url)
    branch = release.branch or _branch(found, spec, refs)
    base = _base(ctx, found, spec, refs, branch)
    head = refs.heads.get(branch, "")
    parent = head or base or refs.head_commit  # new branches start at the default one
    arrived = _arrived(ctx, found, spec, branch, head)
    now = held_at(ctx, spec, parent)
    return _Remote(
        spec=spec,
        url=url,
        refs=refs,
        branch=branch,
        base=base,
        head=head,
        parent=parent,
        repository=as_tree(arrived.merged) if arrived else repository_at(ctx, found, spec, base),
        received=as_tree(arrived.package) if arrived else found.received,
        now=now.tree,
        not_files=now.left_out,
        arrived=arrived,
    )


def _arrived(ctx: Context, found: Leaving, spec: SourceSpec, branch: str, head: str) -> Push | None:
    """Find a push of this profile that is in the repository, and not recorded here because the run was cut off."""
    lock = found.home.lock
    received = lock.pin.commit if lock else ""
    place = place_of_push(ctx.sources.url(spec), spec.subfolder)
    for push in reversed(read_pushes(found.home.path)):
        same = (push.place, push.branch, push.received) == (place, branch, received)
        if not (same and head) or not _has_contents(ctx, push):
            continue
        if ctx.sources.relation(spec, push.commit, head) in ("same", "forward"):
            return push
    return None


def _has_contents(ctx: Context, push: Push) -> bool:
    """Whether a note can be used: a clean-up may have removed what an old one needs."""
    try:
        trees = as_tree(push.package), as_tree(push.merged)
    except Invalid:
        return False
    return ctx.store.has_all(entry.digest for tree in trees for entry in tree.values())


def _refs(git: Publisher, url: str) -> Refs:
    """Ask the repository to publish to; of a folder that is none, the error says how to make one."""
    try:
        return git.refs(url)
    except NoRepository as error:
        folder = Path(unquote(url.removeprefix("file://")))
        if url.startswith("file://") and folder.is_dir():
            # Git's files are for a folder that has no others.
            place = folder.with_name(f"{folder.name}.git") if any(folder.iterdir()) else folder
            error.hint = f"make one, and publish to it: git init --bare {shlex.quote(str(place))}"
        raise


def _target(ctx: Context, found: Leaving, to: str) -> SourceSpec:
    """Find the repository to publish to.

    Raises:
        DistError: No repository is known, or the one given is not a valid repository.
    """
    spec = _given(ctx, to) if to else _known(ctx, found)
    if spec.kind.traits.as_git is AsGit.MAYBE:
        spec = spec._replace(kind=SourceKind.GIT, location=ctx.sources.url(spec))
    if spec.kind.traits.as_git is not AsGit.ALWAYS:
        raise UsageError(
            "--to takes a git repository",
            hint="such as github.com/you/my-agent or git@host:you/my-agent",
        )
    return spec._replace(ref="", is_range=False)


def _given(ctx: Context, to: str) -> SourceSpec:
    return absolute(parse_source(to, allow_insecure=ctx.allow_insecure))


def _known(ctx: Context, found: Leaving) -> SourceSpec:
    """Return the repository that the profile came from, also behind a name in a registry."""
    lock, name = found.home.lock, found.home.name
    if lock is None or not lock.pin.commit:
        example = ctx.command(f"publish {name} --to github.com/you/{name}")
        raise DistError(
            f"where to publish {name} is not known yet",
            where=str(found.home.path),
            hint=f"name the repository: {example}",
        )
    spec = absolute(parse_source(lock.source, allow_insecure=True))
    if spec.kind.traits.is_name:
        return SourceSpec(kind=SourceKind.GIT, location=lock.pin.url, subfolder=lock.pin.subfolder)
    return spec


def _branch(found: Leaving, spec: SourceSpec, refs: Refs) -> str:
    """Find the branch to publish to: the one the profile follows, or else the default branch.

    Raises:
        DistError: The repository has no default branch.
    """
    lock = found.home.lock
    if lock and _same_place(found, spec):
        followed = lock.pin.ref.removeprefix("refs/heads/")
        if followed in refs.heads:
            return followed
    if refs.head:
        return refs.head.removeprefix("refs/heads/")
    if len(refs.heads) == 1:
        return next(iter(refs.heads))
    if not refs.heads:
        return _FIRST_BRANCH
    raise DistError(
        "it has no default branch",
        where=str(spec),
        hint=f"choose one with --branch: {', '.join([*refs.heads][:10])}",
    )


def _same_place(found: Leaving, spec: SourceSpec) -> bool:
    lock = found.home.lock
    return (
        lock is not None and lock.pin.url == spec.location and lock.pin.subfolder == spec.subfolder
    )


def _base(ctx: Context, found: Leaving, spec: SourceSpec, refs: Refs, branch: str) -> str:
    """Find the base of the merge: the commit the profile received, if the remote grew from it; else empty.

    Raises:
        Refused: The remote's history was rewound or rewritten, the profile is held at another commit, or the remote
            holds a plugin and the like.
    """
    lock = found.home.lock
    if lock is None or not lock.pin.commit or not (refs.heads or refs.tags):
        return ""
    head = refs.heads.get(branch, "")
    _refuse_neighbour(ctx, found, lock, spec, head)
    if not _same_place(found, spec):
        return _base_elsewhere(ctx, spec, lock.pin.commit, head)
    if lock.held and head != lock.pin.commit:
        raise Refused(
            f"{found.home.name} is held at {lock.pin.short}, and publishing would merge what came after it",
            where=str(spec),
            hint=f"release it first: {ctx.command(f'unhold {found.home.name}')}",
        )
    if not head:
        return lock.pin.commit  # a new branch grows from what the profile received
    relation = ctx.sources.relation(spec, lock.pin.commit, head)
    went = _REWOUND.get(relation)
    if went is not None:
        raise Refused(
            f"the history of {branch} {went} since this profile was at {lock.pin.short}",
            where=str(spec),
            hint=f"update to it first: {ctx.command(f'update {found.home.name} --allow-downgrade')}",
        )
    return lock.pin.commit


def _refuse_neighbour(
    ctx: Context, found: Leaving, lock: Lock, spec: SourceSpec, head: str
) -> None:
    """Refuse to publish a package over the plugin, or the like, that it was made from."""
    if not lock.top.taken:
        return
    if _same_place(found, spec) or _base_elsewhere(ctx, spec, lock.pin.commit, head):
        raise Refused(
            f"{lock.name} is not a package there: its files have other names and forms than in a profile",
            where=str(spec),
            hint="publish to a repository of its own with --to",
        )


_REWOUND = {"backward": "went back to an older commit", "unrelated": "was restarted"}
"""Publishing over such a history would bring back what its author took out."""


def _base_elsewhere(ctx: Context, spec: SourceSpec, commit: str, head: str) -> str:
    """Return the base in another repository, such as a fork: the profile's commit, if it grew from that."""
    if not head or ctx.sources.relation(spec, commit, head) not in ("same", "forward"):
        return ""
    return commit


def repository_at(ctx: Context, found: Leaving, spec: SourceSpec, base: str) -> Tree:
    """The whole repository at the commit that a profile came from; only the package if that commit is gone."""
    try:
        return _tree(ctx, spec, base)
    except Invalid:
        return found.received


def _tree(ctx: Context, spec: SourceSpec, commit: str) -> Tree:
    return ctx.sources.fetch(spec, "", commit, ctx.progress).tree if commit else EMPTY


class Held(Struct, frozen=True):
    """What a repository holds: the files, and what is none."""

    tree: Tree = EMPTY
    left_out: tuple[LeftOut, ...] = ()


def held_at(ctx: Context, spec: SourceSpec, commit: str) -> Held:
    """What the repository holds now; nothing if it does not have the package's folder yet."""
    if not commit:
        return Held()
    try:
        offer = ctx.sources.fetch(spec, "", commit, ctx.progress)
    except Invalid as err:
        if spec.subfolder and err.where.startswith(f"//{spec.subfolder}"):
            return Held()
        raise
    return Held(offer.tree, offer.left_out)


def _ours(found: Leaving, remote: _Remote) -> Tree:
    """The repository with the profile's changes; the package alone if there is no common ancestor."""
    if not remote.repository:
        return found.tree
    changes = changed_here(remote.received, found.tree, remote.repository)
    return remote.repository.with_entries(changes)


def _joined(
    ctx: Context, found: Leaving, remote: _Remote, ours: Tree
) -> tuple[Tree, Read, tuple[Note, ...]]:
    """Merge the profile's changes with what the repository holds now; returns remarks about it, too.

    Raises:
        Refused: Others changed the same places.
    """
    read = first_of(found.read, ctx.store.read)
    joined = merged(remote.repository, ours, remote.now, read)
    if joined.conflicts:
        raise _conflicting(ctx, found, remote, [c.words for c in joined.conflicts])
    return joined.tree, together(joined.blobs, read), tuple(joined.notes)


def _refuse_private(
    ctx: Context, found: Leaving, remote: _Remote, release: PublishOptions, tree: Tree, read: Read
) -> None:
    """Look for secrets in what would be pushed, not in the home: the merge may have brought something in.

    Raises:
        Refused: There is something that must not leave this machine.
    """
    private = private_of(ctx, found.home)
    leaks = not_allowed(find_leaks(tree, remote.now, read, private), release.allowed)
    refuse_leaks([str(leak) for leak in leaks], flag="--allow-finding FILE:LINE")
    refuse_words({"--message": release.message, "--branch": release.branch}, private)


def _as_version(
    ctx: Context,
    found: Leaving,
    remote: _Remote,
    release: PublishOptions,
    tree: Tree,
    read: Read,
) -> tuple[Tree, Read, str]:
    """The package with the variables that replace secrets, and with the version to publish, which is also returned."""
    tree, read = completed(tree, read, "", found.variables)
    is_there = bool(remote.head) and tree == remote.now
    if release.bump and is_there and _release_of(ctx, remote, read):
        # A version without changes is made only if it is named.
        release = replace(release, bump="")
    return _with_version(tree, read, release)


def _version_in(tree: Tree, read: Read) -> str:
    """The version in a package's manifest; empty if it has none, or can't be read."""
    try:
        return load_manifest(read(tree[_MANIFEST].digest)).version if _MANIFEST in tree else ""
    except Invalid:
        return ""


def _release_of(ctx: Context, remote: _Remote, read: Read) -> str:
    """The commit of the version tag whose contents the repository holds now; empty if they are no version yet."""
    version, tags = _version_in(remote.now, read), remote.refs.tags
    tag = tag_of(_tag_prefix(ctx, remote, read), version, tags)
    if not (version and tag):
        return ""
    commit = tags[tag]
    # In a repository with several packages, commits for the others may follow.
    same = commit == remote.head or held_at(ctx, remote.spec, commit).tree == remote.now
    return commit if same else ""


def _conflicting(ctx: Context, found: Leaving, remote: _Remote, places: list[str]) -> Refused:
    return Refused(
        f"others have also changed what you changed: {first_few(places, 5)}",
        where=str(remote.spec),
        hint="merge their changes first, settle conflicts, and publish again: "
        + ctx.command(_way_to_merge(found, remote)),
    )


def _way_to_merge(found: Leaving, remote: _Remote) -> str:
    """The command that brings into a profile what the repository holds on that branch."""
    lock, name = found.home.lock, found.home.name
    source = shlex.quote(str(remote.followed).removeprefix("https://"))
    if lock is None:
        return f"adopt {name} {source}"
    if not _same_place(found, remote.spec):
        return f"install {source} --name {name} --force"
    if lock.pin.ref.removeprefix("refs/heads/") == remote.branch:
        return f"update {name}"
    return f"update {name} --to {shlex.quote(remote.branch)}"


def _with_version(tree: Tree, read: Read, release: PublishOptions) -> tuple[Tree, Read, str]:
    """The package with its version."""
    now = load_manifest(read(tree[_MANIFEST].digest)).version
    version = release.version.removeprefix("v") or now
    if release.bump:
        version = bumped(now, release.bump)
    if not version:
        raise UsageError("the package has no version yet", hint=_CHOOSE)
    if version_of(version) is None:
        raise UsageError(f"{version!r:.60} is not a valid version", hint=_CHOOSE)
    return *completed(tree, read, version, ()), version


def _tag(
    ctx: Context, remote: _Remote, version: str, read: Read, *, changed: bool
) -> tuple[str, tuple[Note, ...]]:
    """Choose the tag to make (empty if it exists already), and remarks about it.

    Raises:
        DistError: The tag exists already and names another commit.
    """
    prefix, tags = _tag_prefix(ctx, remote, read), remote.refs.tags
    tag = f"{prefix}v{version}"
    if tag_of(prefix, version, tags):
        if changed:
            raise DistError(
                f"{version} is already published with other contents",
                where=f"tag {tag}",
                hint="choose a new version with --bump patch, minor or major, or with --version",
            )
        return "", ()
    newest = newer_tag(prefix, version, tags)
    return tag, (Note.of(NoteKind.OLDER_THAN_PUBLISHED, tag=tag, newest=newest),) if newest else ()


def _tag_prefix(ctx: Context, remote: _Remote, read: Read) -> str:
    """What the names of a package's tags begin with: its folder, so that each package of a repository has its own.

    A package whose versions were tagged without it goes on so.
    """
    folder, refs = remote.spec.subfolder, remote.refs
    if folder is None:
        return ""
    own = f"{folder}/"
    if any(tag.startswith(own) for tag in refs.tags_for(folder)):
        return own
    if not can_begin_with(folder, refs.tags) or _is_tagged_plainly(ctx, remote, read):
        return ""
    return own


def _is_tagged_plainly(ctx: Context, remote: _Remote, read: Read) -> bool:
    """Whether a tag without the folder is the version of the package that the repository holds now."""
    version, tags = _version_in(remote.now, read), remote.refs.tags
    tag = tag_of("", version, tags) if version else ""
    if not tag:
        return False
    tree = held_at(ctx, remote.spec, tags[tag]).tree
    return _version_in(tree, first_of(read, ctx.store.read)) == version


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
    errors = [p for p in found if p.level is Level.ERROR]
    if errors:
        see = ctx.command(f"validate {shlex.quote(str(package.place))}")
        raise InvalidPackage(errors, hint=f"see all: {see}")
    manifest = load_manifest(package.read(package.tree[_MANIFEST].digest))
    return tuple(found), f"{manifest.name} {manifest.version}"


def _counts(
    problem: Problem, changes: dict[RelPath, Entry | None], release: PublishOptions
) -> bool:
    """Whether a problem is this publication's: not one that was allowed, nor one that is public already."""
    if f"{problem.path}:{problem.line}" in release.allowed:
        return False
    return problem.rule not in _IN_FILES or problem.path in changes


def _followed(spec: SourceSpec, refs: Refs, branch: str) -> SourceSpec:
    """The source that the profile follows from now on; the default branch is not written into it."""
    default = refs.head.removeprefix("refs/heads/")
    is_only_one = not default and len(refs.heads) < 2
    if branch == default or is_only_one:
        return spec
    return spec.at(branch)


def _message(label: str, changes: dict[RelPath, Entry | None]) -> str:
    parts = named(part_of(path) for path in changes if path != MANIFEST)
    return f"{label}\n\nChanges: {parts}." if parts else label


def _tag_message(label: str, package: LocalPackage, version: str) -> str:
    """What a tag says, for whoever reads the tag alone: hosts show it as the text of a release."""
    path = changelog_in(package.tree)
    if path is None:
        return label
    text = package.read(package.tree[path].digest).decode("utf-8", "replace")
    return f"{label}\n\n{section_of(text, version)}".rstrip()


def _signer(
    ctx: Context, found: Leaving, release: PublishOptions, remote: _Remote
) -> Signer | None:
    """Open the key to sign with.

    Raises:
        Refused: Earlier releases are signed, and no key would sign this one, or one that nobody expects.
        DistError: The key can't be used.
    """
    lock = found.home.lock
    before = remote.signed_by or (lock.signer if lock else "")
    if release.key:
        signer = open_signer(Path(release.key).expanduser(), ctx.env)
        if before and not release.new_key:
            _check_follows(ctx, remote, before, signer)
        return signer
    if before:
        raise Refused(
            f"the previous release was signed by {before}, so whoever has it would refuse an unsigned version",
            where=str(found.home.name),
            hint="sign with --key FILE",
        )
    return None


def _check_follows(ctx: Context, remote: _Remote, before: str, signer: Signer) -> None:
    """Make sure that the people who have an earlier release accept this key.

    Raises:
        Refused: It is another key, and the repository does not say that it follows the earlier one.
    """
    now = signer.public.fingerprint
    entry = remote.now.get(RelPath(KEYS_FILE))
    steps = successions_of(ctx.store.read(entry.digest)) if entry else frozenset()
    if now == before or now in followers_of(before, steps, read_keyring(ctx.layout)):
        return
    rotate = ctx.command(f"sign ./CLONE --rotate {signer.path}.pub --key OLD-KEY")
    raise Refused(
        f"the previous release was signed by {before}, not by {now}, so whoever has it would refuse this version",
        where=str(signer.path),
        hint=f"name it as the successor in a clone of the repository, and push that: {rotate}; "
        "if the old key is lost, pass --accept-new-key, which your users have to do, too",
    )
