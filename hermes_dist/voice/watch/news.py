"""What a message about a new release says: what is new, what would change, and what would wait."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from hermes_dist.errors import counted, first_few
from hermes_dist.model.source import as_typed
from hermes_dist.ops.change.proposal import Proposal
from hermes_dist.ops.change.review import groups_of
from hermes_dist.ops.watch.run import Arrival, News
from hermes_dist.voice.cards import news_lines
from hermes_dist.voice.clean import clean
from hermes_dist.voice.lines import Line

_MOST_NOTES = 10
_MOST_NAMES = 12


def news_text(news: News, quotes: bool, *, command: str) -> str:
    """Say what is new.

    Args:
        news: The release.
        quotes: With the author's words: release notes, and the names of what would wait.
        command: Our program, as the user calls it.
    """
    return "\n".join(_lines(news, command, quotes=quotes))


def _lines(news: News, command: str, *, quotes: bool) -> Iterator[str]:
    first = news.arrivals[0]
    names = ", ".join(each.profile for each in news.arrivals[:_MOST_NAMES])
    yield f"{_title(first)} {_how(first)}, for: {names}{_rest(len(news.arrivals))}"
    yield f"from {clean(as_typed(news.source), 300)}"
    notes = next((p.offer.news for p in map(_proposal, news.arrivals) if p and p.offer.news), None)
    if notes is not None and quotes:
        yield from map(_plain, news_lines(notes, _MOST_NOTES))
    elif notes is not None:
        yield f"  {counted(len(notes.lines), 'line')} of release notes: /dist update shows them"
    for arrival in news.arrivals[:_MOST_NAMES]:
        yield from _about(arrival, quotes=quotes)
    yield "Nothing was changed."
    words = f"{command} update {first.profile}"
    if first.to:
        words += f" --to {shlex.quote(first.to)}"
    yield f"look: {words} -n"
    yield f"take it: {words}"


def _how(arrival: Arrival) -> str:
    return "is all that its author offers now" if arrival.row.back else "is out"


def _rest(count: int) -> str:
    more = count - _MOST_NAMES
    return f" and {counted(more, 'more profile')}" if more > 0 else ""


def _title(arrival: Arrival) -> str:
    proposal, row = _proposal(arrival), arrival.row
    name, new = "", arrival.to or row.in_range or row.there
    if proposal is not None and proposal.manifest is not None:
        name, new = proposal.manifest.name, proposal.manifest.version or new
    old = row.version or row.here
    if new == old and row.layers:
        return f"a newer layer of {arrival.profile} ({_layers(arrival)})"
    return f"{clean(name or 'a new release', 100)} {clean(new, 60)} (here {clean(old, 60)})"


def _layers(arrival: Arrival) -> str:
    """The layers that have something newer."""
    return ", ".join(clean(layer.name, 100) for layer in arrival.row.layers[:_MOST_NAMES])


def _plain(line: Line) -> str:
    return "".join(piece.text for piece in line)


def _proposal(arrival: Arrival) -> Proposal | None:
    return arrival.outcome.proposal if arrival.outcome else None


def _about(arrival: Arrival, *, quotes: bool) -> Iterator[str]:
    if arrival.error is not None:
        why = f": {clean(arrival.error, 300)}" if quotes else ""
        yield f"{arrival.profile}: an update is refused{why}"
        return
    proposal = _proposal(arrival)
    if proposal is None or proposal.changes_nothing:
        yield f"{arrival.profile}: no file would change"
        return
    yield f"{arrival.profile}: {'; '.join(_changes(proposal))}"
    yield from _waiting(proposal, quotes=quotes)


def _changes(proposal: Proposal) -> Iterator[str]:
    yield counted(len(proposal.steps), "file") + " would change"
    if conflicts := proposal.plan.conflicts:
        yield f"{counted(len(conflicts), 'conflict')}, where yours stays"
    if wanted := [item.var.name for item in proposal.wanted if item.new and item.missing]:
        yield f"needs {', '.join(clean(name, 60) for name in wanted[:_MOST_NAMES])}"


def _waiting(proposal: Proposal, *, quotes: bool) -> Iterator[str]:
    waiting = groups_of(proposal.asked)
    if not waiting:
        return
    if not quotes:
        yield f"  {counted(len(waiting), 'thing')} would wait for your approval"
        return
    names = [clean(group.name, 80) for group in waiting]
    yield f"  would wait for your approval: {first_few(names, _MOST_NAMES)}"
