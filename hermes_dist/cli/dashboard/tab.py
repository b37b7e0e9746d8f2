"""Commands: dashboard install, remove, status."""

from __future__ import annotations

import shlex

from hermes_dist.cli.shared.command import DryRun, command
from hermes_dist.cli.shared.plugin_folder import (
    Enable,
    Replace,
    Yes,
    may_enable,
    may_replace,
    removed_words,
)
from hermes_dist.cli.shared.session import Session
from hermes_dist.ops.plugins import dashboard as ops
from hermes_dist.ops.plugins.dashboard import Installed, Tab
from hermes_dist.voice.clean import clean
from hermes_dist.voice.plugins.dashboard import (
    enabled_words,
    installed_data,
    removed_data,
    status_data,
    trouble_words,
    whose_words,
)
from hermes_dist.voice.words import DRY_RUN


@command
def install(
    session: Session,
    yes: Yes = False,
    enable: Enable = False,
    replace: Replace = False,
    dry_run: DryRun = False,
) -> int:
    planned = ops.plan(session.ctx.layout)
    if dry_run:
        session = session.with_results()
    _describe(session, planned)
    if dry_run:
        session.screen.emit("dashboard", installed_data(planned, dry_run=True))
        session.screen.say(DRY_RUN)
        return 0
    if planned.written:
        replace = replace or may_replace(session, planned)
        if not (yes or session.screen.confirm("Install it?")):
            session.screen.say("Nothing was changed.")
            return 0
    enable = enable or may_enable(session, planned, yes=yes)
    done = ops.install(session.ctx.layout, planned, enable=enable, replace=replace)
    session.screen.emit("dashboard", installed_data(done, dry_run=False))
    _report(session, done)
    return 0


def _describe(session: Session, planned: Installed) -> None:
    """Say what is written where, and what it starts, before anything is asked."""
    screen = session.screen
    if not planned.written:
        return
    screen.tell(f"The tab Packages goes to {planned.before.folder}.")
    screen.tell("  The agent's dashboard runs its plugin_api.py, which starts for each request:")
    screen.tell(f"  {clean(shlex.join(planned.program))}", whole=True)


def _report(session: Session, done: Installed) -> None:
    screen, command = session.screen, session.brand.dist_command
    if done.replaced:
        screen.tell(f"What was there is kept in {done.replaced}.")
    what = "Installed the tab Packages" if done.written else "The tab Packages is in place already"
    screen.say(f"{what}, in {done.before.folder}.")
    if not done.enabled:
        screen.tell("It is not enabled yet, so the dashboard does not load it.")
        screen.tell(f"  enable it with: {command} dashboard install --enable")
    elif done.written or not done.before.loaded:
        screen.tell(f"Start the dashboard again to see it: {session.brand.name} dashboard")


@command
def remove(session: Session) -> int:
    taken = ops.remove(session.ctx.layout)
    session.screen.emit("dashboard-removed", removed_data(taken))
    for line in removed_words(taken, "The tab Packages"):
        session.screen.say(line)
    return 0


@command
def status(session: Session) -> int:
    tab = ops.status(session.ctx.layout, session.ctx.env)
    screen = session.screen
    screen.emit("dashboard-status", status_data(tab))
    screen.fields(_facts(tab))
    for trouble in tab.troubles:
        screen.warn(trouble_words(trouble, tab, session.brand.dist_command))
    return 0


def _facts(tab: Tab) -> list[tuple[str, str]]:
    standing = tab.placed.standing
    agent = "none found"
    if tab.agent:
        agent = clean(" ".join(tab.agent.argv))
    changed = whose_words(standing)
    return [
        ("Folder", str(tab.placed.folder)),
        ("Version", clean(tab.version) or "—"),
        ("Enabled", enabled_words(tab.placed.enabled)),
        *([("Changed", changed)] if changed else []),
        ("Starts", clean(shlex.join(tab.program)) or "—"),
        ("Agent", agent),
    ]
