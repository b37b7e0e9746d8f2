"""The table of tests that are about one generation names tests that exist, and each agent is what its row says."""

from __future__ import annotations

import json
import re
from pathlib import Path

from partners import CASES_IN_TURNS, GENERATIONS, IN_TURNS, ONE_GENERATION, Generation

TESTS = Path(__file__).parent.parent


def test_every_test_about_one_generation_exists_and_says_why() -> None:
    there = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert sorted({*ONE_GENERATION, *IN_TURNS, *CASES_IN_TURNS} - there) == []
    assert all(
        generation in GENERATIONS and len(why) > 10 for generation, why in ONE_GENERATION.values()
    )


def test_the_agent_is_the_one_that_its_row_tells_of(
    generation: Generation, agent_venv: Path, run
) -> None:
    code = (
        "import json; from importlib.metadata import version; from hermes_cli.config import DEFAULT_CONFIG as c;"
        f"print(json.dumps([version({generation.distribution!r}), c['_config_version']]))"
    )
    said = run(agent_venv / "bin" / "python", "-c", code).stdout.splitlines()[-1]
    assert json.loads(said) == [generation.version, generation.config_version]
