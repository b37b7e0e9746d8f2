"""The start of a lockfile: its format, migrations, and what is known without reading its long tables.

Most commands need only this, so the module imports fast, and the head reads fast however many files a package has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import zip_longest

from hermes_dist import lazily
from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.light import TYPE_CHECKING, NamedTuple, StrEnum
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import Digest

with later():
    from hermes_dist.installer import upgrades

if TYPE_CHECKING:  # start-up: a head is read without what makes facts
    from hermes_dist.model.facts import Fact, Facts

FORMAT = 2
SINCE = "0.2.0"
"""The first version of this program that reads ``FORMAT``; locks record it so that older versions can name it."""

MAX_BYTES = 32 * 2**20
WHERE = "distribution.lock"
HINT = "put it back from a backup; or adopt the profile, which makes a new one"
DAMAGE = (KeyError, TypeError, ValueError, RecursionError, Invalid)
"""Errors that reading a damaged lock raises."""
_LONG_TABLES = (b"consent", b"shipped", b"base")
# Compiled when they are first needed, and then kept by `re`: a list reads no lock that it knows.
_ENTRY = r"(?:644|755) [0-9a-f]{64}"
_BARE_KEY = lazily.pattern(r"^([A-Za-z0-9_-]+)(?= = )", re.MULTILINE)
_NOT_IN_KEYS = b"\\\x7f" + bytes(range(0x20))
_MODES = frozenset(["644 ", "755 "])
_SOURCE = lazily.pattern(rb'^source = "([^"\\\x00-\x1f\x7f]+)"$', re.MULTILINE)
_TABLES_OF_PATHS = lazily.pattern(rb"\n\[(shipped|base)\]\n")
_OTHER_TABLE = lazily.pattern(rb"\n[ \t]*\[(?!(?:%s)\]\n)" % b"|".join(_LONG_TABLES))


@lru_cache(maxsize=1)
def parsed(data: bytes) -> Mapping[str, object]:
    """Read the TOML of a lock; the last one is kept, because an update reads its head first and then all of it."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
    import tomli  # noqa: PLC0415 - start-up

    return tomli.loads(data.decode())


class Demand(StrEnum):
    """What a profile demands to be signed, as its user chose."""

    RELEASES = "releases"
    COMMITS = "commits"
    NONE = "none"


class Damaged(Invalid):
    """The lock can't be read.

    Args:
        why: What is wrong with it, in a few words.
    """

    def __init__(self, why: str) -> None:
        super().__init__(f"the lockfile is damaged ({why})", where=WHERE, hint=HINT)
        self.why = why


class Newer(Invalid):
    """The lock was written by a newer program."""


def sources_named(data: bytes) -> tuple[str, ...]:
    """Return the sources that a damaged lock still names, in order: of the package, and of each layer."""
    found = (each[1].decode(errors="replace") for each in _SOURCE.finditer(data))
    return tuple(dict.fromkeys(found))


def reason(err: BaseException) -> str:
    """Return in a few words what is wrong with a lock."""
    if isinstance(err, RecursionError):
        return "it is nested too deeply"
    if isinstance(err, KeyError):
        return f"{err} is missing"
    return str(err)


def migrated(raw: Mapping[str, object]) -> Mapping[str, object]:
    """Migrate a parsed lock to the current format.

    Raises:
        Newer: Its format is newer than this program.
    """
    number = raw.get("format")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError("the format number is missing")
    if number > FORMAT:
        since = raw.get("since")
        known = isinstance(since, str) and re.fullmatch(r"\d{1,6}(\.\d{1,6}){0,3}", since)
        raise Newer(
            f"it has format {number}, newer than this program knows ({FORMAT})",
            where=WHERE,
            hint=f"upgrade with: {upgrades(str(since) if known else '')}",
        )
    while number < FORMAT:
        from hermes_dist.model.lock_migrations import MIGRATIONS  # noqa: PLC0415 - only for older locks

        raw = MIGRATIONS[number](dict(raw))
        number += 1
    return raw


def text(row: Mapping[str, object], key: str, default: str | None = None) -> str:
    """Read a text field; without a default it must be present."""
    value = row[key] if default is None else row.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} is not text")
    return value


def count(raw: Mapping[str, object], key: str) -> int:
    """Read a field that counts something; 0 if it is missing."""
    value = raw.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{key} is not a number")
    return value


def table(value: object) -> dict[str, object]:
    """Check that a value is a table, and return it."""
    if not isinstance(value, dict):
        raise TypeError("a table is missing")
    return value


def listed(value: object, key: str) -> list[object]:
    """Check that a value is a list, and return it."""
    if not isinstance(value, list):
        raise TypeError(f"{key} is not a list")
    return value


def rows(raw: Mapping[str, object], key: str) -> list[dict[str, object]]:
    """Read a field that is a list of tables; empty if it is missing."""
    return [table(row) for row in listed(raw.get(key, []), key)]


