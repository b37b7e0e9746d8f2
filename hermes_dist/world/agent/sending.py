"""A message through the agent's own command for sending, which asks no model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hermes_dist.agents.chats import SEND
from hermes_dist.brand import Layout
from hermes_dist.model.paths import ProfileName
from hermes_dist.world.agent.find import Agent, run
from hermes_dist.world.agent.gateways import Answer, aimed, telling

_PATIENCE = 120.0


def send(
    agent: Agent,
    layout: Layout,
    name: ProfileName,
    target: str,
    text: Path,
    env: Mapping[str, str],
) -> Answer:
    """Send a message.

    Args:
        agent: The agent.
        layout: The layout of the brand.
        name: The profile whose bot sends it.
        target: The chat, as ``PLATFORM:CHAT``.
        text: The file that holds the message.
        env: The environment.

    Returns:
        The exit code, 0 if it was sent, and the line that says why not.

    Raises:
        DistError: The agent can't be started, or did not end in time: nobody knows whether it was sent.
    """
    ahead, handed = aimed(layout, name, env)
    # With an equals sign: the id of a chat may begin with a dash.
    words = [*ahead, *SEND, f"--to={target}", f"--file={text}"]
    done = run(agent, words, env=handed, timeout=_PATIENCE)
    return Answer(done.returncode, telling(done.stdout, done.stderr))
