"""Ports: the operations that other rooms may ask of the machine, as Protocols."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType

from hermes_dist.errors import DistError, Refused
from hermes_dist.light import TYPE_CHECKING, NamedTuple, Protocol
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Entry

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal, TypeAlias

    from hermes_dist.model.left_out import LeftOut

Kind: TypeAlias = "Literal['absent', 'file', 'folder', 'odd']"
"""What is at a path; ``odd`` is a symlink, a FIFO, a socket, a device, or a folder on another device."""


class Odd(Refused):
    """A path leads through a symlink, or is not a regular file where one is needed; it belongs to the user."""


class Unsupported(Exception):
    """This file system can't exchange two names in one step."""


class Elsewhere(NamedTuple):
    """Where a path of a home really is, if it is behind a link.

    Attributes:
        target: Its absolute path, without links.
        folder: A folder from which a file can be renamed to it.
    """

    target: str
    folder: str


class Kept(NamedTuple):
    """What a disk keeps of the permission bits.

    Attributes:
        executable: Whether a file is executable.
        private: That nobody but its owner may read a file.
    """

    executable: bool = True
    private: bool = True


class New(NamedTuple):
    """A file or folder to make.

    Attributes:
        path: Its path.
        mode: Its permission bits.
        data: Its content; None for a folder.
        exact: Whether it gets the mode in spite of the umask.
        like: As for :meth:`Fs.write_new`; a folder gets the owner of the one that it is in.
    """

    path: str
    mode: int
    data: bytes | None = None
    exact: bool = False
    like: str = ""


class Fs(Protocol):
    """One folder and everything below it.

    Paths are relative, with ``/`` between names; every folder on the way is opened without following
    symlinks, except for those that the user said to follow (:mod:`hermes_dist.world.disk.links`). Verbs raise
    ``OSError`` as the system gives it, and :class:`Odd` where another symlink is on the way.
    """

    @property
    def root(self) -> Path:
        """The folder, for messages."""

    def elsewhere(self, path: str) -> Elsewhere | None:
        """Where a path behind a link really is; None if a file of this folder can be renamed to it.

        Raises Odd for a link that is not followed.
        """

    def lead(self, path: str, place: str) -> None:
        """Let a name of ours stand for the file at an absolute path; the empty place ends it."""

    def kind(self, path: str) -> Kind: ...

    def read(self, path: str) -> bytes | None:
        """The content of a regular file; None if nothing is there. Raises Odd for anything else."""

    def entry(self, path: str) -> Entry | None:
        """Digest and executable bit of a regular file; None if nothing is there. Raises Odd for anything else."""

    def mode(self, path: str) -> int | None:
        """The permission bits; None if nothing is there."""

    def kept(self, path: str) -> Kept:
        """What the disk of a path keeps of the permission bits; everything where nobody can tell."""

    def closed(self, folder: str) -> DistError | None:
        """Why no name in an existing folder can be made, exchanged or removed; None if no reason is known."""

    def pinned(self, path: str) -> DistError | None:
        """Why what is at this path can't be exchanged or removed; None if nothing is there, or no reason is known."""

    def listdir(self, path: str) -> list[str]:
        """The sorted names in a folder; the root is the empty path."""

    def write_new(
        self,
        path: str,
        data: bytes,
        mode: int,
        *,
        exact: bool = False,
        sync: bool = True,
        like: str = "",
    ) -> None:
        """Write a file that does not exist yet; ``exact`` sets the mode in spite of the umask.

        It gets the owner of what is at ``like``, or of the nearest folder above that; by default of its own folder.
        """

    def fill(self, news: Iterable[New]) -> None:
        """Make many files and folders that do not exist yet, and sync none of them.

        Each folder comes before what is in it, and all are in a place that only this program uses: what is on the way
        to one is opened once for its neighbours as well.
        """

    def set_mode(self, path: str, mode: int) -> None:
        """Give a regular file these permission bits, durably."""

    def sync_folder(self, path: str) -> None:
        """Make the names in a folder durable."""

    def sync_all(self, folder: str = "") -> None:
        """Make everything on the file system of a folder durable."""

    def rename(self, source: str, target: str) -> None: ...

    def exchange(self, one: str, other: str) -> None:
        """Swap two names in one step. Raises Unsupported where that can't be done."""

    def noreplace(self, source: str, target: str) -> None:
        """Rename; raises FileExistsError when the target exists."""

    def unlink(self, path: str) -> None: ...

    def mkdir(self, path: str, mode: int, *, exact: bool = False) -> None:
        """Make a folder; ``exact`` sets the mode in spite of the umask."""

    def rmdir(self, path: str) -> None: ...


