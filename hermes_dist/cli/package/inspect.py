"""Commands that change nothing: status, info, outdated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from hermes_dist.cli.package.status import show
from hermes_dist.cli.shared.cards import most_of, review_card
from hermes_dist.cli.shared.command import Profile, command
from hermes_dist.cli.shared.pager import Paged
from hermes_dist.cli.shared.reminders import notes
from hermes_dist.cli.shared.session import Session
from hermes_dist.errors import ExitCode, UsageError, worst
from hermes_dist.model.source import PinKind, as_typed
from hermes_dist.ops.change.look_up import ask_ahead
from hermes_dist.ops.change.review import agent_time
from hermes_dist.ops.homes import half_changed
from hermes_dist.ops.package import inspect as ops
from hermes_dist.ops.package import outdated as asking
from hermes_dist.ops.profiles.list import list_profiles
from hermes_dist.voice.inputs.words import input_rows
from hermes_dist.voice.layers.news import layer_words
from hermes_dist.voice.left_out import PARTIAL, missed_words
from hermes_dist.voice.notes import taken_words
from hermes_dist.voice.package_json import info_data, outdated_data
from hermes_dist.voice.words import demand_words


@command
def status(
    session: Session,
    profile: Profile = None,
    all_: Annotated[bool, typer.Option("--all", help="Every profile that has a package.")] = False,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", help="Exit with code 10 if something differs, or can't be read."
        ),
    ] = False,
) -> int:
    if all_ and profile:
        raise UsageError("--all can't be combined with a profile", hint="leave one of them out")
    if all_:
        names = [row.name for row in list_profiles(session.ctx) if row.managed]
    else:
        names = [session.ctx.profile(profile)]
    return show(session, names, together=all_, exit_code=exit_code, is_named=profile is not None)


@command
def info(
    session: Session,
    profile: Profile = None,
    package: Annotated[
        str,
        typer.Option(
            "--package", metavar="NAME", help="Describe a package of a registry, installed or not."
        ),
    ] = "",
) -> int:
    if package or (profile and ops.is_package(session.ctx, profile)):
        from hermes_dist.cli.registry import package_info  # noqa: PLC0415 - only needed for packages that are not installed

        return package_info(session, package or str(profile))
    name = session.ctx.profile(profile)
    found = ops.info(session.ctx, name)
    notes(session.screen, half_changed(session.ctx, name))
    session.screen.emit("info", info_data(found))
    screen, lock = session.screen, found.lock
    screen.fields(_info_rows(found))
    if lock is not None and found.parked:
        now = agent_time(session.ctx, Path(found.path))
        review_card(screen, found.parked, found.parked, now, most=most_of(screen))
    return 0


_FIELDS = {
    "name": "Name",
    "version": "Version",
    "description": "Description",
    "author": "Author",
    "license": "License",
    "hermes_requires": "Agent",
    "homepage": "Homepage",
    "repository": "Repository",
}


def _info_rows(found: ops.Info) -> Iterator[tuple[str, str]]:
    """What there is to say about a package, as names and values; an empty value is not said."""
    yield "Profile", found.profile
    yield "Path", found.path
    if found.manifest is not None:
        for field, title in _FIELDS.items():
            yield title, getattr(found.manifest, field)
    if found.lock is not None:
        pin = found.lock.pin
        yield "Source", as_typed(found.lock.source)
        yield "Taken for", taken_words(found.lock.top.taken)
        yield "Follows", pin.kind
        yield "Ref", pin.ref
        yield "Commit", pin.commit
        yield "Tree", pin.tree
        yield "Held", found.lock.held
        yield "Signer", found.signer
        yield "Demands", demand_words(found.lock.demands, found.lock.signer)
        for one in found.lock.layers:
            yield "Layer", f"{one.name} {one.pin.label} ({one.layer})"
        yield "Parts", ", ".join(f"{part} {count}" for part, count in found.parts)
        yield "Included", ", ".join(found.lock.top.included)
        left_out = ("" if found.lock.whole else PARTIAL, missed_words(found.missed))
        yield "Left out", "; ".join(filter(None, left_out))
    yield from input_rows(found.inputs)
    for item in found.wanted:
        state = _state_of(item.found, required=item.var.required)
        yield "Env", f"{item.var.name} ({state})  {item.var.description}".rstrip()


def _state_of(found: str, *, required: bool) -> str:
    """Where a variable is set, or whether it has to be."""
    if found:
        return f"set in {found}"
    return "missing" if required else "optional"


@command
def outdated(session: Session, profile: Profile = None) -> int:
    if profile:
        names = [session.ctx.profile(profile)]
    else:
        names = [row.name for row in list_profiles(session.ctx) if row.managed]
    ask_ahead(session.ctx, names)
    found = [asking.outdated(session.ctx, name) for name in names]
    session.screen.emit("outdated", outdated_data(found))
    with Paged(session) as each:
        show_outdated(each, found)
    for row in found:
        if row.error is not None:
            # The object above has this error in its row, and stdout holds one object only.
            session.screen.error(row.error.within(row.profile), beside=True)
    return worst(map(_code, found))


def show_outdated(session: Session, found: Sequence[asking.Outdated]) -> None:
    """Show which profiles have something new upstream."""
    if not found:
        session.screen.say("No profile has a package.")
        session.screen.tell(f"  next: {session.command('install SOURCE')}")
        return
    head = ("Profile", "Installed", "In range", "Latest", "State")
    session.screen.table(head, [_row(row) for row in found])
    notes(session.screen, [note for row in found for one in row.layers for note in one.notes])
    for each in dict.fromkeys(row.next for row in found if row.next):
        session.screen.tell(f"  next: {session.command(each)}")


_STATES = {
    "current": "up to date",
    "behind": "update available",
    "held": "held",
    "none": "no package",
    "error": "not known",
}


def _row(row: asking.Outdated) -> tuple[str, ...]:
    installed = f"{row.version} ({row.here})" if row.version else row.here
    return (row.profile, installed or "—", row.in_range or "—", row.latest or "—", _said(row))


def _said(row: asking.Outdated) -> str:
    """The state of a profile, with what stands in the way of an update."""
    words = ["refused" if row.refused else _STATES[row.state]]
    if row.state == "current":
        words = [_current(row)]
    elif row.back:
        words = [f"went back to {row.back}"]
    words += layer_words(row.layers)
    if row.held and row.state != "held":
        words.append("held")
    if row.yanked:
        words.append(f"yanked: {row.yanked}")
    if row.deprecated:
        words.append(f"deprecated: {row.deprecated}")
    return "; ".join(words)


def _current(row: asking.Outdated) -> str:
    """The state of a profile that has what it follows, which need not be the newest there is."""
    if row.newer:
        thing = "tag" if row.follows is PinKind.TAG else "version"
        return f"pinned; there is a newer {thing}"
    if row.beyond:
        return "up to date in its range; there is a newer version"
    return "pinned" if row.follows is PinKind.COMMIT else "up to date"


def _code(row: asking.Outdated) -> int:
    if row.error:
        return row.error.code
    return ExitCode.CHANGES if row.state == "behind" or row.newer else ExitCode.DONE
