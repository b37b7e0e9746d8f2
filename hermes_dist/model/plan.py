"""Plans: what an operation will do, as data that can be shown, digested, applied and undone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field

from hermes_dist.model.facts import Facts, facts_line, without_loads
from hermes_dist.model.keypath import place_words
from hermes_dist.model.lock_package import Off
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.tree import Digest, Entry, Tree, mode_of


class Step(Struct, frozen=True):
    """One path of a home goes from ``before`` to ``after``; None is absence."""

    path: RelPath
    before: Entry | None
    after: Entry | None


class Conflict(Struct, frozen=True, order=True):
    """A place where both sides changed the same thing; ours stays live.

    Attributes:
        path: The file.
        key: The place inside a document, as ``jobs[id=ab12].prompt``; empty for the file or its text.
        kind: What met what, such as ``edit/edit`` or ``delete/edit``, ours first.
    """

    path: RelPath
    key: str = ""
    kind: str = "edit/edit"

    @property
    def place(self) -> str:
        """The conflict as one word: ``config.yaml: model.default``."""
        return f"{self.path}: {self.key}" if self.key else str(self.path)

    @property
    def words(self) -> str:
        """Its place as people see and type it."""
        return place_words(self.place)


class EffectKind(StrEnum):
    """What a change makes possible that was not possible before."""

    RUNS = "runs"
    SCHEDULES = "schedules"
    WANTS = "wants"
    LOOSENS = "loosens"
    HIDES = "hides"


class Effect(Struct, frozen=True, order=True):
    """Something that needs a yes before it becomes live.

    Attributes:
        kind: What it does.
        path: The file of the home it lives in.
        key: The place inside a document; empty for the whole file.
        facts: What the card says of it: names and values, read from the data that the agent acts on.
        digest: SHA-256 of the content that a yes is bound to.
        off: Placed already but switched off (a paused job, a disabled server), as against left out.
    """

    kind: EffectKind
    path: RelPath
    key: str
    facts: Facts
    digest: Digest
    off: bool = False

    @property
    def what(self) -> str:
        """Its facts on one line, without how much code it can load."""
        return facts_line(without_loads(self.facts))

    @property
    def place(self) -> str:
        """Where it lives, as one word to show and to approve it by: ``config.yaml: approvals.mode``."""
        return f"{self.path}: {self.key}" if self.key else str(self.path)

    @property
    def id(self) -> str:
        """Its kind, place and the start of its digest: what a yes is bound to."""
        return f"{self.kind} {self.place} @{self.digest[:8]}"


class Answer(Struct, frozen=True, order=True):
    """A conflict that was settled by a side, whose result waits for a yes: the yes finds the answer there.

    Attributes:
        path: The file.
        key: The place inside a document; empty for the file or its text.
        side: How it was settled.
        ours: The home's entry it was said about, as :func:`image_of` writes it; after another edit it counts no more.
    """

    path: RelPath
    key: str
    side: Side
    ours: str

    @property
    def place(self) -> str:
        """The conflict that it settled."""
        return f"{self.path}: {self.key}" if self.key else str(self.path)


class Plan(Struct, frozen=True, kw_only=True):
    """Everything an operation will do to one home.

    Attributes:
        steps: The files to change, in path order.
        base: The package tree to remember afterwards (the next base).
        upstream: For each path where base is not what upstream ships: upstream's entry.
        conflicts: Open at the end.
        effects: Newly possible, whether granted or parked.
        parked: Those of them that wait for a yes.
        ran: Code that ran before, as effects of going back to it: it has its yes already.
        off: What stays off although nothing about it waits, and who switched it off.
        answers: How conflicts were settled whose result is parked.
        blobs: New content made by merging, by digest.
        notes: Sentences for the summary: what was left out, what fell back to text.
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
    blobs: Mapping[Digest, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def after(self, tree: Tree) -> Tree:
        """A tree once the steps are done in it."""
        return tree.with_entries({step.path: step.after for step in self.steps})

    @property
    def digest(self) -> Digest:
        """What a yes is bound to: the steps, what will be remembered, the conflicts and what stays parked."""
        lines = [f"{s.path} {image_of(s.before)} {image_of(s.after)}" for s in self.steps]
        lines += [f"= {self.base.digest}"] + [
            f"^ {p} {image_of(e)}" for p, e in sorted(self.upstream.items())
        ]
        lines += [f"! {c.place!r}" for c in self.conflicts]
        lines += [f"? {e.kind} {e.place!r} {e.digest}" for e in self.parked]
        lines += [f"> {a.place!r} {a.side} {a.ours}" for a in self.answers]
        return Digest.of("\n".join(lines).encode())


def image_of(entry: Entry | None) -> str:
    """An entry, or its absence, in one word."""
    return f"{mode_of(entry)}:{entry.digest}" if entry else "-"
