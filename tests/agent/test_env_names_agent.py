"""Every variable that the installed agent reads has its class: a release that reads a new one is met by a red test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hermes_dist.decide.environment.names import EnvClass, class_of

READ = re.compile(
    r"(?i:env|secret)[^\n\"'(\[=,]*(?:\([^()\n\"']*\))?[^\n\"'(\[=,]*"
    r"(?<!\.startswith)[(\[]\s*[\"']([A-Z][A-Z0-9_]{2,})[\"']"
)
"""A name in quotes that is handed to what speaks of the environment or of secrets: the standard functions and mappings,
and the agent's own around them. Text is searched, not syntax: that finds what stands in code within code, too, and takes
a tenth of the time."""
NO_NAMES = frozenset({"PROCESS"})
"""What is handed to such a function and names no variable: a scope in a script for Windows."""


def test_every_variable_that_the_agent_reads_has_its_class(agent_venv: Path) -> None:
    names = set(_names(next(agent_venv.glob("lib/python3*/site-packages")))) - NO_NAMES
    assert len(names) > 900
    assert {"OPENROUTER_API_KEY", "HERMES_HOME"} <= names
    assert sorted(name for name in names if class_of(name) is EnvClass.UNKNOWN) == []


def _names(site: Path) -> Iterator[str]:
    record = next(site.glob("hermes_agent*.dist-info/RECORD")).read_text("utf-8")
    for line in record.splitlines():
        path = site / line.split(",")[0]
        if path.suffix == ".py" and ".." not in path.parts and path.is_file():
            yield from READ.findall(path.read_text("utf-8"))
