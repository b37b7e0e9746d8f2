"""What a source or a name leads to, and whether the policies allow it."""

from __future__ import annotations

from collections.abc import Callable

from hermes_dist.decide.pins import about_refs, check_kept
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING, NamedTuple
from hermes_dist.model.notes import Note
from hermes_dist.model.source import Pin, PinKind, SourceSpec, pin_kind
from hermes_dist.ops.context import Context
from hermes_dist.ops.own_source import is_list
from hermes_dist.world.keys.files import read_policies
from hermes_dist.world.ports import Refs

with later():
    from hermes_dist.decide.versions import choose_tag

if TYPE_CHECKING:
    from hermes_dist.model.registry import Package


class Naming(NamedTuple):
    """How to resolve a name in a registry.

    Attributes:
        registry: The registry to ask; empty for whichever has the name.
        accept: Accept a name that is easily mistaken for another, without asking.
        ask: Shows such a name next to the similar ones, and asks.
    """

    registry: str = ""
    accept: bool = False
    ask: Callable[[Package, tuple[Package, ...]], bool] | None = None


class Target(NamedTuple):
    """A source that was looked up; nothing is fetched yet.

    Attributes:
        refs: The refs of the repository; None for a folder or archive.
        ref: The full name of the ref to follow; empty for a commit, a folder or an archive.
        commit: The commit; empty for a folder or archive.
        kind: What is followed.
        asked: The source as the user gave it, if that is a name in a registry.
        registry: The registry that lists it; empty for none.
        tree: The package's digest according to the registry; empty for none.
        signer: The fingerprint of the signing key according to the registry; empty for none.
        notes: What to say about the choice.
        newer: The releases of a registry that are newer than the one version that was asked for, oldest first.
    """

    spec: SourceSpec
    refs: Refs | None
    ref: str
    commit: str
    kind: PinKind
    asked: SourceSpec | None = None
    registry: str = ""
    tree: str = ""
    signer: str = ""
    notes: tuple[Note, ...] = ()
    newer: tuple[str, ...] = ()

    @property
    def source(self) -> SourceSpec:
        """The source as the user gave it, which the lock records."""
        return self.asked or self.spec

    @property
    def pinned(self) -> bool:
        """Whether the source as the user gave it names one tag or commit."""
        return self.kind in (PinKind.TAG, PinKind.COMMIT)

    def is_pin(self, pin: Pin) -> bool:
        """Whether it is exactly the commit that was received already."""
        return (
            bool(self.commit) and self.commit == pin.commit and self.spec.subfolder == pin.subfolder
        )


def resolved(ctx: Context, spec: SourceSpec, before: Pin | None) -> Target:
    """Ask a repository, folder or archive what it offers, and choose the commit.

    Raises:
        DistError: See :func:`look_up`.
    """
    refs = ctx.sources.refs(spec, ctx.progress)
    notes: tuple[Note, ...] = ()
    if refs is not None and before is not None:
        # A tag that turned into a branch, or the reverse, is refused: the same word would follow
        # something else.
        check_kept(str(spec), spec.ref, before, refs.tags, refs.heads)
    ref, commit = ctx.sources.resolve_ref(spec, refs, choose_tag, before)
    if refs is not None:
        notes = about_refs(spec.ref, before, ref, refs.tags, refs.heads)
    kind = pin_kind(spec, ref, commit)
    if kind is PinKind.COMMIT:
        spec = spec.at(commit)  # store the full id, not the prefix that was typed
    return Target(spec, refs, ref, commit, kind, notes=notes)


def check_policies(ctx: Context, spec: SourceSpec) -> None:
    """Check a source against the policies, before contacting it.

    Raises:
        Refused: A policy forbids the source.
    """
    if (policies := read_policies(ctx.layout)) and not is_list(ctx, spec.location):
        from hermes_dist.decide.trust import check_source  # noqa: PLC0415 - only needed if a policy is set

        check_source(spec, policies)
