"""The JSON of ``tree``, ``why``, ``owns`` and ``layer list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hermes_dist.model.documents.api import ABSENT
from hermes_dist.voice.package_json import layer_data

if TYPE_CHECKING:
    from hermes_dist.decide.layers.wanted import Dependency
    from hermes_dist.model.lock import Lock
    from hermes_dist.ops.layers.own import Own
    from hermes_dist.ops.layers.whose import Why


def tree_data(name: str, lock: Lock) -> dict[str, Any]:
    """All packages of a profile, the lowest first."""
    return {"profile": name, "packages": [layer_data(one) for one in lock.packages]}


def why_data(found: Why) -> dict[str, Any]:
    """Why a place is as it is."""
    return {
        "profile": found.profile,
        "path": found.path,
        "key": found.key,
        "present": found.value is not ABSENT,
        "value": None if found.value is ABSENT else found.value,
        "own": found.own,
        "waits": found.waits,
        "joined": found.joined,
        "layers": [
            {
                "name": one.package.name,
                "layer": one.package.layer,
                "version": one.package.pin.version,
                "value": one.value,
                "counts": one.counts,
                "on_purpose": one.on_purpose,
            }
            for one in found.says
        ],
    }


def owns_data(name: str, package: str, places: tuple[str, ...]) -> dict[str, Any]:
    """What of a profile comes from one package."""
    return {"profile": name, "package": package, "places": list(places)}


def own_data(found: Own) -> dict[str, Any]:
    """The layers that the user put under a profile, and all that it stands on."""
    return {
        "profile": found.profile,
        "base": _asked(found.base) if found.base else None,
        "packs": [_asked(one) for one in found.packs],
        "packages": [layer_data(one) for one in found.packages],
    }


def _asked(dependency: Dependency) -> dict[str, Any]:
    return {"source": str(dependency.source or dependency), "only": sorted(dependency.only)}
