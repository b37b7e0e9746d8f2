"""The rules of ``validate`` for the contents of a package: soul, settings, servers, jobs, skills, plugins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hermes_dist.agents.places import MIGRATED_TO, SOUL
from hermes_dist.decide.consent.floor.asks import leaves
from hermes_dist.decide.placement.jobs import JOBS, is_job_file, place_in, read_jobs, skills_of
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import MCP, SERVERS, read_servers
from hermes_dist.decide.secrets.mask import hide
from hermes_dist.decide.validate.kinds import ProblemKind
from hermes_dist.decide.validate.problems import (
    Problem,
    Subject,
    error,
    line_of,
    steps_of,
    warning,
)
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Document, Kind, kind_of, line_at, load_data, parse
from hermes_dist.model.documents.frontmatter import split
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Tree
from hermes_dist.model.values import as_map

# The limits of the agent's own skill manager, which refuses to save longer ones.
_SKILL_NAME, _SKILL_WORDS = 64, 1024


def check_soul(subject: Subject) -> Iterator[Problem]:
    """Check that the package has a soul, so that the agent has a character."""
    layered = subject.manifest and (subject.manifest.extends or subject.manifest.dependencies)
    if RelPath(SOUL) not in subject.tree:
        # A package below may bring one.
        if layered or subject.is_there(SOUL):
            return
        yield warning("soul", SOUL, 0, Note.of(ProblemKind.NO_SOUL))
    elif not subject.bytes(SOUL).strip():
        yield warning("soul", SOUL, 1, Note.of(ProblemKind.EMPTY))


def _document(subject: Subject, path: RelPath, rule: str) -> Iterator[Problem | Document]:
    """Yield a document, or the problem that it can't be read."""
    kind = kind_of(path) or Kind.YAML
    try:
        yield parse(subject.bytes(path), kind)
    except Invalid as err:
        what = Note.of(ProblemKind.UNREADABLE, format=kind.upper(), why=err.what, hint=err.hint)
        yield error(rule, path, line_of(err), what)


def check_config(subject: Subject) -> Iterator[Problem]:
    """Check that ``config.yaml`` is a map of settings, without values that belong in the environment."""
    if CONFIG not in subject.tree:
        return
    for doc in _document(subject, CONFIG, "config"):
        if isinstance(doc, Problem):
            yield doc
        elif doc.value is not None and not isinstance(doc.value, dict):
            yield error("config", CONFIG, 1, Note.of(ProblemKind.NO_SETTINGS))
        else:
            yield from _settings(doc)


def _settings(doc: Document) -> Iterator[Problem]:
    data = as_map(doc.value)
    if MIGRATED_TO in data:
        line = line_at(doc, [MIGRATED_TO])
        yield warning("config", CONFIG, line, Note.of(ProblemKind.CONFIG_VERSION))
    servers = data.get(SERVERS)
    if isinstance(servers, dict):
        yield from _servers(doc, servers)
    elif servers is not None:
        line = line_at(doc, [SERVERS])
        yield error("mcp", CONFIG, line, Note.of(ProblemKind.NO_MAP_OF_SERVERS, key=SERVERS))
    yield from _secret_values(CONFIG, doc)


def _servers(doc: Document, servers: Mapping[str, object]) -> Iterator[Problem]:
    for name, server in servers.items():
        if isinstance(server, dict) and (server.get("command") or server.get("url")):
            continue
        what = Note.of(ProblemKind.SERVER_WITHOUT_START, name=str(name))
        yield error("mcp", CONFIG, line_at(doc, [SERVERS, name]), what)


def _secret_values(path: RelPath, doc: Document) -> Iterator[Problem]:
    """Yield problems for values whose key says that they are secrets."""
    for key, value in leaves(doc.value):
        words = tuple(str(step) for step in key)
        for name in hide(value, words)[1]:
            line = line_at(doc, [step if isinstance(step, int) else str(step) for step in key])
            yield error("secret", path, line, Note.of(ProblemKind.VALUE_TO_HIDE, name=name))


