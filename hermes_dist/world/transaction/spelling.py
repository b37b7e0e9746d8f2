"""Names that a disk takes for others: most disks of macOS and Windows do not tell upper from lower case.

There, a new file whose name only differs in its spelling from one that is there is that very file. If the same plan
removes the old name, as when an author renames ``readme.md`` to ``README.md``, the old file gives way first. A folder
gets its new spelling where it is, with everything in it: files of the user and of the agent that no plan knows of stay
in it. What remains are two different files that such a disk can't hold side by side, and those are refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from hermes_dist.agents.places import SHARED_FOLDERS, STANDARD_FOLDERS
from hermes_dist.errors import Refused
from hermes_dist.model.paths import RelPath, folded
from hermes_dist.model.plan import Step
from hermes_dist.world.listed import Names, listed_as, possible
from hermes_dist.world.ports import Fs
from hermes_dist.world.transaction.journal import PRIVATE, TXN, Spelling

_STAYING = frozenset([*STANDARD_FOLDERS, *SHARED_FOLDERS, PRIVATE])
"""The folders that keep their names, whatever an author calls his."""


def spellings(fs: Fs, steps: Iterable[Step]) -> tuple[Spelling, ...]:
    """Find the names of a plan that the disk takes for others which are there now, folders before what is in them.

    Raises:
        Refused: One is another file, or a folder of the agent, which has to stay.
    """
    steps = list(steps)
    new = possible(fs, (step.path for step in steps if step.before is None))
    gone = {folded(step.path): step.path for step in steps if step.after is None} if new else {}
    look = _Look(fs, gone, Names(fs))
    return tuple(spelling for path in new for spelling in look.at(path))


class _Look(Struct):
    """One look at the names of a home.

    Attributes:
        fs: The home.
        gone: The files that the plan removes, by what is equal for all spellings.
        names: How its names are listed.
        folders: The folders that were looked at, with what they are spelled now if that is otherwise.
    """

    fs: Fs
    gone: dict[str, RelPath]
    names: Names
    folders: dict[RelPath, RelPath | None] = field(default_factory=dict)

    def at(self, path: RelPath) -> Iterator[Spelling]:
        """Yield what is spelled otherwise on the way to a new file, and the file itself.

        Raises:
            Refused: It has to stay.
        """
        for folder in path.parents:
            if folder not in self.folders:
                other = self.folders[folder] = self._folder(folder)
                if other is not None:
                    yield Spelling(other, folder)
        old = self.gone.get(folded(path))
        if old is not None and old != path and self.fs.kind(path) == "file":
            yield Spelling(old, path)
        else:
            self._refuse(path)

    def _folder(self, folder: RelPath) -> RelPath | None:
        other = self._other(folder)
        if other is not None and self.fs.kind(folder) != "folder":
            raise _in_the_way(folder, other)
        if other in _STAYING:
            raise _of_the_agent(folder, other)
        return other

    def _refuse(self, path: RelPath) -> None:
        """Refuse a new file that is there as another one.

        Raises:
            Refused: It is.
        """
        other = self._other(path)
        if other is not None:
            raise _in_the_way(path, other)
        around = next(filter(None, map(self.folders.get, reversed(path.parents))), None)
        if around is not None and self.fs.kind(path) != "absent":
            below = path.split("/")[around.count("/") + 1 :]
            raise _in_the_way(path, RelPath("/".join([around, *below])))

    def _other(self, path: RelPath) -> RelPath | None:
        """The path of what is there in another spelling; None if nothing is, or it has this name."""
        other = self.names.of(path)
        if other in (None, path.name):
            return None
        above = path.parent
        return RelPath(str(other)) if above is None else above / str(other)


def respell(fs: Fs, path: str, aside: str) -> bool:
    """Let a folder be listed as a path spells it, with all that is in it; it can be interrupted and repeated.

    Args:
        fs: The home.
        path: The folder.
        aside: A free name in the folder of the transaction.

    Returns:
        Whether its name changed.

    Raises:
        OSError: The disk fails; calling it again continues.
    """
    above, _, name = path.rpartition("/")
    if fs.kind(aside) != "absent":
        _back(fs, aside, path)
        return True
    if fs.kind(path) != "folder":
        return False
    other = listed_as(name, fs.listdir(above))
    if other in (None, name):
        return False
    old = f"{above}/{other}" if above else str(other)
    fs.rename(old, path)
    if name not in fs.listdir(above):
        # Such a disk takes this for a rename to the same name, which changes nothing.
        fs.rename(old, aside)
        _sync(fs, above)
        _back(fs, aside, path)
    return True


def _back(fs: Fs, aside: str, path: str) -> None:
    """Bring a folder back; it is there for good before the one that it is in may go aside."""
    # Another program may have missed it meanwhile, and have made something of its own.
    kind = fs.kind(path)
    if kind == "folder":
        _take_in(fs, path, aside)
    elif kind != "absent":
        fs.noreplace(path, _free(fs, path))
    fs.noreplace(aside, path)
    _sync(fs, path.rpartition("/")[0])


def _take_in(fs: Fs, new: str, old: str) -> None:
    """Move what is in a new folder into an old one; of two files of one name, the new one gets a number behind it."""
    for name in fs.listdir(new):
        made, there = f"{new}/{name}", f"{old}/{name}"
        if fs.kind(made) == fs.kind(there) == "folder":
            _take_in(fs, made, there)
        else:
            fs.noreplace(made, _free(fs, there))
    fs.sync_folder(old)
    fs.sync_folder(new)
    fs.rmdir(new)


def _free(fs: Fs, path: str) -> str:
    """The path itself if nothing is there, else one with a number behind it."""
    free, number = path, 0
    while fs.kind(free) != "absent":
        number += 1
        free = f"{path}.{number}"
    return free


def _sync(fs: Fs, folder: str) -> None:
    fs.sync_folder(TXN)
    fs.sync_folder(folder)


def _in_the_way(path: RelPath, other: RelPath) -> Refused:
    return Refused(
        f"{str(other)!r} is there, and for this disk that is the same name",
        where=path,
        hint=f"nothing was written; rename {str(other)!r} to something else, then run it again",
    )


def _of_the_agent(path: RelPath, other: RelPath | None) -> Refused:
    return Refused(
        f"for this disk it is the same name as {str(other)!r}, which is the agent's",
        where=path,
        hint=f"nothing was written; the author of the package has to call it {str(other)!r} or something else",
    )
