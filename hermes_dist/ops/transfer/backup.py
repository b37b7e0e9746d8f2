"""Back profiles up, keys and all, always encrypted; and restore them, as new profiles only."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from hermes_dist.errors import DistError, Invalid
from hermes_dist.installer import upgrades
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.paths import DEFAULT_PROFILE, ProfileName
from hermes_dist.model.values import as_list, as_map
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_to_save
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.ops.transfer.export import Exported, Packing, export, export_sealed
from hermes_dist.ops.transfer.import_archive import import_from
from hermes_dist.ops.transfer.machine_settings import (
    Brought,
    Settings,
    bring,
    dump_settings,
    load_settings,
    merged,
    settings_of,
)
from hermes_dist.ops.transfer.read_archive import Ask, Source
from hermes_dist.ops.trust.judge_release import check_archive
from hermes_dist.world.archive.many import Backup, Packed, opened_backup, write_many
from hermes_dist.world.archive.read import opened
from hermes_dist.world.archive.write import Sink, write_private
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.keys.age import AgeWriter, decrypted

_FORMAT = 1
_LONGEST_NAME = 64


class Missed(Struct, frozen=True):
    """A profile that could not be read, so that a backup of all is without it."""

    profile: ProfileName
    error: DistError


class Backed(Struct, frozen=True, kw_only=True):
    """A backup that was made.

    Attributes:
        path: The file.
        size: Its size in bytes.
        profiles: What is in it.
        whole: It is of every profile of the machine.
        missed: Profiles that are not in it because they can't be read.
        settings: The registries, keys and policies of the machine that are in it.
        unread: Why these are not in it; None if they are.
    """

    path: Path
    size: int
    profiles: tuple[Exported, ...]
    whole: bool
    missed: tuple[Missed, ...] = ()
    settings: Settings = Settings()
    unread: DistError | None = None


class Listed(Struct, frozen=True):
    """A profile in a backup, as the backup describes it.

    Attributes:
        name: The name it had.
        package: The package it held, with its version; empty for none, or if that is not known before it is read.
        files: How many files of the home there are; 0 if that is not known before it is read.
        size: The size of its archive in bytes.
    """

    name: str
    package: str = ""
    files: int = 0
    size: int = 0


class Restored(Struct, frozen=True, kw_only=True):
    """What became of a profile of a backup.

    Attributes:
        name: The name it had.
        profile: The name it was restored under.
        outcome: What was done; None if it failed.
        error: Why it failed.
    """

    name: str
    profile: ProfileName
    outcome: Outcome | None = None
    error: DistError | None = None


class Talk(Struct, frozen=True, kw_only=True):
    """What a restore asks and says.

    Attributes:
        passphrase: Asks for the passphrase.
        choose: Shows what is in a backup; gives the profiles to restore with their new names, or raises Cancelled.
        confirm: Shows what one profile brings, and asks.
        told: Called after each profile.
        settings: Shows what the backup brings to the machine itself; False leaves that out. It is asked about with
            ``choose``, which follows.
        brought: Called with what was brought to the machine, or with why it could not be.
    """

    passphrase: Ask
    choose: Callable[[Sequence[Listed]], Mapping[str, ProfileName]]
    confirm: Confirm
    told: Callable[[Restored], None]
    settings: Callable[[Brought], bool] = lambda _: False
    brought: Callable[[Brought, DistError | None], None] = lambda _, __: None


def back_up(ctx: Context, name: ProfileName, passphrase: str, path: Path) -> Backed:
    """Write one profile with everything in it to a new file.

    Raises:
        DistError: The profile can't be read, or the file not written; no file is left behind.
    """
    done = export(ctx, name, Packing(full=True, passphrase=passphrase), path)
    return Backed(path=path, size=done.size, profiles=(done,), whole=False)


def back_up_all(ctx: Context, passphrase: str, path: Path) -> Backed:
    """Write every profile of this machine with everything in it to one new file; one that can't be read is named.

    Raises:
        DistError: No profile can be read, or the file not written; no file is left behind.
    """
    make_folders(ctx.layout.staging, 0o700)
    parts: dict[str, _Part] = {}
    try:
        missed = _pack_all(ctx, parts)
        settings, unread = _settings(ctx)
        index = _index_of(parts, settings)
        ctx.progress("encrypting")

        def fill(out: Sink) -> None:
            write_many(
                AgeWriter(out, passphrase),
                index,
                {name: part.packed for name, part in parts.items()},
            )

        size = write_private(path, fill)
    finally:
        for part in parts.values():
            part.file.unlink(missing_ok=True)
    done = tuple(part.done for part in parts.values())
    return Backed(
        path=path,
        size=size,
        profiles=done,
        whole=True,
        missed=missed,
        settings=settings,
        unread=unread,
    )


def _settings(ctx: Context) -> tuple[Settings, DistError | None]:
    """The settings of this machine, or why they can't be read: the profiles are saved all the same."""
    try:
        return settings_of(ctx), None
    except DistError as error:
        return Settings(), error


