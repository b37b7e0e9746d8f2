"""The rules of ``validate`` for the contents of files: skills, jobs, servers, settings, texts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hermes_dist.agents.places import SOUL
from hermes_dist.decide.consent.floor import leaves
from hermes_dist.decide.consent.hidden import find_hidden
from hermes_dist.decide.placement.jobs import is_job_file, place_in, read_jobs, skills_of
from hermes_dist.decide.placement.place import CONFIG
from hermes_dist.decide.placement.servers import MCP, SERVERS, read_servers
from hermes_dist.decide.secrets.mask import hide
from hermes_dist.decide.secrets.references import personal_paths
from hermes_dist.decide.secrets.scan import scan
from hermes_dist.decide.validate.problems import (
    Problem,
    Subject,
    at_fault,
    error,
    steps_of,
    warning,
)
from hermes_dist.errors import Invalid
from hermes_dist.merge.frontmatter import split
from hermes_dist.model.documents.api import Document, Kind, kind_of, line_at, load_data, parse
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import RelPath

_SKILL_NAME, _SKILL_WORDS = 64, 1024
_LARGE = 5 << 20
_HIDDEN_SHOWN = 10
_TOO_LARGE = 32 << 20
_INVISIBLE = re.compile("[\u200b\u2060\u00ad\u180e]|(?<!^)\ufeff")
_READ = (".md", ".txt", ".yaml", ".yml", ".json")


_TO_AUTHORS = {
    NoteKind.NOT_A_SERVER: "{name}: neither command nor url in it; left out",
    NoteKind.NAMELESS_SERVER: "a server without a name; left out",
    NoteKind.SERVER_TWICE: "{name}: there twice; the first one counts",
    NoteKind.JOB_WITHOUT_START: (
        "{place}: the schedule {schedule!r} counts from the moment a job is made, so the job stays "
        "paused; give it a time with: cron edit ID --schedule"
    ),
}
"""What an author reads about notes that come from no error; the other notes carry the error's sentence."""


def _said(note: Note) -> str:
    data = {"place": "", "why": "", **dict(note.data)}
    if note.kind is NoteKind.NOT_A_SERVER:
        data["name"] = data["name"] or "a server without a name"
    sentence = _TO_AUTHORS.get(note.kind, "{place}: {why}")
    return sentence.format_map(data).removeprefix(": ")


def check_soul(subject: Subject) -> Iterator[Problem]:
    """Check that the package has a soul, so that the agent has a character."""
    if RelPath(SOUL) not in subject.tree:
        yield warning("soul", SOUL, 0, "there is none: the agent keeps its stock character")
    elif not subject.bytes(SOUL).strip():
        yield warning("soul", SOUL, 1, "it is empty")


def _document(subject: Subject, path: RelPath, rule: str) -> Iterator[Problem | Document]:
    """Yield a document, or the problem that it can't be read."""
    kind = kind_of(path) or Kind.YAML
    try:
        yield parse(subject.bytes(path), kind)
    except Invalid as err:
        line, what = at_fault(err)
        yield error(rule, path, line, f"it can't be read as {kind.upper()}: {what}", err.hint)


def check_config(subject: Subject) -> Iterator[Problem]:
    """Check that ``config.yaml`` is a map of settings, without values that belong in the environment."""
    if CONFIG not in subject.tree:
        return
    for doc in _document(subject, CONFIG, "config"):
        if isinstance(doc, Problem):
            yield doc
        elif doc.value is not None and not isinstance(doc.value, dict):
            yield error("config", CONFIG, 1, "it is no map of settings")
        else:
            yield from _settings(doc)


