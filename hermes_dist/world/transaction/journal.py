"""The journal of a transaction: which file goes where, with a checksum; it is also the record of a generation.

The transaction folder ``.dist/txn`` holds ``journal``, one slot for each step (``0``, ``1``, …) and one for the
lockfile (``lock``). A slot holds the new file until the step is done and the displaced one afterwards, so the slots
alone tell what is done; see :mod:`hermes_dist.world.transaction.realize`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from hermes_dist import lazily
from hermes_dist.agents.places import CONFIG
from hermes_dist.brand import LOCKFILE, PRIVATE
from hermes_dist.errors import Invalid
from hermes_dist.light import NamedTuple, read_json
from hermes_dist.model.paths import RelPath, folded, is_safe_path
from hermes_dist.model.plan import Step
from hermes_dist.model.tree import Digest, Entry
from hermes_dist.world.ports import Fs

TXN = f"{PRIVATE}/txn"
GENERATIONS = f"{PRIVATE}/generations"
JOURNAL = f"{TXN}/journal"
DRAFT = f"{JOURNAL}.tmp"
BACK = f"{TXN}/back"
"""Marks a transaction that failed and is being taken back."""
SKIPPED = "skipped"
LOCK_SLOT = "lock"
_ROWS_AT_ONCE = 500
_BESIDE = lazily.pattern(r"\.dist-[0-9a-f]{12}-(?:\d+|lock)")
LAST = CONFIG  # the agent reads it first, so it comes after all files it refers to

__all__ = [
    "BACK",
    "DRAFT",
    "GENERATIONS",
    "JOURNAL",
    "LOCKFILE",
    "LOCK_SLOT",
    "PRIVATE",
    "SKIPPED",
    "TXN",
    "Journal",
    "Place",
    "Spelling",
    "rewrite",
    "slot_of",
]


def digest_of(data: bytes | None) -> Digest | None:
    """Return the digest of a lockfile; None if there is none."""
    return None if data is None else Digest.of(data)


def slot_of(index: int | str, folder: str = TXN) -> str:
    """Return the path of a step's slot."""
    return f"{folder}/{index}"


class Place(Struct, frozen=True):
    """Where a step behind a link takes place.

    Attributes:
        slot: The name of its slot in the transaction folder.
        path: The path of the step, in the home.
        target: What that path leads to.
        beside: Where its slot is instead, beside the target.
    """

    slot: str
    path: str
    target: str
    beside: str

    @property
    def name(self) -> str:
        """The path of the slot."""
        return f"{TXN}/{self.slot}"

    def is_ours(self, steps: Sequence[Step]) -> bool:
        """Whether it is one that a transaction makes for its steps, so that its file beside may be moved or removed."""
        folder, _, name = self.beside.rpartition("/")
        return (
            self.path == _path_of(self.slot, steps)
            and _BESIDE.fullmatch(name) is not None
            and name.endswith(f"-{self.slot}")
            and os.path.normpath(self.beside) == self.beside
            and self.target.startswith(f"{folder}/")
        )


class Spelling(NamedTuple):
    """Two names that the disk takes for one.

    Attributes:
        old: The path as it is listed now; its folders may be spelled as they will be.
        new: The path as it will be listed.
    """

    old: RelPath
    new: RelPath

    @property
    def is_sound(self) -> bool:
        """Whether they only differ in their spelling."""
        return folded(self.old) == folded(self.new)


