"""What is wrong with a package, and what to do about it, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hermes_dist.brand import MANIFEST
from hermes_dist.decide.validate.kinds import ProblemKind
from hermes_dist.errors import DistError, first_few
from hermes_dist.model.notes import Kind, NoteKind
from hermes_dist.voice.notes import SENTENCES as NOTES
from hermes_dist.voice.notes import Data, Say, Sentences, filled, sentence

if TYPE_CHECKING:
    from hermes_dist.decide.validate.problems import Problem
    from hermes_dist.ops.authoring.author import InvalidPackage

_SHOWN = 3
_WHY = "{why}"
_HINT = "{hint}"
_TAKE_OUT = "take it out"
_FRONT = "begin the file with ---, lines for name and description, and --- again"
_ADD = f"add it to env_requires in {MANIFEST}"


def place_of(problem: Problem) -> str:
    """Say where a problem is: the file, and the line if it has one."""
    if problem.line:
        return f"{problem.path}:{problem.line}"
    return problem.path


def problem_words(problem: Problem) -> str:
    """Say what is wrong, without the file; text from outside is not cleaned yet."""
    return sentence(problem.what, SENTENCES)


def hint_words(problem: Problem) -> str:
    """Say what to do about a problem; empty if its sentence says enough."""
    return filled(HINTS.get(problem.what.kind, ""), problem.what)


def invalid_words(problems: Sequence[Problem]) -> str:
    """Say that a package can't be published, with its first errors; text from outside is not cleaned yet."""
    said = [f"{place_of(one)}: {problem_words(one)}" for one in problems]
    return f"the package is not valid: {first_few(said, _SHOWN, '; ')}"


def invalid_error(error: InvalidPackage) -> DistError:
    """The error about a package with errors, as it is told."""
    return DistError(invalid_words(error.problems), hint=error.hint)


def _hidden(data: Data) -> str:
    within = ""
    if data["within"]:
        within = f" in {data['within']}"
    return (
        f"hidden characters{within} ({data['marks']}) can contain text that a reader does not see"
    )


def _not_loaded(data: Data) -> str:
    files = data["files"]
    if isinstance(files, tuple):
        files = " and ".join(files)
    return f"without {files} the agent does not load it"


def _name_hint(data: Data) -> str:
    if data["slug"]:
        return f"write name: {data['slug']}"
    return "write a name of small letters and digits, such as my-agent"


_OWN: Sentences = {
    ProblemKind.FAULT: _WHY,
    ProblemKind.NO_MANIFEST: "there is no manifest",
    ProblemKind.BREACH: _WHY,
    ProblemKind.NAME_BREACH: _WHY,
    ProblemKind.STAMP_BREACH: _WHY,
    ProblemKind.VERSION_BREACH: _WHY,
    ProblemKind.FIELD_NEVER_RUN: "the field {field:quoted 60} is never run",
    ProblemKind.FIELD_WITHOUT_EFFECT: "the field {field:quoted 60} is kept, but has no effect",
    ProblemKind.FIELD_NOT_GIVEN: "{field} is missing",
    ProblemKind.OWNED_LEAVES_OUT: "distribution_owned leaves out {top}, so it is not installed",
    ProblemKind.OWNED_BY_MACHINE: "{path} belongs to each machine and is never installed",
    ProblemKind.OWNED_MISSING: "distribution_owned names {path}, which does not exist",
    ProblemKind.NOT_TAKEN_OUT: (
        "{place} is not there in this profile, but others get it: a layer below brings it"
    ),
    ProblemKind.NO_SOUL: "it is missing: the agent keeps its default character",
    ProblemKind.EMPTY: "it is empty",
    ProblemKind.UNREADABLE: "it can't be read as {format}: {why}",
    ProblemKind.NO_SETTINGS: "it is not a map of settings",
    ProblemKind.CONFIG_VERSION: "_config_version belongs to the agent of each machine",
    ProblemKind.NO_MAP_OF_SERVERS: "{key} is not a map of servers",
    ProblemKind.SERVER_WITHOUT_START: "the server {name:.60} has neither command nor url",
    ProblemKind.VALUE_TO_HIDE: "a value that looks like a secret",
    ProblemKind.NO_SERVER: "it names no server",
    ProblemKind.JOB_UNREADABLE: "it can't be read: {why}",
    ProblemKind.HOME_UNREADABLE: "it can't be read, so nothing that was changed in it would ship: {why}",
    ProblemKind.SERVERS_UNREADABLE: "{why}",
    ProblemKind.SKILLS_NOT_SHIPPED: "it uses skills that are not shipped: {skills}",
    ProblemKind.NO_JOB_FILE: "no job is read from here",
    ProblemKind.FOLDER_WITHOUT_SKILL: "it has no SKILL.md, so the agent does not see it",
    ProblemKind.NO_FRONT_MATTER: (
        "it has no front matter, so the agent does not know what it is for"
    ),
    ProblemKind.FRONT_UNREADABLE: "its front matter can't be read: {why}",
    ProblemKind.FRONT_FIELD_MISSING: "its {field} is missing",
    ProblemKind.FRONT_FIELD_TOO_LONG: "its {field} is longer than {most} characters",
    ProblemKind.NO_BODY: "nothing follows its front matter",
    ProblemKind.NAMED_UNLIKE_FOLDER: (
        "its name {name:quoted 60} differs from the name of its folder, {folder:quoted 60}"
    ),
    ProblemKind.NAME_TAKEN: "{first} has the same name; the agent loads only one of them",
    ProblemKind.NOT_LOADED: _not_loaded,
    ProblemKind.INPUT_UNUSED: "nothing uses the answer to {name}",
    ProblemKind.INPUT_UNKNOWN: "no input is called {name}, so ${{input:{name}}} stays as it is",
    ProblemKind.INPUT_HIDDEN: "the input {name} is a secret, so its answer is not written into this file",
    ProblemKind.INPUT_NOT_FILLED: "files of this kind get no answers: ${{input:{name}}} stays",
    ProblemKind.ONE_TEMPLATE: "only {name} serves as the template",
    ProblemKind.PLACEHOLDER_NOT_ASKED: "${{{name}}} is missing from env_requires",
    ProblemKind.VARIABLE_NOT_LISTED: "it reads {name}, which is missing from env_requires",
    ProblemKind.LEAK: "it looks like a secret: {looks}",
    ProblemKind.MUST_NOT_LEAVE: "this must not leave the machine: {what}",
    ProblemKind.MAYBE_PRIVATE: "this may have to stay on the machine: {what}",
    ProblemKind.TOO_LARGE: "it has {mib} MiB; the limit is {most} MiB per file",
    ProblemKind.LARGE: "it has {mib} MiB, which everyone who installs it downloads",
    ProblemKind.HIDDEN: _hidden,
    ProblemKind.PERSONAL_PATH: "{path:quoted 80} is a path on one particular machine",
    ProblemKind.INVISIBLE: "an invisible character, {mark}",
}

