"""Make git objects without a work tree or an index: blobs, trees, a commit, an annotated tag.

Changes are applied to the listing of the parent commit: untouched files and folders keep their object ids, so that
nothing old is read or written again.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hermes_dist.model.git_object import head_of, name_of

Sign = Callable[[bytes], bytes]
"""Makes an SSH signature (its armor) over the bytes of a commit or tag."""
Listed = tuple[str, str, str, int, bytes]
"""An entry of a commit's tree: mode, type, id, size, path."""
Change = tuple[str, str] | None
"""A path's new mode and id; None takes it out."""

_FOLDER = "40000"
_FEW = 50
"""More objects than this are made durable by one sync of the whole system."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Objects:
    """New objects, gathered before any is written.

    Args:
        sha256: Whether they are named by SHA-256 rather than SHA-1.
    """

    def __init__(self, *, sha256: bool = False) -> None:
        self._sha256 = sha256
        self.made: dict[str, bytes] = {}

    def add(self, kind: str, data: bytes) -> str:
        """Keep an object, and return its name."""
        name = name_of(kind, data, sha256=self._sha256)
        self.made[name] = head_of(kind, data) + data
        return name

    def tree(self, listing: Iterable[Listed], changes: Mapping[bytes, Change]) -> str:
        """Make the tree that a listing becomes with some changes.

        Args:
            listing: Every file and folder of the parent; nothing for a first commit.
            changes: By path.

        Returns:
            The name of the root tree.
        """
        folders: dict[bytes, dict[bytes, tuple[str, str]]] = {b"": {}}
        for mode, _, oid, _, path in listing:
            folder, _, name = path.rpartition(b"/")
            folders.setdefault(folder, {})[name] = mode.lstrip("0"), oid
        touched: set[bytes] = {b""}
        for path, change in sorted(
            changes.items(), key=lambda item: item[1] is not None
        ):  # deletions first
            folder, _, name = path.rpartition(b"/")
            if change is None:
                folders.get(folder, {}).pop(name, None)
            else:
                folders.setdefault(folder, {})[name] = change
            while folder not in touched:
                touched.add(folder)
                folder = folder.rpartition(b"/")[0]
        return self._build(b"", folders, touched)

    def _build(
        self, folder: bytes, folders: dict[bytes, dict[bytes, tuple[str, str]]], touched: set[bytes]
    ) -> str:
        """Make one folder's tree and, first, those of the touched folders in it."""
        entries = dict(folders.get(folder, {}))
        for below in touched:
            if not below or below.rpartition(b"/")[0] != folder:
                continue
            name = below.rpartition(b"/")[2]
            oid = self._build(below, folders, touched)
            if oid:
                entries[name] = _FOLDER, oid
            elif entries.get(name, ("", ""))[0] == _FOLDER:
                del entries[name]  # git has no empty folders
        if folder and not entries:
            return ""
        return self.add("tree", _tree_of(entries))

    def commit(
        self,
        tree: str,
        parents: Iterable[str],
        message: str,
        *,
        author: str,
        committer: str,
        sign: Sign | None = None,
    ) -> str:
        """Make a commit.

        Args:
            tree: The root tree.
            parents: The commits it follows.
            message: What it says.
            author: ``Name <mail> seconds zone``.
            committer: As ``author``.
            sign: Signs it, in git's own way (``gpgsig``).
        """
        head = [
            f"tree {tree}",
            *(f"parent {p}" for p in parents),
            f"author {author}",
            f"committer {committer}",
        ]
        body = f"\n\n{message.strip()}\n".encode()
        lines = "\n".join(head).encode()
        if sign is not None:
            header = b"gpgsig-sha256 " if self._sha256 else b"gpgsig "
            lines += b"\n" + header + sign(lines + body).strip().replace(b"\n", b"\n ")
        return self.add("commit", lines + body)

    def tag(
        self, commit: str, name: str, message: str, *, tagger: str, sign: Sign | None = None
    ) -> str:
        """Make an annotated tag; a signature follows its message, as git has it."""
        head = f"object {commit}\ntype commit\ntag {name}\ntagger {tagger}\n\n{message.strip()}\n".encode()
        if sign is not None:
            head += sign(head).strip() + b"\n"
        return self.add("tag", head)

    def write(self, cache: Path) -> None:
        """Write all into a bare repository, each whole or not at all.

        Raises:
            OSError: The disk is full or fails.
        """
        temps: dict[Path, Path] = {}
        try:
            for oid, whole in self.made.items():
                place = cache / "objects" / oid[:2] / oid[2:]
                if not place.exists():
                    place.parent.mkdir(mode=0o700, exist_ok=True)
                    temps[place] = _write(
                        place, zlib.compress(whole, 6), sync=len(self.made) <= _FEW
                    )
            if len(temps) > _FEW:
                os.sync()
            for place, temp in temps.items():
                temp.rename(place)
        finally:
            for temp in temps.values():
                with contextlib.suppress(FileNotFoundError):
                    temp.unlink()


def _tree_of(entries: Mapping[bytes, tuple[str, str]]) -> bytes:
    """Encode a tree in git's order, in which a folder's name is sorted as if it ended with ``/``."""

    def place(entry: tuple[bytes, tuple[str, str]]) -> bytes:
        name, (mode, _) = entry
        return name + b"/" if mode == _FOLDER else name

    return b"".join(
        mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid)
        for name, (mode, oid) in sorted(entries.items(), key=place)
    )


def _write(place: Path, data: bytes, *, sync: bool) -> Path:
    """Write an object to a temporary file beside its place, and return that file."""
    # git's own name for such files, so that both git and heal() clear them away after a crash.
    temp = place.with_name(f"tmp_obj_{secrets.token_hex(6)}")
    with open(os.open(temp, _NEW, 0o444), "wb") as file:
        file.write(data)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    return temp
