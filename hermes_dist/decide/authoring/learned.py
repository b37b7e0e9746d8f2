"""Who made an edit: the agent or a person, if the agent's notes say so; otherwise it is unknown.

The history says which lines the agent's tools wrote. So an edit counts as the agent's only if each of its lines is
among these. Notes on skills say how often the skill tool changed one. A shell command leaves no trace that would
prove an edit, so it counts for nobody.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.agents.traces import (
    BY_HUB,
    BY_LESSON,
    BY_REVIEW,
    CRON_TOOL,
    PATCH,
    SKILL_TOOL,
    WRITE_FILE,
)
from hermes_dist.light import read_json
from hermes_dist.model.discreet import Discreet
from hermes_dist.model.paths import RelPath
from hermes_dist.model.values import as_list, as_map


class Who(StrEnum):
    """Whose an edit is."""

    AGENT = "agent"
    YOU = "you"
    BOTH = "both"
    UNKNOWN = "unknown"


class Sign(StrEnum):
    """What tells whose it is; the sentences are in ``voice/words.py``."""

    LINES = "lines"  # the agent's tools wrote these lines
    SOME_LINES = "some-lines"  # and some of the lines they did not write
    SKILL_PATCHED = "skill-patched"
    SKILL_BY_REVIEW = "skill-by-review"
    SKILL_BY_LESSON = "skill-by-lesson"
    SKILL_FROM_HUB = "skill-from-hub"
    JOB_TOOL = "job-tool"
    JOB_FROM_CHAT = "job-from-chat"
    NEVER_RAN = "never-ran"
    NONE = "none"


class Verdict(Struct, frozen=True):
    """Whose an edit is, and what tells so.

    Attributes:
        times: How often the skill tool changed the skill; 0 if that is not what tells.
        last: When it last did; empty if that is not known.
    """

    who: Who
    sign: Sign
    times: int = 0
    last: str = ""


NOBODY = Verdict(Who.UNKNOWN, Sign.NONE)
"""No note of the agent names the edit."""


class _Lines(Discreet, frozen=True):
    """The lines that the agent's tools brought into a file, and those that they took out; None for all others."""

    new: frozenset[str]
    gone: frozenset[str]
    whole: bool = False


class Traces(Discreet, frozen=True, kw_only=True):
    """What the agent's notes say.

    Attributes:
        ran: The agent had a conversation in this home.
        files: What its tools wrote, by path in the home; that of a skill, by the skill's name and the path in it.
        skills: Its notes on skills, by name.
        jobs: The ids of jobs that its tool changed, and the names and prompts of those that it made.
    """

    ran: bool
    files: Mapping[str, _Lines]
    skills: Mapping[str, Mapping[object, object]]
    jobs: frozenset[tuple[str, str]]


def read_traces(
    calls: Iterable[str], usage: object, *, ran: bool, home: str, user_home: str
) -> Traces:
    """Make sense of the agent's notes.

    Args:
        calls: The calls of its tools, as JSON.
        usage: Its notes on skills.
        ran: It had a conversation in this home.
        home: The folder of the home.
        user_home: What ``~`` stands for.
    """
    files: dict[str, _Lines] = {}
    jobs: set[tuple[str, str]] = set()
    for tool, given in _each_call(calls):
        if tool == CRON_TOOL:
            jobs |= _job(given)
            continue
        for place, lines in _written(tool, given):
            path = _path_in(place, home, user_home)
            files[path] = _joined(files.get(path), lines)
    skills = {str(name): as_map(each) for name, each in as_map(usage).items()}
    return Traces(ran=ran, files=files, skills=skills, jobs=frozenset(jobs))


def _each_call(calls: Iterable[str]) -> Iterator[tuple[str, Mapping[object, object]]]:
    for text in calls:
        for call in as_list(_json(text)):
            function = as_map(as_map(call).get("function"))
            given = function.get("arguments")
            yield (
                str(function.get("name")),
                as_map(_json(given) if isinstance(given, str) else given),
            )


def _json(text: str) -> object:
    try:
        return read_json(text)
    except ValueError:
        return None


def _written(tool: str, given: Mapping[object, object]) -> Iterator[tuple[str, _Lines]]:
    """What one call wrote: the place as the call names it, and the lines."""
    text = {str(key): value for key, value in given.items() if isinstance(value, str)}
    if tool == WRITE_FILE:
        yield text.get("path", ""), _lines(text.get("content", ""), whole=True)
    elif tool == PATCH and text.get("patch"):
        yield from _in_patch(text["patch"])
    elif tool == PATCH:
        yield text.get("path", ""), _lines(text.get("new_string", ""), text.get("old_string", ""))
    elif tool == SKILL_TOOL:
        yield from _in_skill(text)


def _in_skill(text: Mapping[str, str]) -> Iterator[tuple[str, _Lines]]:
    name, action = text.get("name", "").rpartition("/")[2], text.get("action", "")
    place = f"{_SKILL}{name}/{text.get('file_path') or 'SKILL.md'}"
    if action == "patch":
        yield place, _lines(text.get("new_string", ""), text.get("old_string", ""))
    elif action in ("create", "edit", "write_file"):
        new = text.get("file_content") if action == "write_file" else text.get("content")
        yield place, _lines(new or "", whole=True)


_SKILL = "skill:"
_FILE_IN_PATCH = lazily.pattern(r"\*\*\* (?:Update|Add|Delete) File: (.+)")


