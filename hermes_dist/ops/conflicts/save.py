"""Settle the conflicts of one file by a text that somebody edited from what was shown."""

from __future__ import annotations

from msgspec.structs import replace

from hermes_dist.decide.secrets.restore import hidden_lines, restored
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.plan import Conflict
from hermes_dist.ops.change.confirm import confirm_and_carry_out
from hermes_dist.ops.change.mask import Mask
from hermes_dist.ops.change.proposal import Outcome
from hermes_dist.ops.change.request import Confirm, Request
from hermes_dist.ops.conflicts.conflict_diff import Copy, copy_of, fault_in
from hermes_dist.ops.conflicts.sides import sources_of
from hermes_dist.ops.context import Context
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.resolve import in_conflict, making, open_conflicts, open_proposal

_CRLF = b"\r\n"
_BOM = b"\xef\xbb\xbf"


def resolve_edited(
    ctx: Context, name: ProfileName, place: str, text: str, request: Request, confirm: Confirm
) -> Outcome:
    """Settle every conflict of a file by an edited text, which was made from what ``shown_conflict`` shows.

    Args:
        ctx: The context.
        name: The profile.
        place: The file, or one of its conflicts.
        text: The whole file as it is to be.
        request: The options.
        confirm: Shows the proposal and asks for confirmation.

    Raises:
        Invalid: A conflict marker is left, or the document can't be read any more; nothing was changed.
        DistError: There is no such conflict, or the place means several files.
    """
    conflict = _in_one_file(name, place, open_conflicts(ctx, name, place))
    proposal = open_proposal(ctx, name)
    copy = copy_of(proposal, conflict)
    mask = Mask.of(ctx, proposal.home.path)
    after = _as_spelled(_with_secrets(conflict.path, copy, mask, text), copy.text)
    fault = fault_in(copy, conflict, after)
    if fault:
        raise Invalid(fault, where=conflict.path, hint="nothing was changed; edit it again")
    home = in_conflict(ctx, open_home(ctx, name), conflict.place)
    choices = replace(request.choices, edits={conflict.path: after})
    make = making(ctx, home, home.need_lock(ctx), request)
    return confirm_and_carry_out(ctx, make, replace(request, choices=choices), confirm, None)


def _in_one_file(name: ProfileName, place: str, found: tuple[Conflict, ...]) -> Conflict:
    """The first of some conflicts, which are all in one file.

    Raises:
        Invalid: There is none, or they are in several files.
    """
    if not found:
        raise Invalid("no conflict is open", where=str(name))
    paths = {each.path for each in found}
    if len(paths) > 1:
        raise Invalid(
            f"{place!r} means several files",
            where=str(name),
            hint=f"an edited text is for one of: {', '.join(sorted(paths)[:10])}",
        )
    return found[0]


def _with_secrets(path: RelPath, copy: Copy, mask: Mask, text: str) -> bytes:
    """The edited text with what was hidden in the lines that stayed.

    Raises:
        Invalid: What was hidden can't be told back.
    """
    hidden = hidden_lines(sources_of(copy), mask.content)
    if hidden is None:
        raise Invalid(
            "it holds a secret that is not shown here, so it can't be edited here",
            where=path,
            hint="take a side, or edit it on a terminal with resolve --edit",
        )
    return restored(text.encode(), hidden)


def _as_spelled(text: bytes, before: bytes) -> bytes:
    """The text with the line ends and the byte order mark of the file; editors in a page know neither."""
    if _CRLF in before and b"\r" not in text:
        text = text.replace(b"\n", _CRLF)
    if before.startswith(_BOM) and not text.startswith(_BOM):
        text = _BOM + text
    return text
