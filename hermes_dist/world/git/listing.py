"""The files of a commit, sorted out from the raw entries of its tree: what a package may hold, and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hermes_dist.errors import Invalid
from hermes_dist.lazily import later
from hermes_dist.model.left_out import LeftOut, Why
from hermes_dist.model.paths import MAX_PATH_BYTES, RelPath
from hermes_dist.world.disk.limits import Gate, Limits, shown
from hermes_dist.world.ports import GitFile, Listing

with later():
    from hermes_dist.world.sources.links import followed

PROGRAM, LINK, SUBMODULE = "100755", "120000", "160000"


class Sorting:
    """Takes the entries of one tree, folders before what is in them.

    Args:
        limits: How large it may be.
    """

    def __init__(self, limits: Limits) -> None:
        self._gate = Gate(limits)
        self._folders = {b""}
        self._files: dict[RelPath, GitFile] = {}
        self._links: dict[str, str] = {}
        self._modules: list[str] = []

    def take(self, mode: str, kind: str, oid: str, size: int, raw: bytes) -> None:
        """Take one entry.

        Raises:
            Invalid: Its path, mode or size breaks a rule.
        """
        # ls-tree joins names with /: a hostile name with one in it looks like a path, but of a
        # folder that was never listed.
        if raw.rpartition(b"/")[0] not in self._folders:
            raise Invalid("unsafe path: a name may not contain a /", where=shown(raw))
        if kind == "tree":
            self._folder(raw)
        elif mode == SUBMODULE:
            self._modules.append(self._gate.folder(raw))
        elif mode == LINK:
            self._links[self._gate.folder(raw)] = oid if size <= MAX_PATH_BYTES else ""
        else:
            path, executable = self._gate.file(raw, mode, size)
            self._files[path] = GitFile(path, executable, oid, size)

    def _folder(self, raw: bytes) -> None:
        path = self._gate.folder(raw)
        if raw in self._folders or path in self._links or path in self._modules:
            raise Invalid("unsafe path: it appears twice in one tree", where=shown(raw))
        self._folders.add(raw)

    def close(self, read: Callable[[list[str]], Mapping[str, bytes]]) -> Listing:
        """Return the listing, with a copy in place of each symlink that leads to one of the files.

        Args:
            read: Reads the targets of symlinks by their ids.

        Raises:
            Invalid: The tree is too large, or holds files that can't exist side by side.
        """
        copies = self._copies(read)
        for link, source in copies:
            file = self._files[source]
            self._gate.file(link.encode(), "100644", file.size)
            self._files[link] = file._replace(path=link)
        self._gate.close()
        odd = [LeftOut(path, Why.SUBMODULE) for path in self._modules]
        odd += [LeftOut(path, Why.LINK) for path in self._links if path not in self._files]
        return Listing(tuple(self._files.values()), copies, tuple(odd))

    @property
    def targets(self) -> list[str]:
        """The ids of the contents that say where its symlinks lead."""
        return list(dict.fromkeys(oid for oid in self._links.values() if oid))

    def _copies(
        self, read: Callable[[list[str]], Mapping[str, bytes]]
    ) -> tuple[tuple[RelPath, RelPath], ...]:
        oids = self.targets
        if not oids:
            return ()
        texts = {oid: data.decode("utf-8", "replace") for oid, data in read(oids).items()}
        links = {path: texts.get(oid, "") for path, oid in self._links.items()}
        return tuple((RelPath(link), file) for link, file in followed(links, self._files).items())
