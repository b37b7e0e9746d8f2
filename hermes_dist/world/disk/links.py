"""Links in a home: where each one leads, and which of them are followed.

A link to a folder in the place of one of the home's own folders (``skills``) works as that folder. Every other link is
followed only once the user has said so, and as long as it leads where it led then; the home's private folder remembers
it. Nothing here trusts a link between two steps: what it leads to is opened from ``/`` on, through no other link.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path

from hermes_dist.agents.places import PROFILES, SHARED_FOLDERS, STANDARD_FOLDERS
from hermes_dist.brand import PRIVATE
from hermes_dist.errors import ExitCode
from hermes_dist.lazily import shlex
from hermes_dist.light import read_json
from hermes_dist.model.left_out import ASKABLE, REASONS, REMEDIES, Link, Why
from hermes_dist.model.paths import DEFAULT_PROFILE
from hermes_dist.world.disk.owners import is_foreign
from hermes_dist.world.files import open_fd, read_fd
from hermes_dist.world.ports import Odd

RECORD = f"{PRIVATE}/links"
"""The file in a home that remembers which links are followed."""

_OWN_FOLDERS = frozenset([*STANDARD_FOLDERS, *SHARED_FOLDERS, PROFILES])
_STORES = ("/nix/store/", "/gnu/store/")
_MOST = 1 << 20
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def ways_to(home: Path) -> Callable[[], tuple[str, ...]]:
    """Make a function that gives the full paths of a home: as it is called, and with links followed."""
    return lambda: (os.path.abspath(home), os.path.realpath(home))


class Linked(Odd):
    """A link in a home is not followed.

    Attributes:
        link: The link.
        home: The home in which it stands.
    """

    code = ExitCode.ERROR

    def __init__(self, home: Path, link: Link) -> None:
        why = link.why or Why.LINK_UNSAID
        super().__init__(
            f"it is {REASONS[why]}: {link.target}", where=link.path, hint=REMEDIES.get(why, "")
        )
        self.link = link
        self.home = home
        if why in ASKABLE:
            self.hint = "allow it"
            name = home.name if home.parent.name == PROFILES else DEFAULT_PROFILE
            self.command = f"follow {name} {shlex.quote(link.path)}"


class Links:
    """The links of one home.

    Args:
        home: The home's folder.
        followed: Whether any link is followed; in a folder that is no home, none is.
    """

    def __init__(self, home: Path, *, followed: bool = True) -> None:
        self.home = home
        self._any = followed
        # Remembered from the start: a link that is put there later, while a command works, is not followed.
        self._folders = _linked_folders(home) if followed else {}

    @cached_property
    def agreed(self) -> Mapping[str, str]:
        """The links that the user said yes to, with their targets; none if the record can't be read."""
        return agreed_in(self.home) if self._any else {}

    @property
    def any_followed(self) -> bool:
        """Whether the home has a link that may be followed."""
        return bool(self.agreed or self._folders)

    @cached_property
    def _owner(self) -> int:
        """Whose home it is; root may work in that of another user."""
        return os.stat(self.home).st_uid

    @cached_property
    def _inside(self) -> str:
        return os.path.realpath(self.home)

    def at(self, path: str) -> Link | None:
        """Judge what stands at a path; None if that is no link.

        Args:
            path: The path in the home; only its last name is judged.
        """
        place = os.path.join(self.home, path)
        try:
            standing = os.lstat(place)
        except OSError:
            return None
        if not stat.S_ISLNK(standing.st_mode):
            return None
        agreed = self.agreed.get(path, "")
        try:
            target = os.path.realpath(place, strict=True)
            found = os.stat(target, follow_symlinks=False)
        except OSError as error:
            return Link(path, _written(place), _broken(error), agreed=agreed)
        folder = stat.S_ISDIR(found.st_mode)
        why = self._trouble(place, target, found, standing) or self._asked(
            path, target, folder=folder
        )
        return Link(path, target, why, folder, agreed)

    def _may_work_in(self, *folders: str) -> bool:
        """Whether root works in these folders for the home's owner: root may do there what that user may not."""
        if os.geteuid() != 0 or self._owner == 0:
            return True
        try:
            return all(os.stat(each).st_uid == self._owner for each in folders)
        except OSError:
            return False

    def _trouble(
        self, place: str, target: str, found: os.stat_result, standing: os.stat_result
    ) -> Why | None:
        """Why a link can't be followed whatever the user says."""
        folder = stat.S_ISDIR(found.st_mode)
        if not folder and not stat.S_ISREG(found.st_mode):
            return Why.LINK_ODD
        if is_foreign(standing, found, self._owner):
            return Why.LINK_FOREIGN
        if _overlap(target, self._inside):
            return Why.LINK_INSIDE
        around = target if folder else os.path.dirname(target)
        if not self._may_work_in(os.path.dirname(place), around):
            return Why.LINK_FOREIGN
        if _is_stored(around):
            return Why.LINK_STORE
        return None if os.access(around, os.W_OK | os.X_OK) else Why.LINK_LOCKED

    def _asked(self, path: str, target: str, *, folder: bool) -> Why | None:
        """Why a link is not followed yet; a link for a whole folder of the home needs no word."""
        if folder and self._folders.get(path) == target:
            return None
        agreed = self.agreed.get(path)
        if agreed == target:
            return None
        return Why.LINK_MOVED if agreed else Why.LINK_UNSAID

    def followed(self, path: str) -> Link | None:
        """Return the link at a path if it is followed; None if there is no link.

        Raises:
            Linked: There is a link that is not followed.
        """
        link = self.at(path)
        if link is None or link.why is None:
            return link
        if not self._any:
            raise Odd("it is a symlink, and symlinks are never followed here", where=path)
        raise Linked(self.home, link)

    def folder(self, path: str) -> int | None:
        """Open the folder that a followed link leads to; None if there is no link to a folder.

        Raises:
            Linked: There is a link that is not followed.
            OSError: As the system says.
        """
        link = self.followed(path)
        if link is None or not link.folder:
            return None
        fd = open_folder(link.target)
        # Looked at once more, opened: it may have been exchanged since it was judged.
        if os.fstat(fd).st_uid != self._owner:
            os.close(fd)
            raise Linked(self.home, link._replace(why=Why.LINK_FOREIGN))
        return fd

    def around(self, path: str) -> Link | None:
        """Return the followed link to a folder that a path leads through; None if it leads through none."""
        at = path.find("/")
        while at > 0:
            link = self.at(path[:at])
            if link is not None and link.folder and link.why is None:
                return link
            at = path.find("/", at + 1)
        return None


