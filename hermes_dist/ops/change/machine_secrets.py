"""The secrets of this machine: values in ``.env``, stores of logins and settings, of a home and of the default profile.

What is shown, exported and published is searched for the same values, so they are collected in one place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from hermes_dist import lazily
from hermes_dist.agents.places import ENV, SETTINGS, TOKENS
from hermes_dist.decide.environment import dotenv
from hermes_dist.decide.ownership import is_credential
from hermes_dist.decide.secrets.encodings import text_of
from hermes_dist.errors import DistError, Invalid
from hermes_dist.lazily import later
from hermes_dist.model.documents.api import Kind, load_data
from hermes_dist.model.lock import Lock
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.context import Context
from hermes_dist.world.files import start_of

with later():
    from hermes_dist.decide.leaving.unclear import unclear_values
    from hermes_dist.decide.secrets.held import known_secrets
    from hermes_dist.decide.secrets.known import replaced
    from hermes_dist.decide.secrets.settings import names_in

_Read = Callable[[Path], bytes]
_MOST_READ = 16 << 20
"""The most bytes that are read of a file of secrets."""
_WORD = lazily.pattern(r"[\w.+/=~-]{8,}")
"""What can be a key in a text that is not valid JSON."""


def secrets_of(
    ctx: Context, home: Path, lock: Lock | None = None, *, leaving: bool = False
) -> Mapping[str, str]:
    """Collect the secrets of a home and of the default profile, whose keys the agent also uses.

    Args:
        ctx: The context.
        home: The folder of the home.
        lock: Its lockfile: what its package brought in its settings is the author's, and no secret of this machine.
        leaving: The values are searched for in what leaves the machine, so each of them has to be known.

    Returns:
        The values, by names of variables for them. A value of the default profile has a name of its own if the
        home gives its name another value.

    Raises:
        DistError: A file of keys or logins can't be read, and ``leaving`` is set.
    """
    read = _read_or_fail if leaving else _start_of
    found = dict(_kept_in(home, read))
    for name, value in _kept_in(ctx.layout.root, read).items():
        own = found.get(name)
        if own is None:
            found[name] = value
        elif own != value:
            found[f"{name}_OF_DEFAULT"] = value
    values = set(found.values())
    for value, name in _in_settings(home, read, _received(ctx, lock)).items():
        if value not in values:
            found[_free(name, found)] = value
    return found


def _free(name: str, taken: Mapping[str, str]) -> str:
    """A name that no other secret has: a setting may have another value than the variable of its name."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _in_settings(home: Path, read: _Read, received: Mapping[RelPath, bytes]) -> Mapping[str, str]:
    """The secrets in the settings, servers and jobs of a home, each with the variable that takes its place."""
    texts = {path: data for path in map(RelPath, SETTINGS) if (data := read(home / path))}
    return names_in(texts, received).of if texts else {}


def _received(ctx: Context, lock: Lock | None) -> Mapping[RelPath, bytes]:
    """The settings, servers and jobs that a home received, as far as they can be read."""
    found: dict[RelPath, bytes] = {}
    for path in map(RelPath, SETTINGS if lock else ()):
        entry = lock.base.get(path) if lock else None
        if entry is not None:
            with suppress(DistError):
                found[path] = ctx.store.read(entry.digest)
    return found


def variables_of(home: Path) -> Mapping[str, str]:
    """Read the variables of a home's ``.env``; empty if there are none."""
    return dotenv.read(_start_of(home / ENV))


def unclear_of(ctx: Context, home: Path, known: Collection[str]) -> Mapping[str, str]:
    """Collect the values in the ``.env`` of a home and of the default profile that may be secrets.

    Args:
        ctx: The context.
        home: The folder of the home.
        known: The values that are secrets, as :func:`secrets_of` gives them.

    Returns:
        Their variables, by value.
    """
    files = (variables_of(ctx.layout.root), variables_of(home))
    return {value: name for file in files for value, name in unclear_values(file, known).items()}


def _kept_in(folder: Path, read: _Read) -> Mapping[str, str]:
    values, logins = dotenv.read(read(folder / ENV)), list(_logins_in(folder, read))
    return known_secrets(values, logins) if values or logins else {}


def _logins_in(folder: Path, read: _Read) -> Iterator[object]:
    """Read the files of keys and logins in a folder that are JSON, or are meant to be."""
    for path in _login_files(folder, read):
        data = read(path)
        try:
            yield load_data(data or b"{}", Kind.JSON)
        except Invalid:
            # A damaged store still holds its keys: every word of it is looked at.
            yield _WORD.findall(text_of(data))


def _login_files(folder: Path, read: _Read) -> Iterator[Path]:
    for name in _names_in(folder, read):
        if ".json" in name and _is_login(name):
            yield folder / name
    for name in _names_in(folder / TOKENS, read):
        if ".json" in name:
            yield folder / TOKENS / name


def _is_login(name: str) -> bool:
    try:
        return is_credential(RelPath(name))
    except Invalid:
        return True  # no package could bring such a name, so nobody but the machine has put it here


def _names_in(folder: Path, read: _Read) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as err:
        if read is _read_or_fail:
            raise _unsearchable(folder) from err
        return []


def _start_of(path: Path) -> bytes:
    """The start of a file; empty if it can't be read."""
    try:
        return start_of(path, _MOST_READ)
    except OSError:
        return b""


def _read_or_fail(path: Path) -> bytes:
    """The start of a file; empty if there is none.

    Raises:
        DistError: There is one, and it can't be read, or is too large to be searched.
    """
    try:
        data = start_of(path, _MOST_READ + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""
    except OSError as err:
        raise _unsearchable(path) from err
    if len(data) > _MOST_READ:
        raise DistError(
            f"this file of keys is larger than {_MOST_READ >> 20} MiB, so what leaves can't be searched for them",
            where=str(path),
            hint="make it smaller, then run this again",
        )
    return data


def _unsearchable(path: Path) -> DistError:
    return DistError(
        "these keys can't be read, so what leaves can't be searched for them",
        where=str(path),
        hint="give yourself permission to read it, then run this again",
    )


def hidden_in(text: str, value: str, by: str) -> str:
    """Put something in place of a secret in a text, where it counts as found: a short one mostly as a word of its own.

    Args:
        text: The text.
        value: The secret, as :func:`secrets_of` gives it: none is too short to be searched for.
        by: What stands there instead.
    """
    data, form, instead = (each.encode("utf-8", "surrogatepass") for each in (text, value, by))
    return replaced(data, form, instead).decode("utf-8", "surrogatepass")
