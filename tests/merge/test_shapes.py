"""The table of shapes and the one rule."""

from __future__ import annotations

import pytest

from hermes_dist.merge import values
from hermes_dist.merge.algebra import pick
from hermes_dist.merge.shapes import Shape, shape_of
from hermes_dist.model.keypath import parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side


@pytest.mark.parametrize(
    ("path", "key", "shape"),
    [
        ("config.yaml", "toolsets", Shape.SET),
        ("config.yaml", "agent.disabled_toolsets", Shape.SET),
        ("config.yaml", "plugins.enabled", Shape.SET),
        ("config.yaml", "plugins.disabled", Shape.SET),
        ("config.yaml", "skills.enabled", Shape.SET),
        ("config.yaml", "skills.disabled", Shape.SET),
        ("config.yaml", "approvals.deny", Shape.SET),
        ("config.yaml", "a.b.c.allowed_tools", Shape.SET),
        ("config.yaml", "allowed_tools", Shape.SET),
        ("config.yaml", 'mcp_servers."x.y".tools.include', Shape.SET),
        ("config.yaml", "mcp_servers.h.tools.exclude", Shape.SET),
        ("config.yaml", "mcp_servers", Shape.MAP),
        ("config.yaml", "mcp_servers.h.enabled", Shape.OURS),
        ("config.yaml", "_config_version", Shape.OURS),
        ("config.yaml", "mcp_servers.h.command", None),
        ("config.yaml", "x.toolsets", None),
        ("config.yaml", "disabled_toolsets", None),
        ("config.yaml", "", None),
        ("skills/x/config.yaml", "toolsets", None),
        ("cron/jobs.json", "updated_at", Shape.OURS),
        ("cron/jobs.json", "jobs[id=a].enabled", Shape.OURS),
        ("cron/jobs.json", "jobs[id=a].last_delivery_error", Shape.OURS),
        ("cron/jobs.json", "jobs[id=a].model_snapshot", Shape.OURS),
        ("cron/jobs.json", "jobs[id=a].fire_claim", Shape.OURS),
        ("cron/jobs.json", "jobs[id=a].repeat.completed", Shape.OURS),
        ("cron/jobs.json", "jobs[id=a].repeat.times", None),
        ("cron/jobs.json", "jobs[id=a].prompt", None),
        ("cron/jobs.json", "jobs.a.enabled", None),
    ],
)
def test_the_table_says_the_shape_of_a_key(path: str, key: str, shape: Shape | None) -> None:
    assert shape_of(RelPath(path), parse_key(key)) is shape


@pytest.mark.parametrize("value", [1, None])
def test_the_one_rule(value: int | None) -> None:
    assert pick(value, 2, 2) is Side.OURS
    assert pick(value, 2, value) is Side.OURS
    assert pick(value, value, 2) is Side.THEIRS
    assert pick(value, value, value) is Side.OURS
    assert pick(value, 2, 3) is None
    assert pick("a", "A", "b", lambda a, b: a.lower() == b.lower()) is Side.THEIRS


def test_a_whole_value_is_one_decision_even_where_its_keys_would_merge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No row asks for it today; a row that does must not be read over."""
    path, base = RelPath("config.yaml"), {"when": {"hour": 1, "minute": 1}}
    ours, theirs = {"when": {"hour": 2, "minute": 1}}, {"when": {"hour": 1, "minute": 2}}

    def merged() -> tuple[object, list[object]]:
        merge = values.Merge(path, lambda _: None)
        return merge.value(base, ours, theirs), [*merge.conflicts]

    assert merged() == ({"when": {"hour": 2, "minute": 2}}, [])
    monkeypatch.setattr(values, "shape_of", lambda _, key: Shape.WHOLE if key else None)
    assert merged() == (ours, [("when",)])
