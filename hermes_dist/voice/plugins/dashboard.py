"""The tab of the agent's dashboard in words and as JSON; each object has its schema in ``schema/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hermes_dist.decide.plugins.enabled import Enabled
from hermes_dist.decide.plugins.marker import Standing, Whose
from hermes_dist.decide.plugins.troubles import Trouble
from hermes_dist.voice.clean import clean

if TYPE_CHECKING:  # types only: `dashboard answer` loads none of this
    from hermes_dist.ops.plugins.dashboard import Installed, Tab
    from hermes_dist.ops.plugins.folder import Placed, Taken

_TROUBLES = {
    Trouble.ABSENT: "not installed; to install it, run: {command} dashboard install",
    Trouble.FOREIGN: "a folder of this name is there, and hermes-dist wrote nothing in it",
    Trouble.CHANGED: "changed since hermes-dist wrote it",
    Trouble.INCOMPLETE: "files are missing; to write them again, run: {command} dashboard install",
    Trouble.BEHIND: (
        "another hermes-dist wrote it ({version}), this is {newest}; to bring it up to date, run: "
        "{command} dashboard install"
    ),
    Trouble.NOT_ENABLED: (
        "not enabled, so the dashboard does not load it; to enable it, run: {command} dashboard install --enable"
    ),
    Trouble.OFF: (
        "disabled in plugins.disabled; to enable it, run: {command} dashboard install --enable"
    ),
    Trouble.PROGRAM_GONE: (
        "the hermes-dist that it starts is gone; to point it at this one, run: {command} dashboard install"
    ),
    Trouble.NO_AGENT: "no agent was found on this machine",
}


def trouble_words(trouble: Trouble, tab: Tab, command: str) -> str:
    """Say what keeps the tab from working, and what helps.

    Args:
        trouble: The kind.
        tab: The tab.
        command: The command of the brand that is always available.
    """
    version = clean(tab.version) or "an unknown version"
    return _TROUBLES[trouble].format(command=command, version=version, newest=tab.newest)


_ENABLED = {Enabled.YES: "yes", Enabled.NO: "no", Enabled.OFF: "no: it is in plugins.disabled"}


def enabled_words(enabled: Enabled) -> str:
    """Say whether the agent loads a plugin."""
    return _ENABLED[enabled]


def whose_words(standing: Standing) -> str:
    """Say whose a folder is, and what was changed in it."""
    if standing.whose is Whose.FOREIGN:
        return "hermes-dist wrote nothing in it"
    parts = [
        f"{what}: {', '.join(map(clean, paths))}"
        for what, paths in (
            ("changed", standing.edited),
            ("added", standing.added),
            ("missing", standing.missing),
        )
        if paths
    ]
    return "; ".join(parts)


def installed_data(done: Installed, *, dry_run: bool) -> dict[str, Any]:
    """A tab that was installed, or would be."""
    return {
        "folder": str(done.before.folder),
        "before": str(done.before.standing.whose),
        "written": done.written,
        "enabled": done.enabled,
        "replaced": str(done.replaced) if done.replaced else None,
        "program": list(done.program),
        "dry_run": dry_run,
    }


def removed_data(taken: Taken) -> dict[str, Any]:
    """A tab that was removed."""
    return {
        "folder": str(taken.before.folder),
        "before": str(taken.before.standing.whose),
        "removed": list(taken.removed),
        "left": list(taken.left),
        "disabled": taken.disabled,
    }


def status_data(tab: Tab) -> dict[str, Any]:
    """The tab as it is on this machine."""
    placed: Placed = tab.placed
    agent = None
    if tab.agent:
        agent = {"argv": list(tab.agent.argv), "origin": tab.agent.origin}
    return {
        "folder": str(placed.folder),
        "whose": str(placed.standing.whose),
        "version": tab.version or None,
        "newest": tab.newest,
        "enabled": placed.loaded,
        "edited": list(placed.standing.edited),
        "added": list(placed.standing.added),
        "missing": list(placed.standing.missing),
        "program": list(tab.program),
        "agent": agent,
        "troubles": [str(trouble) for trouble in tab.troubles],
    }
