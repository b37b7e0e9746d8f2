from __future__ import annotations

import pytest

from hermes_dist.decide.policies import side_of
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side

POLICIES = {
    "SOUL.md": "keep",
    "skills/": "theirs",
    "skills/own/SKILL.md": "merge",
    "config.yaml": "keep",
    "config.yaml: model": "theirs",
    "config.yaml: model.default": "merge",
    "config.yaml: a[": "theirs",
}


@pytest.mark.parametrize(
    ("path", "key", "side"),
    [
        ("SOUL.md", "", Side.OURS),
        ("SOUL.md.old", "", None),
        ("skills/x/SKILL.md", "description", Side.THEIRS),
        ("skills/own/SKILL.md", "", None),
        ("skills2/x.md", "", None),
        ("config.yaml", "", Side.OURS),
        ("config.yaml", "agent.max_turns", Side.OURS),
        ("config.yaml", "model", Side.THEIRS),
        ("config.yaml", "model.provider", Side.THEIRS),
        ("config.yaml", "model.default", None),
        ("config.yaml", "modelling", Side.OURS),
        ("cron/jobs.json", "jobs[id=a].prompt", None),
    ],
)
def test_the_nearest_policy_of_an_author_settles_a_conflict(
    path: str, key: str, side: Side | None
) -> None:
    assert side_of(POLICIES, RelPath(path), key) is side
