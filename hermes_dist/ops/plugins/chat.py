"""The plugin folder that answers ``/dist`` in a profile's chats, where the agent's environment does not hold us."""

from __future__ import annotations

import json
from pathlib import Path

from hermes_dist import __version__
from hermes_dist.agents.chats import CHAT_PLUGIN
from hermes_dist.brand import Layout
from hermes_dist.decide.plugins.troubles import Trouble
from hermes_dist.model.paths import ProfileName
from hermes_dist.ops.context import Context
from hermes_dist.ops.plugins import dashboard, folder
from hermes_dist.ops.plugins.dashboard import PROGRAM, Installed, Tab
from hermes_dist.ops.plugins.folder import Plugin, Taken
from hermes_dist.world.load import data_folder

__all__ = ["Trouble", "chat_status", "install_chat", "plan_chat", "remove_chat", "the_chat"]

_CODE = Path(__file__).parents[2] / "chat_plugin.py"
_MANIFEST, _INIT = "plugin.yaml", "__init__.py"
_VERSION = b"@version@"


def the_chat(layout: Layout) -> Plugin:
    """Return the folder as this version puts it in place.

    Raises:
        Invalid: This Python does not know its own path, so that nothing could be started.
    """
    manifest = (data_folder("plugins") / "chat" / _MANIFEST).read_bytes()
    program = folder.program_of(layout.brand, "watch", "answer")
    files = {
        _MANIFEST: manifest.replace(_VERSION, __version__.encode()),
        _INIT: _CODE.read_bytes(),
        PROGRAM: (json.dumps(program, indent=2, ensure_ascii=False) + "\n").encode(),
    }
    return Plugin(CHAT_PLUGIN, files, _MANIFEST)


def plan_chat(ctx: Context, name: ProfileName) -> Installed:
    """Say what :func:`install_chat` would do; nothing is changed.

    Raises:
        DistError: The folder or the settings can't be read.
    """
    return dashboard.plan(_in_home(ctx, name), the_chat)


def install_chat(
    ctx: Context, name: ProfileName, planned: Installed, *, enable: bool, replace: bool
) -> Installed:
    """Put the folder into a profile's home, and let the agent load it there if somebody agreed.

    Args:
        ctx: The context.
        name: The profile.
        planned: What :func:`plan_chat` said.
        enable: Somebody agreed that the agent loads it.
        replace: Somebody agreed that a folder that is not as we left it is replaced; it is kept elsewhere.

    Raises:
        Refused: The folder is not as we left it, and nobody agreed.
        Busy: Another command holds the home.
        DistError: The folder or the settings can't be written.
    """
    layout = _in_home(ctx, name)
    return dashboard.install(layout, planned, the_chat, enable=enable, replace=replace)


def remove_chat(ctx: Context, name: ProfileName) -> Taken:
    """Take it out of the agent's list, and remove its files; what the user changed stays.

    Raises:
        Busy: Another command holds the home.
        DistError: Something can't be written or removed.
    """
    return dashboard.remove(_in_home(ctx, name), the_chat)


def chat_status(ctx: Context, name: ProfileName) -> Tab:
    """Describe the folder of a profile as it is now.

    Raises:
        DistError: The folder or the settings can't be read.
    """
    return dashboard.status(_in_home(ctx, name), ctx.env, the_chat)


def _in_home(ctx: Context, name: ProfileName) -> Layout:
    """The layout in which the agent that runs this profile looks for plugins."""
    return ctx.layout._replace(root=ctx.layout.home(name))
