"""The rules of ``validate`` for the manifest: its fields, the texts that people read, the paths it names."""

from __future__ import annotations

from collections.abc import Iterator

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.ownership import Owner, owner_of, payload_of
from hermes_dist.decide.validate.problems import Problem, Subject, at_fault, error, warning
from hermes_dist.decide.versions import specifiers
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Document, Kind, Steps, line_at, parse
from hermes_dist.model.manifest import AGENT_STAMPS, Manifest, field_at
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.values import as_list, as_map

_RUN_ON_INSTALL = ("post_install", "pre_install", "install", "setup", "scripts", "hooks")
_OWNED = "distribution_owned"


def check_manifest(subject: Subject) -> Iterator[Problem]:
    """Check that the manifest exists, can be read, and fits the schema."""
    if subject.unreadable is not None:
        line, what = at_fault(subject.unreadable)
        yield error("manifest", MANIFEST, line, what, subject.unreadable.hint)
    elif subject.manifest is None:
        hint = "begin one with: hermes-dist init"
        yield error("manifest", MANIFEST, 0, "there is no manifest", hint)
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
    for steps, sentence, missing in subject.violations:
        place = field_at(steps)
        # A manifest without a usable name can't be read, and that error is told already.
        about_name = place == "name" or (not place and missing == "name")
        if subject.unreadable and about_name:
            continue
        what = f"{place}: {sentence}" if place else sentence
        yield error("manifest", MANIFEST, line_at(doc, steps), what, _hint(subject, place))


def _warnings(manifest: Manifest, doc: Document, broken: set[str]) -> Iterator[Problem]:
    """Yield what lenient reading noticed; a field that breaks the schema has its error already."""
    for told in manifest.warnings:
        if told.steps and told.steps[0] not in broken:
            yield warning("manifest", MANIFEST, told.line, f"{field_at(told.steps)}: {told.what}")
    for key in manifest.unknown:
        why = "is never run" if key in _RUN_ON_INSTALL else "is kept, but has no effect"
        line = line_at(doc, [key])
        yield warning("unknown-field", MANIFEST, line, f"the field {key!r:.60} {why}")


def _hint(subject: Subject, place: str) -> str:
    name = subject.manifest.name if subject.manifest else ""
    if place == "name" and name:
        try:
            return f"write name: {ProfileName.slug(name)}"
        except Invalid:
            return "write a name of small letters and digits, such as my-agent"
    if place in AGENT_STAMPS:
        return "take it out: the agent writes it into homes"
    # Without quotes, YAML reads 1.10 as the number 1.1.
    if place == "version":
        return 'quote it, such as version: "1.10.0"'
    return ""


def check_words(subject: Subject) -> Iterator[Problem]:
    """Check the texts that people see before they install, and what the package requires."""
    manifest = subject.manifest
    if manifest is None:
        return
    for key in ("description", "license"):
        if not getattr(manifest, key):
            hint = "people read it before they install"
            yield warning("words", MANIFEST, 0, f"{key} is missing", hint)
    if manifest.hermes_requires:
        try:
            specifiers(manifest.hermes_requires)
        except Invalid as err:
            line = line_at(_document(subject), ["hermes_requires"])
            yield error("requires", MANIFEST, line, err.what, err.hint)


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
        what = f"distribution_owned leaves out {top}, so it is not installed"
        yield warning("owned", MANIFEST, line_at(doc, [_OWNED]), what)


def _rows(doc: Document) -> list[str]:
    """Return the rows of ``distribution_owned`` as paths."""
    return [str(item).strip().strip("/") for item in as_list(as_map(doc.value).get(_OWNED))]


def _owned(subject: Subject, owned: RelPath, line: int) -> Iterator[Problem]:
    if owner_of(owned) is Owner.MACHINE:
        what = f"{owned} belongs to each machine and is never installed"
        hint = "take the line out, or move the files to another folder"
        yield error("owned", MANIFEST, line, what, hint)
    elif not any(path.under(owned) for path in subject.tree):
        what = f"distribution_owned names {owned}, which does not exist"
        yield warning("owned", MANIFEST, line, what, "take the line out, or add the files")
