"""What runs commands inside skills, and which approval a covered file belongs to."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.code import Side, is_owned_by
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Effect, EffectKind
from hermes_dist.model.tree import Digest


@pytest.mark.parametrize(
    ("value", "on"),
    [
        (True, True),
        (1, True),
        ("yes", True),
        (False, False),
        (0, False),
        (2, False),
        (None, False),
        ("", False),
        (" ", False),
        ([True], False),
    ],
)
def test_commands_inside_skills_run_where_the_switch_is_on(value: object, on: bool) -> None:
    shelf = Shelf()
    tree = shelf.tree({"config.yaml": {"skills": {"inline_shell": value}}})
    assert Side(tree, shelf.read).runs_inline is on


@pytest.mark.parametrize(
    ("owner", "path", "key", "owned"),
    [
        ("config.yaml: mcp_servers.s", "config.yaml", "mcp_servers.s.command", True),
        ("config.yaml: mcp_servers.s", "config.yaml", "mcp_servers.s", True),
        ("config.yaml: mcp_servers.s", "config.yaml", "mcp_servers.t", False),
        ("config.yaml: mcp_servers.s", "other.yaml", "mcp_servers.s", False),
        ("config.yaml: mcp_servers.s", "config.yaml", "", False),
        ("hooks/h", "hooks/h", "", True),
        ("hooks/h", "hooks/other", "", False),
        # what runs inside a skill is owned by the switch, and a hook is not
        ("skills/s", "config.yaml", "skills.inline_shell", True),
        ("skills/s", "config.yaml", "approvals.mode", False),
        ("skills/s", "other.yaml", "skills.inline_shell", False),
        ("hooks/h", "config.yaml", "skills.inline_shell", False),
        ("plugins/p", "config.yaml", "skills.inline_shell", False),
    ],
)
def test_a_covered_file_goes_with_the_approval_of_what_loads_it(
    owner: str, path: str, key: str, owned: bool
) -> None:
    effect = Effect(EffectKind.RUNS, RelPath(path), key, (), Digest.of(b"x"))
    assert is_owned_by(owner, effect) is owned
