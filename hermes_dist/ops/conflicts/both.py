"""Refuse to take both sides of a conflict where only one can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hermes_dist.errors import DistError, Invalid
from hermes_dist.model.documents.api import kind_of, load_data
from hermes_dist.model.documents.told import told
from hermes_dist.model.plan import Conflict
from hermes_dist.model.side import Apart, Side
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.request import Choices
from hermes_dist.ops.conflicts.conflict_diff import sides_of, three_files
from hermes_dist.ops.context import Context

_WHY = {
    Apart.VALUE: "a single value",
    Apart.NO_TEXT: "no text",
    Apart.FOLDER: "a file on one side and a folder on the other",
    Apart.WHOLE: "to be taken whole, from one side",
}
_MANY = 10


def refuse_both(ctx: Context, proposal: Proposal, choices: Choices) -> None:
    """Refuse both sides where only one can be taken: the other would be gone, and its conflict closed.

    Args:
        ctx: The context.
        proposal: The change with its conflicts open.
        choices: What was chosen.

    Raises:
        DistError: Both were chosen for such a conflict.
    """
    chosen = [each for each in proposal.plan.conflicts if _side(choices, each) is Side.BOTH]
    found: dict[Apart, list[Conflict]] = {}
    for conflict in chosen:
        why = sides_of(ctx, proposal, conflict).apart
        if why is not None:
            found.setdefault(why, []).append(conflict)
    for why, which in (
        (Apart.UNREADABLE, "here"),
        (Apart.UPSTREAM_UNREADABLE, "upstream"),
    ):
        if why in found:
            raise _unreadable(ctx, proposal, found[why][0], which)
    if found:
        raise _apart(proposal, found)


def _side(choices: Choices, conflict: Conflict) -> Side | None:
    """What was chosen for a conflict, as :meth:`Decisions.favour` finds it."""
    sides = choices.sides
    return sides.get(conflict.place) or sides.get(str(conflict.path)) or choices.default


def _unreadable(ctx: Context, proposal: Proposal, conflict: Conflict, whose: str) -> DistError:
    """The error for a document that can't be read, with what to do about it."""
    _, yours, theirs = three_files(proposal, conflict)
    home, path = proposal.home, conflict.path
    data = yours if whose == "here" else theirs
    hint = "the conflict stays open: it is the author's to mend, so tell the author; --ours keeps yours as it is"
    if whose == "here":
        again = ctx.command(f"resolve {home.name} {path}")
        hint = f"the conflict stays open: mend the file first, in {home.path / path}; then: {again}"
    return DistError(
        f"the file {whose} can't be read, so it can't be yours and upstream's at once: {_fault(conflict, data)}",
        where=str(path),
        hint=hint,
    )


def _fault(conflict: Conflict, data: bytes | None) -> str:
    """What is wrong with a document, with line and column."""
    kind = kind_of(conflict.path)
    try:
        if kind is not None:
            load_data(data or b"", kind)
    except Invalid as error:
        return told(error)
    return ""


def _apart(proposal: Proposal, found: Mapping[Apart, Sequence[Conflict]]) -> DistError:
    """The error for what can't be joined, by the reason."""
    said = [
        f"{', '.join(each.words for each in found[why][:_MANY])} {'is' if len(found[why]) == 1 else 'are each'} {words}"
        for why, words in _WHY.items()
        if why in found
    ]
    count = sum(map(len, found.values()))
    return DistError(
        f"{'; '.join(said)}: {'it' if count == 1 else 'they'} can't be yours and upstream's at once",
        where=str(proposal.home.name),
        hint="nothing was changed; pass --ours, --theirs or --edit for that, and --both with the PATH of the others",
    )
