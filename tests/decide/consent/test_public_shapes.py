"""How much a package asks: configurations in the shapes of public ones, on a machine in use and on a bare one."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest
import yaml
from public_shapes import Config, every_shape

from hermes_dist.decide.consent.review import Group, grouped
from hermes_dist.decide.consent.settings import setting_effects
from hermes_dist.decide.consent.switches import Judge

EXAMPLES = Path(__file__).parents[3] / "examples"
MADE = list(every_shape())
SHIPPED = [
    (name, "openrouter", yaml.safe_load((EXAMPLES / name / "config.yaml").read_text()))
    for name in ("coder", "research-bot")
]
MOST, USUAL = 8, 2


def lines(config: Config, *known: str) -> tuple[Group, ...]:
    """The lines that a configuration asks with where none was; nothing of it is on yet."""
    return grouped(setting_effects({}, config, config, Judge(), lambda: frozenset(known)))


def test_there_are_enough_shapes() -> None:
    assert len(MADE) >= 40
    assert len({str(config) for _, _, config in MADE}) >= 30


@pytest.mark.parametrize("bare", [False, True], ids=["in use", "bare"])
def test_the_median_asks_with_two_lines_and_none_with_more_than_eight(bare: bool) -> None:
    counts = {
        name: len(lines(config, *(() if bare else (provider, "tavily"))))
        for name, provider, config in [*MADE, *SHIPPED]
    }
    assert median(counts.values()) <= USUAL, counts
    assert max(counts.values()) <= MOST, counts


@pytest.mark.parametrize(
    ("name", "provider", "config"), SHIPPED, ids=[name for name, *_ in SHIPPED]
)
def test_an_example_asks_for_its_servers_and_on_a_bare_machine_for_its_provider(
    name: str, provider: str, config: Config
) -> None:
    servers = {f"mcp_servers.{server}" for server in config.get("mcp_servers", {})}
    assert {group.name for group in lines(config, provider, "tavily")} == servers
    assert {group.name for group in lines(config)} - servers == {"model"}