def _linked_folders(home: Path) -> Mapping[str, str]:
    """The home's own folders that are links, with what they lead to now."""
    found = {}
    for name in _OWN_FOLDERS:
        place = os.path.join(home, name)
        if os.path.islink(place):
            found[name] = os.path.realpath(place)
    return found


def agreed_in(home: Path) -> Mapping[str, str]:
    """Read which links of a home are followed, and what they led to when the user said so.

    A record that is missing or damaged, or was not made in this very folder, counts as empty: then every link asks
    again. So neither a copy of a home nor files that came into it from elsewhere bring agreements along.
    """
    try:
        folder = os.open(home / PRIVATE, _FOLDER)
    except OSError:
        return {}
    try:
        rows = _rows(folder, os.fstat(folder).st_uid)
        if not isinstance(rows, dict) or rows.get("folder") != os.fstat(folder).st_ino:
            return {}
        links = rows.get("links")
    except (OSError, ValueError):
        return {}
    finally:
        os.close(folder)
    if not isinstance(links, dict):
        return {}
    return {path: target for path, target in links.items() if isinstance(target, str)}


def _rows(folder: int, owner: int) -> object:
    name = RECORD.rpartition("/")[2]
    fd = open_fd(name, follow=False, folder=folder)
    try:
        if os.fstat(fd).st_uid != owner:
            return None
        return read_json(read_fd(fd, name, limit=_MOST))
    finally:
        os.close(fd)


def agreed_text(home: Path, agreed: Mapping[str, str]) -> bytes:
    """Write the record of the links that are followed in a home whose private folder is there."""
    folder = os.stat(home / PRIVATE, follow_symlinks=False).st_ino
    rows = {"folder": folder, "links": dict(sorted(agreed.items()))}
    return (json.dumps(rows, indent=2) + "\n").encode()


def open_folder(path: str) -> int:
    """Open a folder by its absolute path, through no link.

    Raises:
        OSError: As the system says; a link on the way is ENOTDIR or ELOOP.
    """
    fd = os.open("/", _STEP)
    for name in path.split("/"):
        if name:
            try:
                deeper = os.open(name, _STEP, dir_fd=fd)
            finally:
                os.close(fd)
            fd = deeper
    try:
        return os.open(".", _FOLDER, dir_fd=fd)
    finally:
        os.close(fd)


def _written(place: str) -> str:
    try:
        return os.readlink(place)
    except OSError:
        return ""


def _broken(error: OSError) -> Why:
    if error.errno == errno.ELOOP:
        return Why.LINK_LOOP
    return Why.LINK_LOCKED if error.errno == errno.EACCES else Why.LINK_GONE


def _overlap(target: str, home: str) -> bool:
    return f"{target}/".startswith(f"{home}/") or f"{home}/".startswith(f"{target}/")


def _is_stored(folder: str) -> bool:
    if f"{folder}/".startswith(_STORES):
        return True
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False
