"""A message through the agent's own command for sending, which asks no model.

That command also writes what it sends into the conversation of the chat, as words of the model. What a stranger wrote
must not get there, so such a message is sent with this copy switched off, or without the stranger's words.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from hermes_dist.agents.chats import SEND, TRANSCRIPT
from hermes_dist.brand import Brand, Layout
from hermes_dist.light import NamedTuple
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.agent.find import Agent, head_of, run
from hermes_dist.world.agent.gateways import Answer, aimed, telling

_PATIENCE = 120.0
_COPIES = 97
"""The exit code if the copy can't be switched off; nothing was sent then."""
_WITHOUT_COPY = """
import sys
sys.argv[0] = {launcher!r}
from {program}.main import main
try:
    import {module} as transcript
    getattr(transcript, {function!r})
except (ImportError, AttributeError):
    sys.exit({copies})
setattr(transcript, {function!r}, lambda *args, **named: False)
sys.exit(main())
"""


class Texts(NamedTuple):
    """The files of a message: with all words, and without those of a stranger."""

    whole: Path
    own: Path


def send(
    agent: Agent,
    layout: Layout,
    name: ProfileName,
    target: str,
    texts: Texts,
    env: Mapping[str, str],
) -> Answer:
    """Send a message.

    Args:
        agent: The agent.
        layout: The layout of the brand.
        name: The profile whose bot sends it.
        target: The chat, as ``PLATFORM:CHAT``.
        texts: The files that hold the message.
        env: The environment.

    Returns:
        The exit code, 0 if it was sent, and the line that says why not.

    Raises:
        DistError: The agent can't be started, or did not end in time: nobody knows whether it was sent.
    """
    ahead, handed = aimed(layout, name, env)
    # With an equals sign: the id of a chat may begin with a dash.
    words = [*ahead, *SEND, f"--to={target}"]
    apart = _without_copy(agent, layout.brand)
    if apart is not None:
        done = run(apart, [*words, f"--file={texts.whole}"], env=handed, timeout=_PATIENCE)
        if done.returncode != _COPIES:
            return Answer(done.returncode, telling(done.stdout, done.stderr))
    done = run(agent, [*words, f"--file={texts.own}"], env=handed, timeout=_PATIENCE)
    return Answer(done.returncode, telling(done.stdout, done.stderr))


def _without_copy(agent: Agent, brand: Brand) -> Agent | None:
    """The agent, started in its own Python with the copy switched off; None if that Python can't be found."""
    python = _python_of(agent)
    if python is None:
        return None
    module, function = TRANSCRIPT
    code = _WITHOUT_COPY.format(
        launcher=str(agent.launcher),
        program=brand.agent_module,
        module=module,
        function=function,
        copies=_COPIES,
    )
    return agent._replace(argv=(python, "-P", "-c", code))


def _python_of(agent: Agent) -> str | None:
    """The interpreter that runs the agent, as its launcher says."""
    if "-m" in agent.argv:
        return sys.executable
    line = head_of(agent.launcher).partition("\n")[0]
    python = line.removeprefix("#!").strip()
    named = line.startswith("#!") and os.path.basename(python).startswith("python")
    return python if named and os.access(python, os.X_OK) else None
