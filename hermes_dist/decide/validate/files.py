"""The rules of ``validate`` for files of any kind: the variables they need, leaks, and what is not installed."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist import lazily
from hermes_dist.decide.consent.hidden import find_hidden
from hermes_dist.decide.environment.names import is_reserved
from hermes_dist.decide.ownership import (
    ENV_EXAMPLES,
    Owner,
    owner_of,
    payload_of,
)
from hermes_dist.decide.secrets.references import Reference, personal_paths, references
from hermes_dist.decide.secrets.scan import scan, scan_name
from hermes_dist.decide.validate.kinds import ProblemKind
from hermes_dist.decide.validate.problems import Problem, Subject, error, warning
from hermes_dist.model.left_out import Why
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath

_LARGE, _TOO_LARGE = 5 << 20, 32 << 20
_HIDDEN_SHOWN = 10
_INVISIBLE = lazily.pattern("[\u200b\u2060\u00ad\u180e]|(?<!^)\ufeff")
"""Characters that nobody sees; a byte order mark is fine at the start of a file."""
_PROSE = (".md", ".txt", ".yaml", ".yml", ".json")


def check_environment(subject: Subject) -> Iterator[Problem]:
    """Check that every placeholder has an entry in ``env_requires``, so that users are asked for it."""
    told = {var.name for var in subject.manifest.env} if subject.manifest else set()
    told |= subject.replaced
    shared = subject.tree.where(lambda path: owner_of(path) is Owner.SHARED)
    for one in references(shared, subject.read):
        if one.required and one.name not in told and not is_reserved(one.name):
            told.add(one.name)
            yield _missing(one)
    examples = [name for name in ENV_EXAMPLES if RelPath(name) in subject.tree]
    if len(examples) > 1:
        what = Note.of(ProblemKind.ONE_TEMPLATE, name=examples[0])
        yield warning("environment", examples[1], 0, what)


def _missing(one: Reference) -> Problem:
    # The agent can't start what has an empty placeholder; a program may well handle a missing variable.
    if one.how == "placeholder":
        what = Note.of(ProblemKind.PLACEHOLDER_NOT_ASKED, name=one.name)
        return error("environment", one.path, one.line, what)
    what = Note.of(ProblemKind.VARIABLE_NOT_LISTED, name=one.name)
    return warning("environment", one.path, one.line, what)


def check_texts(subject: Subject) -> Iterator[Problem]:
    """Check for secrets, paths on somebody's machine, hidden characters and oversized files."""
    for path in subject.tree:
        data = subject.bytes(path)
        yield from _size(path, len(data))
        for leak in (*scan(path, data), *scan_name(path)):
            yield error("secret", path, leak.line, Note.of(ProblemKind.LEAK, looks=leak.kind))
        yield from _hidden(path, data)
        if b"\0" not in data[:8000]:  # as git tells texts from binary files
            yield from _in_text(path, data.decode("utf-8", "replace"), subject.own)


def _size(path: RelPath, size: int) -> Iterator[Problem]:
    mib = size >> 20
    if size > _TOO_LARGE:
        most = _TOO_LARGE >> 20
        yield error("size", path, 0, Note.of(ProblemKind.TOO_LARGE, mib=mib, most=most))
    elif size > _LARGE:
        yield warning("size", path, 0, Note.of(ProblemKind.LARGE, mib=mib))


def _hidden(path: RelPath, data: bytes) -> Iterator[Problem]:
    for place in find_hidden(path, data)[:_HIDDEN_SHOWN]:
        within = "" if place.line else place.where
        what = Note.of(ProblemKind.HIDDEN, within=within, marks=place.marks)
        yield error("hidden", path, place.line, what)


def _in_text(path: RelPath, text: str, own: str) -> Iterator[Problem]:
    for line, found in personal_paths(text, own):
        yield warning("personal", path, line, Note.of(ProblemKind.PERSONAL_PATH, path=found))
    if path.suffix in _PROSE and (mark := _INVISIBLE.search(text, 1)):
        line = text.count("\n", 0, mark.start()) + 1
        what = Note.of(ProblemKind.INVISIBLE, mark=f"U+{ord(mark[0]):04X}")
        yield warning("hidden", path, line, what)


def check_left_out(subject: Subject) -> Iterator[Problem]:
    """Report files of the repository that would not be installed, and what of a profile can't be read."""
    for left in subject.left_out:
        what = Note.of(NoteKind.NOT_READ, why=left.why, detail=left.detail)
        yield warning("left-out", left.path, 0, what)
    for left in subject.unread:
        what = Note.of(NoteKind.NOT_READ, why=left.why, detail=left.detail)
        yield error("left-out", left.path, 0, what)
    if subject.manifest is None:
        return
    for left in payload_of(subject.tree, subject.manifest).left_out:
        # Other reasons are the author's own choice, such as a README.
        if left.why in (Why.EACH_MACHINE, Why.UNKNOWN_AT_ROOT):
            what = Note.of(NoteKind.NOT_INSTALLED, why=left.why, files=left.files)
            yield warning("left-out", left.path, 0, what)