def top_of(raw: Mapping[str, object]) -> dict[str, object]:
    """Return the last package of a parsed lock, which is layered over all others."""
    packages = rows(raw, "packages")
    if not packages:
        raise ValueError("it names no package")
    return packages[-1]


def pin_of(row: Mapping[str, object]) -> Pin:
    """Return the pin of a parsed package."""
    subfolder = None
    if row.get("subfolder"):
        subfolder = RelPath(text(row, "subfolder"))
    return Pin(
        url=text(row, "url"),
        kind=PinKind(text(row, "kind")),
        ref=text(row, "ref", ""),
        commit=text(row, "commit", ""),
        subfolder=subfolder,
        version=text(row, "version", ""),
        tree=Digest(text(row, "tree")),
    )


class LockHead(NamedTuple):
    """What is known of a lock without its long tables.

    Attributes:
        source: The source as the user gave it, in the grammar of SourceSpec.
        pin: Exactly what the source resolved to.
        name: The name of the package in its manifest.
        conflicts: The number of open conflicts.
        parked: The effects that wait for approval, each as its path, key and facts.
        whole: Whether the whole pinned package was offered to the home.
        included: What the user takes along without the list of the package's author.
        layers: How many packages the top one stands on.
        held: The commit that the profile is held at, or ``*``; empty if it is not held.
    """

    source: str
    pin: Pin
    name: str
    conflicts: int
    parked: tuple[tuple[str, str, Facts], ...]
    whole: bool
    included: tuple[str, ...] = ()
    layers: int = 0
    held: str = ""


def source_of(data: bytes) -> tuple[str, int] | None:
    """What to ask before many locks are read: the source of a lock, and how many packages its top one stands on.

    What waits for approval is most of a head, and left out here.

    Returns:
        Both; None if the lock is damaged or newer than this program. Whether the rest of it can be read is not said.
    """
    try:
        raw = migrated(parsed(_without_parked(data[: _start_of_long_tables(data)]) + b"\n"))
        return text(top_of(raw), "source"), len(rows(raw, "packages")) - 1
    except DAMAGE:
        return None


def _without_parked(head: bytes) -> bytes:
    """Leave out what waits for approval, which is most of a head."""
    first, begun, rest = head.partition(b"\nparked = [\n")
    return first + rest[rest.find(b"\n]\n") + 2 :] if begun else head


def load_head(data: bytes) -> LockHead | None:
    """Read the head of a lockfile; None if it is damaged or newer than this program."""
    # The long tables are last, and are not read: with many files they would cost most of the time. They are only
    # matched against the lines that this program writes; if anything looks different, the whole lock is read.
    try:
        raw = migrated(before_paths(data))
        _check_rest(raw)
        return _head(raw)
    except DAMAGE:
        return None


def _head(raw: Mapping[str, object]) -> LockHead:
    conflicts = rows(raw, "conflicts")
    parked = tuple(
        (text(row, "path"), text(row, "key"), facts_in(row)) for row in rows(raw, "parked")
    )
    told = {text(row, "path") for row in conflicts} | {path for path, _, _ in parked}
    top = top_of(raw)
    partial = top.get("partial") is True
    return LockHead(
        text(top, "source"),
        pin_of(top),
        text(top, "name", ""),
        len(conflicts),
        parked,
        included=tuple(
            text({"included": p}, "included") for p in listed(top.get("included", []), "included")
        ),
        whole=not partial and not any(pending(table(raw.get("upstream", {})), told)),
        layers=len(rows(raw, "packages")) - 1,
        held=text(raw, "held", ""),
    )


class LockBrief(NamedTuple):
    """What a history shows of a lock, which may be one of hundreds.

    Attributes:
        pin: What the source of the top package resolved to.
        conflicts: The number of open conflicts.
        held: As in :class:`LockHead`.
        package: What tells one state of the package from another: its pins with those of its layers, and the answers
            to its inputs.
    """

    pin: Pin
    conflicts: int
    held: str
    package: str


def load_brief(data: bytes) -> LockBrief | None:
    """Read what a history shows of a lockfile, without what waits for approval; None if it is damaged or newer."""
    try:
        raw = migrated(parsed(_without_parked(data[: start_of_paths(data)]) + b"\n"))
        _check_rest(raw)
        # Another version of a layer is another package, too, and so is one with other answers in it.
        pins = [pin_of(row) for row in rows(raw, "packages")]
        answers = sorted(
            f" {text(row, 'name')}={row.get('value')!r}" for row in rows(raw, "inputs")
        )
        package = " ".join(f"{p.url} {p.subfolder or ''} {p.commit} {p.tree}" for p in pins)
        package += "".join(answers)
        return LockBrief(
            pin_of(top_of(raw)), len(rows(raw, "conflicts")), text(raw, "held", ""), package
        )
    except DAMAGE:
        return None


def facts_in(row: Mapping[str, object]) -> Facts:
    """Read the facts of an approval or an effect."""
    return tuple(map(_fact, listed(row.get("facts", []), "facts")))


