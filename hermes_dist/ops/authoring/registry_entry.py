"""The registry entry of a published package: written to a folder here, committed and pushed by its keeper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from hermes_dist.agents.places import CONFIG
from hermes_dist.decide.consent.jobs import job_ids
from hermes_dist.decide.parts import count_parts
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.registry import entry_for
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.documents.api import Kind, get, load_data
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.registry import dump_package, entry_path, parse_package
from hermes_dist.model.values import as_map
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.registry.files import checkout_at, read_entry

_CONFIG = RelPath(CONFIG)


def enter(ctx: Context, name: ProfileName, source: str, folder: str, *, released: str = "") -> Path:
    """Write the package that a profile just published into the folder of a registry.

    Args:
        ctx: The context.
        name: The profile; its lock names what was published.
        source: The package's source, without a ref.
        folder: The registry's folder, such as a checkout.
        released: The commit that was tagged with what the profile received; empty if that is the commit in its lock.

    Returns:
        The file that was written.

    Raises:
        DistError: The folder is not a registry, or it pins this version to other contents.
    """
    root = checkout_at(folder)
    lock = open_home(ctx, name).need_lock(ctx)
    manifest = manifest_of(ctx, lock)
    if manifest is None:
        raise DistError(
            "the manifest as published is lost",
            where=str(name),
            hint=f"look for it with: {ctx.command(f'verify {name}')}",
        )
    key = str(ProfileName.slug(manifest.name))
    path = entry_path(key)
    data = read_entry(root, path)
    entry = entry_for(
        manifest,
        source,
        lock.pin._replace(commit=released or lock.pin.commit),
        _runs(ctx, lock),
        before=parse_package(data, key, local=True) if data else None,
        signer=lock.signer,
        date=datetime.now(UTC).date().isoformat(),
        local=True,
    )
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    atomic_write(root / path, dump_package(entry), 0o644)
    return root / path


def check_registry(folder: str) -> None:
    """Make sure that a folder is a registry, before anything is published for it.

    Raises:
        Invalid: The folder is not a registry.
    """
    checkout_at(folder)


def _runs(ctx: Context, lock: Lock) -> Mapping[str, int]:
    """Count the jobs, servers and other things that run which a package brings."""
    tree = lock.theirs()

    def data(path: RelPath, kind: Kind) -> object:
        if path not in tree:
            return None
        try:
            return load_data(ctx.store.read(tree[path].digest), kind)
        except Invalid:
            return None

    servers = get(data(_CONFIG, Kind.YAML), ("mcp_servers",))
    counts = {
        "cron": len(job_ids(data(JOBS, Kind.JSON))),
        "mcp": len(as_map(servers)),
    }
    parts = {
        part: count
        for part, count in count_parts(tree).items()
        if part in ("hooks", "plugins", "skills")
    }
    return {part: count for part, count in {**counts, **parts}.items() if count}
