"""JSON of the watch; each object has its schema in ``schema/``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # types only: a command loads the ops it needs, not those of the others
    from hermes_dist.decide.watch.codes import Asked
    from hermes_dist.decide.watch.news import Book
    from hermes_dist.decide.watch.owners import Owner
    from hermes_dist.model.paths import ProfileName
    from hermes_dist.ops.change.proposal import Proposal
    from hermes_dist.ops.plugins.dashboard import Tab
    from hermes_dist.ops.watch.codes import Issued
    from hermes_dist.ops.watch.run import Arrival, News, Ran
    from hermes_dist.ops.watch.timers import Planned, Scheduled


def owners_data(owners: Iterable[Owner]) -> dict[str, Any]:
    """Who owns the chats."""
    return {"owners": [_owner(owner) for owner in owners]}


def _owner(owner: Owner) -> dict[str, Any]:
    return {"platform": owner.platform, "id": owner.id, "reached_at": owner.target}


def timer_data(planned: Planned, *, dry_run: bool) -> dict[str, Any]:
    """A daily check that was set up, or would be."""
    return {
        "timer": _timer(planned.now),
        "replaced": [_timer(each) for each in planned.before],
        "text": planned.text,
        "dry_run": dry_run,
    }


def timers_data(found: Iterable[Scheduled]) -> dict[str, Any]:
    """The daily checks that were taken away."""
    return {"timers": [_timer(each) for each in found]}


def _timer(found: Scheduled) -> dict[str, Any]:
    return {"kind": str(found.kind), "where": found.where, "at": found.at}


def status_data(
    timers: Iterable[Scheduled], owners: Iterable[Owner], book: Book, asked: Iterable[Asked]
) -> dict[str, Any]:
    """How things stand."""
    return {
        **timers_data(timers),
        **owners_data(owners),
        "ran": book.ran,
        "unreachable": list(book.unreachable),
        "failed": list(book.failed),
        "uncertain": [{"release": each.release, "to": each.to} for each in book.uncertain],
        **asked_data(asked),
    }


def asked_data(asked: Iterable[Asked]) -> dict[str, Any]:
    """The plans that owners asked for."""
    return {"asked": [_asked(each) for each in asked]}


def chat_data(found: Iterable[tuple[ProfileName, Tab]]) -> dict[str, Any]:
    """The plugin that answers in chats, profile by profile."""
    rows = [
        {
            "profile": name,
            "folder": str(tab.placed.folder),
            "whose": str(tab.placed.standing.whose),
            "current": tab.placed.current,
            "enabled": tab.placed.loaded,
        }
        for name, tab in found
    ]
    return {"profiles": rows}


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "id": asked.id,
        "plan": asked.plan,
        "profile": asked.profile,
        "verb": asked.verb,
        "words": list(asked.words),
        "by": asked.by,
    }


def code_data(issued: Issued, seconds: float) -> dict[str, Any]:
    """A code for a plan."""
    return {"code": issued.digits, "seconds": int(seconds), "asked": _asked(issued.asked)}


def ran_data(ran: Ran) -> dict[str, Any]:
    """How a check went."""
    return {
        "releases": [_news(each) for each in ran.told],
        "deliveries": [
            {"release": each.release, "to": each.to, "sent": each.sent, "why": each.why}
            for each in ran.deliveries
        ],
        "unreachable": list(ran.unreachable),
        "failed": [{"profile": row.profile, "error": str(row.error)} for row in ran.failed],
    }


def _news(news: News) -> dict[str, Any]:
    return {
        "source": news.source,
        "profiles": [_arrival(each) for each in news.arrivals],
    }


def _arrival(arrival: Arrival) -> dict[str, Any]:
    proposal = arrival.outcome.proposal if arrival.outcome else None
    return {
        "profile": arrival.profile,
        "version": arrival.row.version,
        "offered": arrival.to or arrival.row.in_range,
        **_proposed(proposal),
        "refused": str(arrival.error) if arrival.error else "",
    }


def _proposed(proposal: Proposal | None) -> dict[str, Any]:
    if proposal is None:
        return {"notes": [], "files": 0, "conflicts": [], "waits": []}
    return {
        "notes": list(proposal.offer.news.lines) if proposal.offer.news else [],
        "files": len(proposal.steps),
        "conflicts": [conflict.place for conflict in proposal.plan.conflicts],
        "waits": [effect.place for effect in proposal.asked],
    }
