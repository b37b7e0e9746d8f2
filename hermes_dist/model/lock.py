"""The lockfile ``distribution.lock``: what a home received, and what was decided about it.

It is TOML: sorted, without timestamps, one entry per line; its schema is ``schema/lock.schema.json``. Older formats
are migrated, newer ones refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import chain, islice, starmap

from msgspec import Struct, field
from msgspec.structs import asdict, force_setattr, replace

from hermes_dist import lazily
from hermes_dist.errors import Invalid, quoted
from hermes_dist.model import lock_head as lockhead
from hermes_dist.model.lock_head import (
    DAMAGE,
    Damaged,
    Demand,
    Lines,
    Newer,
    before_paths,
    count,
    facts_in,
    listed,
    migrated,
    path_tables,
    pending,
    pin_of,
    reason,
    rows,
    table,
    text,
    top_of,
)
from hermes_dist.model.lock_package import (
    Approval,
    InputAnswer,
    InputValue,
    LockedPackage,
    Off,
    OffCause,
    digests_of,
)
from hermes_dist.model.paths import RelPath, safe_paths
from hermes_dist.model.plan import Answer, Conflict, ConflictKind, Effect, EffectKind
from hermes_dist.model.side import Side
from hermes_dist.model.source import Pin
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree

_BARE = lazily.pattern(r"[A-Za-z0-9_-]+")
_ENTRY_LINE = lazily.pattern(rb'(?m)^([\w-]+ = |"[^"\n]+" = )"(?:644|755) [0-9a-f]{64}"$')
"""A line of :func:`_table_lines`."""
_BOOLEANS = ("false", "true")
_AT_ONCE = 512
"""Lines that are made together."""
_MAPS = (dict, Mapping)
"""Maps; what is a dict needs no look at what a map is."""

_PACKAGE_NEEDS = frozenset({"source", "kind", "url", "tree"})
_PACKAGE_KNOWN = _PACKAGE_NEEDS | {
    "name",
    "registry",
    "signer",
    "demands",
    "partial",
    "included",
    "layer",
    "over",
    "only",
    "taken",
    "subfolder",
    "ref",
    "commit",
    "version",
}
_KNOWN = frozenset(
    {
        "format",
        "since",
        "packages",
        "base",
        "shipped",
        "upstream",
        "authored",
        "released",
        "conflicts",
        "parked",
        "answers",
        "moved",
        "inputs",
        "unfilled",
        "consent",
        "kept",
        "held",
        "generation",
    }
)

ANY = "*"
"""A hold that keeps out every update."""


class Lock(Struct, frozen=True, kw_only=True):
    """What is remembered about one home.

    Attributes:
        packages: The packages that the home holds, each layered over the ones before it; the last is the top.
        base: The package tree as the home last received it, with the home's names; a part with an open conflict keeps
            its older state.
        shipped: Entries of the package tree that have another name in the home (``mcp.json``, ``cron/*``).
        upstream: For each path where base differs from what upstream shipped: upstream's entry, None if it has none.
        authored: For each path where ``upstream`` holds an edit of the user's that an archive brought and that waits:
            its author's entry, None if it has none.
        released: What parts that left the package's list, and so became the user's, last were as the package's.
        conflicts: Open conflicts.
        parked: Effects that wait for approval.
        answers: How conflicts were settled, if their result waits for approval.
        moved: The user's moves of files with an open conflict, upstream's name to ours.
        inputs: The inputs of the packages that were answered.
        unfilled: The files that hold answers, as the top package's author wrote them, by their paths in the package.
        approved: Approved effects, in the order of their approval.
        off: What stays off although it is approved.
        kept: ``path`` or ``path: key`` that always keeps its local version on this machine.
        held: The commit this profile is held at; empty if it is not held. ``ANY`` holds against any update.
        generation: The number of the newest generation.
        more: Unknown fields; they are written back.
    """

    packages: tuple[LockedPackage, ...]
    base: Tree = EMPTY
    shipped: Tree = EMPTY
    upstream: Mapping[RelPath, Entry | None] = field(default_factory=dict)
    authored: Mapping[RelPath, Entry | None] = field(default_factory=dict)
    released: Tree = EMPTY
    conflicts: tuple[Conflict, ...] = ()
    parked: tuple[Effect, ...] = ()
    answers: tuple[Answer, ...] = ()
    moved: Mapping[RelPath, RelPath] = field(default_factory=dict)
    inputs: tuple[InputAnswer, ...] = ()
    unfilled: Tree = EMPTY
    approved: tuple[Approval, ...] = ()
    off: tuple[Off, ...] = ()
    kept: frozenset[str] = frozenset()
    held: str = ""
    generation: int = 0
    more: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.packages:
            raise ValueError("it names no package")
        force_setattr(self, "conflicts", tuple(sorted(self.conflicts)))
        force_setattr(self, "parked", tuple(sorted(self.parked)))
        force_setattr(self, "answers", tuple(sorted(self.answers)))
        force_setattr(self, "inputs", tuple(sorted(self.inputs, key=lambda one: one.name)))
        force_setattr(self, "approved", tuple(dict.fromkeys(self.approved)))
        force_setattr(self, "off", tuple(sorted(set(self.off))))

    @property
    def top(self) -> LockedPackage:
        """The package that the home was made from; all others are layered below it."""
        return self.packages[-1]

    @property
    def layers(self) -> tuple[LockedPackage, ...]:
        """The packages that the top stands on, the lowest first."""
        return self.packages[:-1]

    @property
    def source(self) -> str:
        """The source of the top package, as the user gave it."""
        return self.top.source

    @property
    def pin(self) -> Pin:
        """Exactly what the source of the top package resolved to."""
        return self.top.pin

    @property
    def name(self) -> str:
        """The name of the top package in its manifest."""
        return self.top.name

    @property
    def registry(self) -> str:
        """The registry that the top's name belongs to; empty if it did not come from a registry."""
        return self.top.registry

    @property
    def signer(self) -> str:
        """Fingerprint of the key that must sign releases of the top package; empty if none is expected."""
        return self.top.signer

    @property
    def demands(self) -> Demand | None:
        """What the user chose that has to be signed; None for no choice."""
        return self.top.demands

    @property
    def partial(self) -> bool:
        """Return whether parts of a pinned package were left out; the next full update brings them."""
        return self.top.partial

    @property
    def granted(self) -> frozenset[Digest]:
        """Digests of the approved effects."""
        return digests_of(self.approved)

    @property
    def input_values(self) -> Mapping[str, InputValue]:
        """The answers that may be put into files, by the name of the input."""
        return {one.name: one.value for one in self.inputs if one.value is not None}

    def with_top(self, **changes: object) -> Lock:
        """Return the lock with some fields of its top package replaced."""
        return replace(self, packages=(*self.packages[:-1], replace(self.top, **changes)))

    def theirs(self) -> Tree:
        """Return the package tree that upstream shipped, with the home's names."""
        return self.base.with_entries(self.upstream)

    def theirs_at(self, path: RelPath) -> Entry | None:
        """What upstream shipped at one path; None for nothing."""
        return self.upstream[path] if path in self.upstream else self.base.get(path)

    def not_received(self, paths: Collection[RelPath], before: Lock | None) -> Lock:
        """Return the lock for a home where some paths were not written: their base stays, upstream's entry is recorded.

        Args:
            paths: Paths that were skipped because another program wrote them at the same moment.
            before: The lock before the operation.
        """
        old = before.base if before else EMPTY
        base = {path: old.get(path) for path in paths}
        upstream = {path: self.theirs().get(path) for path in paths}
        return replace(
            self, base=self.base.with_entries(base), upstream={**self.upstream, **upstream}
        )

    def contents(self) -> frozenset[Digest]:
        """Return the digests of all contents that merging may need."""
        trees = (
            self.base,
            self.shipped,
            self.released,
            self.unfilled,
            self.upstream,
            self.authored,
        )
        return frozenset(entry.digest for tree in trees for entry in tree.values() if entry)

    @property
    def whole(self) -> bool:
        """Return whether the whole pinned package was offered to the home: fetching it again brings nothing new."""
        return not self.partial and not self.pending

    @property
    def pending(self) -> frozenset[RelPath]:
        """Paths whose upstream version has not arrived, although nothing about them is in conflict or parked."""
        told = {c.path for c in self.conflicts} | {e.path for e in self.parked}
        return frozenset(map(RelPath, pending(self.upstream, told)))


def dump_lock(lock: Lock) -> bytes:
    """Write a lock as TOML, one entry per line; equal locks give equal bytes.

    Raises:
        Invalid: A text in it can't be written, such as a local path that is not valid Unicode.
    """
    flat = {k: v for k, v in lock.more.items() if not isinstance(v, dict)}
    tables = {k: v for k, v in sorted(lock.more.items()) if k not in flat}
    conflicts = [{"path": c.path, "key": c.key, "kind": c.kind} for c in lock.conflicts]
    # TOML wants single fields before the first table. The long tables come last, so that the head can be read alone.
    parts = chain(
        [
            "# Written by hermes-dist: what this profile received, for merging. Do not edit.\n",
            _head_text(lock),
            _fields(flat),
            _rows_text("conflicts", conflicts),
            _rows_text("parked", map(_effect_row, lock.parked)),
            _rows_text("answers", map(asdict, lock.answers)),
            _rows_text(
                "moved", [{"from": old, "to": new} for old, new in sorted(lock.moved.items())]
            ),
            _rows_text("inputs", map(_input_row, lock.inputs)),
        ],
        map(_package_text, lock.packages),
        starmap(_unknown_text, tables.items()),
        _table_lines("upstream", dict(sorted(lock.upstream.items()))),
        _table_lines("authored", dict(sorted(lock.authored.items()))),
        _table_lines("released", lock.released),
        _table_lines("unfilled", lock.unfilled),
        [_consent_text(lock)],
        _table_lines("shipped", lock.shipped),
        _table_lines("base", lock.base),
    )
    return _encoded(parts)


def without_digests(text: bytes) -> bytes:
    """Return the text of a lock without the digests of files, line for line: what is left can hold a secret."""
    return _ENTRY_LINE.sub(rb'\1""', text)


def _encoded(parts: Iterable[str]) -> bytes:
    """Encode a lock piece by piece: with many files, its text is the largest thing in the memory.

    Raises:
        Invalid: A text in it can't be written.
    """
    whole, part = bytearray(), ""
    try:
        for part in parts:
            whole += part.encode()
    except UnicodeEncodeError as err:
        raise Invalid(
            "a text to be written to the lockfile is not valid Unicode",
            where=ascii(part[max(0, err.start - 40) : err.end]),
        ) from None
    return bytes(whole)


def _head_text(lock: Lock) -> str:
    """Write the single fields of this format; a field without a value is left out."""
    head: dict[str, object] = {
        "format": lockhead.FORMAT,
        "since": lockhead.SINCE,
        "held": lock.held,
        "generation": lock.generation,
        "kept": sorted(lock.kept),
    }
    return _fields({name: value for name, value in head.items() if value not in ("", 0, [])})


def _unknown_text(name: str, value: object) -> str:
    """Write a table of a newer program, so that an older one does not lose it."""
    import tomli_w  # noqa: PLC0415 - only writers pay for it

    return f"\n{tomli_w.dumps({name: _plain(value)})}"


def _table_lines(name: str, entries: Mapping[RelPath, Entry | None]) -> Iterator[str]:
    """Write a table of paths; they never contain a character that TOML escapes."""
    if entries:
        yield f"\n[{name}]\n"
    rows = iter(entries.items())
    while some := list(islice(rows, _AT_ONCE)):
        yield "".join([f'{_path_key(path)} = "{_entry_text(entry)}"\n' for path, entry in some])


def _path_key(path: RelPath) -> str:
    return f'"{path}"' if "/" in path or not _BARE.fullmatch(path) else path


def _package_text(package: LockedPackage) -> str:
    """Write one package with one field per line, so that a new commit changes one line of a diff."""
    pin = package.pin
    fields: dict[str, object] = {
        "name": package.name,
        "source": package.source,
        "registry": package.registry,
        "kind": pin.kind,
        "url": pin.url,
        "subfolder": pin.subfolder or "",
        "ref": pin.ref,
        "commit": pin.commit,
        "version": pin.version,
        "tree": pin.tree,
        "signer": package.signer,
        "demands": package.demands or "",
        "partial": package.partial,
        "included": list(package.included),
        "layer": package.layer,
        "over": list(package.over),
        "only": list(package.only),
        "taken": package.taken,
    }
    filled = {name: value for name, value in fields.items() if name in _PACKAGE_NEEDS or value}
    return "\n[[packages]]\n" + _fields({**filled, **package.more})


def _consent_text(lock: Lock) -> str:
    """Write the decisions about effects, with everything that was shown for them."""
    approved = _rows_text("approved", map(_approval_row, lock.approved))
    off = _rows_text("off", map(asdict, lock.off))
    if not approved and not off:
        return ""
    return f"\n[consent]\n{approved}{off}"


def _rows_text(name: str, rows: Iterable[Mapping[str, object]]) -> str:
    """Write a list of inline tables, one per line."""
    lines = [f"    {_inline(row)},\n" for row in rows]
    if not lines:
        return ""
    return f"{name} = [\n{''.join(lines)}]\n"


def _fields(values: Mapping[str, object]) -> str:
    return "".join(_field(name, value) for name, value in values.items())


def _field(name: str, value: object) -> str:
    """Write a field; a list has one item per line."""
    if not isinstance(value, list) or not value:
        return f"{_inline_key(name)} = {_inline(value)}\n"
    return (
        f"{_inline_key(name)} = [\n" + "".join(f"    {_inline(item)},\n" for item in value) + "]\n"
    )


def _inline(value: object) -> str:
    """Write a value on one line."""
    # Nearly all are texts without anything to escape, and the library takes longer for each than for all it escapes.
    if isinstance(value, str) and value.isprintable() and not ('"' in value or "\\" in value):
        return f'"{str.__str__(value)}"'
    if isinstance(value, _MAPS):
        pairs = ", ".join(f"{_inline_key(key)} = {_inline(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_inline, value))}]"
    if isinstance(value, bool):
        return _BOOLEANS[value]  # each effect has one
    import tomli_w  # noqa: PLC0415 - only writers pay for it

    return tomli_w.dumps({"x": _plain(value)})[len("x = ") : -1]


@lru_cache(maxsize=256)
def _inline_key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _inline(key)


def load_lock(data: bytes) -> Lock:
    """Read a lockfile.

    Raises:
        Invalid: The lockfile is damaged or has a newer format; the error says what to do.
    """
    try:
        return _read(migrated(_parsed(data)))
    except Newer:
        raise
    except DAMAGE as err:
        raise Damaged(reason(err)) from err


def _parsed(data: bytes) -> Mapping[str, object]:
    """Read the TOML of a lock; its long tables are read line by line if their lines are as written here.

    A TOML parser in Python takes most of the time of an update of a large package.
    """
    return {**before_paths(data), **path_tables(data)}


def _read(raw: Mapping[str, object]) -> Lock:
    top_of(raw)
    consent = table(raw.get("consent", {}))
    return Lock(
        packages=tuple(map(_package, rows(raw, "packages"))),
        base=_tree(raw.get("base", {})),
        shipped=_tree(raw.get("shipped", {})),
        upstream={path: _entry_or_none(line) for path, line in _paths(raw.get("upstream", {}))},
        authored={path: _entry_or_none(line) for path, line in _paths(raw.get("authored", {}))},
        released=_tree(raw.get("released", {})),
        conflicts=tuple(
            Conflict(RelPath(text(r, "path")), text(r, "key"), ConflictKind(text(r, "kind")))
            for r in rows(raw, "conflicts")
        ),
        parked=tuple(_effect(r) for r in rows(raw, "parked")),
        answers=tuple(
            Answer(RelPath(text(r, "path")), text(r, "key"), Side(text(r, "side")), text(r, "ours"))
            for r in rows(raw, "answers")
        ),
        moved={RelPath(text(r, "from")): RelPath(text(r, "to")) for r in rows(raw, "moved")},
        inputs=tuple(map(_input, rows(raw, "inputs"))),
        unfilled=_tree(raw.get("unfilled", {})),
        approved=tuple(map(_approval, rows(consent, "approved"))),
        off=tuple(
            Off(RelPath(text(r, "path")), text(r, "key"), OffCause(text(r, "cause")))
            for r in rows(consent, "off")
        ),
        kept=frozenset(_texts(raw, "kept")),
        held=text(raw, "held", ""),
        generation=count(raw, "generation"),
        more={key: value for key, value in raw.items() if key not in _KNOWN},
    )


def _package(row: dict[str, object]) -> LockedPackage:
    return LockedPackage(
        name=text(row, "name", ""),
        source=text(row, "source"),
        registry=text(row, "registry", ""),
        pin=pin_of(row),
        signer=text(row, "signer", ""),
        demands=Demand(text(row, "demands")) if "demands" in row else None,
        partial=row.get("partial") is True,
        included=tuple(map(RelPath, _texts(row, "included"))),
        layer=text(row, "layer", ""),
        over=tuple(_texts(row, "over")),
        only=tuple(_texts(row, "only")),
        taken=text(row, "taken", ""),
        more={key: value for key, value in row.items() if key not in _PACKAGE_KNOWN},
    )


def _approval(row: dict[str, object]) -> Approval:
    path, digest = text(row, "path"), Digest(text(row, "digest"))
    return Approval(
        RelPath(path) if path else "",
        text(row, "key"),
        digest,
        text(row, "version", ""),
        facts_in(row),
    )


def _input(row: dict[str, object]) -> InputAnswer:
    value = row.get("value")
    if value is not None and not isinstance(value, InputValue):
        raise TypeError("the answer to an input is not a single value")
    return InputAnswer(text(row, "name"), value)


def _input_row(answer: InputAnswer) -> dict[str, object]:
    row: dict[str, object] = {"name": answer.name}
    return row if answer.value is None else {**row, "value": answer.value}


def _plain(value: object) -> object:
    """Turn subclasses of str into plain str for the TOML writer."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _texts(raw: Mapping[str, object], key: str) -> list[str]:
    return [text({key: item}, key) for item in listed(raw.get(key, []), key)]


def _paths(value: object) -> Iterator[tuple[RelPath, str]]:
    found = table(value)
    for path in found:
        yield RelPath(path), text(found, path)


def _tree(value: object) -> Tree:
    if isinstance(value, Lines):
        return Tree(zip(safe_paths(value), _written_entries(value.values()), strict=True))
    return Tree((path, _entry(line)) for path, line in _paths(value))


_ABSENT = "absent"


def _entry_text(entry: Entry | None) -> str:
    if entry is None:
        return _ABSENT
    return f"755 {entry.digest}" if entry.executable else f"644 {entry.digest}"


def _entry_or_none(line: str) -> Entry | None:
    return None if line == _ABSENT else _entry(line)


def _entry(line: str) -> Entry:
    mode, _, digest = line.partition(" ")
    if mode not in {"644", "755"}:
        raise ValueError(f"{quoted(mode, 20)} is not a mode")
    return Entry(Digest(digest), mode == "755")


def _written_entries(lines: Collection[str]) -> Iterable[Entry]:
    """Read entries that are known to be as :func:`_entry_text` writes them."""
    digests = [str.__new__(Digest, line[4:]) for line in lines]
    return map(Entry._make, zip(digests, [line[0] == "7" for line in lines], strict=True))


def _approval_row(approval: Approval) -> dict[str, object]:
    row: dict[str, object] = {"path": approval.path, "key": approval.key, "digest": approval.digest}
    more = {"version": approval.version, "facts": approval.facts}
    return row | {key: value for key, value in more.items() if value}


def _effect_row(effect: Effect) -> dict[str, object]:
    return {
        "kind": str(effect.kind),
        "path": effect.path,
        "key": effect.key,
        "facts": effect.facts,
        "digest": effect.digest,
        "off": effect.off,
    }


def _effect(row: dict[str, object]) -> Effect:
    return Effect(
        EffectKind(text(row, "kind")),
        RelPath(text(row, "path")),
        text(row, "key"),
        facts_in(row),
        Digest(text(row, "digest")),
        row.get("off") is True,
    )