def _in_patch(text: str) -> Iterator[tuple[str, _Lines]]:
    """The files of a patch of several files, each with the lines that it adds and takes."""
    parts = _FILE_IN_PATCH.split(text)
    for place, body in zip(parts[1::2], parts[2::2], strict=True):
        rows = body.splitlines()
        new = [row[1:] for row in rows if row.startswith("+")]
        gone = [row[1:] for row in rows if row.startswith("-")]
        yield place.strip(), _lines("\n".join(new), "\n".join(gone))


def _lines(new: str, gone: str = "", *, whole: bool = False) -> _Lines:
    return _Lines(
        frozenset(map(_plain, new.splitlines())), frozenset(map(_plain, gone.splitlines())), whole
    )


def _plain(line: str) -> str:
    # The agent's tools find a place also if its spaces differ, and then write them as the file has them.
    return line.strip()


def _joined(one: _Lines | None, two: _Lines) -> _Lines:
    if one is None:
        return two
    return _Lines(one.new | two.new, one.gone | two.gone, one.whole or two.whole)


def _path_in(place: str, home: str, user_home: str) -> str:
    """A place as a path in the home; a place elsewhere, or one whose folder is not known, stays as it is."""
    if place.startswith("~/"):
        place = user_home + place[1:]
    place = posixpath.normpath(place)
    start = f"{home.rstrip('/')}/"
    if place.startswith(start):
        return place[len(start) :]
    return place if place.startswith(_SKILL) else f"elsewhere:{place}"


def _job(given: Mapping[object, object]) -> set[tuple[str, str]]:
    """How to know a job that the tool made or changed: by its id, or by its name and prompt."""
    action = given.get("action")
    if action == "create":
        return {(str(given.get("name") or ""), str(given.get("prompt") or ""))}
    if action == "update" and given.get("job_id"):
        return {("", str(given["job_id"]))}
    return set()


def judge_lines(traces: Traces, path: RelPath, new: Iterable[str], gone: Iterable[str]) -> Verdict:
    """Judge whose an edit of a text is.

    Args:
        traces: The agent's notes.
        path: The file, in the home.
        new: The lines that came.
        gone: The lines that went.
    """
    edit = _Lines(_plain_all(new), _plain_all(gone))
    told = _told(traces, path, edit)
    if told.new | told.gone and told.new == edit.new and told.gone == edit.gone:
        return Verdict(Who.AGENT, Sign.LINES)
    if told.new | told.gone:
        return Verdict(Who.BOTH, Sign.SOME_LINES)
    return judge_skill(traces, path, new=False) or _by_nobody(traces)


def _told(traces: Traces, path: RelPath, edit: _Lines) -> _Lines:
    """The lines of an edit that the agent's tools brought or took out."""
    known = [traces.files[name] for name in _names(path) if name in traces.files]
    new = edit.new & frozenset().union(*(each.new for each in known))
    gone = edit.gone & frozenset().union(*(each.gone for each in known))
    # What was written as a whole lost what it does not have; but a deletion alone may be anybody's.
    if new and any(each.whole for each in known):
        gone = edit.gone
    return _Lines(new, gone)


def _plain_all(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(_plain(line) for line in lines) - {""}


def judge_new(traces: Traces, path: RelPath, text: str) -> Verdict:
    """Judge whose a file is that the package does not have."""
    noted = judge_skill(traces, path, new=True)
    return noted or judge_lines(traces, path, text.splitlines(), ())


def judge_skill(traces: Traces, path: RelPath, *, new: bool) -> Verdict | None:
    """Judge by the agent's notes on the skill that a file belongs to; None if they say nothing."""
    if path.top != "skills":
        return None
    for name in reversed(path.parts[1:-1]):
        note = traces.skills.get(name)
        if note is None:
            continue
        by = _MADE_BY.get(str(note.get("created_by")))
        if by and new:
            return Verdict(*by)
        times = note.get("patch_count")
        if isinstance(times, int) and times > 0:
            last = str(note.get("last_patched_at") or "")[:10]
            return Verdict(Who.AGENT, Sign.SKILL_PATCHED, times, last)
    return None


_MADE_BY = {
    BY_REVIEW: (Who.AGENT, Sign.SKILL_BY_REVIEW),
    BY_LESSON: (Who.AGENT, Sign.SKILL_BY_LESSON),
    BY_HUB: (Who.YOU, Sign.SKILL_FROM_HUB),
}


def judge_job(traces: Traces, job: Mapping[str, object]) -> Verdict:
    """Judge whose a job is, or an edit of it."""
    marks = {("", str(job.get("id"))), (str(job.get("name") or ""), str(job.get("prompt") or ""))}
    if marks & traces.jobs:
        return Verdict(Who.AGENT, Sign.JOB_TOOL)
    if job.get("origin"):
        return Verdict(Who.AGENT, Sign.JOB_FROM_CHAT)
    return _by_nobody(traces)


def _by_nobody(traces: Traces) -> Verdict:
    """The verdict where no note names it: who never ran has not edited anything."""
    if not traces.ran:
        return Verdict(Who.YOU, Sign.NEVER_RAN)
    return NOBODY


def _names(path: RelPath) -> Iterator[str]:
    """The names that the agent's tools have for a file: its path, and in a skill the skill with the path in it."""
    yield str(path)
    if path.top == "skills":
        parts = path.parts
        for at in range(1, len(parts) - 1):
            yield f"{_SKILL}{parts[at]}/{'/'.join(parts[at + 1 :])}"
