"""The names that profiles had before: an old name leads to the profile that had it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from hermes_dist.brand import Layout
from hermes_dist.errors import Invalid
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.disk.fs import atomic_write
from hermes_dist.world.files import read_file

_FORMAT = 1


class _Form(msgspec.Struct, frozen=True):
    """What every form of the file says of itself."""

    format: int


class _Renames(msgspec.Struct, frozen=True):
    """The file that remembers them."""

    format: int
    names: dict[str, str]


def remember(layout: Layout, verb: str, name: str, to: str) -> tuple[Note, ...]:
    """Take a move of a home into account.

    Args:
        layout: Where the homes are.
        verb: The command that moved it: ``rename``, ``create``, or another one.
        name: The name that it had before.
        to: The name that it has now; empty if it was put away.

    Returns:
        What there is to say: that a newer program keeps the file, which is left alone then.

    Raises:
        DistError: The disk refuses.
    """
    name, to = str(name), str(to)  # a type of its own can't be written
    before = _read(layout)
    if before is None:
        return (Note.of(NoteKind.NEWER_FILE, str(_file(layout))),)
    names = _moved(before, verb, name, to)
    if names != before:
        data = msgspec.json.format(msgspec.json.encode(_Renames(_FORMAT, names)))
        atomic_write(_file(layout), data + b"\n", 0o600)
    return ()


def _moved(before: dict[str, str], verb: str, name: str, to: str) -> dict[str, str]:
    # A name that somebody has, or that was put away last, no longer means the profile that had it once.
    names = {old: new for old, new in before.items() if old not in (name, to)}
    if verb == "rename":
        names = {old: to if new == name else new for old, new in names.items()}
        names[name] = to
    if verb == "create":
        names = {old: new for old, new in names.items() if new != to}
    return names


def called_now(layout: Layout, old: str) -> ProfileName | None:
    """The name of the profile that had a name before it was renamed; it need not be there any more.

    Args:
        layout: Where the homes are.
        old: The name that no profile has now.

    Returns:
        The name; None if no profile is known to have had the old one.
    """
    now = (_read(layout) or {}).get(old)
    return None if now is None else ProfileName(now)


def home_now(layout: Layout, path: str) -> str:
    """The place that a folder in the home of a renamed profile has now; empty for any other one.

    Args:
        layout: Where the homes are.
        path: A folder that is not there any more.
    """
    with suppress(ValueError):
        old, *inside = Path(path).relative_to(layout.profiles.resolve()).parts or ("",)
        now = called_now(layout, old)
        if now is not None and not layout.home(ProfileName(old)).exists():
            place = layout.home(now).joinpath(*inside)
            return str(place) if place.is_dir() else ""
    return ""


def _file(layout: Layout) -> Path:
    return layout.shared / "renamed.json"


def _read(layout: Layout) -> dict[str, str] | None:
    """The new name for each old one, which only serves a hint: nothing from a damaged file, None from a newer one."""
    with suppress(OSError, UnicodeError, RecursionError, msgspec.MsgspecError):
        data = read_file(_file(layout))
        if msgspec.json.decode(data, type=_Form).format > _FORMAT:
            return None
        names = msgspec.json.decode(data, type=_Renames).names
        return {old: now for old, now in names.items() if _is_name(old) and _is_name(now)}
    return {}


def _is_name(text: str) -> bool:
    try:
        return bool(ProfileName(text))
    except Invalid:
        return False
