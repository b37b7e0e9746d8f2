"""How large a package may be: one table, and the gate that every incoming entry passes before it is read."""

from __future__ import annotations

from collections.abc import Collection

from hermes_dist.errors import Invalid
from hermes_dist.light import NamedTuple
from hermes_dist.model.paths import MAX_DEPTH, MAX_NAME_BYTES, MAX_PATH_BYTES, RelPath, folders_of
from hermes_dist.model.tree import check_side_by_side

MIB = 1 << 20
_SMALLER = "keep large files out of the package, in a folder by .gitignore; or tell its author"


class Limits(NamedTuple):
    """The table.

    Attributes:
        entries: Files and folders together.
        blob: Bytes of one file.
        total: Bytes of all files.
        name: Bytes of one name (a rule of :class:`hermes_dist.model.paths.RelPath`).
        path: Bytes of a whole path (the same rule).
        depth: Names in a path (the same rule).
    """

    # Of 32 public packages read whole, the largest had 499 files and 15 MB. What has to be stopped
    # are bombs, such as 24 KB of git objects that spell a million files.
    entries: int = 20_000
    blob: int = 32 * MIB
    total: int = 256 * MIB
    name: int = MAX_NAME_BYTES
    path: int = MAX_PATH_BYTES
    depth: int = MAX_DEPTH


LIMITS = Limits()

MODES = {"100644": False, "100755": True}
"""The modes of files that a package may hold, as git writes them, and whether such a file is executable."""


def shown(raw: bytes) -> str:
    """Return a foreign name as text for an error."""
    return repr(raw[:MAX_PATH_BYTES].decode("utf-8", "backslashreplace"))


class Gate:
    """Admits the entries of one tree, one by one, or refuses the tree.

    Args:
        limits: The table.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._count = 0
        self._total = 0
        self._paths: dict[RelPath, None] = {}

    def folder(self, raw: bytes | RelPath) -> RelPath:
        """Admit a folder.

        Args:
            raw: Its path, as it was found or already judged.

        Raises:
            Invalid: The path is unsafe, or there are too many entries.
        """
        self._count += 1
        if self._count > self.limits.entries:
            raise Invalid(
                f"the package is too large: more than {self.limits.entries:,} files and folders",
                hint="narrow it to a subfolder with //folder",
            )
        if isinstance(raw, RelPath):
            return raw
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise Invalid("unsafe path: it is not UTF-8", where=shown(raw)) from None
        return RelPath(text)

    def file(self, raw: bytes | RelPath, mode: str, size: int) -> tuple[RelPath, bool]:
        """Admit a file.

        Args:
            raw: Its path, as it was found or already judged.
            mode: Its mode as git writes it, such as ``100644``.
            size: Its size in bytes.

        Returns:
            The path, and whether the file is executable.

        Raises:
            Invalid: The path, the mode or the size breaks a rule; the error names it.
        """
        path = self.folder(raw)
        if mode not in MODES:
            raise Invalid(f"the mode {mode} is not allowed in a package", where=repr(str(path)))
        if size > self.limits.blob:
            raise Invalid(
                f"the file is too large: more than {self.limits.blob // MIB} MiB",
                where=repr(str(path)),
                hint=_SMALLER,
            )
        self._total += size
        if self._total > self.limits.total:
            raise Invalid(
                f"the package is too large: more than {self.limits.total // MIB} MiB in all",
                hint=_SMALLER,
            )
        if path in self._paths:
            raise Invalid("unsafe path: it appears twice in one tree", where=repr(str(path)))
        self._paths[path] = None
        return path, MODES[mode]

    def close(self) -> None:
        """Check all admitted files against each other.

        Raises:
            Invalid: Two of them can't exist side by side on every file system.
        """
        check_side_by_side(self._paths)


def admit(files: Collection[tuple[RelPath, bool, int]]) -> None:
    """Judge a package that is about to leave by the rules by which whoever installs it reads it.

    Args:
        files: The path of each file, whether it is executable, and its size in bytes.

    Raises:
        Invalid: Nobody could install it; the error names the rule.
    """
    gate = Gate()
    for folder in sorted(folders_of(path for path, _, _ in files)):
        gate.folder(folder)
    modes = {executable: mode for mode, executable in MODES.items()}
    for path, executable, size in files:
        gate.file(path, modes[executable], size)
    gate.close()
