"""Describe the package of a profile, as ``info`` shows it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.environment.wanted import Wanted
from hermes_dist.decide.handover import count_missed
from hermes_dist.decide.ownership import why_never_included
from hermes_dist.decide.parts import count_parts, part_of
from hermes_dist.errors import DistError
from hermes_dist.model.lock import Lock
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.plan import Effect
from hermes_dist.model.tree import EMPTY
from hermes_dist.ops.change.variables import environment_of, received_manifest
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import look_into
from hermes_dist.ops.inputs.rows import InputRow, input_rows_of
from hermes_dist.ops.sync.waiting import waiting_in
from hermes_dist.ops.trust.trusted_keys import signer_words
from hermes_dist.world.files import read_file
from hermes_dist.world.load import load_manifest

_DOCUMENTS = frozenset(["cron", "mcp"])


class Info(Struct, frozen=True, kw_only=True):
    """Facts about the package in a profile.

    Attributes:
        parked: What waits for approval.
        missed: How many skills, plugins, hooks and files of the version here nobody names; empty if it is not known.
            Only a README and the like count as nothing.
    """

    profile: ProfileName
    path: str
    manifest: Manifest | None
    lock: Lock | None
    parked: tuple[Effect, ...] = ()
    parts: tuple[tuple[str, int], ...] = ()
    wanted: tuple[Wanted, ...] = ()
    signer: str = ""
    missed: Mapping[str, int] = field(default_factory=dict)
    inputs: tuple[InputRow, ...] = ()


def is_package(ctx: Context, text: str) -> bool:
    """Whether a word that names no profile is the name of a package in a registry of this machine."""
    try:
        return not ctx.layout.home(ProfileName(text)).is_dir() and text in ctx.registries.similar(
            text
        )
    except DistError:
        return False


def info(ctx: Context, name: ProfileName) -> Info:
    """Describe the package in a profile; without a lock, as its manifest describes it.

    Raises:
        DistError: There is no package, or its files can't be read.
    """
    home = look_into(ctx, name)
    manifest = None
    if home.lock:
        manifest = received_manifest(ctx, home.lock)
    if manifest is None:
        try:
            file = home.path / MANIFEST
            manifest = load_manifest(read_file(file), f"mend that line in {file}")
        except FileNotFoundError:
            raise DistError(
                f"the profile {str(name)!r} holds no package",
                where=str(home.path),
                hint=f"see what it is with: {ctx.command(f'show {name}')}",
            ) from None
    tree = home.lock.theirs() if home.lock else EMPTY
    return Info(
        profile=name,
        path=str(home.path),
        manifest=manifest,
        lock=home.lock,
        parked=waiting_in(home.path, home.lock),
        signer=signer_words(ctx, home.lock.signer) if home.lock else "",
        parts=tuple(count_parts(tree).items()),
        wanted=environment_of(ctx, home.path, manifest),
        inputs=input_rows_of(manifest, home.lock),
        missed=_missed(ctx, home.lock) if home.lock and not home.lock.top.taken else {},
    )


def _missed(ctx: Context, lock: Lock) -> Mapping[str, int]:
    """Count what the version in a home has and leaves out, as far as this machine knows; no server is asked."""
    pin = lock.pin
    if not pin.commit:
        return {}
    try:
        files = ctx.sources.git.listing(pin.url, pin.commit, pin.subfolder).files
    except DistError:
        return {}  # what was received is no longer in the cache
    here = {*lock.base, *lock.shipped}
    left = [file.path for file in files if file.path not in here]
    left = [path for path in left if not why_never_included(path)]
    counts = count_missed(left, ())
    # What is in them would have to be read and placed to be counted; here they are files.
    documents = sum(part_of(path) in _DOCUMENTS for path in left)
    if not documents and counts.keys() <= {"file"}:
        return {}  # nearly every repository has files that nobody needs to know of, such as its README
    return {**counts, "file": counts.get("file", 0) + documents}
