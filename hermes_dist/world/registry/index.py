"""The search index of one registry: a SQLite file that can be rebuilt at any time from the registry's entries."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.errors import DistError
from hermes_dist.light import read_json
from hermes_dist.model.registry import MAX_ENTRY, key_of, skeleton
from hermes_dist.world.disk.locks import flock

Read = Callable[[Sequence[str]], Iterable[tuple[str, bytes]]]
"""Reads entries by their paths, in any order; what can't be read is left out."""

_SCHEMA = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (path TEXT PRIMARY KEY, stamp TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE packages (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, skeleton TEXT NOT NULL, entry BLOB NOT NULL);
CREATE INDEX looks ON packages (skeleton);
CREATE INDEX lengths ON packages (length(key), key);
CREATE VIRTUAL TABLE names USING fts5 (
    text, content = '', detail = none, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3 4'
);
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = '', detail = none, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3 4'
);
"""
_STAGES = (("names", ""), ("names", "*"), ("words", ""), ("words", "*"))
"""Where words are looked for, best first, whole or as beginnings; a stage is only reached when those before it found
too little. Names stand in a table of their own, so that a word that is in every description costs nothing there."""
_CANDIDATES = 300
"""How many packages of a stage are told apart: words that more have in common say little about any of them."""
_AT_ONCE = 512
_WAIT = 30.0
_WORD = lazily.pattern(r"[^\W_]+")


class Synced(Struct, frozen=True, kw_only=True):
    """What a sync did.

    Attributes:
        packages: How many packages the registry has now.
        added: New entries.
        changed: Entries that changed.
        removed: Entries that are gone.
        skipped: Entries that are not understood, with the reason; the others work all the same.
        revision: The commit, or the version of the metadata; empty for a folder.
    """

    packages: int
    added: int = 0
    changed: int = 0
    removed: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    revision: str = ""


class Hit(Struct, frozen=True, kw_only=True):
    """A package that a search found, as its entry says; nothing of it was checked.

    Attributes:
        registry: The registry.
        score: How well it matches; higher is better.
        version: The newest release that is pinned and not yanked; empty for none.
        yanked: Why the newest release of all was yanked; empty if it was not.
        deprecated: Why nobody should begin to use it, and what to use instead; empty if it is kept up.
    """

    registry: str
    name: str
    title: str
    description: str
    category: str
    source: str
    version: str
    score: float
    yanked: str = ""
    deprecated: str = ""


class Index:
    """The index of a registry.

    Args:
        path: The file; made by :meth:`sync`.
        name: The registry's name, for errors and hits.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name

    @property
    def exists(self) -> bool:
        """Whether the index exists and has the format of this version."""
        try:
            return self._path.is_file() and self.meta("schema") == str(_SCHEMA)
        except DistError:
            return False

    def meta(self, name: str) -> str:
        """A note of the last sync; empty if there is none."""
        if not self._path.is_file():
            return ""
        with self._reading() as db:
            row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def get(self, key: str) -> bytes | None:
        """The entry of a package, as the registry wrote it; None if there is none."""
        with self._reading() as db:
            row = db.execute("SELECT entry FROM packages WHERE key = ?", (key,)).fetchone()
        return bytes(row[0]) if row else None

    def keys(self) -> list[str]:
        """Every name."""
        with self._reading() as db:
            return [str(row[0]) for row in db.execute("SELECT key FROM packages ORDER BY key")]

    def similar(self, key: str) -> list[str]:
        """The names that could be mistaken for this one: of similar length, or similar in appearance."""
        some = "SELECT key FROM packages WHERE"
        query = f"{some} skeleton = ? UNION {some} length(key) BETWEEN ? AND ?"
        with self._reading() as db:
            return [
                str(row[0])
                for row in db.execute(query, (skeleton(key), len(key) - 1, len(key) + 1))
            ]

    def search(self, words: Sequence[str], limit: int) -> list[Hit]:
        """Find packages by words, all of which have to be there, perhaps as beginnings; the best come first."""
        asked = _WORD.findall(" ".join(words).lower())
        found: dict[int, Hit] = {}
        with self._reading() as db:
            for table, mark in _STAGES if asked else ():
                match = " AND ".join(_asked_for(word, mark, asked) for word in asked)
                query = f"SELECT rowid FROM {table} WHERE {table} MATCH ? LIMIT ?"  # noqa: S608 - our own tables
                for (row,) in db.execute(query, (match, _CANDIDATES)).fetchall():
                    if row not in found:
                        entry = db.execute(
                            "SELECT entry FROM packages WHERE id = ?", (row,)
                        ).fetchone()[0]
                        found[row] = _hit(self._name, read_json(entry), asked)
                if len(found) >= limit:
                    break
        return sorted(found.values(), key=lambda hit: (-hit.score, hit.name))[:limit]

    def browse(self, category: str = "") -> list[Hit]:
        """List all packages by name, or those of a category."""
        with self._reading() as db:
            rows = db.execute("SELECT entry FROM packages ORDER BY key").fetchall()
        found = [_hit(self._name, read_json(entry), ()) for (entry,) in rows]
        return [hit for hit in found if category in ("", hit.category)]

    def sync(self, listing: Mapping[str, str], read: Read, notes: Mapping[str, str]) -> Synced:
        """Update the index to a listing; only changed entries are read.

        Args:
            listing: The stamp of each entry, by its path; the same stamp means the same content.
            read: Reads entries.
            notes: What to note; see :meth:`meta`.

        Raises:
            DistError: The disk fails, or another command is writing the index.
        """
        with flock(self._path.with_suffix(".lock"), timeout=_WAIT):
            if not self.exists:
                self._path.unlink(missing_ok=True)
            with self._writing() as db:
                return _synced(db, listing, read, {**notes, "schema": str(_SCHEMA)})

    def remove(self) -> None:
        """Delete the file."""
        for path in (self._path, self._path.with_suffix(".lock")):
            path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=_WAIT)
            ) as db:
                yield db
        except sqlite3.Error as error:
            raise DistError(
                f"the index of the registry {self._name} can't be read: {error}",
                where=str(self._path),
                hint="rebuild it with",
                command=f"registry sync {self._name}",
            ) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT)) as db, db:
                if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                    db.executescript(_TABLES)
                yield db
        except sqlite3.Error as error:
            if is_new:
                self._path.unlink(missing_ok=True)
            raise DistError(
                f"the index can't be written: {error}",
                where=str(self._path),
                hint="check whether that disk is full or read-only, then run it again",
            ) from error