def _settings(doc: Document) -> Iterator[Problem]:
    data = doc.value if isinstance(doc.value, dict) else {}
    if "_config_version" in data:
        line = line_at(doc, ["_config_version"])
        yield warning(
            "config",
            CONFIG,
            line,
            "_config_version belongs to the agent of each machine",
            "take it out",
        )
    servers = data.get(SERVERS)
    if SERVERS in data and servers is not None and not isinstance(servers, dict):
        yield error("mcp", CONFIG, line_at(doc, [SERVERS]), f"{SERVERS} is no map of servers")
    elif isinstance(servers, dict):
        for name, server in servers.items():
            if not isinstance(server, dict) or not (server.get("command") or server.get("url")):
                line = line_at(doc, [SERVERS, name])
                yield error(
                    "mcp", CONFIG, line, f"the server {name!s:.60} has neither command nor url"
                )
    yield from _secret_values(CONFIG, doc)


def _secret_values(path: RelPath, doc: Document) -> Iterator[Problem]:
    """Yield problems for values whose key says that they are secrets."""
    for key, value in leaves(doc.value):
        words = tuple(str(step) for step in key)
        for name in hide(value, words)[1]:
            hint = f"write ${{{name}}} in its place, and add {name} to env_requires"
            line = line_at(doc, [step if isinstance(step, int) else str(step) for step in key])
            yield error("secret", path, line, "a value that looks like a secret", hint)


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
            yield error("mcp", MCP, line, _said(note))
        if not servers and not notes:
            yield warning("mcp", MCP, 1, "it names no server")


def _line_of(doc: Document, word: str) -> int:
    """Return the line that contains a word in quotes, else the first line."""
    at = doc.text.find(f'"{word}"')
    return doc.text.count("\n", 0, at) + 1 if at >= 0 else 1


def check_cron(subject: Subject) -> Iterator[Problem]:
    """Check that every job can be read, has a schedule that the agent knows, and uses skills that exist."""
    jobs = read_jobs(subject.tree, subject.read, name="validate")
    for note in jobs.notes:
        path, place = note.where, str(note.datum("place"))
        if found := re.fullmatch(r"(\d+):\d+", place):
            yield error("cron", path, int(found[1]), f"it can't be read: {note.datum('why')}")
            continue
        line = _line(subject, path, place) if place else 1
        if note.kind is NoteKind.JOB_WITHOUT_START:
            yield warning("cron", path, line, _said(note), "write every 30m to repeat it")
        else:
            yield error("cron", path, line, _said(note))
    names = {path.parent.name for path in subject.tree if path.name == "SKILL.md" and path.parent}
    names |= {str(fields.get("name")) for _, fields in _fronts(subject)}
    for job in jobs.jobs:
        missing = [
            skill for skill in skills_of(job.placed) if skill.rpartition("/")[2] not in names
        ]
        if missing and names:
            line = _line(subject, job.path, place_in(job.steps))
            yield warning(
                "cron", job.path, line, f"it uses skills that are not shipped: {', '.join(missing)}"
            )
    for path in subject.tree:
        if path.top == "cron" and not is_job_file(path):
            yield warning(
                "cron", path, 0, "no job is read from here", "write one file a job: cron/NAME.yaml"
            )


def _line(subject: Subject, path: str, place: str) -> int:
    try:
        return line_at(
            parse(subject.bytes(path), kind_of(RelPath(path)) or Kind.JSON), steps_of(place)
        )
    except Invalid:
        return 1


def _fronts(subject: Subject) -> Iterator[tuple[RelPath, dict[object, object]]]:
    for path in subject.tree:
        if path.name == "SKILL.md":
            front, _ = split(subject.bytes(path))
            try:
                fields = load_data(front, Kind.YAML) if front else None
            except Invalid:
                continue
            if isinstance(fields, dict):
                yield path, fields


def check_skills(subject: Subject) -> Iterator[Problem]:
    """Check that every skill has front matter that the agent reads, and that each folder in ``skills/`` has a skill."""
    seen: dict[str, RelPath] = {}
    for path in subject.tree:
        if path.top == "skills" and path.name == "SKILL.md":
            yield from _skill(subject, path, seen)
    skills = {path.parent for path in subject.tree if path.name == "SKILL.md"}
    folders = {
        path.parents[1] for path in subject.tree if path.top == "skills" and len(path.parents) > 1
    }
    for folder in sorted(folders):
        if not any(skill and skill.under(folder) for skill in skills):
            yield warning("skills", folder, 0, "no SKILL.md is in it, so the agent does not see it")


