"""Versions: what a package requires of the agent, and which tag fits a range."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hermes_dist.errors import Invalid, Refused, quoted
from hermes_dist.light import TYPE_CHECKING
from hermes_dist.model.notes import Note, NoteKind

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version


def version_of(text: str) -> Version | None:
    """Parse a version leniently (``v1.2.3``, ``0.0.2.63``, ``1.2.3-rc1``); None if it is not a version."""
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415 - only who compares versions pays for it

    if len(text) > _LONGEST:
        return None
    try:
        return Version(text.strip())
    except InvalidVersion:
        return None


def version_of_tag(tag: str) -> Version | None:
    """The version that a tag names, also one below a folder such as ``agents/bot/v1.2.0``; None if it names none."""
    return version_of(tag.rpartition("/")[2])


def is_lower(one: str, other: str) -> bool:
    """Whether a version is lower than another; False if one of them is not a version."""
    ones, others = _numbers(one), _numbers(other)
    if ones is not None and others is not None:
        return ones < others
    low, high = version_of(one), version_of(other)
    return low is not None and high is not None and low < high


def _numbers(text: str) -> list[int] | None:
    """The numbers of a version without anything else; None for others, for which the library is needed.

    To load the library takes 20 times as long as a module of ours, and nearly all versions are such ones.
    """
    parts = text.split(".")
    if len(text) > _LONGEST or not text.isascii() or not all(map(str.isdecimal, parts)):
        return None
    while len(parts) > 1 and not int(parts[-1]):  # 1.0 is 1.0.0
        del parts[-1]
    return [*map(int, parts)]


def spelled(text: str) -> str:
    """Normalise a version, so that ``v1.0`` equals ``1.0.0``; any other text stays as it is."""
    from packaging.utils import canonicalize_version  # noqa: PLC0415 - see version_of

    found = version_of(text)
    return text if found is None else canonicalize_version(found)


def specifiers(text: str) -> SpecifierSet:
    """Parse PEP 440 specifiers, ``^1.2``, ``~1.2``, ``1.x`` and bare versions (at least), joined by commas.

    Raises:
        Invalid: A part is not a valid specifier.
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - see version_of

    parts = [part.strip() for part in text.split(",")]
    try:
        if len(text) > _LONGEST or not all(parts):
            raise InvalidSpecifier
        return SpecifierSet(",".join(_specifier(part) for part in parts))
    except InvalidSpecifier:
        raise Invalid(
            f"{quoted(text, 80)} is not a version range",
            hint="write >=1.2, ^1.2, ~1.2 or 1.2; several joined by commas",
        ) from None


_LONGEST = 200
_NUMBER = r"\d+(?:\.\d+)*"
_SUFFIX = r"(?:[-_.]?(?:a|b|c|rc|alpha|beta|pre|preview|dev|post)[-_.]?\d*)*"
_CARET = rf"(?ia)([\^~])\s*v?(({_NUMBER}){_SUFFIX})"
_STAR = rf"(?ia)(?:==?\s*)?v?({_NUMBER})\.[x*]"


def _specifier(part: str) -> str:
    if part in {"*", "latest"}:
        return ">=0"
    if match := re.fullmatch(_CARET, part):
        numbers = [int(n) for n in match[3].split(".")]
        return f">={match[2]},<{_ceiling(numbers, caret=match[1] == '^')}"
    if match := re.fullmatch(_STAR, part):
        return f"=={match[1]}.*"
    if re.match(r"v?\d", part, re.IGNORECASE):
        return f">={part}"
    return re.sub(r"^=(?=[^=])", "==", part)


def _ceiling(numbers: list[int], *, caret: bool) -> str:
    """Return the first version outside: ``^`` keeps the left-most number that is not 0, ``~`` the last but one."""
    last = len(numbers) - 1
    if caret:
        at = next((i for i, n in enumerate(numbers) if n), last)
    elif last >= 2:
        at = last - 1
    else:
        at = last  # ~1.2 lets in 1.2.x, as ~1.2.0 does
    return ".".join(str(n) for n in [*numbers[:at], numbers[at] + 1])


def check_requires(requires: str, agent_version: str | None, *, title: str) -> Note | None:
    """Check that the agent meets a package's requirement.

    Args:
        requires: ``hermes_requires`` of the manifest; empty if it requires nothing.
        agent_version: The installed agent's version; None if no agent is installed.
        title: The agent's name for messages.

    Returns:
        A note if it could not be checked, else None.

    Raises:
        Refused: The installed agent is not in the range.
        Invalid: The requirement is not a valid range.
    """
    if not requires.strip():
        return None
    try:
        wanted = specifiers(requires)
    except Invalid as err:
        raise err.within("distribution.yaml: hermes_requires") from None
    if not agent_version:
        return Note.of(NoteKind.AGENT_NOT_FOUND, title=title, requires=requires)
    found = version_of(agent_version)
    if found is None:
        return Note.of(
            NoteKind.AGENT_NOT_COMPARABLE, title=title, requires=requires, version=agent_version
        )
    if not wanted.contains(found, prereleases=True):
        raise Refused(
            f"it needs {title} {requires}, and {agent_version} is installed",
            where="distribution.yaml: hermes_requires",
            hint="upgrade the agent, choose an older version with #REF, or pass --ignore-requires",
        )
    return None


def choose_tag(wanted: str, tags: Iterable[str]) -> str:
    """Return the newest tag such as ``v1.2.3`` in a range; pre-releases only if nothing else fits.

    Raises:
        Invalid: No tag is in the range.
    """
    tags = list(tags)
    fitting = fitting_tags(wanted, tags)
    if fitting:
        return fitting[0]
    known = {tag: version for tag in tags if (version := version_of_tag(tag)) is not None}
    newest = sorted(known, key=lambda tag: (known[tag], tag), reverse=True)[:5]
    some = "it has no version tags"
    if newest:
        some = (
            f"the newest are {', '.join(newest)}"
            if len(newest) > 1
            else f"the only one is {newest[0]}"
        )
    raise Invalid(
        f"no version tag is in the range {quoted(wanted, 80)}: {some}",
        hint="name a tag, a branch or a commit instead",
    )


def fitting_tags(wanted: str, tags: Iterable[str]) -> list[str]:
    """List the tags in a range, the newest first; pre-releases only if nothing else fits.

    Raises:
        Invalid: It is not a version range.
    """
    known = {tag: version for tag in tags if (version := version_of_tag(tag)) is not None}
    spec = specifiers(wanted)
    fitting = [t for t in known if spec.contains(known[t], prereleases=bool(spec.prereleases))]
    if not fitting:
        fitting = [t for t in known if spec.contains(known[t], prereleases=True)]
    # v1.0 and 1.0.0 are one version: the name decides then, so that the choice is always the same.
    return sorted(fitting, key=lambda tag: (known[tag], tag), reverse=True)


def newer_tags(current: str, tags: Iterable[str]) -> list[str]:
    """List the tags of versions newer than ``current``, oldest first; pre-releases only if ``current`` is one."""
    here = version_of_tag(current)
    if here is None:
        return []
    known = {
        tag: version
        for tag in tags
        if (version := version_of_tag(tag)) is not None and version > here
    }
    newer = [tag for tag in known if here.is_prerelease or not known[tag].is_prerelease]
    return sorted(newer, key=lambda tag: (known[tag], tag))
