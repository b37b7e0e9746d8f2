"""The rules of ``validate`` for the manifest: its fields, the texts that people read, the paths it names."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.ownership import Owner, owner_of, payload_of
from hermes_dist.decide.validate.kinds import ProblemKind
from hermes_dist.decide.validate.problems import (
    Problem,
    Subject,
    error,
    fault,
    line_of,
    warning,
)
from hermes_dist.decide.versions import specifiers
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Document, Kind, Steps, line_at, parse
from hermes_dist.model.manifest import AGENT_STAMPS, Breach, Manifest, field_at
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.values import as_list, as_map

_RUN_ON_INSTALL = ("post_install", "pre_install", "install", "setup", "scripts", "hooks")
_OWNED = "distribution_owned"


def check_manifest(subject: Subject) -> Iterator[Problem]:
    """Check that the manifest exists, can be read, and fits the schema."""
    if subject.unreadable is not None:
        yield fault("manifest", MANIFEST, line_of(subject.unreadable), subject.unreadable)
    elif subject.manifest is None and not subject.is_there(MANIFEST):
        yield error("manifest", MANIFEST, 0, Note.of(ProblemKind.NO_MANIFEST))
    if subject.manifest is None and not subject.violations:
        return
    doc = _document(subject)
    yield from _violations(subject, doc)
    if subject.manifest is not None:
        broken = {_top(breach.steps) for breach in subject.violations}
        yield from _warnings(subject.manifest, doc, broken)


def _document(subject: Subject) -> Document:
    return parse(subject.bytes(MANIFEST), Kind.YAML)


def _top(steps: Steps) -> str:
    return str(steps[0]) if steps else ""


def _violations(subject: Subject, doc: Document) -> Iterator[Problem]:
    for breach in subject.violations:
        place = field_at(breach.steps)
        # A manifest without a usable name can't be read, and that error is told already.
        about_name = place == "name" or (not place and breach.missing == "name")
        if subject.unreadable and about_name:
            continue
        what = _breach(subject, place, breach)
        yield error("manifest", MANIFEST, line_at(doc, breach.steps), what)


def _warnings(manifest: Manifest, doc: Document, broken: set[str]) -> Iterator[Problem]:
    """Yield what lenient reading noticed; a field that breaks the schema has its error already."""
    for told in manifest.warnings:
        if told.steps and told.steps[0] not in broken:
            what = told.what._replace(where=field_at(told.steps))
            yield warning("manifest", MANIFEST, told.line, what)
    for key in manifest.unknown:
        kind = ProblemKind.FIELD_WITHOUT_EFFECT
        if key in _RUN_ON_INSTALL:
            kind = ProblemKind.FIELD_NEVER_RUN
        line = line_at(doc, [key])
        yield warning("unknown-field", MANIFEST, line, Note.of(kind, field=key))


def _breach(subject: Subject, place: str, breach: Breach) -> Note:
    """A breach of the schema, as a kind for each hint."""
    name = subject.manifest.name if subject.manifest else ""
    if place == "name" and name:
        return Note.of(ProblemKind.NAME_BREACH, place, why=breach.why, slug=_slug(name))
    kind = ProblemKind.BREACH
    if place in AGENT_STAMPS:
        kind = ProblemKind.STAMP_BREACH
    # Without quotes, YAML reads 1.10 as the number 1.1.
    if place == "version":
        kind = ProblemKind.VERSION_BREACH
    return Note.of(kind, place, why=breach.why)


def _slug(name: str) -> str:
    """A valid name like the one that was given; empty if there is none."""
    try:
        return ProfileName.slug(name)
    except Invalid:
        return ""


def check_words(subject: Subject) -> Iterator[Problem]:
    """Check the texts that people see before they install, and what the package requires."""
    manifest = subject.manifest
    if manifest is None:
        return
    for key in ("description", "license"):
        if not getattr(manifest, key):
            what = Note.of(ProblemKind.FIELD_NOT_GIVEN, field=key)
            yield warning("words", MANIFEST, 0, what)
    if manifest.hermes_requires:
        try:
            specifiers(manifest.hermes_requires)
        except Invalid as err:
            line = line_at(_document(subject), ["hermes_requires"])
            yield fault("requires", MANIFEST, line, err)


def check_owned(subject: Subject) -> Iterator[Problem]:
    """Check that ``distribution_owned`` covers the package's files, and names only what exists and can be installed."""
    manifest = subject.manifest
    if manifest is None or manifest.owned is None:
        return
    doc = _document(subject)
    rows = _rows(doc)
    for owned in manifest.owned:
        # A row that reading has tidied up can't be found as written; then the whole list is the place.
        steps: list[str | int] = [_OWNED]
        if owned in rows:
            steps.append(rows.index(owned))
        yield from _owned(subject, owned, line_at(doc, steps))
    shared = {path.top for path in subject.tree if owner_of(path) is Owner.SHARED}
    covered = {path.top for path in payload_of(subject.tree, manifest).tree}
    for top in sorted(shared - covered - {MANIFEST}):
        what = Note.of(ProblemKind.OWNED_LEAVES_OUT, top=top)
        yield warning("owned", MANIFEST, line_at(doc, [_OWNED]), what)


def _rows(doc: Document) -> list[str]:
    """Return the rows of ``distribution_owned`` as paths."""
    return [str(item).strip().strip("/") for item in as_list(as_map(doc.value).get(_OWNED))]


def _owned(subject: Subject, owned: RelPath, line: int) -> Iterator[Problem]:
    if owner_of(owned) is Owner.MACHINE:
        yield error("owned", MANIFEST, line, Note.of(ProblemKind.OWNED_BY_MACHINE, path=owned))
    elif not subject.is_there(owned):
        what = Note.of(ProblemKind.OWNED_MISSING, path=owned)
        yield warning("owned", MANIFEST, line, what)
