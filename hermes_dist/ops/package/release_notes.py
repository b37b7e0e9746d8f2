"""Find the release notes of a package that comes: in its changelog, or else in the message of its tag."""

from __future__ import annotations

from hermes_dist.decide.authoring.release_notes import (
    ReleaseNotes,
    changelog_in,
    from_changelog,
    from_tag,
)
from hermes_dist.errors import DistError
from hermes_dist.model.git_object import signed_tag, tag_target
from hermes_dist.model.source import TAGS, Pin
from hermes_dist.ops.change.fetch import Fetched
from hermes_dist.ops.change.target import Target
from hermes_dist.ops.context import Context


def release_notes_of(ctx: Context, fetched: Fetched, before: Pin) -> ReleaseNotes | None:
    """Find what the author says about the versions after the one that was received.

    Args:
        ctx: The context.
        fetched: The package that comes.
        before: The pin of what was received.

    Returns:
        The notes; None if there are none, if they can't be read, or if no other version comes.
    """
    if fetched.offer.pin.tree == before.tree:
        return None
    return _in_changelog(ctx, fetched, before) or _in_tag(ctx, fetched)


def _in_changelog(ctx: Context, fetched: Fetched, before: Pin) -> ReleaseNotes | None:
    tree, version = fetched.offer.tree, fetched.manifest.version
    path = changelog_in(tree)
    if path is None or version == before.version:
        return None
    text = ctx.store.read(tree[path].digest).decode("utf-8", "replace")
    return from_changelog(path, text, version, before.version)


def _in_tag(ctx: Context, fetched: Fetched) -> ReleaseNotes | None:
    target = fetched.target
    tag = _tag_of(target)
    if not tag or target.refs is None:
        return None
    wanted = [(target.refs.annotated[tag], "tag")]
    try:
        [raw] = ctx.sources.git.originals(ctx.sources.url(target.spec), wanted)
    except DistError:
        return None  # nothing but the notes depends on this tag: the update goes on without them
    if tag_target(raw)[0] != target.commit:
        return None
    return from_tag(tag, signed_tag(raw).payload, fetched.manifest.label)


def _tag_of(target: Target) -> str:
    """The annotated tag that is followed, or else one of the same commit; empty if there is none."""
    if target.refs is None:
        return ""
    names = [name for name in target.refs.annotated if target.refs.tags[name] == target.commit]
    followed = target.ref.removeprefix(TAGS)
    own = [name for name in names if name in target.refs.tags_for(target.spec.subfolder)]
    return followed if followed in names else min(own, default="")