def _fact(value: object) -> Fact:
    name, shown = listed(value, "a fact")
    if not isinstance(name, str) or not isinstance(shown, str):
        raise TypeError("a fact is not text")
    return name, shown


def _start_of_long_tables(data: bytes) -> int:
    starts = [data.find(b"\n[" + name + b"]\n") for name in _LONG_TABLES]
    cut = min((at for at in starts if at >= 0), default=len(data))
    if _OTHER_TABLE.search(data, cut):  # another program wrote it, in another order
        return len(data)
    return cut


@lru_cache(maxsize=1)
def start_of_paths(data: bytes) -> int:
    """Where the tables of paths begin; the end of the lock if they are not all as this program writes them, once each.

    The last one is kept, as in :func:`parsed`.
    """
    if len(data) > MAX_BYTES:
        return len(data)
    cut = _start_of_long_tables(data)
    found = _TABLES_OF_PATHS.search(data, cut)
    if found is None:
        return len(data)
    tables = list(_tables(data, found.start()))
    if len({name for name, _, _ in tables}) < len(tables):
        return len(data)
    lines = (_rows_of(data[first:end].decode()) for _, first, end in tables)
    return len(data) if None in lines else found.start()


def before_paths(data: bytes) -> Mapping[str, object]:
    """Parse what a lock says before its tables of paths.

    Raises:
        ValueError: It is no TOML, or has one of these tables as well.
    """
    start = start_of_paths(data)
    raw = parsed(data[:start] + b"\n")
    if ("base" in raw or "shipped" in raw) and any(
        name in raw for name, _, _ in _tables(data, start)
    ):
        raise ValueError("a table of paths is said twice")
    return raw


_ENTRY_LENGTH = len("644 ") + 64


class Lines(dict[str, str]):
    """A table of paths, each of which is there once and has a line as this program writes it."""


def path_tables(data: bytes) -> dict[str, object]:
    """Read the tables of paths of a lock without a TOML parser; nothing from where :func:`start_of_paths` has none."""
    return {
        name: _rows_of(data[first:end].decode())
        for name, first, end in _tables(data, start_of_paths(data))
    }


def _tables(data: bytes, start: int) -> Iterator[tuple[str, int, int]]:
    """The name of each table of paths, and where its lines begin and end: a large lock is not copied for it."""
    heads = list(_TABLES_OF_PATHS.finditer(data, start))
    for head, after in zip_longest(heads, heads[1:]):
        yield head[1].decode(), head.end(), after.start() if after else len(data)


def _rows_of(text: str) -> Lines | None:
    """Read the lines of a table of paths; None if one is not as this program writes it, or a path is there twice."""
    # All lines at once: to match thousands of them by a pattern takes four times as long.
    count = text.count("\n")
    if text.count('"') != 4 * count:
        text = _BARE_KEY.sub(r'"\1"', text)
    before, *pieces = text.split('"')
    paths, between, entries, ends = (pieces[n::4] for n in range(4))
    if before or len(pieces) != 4 * count or not between.count(" = ") == ends.count("\n") == count:
        return None
    lines = Lines(zip(paths, entries, strict=True))
    once = len(lines) == count
    return lines if once and _are_keys(lines) and _are_entries(entries) else None


def _are_keys(texts: Collection[str]) -> bool:
    """Whether none of some texts is empty, or has a character that is not written as it is."""
    whole = "".join(texts).encode()
    return "" not in texts and len(whole) == len(whole.translate(None, _NOT_IN_KEYS))


def _are_entries(texts: Collection[str]) -> bool:
    """Whether each of some texts is a mode and a digest."""
    if not {*map(len, texts)} <= {_ENTRY_LENGTH} or not {text[:4] for text in texts} <= _MODES:
        return False
    # Each has a blank behind its mode, and besides only what is in a digest.
    return len("".join(texts).encode().translate(None, b"0123456789abcdef")) == len(texts)


def _check_rest(raw: Mapping[str, object]) -> None:
    """Check that the tables after the head can be read, so that a damaged lock never counts as "up to date".

    Raises:
        ValueError: A table can't be read.
    """
    for name in ("shipped", "base"):
        for path, entry in table(raw.get(name, {})).items():
            if not isinstance(entry, str) or not re.fullmatch(_ENTRY, entry):
                raise ValueError(f"{name} is damaged at {RelPath(path)}")
    consent = table(raw.get("consent", {}))
    for row in rows(consent, "approved"):
        Digest(text(row, "digest"))
    for row in (*rows(consent, "approved"), *rows(consent, "off")):
        text(row, "path")
        text(row, "key")


def pending(upstream: Iterable[str], told: Collection[str]) -> Iterable[str]:
    """Return the paths whose upstream version has not arrived, although nothing about them is in conflict or parked.

    Args:
        upstream: The paths whose base differs from what upstream shipped.
        told: The paths of conflicts and of parked effects.
    """
    return (
        p for p in upstream if not any(p == place or p.startswith(f"{place}/") for place in told)
    )
