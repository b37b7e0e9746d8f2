"""News of layers: which of those that a profile stands on have something newer at their source."""

from __future__ import annotations

from msgspec import Struct

from hermes_dist.model.lock import Lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.source import PinKind, parse_source
from hermes_dist.ops.change.fetch import fetch
from hermes_dist.ops.change.look_up import absolute, look_up
from hermes_dist.ops.context import Context


class LayerNews(Struct, frozen=True, kw_only=True):
    """A layer that has something newer.

    Attributes:
        name: The name of its package.
        here: What was received, shortened.
        there: What its source has now, shortened.
    """

    name: str
    here: str
    there: str


def newer_layers(ctx: Context, lock: Lock) -> tuple[LayerNews, ...]:
    """Ask the sources of a profile's layers whether they have something newer.

    Another layer may ask for an older version; that is only known once an update looks at all of them together.

    Raises:
        DistError: A source can't be reached.
    """
    found = ((one, _there(ctx, one)) for one in lock.layers)
    return tuple(
        LayerNews(name=one.name, here=one.pin.short, there=there[:7])
        for one, there in found
        if there not in (one.pin.commit, one.pin.tree)
    )


def _there(ctx: Context, layer: LockedPackage) -> str:
    """The commit that a layer's source has now, or the tree of a folder."""
    if layer.pin.kind is PinKind.COMMIT:
        return layer.pin.commit  # it moves with the package that names it
    spec = absolute(parse_source(layer.source, allow_insecure=True))
    view = Lock(packages=(layer,))
    target = look_up(ctx, spec, lock=view if spec.kind.traits.is_name else None, before=layer.pin)
    return target.commit or str(fetch(ctx, target).offer.tree.digest)