def check_mcp(subject: Subject) -> Iterator[Problem]:
    """Check that ``mcp.json`` holds servers in one of the known shapes."""
    if MCP not in subject.tree:
        return
    for doc in _document(subject, MCP, "mcp"):
        if isinstance(doc, Problem):
            yield doc
            return
        yield from _secret_values(MCP, doc)
        servers, notes = read_servers(subject.bytes(MCP))
        for note in notes:
            line = 1
            if note.kind in (NoteKind.NOT_A_SERVER, NoteKind.SERVER_TWICE):
                line = _line_of(doc, str(note.datum("name")))
            what = _within_file(note)
            if note.kind is NoteKind.UNREADABLE_SERVERS:
                what = Note.of(ProblemKind.SERVERS_UNREADABLE, why=note.datum("why"))
            yield error("mcp", MCP, line, what)
        if not servers and not notes:
            yield warning("mcp", MCP, 1, Note.of(ProblemKind.NO_SERVER))


def _within_file(note: Note) -> Note:
    """A note without its place: the problem itself names the file."""
    return note._replace(where="")


def _line_of(doc: Document, word: str) -> int:
    """Return the line that contains a word in quotes, else the first line."""
    at = doc.text.find(f'"{word}"')
    return doc.text.count("\n", 0, max(at, 0)) + 1


def check_cron(subject: Subject) -> Iterator[Problem]:
    """Check that every job can be read, has a schedule that the agent knows, and uses skills that exist."""
    jobs = read_jobs(subject.tree, subject.read, name="validate")
    for note in jobs.notes:
        yield _about_job(subject, note)
    names = _skill_names(subject)
    for job in jobs.jobs:
        missing = [s for s in skills_of(job.placed) if s.rpartition("/")[2] not in names]
        # A package without any skill relies on those that the agent brings.
        if missing and names:
            what = Note.of(ProblemKind.SKILLS_NOT_SHIPPED, skills=tuple(missing))
            yield warning("cron", job.path, _line(subject, job.path, place_in(job.steps)), what)
    for path in subject.tree:
        if path.top == "cron" and not is_job_file(path):
            yield warning("cron", path, 0, Note.of(ProblemKind.NO_JOB_FILE))


def check_home(subject: Subject) -> Iterator[Problem]:
    """Check that the documents of a profile can be read: what is in one that can't would not ship."""
    for note in subject.broken:
        number = str(note.datum("place")).partition(":")[0]
        line = int(number) if number.isdigit() else 0
        what = Note.of(ProblemKind.HOME_UNREADABLE, why=note.datum("told"))
        yield error("cron", JOBS, line, what)


def _about_job(subject: Subject, note: Note) -> Problem:
    """Turn a note of reading the jobs into a problem at its line."""
    path, place = note.where, str(note.datum("place"))
    if note.kind is NoteKind.UNREADABLE_JOBS:
        what = Note.of(ProblemKind.JOB_UNREADABLE, why=note.datum("why"))
        number = place.partition(":")[0]
        return error("cron", str(note.datum("file")), int(number) if number.isdigit() else 1, what)
    line = _line(subject, path, place) if place else 1
    if note.kind is NoteKind.JOB_WITHOUT_START:
        return warning("cron", path, line, _within_file(note))
    return error("cron", path, line, _within_file(note))


def _skill_names(subject: Subject) -> set[str]:
    """Return what jobs may call the package's skills: by folder, or by the name in the front matter."""
    skills = [path for path in subject.tree if path.name == "SKILL.md"]
    folders = {path.parent.name for path in skills if path.parent}
    return folders | {_name_in_front(subject, path) for path in skills} - {""}


def _name_in_front(subject: Subject, path: RelPath) -> str:
    front, _ = split(subject.bytes(path))
    try:
        fields = load_data(front, Kind.YAML) if front else None
    except Invalid:
        return ""
    return str(fields.get("name")) if isinstance(fields, dict) else ""


def _line(subject: Subject, path: str, place: str) -> int:
    kind = kind_of(RelPath(path)) or Kind.JSON
    try:
        return line_at(parse(subject.bytes(path), kind), steps_of(place))
    except Invalid:
        return 1


