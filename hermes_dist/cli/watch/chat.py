"""Commands: watch chat install, remove, status."""

from __future__ import annotations

import shlex

from hermes_dist.cli.shared.command import DryRun, Profile, command
from hermes_dist.cli.shared.plugin_folder import (
    Enable,
    Replace,
    Yes,
    may_enable,
    may_replace,
    removed_words,
)
from hermes_dist.cli.shared.session import Session
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.plugins import chat as ops
from hermes_dist.ops.plugins.chat import Trouble
from hermes_dist.ops.plugins.dashboard import Installed, Tab
from hermes_dist.voice.clean import clean
from hermes_dist.voice.plugins.dashboard import (
    enabled_words,
    installed_data,
    removed_data,
)
from hermes_dist.voice.watch.watch_json import chat_data
from hermes_dist.voice.words import DRY_RUN


@command
def install(
    session: Session,
    profile: Profile = None,
    yes: Yes = False,
    enable: Enable = False,
    replace: Replace = False,
    dry_run: DryRun = False,
) -> int:
    name = session.ctx.profile(profile)
    planned = ops.plan_chat(session.ctx, name)
    if dry_run:
        session = session.with_results()
    _describe(session, planned)
    if dry_run:
        session.screen.emit(
            "watch-chat", {"profile": name, **installed_data(planned, dry_run=True)}
        )
        session.screen.say(DRY_RUN)
        return 0
    if planned.written:
        replace = replace or may_replace(session, planned)
        if not (yes or session.screen.confirm("Install it?")):
            session.screen.say("Nothing was changed.")
            return 0
    enable = enable or may_enable(session, planned, yes=yes)
    done = ops.install_chat(session.ctx, name, planned, enable=enable, replace=replace)
    session.screen.emit("watch-chat", {"profile": name, **installed_data(done, dry_run=False)})
    _report(session, name, done)
    return 0


def _describe(session: Session, planned: Installed) -> None:
    """Say what is written where, and what it starts, before anything is asked."""
    screen = session.screen
    if not planned.written:
        return
    screen.tell(f"A plugin that answers /dist goes to {planned.before.folder}.")
    screen.tell("  Each time somebody types /dist in a chat of this profile, it starts:")
    screen.tell(f"  {clean(shlex.join(planned.program))}", whole=True)


def _report(session: Session, name: ProfileName, done: Installed) -> None:
    screen = session.screen
    if done.replaced:
        screen.tell(f"What was there is kept in {done.replaced}.")
    what = "Installed the plugin" if done.written else "The plugin is in place already"
    screen.say(f"{what}, in {done.before.folder}.")
    if not done.enabled:
        screen.tell("It is not enabled yet, so the agent does not load it.")
        screen.tell(f"  enable it with: {session.command(f'watch chat install {name} --enable')}")
    elif done.written or not done.before.loaded:
        screen.tell(
            f"Restart the gateway to load it: {session.command(f'gateways restart {name}')}"
        )


@command
def remove(session: Session, profile: Profile = None) -> int:
    name = session.ctx.profile(profile)
    taken = ops.remove_chat(session.ctx, name)
    session.screen.emit("watch-chat-removed", {"profile": name, **removed_data(taken)})
    for line in removed_words(taken, "The plugin"):
        session.screen.say(line)
    return 0


@command
def status(session: Session) -> int:
    found = [(name, ops.chat_status(session.ctx, name)) for name in session.ctx.names()]
    screen = session.screen
    screen.emit("watch-chat-status", chat_data(found))
    rows = [(name, _state(tab), enabled_words(tab.placed.enabled)) for name, tab in found]
    screen.table(("Profile", "Plugin", "Enabled"), rows)
    for name, tab in found:
        if _AGAIN & set(tab.troubles):
            screen.tell(f"next: {session.command(f'watch chat install {name}')}")
    return 0


_AGAIN = {Trouble.BEHIND, Trouble.INCOMPLETE, Trouble.PROGRAM_GONE}
"""What a new installation mends."""
_STATES = {
    Trouble.ABSENT: "—",
    Trouble.FOREIGN: "not ours",
    Trouble.CHANGED: "changed by somebody",
    Trouble.INCOMPLETE: "files are missing",
    Trouble.BEHIND: "of another hermes-dist",
    Trouble.PROGRAM_GONE: "starts a hermes-dist that is gone",
}


def _state(tab: Tab) -> str:
    """The first thing that is wrong with the folder itself."""
    return next((_STATES[each] for each in tab.troubles if each in _STATES), "installed")