def _pack_all(ctx: Context, parts: dict[str, _Part]) -> tuple[Missed, ...]:
    """Pack every profile into ``parts``.

    Returns:
        The profiles that can't be read.

    Raises:
        DistError: None can be.
    """
    missed: list[Missed] = []
    for row in list_profiles(ctx):
        try:
            part = _packed(ctx, row.name)
        except DistError as error:
            missed.append(Missed(row.name, error))
            continue
        parts[row.name] = part
        if not (part.done.files or part.done.missed):
            # A default profile that nobody uses: its home is only the folder of the others.
            parts.pop(row.name).file.unlink()
    if missed and not parts:
        raise missed[0].error.within(str(missed[0].profile))
    return tuple(missed)


class _Part(Struct, frozen=True):
    """The archive of one profile, as it waits for its place in the whole."""

    done: Exported
    file: Path
    packed: Packed
    package: str


def _packed(ctx: Context, name: ProfileName) -> _Part:
    """Pack a profile into a file of its own: a header needs the size, which is known only then.

    The file is encrypted with a key that is nowhere but in memory, so nothing is left to read if this is killed.
    """
    ctx.progress(f"packing {name}")
    file = ctx.layout.staging / f"backup-{secrets.token_hex(8)}"
    key = secrets.token_hex(32)
    counted: list[_Counting] = []

    def seal(out: Sink) -> Sink:
        # The key is random, so no work has to slow a guess down.
        counted.append(_Counting(AgeWriter(out, key, work=1)))
        return counted[-1]

    lock = open_to_save(ctx, name)[0].lock
    done = export_sealed(ctx, name, Packing(full=True), file, seal)

    def chunks() -> Iterator[bytes]:
        with opened(file) as stream:
            yield from decrypted(stream, key)

    package = f"{lock.name} {lock.pin.version}".strip() if lock else ""
    return _Part(done, file, Packed(counted[-1].size, chunks), package)


class _Counting:
    """Passes bytes on and counts them."""

    def __init__(self, out: Sink) -> None:
        self._out = out
        self.size = 0

    def write(self, data: bytes) -> None:
        self.size += len(data)
        self._out.write(data)

    def close(self) -> None:
        self._out.close()


def _index_of(parts: Mapping[str, _Part], settings: Settings) -> bytes:
    rows = [
        {
            "name": name,
            "package": part.package,
            "files": part.done.files,
            "size": part.packed.size,
        }
        for name, part in parts.items()
    ]
    whole = {"format": _FORMAT, "profiles": rows, "machine": dump_settings(settings)}
    return json.dumps(whole, indent=1).encode() + b"\n"


def restore(ctx: Context, path: Path, request: Request, talk: Talk) -> tuple[Restored, ...]:
    """Restore profiles of a backup under names that are free, one by one; none is overwritten.

    Each profile is there completely or not at all. One that fails does not stop the others.

    Args:
        ctx: The context.
        path: The backup.
        request: The options.
        talk: What is asked and said.

    Raises:
        Refused: A policy forbids archives, or this one.
        DistError: The backup can't be read, or the passphrase is wrong; nothing changed.
    """
    check_archive(ctx, path)
    done: list[Restored] = []
    with opened_backup(path, talk.passphrase) as backup:
        several = backup.index is not None
        taken = _wanted(ctx, backup.index, talk) if several else Brought()
        names = talk.choose(_listed(backup.index)) if several else {}
        for part in backup.parts:
            if not several:
                names = talk.choose([Listed(part.name)])
            if part.name not in names:
                continue
            confirm = _yes if several else talk.confirm
            source = Source(part.take, sealed=True)
            found = Restored(name=part.name, profile=names[part.name])
            done.append(_one(ctx, source, request, confirm, found, alone=not several))
            talk.told(done[-1])
    for lost in _not_in_it(names, done):
        done.append(lost)
        talk.told(lost)
    if not taken.nothing:
        talk.brought(taken, None if request.dry_run else _bring(ctx, taken))
    return tuple(done)