SENTENCES: Sentences = {**NOTES, **_OWN}
"""What is wrong, by kind; reading jobs and servers gives notes of the general kinds."""

HINTS: Mapping[Kind, str | Say] = {
    NoteKind.JOB_WITHOUT_START: "write every 30m to repeat it",
    ProblemKind.FAULT: _HINT,
    ProblemKind.NO_MANIFEST: "`init` writes one",
    ProblemKind.NAME_BREACH: _name_hint,
    ProblemKind.STAMP_BREACH: f"{_TAKE_OUT}: the agent writes it into homes",
    ProblemKind.VERSION_BREACH: 'quote it, such as version: "1.10.0"',
    ProblemKind.FIELD_NOT_GIVEN: "people read it before they install",
    ProblemKind.OWNED_BY_MACHINE: "take the line out, or move the files to another folder",
    ProblemKind.OWNED_MISSING: "take the line out, or add the files",
    ProblemKind.NOT_TAKEN_OUT: 'take it out for everybody: without: ["{place}"]',
    ProblemKind.UNREADABLE: _HINT,
    ProblemKind.CONFIG_VERSION: _TAKE_OUT,
    ProblemKind.VALUE_TO_HIDE: "write ${{{name}}} in its place, and add {name} to env_requires",
    ProblemKind.INPUT_UNUSED: "write ${{input:{name}}} into a file, or give it `env`",
    ProblemKind.INPUT_UNKNOWN: "the inputs are {known}",
    ProblemKind.INPUT_HIDDEN: "refer to ${{{env}}}, which the agent fills in when it runs",
    ProblemKind.INPUT_NOT_FILLED: "use a .md, .txt, .yaml or .json file, or give the input `env`",
    ProblemKind.NO_JOB_FILE: "write one file for each job: cron/NAME.yaml",
    ProblemKind.NO_FRONT_MATTER: _FRONT,
    ProblemKind.FRONT_UNREADABLE: _HINT,
    ProblemKind.FRONT_FIELD_MISSING: _FRONT,
    ProblemKind.ONE_TEMPLATE: "keep one of them",
    ProblemKind.PLACEHOLDER_NOT_ASKED: _ADD,
    ProblemKind.VARIABLE_NOT_LISTED: _ADD,
    ProblemKind.MUST_NOT_LEAVE: "take it out of the file, or make it a setting in .env",
    ProblemKind.MAYBE_PRIVATE: (
        "if it is a secret, take it out; publish refuses this line unless it is published already, or you"
        " allow it: --allow-finding {name}"
    ),
    ProblemKind.LEAK: "take it out, and replace it by a new one: the old one may be known by now",
    ProblemKind.HIDDEN: (
        "take them out; everyone who installs the package would have to approve such a file"
    ),
    ProblemKind.PERSONAL_PATH: (
        "write ~ or a path relative to the home; publish refuses this line unless it is published"
        " already, or you allow it: --allow-finding FILE:LINE"
    ),
}
"""What to do, by kind; a kind that is not listed needs no hint."""
