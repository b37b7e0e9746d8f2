"""Edit a file with conflicts: in a copy, with the open places between markers, never the live file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import DistError
from hermes_dist.model.plan import Conflict
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.conflicts import merge_tool
from hermes_dist.ops.conflicts.conflict_diff import copy_of, fault_in
from hermes_dist.ops.conflicts.merge_tool import Versions
from hermes_dist.voice.clean import clean

Open = Callable[[Versions], bool]
"""Lets the user edit the merged file; False if the program failed."""


def edited(
    session: Session, proposal: Proposal, conflict: Conflict, tool: Open | None = None
) -> bytes | None:
    """Let the user edit a copy of the file; None if it did not change or the editor failed.

    Args:
        session: The run.
        proposal: The change.
        conflict: Where the conflict is.
        tool: Opens the copy; None for the user's editor.

    Raises:
        DistError: A marker is left in the copy, and nobody can be asked to edit it again.
    """
    copy = copy_of(proposal, conflict)
    with merge_tool.laid_out(conflict.path, copy) as versions:
        while True:
            if not (tool or _editor(session, alone=copy.marked))(versions):
                return None
            after = _read(versions.merged)
            if after == copy.text:
                session.screen.prompt("  nothing was edited")
                return None
            fault = fault_in(copy, conflict, after)
            if not fault:
                return after
            if not session.screen.somebody:
                raise DistError(
                    fault,
                    where=conflict.path,
                    hint="nothing was changed; edit it again, or pass --ours or --theirs",
                )
            session.screen.warn(f"{clean(conflict.path)}: {clean(fault)}")
            if not session.screen.confirm("  Edit it again?"):
                return None


def _editor(session: Session, *, alone: bool) -> Open:
    """The user's editor: on the marked copy alone, or with upstream's file beside it."""

    def run(versions: Versions) -> bool:
        files = [versions.merged]
        if not alone:
            files.append(versions.theirs)
        code = merge_tool.open_editor(session.ctx, files)
        if code:
            session.screen.warn(f"the editor ended with code {code}, so nothing is taken from it")
        return not code

    return run


def opener(session: Session, name: str) -> Open:
    """Find a merge tool by name.

    Raises:
        UsageError: There is no such tool.
        DistError: It is not installed.
    """
    tool = merge_tool.find_tool(session.ctx, name)

    def run(versions: Versions) -> bool:
        code = merge_tool.open_tool(session.ctx, tool, versions)
        if code:
            session.screen.warn(f"{tool.name} ended with code {code}, so nothing is taken from it")
        return not code

    return run


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise DistError(
            f"the edited file can't be read: {error.strerror}", where=str(file)
        ) from error
