"""The rules of ``validate`` for inputs: the field of the manifest, and the placeholders in the files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.inputs.declared import Input, declared_by, fits
from hermes_dist.decide.inputs.fill import fill, is_filled, names_in
from hermes_dist.decide.inputs.timed import EXAMPLES, Timed, misfit, timed_in
from hermes_dist.decide.inputs.typed import Kind
from hermes_dist.decide.ownership import Owner, owner_of
from hermes_dist.decide.validate.kinds import ProblemKind
from hermes_dist.decide.validate.problems import Problem, Subject, error, fault, steps_of, warning
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind as Language
from hermes_dist.model.documents.api import line_at, parse
from hermes_dist.model.lock_package import InputValue
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import together

_RULE = "inputs"


def check_inputs(subject: Subject) -> Iterator[Problem]:
    """Check that each input can be read and is used, and that each placeholder has an input and is filled in."""
    manifest = subject.manifest
    if manifest is None or manifest.inputs is None:
        return
    try:
        inputs = {item.name: item for item in declared_by(manifest)}
    except Invalid as err:
        yield from _unreadable(subject, err)
    else:
        yield from _placeholders(subject, inputs)
        yield from _unused(subject, inputs)


def _unreadable(subject: Subject, err: Invalid) -> Iterator[Problem]:
    """Tell what is wrong with the field, unless it breaks the schema: then that is told already."""
    if not any(breach.steps[:1] == ("inputs",) for breach in subject.violations):
        place = err.where.partition(": ")[2]
        yield fault(_RULE, MANIFEST, _line(subject, place), err)


def _texts(subject: Subject) -> Iterator[tuple[RelPath, bytes]]:
    for path in subject.tree:
        if owner_of(path) is Owner.SHARED and path != MANIFEST:
            yield path, subject.bytes(path)


def _placeholders(subject: Subject, inputs: Mapping[str, Input]) -> Iterator[Problem]:
    for path, data in _texts(subject):
        for name in names_in(data):
            yield from _placeholder(path, data, name, inputs)


def _unused(subject: Subject, inputs: Mapping[str, Input]) -> Iterator[Problem]:
    used = {name for _, data in _texts(subject) for name in names_in(data)}
    for name, item in inputs.items():
        if name not in used and not item.env:
            what = Note.of(ProblemKind.INPUT_UNUSED, name=name)
            yield warning(_RULE, MANIFEST, _line(subject, f"inputs.{name}"), what)


def _placeholder(
    path: RelPath, data: bytes, name: str, inputs: Mapping[str, Input]
) -> Iterator[Problem]:
    line = data[: data.index(b"${input:%s}" % name.encode())].count(b"\n") + 1
    item = inputs.get(name)
    if item is None:
        known = tuple(inputs)
        what = Note.of(ProblemKind.INPUT_UNKNOWN, name=name, known=known)
        yield warning(_RULE, path, line, what)
    elif item.secret:
        yield error(_RULE, path, line, Note.of(ProblemKind.INPUT_HIDDEN, name=name, env=item.env))
    elif not is_filled(path):
        yield warning(_RULE, path, line, Note.of(ProblemKind.INPUT_NOT_FILLED, name=name))


def _line(subject: Subject, place: str) -> int:
    return line_at(parse(subject.bytes(MANIFEST), Language.YAML), steps_of(place))


def answered(subject: Subject) -> Subject:
    """Return the package as a home would get it, with an answer to each input that has to be typed.

    A schedule or a setting with a placeholder in it can only be judged then.
    """
    manifest = subject.manifest
    try:
        inputs = declared_by(manifest) if manifest else ()
        values = _answers(subject, [item for item in inputs if not item.secret])
        made = fill(subject.tree, values, subject.read)
    except Invalid:
        return subject  # the rule above says what is wrong
    if not made.blobs:
        return subject
    return replace(subject, tree=made.tree, read=together(made.blobs, subject.read))


def _answers(subject: Subject, inputs: Sequence[Input]) -> Mapping[str, InputValue]:
    """An answer to each input that somebody could give; in a schedule, not any text will do."""
    values = {item.name: _answer(item) for item in inputs}
    timed = tuple(timed_in(subject.tree, values, subject.read))
    names = {name for one in timed for name in one.names}
    free = [item for item in inputs if _is_free(item) and item.name in names]
    values |= {item.name: "1" for item in free}
    for item in free:
        values[item.name] = _in_time(item, timed, values)
    return values


def _in_time(item: Input, timed: Collection[Timed], values: Mapping[str, InputValue]) -> str:
    """An answer with which the schedules are ones; any text if there is none."""
    for text in EXAMPLES:
        if fits(item, text) and misfit(timed, item.name, {**values, item.name: text}) is None:
            return text
    return "example"


def _is_free(item: Input) -> bool:
    return item.kind is Kind.STRING and item.default is None and not item.limits.choices


def _answer(item: Input) -> InputValue:
    """An answer that somebody could give: the default, the first choice, or one of the right type."""
    if item.default is not None:
        return item.default
    if item.limits.choices:
        return item.limits.choices[0]
    if item.kind is Kind.BOOLEAN:
        return True
    if item.kind is Kind.STRING:
        return "example"
    least = 1 if item.limits.minimum is None else item.limits.minimum
    most = least if item.limits.maximum is None else item.limits.maximum
    number = min(least, most)
    return int(number) if item.kind is Kind.INTEGER else number
