"""The checks of the doctor on what surrounds profiles: the agent, programs, PATH, policies, registries and sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

from hermes_dist.decide.plugins.troubles import Trouble
from hermes_dist.decide.profiles.findings import FactKind, FindingKind, State, Topic
from hermes_dist.errors import DistError
from hermes_dist.installer import installs
from hermes_dist.model.lock_head import LockHead, load_head
from hermes_dist.model.notes import Note
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.change.look_up import ask_ahead
from hermes_dist.ops.context import Context
from hermes_dist.ops.front_door import launcher
from hermes_dist.ops.package import outdated
from hermes_dist.ops.plugins import dashboard
from hermes_dist.ops.profiles import aliases
from hermes_dist.ops.profiles.checks import Check, Fact, Finding, Listed, check
from hermes_dist.ops.registry import registries
from hermes_dist.world.agent.programs import find_command, search_path
from hermes_dist.world.files import read_file
from hermes_dist.world.git.settings import fault
from hermes_dist.world.keys.files import read_keyring, read_policies

SETUP: list[Listed] = []
"""The checks of this module; they make sense on a machine without profiles, too."""


def _packaged(ctx: Context) -> list[tuple[ProfileName, LockHead]]:
    """The profiles whose lockfile can be read."""
    found = []
    for name in ctx.names():
        with suppress(OSError):
            if head := load_head(read_file(ctx.layout.lockfile(name))):
                found.append((name, head))
    return found


@check(Topic.AGENT, SETUP)
def agent(ctx: Context) -> Iterator[Finding | Fact]:
    """Find the agent and its generation."""
    if ctx.agent is None:
        missing = Note.of(
            FactKind.NO_AGENT,
            title=ctx.brand.title,
            variable=ctx.brand.bin_variable,
            command=installs(ctx.brand.agent_package),
            generation=ctx.generation.name,
        )
        yield Fact(State.NONE, missing)
        return
    place = " ".join(ctx.agent.argv)
    version = ctx.agent_version
    if version is None:
        what = Note.of(
            FindingKind.AGENT_FAILS, title=ctx.brand.title, generation=ctx.generation.name
        )
        yield Finding(kind="agent-fails", what=what, where=place)
        return
    found = Note.of(
        FactKind.AGENT_FOUND,
        title=ctx.brand.title,
        version=version,
        generation=ctx.generation.name,
        place=place,
    )
    yield Fact(State.GOOD, found)


@check(Topic.GIT, SETUP)
def git(ctx: Context) -> Iterator[Finding | Fact]:
    """Find git, and make sure that it can read its settings."""
    found = find_command("git", ctx.env)
    if found is None:
        yield Fact(State.WAITS, Note.of(FactKind.NO_GIT))
    elif error := fault(ctx.env):
        what = Note.of(FindingKind.GIT_SETTINGS, why=error.what, hint=error.hint)
        yield Finding(kind="git-settings", what=what, where=str(found))
    else:
        yield Fact(State.GOOD, Note.of(FactKind.PROGRAM_FOUND, place=str(found)))


@check(Topic.SSH, SETUP)
def ssh(ctx: Context) -> Iterator[Finding | Fact]:
    """Find ssh, if a source is reached through it."""
    found = find_command("ssh", ctx.env)
    if found is not None:
        yield Fact(State.GOOD, Note.of(FactKind.PROGRAM_FOUND, place=str(found)))
        return
    wanting = [str(name) for name, head in _packaged(ctx) if _through_ssh(head.pin.url)]
    if not wanting:
        yield Fact(State.NONE, Note.of(FactKind.SSH_UNUSED))
        return
    what = Note.of(FindingKind.SSH_MISSING, profiles=tuple(wanting))
    yield Finding(kind="no-ssh", what=what, where="PATH")


def _through_ssh(url: str) -> bool:
    return url.startswith("ssh://") or ("://" not in url and ":" in url.partition("/")[0])


@check(Topic.PATH, SETUP)
def path(ctx: Context) -> Iterator[Finding | Fact]:
    """Find out whether the shell finds the commands of profiles."""
    folder = ctx.layout.commands
    if folder.resolve() in {each.resolve() for each in search_path(ctx.env)}:
        yield Fact(State.GOOD, Note.of(FactKind.ON_PATH, folder=str(folder)))
        return
    if not (aliases.listed(ctx.layout) or ctx.layout.launcher.is_file()):
        yield Fact(State.NONE, Note.of(FactKind.PATH_UNUSED, folder=str(folder)))
        return
    line = aliases.line_for_path(ctx.layout, ctx.env)
    yield Fact(State.WAITS, Note.of(FactKind.NOT_ON_PATH, folder=str(folder), line=line))


@check(Topic.FRONT_DOOR, SETUP)
def front_door(ctx: Context) -> Iterator[Finding | Fact]:
    """Find out what the brand's command starts."""
    try:
        found = launcher.status(ctx.layout, ctx.env)
    except DistError as error:
        yield _unreadable(error)
        return
    name = ctx.brand.name
    if found.active:
        yield Fact(State.GOOD, Note.of(FactKind.DOOR_ACTIVE, name=name))
    elif any(door.stands for door in found.doors):
        what = Note.of(FactKind.DOOR_HIDDEN, name=name, starts=str(found.command or "nothing"))
        yield Fact(State.WAITS, what)
    else:
        command = ctx.command("front-door install")
        yield Fact(State.NONE, Note.of(FactKind.NO_DOOR, name=name, command=command))


