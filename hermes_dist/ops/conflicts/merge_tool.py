"""Open the versions of a file in the user's editor, or in a merge tool: vimdiff, meld, code, or the one git names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from hermes_dist import lazily
from hermes_dist.errors import DistError, UsageError, quoted
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.conflicts.conflict_diff import Copy
from hermes_dist.ops.context import Context
from hermes_dist.world.agent.programs import find_command
from hermes_dist.world.child import run_on_terminal
from hermes_dist.world.git.settings import setting
from hermes_dist.world.passing import passing_folder, put_private

FROM_GIT = "git"
"""The name that means the tool of the user's git."""


class Versions(Struct, frozen=True):
    """The files that a merge tool opens; it writes only ``merged``."""

    merged: Path
    base: Path
    ours: Path
    theirs: Path


_HARMLESS = lazily.pattern(r"\w[\w.+-]*", re.ASCII)
_SUFFIX = lazily.pattern(r"\.\w+", re.ASCII)
_EDITORS = ("sensible-editor", "vim", "nano", "vi")


@contextmanager
def laid_out(path: RelPath, copy: Copy) -> Iterator[Versions]:
    """Write a copy and its sources into a private folder of their own, which goes at the end.

    Args:
        path: The file that they are versions of; its name tells an editor the language.
        copy: The versions.

    Raises:
        DistError: They can't be written.
    """
    name = _name_of(path)
    with passing_folder("conflict-") as folder:
        versions = Versions(
            merged=folder / name,
            base=folder / f"{name.stem}.was{name.suffix}",
            ours=folder / f"{name.stem}.yours{name.suffix}",
            theirs=folder / f"{name.stem}.upstream{name.suffix}",
        )
        put_private(versions.merged, copy.text)
        put_private(versions.base, copy.was)
        put_private(versions.ours, copy.yours)
        put_private(versions.theirs, copy.theirs)
        yield versions


def _name_of(path: RelPath) -> Path:
    """The file's own name; a plain one if a program that puts names into a line for the shell could run part of it."""
    if _HARMLESS.fullmatch(path.name):
        return Path(path.name)
    suffix = path.suffix if _SUFFIX.fullmatch(path.suffix) else ""
    return Path(f"conflict{suffix}")


TOOLS: Mapping[str, tuple[str, ...]] = {
    "vimdiff": ("vimdiff", "-f", "-c", "4wincmd w | wincmd J", "ours", "base", "theirs", "merged"),
    "nvimdiff": ("nvim", "-d", "-c", "4wincmd w | wincmd J", "ours", "base", "theirs", "merged"),
    "meld": ("meld", "ours", "base", "theirs", "--output", "merged"),
    "kdiff3": ("kdiff3", "--auto", "base", "ours", "theirs", "-o", "merged"),
    "code": ("code", "--wait", "--merge", "ours", "theirs", "base", "merged"),
}
"""How each tool is called; the names of versions stand for their files."""


class Tool(Struct, frozen=True):
    """A merge tool.

    Attributes:
        name: Its name.
        words: Its command, in which names of versions stand for their files; empty if it has a command of the user's.
        shell: The user's own command from ``mergetool.NAME.cmd``, as git runs it.
    """

    name: str
    words: tuple[str, ...] = ()
    shell: str = ""


def find_tool(ctx: Context, name: str) -> Tool:
    """Find a merge tool by name; ``git`` means the one that the user's git names.

    Raises:
        UsageError: There is no such tool.
        DistError: It is not installed.
    """
    wanted = name
    if name == FROM_GIT:
        wanted = setting(ctx.env, "merge.tool")
        if not wanted:
            raise UsageError(
                "git has no merge.tool",
                hint=f"set it: git config --global merge.tool vimdiff; or pass --tool {' | '.join(TOOLS)}",
            )
    shell = setting(ctx.env, f"mergetool.{wanted}.cmd")
    if shell:
        return Tool(wanted, shell=shell)
    if wanted not in TOOLS:
        raise UsageError(
            f"{quoted(wanted, 60)} is not a known merge tool",
            hint=f"choose one of: {', '.join(TOOLS)}, {FROM_GIT}; or set mergetool.NAME.cmd in git",
        )
    words = TOOLS[wanted]
    if find_command(words[0], ctx.env) is None:
        raise DistError(
            f"{words[0]} is not installed, or not on PATH",
            where=f"--tool {name}",
            hint=f"choose one of: {', '.join(TOOLS)}; or pass --edit",
        )
    return Tool(wanted, words)


def chosen_editor(ctx: Context) -> str:
    """Return the editor that the user chose in ``$VISUAL`` or ``$EDITOR``; empty for none."""
    return ctx.env.get("VISUAL") or ctx.env.get("EDITOR") or ""


def open_editor(ctx: Context, files: Sequence[Path]) -> int:
    """Open files in ``$VISUAL``, ``$EDITOR`` or the first known editor, and wait for its end.

    Returns:
        Its exit code; an edit counts only if that is 0.

    Raises:
        DistError: It can't be started.
    """
    editor = chosen_editor(ctx) or next(
        filter(lambda name: find_command(name, ctx.env), _EDITORS), "vi"
    )
    # As git does: the user's words are a line for the shell, and the names of files are not part of it.
    return run_on_terminal(["sh", "-c", f'{editor} "$@"', editor, *map(str, files)], ctx.env)


def open_tool(ctx: Context, tool: Tool, versions: Versions) -> int:
    """Open a merge tool on the terminal and wait for its end.

    Returns:
        Its exit code; the merged file counts only if that is 0.

    Raises:
        DistError: It can't be started.
    """
    files = {
        "merged": str(versions.merged),
        "base": str(versions.base),
        "ours": str(versions.ours),
        "theirs": str(versions.theirs),
    }
    if not tool.shell:
        return run_on_terminal([files.get(word, word) for word in tool.words], ctx.env)
    # As git does: the user's own command is a line for the shell, and finds the files in these variables.
    named = {"MERGED": "merged", "BASE": "base", "LOCAL": "ours", "REMOTE": "theirs"}
    variables = {variable: files[version] for variable, version in named.items()}
    return run_on_terminal(["sh", "-c", tool.shell], {**ctx.env, **variables})
