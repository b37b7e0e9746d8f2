"""Access lists and other attributes of files, on Linux: a new version of a file gets those of the old one.

The permission bits alone would not do. In a file with an access list, those of the group say what the list may allow
at most (acl(5)), so without its list the file would be open to a group that the list keeps out.

Importing it is cheap.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

Attributes = Mapping[str, bytes]
"""Values by the full name of an attribute, as the system gives them."""
Place = int | str
"""An open file or folder, or the path of one; a link is followed."""

_ACCESS, _DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
_LABEL = "security.selinux"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CAN = hasattr(os, "listxattr")


def near(folder: int, name: str, facts: os.stat_result) -> Attributes:
    """What a new file gets from the file that it replaces, or else from the nearest folder above it.

    Args:
        folder: The open folder that holds that file or folder.
        name: Its name.
        facts: What it is.

    Returns:
        Of a file, what :func:`of_file` returns. Of a folder, the access list that is the default in it. Of anything
        else, and of what may not be opened, nothing.
    """
    if not _CAN or stat.S_IFMT(facts.st_mode) not in {stat.S_IFREG, stat.S_IFDIR}:
        return {}
    try:
        fd = os.open(name, _READ, dir_fd=folder)
    except OSError:
        return {}
    try:
        return of_file(fd) if stat.S_ISREG(facts.st_mode) else _inherited(fd)
    finally:
        os.close(fd)


def of_file(at: Place) -> Attributes:
    """The access list of a file, its label of SELinux, and the attributes that users set.

    What the system says of the content stays with the old one: capabilities, and signatures of integrity.
    """
    return {name: value for name in _names(at) if (value := _value(at, name)) is not None}


def of_folder(at: Place) -> Attributes:
    """The same of a folder, with the access list that is the default for what is made in it."""
    default = _value(at, _DEFAULT)
    return of_file(at) if default is None else {**of_file(at), _DEFAULT: default}


def give(at: Place, wanted: Attributes, mode: int) -> None:
    """Give a new file or folder these attributes, and no other access list than theirs.

    Args:
        at: The file or folder.
        wanted: Its attributes.
        mode: The most that its permission bits may be. An access list sets those as well, and here as for
            everything that is made in a folder with a default list, it allows what both allow.

    Raises:
        OSError: The access list can't be set. Attributes that the system refuses are left out.
    """
    has = of_file(at)
    if _ACCESS in has and _ACCESS not in wanted:
        os.removexattr(at, _ACCESS)
    for name, value in wanted.items():
        if has.get(name) == value:
            continue
        try:
            os.setxattr(at, name, value)
        except OSError:
            if name in {_ACCESS, _DEFAULT}:
                raise
    if _ACCESS in wanted:
        os.chmod(at, mode & os.stat(at).st_mode)


def _inherited(folder: int) -> Attributes:
    found = _value(folder, _DEFAULT)
    return {} if found is None else {_ACCESS: found}


def _names(at: Place) -> list[str]:
    try:
        found = os.listxattr(at) if _CAN else []
    except OSError:
        return []  # a disk that keeps none
    return [
        name
        for name in found
        if name in {_ACCESS, _LABEL}
        or (name.startswith("user.") and not name.startswith("user.overlay."))
    ]


def _value(at: Place, name: str) -> bytes | None:
    try:
        return os.getxattr(at, name) if _CAN else None
    except OSError:
        return None  # gone meanwhile, or none of ours to see
