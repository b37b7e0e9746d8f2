"""Remarks on new or changed files, besides the effects that need approval."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from hermes_dist.decide.consent.hidden import invisible_characters, is_plain
from hermes_dist.decide.environment.example import deep_note, is_example
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.plan import Plan
from hermes_dist.model.tree import Read, together

_MOST = 10


def remarks_on(plan: Plan, read: Read) -> tuple[Note, ...]:
    """Report invisible characters, and lines of examples that are unsafe to copy, in new or changed files."""
    return (
        *islice(_unseen(plan, together(plan.blobs, read)), _MOST),
        *islice(_examples(plan, read), _MOST),
    )


def _unseen(plan: Plan, read: Read) -> Iterator[Note]:
    for step in plan.steps:
        if step.after is None or (step.before and step.before.digest == step.after.digest):
            continue
        if not is_plain(step.after.digest, read):
            for place in invisible_characters(step.path, read(step.after.digest)):
                yield Note.of(NoteKind.HIDDEN_CHARACTER, f"{step.path} {place}")


def _examples(plan: Plan, read: Read) -> Iterator[Note]:
    for step in plan.steps:
        if step.after is not None and step.after != step.before and is_example(step.path):
            note = deep_note(step.path, together(plan.blobs, read)(step.after.digest))
            if note:
                yield note
