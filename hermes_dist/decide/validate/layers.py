"""Rules about the layers that a package stands on."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.layers.stack import covers
from hermes_dist.decide.validate.kinds import ProblemKind
from hermes_dist.decide.validate.problems import Level, Problem, Subject
from hermes_dist.model.keypath import parse_key, split_place
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath


def check_taken_out(subject: Subject) -> Iterator[Problem]:
    """Warn about what the profile lacks of its layers: others get it, unless ``without`` takes it out."""
    said = subject.manifest.without if subject.manifest else None
    without = [place for place in said if isinstance(place, str)] if isinstance(said, list) else []
    for place in subject.lacks:
        path, key = split_place(place)
        steps = parse_key(key) if key else ()
        if not any(covers(one, RelPath(path), steps) for one in without):
            what = Note.of(ProblemKind.NOT_TAKEN_OUT, place=place)
            yield Problem(MANIFEST, 0, Level.WARNING, "layers", what)
