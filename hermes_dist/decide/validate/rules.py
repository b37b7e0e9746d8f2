"""The rules of ``validate``: a table of functions, each from the package to its problems.

Reading is lenient (:mod:`hermes_dist.model.manifest`); these rules are strict, for authors. Breakage and leaks are
errors; losses and surprises are warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.environment.names import is_reserved
from hermes_dist.decide.ownership import ENV_EXAMPLES, Owner, owner_of, payload_of
from hermes_dist.decide.secrets.references import references
from hermes_dist.decide.validate import contents as inside
from hermes_dist.decide.validate.problems import (
    Problem,
    Subject,
    at_fault,
    error,
    warning,
)
from hermes_dist.decide.versions import specifiers
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, line_at, parse
from hermes_dist.model.left_out import Why
from hermes_dist.model.manifest import AGENT_STAMPS, field_at
from hermes_dist.model.paths import ProfileName, RelPath

Rule = Callable[[Subject], Iterator[Problem]]
_RUN_ON_INSTALL = ("post_install", "pre_install", "install", "setup", "scripts", "hooks")


def check_manifest(subject: Subject) -> Iterator[Problem]:
    """Check that the manifest exists, can be read, and fits the schema."""
    if subject.manifest is None and subject.unreadable is None:
        yield error(
            "manifest", MANIFEST, 0, "there is no manifest", "begin one with: hermes-dist init"
        )
        return
    if subject.unreadable is not None:
        line, what = at_fault(subject.unreadable)
        yield error("manifest", MANIFEST, line, what, subject.unreadable.hint)
        if subject.manifest is None and not subject.violations:
            return
    doc = parse(subject.bytes(MANIFEST), Kind.YAML)
    broken: set[str] = set()
    for steps, sentence, missing in subject.violations:
        place = field_at(steps)
        broken.add(str(steps[0]) if steps else "")
        # A manifest that can't be read for its name was reported above.
        about_name = place == "name" or (missing == "name" and not place)
        if subject.unreadable and about_name:
            continue
        what = f"{place}: {sentence}" if place else sentence
        yield error("manifest", MANIFEST, line_at(doc, steps), what, _hint(subject, place))
    manifest = subject.manifest
    for told in manifest.warnings if manifest else ():
        if told.steps and told.steps[0] not in broken:
            yield warning("manifest", MANIFEST, told.line, f"{field_at(told.steps)}: {told.what}")
    for key in manifest.unknown if manifest else ():
        why = "is never run" if key in _RUN_ON_INSTALL else "is kept, and nothing acts on it"
        yield warning(
            "unknown-field", MANIFEST, line_at(doc, [key]), f"the field {key!r:.60} {why}"
        )


def _hint(subject: Subject, place: str) -> str:
    name = subject.manifest.name if subject.manifest else ""
    if place == "name" and name:
        try:
            return f"write name: {ProfileName.slug(name)}"
        except Invalid:
            return "write a name of small letters and digits, such as my-agent"
    if place in AGENT_STAMPS:
        return "take it out: the agent writes it into homes"
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
            yield warning(
                "words", MANIFEST, 0, f"{key} is missing", "people look at it before they install"
            )
    if manifest.hermes_requires:
        try:
            specifiers(manifest.hermes_requires)
        except Invalid as err:
            line = line_at(parse(subject.bytes(MANIFEST), Kind.YAML), ["hermes_requires"])
            yield error("requires", MANIFEST, line, err.what, err.hint)


def check_owned(subject: Subject) -> Iterator[Problem]:
    """Check that ``distribution_owned`` covers the package's files, and names only what exists and can be installed."""
    manifest = subject.manifest
    if manifest is None or manifest.owned is None:
        return
    doc = parse(subject.bytes(MANIFEST), Kind.YAML)
    raw = doc.value.get("distribution_owned") if isinstance(doc.value, dict) else None
    rows = [str(item).strip().strip("/") for item in raw] if isinstance(raw, list) else []
    for owned in manifest.owned:
        line = line_at(
            doc,
            ["distribution_owned", rows.index(owned)] if owned in rows else ["distribution_owned"],
        )
        if owner_of(owned) is Owner.MACHINE:
            hint = "take the line out, or move the files to another folder"
            yield error(
                "owned",
                MANIFEST,
                line,
                f"{owned} belongs to each machine and is never installed",
                hint,
            )
        elif not any(path.under(owned) for path in subject.tree):
            hint = "take the line out, or add the files"
            yield warning(
                "owned",
                MANIFEST,
                line,
                f"distribution_owned names {owned}, which is not there",
                hint,
            )
    outside = {
        path.top for path in subject.tree if owner_of(path) is Owner.SHARED and path != MANIFEST
    }
    covered = {path.top for path in payload_of(subject.tree, manifest).tree}
    for top in sorted(outside - covered):
        line = line_at(doc, ["distribution_owned"])
        yield warning(
            "owned", MANIFEST, line, f"distribution_owned leaves out {top}, so it is not installed"
        )


def check_environment(subject: Subject) -> Iterator[Problem]:
    """Check that every placeholder has an entry in ``env_requires``, so that users are asked for it."""
    manifest = subject.manifest
    known = {var.name for var in manifest.env} if manifest else set()
    told: set[str] = set()
    for one in references(
        subject.tree.where(lambda path: owner_of(path) is Owner.SHARED), subject.read
    ):
        if one.name in known or one.name in told or is_reserved(one.name):
            continue
        hint = f"add it to env_requires in {MANIFEST}"
        if one.how == "placeholder" and one.required:
            yield error(
                "environment", one.path, one.line, f"${{{one.name}}} is in no env_requires", hint
            )
        elif one.required:
            yield warning(
                "environment",
                one.path,
                one.line,
                f"it reads {one.name}, which is in no env_requires",
                hint,
            )
        else:
            continue
        told.add(one.name)
    if len(examples := [name for name in ENV_EXAMPLES if RelPath(name) in subject.tree]) > 1:
        yield warning(
            "environment",
            examples[1],
            0,
            f"only {examples[0]} serves as the template",
            "keep one of them",
        )


def check_left_out(subject: Subject) -> Iterator[Problem]:
    """Report files of the repository that would not be installed."""
    for left in subject.left_out:
        if left.why is not Why.IGNORED:
            yield warning("left-out", left.path, 0, f"it is left out: {left.why}")
    if subject.manifest is None:
        return
    for left in payload_of(subject.tree, subject.manifest).left_out:
        if left.why in (Why.EACH_MACHINE, Why.UNKNOWN_AT_ROOT):
            count = f" ({left.files} files)" if left.files > 1 else ""
            yield warning("left-out", left.path, 0, f"it is not installed{count}: {left.why}")


def rules() -> dict[str, Rule]:
    """Return the table of rules, in the order of the report."""
    return {
        "manifest": check_manifest,
        "words": check_words,
        "owned": check_owned,
        "soul": inside.check_soul,
        "config": inside.check_config,
        "mcp": inside.check_mcp,
        "cron": inside.check_cron,
        "skills": inside.check_skills,
        "plugins": inside.check_plugins,
        "environment": check_environment,
        "texts": inside.check_texts,
        "left-out": check_left_out,
    }


def validate(subject: Subject) -> tuple[Problem, ...]:
    """Check a package against every rule.

    Returns:
        The problems, sorted by file and line, errors first within a line; duplicates are dropped.
    """
    found = {problem: None for rule in rules().values() for problem in rule(subject)}
    return tuple(sorted(found))
