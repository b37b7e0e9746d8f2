"""Find the repository that a profile is published to, and read what it holds."""

from __future__ import annotations

import shlex
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.errors import DistError, Invalid, NoRepository, Refused, UsageError
from hermes_dist.light import NamedTuple
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import AsGit, SourceKind, SourceSpec, parse_source
from hermes_dist.model.tree import EMPTY, Tree
from hermes_dist.ops.authoring.capture import Leaving
from hermes_dist.ops.authoring.pushes import Push, as_tree, place_of_push, read_pushes
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.context import Context
from hermes_dist.world.git.push import Publisher
from hermes_dist.world.ports import Refs

_FIRST_BRANCH = "main"


class Remote(Struct, frozen=True, kw_only=True):
    """The repository to publish to, as it was read; the push checks that it is still so.

    Attributes:
        repository: What it held at the base, or when this profile last pushed to it.
        common: What it held where the base and the branch went different ways; mostly that is the base itself.
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
    common: Tree
    received: Tree
    now: Tree
    not_files: tuple[LeftOut, ...]
    arrived: Push | None

    @property
    def forked(self) -> bool:
        """Whether the branch went another way than the one that the profile received."""
        return self.common is not self.repository

    def is_others(self, found: Leaving) -> bool:
        """Whether it shares nothing with what the profile came from, as if it held another package."""
        came = found.home.lock is not None and bool(found.home.lock.pin.commit)
        return came and not self.base and not _same_place(found, self.spec)

    @property
    def taken_in(self) -> tuple[RelPath, ...]:
        """Files that others changed since; without a common base nobody can tell."""
        if self.arrived is not None:
            # The version and the variables that the push itself wrote are not changes of others.
            return tuple(path for path in self.now.differing(self.common) if path != MANIFEST)
        return tuple(self.now.differing(self.common)) if self.base else ()

    @property
    def followed(self) -> SourceSpec:
        """The source that the profile follows from now on."""
        return _followed(self.spec, self.refs, self.branch)

    @property
    def signed_by(self) -> str:
        """Who signed what this profile sent and did not record, also if others have published on top of it since."""
        return self.arrived.signer if self.arrived is not None else ""


def read_remote(ctx: Context, git: Publisher, found: Leaving, to: str, branch: str) -> Remote:
    """Read the repository to publish to.

    Where ``to`` is empty, that is the one the profile came from; where ``branch`` is, the branch that the profile
    follows, or else the default branch.

    Raises:
        DistError: No repository is known, it can't be reached, or its history does not fit the profile's.
    """
    spec = _target(ctx, found, to)
    url = ctx.sources.url(spec)
    refs = _refs(git, url)
    asked = bool(branch)
    branch = branch or _branch(found, spec, refs)
    base, fork = _base(ctx, found, spec, refs, branch, asked=asked)
    head = refs.heads.get(branch, "")
    parent = head or base or refs.head_commit  # new branches start at the default one
    arrived = _arrived(ctx, found, spec, branch, head)
    now = _held_now(ctx, spec, parent, arrived)
    repository = as_tree(arrived.merged) if arrived else repository_at(ctx, found, spec, base)
    is_base = arrived is not None or fork == base
    return Remote(
        spec=spec,
        url=url,
        refs=refs,
        branch=branch,
        base=base,
        head=head,
        parent=parent,
        repository=repository,
        common=repository if is_base else _tree(ctx, spec, fork),
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
        trees = as_tree(push.package), as_tree(push.merged), push.left_there
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
    """Return the repository that the profile came from, also behind a name in a registry.

    For a profile that came from none, that is where it was sent last.
    """
    lock, name = found.home.lock, found.home.name
    if lock is None or not lock.pin.commit:
        if sent := read_pushes(found.home.path):
            url, _, folder = sent[-1].place.rpartition("//")
            subfolder = RelPath(folder) if folder else None
            return SourceSpec(kind=SourceKind.GIT, location=url, subfolder=subfolder)
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


class _Base(NamedTuple):
    """The base of a merge.

    Attributes:
        commit: The commit that the profile received; empty if it shares none with the branch.
        fork: The commit at which the branch went another way than it; mostly the same one.
    """

    commit: str = ""
    fork: str = ""


def _base(
    ctx: Context, found: Leaving, spec: SourceSpec, refs: Refs, branch: str, *, asked: bool
) -> _Base:
    """Find the base of the merge: the commit the profile received, if the remote grew from it; else empty.

    Args:
        ctx: The context.
        found: The profile.
        spec: The repository.
        refs: Its refs.
        branch: The branch to publish to.
        asked: Whether the user named that branch.

    Raises:
        Refused: The remote's history was rewound or rewritten, the profile is held at another commit, or the remote
            holds a plugin and the like.
    """
    lock = found.home.lock
    if lock is None or not lock.pin.commit or not (refs.heads or refs.tags):
        return _Base()
    head, commit = refs.heads.get(branch, ""), lock.pin.commit
    _refuse_neighbour(ctx, found, lock, spec, head)
    if not _same_place(found, spec):
        elsewhere = _base_elsewhere(ctx, spec, commit, head)
        return _Base(elsewhere, elsewhere)
    if lock.held and head != commit:
        raise Refused(
            f"{found.home.name} is held at {lock.pin.short}, and publishing would merge what came after it",
            where=str(spec),
            hint=f"release it first: {ctx.command(f'unhold {found.home.name}')}",
        )
    # A new branch grows from what the profile received.
    if not head or ctx.sources.relation(spec, commit, head) not in _REWOUND:
        return _Base(commit, commit)
    return _Base(commit, _fork(ctx, found, lock, spec, (branch, head), asked=asked))


def left_branch(lock: Lock | None, branch: str) -> str:
    """The branch that a profile follows and no longer will, once it is published to another one; empty for none."""
    ref = lock.pin.ref if lock is not None else ""
    followed = ref.removeprefix("refs/heads/")
    return followed if followed not in (ref, branch) else ""


def _rewound(
    ctx: Context, found: Leaving, lock: Lock, spec: SourceSpec, tip: tuple[str, str]
) -> Refused:
    branch, head = tip
    went = _REWOUND[ctx.sources.relation(spec, lock.pin.commit, head)]
    return Refused(
        f"the history of {branch} {went} since this profile was at {lock.pin.short}",
        where=str(spec),
        hint=f"update to it first: {ctx.command(f'update {found.home.name} --allow-downgrade')}",
    )


def _branch_gone(
    ctx: Context, found: Leaving, lock: Lock, spec: SourceSpec, branch: str
) -> Refused:
    name, followed = found.home.name, left_branch(lock, branch)
    return Refused(
        f"{followed}, which {name} follows, is gone, and {branch} does not hold what was published there",
        where=str(spec),
        hint=f"to publish it to {branch}: "
        + ctx.command(f"publish {name} --branch {shlex.quote(branch)}"),
    )


def _fork(
    ctx: Context,
    found: Leaving,
    lock: Lock,
    spec: SourceSpec,
    tip: tuple[str, str],
    *,
    asked: bool,
) -> str:
    """The commit at which a branch, given with its head, went another way than the one that the profile follows.

    Raises:
        Refused: There is none, so there is nothing to merge by, or the history of the branch itself was changed.
    """
    branch, head = tip
    if not left_branch(lock, branch):
        raise _rewound(ctx, found, lock, spec, tip)
    if not asked:
        raise _branch_gone(ctx, found, lock, spec, branch)
    fork = ctx.sources.common(spec, lock.pin.commit, head)
    if not fork:
        name, followed = found.home.name, left_branch(lock, branch)
        raise Refused(
            f"{branch} has no commit in common with {followed}, which {name} follows",
            where=str(spec),
            hint="to have what it holds in place of what is published on the other, and publish on top of that: "
            + ctx.command(f"update {name} --to {shlex.quote(branch)}"),
        )
    return fork


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


def _held_now(ctx: Context, spec: SourceSpec, commit: str, arrived: Push | None) -> Held:
    """What the repository holds now; of what this profile sent itself, as the note of the push has it if need be.

    Raises:
        Invalid: Nobody could install what it holds, and it is not from here: it has to be put right there.
    """
    try:
        return held_at(ctx, spec, commit)
    except Invalid as error:
        if arrived is not None and arrived.commit == commit:
            return Held(arrived.left_there)
        error.hint = (
            "nobody can install what the repository holds: put it right in a clone and push that,"
            " or publish to another repository with --to"
        )
        raise error.within(str(spec)) from None


def way_to_record(ctx: Context, found: Leaving, spec: SourceSpec, refs: Refs, branch: str) -> str:
    """The command that records what was published, from where nothing is recorded of it yet."""
    words = f"publish {found.home.name}"
    if not _same_place(found, spec):
        place = spec._replace(ref="")
        words += f" --to {shlex.quote(str(place).removeprefix('https://'))}"
    try:
        expected = _branch(found, spec, refs)
    except DistError:
        expected = ""
    if branch != expected:
        words += f" --branch {shlex.quote(branch)}"
    return ctx.command(words)


def way_to_merge(found: Leaving, remote: Remote) -> str:
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


def _followed(spec: SourceSpec, refs: Refs, branch: str) -> SourceSpec:
    """The source that the profile follows from now on; the default branch is not written into it."""
    default = refs.head.removeprefix("refs/heads/")
    is_only_one = not default and len(refs.heads) < 2
    if branch == default or is_only_one:
        return spec
    return spec.at(branch)