def _synced(
    db: sqlite3.Connection, listing: Mapping[str, str], read: Read, notes: Mapping[str, str]
) -> Synced:
    known = dict(db.execute("SELECT path, stamp FROM files"))
    gone = [path for path in known if path not in listing]
    changed = [path for path, stamp in listing.items() if known.get(path) != stamp]
    new = [path for path in changed if path not in known]
    for path in gone:
        _forget(db, path)
    for start in range(0, len(changed), _AT_ONCE):
        _replace(db, changed[start : start + _AT_ONCE], listing, read)
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", notes.items())
    skipped = db.execute(
        "SELECT substr(name, 9), value FROM meta WHERE name LIKE 'skipped %' ORDER BY name"
    ).fetchall()
    count = db.execute("SELECT count(*) FROM packages").fetchone()[0]
    return Synced(
        packages=int(count),
        added=len(new),
        changed=len(changed) - len(new),
        removed=len(gone),
        skipped=tuple(skipped),
        revision=notes.get("revision", ""),
    )


def _replace(
    db: sqlite3.Connection, paths: Sequence[str], listing: Mapping[str, str], read: Read
) -> None:
    """Read entries again; one that is not understood is noted and skipped."""
    found = dict(read([path for path in paths if key_of(path)]))
    for path in paths:
        _forget(db, path)
        db.execute("INSERT INTO files VALUES (?, ?)", (path, listing[path]))
        problem = _take(db, path, found[path]) if path in found else _absent(path)
        if problem:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"skipped {path}", problem))