def _wanted(ctx: Context, index: bytes | None, talk: Talk) -> Brought:
    """Show what a backup brings to the machine itself, and return what is wanted of it.

    Raises:
        DistError: The settings of the backup or of this machine can't be read.
    """
    found = merged(settings_of(ctx), load_settings(_index(index).get("machine")))
    return found if talk.settings(found) else Brought()


def _bring(ctx: Context, taken: Brought) -> DistError | None:
    """Add settings to this machine; the error if that fails, as the profiles are there already."""
    try:
        bring(ctx, taken.settings)
    except DistError as error:
        return error
    return None


def _not_in_it(names: Mapping[str, ProfileName], done: Sequence[Restored]) -> tuple[Restored, ...]:
    """The profiles that a backup names but does not hold."""
    lost = [name for name in names if name not in {each.name for each in done}]
    return tuple(Restored(name=name, profile=names[name], error=_lost()) for name in lost)


def _lost() -> Invalid:
    return Invalid(
        "the backup is damaged: it does not hold this profile", hint="try another copy of it"
    )


def _yes(_proposal: object) -> bool:
    return True


def _one(
    ctx: Context,
    source: Source,
    request: Request,
    confirm: Confirm,
    found: Restored,
    *,
    alone: bool,
) -> Restored:
    try:
        outcome = import_from(ctx, source, request, confirm, name=found.profile, only_new=True)
    except DistError as error:
        if alone:
            raise
        return replace(found, error=error)
    return replace(found, outcome=outcome)


def _index(index: bytes | None) -> Mapping[object, object]:
    return as_map(load_data(index or b"", Kind.JSON))


def _listed(index: bytes | None) -> tuple[Listed, ...]:
    """What a backup says that it holds.

    Raises:
        Invalid: It can't be read, or has a newer format.
    """
    raw = _index(index)
    number = raw.get("format")
    rows = tuple(_row(as_map(each)) for each in as_list(raw.get("profiles")))
    if not isinstance(number, int) or len({row.name for row in rows}) != len(rows):
        raise Invalid("the backup is damaged: it does not say what is in it")
    if number > _FORMAT:
        raise Invalid(
            f"the backup has format {number}, newer than this program knows ({_FORMAT})",
            hint=f"install a newer version: {upgrades()}",
        )
    if not rows:
        raise Invalid("the backup is empty")
    return rows


def _row(raw: Mapping[object, object]) -> Listed:
    def number(key: str) -> int:
        value = raw.get(key)
        return value if isinstance(value, int) and value > 0 else 0

    return Listed(
        str(raw.get("name", "")), str(raw.get("package", "")), number("files"), number("size")
    )


def free_name(ctx: Context, wanted: str, taken: Sequence[str] = ()) -> ProfileName:
    """Return a name under which a profile can be restored: its own, or one that tells that it was restored.

    Args:
        ctx: The context.
        wanted: The name it had.
        taken: Names that are promised already.
    """
    tried, number = wanted, 1
    while (
        tried == DEFAULT_PROFILE or tried in taken or ctx.layout.home(ProfileName(tried)).exists()
    ):
        end = "-restored" if number == 1 else f"-restored-{number}"
        tried = f"{wanted[: _LONGEST_NAME - len(end)]}{end}"
        number += 1
    return ProfileName(tried)


__all__ = [
    "Backed",
    "Backup",
    "Listed",
    "Missed",
    "Restored",
    "Talk",
    "back_up",
    "back_up_all",
    "free_name",
    "restore",
]
