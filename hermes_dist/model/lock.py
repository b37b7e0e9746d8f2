"""The lockfile ``distribution.lock``: what a home received, and what was decided about it.

TOML, sorted, no timestamps, one entry a line; its schema is ``schema/lock.schema.json``. An older
format is migrated, a newer one refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Effect, EffectKind
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree, mode_of

FORMAT = 1
MIGRATIONS: Mapping[int, Callable[[dict[str, object]], dict[str, object]]] = {}
"""From each older format to the next one; applied in turn."""

_MAX_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The memory of one home.

    Attributes:
        source: The source as asked for, in the grammar of SourceSpec.
        pin: Exactly what it was.
        base: The package tree as the home last received it, in the home's spelling; where something was
            left open, still the older state of that part.
        shipped: Entries of the package tree that the home spells otherwise (``mcp.json``, ``cron/*``).
        upstream: For each path where base is not what upstream shipped: upstream's entry, None for absence.
        conflicts: Left open.
        parked: Effects that wait for a yes.
        approved: Digests of effects that got one.
        kept: ``path`` or ``path:key`` that stays ours for ever on this machine.
        held: A commit this profile is held at; empty for none. ``*`` holds against any update.
        signer: Fingerprint of the key that signed what was received; empty when nobody did.
        name: The package's own name, by its manifest.
        generation: The number of the newest generation.
    """

    source: str
    pin: Pin
    name: str = ""
    base: Tree = EMPTY
    shipped: Tree = EMPTY
    upstream: Mapping[RelPath, Entry | None] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    parked: tuple[Effect, ...] = ()
    approved: frozenset[Digest] = frozenset()
    kept: frozenset[str] = frozenset()
    held: str = ""
    signer: str = ""
    generation: int = 0

    def theirs(self) -> Tree:
        """The package tree that upstream shipped, in the home's spelling."""
        return self.base.with_entries(self.upstream)


def dump_lock(lock: Lock) -> bytes:
    """Write a lock as TOML; the same lock gives the same bytes."""
    import tomli_w  # noqa: PLC0415 - only writers pay for it

    pin = lock.pin
    data: dict[str, object] = {
        "format": FORMAT,
        "name": lock.name,
        "source": lock.source,
        "held": lock.held,
        "signer": lock.signer,
        "generation": lock.generation,
        "kept": sorted(lock.kept),
        "approved": sorted(lock.approved),
        "pin": {
            "url": pin.url, "subfolder": pin.subfolder or "", "ref": pin.ref, "commit": pin.commit,
            "version": pin.version, "tree": pin.tree,
        },
        "conflicts": [{"path": c.path, "key": c.key, "kind": c.kind} for c in sorted(lock.conflicts)],
        "parked": [_effect_row(e) for e in sorted(lock.parked)],
        "upstream": {p: _entry_text(e) for p, e in sorted(lock.upstream.items())},
        "shipped": {p: _entry_text(e) for p, e in lock.shipped.items()},
        "base": {p: _entry_text(e) for p, e in lock.base.items()},
    }  # fmt: skip
    text = tomli_w.dumps(_plain({k: v for k, v in data.items() if k == "format" or v not in ("", 0, [], {})}))
    return ("# Written by hermes-dist: what this profile received, for merging. Do not edit.\n" + text).encode()


def load_lock(data: bytes) -> Lock:
    """Read a lockfile.

    Raises:
        Invalid: It is damaged, or of a newer format; the error says what to do.
    """
    try:
        raw = tomllib.loads(data.decode()) if len(data) <= _MAX_BYTES else {}
        return _read(_migrated(raw))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as err:
        raise Invalid(
            f"the lockfile is damaged ({err})", where="distribution.lock",
            hint="put it back from a backup, or move it away and run: hermes profile adopt NAME",
        ) from err


def _migrated(raw: dict[str, object]) -> dict[str, object]:
    number = raw.get("format")
    if not isinstance(number, int) or number < 1:
        raise Invalid("the format number is missing", where="distribution.lock", hint="move it away and adopt again")
    if number > FORMAT:
        raise Invalid(
            f"it has format {number}, newer than this program knows ({FORMAT})", where="distribution.lock",
            hint="upgrade with: pip install -U hermes-dist",
        )
    while number < FORMAT:
        raw = MIGRATIONS[number](raw)
        number += 1
    return raw