def check_skills(subject: Subject) -> Iterator[Problem]:
    """Check that every skill has front matter that the agent reads, and that each folder in ``skills/`` has a skill."""
    seen: dict[str, RelPath] = {}
    for path in subject.tree:
        if path.top == "skills" and path.name == "SKILL.md":
            yield from _skill(subject, path, seen)
    for folder in _folders_without_skill(subject.tree):
        yield warning("skills", folder, 0, Note.of(ProblemKind.FOLDER_WITHOUT_SKILL))


def _folders_without_skill(tree: Tree) -> list[RelPath]:
    """Return the folders in ``skills/`` that neither are nor contain a skill."""
    skills = {path.parent for path in tree if path.name == "SKILL.md"}
    folders = {path.parents[1] for path in tree if path.top == "skills" and len(path.parents) > 1}
    return sorted(
        folder for folder in folders if not any(skill and skill.under(folder) for skill in skills)
    )


def _skill(subject: Subject, path: RelPath, seen: dict[str, RelPath]) -> Iterator[Problem]:
    """Check one skill; ``seen`` collects the names of the skills so far."""
    front, body = split(subject.bytes(path))
    if front is None:
        yield error("skills", path, 1, Note.of(ProblemKind.NO_FRONT_MATTER))
        return
    try:
        doc = parse(front, Kind.YAML)
    except Invalid as err:
        what = Note.of(ProblemKind.FRONT_UNREADABLE, why=err.what, hint=err.hint)
        yield error("skills", path, line_of(err) + 1, what)
        return
    fields = as_map(doc.value)
    for key, most in (("name", _SKILL_NAME), ("description", _SKILL_WORDS)):
        yield from _field(path, doc, key, fields.get(key), most)
    if name := str(fields.get("name") or ""):
        yield from _name(path, name, _line_in_front(doc, "name"), seen)
    if not body.strip():
        yield warning("skills", path, 0, Note.of(ProblemKind.NO_BODY))


def _line_in_front(doc: Document, key: str) -> int:
    """Return the line of a key in the file: the front matter begins after the first ``---``."""
    return line_at(doc, [key]) + 1


def _field(path: RelPath, doc: Document, key: str, value: object, most: int) -> Iterator[Problem]:
    line = _line_in_front(doc, key)
    if not isinstance(value, str) or not value.strip():
        yield error("skills", path, line, Note.of(ProblemKind.FRONT_FIELD_MISSING, field=key))
    elif len(value) > most:
        what = Note.of(ProblemKind.FRONT_FIELD_TOO_LONG, field=key, most=most)
        yield error("skills", path, line, what)


def _name(path: RelPath, name: str, line: int, seen: dict[str, RelPath]) -> Iterator[Problem]:
    folder = path.parent.name if path.parent else name
    if folder != name:
        what = Note.of(ProblemKind.NAMED_UNLIKE_FOLDER, name=name, folder=folder)
        yield warning("skills", path, line, what)
    first = seen.setdefault(name, path)
    if first != path:
        what = Note.of(ProblemKind.NAME_TAKEN, first=first)
        yield warning("skills", path, line, what)


_NEEDED = {"hooks": ("HOOK.yaml", "handler.py"), "plugins": ("plugin.yaml",)}
"""The files without which the agent does not load a folder."""


def check_plugins(subject: Subject) -> Iterator[Problem]:
    """Check that hooks and plugins have the files that the agent looks for."""
    for top, needed in _NEEDED.items():
        for folder, here in sorted(_files_by_folder(subject.tree, top).items()):
            if missing := [file for file in needed if file not in here]:
                what = Note.of(ProblemKind.NOT_LOADED, files=tuple(missing))
                yield warning(top, folder, 0, what)


def _files_by_folder(tree: Tree, top: str) -> dict[str, set[str]]:
    """Return the names of the files, at any depth, in each folder under ``top``."""
    found: dict[str, set[str]] = {}
    for path in tree:
        if path.top == top and len(path.parts) > 2:
            found.setdefault(f"{top}/{path.parts[1]}", set()).add(path.name)
    return found
