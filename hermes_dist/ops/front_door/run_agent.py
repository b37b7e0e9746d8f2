"""Hand every command that is not ours to the agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from hermes_dist.brand import Brand
from hermes_dist.ops.front_door.environment import environment, locate
from hermes_dist.world.agent import find as world


def run_agent(brand: Brand, args: Sequence[str]) -> NoReturn:
    """Replace this process by the installed agent, with the arguments and environment unchanged.

    Args:
        brand: The brand whose agent to start.
        args: The user's arguments.

    Raises:
        NoAgent: No agent is installed, it can't be started, or its command leads back here.
    """
    env = environment()
    if world.comes_back(brand, env):
        raise world.NoAgent(
            f"the {brand.title} found here starts hermes-dist again",
            hint=f"name the agent's own launcher in {brand.bin_variable}",
        )
    agent = world.find_agent(locate(brand, env), env)
    if agent is None:
        raise world.NoAgent.of(brand)
    world.hand_over(agent, args, env, brand)
