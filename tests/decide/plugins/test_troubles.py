"""What keeps a plugin folder from working."""

from __future__ import annotations

import pytest

from hermes_dist.decide.plugins.enabled import Enabled
from hermes_dist.decide.plugins.marker import Marker, Standing, Whose
from hermes_dist.decide.plugins.troubles import Trouble, troubles_of

MARKER = Marker(version="1", files={})
OURS = Standing(whose=Whose.OURS, marker=MARKER)
T = Trouble


@pytest.mark.parametrize(
    ("standing", "enabled", "told", "expected"),
    [
        (OURS, Enabled.YES, {}, []),
        (OURS, Enabled.NO, {}, [T.NOT_ENABLED]),
        (OURS, Enabled.OFF, {"agent": False}, [T.OFF, T.NO_AGENT]),
        (OURS, Enabled.YES, {"current": False}, [T.BEHIND]),
        (OURS, Enabled.YES, {"current": False, "program": False}, [T.PROGRAM_GONE]),
        (Standing(whose=Whose.ABSENT), Enabled.YES, {"current": False}, [T.ABSENT]),
        (Standing(whose=Whose.FOREIGN), Enabled.NO, {"program": False}, [T.FOREIGN]),
        (
            Standing(whose=Whose.OURS, marker=MARKER, missing=("a",)),
            Enabled.YES,
            {"current": False},
            [T.INCOMPLETE],
        ),
        (
            Standing(whose=Whose.CHANGED, marker=MARKER, edited=("a",)),
            Enabled.YES,
            {"current": False},
            [T.CHANGED],
        ),
    ],
)
def test_it_names_the_first_thing_to_do_first(
    standing: Standing, enabled: Enabled, told: dict[str, bool], expected: list[Trouble]
) -> None:
    facts = {"current": True, "program": True, "agent": True, **told}
    assert list(troubles_of(standing, enabled, **facts)) == expected
