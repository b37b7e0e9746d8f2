"""Everything that is not ours goes to the agent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from hermes_dist.brand import Brand
from hermes_dist.ops.front_door.environment import environment, locate
from hermes_dist.world.agent import find as world


def hand_over(brand: Brand, args: Sequence[str]) -> NoReturn:
    """Become the installed agent, with the arguments and the environment as they came.

    Args:
        brand: Whose agent.
        args: The user's arguments.

    Raises:
        NoAgent: None is installed, it can't be started, or it leads back here.
    """
    env = environment()
    if world.comes_back(brand, env):
        raise world.NoAgent(
            f"the {brand.title} found here leads back to hermes-dist",
            hint=f"name the agent's own launcher in {brand.bin_variable}",
        )
    agent = world.find_agent(locate(brand, env), env)
    if agent is None:
        raise world.NoAgent(
            f"{brand.title} is not installed",
            hint=f"get it with 'pip install {brand.agent_package}', or name its launcher in {brand.bin_variable}",
        )
    world.hand_over(agent, args, env, brand)
