"""Contribute: send changes to an installed profile back to the package's author, as a patch or a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.authoring.hunks import count_lines
from hermes_dist.decide.leaving.leaks import find_leaks, refuse_leaks, refuse_words
from hermes_dist.decide.leaving.publish import changed_here, refuse_over
from hermes_dist.decide.parts import named, part_of
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import MCP
from hermes_dist.errors import Cancelled, DistError, UsageError
from hermes_dist.model.left_out import LeftOut
from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.source import AsGit, PinKind, SourceKind, SourceSpec, parse_source
from hermes_dist.model.tree import Entry, Read, Tree
from hermes_dist.ops.authoring.author import completed
from hermes_dist.ops.authoring.capture import Leaving, leaving, private_of
from hermes_dist.ops.authoring.destination import held_at, repository_at
from hermes_dist.ops.authoring.installable import check_installable
from hermes_dist.ops.authoring.of_layer import find_layer
from hermes_dist.ops.change.look_up import absolute
from hermes_dist.ops.change.observe import first_of
from hermes_dist.ops.context import Context
from hermes_dist.world.archive.write import Sink, check_new_file, write_private
from hermes_dist.world.git.push import NewCommit, Publisher, open_publisher
from hermes_dist.world.ports import RefUpdate


class Gift(Struct, frozen=True, kw_only=True):
    """The options of a contribution.

    Attributes:
        to: The fork to push a branch to; empty for none.
        out: The file to write a patch into; None for none.
        only: Parts to take; empty for all.
        without: Parts to leave out.
        places: Only these changes: files, folders, keys, or hunks such as ``SOUL.md:2``; empty for all.
        own: Include files, jobs and servers of the user's own.
        layer: The layer to send the changes of to its own repository; empty for the package itself.
        branch: The name of the branch; empty to derive it from the profile and the change.
        message: The message; empty to derive it from the changes.
        allowed: Findings that the user allows: ``FILE:LINE``, or a variable whose value may stand anywhere.
    """

    to: str = ""
    out: Path | None = None
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    places: tuple[str, ...] = ()
    own: bool = False
    layer: str = ""
    branch: str = ""
    message: str = ""
    allowed: frozenset[str] = frozenset()


class Contribution(Struct, frozen=True, kw_only=True):
    """Everything that contributing would send.

    Attributes:
        layer: The layer that the changes are of; empty for the package itself.
        spec: The package's repository.
        base: The commit that the changes apply to.
        changes: The changes.
        before: The package at that commit.
        stays: What is left out, and why.
    """

    name: ProfileName
    layer: str = ""
    spec: SourceSpec
    base: str
    tree: Tree
    read: Read
    changes: dict[RelPath, Entry | None]
    before: Tree
    branch: str
    message: str
    stays: tuple[LeftOut, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def lines(self) -> dict[RelPath, tuple[int, int]]:
        """How many lines of each text come and go."""
        return count_lines(self.before, self.tree, self.changes, self.read)


class Contributed(Struct, frozen=True, kw_only=True):
    """The result: the patch that was written, or the branch that was pushed."""

    contribution: Contribution
    patch: Path | None = None
    pushed: str = ""


Agree = Callable[[Contribution], bool]


def contribute(
    ctx: Context, name: ProfileName, gift: Gift, agree: Agree, *, dry_run: bool = False
) -> Contributed:
    """Send the changes in a profile back to the package's author.

    Args:
        ctx: The context.
        name: The profile.
        gift: The options.
        agree: Shows what would be sent and asks for confirmation.
        dry_run: Write and push nothing.

    Raises:
        Refused: The changes contain something that must not leave this machine.
        DistError: The profile can't be read, the remote can't be reached, or the patch can't be written.
    """
    if bool(gift.to) == bool(gift.out) and not dry_run:
        raise UsageError(
            "choose where to send it: --to FORK for a branch, or -o FILE.patch",
            hint="pass one of the two",
        )
    if gift.out:
        check_new_file(gift.out)
    made = gather(ctx, name, gift)
    if dry_run or not made.changes:
        return Contributed(contribution=made)
    git = open_publisher(ctx.layout, ctx.env, offline=ctx.offline)
    git.identity()  # fails early: no confirmation should be asked for a commit without an author
    if not agree(made):
        raise Cancelled("cancelled, nothing was sent")
    home_of = ctx.sources.url(made.spec)
    git.fetch(home_of, made.base)
    new = NewCommit(
        parent=made.base, subfolder=made.spec.subfolder, changes=made.changes, message=made.message
    )
    commit = git.commit(home_of, new, made.read)
    if gift.out:
        data = git.patch(home_of, commit)
        write_private(gift.out.absolute(), lambda sink: _all(sink, data))
        return Contributed(contribution=made, patch=gift.out)
    return Contributed(contribution=made, pushed=_push(ctx, git, made, gift.to, commit))


def _all(sink: Sink, data: bytes) -> None:
    sink.write(data)
    sink.close()


def gather(ctx: Context, name: ProfileName, gift: Gift) -> Contribution:
    """List what would be sent.

    Raises:
        DistError: The profile comes from no repository, or something must not leave this machine.
    """
    # Whoever names a file of their own means to send it.
    own = gift.own or bool(gift.places)
    found = leaving(ctx, name, own=own, places=gift.places, layer=gift.layer, apart=True)
    found.need_settled(ctx)
    found.need_whole(lambda part: _is_wanted(part, gift))
    lock = found.home.need_lock(ctx)
    package = find_layer(ctx, name, lock, gift.layer) if gift.layer else lock.top
    spec = _source_of(ctx, name, lock, package)
    repository = repository_at(ctx, found, spec, package.pin.commit)
    changes = changed_here(found.received, found.tree, repository)
    changes = {path: entry for path, entry in changes.items() if _is_chosen(path, gift)}
    tree, read = _with_variables(ctx, found, repository, changes)
    changes = {path: tree.get(path) for path in tree.differing(repository)}
    check_installable(tree, read)
    refuse_over(changes, held_at(ctx, spec, package.pin.commit).left_out)
    private = private_of(ctx, found.home)
    refuse_leaks(find_leaks(tree, repository, read, private, found.received), gift.allowed)
    words = {"--message": gift.message, "--branch": gift.branch}
    refuse_words(words, private, gift.allowed)
    return Contribution(
        name=name,
        layer=gift.layer,
        spec=spec,
        base=package.pin.commit,
        tree=tree,
        read=read,
        changes=changes,
        before=repository,
        branch=gift.branch or _branch(name, changes),
        message=gift.message or _message(changes),
        stays=found.stays,
        notes=found.notes,
    )


def _with_variables(
    ctx: Context, found: Leaving, repository: Tree, changes: Mapping[RelPath, Entry | None]
) -> tuple[Tree, Read]:
    """The repository with the changes; its manifest asks for the variables that take the place of secrets in them."""
    read = first_of(found.read, ctx.store.read)
    tree = repository.with_entries(changes)
    if found.variables and (CONFIG in changes or MCP in changes):
        return completed(tree, read, "", found.variables)
    return tree, read


def _source_of(ctx: Context, name: ProfileName, lock: Lock, package: LockedPackage) -> SourceSpec:
    """Return the repository that a package of a profile came from, also behind a name in a registry.

    Raises:
        DistError: The package came from a folder, or from something that is no package.
    """
    if package.taken:
        raise DistError(
            f"{package.name} is not a package: its files have other names and forms there than in a profile",
            where=package.source,
            hint="change them in its repository; `diff` shows what you changed here",
        )
    pin = package.pin
    if not pin.commit:
        raise _no_history(ctx, name, lock, package)
    spec = absolute(parse_source(package.source, allow_insecure=True))
    if spec.kind.traits.is_name:
        return SourceSpec(kind=SourceKind.GIT, location=pin.url, subfolder=pin.subfolder)
    return spec


def _no_history(ctx: Context, name: ProfileName, lock: Lock, package: LockedPackage) -> DistError:
    """The error for a package that came from no repository."""
    what = f"its layer {package.name}" if package.layer else name
    kind, hint = "a folder", "edit the files there"
    if package.pin.kind is PinKind.ARCHIVE:
        follow = ctx.command(f"install ADDRESS --name {name} --force")
        kind, hint = (
            "an archive",
            f"follow its repository, and keep all that is yours, with: {follow}",
        )
    if lock.layers and not package.layer:
        names = ", ".join(one.name for one in lock.layers)
        send = ctx.command(f"contribute {name} --layer NAME")
        hint += f"; what you changed of a layer ({names}) goes to its author: {send}"
    return DistError(
        f"{what} was installed from {kind}, which has no history to build on",
        where=package.pin.url,
        hint=hint,
    )


def _is_chosen(path: RelPath, gift: Gift) -> bool:
    return _is_wanted(part_of(path), gift)


def _is_wanted(part: str, gift: Gift) -> bool:
    return (not gift.only or part in gift.only) and part not in gift.without


def _branch(name: ProfileName, changes: dict[RelPath, Entry | None]) -> str:
    """Name a branch after what it changes, so that the same contribution has the same branch."""
    digest = Tree({path: entry for path, entry in changes.items() if entry}).digest
    return f"{name}-{digest[:8]}"


def _message(changes: dict[RelPath, Entry | None]) -> str:
    parts = named(part_of(path) for path in changes if path != MANIFEST)
    return f"Improve {parts or 'manifest'}"


def _push(ctx: Context, git: Publisher, made: Contribution, to: str, commit: str) -> str:
    spec = parse_source(to, allow_insecure=ctx.allow_insecure)
    if spec.kind.traits.as_git is AsGit.NEVER:
        raise UsageError(
            "--to takes a git repository: your fork", hint="such as github.com/you/their-agent"
        )
    url = ctx.sources.url(spec)
    if made.branch in git.refs(url).heads:
        raise DistError(
            f"the branch {made.branch} exists already",
            where=str(spec),
            hint="choose another with --branch",
        )
    ctx.progress("publishing")
    update = RefUpdate(f"refs/heads/{made.branch}", "", commit)
    git.push(url, [update], cache_of=ctx.sources.url(made.spec), progress=ctx.progress)
    return f"{spec}#{made.branch}"
