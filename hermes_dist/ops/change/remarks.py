"""Remarks on new or changed files, besides the effects that need approval."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hermes_dist.decide.consent.hidden import invisible_characters, is_plain
from hermes_dist.decide.environment.example import deep_note, is_example
from hermes_dist.light import NamedTuple
from hermes_dist.model.documents.frontmatter import fault_in
from hermes_dist.model.documents.told import spot_in
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Plan
from hermes_dist.model.tree import Digest, Read, together

_MOST = 10


class Remark(NamedTuple):
    """A remark, and the file that it is about."""

    path: RelPath
    note: Note


def remarks_on(plan: Plan, read: Read) -> tuple[Remark, ...]:
    """Report invisible characters, unsafe lines of examples and odd front matter in new or changed files."""
    return (
        *islice(_unseen(plan, together(plan.blobs, read)), _MOST),
        *islice(_skills(plan, together(plan.blobs, read)), _MOST),
        *islice(_examples(plan, read), _MOST),
    )


def _written(plan: Plan) -> Iterator[tuple[RelPath, Digest]]:
    """The files whose content is new."""
    for step in plan.steps:
        if step.after and not (step.before and step.before.digest == step.after.digest):
            yield step.path, step.after.digest


def _unseen(plan: Plan, read: Read) -> Iterator[Remark]:
    for path, digest in _written(plan):
        if not is_plain(digest, read):
            for place in invisible_characters(path, read(digest)):
                yield Remark(path, Note.of(NoteKind.HIDDEN_CHARACTER, f"{path} {place}"))


def _skills(plan: Plan, read: Read) -> Iterator[Remark]:
    """Skills of whose front matter the agent takes single lines alone, because it is not YAML."""
    for path, digest in _written(plan):
        if path.name == "SKILL.md" and (fault := fault_in(read(digest))):
            odd = Note.of(NoteKind.FRONT_NOT_YAML, spot_in(path, fault), why=fault.what)
            yield Remark(path, odd)


def _examples(plan: Plan, read: Read) -> Iterator[Remark]:
    for step in plan.steps:
        if step.after is not None and step.after != step.before and is_example(step.path):
            note = deep_note(step.path, together(plan.blobs, read)(step.after.digest))
            if note:
                yield Remark(step.path, note)