def _skill(subject: Subject, path: RelPath, seen: dict[str, RelPath]) -> Iterator[Problem]:
    front, body = split(subject.bytes(path))
    hint = "begin it with --- and lines for name and description, then --- again"
    if front is None:
        yield error(
            "skills",
            path,
            1,
            "it has no front matter, so the agent does not know what it is for",
            hint,
        )
        return
    try:
        doc = parse(front, Kind.YAML)
    except Invalid as err:
        line, what = at_fault(err)
        yield error("skills", path, line + 1, f"its front matter can't be read: {what}", err.hint)
        return
    fields = doc.value if isinstance(doc.value, dict) else {}
    for key, most in (("name", _SKILL_NAME), ("description", _SKILL_WORDS)):
        value = fields.get(key)
        if not isinstance(value, str) or not value.strip():
            yield error("skills", path, line_at(doc, [key]) + 1, f"its {key} is missing", hint)
        elif len(value) > most:
            yield error(
                "skills",
                path,
                line_at(doc, [key]) + 1,
                f"its {key} is longer than {most} characters",
            )
    name = str(fields.get("name") or "")
    if name and path.parent and path.parent.name != name:
        line = line_at(doc, ["name"]) + 1
        yield warning(
            "skills",
            path,
            line,
            f"its name {name!r:.60} is not that of its folder {path.parent.name!r:.60}",
        )
    if name and (first := seen.setdefault(name, path)) != path:
        yield warning(
            "skills",
            path,
            line_at(doc, ["name"]) + 1,
            f"{first} has the same name; the agent takes one",
        )
    if not body.strip():
        yield warning("skills", path, 0, "nothing follows its front matter")


def check_plugins(subject: Subject) -> Iterator[Problem]:
    """Check that hooks and plugins have the files that the agent looks for."""
    for top, needed in (("hooks", ("HOOK.yaml", "handler.py")), ("plugins", ("plugin.yaml",))):
        folders = {
            path.parts[1] for path in subject.tree if path.top == top and len(path.parts) > 2
        }
        for name in sorted(folders):
            here = {path.name for path in subject.tree if path.under(f"{top}/{name}")}
            if missing := [file for file in needed if file not in here]:
                yield warning(
                    top,
                    f"{top}/{name}",
                    0,
                    f"without {' and '.join(missing)} the agent does not load it",
                )


def check_texts(subject: Subject) -> Iterator[Problem]:
    """Check for secrets, paths on somebody's machine, hidden characters and oversized files."""
    for path in subject.tree:
        data = subject.bytes(path)
        if len(data) > _TOO_LARGE:
            yield error(
                "size", path, 0, f"it has {len(data) >> 20} MiB; 32 MiB a file is the limit"
            )
        elif len(data) > _LARGE:
            yield warning(
                "size",
                path,
                0,
                f"it has {len(data) >> 20} MiB, which everybody who installs it fetches",
            )
        for leak in scan(path, data):
            hint = "take it out, and make a new one: the old one is known by now"
            yield error("secret", path, leak.line, f"it looks like a secret: {leak.kind}", hint)
        for place in find_hidden(path, data)[:_HIDDEN_SHOWN]:
            where = "" if place.line else f" in {place.where}"
            what = f"hidden characters{where} ({place.marks}) can say what a reader does not see"
            yield error(
                "hidden",
                path,
                place.line,
                what,
                "take them out; such a file waits for everybody's yes",
            )
        if b"\0" in data[:8000]:
            continue
        text = data.decode("utf-8", "replace")
        for line_number, found in personal_paths(text, subject.own):
            what = f"{found!r:.80} is a place on somebody's machine"
            yield warning(
                "personal", path, line_number, what, "write ~ or a path relative to the home"
            )
        if path.suffix in _READ and (mark := _INVISIBLE.search(text, 1)):
            line_number = text.count("\n", 0, mark.start()) + 1
            yield warning(
                "hidden", path, line_number, f"an invisible character, U+{ord(mark[0]):04X}"
            )
