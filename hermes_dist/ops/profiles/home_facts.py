"""The facts that a list shows of a home, read from its files; only loaded for what changed since the last list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hermes_dist.agents.places import ABOUT, CONFIG, SHOWN_AS
from hermes_dist.brand import LOCKFILE, MANIFEST, SYNC_RECORD
from hermes_dist.errors import DistError
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.lock_head import LockHead, load_head
from hermes_dist.world.disk.home_index import Row as Facts
from hermes_dist.world.files import read_file


def facts_of(home: Path) -> Facts:
    """Read the facts that a list shows of a home; what can't be read counts as missing."""
    about = _map(home / ABOUT)
    return {
        **_model(_map(home / CONFIG)),
        **_package(home),
        "description": str(about.get("description") or ""),
        "shown_as": str(about.get(SHOWN_AS) or "").strip(),
    }


def _model(config: Mapping[object, object]) -> Facts:
    """The model and its provider: a name alone beside a provider, or both together in one map."""
    model = config.get("model")
    if isinstance(model, Mapping):
        chosen, provider = model.get("default", model.get("model")), model.get("provider")
    else:
        chosen, provider = model, config.get("provider")
    return {"model": str(chosen or ""), "provider": str(provider or "")}


def _package(home: Path) -> Facts:
    """The package, as the lock records it; without a lock, as the manifest says."""
    lock = _bytes(home / LOCKFILE)
    managed = lock is not None or _is_there(home / LOCKFILE)
    disagree, waiting = _synced(home, lock) if _is_there(home / SYNC_RECORD) else (0, 0)
    facts: Facts = {"source": "", "managed": managed, "conflicts": disagree, "parked": waiting}
    head = load_head(lock) if lock else None
    if head is None:
        manifest = _map(home / MANIFEST)
        facts["package"] = _label(manifest)
        if lock is None:
            facts["source"] = str(manifest.get("source") or "")
        return facts
    facts["package"] = head.name
    if head.pin.version:
        facts["package"] = f"{head.name}@{head.pin.version}"
    facts["source"] = head.source
    facts["conflicts"] = disagree + head.conflicts
    facts["parked"] = waiting or _things(head)
    return facts


def _label(manifest: Mapping[object, object]) -> str:
    name = manifest.get("name")
    return f"{name}@{manifest.get('version')}" if name else ""


def _things(head: LockHead) -> int:
    """How many things need approval, counted as the review card and ``approve`` show them."""
    from hermes_dist.decide.consent.review import groups_at  # noqa: PLC0415 - only where something waits

    return len(set(groups_at(head.parked)))


def _synced(home: Path, lock: bytes | None) -> tuple[int, int]:
    """How many conflicts with other machines are open in a synced profile, and how many things need approval in all."""
    from hermes_dist.decide.consent.review import grouped  # noqa: PLC0415 - few profiles are synced
    from hermes_dist.model.lock import load_lock  # noqa: PLC0415 - few profiles are synced
    from hermes_dist.ops.sync.waiting import seen  # noqa: PLC0415 - few profiles are synced

    try:
        others, waiting = seen(home, load_lock(lock) if lock else None)
    except (DistError, OSError):
        return 0, 0
    return len(others.conflicts) if others else 0, len(grouped(waiting))


def _bytes(path: Path) -> bytes | None:
    try:
        return read_file(path)
    except OSError:
        return None


def _is_there(path: Path) -> bool:
    """Whether a file is there, even if nobody may read it; if that can't be known, it counts as there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _map(path: Path) -> Mapping[object, object]:
    data = _bytes(path)
    if not data:
        return {}
    try:
        loaded = load_data(data, Kind.YAML)
    except DistError:
        return {}
    return loaded if isinstance(loaded, Mapping) else {}
