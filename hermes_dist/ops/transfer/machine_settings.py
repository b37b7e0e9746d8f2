"""What a backup of all profiles holds about the machine itself: registries, keys and policies; and restoring them.

They are merged with what the machine has: nothing that is there is overwritten, and a revoked key is revoked in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.discreet import Contents
from hermes_dist.model.registry import Registry, dump_registries, load_registries
from hermes_dist.model.trust import Keyring, dump_keyring, load_keyring, load_policy
from hermes_dist.model.values import as_map
from hermes_dist.ops.context import Context
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.disk.owners import make_folders
from hermes_dist.world.files import read_file
from hermes_dist.world.keys.files import change_keyring, read_keyring

_POLICY = "policy.toml"
_OF_TEAMS = lazily.pattern(r"policies/[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.toml")
_IN_BACKUP = "in the backup"


class Settings(Contents, frozen=True, kw_only=True):
    """The settings of a machine.

    Attributes:
        registries: Its registries, without the included one.
        roots: The first root of each registry of static files, by the registry's name.
        keyring: The keys that it trusts or has revoked.
        policies: Its policies as texts: ``policy.toml``, and those of teams as ``policies/NAME.toml``.
    """

    registries: tuple[Registry, ...] = ()
    roots: Mapping[str, bytes] = {}
    keyring: Keyring = Keyring()
    policies: Mapping[str, bytes] = {}


class StaysAs(StrEnum):
    """What of a machine stays as it is."""

    REGISTRY = "registry"
    REVOKED_KEY = "revoked key"
    POLICY = "policy"


class Kept(Struct, frozen=True):
    """What is otherwise in a backup than here.

    Attributes:
        kind: What it is here.
        name: The name of the registry, of the key's owner, or of the policy's file.
    """

    kind: StaysAs
    name: str


class Brought(Struct, frozen=True, kw_only=True):
    """What a restore brings to a machine, or would bring.

    Attributes:
        settings: What is new here.
        kept: What is otherwise in the backup; that which is here stays.
    """

    settings: Settings = Settings()
    kept: tuple[Kept, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the machine stays as it is."""
        return self.settings == Settings()


def settings_of(ctx: Context) -> Settings:
    """Read the settings of this machine.

    Raises:
        DistError: A file can't be read, or is damaged.
    """
    rows = ctx.registries.rows()
    return Settings(
        registries=rows,
        roots={row.name: root for row in rows if (root := ctx.registries.root_of(row))},
        keyring=read_keyring(ctx.layout),
        policies=dict(_policies(ctx)),
    )


def _policies(ctx: Context) -> Iterator[tuple[str, bytes]]:
    """The policies of the user and of their teams; that of the machine's administrator is not theirs to move."""
    places = [ctx.layout.shared / _POLICY]
    if ctx.layout.team_policies.is_dir():
        places += sorted(ctx.layout.team_policies.iterdir())
    for place in places:
        name = place.relative_to(ctx.layout.shared).as_posix()
        if place.is_file() and (name == _POLICY or _OF_TEAMS.fullmatch(name)):
            yield name, _bytes(place)


def _bytes(place: Path) -> bytes:
    try:
        return read_file(place)
    except OSError as error:
        raise DistError(f"the file can't be read: {error.strerror}", where=str(place)) from error


def dump_settings(settings: Settings) -> dict[str, object]:
    """Spell settings for the index of a backup, which is encrypted."""
    return {
        "registries": dump_registries(settings.registries).decode(),
        "roots": {name: root.decode() for name, root in settings.roots.items()},
        "keys": dump_keyring(settings.keyring).decode(),
        "policies": {
            name: text.decode("utf-8", "surrogateescape")
            for name, text in settings.policies.items()
        },
    }


def load_settings(raw: object) -> Settings:
    """Read the settings in the index of a backup; an older backup has none.

    Raises:
        Invalid: They are damaged.
    """
    found = as_map(raw)
    if not found:
        return Settings()
    policies = {str(n): _encoded(text) for n, text in as_map(found.get("policies")).items()}
    for name, text in policies.items():
        if name != _POLICY and not _OF_TEAMS.fullmatch(name):
            raise Invalid("the backup is damaged: it names no policy", where=name)
        load_policy(text, f"{_IN_BACKUP}: {name}")
    rows = load_registries(_encoded(found.get("registries", "")))
    roots = {str(name): _encoded(text) for name, text in as_map(found.get("roots")).items()}
    return Settings(
        registries=rows,
        roots=roots,
        keyring=load_keyring(_encoded(found.get("keys", "")), _IN_BACKUP),
        policies=policies,
    )


def _encoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise Invalid("the backup is damaged: its settings are no text")
    return text.encode("utf-8", "surrogateescape")


def merged(here: Settings, there: Settings) -> Brought:
    """Return what is new in the settings of a backup, and what stays because it is otherwise here."""
    registries, others = _new_registries(here.registries, there.registries)
    keyring, revoked = _new_keys(here.keyring, there.keyring)
    policies = {n: text for n, text in there.policies.items() if n not in here.policies}
    changed = [n for n, text in there.policies.items() if here.policies.get(n, text) != text]
    settings = Settings(
        registries=registries,
        roots={row.name: there.roots[row.name] for row in registries if row.name in there.roots},
        keyring=keyring,
        policies=policies,
    )
    kept = (*others, *revoked, *(Kept(StaysAs.POLICY, name) for name in changed))
    return Brought(settings=settings, kept=kept)


def _new_registries(
    here: Sequence[Registry], there: Sequence[Registry]
) -> tuple[tuple[Registry, ...], list[Kept]]:
    """The registries that are new, and those that lead elsewhere here."""
    known = {row.name: row for row in here}
    new = tuple(row for row in there if row.name not in known)
    other = [Kept(StaysAs.REGISTRY, r.name) for r in there if known.get(r.name, r) != r]
    return new, other


def _new_keys(here: Keyring, there: Keyring) -> tuple[Keyring, list[Kept]]:
    """The keys that are new, and those that are trusted there and revoked here."""
    here_revoked = [key for key in there.trusted if here.revocation(key.fingerprint)]
    trusted = [
        key
        for key in there.trusted
        if key not in here_revoked and not here.name_of(key.fingerprint)
    ]
    revoked = [key for key in there.revoked if not here.revocation(key.fingerprint)]
    kept = [Kept(StaysAs.REVOKED_KEY, key.name) for key in here_revoked]
    return Keyring(trusted=tuple(trusted), revoked=tuple(revoked)), kept


def bring(ctx: Context, settings: Settings) -> None:
    """Add settings to this machine. Each file is written at once; what is there by now stays.

    Raises:
        DistError: A file can't be written, or another command is changing it.
    """
    make_folders(ctx.layout.shared, 0o755)
    # The strictest first: if this is interrupted, nothing is trusted that a policy or a revocation forbids.
    for name, text in settings.policies.items():
        place = ctx.layout.shared / name
        if not place.exists():
            make_folders(place.parent, 0o755)
            atomic_write(place, text)
    if settings.keyring != Keyring():
        change_keyring(ctx.layout, lambda ring: _joined(ring, settings.keyring))
    if settings.registries:
        ctx.registries.bring(settings.registries, settings.roots)


def _joined(ring: Keyring, more: Keyring) -> Keyring:
    for key in more.revoked:
        ring = ring.revoking(key)
    for key in more.trusted:
        if not ring.revocation(key.fingerprint):
            ring = ring.trusting(key)
    return ring
