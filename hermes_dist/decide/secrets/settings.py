"""The secrets in the settings, servers and jobs of a home, and the variables that take their place in what leaves.

Each is looked for wherever else it stands. Two secrets never get one name, and the name that a release gave to a secret
stays: it is the placeholder that the home received, with the secret filled in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hermes_dist import lazily
from hermes_dist.agents.places import JOBS, SETTINGS
from hermes_dist.decide.secrets.known import SHORTEST_KNOWN
from hermes_dist.decide.secrets.mask import Names, Place, secrets_at
from hermes_dist.decide.secrets.says_secret import is_ordinary, says_secret
from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import Kind, kind_of, load_data
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Read, Tree
from hermes_dist.model.values import as_map

with lazily.later():
    from hermes_dist.decide.placement.jobs import every_job, jobs_by_id

_JOBS = RelPath(JOBS)
_MOST = 3
"""A text with more placeholders is not taken apart."""
_PLACEHOLDER = lazily.pattern(r"\$\{(\w+)\}")


def texts_of(tree: Tree, read: Read) -> dict[RelPath, bytes]:
    """Return the texts of the files in which secrets are replaced."""
    return {path: read(tree[path].digest) for path in map(RelPath, SETTINGS) if path in tree}


def names_in(home: Mapping[RelPath, bytes], received: Mapping[RelPath, bytes]) -> Names:
    """Name the secrets in the settings of a home.

    Args:
        home: The texts of its settings, servers and jobs.
        received: The same as it received them: what its package brought is the author's, and no secret of this machine.
    """
    public = b"\n".join(received.values())
    places: list[Place] = []
    filled: dict[str, str] = {}
    for path, text in home.items():
        now = _data(path, text)
        places += _secrets_in(path, now)
        for name, value in _filled_in(_data(path, received.get(path, b"")), now):
            filled.setdefault(name, value)
    places = [place for place in places if _counts(place.value, public)]
    written = b"\n".join([*home.values(), public]).decode("utf-8", "replace")
    at = _told_apart(places, dict.fromkeys(_PLACEHOLDER.findall(written), "") | filled)
    of = {
        value: name
        for name, value in filled.items()
        if says_secret(name) and _counts(value, public)
    }
    for place in places:
        of.setdefault(place.value, at.get((place.name, place.value), place.name))
    return Names(at, of)


def key_of_job(job: Mapping[Any, object]) -> tuple[str, ...]:
    """The key under which the fields of a job are, when variables are named after their places: each job's own."""
    return (str(job.get("name") or "cron"),)


def _secrets_in(path: RelPath, data: object) -> Iterator[Place]:
    if path != _JOBS:
        yield from secrets_at(data, ())
        return
    for job in as_map(data).values():
        yield from secrets_at(job, key_of_job(as_map(job)))


def _counts(value: str, public: bytes) -> bool:
    return (
        len(value) >= SHORTEST_KNOWN
        and not is_ordinary(value)
        and value.encode("utf-8", "surrogatepass") not in public
    )


def _data(path: RelPath, text: bytes) -> object:
    """Return the data of a file, of jobs as a map by id or else by number; None if it can't be read."""
    try:
        data = load_data(text, kind_of(path) or Kind.YAML) if text else None
    except Invalid:
        return None
    if path != _JOBS:
        return data
    apart = jobs_by_id(data)
    others = [job for job in every_job(data) if apart.get(str(job.get("id"))) is not job]
    return {f"[{number}]": job for number, job in enumerate(others)} | apart


def _told_apart(places: Iterable[Place], named: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Give another name to each secret whose name others have, too; those that a release named keep that one.

    Args:
        places: The secrets.
        named: The secret of each variable that the settings refer to; empty for one that nobody here has filled in.
    """
    values: dict[str, dict[str, Place]] = {}
    for place in places:
        values.setdefault(place.name, {}).setdefault(place.value, place)
    taken = {name: next(iter(of)) for name, of in values.items() if len(of) == 1} | dict(named)
    found: dict[tuple[str, str], str] = {}
    for name, of in values.items():
        for value, place in of.items():
            if taken.get(name) == value:
                continue
            free = _free(place.longer, value, taken)
            taken[free] = value
            found[name, value] = free
    return found


def _free(name: str, value: str, taken: Mapping[str, str]) -> str:
    number, free = 1, name
    while taken.get(free, value) != value:
        number += 1
        free = f"{name}_{number}"
    return free


def _filled_in(before: object, now: object) -> Iterator[tuple[str, str]]:
    """Yield each variable that was received as a placeholder, with the text that stands in its place now."""
    if isinstance(before, str) and isinstance(now, str):
        if before != now:
            yield from _in_text(before, now)
        return
    for one, other in _side_by_side(before, now):
        yield from _filled_in(one, other)


def _side_by_side(before: object, now: object) -> list[tuple[object, object]]:
    if isinstance(before, dict) and isinstance(now, dict):
        return [(before[key], now[key]) for key in before if key in now]
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [*zip(before, now, strict=True)]
    return []


def _in_text(before: str, now: str) -> Iterator[tuple[str, str]]:
    names = _PLACEHOLDER.findall(before)
    if not 0 < len(names) <= _MOST:
        return
    pattern = "(.+)".join(map(re.escape, _PLACEHOLDER.split(before)[::2]))
    if found := re.fullmatch(pattern, now, re.DOTALL):
        pairs = zip(names, found.groups(), strict=True)
        yield from ((name, value) for name, value in pairs if value != f"${{{name}}}")