class Refs(NamedTuple):
    """What a repository offers.

    Attributes:
        head: The full name of the default branch; empty when HEAD is detached or the repository is empty.
        head_commit: The commit HEAD names; empty when the repository is empty.
        heads: Branch → commit, by short names.
        tags: Tag → commit, by short names; annotated tags are followed to their commit.
        annotated: Tag → its tag object, by short names, for annotated tags alone.
        moved_to: The address that the server redirected to; empty if it did not.
    """

    heads: Mapping[str, str]
    tags: Mapping[str, str]
    head: str = ""
    head_commit: str = ""
    annotated: Mapping[str, str] = MappingProxyType({})
    moved_to: str = ""

    def full_name(self, short: str) -> str:
        """The full name of a tag or else a branch; empty when there is neither."""
        if short in self.tags:
            return f"refs/tags/{short}"
        return f"refs/heads/{short}" if short in self.heads else ""

    def tags_for(self, subfolder: str | None) -> list[str]:
        """The tags among which the versions of a package are.

        In a repository with several packages, each may have tags below its own folder, such as ``agents/bot/v1.2.0``.

        Args:
            subfolder: The folder of the package; None at the root.
        """
        split = ((tag, *tag.rpartition("/")[::2]) for tag in self.tags)
        own = [
            tag
            for tag, folder, name in split
            if folder == subfolder and name.removeprefix("v")[:1].isdigit()
        ]
        return own or [tag for tag in self.tags if "/" not in tag]

    def commit(self, full: str) -> str:
        """The commit that a full ref name resolves to; empty if there is none."""
        for prefix, table in (("refs/tags/", self.tags), ("refs/heads/", self.heads)):
            if full.startswith(prefix):
                return table.get(full.removeprefix(prefix), "")
        return ""


class GitFile(NamedTuple):
    """A file of a commit: its path below the package's folder, and git's name for its content."""

    path: RelPath
    executable: bool
    oid: str
    size: int


class Listing(NamedTuple):
    """The files of a commit.

    Attributes:
        files: Its regular files; a symlink to one of them counts as a copy of it.
        copies: The symlinks among them, each with the file that it stands for.
        left_out: The entries that no package may hold, and why.
    """

    files: tuple[GitFile, ...]
    copies: tuple[tuple[RelPath, RelPath], ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Changed(NamedTuple):
    """A file or folder that differs between two commits.

    Attributes:
        status: ``A`` if it is new, ``D`` if it is gone, and another letter if both have it.
        mode: Its mode as git writes it, such as ``100644``; of one that is gone, its last one.
        oid: Git's name for its content now; zeros if it is gone.
        path: Its path below the package's folder.
    """

    status: str
    mode: str
    oid: str
    path: bytes

    @property
    def is_folder(self) -> bool:
        return self.mode == "040000"


class RefUpdate(NamedTuple):
    """A ref of a repository to move.

    Attributes:
        name: Its full name.
        old: Its expected value; empty if it must not exist yet.
        new: The commit or tag object that it moves to.
    """

    name: str
    old: str
    new: str


Relation: TypeAlias = "Literal['same', 'forward', 'backward', 'unrelated', 'unknown']"
"""How a new commit follows an old one; ``unrelated`` when the history was restarted or rewritten."""


class Git(Protocol):
    """Repositories by URL; what is fetched is held in one bare cache for each URL.

    Verbs that talk to a server raise Unreachable when it can't be reached, refuses or takes too long, and Invalid when
    the requested object is missing or the answer breaks a rule. All are thread-safe.
    """

    def refs(self, url: str) -> Refs:
        """List the refs."""

    def asking(self, urls: Collection[str]) -> AbstractContextManager[None]:
        """Be ready, while the block runs, to list the refs of many repositories faster than one after the other."""

    def fetch(
        self,
        url: str,
        want: str,
        *,
        before: str = "",
        progress: Callable[[str], None] | None = None,
    ) -> str:
        """Fetch a commit (a full ref name, or a commit) into the cache, pin it there, and return it.

        What lies between it and ``before``, a commit that it may follow, is fetched with it; without one, nothing is.
        """

    def listing(self, url: str, commit: str, subfolder: RelPath | None) -> Listing:
        """The validated files of a fetched commit, below ``subfolder``."""

    def listings(
        self, url: str, commit: str, folders: Sequence[RelPath]
    ) -> Iterator[Mapping[RelPath, Listing]]:
        """What :meth:`listing` says of several folders, a portion after the other, each for one reading of contents.

        A folder is absent if it has to be listed alone, which tells what is wrong with it.
        """

    def changes(
        self, url: str, old: str, new: str, subfolder: RelPath | None
    ) -> list[Changed] | None:
        """What differs between two commits below ``subfolder``, folders before what is in them; not validated.

        None if nobody can tell, or if it is more than a package may have.
        """

    def folders_with(self, url: str, commit: str, name: str) -> Mapping[RelPath | None, GitFile]:
        """The folders of a fetched commit that contain a file called ``name``, with that file.

        The root of the repository is None.
        """

    def blobs(self, url: str, oids: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of listed files, in the order asked for."""

    def originals(self, url: str, wanted: Sequence[tuple[str, str]]) -> list[bytes]:
        """The bytes of commits (fetched before) and tag objects, each as (id, kind); checked against their ids."""

    def history(self, url: str, ref: str, limit: int) -> list[str]:
        """Commits from a full ref name or commit backwards, newest first; fetches as deep as needed."""

    def relation(self, url: str, old: str, new: str) -> Relation:
        """How ``new`` follows ``old``; fetches more history within bounds; ``unknown`` if that gives no answer."""

    def common(self, url: str, one: str, other: str) -> str:
        """The newest commit that two histories have in common; empty if there is none, or it can't be determined."""