class Journal(Struct, frozen=True, kw_only=True):
    """What one transaction does.

    Attributes:
        number: The number of the generation it becomes.
        steps: The steps; the position of a step is the name of its slot.
        lock_before: Digest of the lockfile it found; None if there is none.
        lock_after: Digest of the lockfile it leaves; None if there is none.
        label: Labels shown in lists, such as verb and version.
        places: Where the steps behind a link take place.
        made: The folders that it makes, parents first; they go again if it is taken back.
        emptied: The folders that it may leave empty and remove, with their permission bits.
        spellings: The files and folders that get another spelling, on a disk that takes both for one name; folders
            before what is in them.
    """

    number: int
    steps: tuple[Step, ...]
    lock_before: Digest | None = None
    lock_after: Digest | None = None
    label: Mapping[str, str] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    made: tuple[str, ...] = ()
    emptied: Mapping[str, int] = field(default_factory=dict)
    spellings: tuple[Spelling, ...] = ()

    def path_index(self, path: RelPath) -> int:
        """Return the position of the step of a path."""
        return next(i for i, step in enumerate(self.steps) if step.path == path)

    def backwards(self) -> Journal:
        """Return the journal of the way back: the same slots, with before and after exchanged."""
        steps = tuple(Step(step.path, step.after, step.before) for step in self.steps)
        return replace(self, steps=steps, lock_before=self.lock_after, lock_after=self.lock_before)

    def in_order(self) -> tuple[list[int], list[int], list[int]]:
        """Return step indices: deletions that make room, then new and changed files, then all other deletions.

        Other deletions come last, so that a file that moves exists in both places for a moment, and never in none.
        """
        come = [i for i, step in enumerate(self.steps) if step.after is not None]
        gone = [i for i, step in enumerate(self.steps) if step.after is None]
        early = self._making_room(gone, {self.steps[i].path for i in come})
        if self.spellings:
            respelled = {spelling.old for spelling in self.spellings}
            early = sorted({*early, *(i for i in gone if self.steps[i].path in respelled)})
        late = sorted(set(gone) - set(early))
        return early, sorted(come, key=self._turn), late

    def _making_room(self, gone: list[int], coming: set[RelPath]) -> list[int]:
        """Return the deletions of files where a folder comes, and below a place where a file comes."""
        parents = {parent for path in coming for parent in path.parents}
        early = []
        for i in gone:
            path = self.steps[i].path
            if path in parents or not coming.isdisjoint(path.parents):
                early.append(i)
        return early

    def _turn(self, i: int) -> tuple[bool, bool, RelPath]:
        step = self.steps[i]
        return step.path == LAST, step.before is not None, step.path

    @property
    def files(self) -> list[Spelling]:
        """The files among what gets another spelling: their old names have steps of their own."""
        paths = self._paths
        return [each for each in self.spellings if each.old in paths]

    @property
    def folders(self) -> list[Spelling]:
        """The folders among what gets another spelling."""
        paths = self._paths
        return [each for each in self.spellings if each.old not in paths]

    @property
    def _paths(self) -> set[RelPath]:
        return {step.path for step in self.steps} if self.spellings else set()

    @property
    def _format(self) -> int:
        """The oldest format that says everything: a program that does not know it leaves the transaction alone."""
        # One before 3 would remove what only has another spelling now, one before 2 would miss a slot that is beside a
        # link's target.
        return 3 if self.spellings else 2 if self.places else 1

    def encode(self) -> bytes:
        """Return one line of JSON and one with its SHA-256."""
        before: dict[str, object] = {
            "format": self._format,
            "number": self.number,
            "label": dict(self.label),
            "lock": [self.lock_before, self.lock_after],
        }
        after: dict[str, object] = {"made": list(self.made), "emptied": dict(self.emptied)}
        if self.places:
            after["places"] = [[p.slot, p.path, p.target, p.beside] for p in self.places]
        if self.spellings:
            after["spellings"] = [list(spelling) for spelling in self.spellings]
        # A new home may have 20,000 steps, which are not held as text beside the bytes.
        body = BytesIO()
        body.write(_json(before)[:-1] + b',"steps":[')
        for start in range(0, len(self.steps), _ROWS_AT_ONCE):
            rows = [
                [step.path, _packed(step.before), _packed(step.after)]
                for step in self.steps[start : start + _ROWS_AT_ONCE]
            ]
            body.write((b"," if start else b"") + _json(rows)[1:-1])
        body.write(b"]," + _json(after)[1:])
        check = Digest.of(body.getbuffer())
        body.write(b"\n" + check.encode() + b"\n")
        return body.getvalue()

    @classmethod
    def decode(cls, text: bytes, home: str = "") -> Journal | None:
        """Parse a journal; None if it is torn or damaged, or names places that no transaction of ours would touch.

        A home may come from elsewhere, or belong to another user than the one who runs this, with a journal in it.

        Args:
            text: The journal.
            home: Whose it is, for errors.

        Raises:
            Invalid: A newer program wrote it.
        """
        body, _, check = text.partition(b"\n")
        if check != Digest.of(body).encode() + b"\n":
            return None
        data: dict[str, Any] = read_json(body)
        if data["format"] not in (1, 2, 3):
            raise Invalid(
                "this home was changed by a newer hermes-dist",
                where=home,
                hint="upgrade hermes-dist, then run it again",
            )
        before, after = data["lock"]
        journal = cls(
            number=data["number"],
            steps=tuple(Step(RelPath(p), _unpacked(b), _unpacked(a)) for p, b, a in data["steps"]),
            lock_before=before and Digest(before),
            lock_after=after and Digest(after),
            label=data["label"],
            places=tuple(Place(*row) for row in data.get("places", ())),
            made=tuple(data.get("made", ())),
            emptied=data.get("emptied", {}),
            spellings=tuple(Spelling(*map(RelPath, row)) for row in data.get("spellings", ())),
        )
        return journal if journal._is_sound() else None

    def _is_sound(self) -> bool:
        return (
            isinstance(self.number, int)
            and all(map(is_safe_path, (*self.made, *self.emptied)))
            and all(place.is_ours(self.steps) for place in self.places)
            and all(spelling.is_sound for spelling in self.spellings)
        )

    @classmethod
    def load(cls, fs: Fs, folder: str = TXN) -> Journal | None:
        """Read the journal of a transaction or generation; None if it is missing or damaged."""
        text = fs.read(f"{folder}/journal")
        return None if text is None else cls.decode(text, str(fs.root))


def rewrite(fs: Fs, journal: Journal) -> None:
    """Replace the journal of an open transaction by what has become of it: the old text or the new one, at any moment.

    Raises:
        OSError: The disk fails or is full.
    """
    if fs.kind(DRAFT) != "absent":
        fs.unlink(DRAFT)
    fs.write_new(DRAFT, journal.encode(), 0o600)
    fs.rename(DRAFT, JOURNAL)
    fs.sync_folder(TXN)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def _path_of(slot: str, steps: Sequence[Step]) -> str | None:
    """The path whose slot this is; None if it is nobody's."""
    if slot == LOCK_SLOT:
        return LOCKFILE
    return next((str(step.path) for i, step in enumerate(steps) if str(i) == slot), None)


def _packed(entry: Entry | None) -> str | None:
    return None if entry is None else ("x" if entry.executable else "-") + entry.digest


def _unpacked(text: str | None) -> Entry | None:
    return None if text is None else Entry(Digest(text[1:]), text[0] == "x")
