"""Plans: what an operation will do, as data that can be shown, digested, applied and undone."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from hermes_dist.light import StrEnum
from hermes_dist.model.discreet import Contents
from hermes_dist.model.facts import Facts, facts_line, without_loads
from hermes_dist.model.keypath import join_place, place_words
from hermes_dist.model.lock_package import Off
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Tree, mode_of


class Step(Struct, frozen=True):
    """One path of a home changes from ``before`` to ``after``; None means that no file is there."""

    path: RelPath
    before: Entry | None
    after: Entry | None


def moved_steps(steps: Iterable[Step]) -> dict[RelPath, RelPath]:
    """Return the files that only get another name in a plan: the new names, with the earlier ones."""
    listed = tuple(steps)
    gone = {step.before: step.path for step in reversed(listed) if step.after is None}
    moves: dict[RelPath, RelPath] = {}
    for step in listed:
        if step.before is None and step.after in gone:
            moves[step.path] = gone.pop(step.after)
    return moves


class ConflictKind(enum.StrEnum):  # that of the library: it takes in what it does not know
    """What both sides did at one place, ours first; the lockfile spells it so."""

    EDIT_EDIT = "edit/edit"
    EDIT_DELETE = "edit/delete"
    DELETE_EDIT = "delete/edit"
    ADD_ADD = "add/add"
    ADD_DELETE = "add/delete"
    DELETE_ADD = "delete/add"
    DELETE_DELETE = "delete/delete"
    FILE_FOLDER = "file/folder"

    @classmethod
    def _missing_(cls, value: object) -> ConflictKind | None:
        # A lock may hold a kind of a newer version. It is only shown, so it is kept as it is spelled there.
        if not isinstance(value, str):
            return None
        kind = str.__new__(cls, value)
        kind._name_, kind._value_ = "OTHER", value
        return kind

    @classmethod
    def of_texts(cls, base: object) -> ConflictKind:
        """The kind for contents that both sides have; ``base`` is empty if neither had them before."""
        return cls.EDIT_EDIT if base else cls.ADD_ADD


class Conflict(Struct, frozen=True, order=True):
    """A place that both sides changed differently; ours stays live.

    Attributes:
        path: The file.
        key: The place inside a document, as ``jobs[id=ab12].prompt``; empty for the file or its text.
        kind: The two changes, ours first.
    """

    path: RelPath
    key: str = ""
    kind: ConflictKind = ConflictKind.EDIT_EDIT

    @property
    def place(self) -> str:
        """The place of the conflict as one word: ``config.yaml: model.default``."""
        return join_place(self.path, self.key)

    @property
    def words(self) -> str:
        """The place as people see and type it."""
        return place_words(self.place)


class EffectKind(StrEnum):
    """The kind of power that a change adds."""

    RUNS = "runs"
    SCHEDULES = "schedules"
    WANTS = "wants"
    LOOSENS = "loosens"
    HIDES = "hides"


class Effect(Struct, frozen=True, order=True):
    """A change that takes effect only after it is approved.

    Attributes:
        kind: What it does.
        path: The file of the home that contains it.
        key: The place inside a document; empty for the whole file.
        facts: What the card shows: names and values, read from the data that the agent acts on.
        digest: SHA-256 of the content that is approved.
        off: Whether it is in place but switched off (a paused job, a disabled server), rather than left out.
    """

    kind: EffectKind
    path: RelPath
    key: str
    facts: Facts
    digest: Digest
    off: bool = False

    @property
    def what(self) -> str:
        """Its facts on one line, without the one that tells how much code it can load."""
        return facts_line(without_loads(self.facts))

    @property
    def place(self) -> str:
        """Its place as one word, shown and used to approve it: ``config.yaml: approvals.mode``."""
        return join_place(self.path, self.key)

    @property
    def id(self) -> str:
        """Its kind, place and the start of its digest: what an approval refers to."""
        return f"{self.kind} {self.place} @{self.digest[:8]}"


class Answer(Struct, frozen=True, order=True):
    """A conflict that was settled, but whose result waits for approval; approving it applies the answer.

    Attributes:
        path: The file.
        key: The place inside a document; empty for the file or its text.
        side: The side it was settled by.
        ours: The home's content at this place at that time, as one word; after another edit there the answer is void.
    """

    path: RelPath
    key: str
    side: Side
    ours: str

    @property
    def place(self) -> str:
        """The place of the conflict that it settled."""
        return join_place(self.path, self.key)


class Plan(Contents, frozen=True, kw_only=True):
    """Everything an operation will do to one home.

    Attributes:
        steps: The files to change, in path order.
        base: The package tree to remember afterwards (the next base).
        upstream: For each path where base differs from what upstream ships: upstream's entry.
        conflicts: Conflicts that stay open.
        effects: New effects, approved or parked.
        parked: The effects that wait for approval.
        ran: Code that ran before and comes back with a rollback; it is already approved.
        off: What stays off although nothing about it waits for approval, and who switched it off.
        answers: How conflicts were settled, if their result is parked.
        moved: The user's moves of files with an open conflict, upstream's name to ours.
        kept: What always stays ours, under the names that it has afterwards.
        blobs: New contents made by merging, by digest.
        notes: Notes for the summary: what was left out, what was merged as text.
    """

    steps: tuple[Step, ...] = ()
    base: Tree = field(default_factory=Tree)
    upstream: Mapping[RelPath, Entry | None] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    effects: tuple[Effect, ...] = ()
    parked: tuple[Effect, ...] = ()
    ran: tuple[Effect, ...] = ()
    off: tuple[Off, ...] = ()
    answers: tuple[Answer, ...] = ()
    moved: Mapping[RelPath, RelPath] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    def after(self, tree: Tree) -> Tree:
        """Return a tree with the steps applied."""
        return tree.with_entries({step.path: step.after for step in self.steps})

    @property
    def digest(self) -> Digest:
        """The digest that consent refers to: over the steps, what will be remembered, conflicts and parked effects."""
        lines = [f"{s.path} {image_of(s.before)} {image_of(s.after)}" for s in self.steps]
        lines += [f"= {self.base.digest}"] + [
            f"^ {p} {image_of(e)}" for p, e in sorted(self.upstream.items())
        ]
        lines += [f"! {c.place!r}" for c in self.conflicts]
        lines += [f"? {e.kind} {e.place!r} {e.digest}" for e in self.parked]
        lines += [f"> {a.place!r} {a.side} {a.ours}" for a in self.answers]
        lines += [f"~ {old!r} {new!r}" for old, new in sorted(self.moved.items())]
        return Digest.of("\n".join(lines).encode())


def image_of(entry: Entry | None) -> str:
    """Return an entry, or its absence, as one word."""
    return f"{mode_of(entry)}:{entry.digest}" if entry else "-"
