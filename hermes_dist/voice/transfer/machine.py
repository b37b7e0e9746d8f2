"""What a backup holds about the machine itself (registries, keys, policies), in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hermes_dist.ops.transfer.machine_settings import Brought, Settings, StaysAs
from hermes_dist.voice.clean import clean

_OFF = "-"
_KEPT = {
    StaysAs.REGISTRY: "registry {}",
    StaysAs.REVOKED_KEY: "key {}, which is revoked here",
    StaysAs.POLICY: "{}",
}


def held_words(settings: Settings) -> str:
    """Count what a backup holds of the machine: ``2 registries, 1 key and 1 policy``; empty for nothing."""
    ring = settings.keyring
    counts = (
        (len(settings.registries), "registry", "registries"),
        (len(ring.trusted) + len(ring.revoked), "key", "keys"),
        (len(settings.policies), "policy", "policies"),
    )
    said = [f"{n} {one if n == 1 else many}" for n, one, many in counts if n]
    if len(said) < 2:
        return "".join(said)
    return f"{', '.join(said[:-1])} and {said[-1]}"


def brought_lines(found: Brought) -> Iterator[str]:
    """List what a restore brings to the machine, and what stays as it is here."""
    settings = found.settings
    for row in settings.registries:
        place = "is taken out" if row.location == _OFF else f"at {clean(row.location)}"
        yield f"registry {clean(row.name)} {place}"
    for key in settings.keyring.trusted:
        yield f"trusts the key of {clean(key.name)}, {key.fingerprint}"
    for key in settings.keyring.revoked:
        yield f"revokes the key {key.fingerprint}"
    for name in settings.policies:
        yield f"policy {clean(name)}"
    for kept in found.kept:
        yield f"{_KEPT[kept.kind].format(clean(kept.name))}: is here already, and stays as it is here"


def settings_data(settings: Settings) -> dict[str, Any]:
    """The settings of a machine by their names."""
    return {
        "registries": [row.name for row in settings.registries],
        "trusted": [key.fingerprint for key in settings.keyring.trusted],
        "revoked": [key.fingerprint for key in settings.keyring.revoked],
        "policies": list(settings.policies),
    }


def backed_settings(settings: Settings, error: object) -> dict[str, Any]:
    """What of a machine is in a backup, or why it is not."""
    return {**settings_data(settings), "error": str(error or "")}


def brought_data(found: Brought, error: object) -> dict[str, Any]:
    """What a restore brought to the machine."""
    kept = [{"kind": str(each.kind), "name": each.name} for each in found.kept]
    return {**settings_data(found.settings), "kept": kept, "error": str(error or "")}
