"""What the summary after a change says, as lines: what was done, what needs approval, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from hermes_dist.brand import Brand
from hermes_dist.errors import counted, first_few
from hermes_dist.lazily import later, shlex
from hermes_dist.model.notes import NoteKind
from hermes_dist.model.paths import RelPath
from hermes_dist.ops.change.proposal import Outcome, Proposal
from hermes_dist.ops.change.review import Group, groups_of
from hermes_dist.voice.clean import clean
from hermes_dist.voice.effect_cards import group_words
from hermes_dist.voice.lines import Line, Piece, line
from hermes_dist.voice.status.standing import SHOWN
from hermes_dist.voice.words import EFFECT_VERBS, LAYERING

with later():
    from hermes_dist.installer import installs

_ITEMS = 5
"""How many approved things are named."""
Command = Callable[[str], str]
"""Spells a command of ours as the user types it."""

_DONE = {
    "install": "Installed",
    "update": "Updated",
    "resolve": "Resolved",
    "approve": "Approved",
    "import": "Imported",
    "restore": "Restored",
    "rollback": "Went back to",
    "revoke": "Revoked an approval of",
    "abort": "Aborted the update, back at",
    "undo": "Undid the last change, back at",
    "discard": "Discarded edits of",
    "publish": "Took in",
    "layer add": "Put a layer under",
    "layer remove": "Took a layer out from under",
}
"""What a verb did, before the name of the package; a verb without words says its own name."""
_DONE_WITHOUT = {"undo": "Undid the last change of", "rollback": "Took back later changes of"}
"""The same before the name of a profile without a package."""


def asked_words(proposal: Proposal) -> str:
    """Say how many things would need approval, before it is asked whether they may run at once."""
    groups = groups_of(proposal.asked)
    return f"{counted(len(groups), 'item')} would need your approval{kinds_words(groups)}."


def kinds_words(groups: Sequence[Group]) -> str:
    """``: loosens 3, runs 2``: how many of each kind, if those are too many to have in view; else empty."""
    if len(groups) <= SHOWN:
        return ""
    kinds = Counter(EFFECT_VERBS[group.kind] for group in groups)
    return ": " + ", ".join(f"{verb} {count}" for verb, count in kinds.items())


def done_lines(
    outcome: Outcome,
    proposal: Proposal,
    command: Command,
    brand: Brand,
    agent: Callable[[], str],
) -> Iterator[Line]:
    """Say what was done and what to do next.

    Args:
        outcome: What was done.
        proposal: The proposal that was carried out.
        command: Spells a command of ours.
        brand: The brand of the agent.
        agent: Looks for the agent's own command; empty if it is not installed. Only called if something starts it.
    """
    yield _done_line(outcome, proposal)
    yield from written_lines(outcome)
    if waiting := groups_of(outcome.waiting):
        yield from _waiting_lines(proposal, waiting, command)
    yield from _missing_lines(proposal)
    for name in outcome.restart:
        yield line(
            f"  the running gateway takes this up after: {command(f'gateways restart {name}')}"
        )
    if outcome.alias or proposal.new:
        yield from _start_lines(outcome, brand, agent())
    elif not outcome.open_conflicts:
        yield line(f"  see: {command(f'status {outcome.profile}')}")


def _done_line(outcome: Outcome, proposal: Proposal) -> Line:
    done = _DONE.get(outcome.verb, outcome.verb.capitalize())
    at = ""
    if proposal.pin:
        at = f" @ {proposal.pin.short}"
    changed = counted(len(proposal.plan.steps), "file")
    if proposal.manifest is None:
        done = _DONE_WITHOUT.get(outcome.verb, done)
        return line(Piece("✓", "good"), f" {done} {outcome.profile}{at}: {changed} changed.")
    label = clean(proposal.manifest.label)
    if outcome.verb == "approve" and (items := _items(proposal)):
        said = f" Approved {items} of {label}{at} in {outcome.profile}: {changed} changed."
        return line(Piece("✓", "good"), said)
    if outcome.verb in LAYERING:
        said = f" {done} {outcome.profile}: {changed} changed."
        return line(Piece("✓", "good"), said)
    said = f" {done} {label}{at} in {outcome.profile}: {changed} changed."
    return line(Piece("✓", "good"), said)


def _items(proposal: Proposal) -> str:
    """Name the things that an approval let run; at most a few of them."""
    parked = set(proposal.plan.parked)
    allowed = groups_of(effect for effect in proposal.plan.effects if effect not in parked)
    names = [clean(group.label or group.name) for group in allowed]
    return first_few(names, _ITEMS)


def written_lines(outcome: Outcome) -> Iterator[Line]:
    """Say which variables were written to ``.env``."""
    if outcome.variables:
        yield line(f"  written to .env: {', '.join(outcome.variables)}")


def _waiting_lines(
    proposal: Proposal, waiting: Sequence[Group], command: Command
) -> Iterator[Line]:
    """Say what needs approval, and the next command."""
    asked = set(proposal.asked)
    new = [group for group in waiting if asked & set(group.effects)]
    # Effects of a side that was just taken are named once more: taking it did not approve them.
    if proposal.verb == "resolve" and new:
        yield from _settled_lines(proposal, new, command, named=len(new) < len(waiting))
    elif proposal.lock:
        approving = command(f"approve {proposal.home.name}")
        yield line(f"  {needs_words(waiting)}: {approving}")
    else:
        # Without a lockfile nothing remembers what was parked, so there is nothing to approve later.
        count = counted(len(waiting), "item")
        files = " and ".join(sorted({each.path for group in waiting for each in group.effects}))
        yield line(f"  {count} came switched off; switch on in {clean(files)} what should run")


def _settled_lines(
    proposal: Proposal, new: Sequence[Group], command: Command, *, named: bool
) -> Iterator[Line]:
    """Say which settled things need approval; the command names them if other things need it, too."""
    yield line(f"  {needs_words(new, ' that you settled')}:")
    for group in new:
        for said in group_words(group):
            yield line(f"    {EFFECT_VERBS[group.kind]} {clean(said)}")
    words = ["approve", str(proposal.home.name)]
    if named:
        # The name is the package's, and people paste this line into a shell.
        words += [shlex.quote(clean(group.name)) for group in new]
    yield line(f"  next: {command(' '.join(words))}")


def needs_words(waiting: Sequence[Group], which: str = "") -> str:
    """``1 item needs approval``, ``2 items need approval``: things as ``approve`` groups them."""
    verb = "needs" if len(waiting) == 1 else "need"
    return f"{counted(len(waiting), 'item')}{which} {verb} approval"


def _missing_lines(proposal: Proposal) -> Iterator[Line]:
    missing = [item.var.name for item in proposal.wanted if item.missing and item.new]
    if missing:
        place = clean(proposal.home.path / ".env")
        yield line(f"  missing in {place}: {', '.join(clean(name) for name in missing)}")


def _start_lines(outcome: Outcome, brand: Brand, agent: str) -> Iterator[Line]:
    """Say how to start the profile; without the agent, what is missing first."""
    then = ""
    if not agent:
        yield line(
            f"  {brand.title} is not installed; get it with: {installs(brand.agent_package)}"
        )
        then = "then "
    start = f"{agent or brand.name} -p {outcome.profile}"
    if outcome.alias and all(note.kind is not NoteKind.COMMAND_OFF_PATH for note in outcome.notes):
        start = outcome.alias
    yield line(f"  {then}start it with: {start} chat")


def skipped_words(path: RelPath) -> str:
    """Say that a file was not merged, as it changed meanwhile."""
    return (
        f"{clean(path)} changed while it was being merged and was left as it is; "
        "update again to merge it"
    )
