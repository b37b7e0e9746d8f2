"""Comments at a value in conflict: what all sides say comes once, and line by line."""

from __future__ import annotations

import pytest

from hermes_dist.cli.package.resolve import comment_rows


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "rows"),
    [
        (["# a", "# b"], ["# a", "# b"], ["# a", "# b"], {"Comment": ["# a", "# b"]}),
        (
            ["# a"],
            ["# a", "# mine"],
            ["# a", "# new"],
            {"Comment": ["# a"], "Yours, comment": ["# mine"], "Upstream's, comment": ["# new"]},
        ),
        # Where the value is not there at all, nothing is said against a comment of the others.
        ([], ["# a"], ["# a"], {"Comment": ["# a"]}),
        ([], ["# mine"], [], {"Yours, comment": ["# mine"]}),
        (
            ["#", "#", "# a"],
            ["#", "# a"],
            ["#", "# b"],
            {
                "Comment": ["#"],
                "As received, comment": ["#", "# a"],
                "Yours, comment": ["# a"],
                "Upstream's, comment": ["# b"],
            },
        ),
        ([], [], [], {}),
    ],
)
def test_a_comment_is_told_once(
    base: list[str], ours: list[str], theirs: list[str], rows: dict[str, list[str]]
) -> None:
    found = comment_rows({"base": base, "ours": ours, "theirs": theirs})
    assert {title: list(lines) for title, lines in found if lines} == rows