def _forget(db: sqlite3.Connection, path: str) -> None:
    db.execute("DELETE FROM files WHERE path = ?", (path,))
    db.execute("DELETE FROM meta WHERE name = ?", (f"skipped {path}",))
    row = db.execute("SELECT id, entry FROM packages WHERE key = ?", (key_of(path),)).fetchone()
    if row:
        db.execute("DELETE FROM packages WHERE id = ?", row[:1])
        names, words = _texts(read_json(row[1]))
        db.execute(
            "INSERT INTO names (names, rowid, text) VALUES ('delete', ?, ?)", (row[0], names)
        )
        db.execute(
            "INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", (row[0], words)
        )


def _absent(path: str) -> str:
    return "it can't be read" if key_of(path) else "an entry can't be there"


def _take(db: sqlite3.Connection, path: str, data: bytes) -> str:
    """Add an entry as far as it is understood; returns what is wrong with it."""
    key = key_of(path)
    if len(data) > MAX_ENTRY:
        return "it is larger than 1 MiB"
    try:
        entry = read_json(data)
    except ValueError:
        return "it is not JSON"
    if not isinstance(entry, dict) or entry.get("name") != key:
        return "it is the entry for another name, or for none"
    cursor = db.execute(
        "INSERT INTO packages (key, skeleton, entry) VALUES (?, ?, ?)", (key, skeleton(key), data)
    )
    names, words = _texts(entry)
    db.execute("INSERT INTO names (rowid, text) VALUES (?, ?)", (cursor.lastrowid, names))
    db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (cursor.lastrowid, words))
    return ""


# FTS5 tables without content forget a row only if they are told the texts that made it: if this
# function changes, _SCHEMA has to, or old words stay findable.
def _texts(entry: Mapping[str, object]) -> tuple[str, str]:
    """What an entry is found by: its names, and everything."""
    runs = entry.get("runs")
    what = [name for name, count in runs.items() if count] if isinstance(runs, dict) else []
    names = " ".join(_words(entry.get(field)) for field in ("name", "title", "keywords"))
    others = " ".join(_words(entry.get(field)) for field in ("category", "description", "env"))
    return names, f"{names} {others} {' '.join(what)}"


def _asked_for(word: str, mark: str, asked: Sequence[str]) -> str:
    return f'"{word}"{mark}' if _is_beginning(word, asked) else f'"{word}"'


def _is_beginning(word: str, asked: Sequence[str]) -> bool:
    """Return whether a word also matches words that begin with it: the last word, and lengths with an index."""
    return 1 < len(word) <= 4 or (word == asked[-1] and len(word) > 1)


def _score(asked: Sequence[str], entry: Mapping[str, object]) -> float:
    """Return how well a package matches: by where the words are, and how much of its name they cover."""
    name = _words(entry.get("name"))
    places = [
        (name, 8.0),
        (_words(entry.get("title")).lower(), 4.0),
        (_words(entry.get("keywords")).lower(), 4.0),
    ]
    points = sum(next((value for text, value in places if word in text), 1.0) for word in asked)
    return points + sum(len(word) for word in asked if word in name) / (len(name) + 1)


def _words(value: object) -> str:
    if isinstance(value, list):
        return (
            " ".join(word for word in value if isinstance(word, str))
            .encode(errors="replace")
            .decode()
        )
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _hit(registry: str, entry: Mapping[str, object], asked: Sequence[str]) -> Hit:
    rows = entry.get("versions")
    pinned = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    good = [row for row in pinned if not row.get("yanked")]
    texts = {
        name: _words(entry.get(name))
        for name in ("name", "title", "description", "category", "source", "deprecated")
    }
    return Hit(
        registry=registry,
        version=_words(good[-1].get("version")) if good else "",
        yanked=_words(pinned[-1].get("yanked")) if pinned else "",
        score=_score(asked, entry),
        **texts,
    )
