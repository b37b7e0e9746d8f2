"""Included paths: files of a package that its author's list leaves out and the user installs all the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from msgspec import Struct

from hermes_dist.decide.ownership import why_never_included
from hermes_dist.errors import Invalid, UsageError, quoted
from hermes_dist.model.left_out import Why
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Tree

_NEVER = {
    Why.EACH_MACHINE: (
        "it belongs to each machine, like logins, memories, sessions and state, so no package brings it"
    ),
    Why.ENV_TEMPLATE: "it comes anyway, as .env.EXAMPLE",
    Why.CASE_TWIN: "on systems that ignore case it is another file, so no package brings it",
}
_SHOWN = 8


class Including(Struct, frozen=True):
    """What ``--include`` and ``--exclude`` name."""

    more: tuple[RelPath, ...] = ()
    less: tuple[RelPath, ...] = ()


def typed_including(more: Iterable[str], less: Iterable[str]) -> Including:
    """Read the values of ``--include`` and ``--exclude``.

    Raises:
        UsageError: One is not a path inside a package, or no package may bring it.
    """
    including = Including(_typed(more, "--include"), _typed(less, "--exclude"))
    for path in including.more:
        why = why_never_included(path)
        if why:
            raise UsageError(_NEVER[why], where=f"--include {path}")
        if path in including.less:
            raise UsageError("it is included and excluded at once", where=str(path))
    return including


def _typed(words: Iterable[str], flag: str) -> tuple[RelPath, ...]:
    return tuple(dict.fromkeys(_path(word, flag) for word in words))


def _path(word: str, flag: str) -> RelPath:
    try:
        return RelPath(re.sub(r"^(\./)+", "", word.strip()).rstrip("/"))
    except Invalid as error:
        raise UsageError(
            f"it takes a path inside the package, such as skills/research, not {quoted(word, 80)}",
            where=flag,
        ) from error


def included_after(
    before: Collection[RelPath], including: Including, package: Tree
) -> tuple[RelPath, ...]:
    """Return what the user includes from now on.

    Args:
        before: What was included up to now.
        including: What the command line says.
        package: The package as shipped.

    Raises:
        UsageError: The package has no such path, or it was not included.
    """
    if vain := set(including.less).difference(before):
        raise UsageError(
            f"it is not included here; included: {_first(before) or 'nothing'}",
            where=f"--exclude {min(vain)}",
        )
    for path in set(including.more).difference(before):
        _check_there(path, package)
    left = {*before, *including.more} - {*including.less}
    # A folder stands for everything in it.
    return tuple(sorted(p for p in left if not any(p != o and p.under(o) for o in left)))


def _check_there(path: RelPath, package: Tree) -> None:
    if not any(file.under(path) for file in package):
        raise UsageError(
            "the package has no such file or folder",
            where=f"--include {path}",
            hint=_meant(path, package),
        )


def includable(files: Iterable[RelPath], installed: Collection[RelPath]) -> list[str]:
    """List the folders and files of a package that the user could include, in path order.

    Args:
        files: All files of the package.
        installed: The files that the home has of it.
    """
    inside = {folder for file in installed for folder in file.parents}
    left = [file for file in files if file not in installed and not why_never_included(file)]
    folders = {folder for file in left for folder in file.parents} - inside
    return sorted({*folders, *left})


def _meant(path: RelPath, package: Tree) -> str:
    """Suggest paths of a package that a wrong one may have meant."""
    known = {*package, *(folder for file in package for folder in file.parents)}
    near = sorted(other for other in known if other.name.lower() == path.name.lower())
    if near:
        return f"did you mean {' or '.join(near[:3])}?"
    return f"it has: {_first({file.top for file in package})}"


def _first(names: Iterable[str]) -> str:
    names = sorted(names)
    rest = ", …" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest
