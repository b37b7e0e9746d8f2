"""Release notes: what an author says about a version, in the package's changelog or in the message of its tag."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.decide.versions import version_of
from hermes_dist.light import NamedTuple
from hermes_dist.model.paths import RelPath

_NAMES = frozenset(
    [
        "changelog",
        "changes",
        "history",
        "news",
        "releasenotes",
        "release-notes",
        "release_notes",
        "releases",
    ]
)
_ENDINGS = frozenset(["", ".md", ".markdown", ".rst", ".txt"])
_ATX = lazily.pattern(r" {0,3}(#{1,6})[ \t]++(.*)")
_UNDERLINE = lazily.pattern(r"(={3,}|-{3,})[ \t]*$")
_FENCE = lazily.pattern(r" {0,3}(?:```|~~~)")
_VERSION = lazily.pattern(r"(?<![\w.-])v?(\d+(?:\.\d+)+(?:[-+.]?[0-9A-Za-z]+)*)", re.IGNORECASE)
_WORD = lazily.pattern(r"[\w][\w.+-]*")
_MOST_TEXT = 1 << 19
_MOST_LINES = 2000
_LONGEST_LINE = 5000
"""No author writes more for people to read; a longer note would only flood a terminal."""


class ReleaseNotes(Struct, frozen=True):
    """What an author says about a version.

    Attributes:
        where: The file or the tag that says it.
        lines: What it says, line by line, as the author wrote it.
    """

    where: str
    lines: tuple[str, ...]


class _Title(NamedTuple):
    """A title in a changelog: its line, the first line below it, its level, and its words."""

    at: int
    below: int
    level: int
    words: str


class _Section(NamedTuple):
    """A section of a changelog: its title, and the lines below the title."""

    title: str
    lines: tuple[str, ...]


def changelog_in(paths: Iterable[RelPath]) -> RelPath | None:
    """The changelog of a package, by its name in the package's folder; None if it has none."""
    return min((path for path in paths if "/" not in path and _is_changelog(path)), default=None)


def _is_changelog(path: RelPath) -> bool:
    name, dot, ending = path.lower().partition(".")
    return name in _NAMES and f"{dot}{ending}" in _ENDINGS


def from_changelog(where: str, text: str, version: str, before: str) -> ReleaseNotes | None:
    """Take what a changelog says about the versions after the one that was received.

    Args:
        where: The name of the file.
        text: Its text: Markdown or reStructuredText with a heading for each version.
        version: The version that comes.
        before: The version that was received; empty if it is not known, which asks about ``version`` alone.

    Returns:
        The sections as they stand, with their titles unless it is only that of ``version``; None if there is none.
    """
    found = list(_sections(text[:_MOST_TEXT], version, before))
    if len(found) == 1 and _is_between(found[0].title, version, ""):
        return _notes(where, found[0].lines)
    told: list[str] = []
    for part in found:
        told += ["", part.title, *_trimmed(part.lines)]
    return _notes(where, told)


def from_tag(tag: str, raw: bytes, label: str) -> ReleaseNotes | None:
    """Take what the message of an annotated tag says.

    Args:
        tag: The name of the tag.
        raw: The tag object without its signature.
        label: Name and version of the package: a message that says no more than this is no release note.
    """
    message = raw.partition(b"\n\n")[2][:_MOST_TEXT].decode("utf-8", "replace")
    known = {_plain(word) for word in (*_WORD.findall(label), tag, "release", "version")}
    if {_plain(word) for word in _WORD.findall(message)} <= known:
        return None
    return _notes(f"tag {tag}", message.splitlines())


def section_of(text: str, version: str) -> str:
    """What a changelog says about one version; empty if it says nothing."""
    found = from_changelog("", text, version, "")
    return "\n".join(found.lines) if found else ""


def _plain(word: str) -> str:
    """A word for comparing: in small letters, a version without its ``v``."""
    return re.sub(r"^v(?=\d)", "", word.lower()).rstrip(".")


def _notes(where: str, lines: Iterable[str]) -> ReleaseNotes | None:
    told = _trimmed(_cut(line) for line in islice(lines, _MOST_LINES))
    return ReleaseNotes(where, told) if told else None


def _cut(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[: _LONGEST_LINE - 1]}…"


def _trimmed(lines: Iterable[str]) -> tuple[str, ...]:
    """Lines without trailing blanks, without empty lines at both ends, and never two empty lines in a row."""
    told: list[str] = []
    for line in (each.rstrip() for each in lines):
        if line or (told and told[-1]):
            told.append(line)
    if told and not told[-1]:
        told.pop()
    return tuple(told)


def _sections(text: str, version: str, before: str) -> Iterator[_Section]:
    """The sections about versions after the one before, each with those below it."""
    lines = text.removeprefix("\ufeff").splitlines()
    titles = list(_titles(lines))
    end = 0
    for at, title in enumerate(titles):
        if title.at < end or not _is_between(title.words, version, before):
            continue
        end = _end(titles, at, len(lines))
        yield _Section(title.words, tuple(lines[title.below : end]))


def _end(titles: list[_Title], at: int, most: int) -> int:
    """The line where the section of a title ends: at the next title that is not below it."""
    for other in range(at + 1, len(titles)):
        if titles[other].level <= titles[at].level:
            return titles[other].at
    return most


def _titles(lines: list[str]) -> Iterator[_Title]:
    """The titles; what looks like one inside code is none."""
    in_code = False
    for at, line in enumerate(lines):
        if _FENCE.match(line):
            in_code = not in_code
        if in_code:
            continue
        if match := _ATX.match(line):
            yield _Title(at, at + 1, len(match[1]), match[2].rstrip(" \t#").strip())
        elif match := _under(lines, at):
            yield _Title(at, at + 2, "=-".index(match[1][0]) + 1, line.strip())


def _under(lines: list[str], at: int) -> re.Match[str] | None:
    """The line of ``=`` or ``-`` below a line of text, which makes that a title."""
    if at + 1 == len(lines) or not lines[at].strip() or lines[at].startswith((" ", "-", "*", "|")):
        return None
    return _UNDERLINE.match(lines[at + 1])


def _is_between(title: str, version: str, before: str) -> bool:
    """Whether a title names ``version``, or one between it and the version before."""
    match = _VERSION.search(title)
    if match is None:
        return False
    named, last, first = version_of(match[1]), version_of(version), version_of(before)
    if named is None or last is None:
        return match[1] == version
    if first is None:
        return named == last
    return first < named <= last