def _read(raw: dict[str, object]) -> Lock:
    get = _table(raw)
    pin = _table(raw["pin"])
    return Lock(
        name=str(get.get("name", "")),
        source=str(get["source"]),
        pin=Pin(
            url=str(pin["url"]), ref=str(pin.get("ref", "")), commit=str(pin.get("commit", "")),
            subfolder=RelPath(str(pin["subfolder"])) if pin.get("subfolder") else None,
            version=str(pin.get("version", "")), tree=Digest(str(pin["tree"])),
        ),
        base=_tree(get.get("base", {})),
        shipped=_tree(get.get("shipped", {})),
        upstream={RelPath(p): _entry(str(v)) for p, v in _table(get.get("upstream", {})).items()},
        conflicts=tuple(Conflict(RelPath(str(r["path"])), str(r["key"]), str(r["kind"])) for r in _rows(get, "conflicts")),
        parked=tuple(_effect(r) for r in _rows(get, "parked")),
        approved=frozenset(Digest(str(d)) for d in _list(get.get("approved", []))),
        kept=frozenset(str(k) for k in _list(get.get("kept", []))),
        held=str(get.get("held", "")),
        signer=str(get.get("signer", "")),
        generation=int(str(get.get("generation", 0))),
    )  # fmt: skip


def _plain(value: object) -> dict[str, object]:
    """Turn str subclasses into what the TOML writer takes."""

    def plain(item: object) -> object:
        if isinstance(item, str):
            return str.__str__(item)
        if isinstance(item, dict):
            return {str(k): plain(v) for k, v in item.items()}
        return [plain(v) for v in item] if isinstance(item, (list, tuple)) else item

    return {k: plain(v) for k, v in _table(value).items()}


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("a table is missing")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError("a list is missing")
    return value


def _rows(raw: dict[str, object], key: str) -> list[dict[str, object]]:
    return [_table(row) for row in _list(raw.get(key, []))]


def _tree(value: object) -> Tree:
    pairs = ((RelPath(p), _entry(str(v))) for p, v in _table(value).items())
    return Tree([(p, e) for p, e in pairs if e is not None])


def _entry_text(entry: Entry | None) -> str:
    return f"{mode_of(entry)} {entry.digest}" if entry else "absent"


def _entry(text: str) -> Entry | None:
    if text == "absent":
        return None
    mode, digest = text.split(" ")
    if mode not in {"644", "755"}:
        raise ValueError(f"{mode!r} is not a mode")
    return Entry(Digest(digest), mode == "755")


def _effect_row(effect: Effect) -> dict[str, object]:
    return {
        "kind": str(effect.kind), "path": effect.path, "key": effect.key, "what": effect.what,
        "digest": effect.digest, "off": effect.off,
    }  # fmt: skip


def _effect(row: dict[str, object]) -> Effect:
    return Effect(
        EffectKind(str(row["kind"])), RelPath(str(row["path"])), str(row["key"]), str(row["what"]),
        Digest(str(row["digest"])), row.get("off") is True,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LockHead:
    """What a list of profiles needs of a lock, read without its long tables."""

    name: str
    version: str
    source: str
    commit: str
    conflicts: int
    parked: int


def load_head(data: bytes) -> LockHead | None:
    """Read the head of a lockfile; None when it is damaged or newer than this program."""
    cut = min((at for table in _LONG_TABLES if (at := data.find(b"\n[" + table + b"]\n")) >= 0), default=len(data))
    try:
        raw = _migrated(tomllib.loads(data[:cut].decode() + "\n"))
        pin = _table(raw["pin"])
        return LockHead(
            str(raw.get("name", "")), str(pin.get("version", "")), str(raw["source"]), str(pin.get("commit", "")),
            len(_rows(raw, "conflicts")), len(_rows(raw, "parked")),
        )  # fmt: skip
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, Invalid):
        return None


_LONG_TABLES = (b"upstream", b"shipped", b"base")
