"""The registry entry of a published package: written to a folder here, committed and pushed by its keeper."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from hermes_dist.agents.places import CONFIG
from hermes_dist.decide.consent.jobs import job_ids
from hermes_dist.decide.parts import count_parts
from hermes_dist.decide.placement.jobs import JOBS
from hermes_dist.decide.registry import entry_for
from hermes_dist.errors import DistError, Invalid, UsageError
from hermes_dist.model.documents.api import Kind, get, load_data
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.registry import Package, dump_package, entry_path, parse_package
from hermes_dist.model.source import Pin, parse_source
from hermes_dist.model.values import as_map
from hermes_dist.ops.change.variables import manifest_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.world.registry.files import check_place, checkout_at, read_entry, write_entry

_CONFIG = RelPath(CONFIG)
_NO_COMMIT = "0" * 40
"""Stands for the commit that publishing makes."""


class EntryPlan(Struct, frozen=True, kw_only=True):
    """An entry that a publication writes.

    Attributes:
        file: Its file.
        package: The package as the entry will have it, but for what only the publication tells, such as the commit.
        before: The versions that it lists now; None for a new entry.
    """

    file: Path
    package: Package
    before: tuple[str, ...] | None

    @property
    def adds(self) -> bool:
        """Whether a version is added."""
        return self.before is None or len(self.before) < len(self.package.versions)


def planned(folder: str, manifest: Manifest, source: str, pin: Pin) -> EntryPlan:
    """Work out the entry of a package that is about to be published; nothing is written.

    Args:
        folder: The registry's folder, such as a checkout.
        manifest: The manifest as it will be published.
        source: The package's source.
        pin: The release; its commit is empty if that is made by publishing.

    Raises:
        Refused: The entry is of another repository.
        Invalid: The folder is not a registry, the entry can't be read, the source can't be in a registry, or the
            registry pins this version to other contents.
        DistError: The entry can't be written.
    """
    root = checkout_at(folder)
    key = str(ProfileName.slug(manifest.name))
    path = entry_path(key)
    before = _there(root, key)
    if parse_source(source, allow_insecure=True).ref:
        raise UsageError(
            f"{source} can't be in a registry: an entry names no branch",
            where=path,
            hint="publish to the default branch, or without --registry",
        )
    known = pin if pin.commit else pin._replace(commit=_NO_COMMIT)
    try:
        made = entry_for(manifest, source, known, {}, before=before, local=True)
    except DistError as error:
        raise error if error.is_within(path) else error.within(path) from None
    # What nobody could read back is not written.
    parse_package(dump_package(made), key, local=True)
    check_place(root, path)
    versions = tuple(one.version for one in before.versions) if before else None
    return EntryPlan(file=root / path, package=made, before=versions)


def _there(root: Path, key: str) -> Package | None:
    """The entry that a registry has of a package; None if it has none.

    Raises:
        Invalid: It can't be read.
    """
    data = read_entry(root, entry_path(key))
    try:
        return None if data is None else parse_package(data, key, local=True)
    except Invalid as error:
        error.hint = error.hint or f"mend the entry in {root}, or take it out"
        raise


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
        DistError: The folder is not a registry, the registry pins this version to other contents, or has the name for
            another repository, or the entry can't be written.
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
    entry = entry_for(
        manifest,
        source,
        lock.pin._replace(commit=released or lock.pin.commit),
        _runs(ctx, lock),
        before=_there(root, key),
        signer=lock.signer,
        date=datetime.now(UTC).date().isoformat(),
        local=True,
    )
    write_entry(root, entry_path(key), dump_package(entry))
    return root / entry_path(key)


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