@check(Topic.TAB, SETUP)
def tab(ctx: Context) -> Iterator[Finding | Fact]:
    """Find out whether the tab in the agent's dashboard works, and is the one of this version."""
    try:
        found = dashboard.status(ctx.layout, ctx.env)
    except DistError as error:
        yield _unreadable(error)
        return
    troubles = set(found.troubles)
    command = ctx.command("dashboard install")
    if troubles & {Trouble.ABSENT, Trouble.FOREIGN}:
        what = Note.of(FactKind.NO_TAB, name=ctx.brand.name, command=command)
        yield Fact(State.NONE, what)
    elif troubles & {Trouble.BEHIND, Trouble.INCOMPLETE, Trouble.PROGRAM_GONE}:
        what = Note.of(FindingKind.TAB_BEHIND, command=command)
        if Trouble.PROGRAM_GONE in troubles:
            what = Note.of(FindingKind.TAB_PROGRAM_GONE, command=command)
        yield Finding(
            kind="tab-behind",
            what=what,
            where=str(found.placed.folder),
            fix=None if Trouble.CHANGED in troubles else partial(_write_again, ctx),
        )
    elif troubles & {Trouble.NOT_ENABLED, Trouble.OFF}:
        yield Fact(State.WAITS, Note.of(FactKind.TAB_NOT_ENABLED, command=f"{command} --enable"))
    else:
        yield Fact(State.GOOD, Note.of(FactKind.TAB_WORKS))


def _write_again(ctx: Context) -> None:
    planned = dashboard.plan(ctx.layout)
    dashboard.install(ctx.layout, planned, enable=False, replace=False)


def _unreadable(error: DistError) -> Finding:
    what = Note.of(FindingKind.POLICY_UNREADABLE, why=error.what, hint=error.hint)
    return Finding(kind="unreadable-file", what=what, where=error.where)


@check(Topic.POLICY, SETUP)
def policy(ctx: Context) -> Iterator[Finding | Fact]:
    """Find policies and keys that can't be read: nothing is accepted until they can."""
    try:
        read_keyring(ctx.layout)
    except DistError as error:
        yield _unreadable(error)
    try:
        places = [each.place for each in read_policies(ctx.layout)]
    except DistError as error:
        yield _unreadable(error)
        return
    if places:
        yield Fact(State.GOOD, Note.of(FactKind.POLICIES, places=tuple(places)))
    else:
        yield Fact(State.NONE, Note.of(FactKind.NO_POLICY))


@check(Topic.REGISTRIES, SETUP)
def known_registries(ctx: Context) -> Iterator[Finding | Fact]:
    """Find a list of registries that can't be read."""
    try:
        names = [each.name for each in ctx.registries.all()]
    except DistError as error:
        yield _unreadable(error)
        return
    yield Fact(State.GOOD, Note.of(FactKind.REGISTRIES, names=tuple(names)))


@check(Topic.SOURCES, SETUP)
def sources_untried(ctx: Context) -> Iterator[Finding | Fact]:
    """Say how the sources are tried."""
    if _packaged(ctx):
        command = ctx.command("doctor --sources")
        yield Fact(State.NONE, Note.of(FactKind.NOT_TRIED, command=command))
    else:
        yield Fact(State.NONE, Note.of(FactKind.NO_SOURCES))


def sources(ctx: Context) -> Iterator[Finding | Fact]:
    """Try the source of each profile and each registry; all at once, where they are repositories."""
    names = [name for name, _ in _packaged(ctx)]
    ask_ahead(ctx, names)
    asked = [outdated.outdated(ctx, name) for name in names]
    failed = [(str(row.profile), row.error) for row in asked if row.error]
    for registry, done in registries.sync(ctx, []):
        if isinstance(done, DistError):
            failed.append((registry.name, done))
    for name, error in failed:
        advice = error.advice(ctx.command)
        what = Note.of(FindingKind.SOURCE_FAILS, name=name, why=error.what, hint=advice)
        yield Finding(kind="source-fails", what=what, where=error.where)
    if not failed:
        yield Fact(State.GOOD, Note.of(FactKind.SOURCES_ANSWER, count=len(asked)))


INSTEAD: dict[Check, Check] = {sources_untried: sources}
"""What is run in place of a check where servers may be contacted."""
