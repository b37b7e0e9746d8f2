"""Which versions of a lockfile were yanked in their registries, as far as this machine knows."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist.decide.registry import told_of_yank
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.notes import Note
from hermes_dist.model.registry import Package, Registry, RegistryKind
from hermes_dist.model.source import parse_source
from hermes_dist.ops.context import Context


def withdrawn_in(ctx: Context, lock: Lock) -> tuple[Note, ...]:
    """Say of each package and layer of a lockfile whether its registry has withdrawn it; no server is asked.

    A registry that is a folder is read as it is now, any other one from the copy that this machine has of it.

    Args:
        ctx: The context.
        lock: The lockfile, for instance of an earlier generation.
    """
    return tuple(_found(ctx, lock))


def _found(ctx: Context, lock: Lock) -> Iterator[Note]:
    for each in lock.packages:
        # Only what came by its name has a registry.
        if not each.registry or not each.pin.commit:
            continue
        package = _known(ctx, each.registry, each.source)
        if package is not None:
            yield from told_of_yank(package, each.pin.commit)


def _known(ctx: Context, registry: str, source: str) -> Package | None:
    """A registry's entry of a source; None if nothing is known of it here, which is no reason not to go back."""
    try:
        key = parse_source(source).location
        found = ctx.registries.named(registry)
        return _read(ctx, found, key)
    except DistError:
        return None


def _read(ctx: Context, registry: Registry, key: str) -> Package | None:
    if registry.kind is RegistryKind.FOLDER:
        return ctx.registries.get(registry, key)
    return ctx.registries.remembered(registry, key)
