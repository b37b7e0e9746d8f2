"""The rows of a status: of many of one kind, some are shown and the rest is counted."""

from __future__ import annotations

from hermes_dist.voice.status.standing import SHOWN, Row, shortened


def test_a_kind_with_many_rows_is_shortened_and_the_others_are_not() -> None:
    own = [Row("?", f"notes/{n}", "your own") for n in range(SHOWN + 3)]
    waiting = [Row("…", f"s{n}", "runs, needs your approval") for n in range(SHOWN)]
    loose = [Row("…", "mode", "loosens, needs your approval")]
    said = list(shortened([*own, *waiting, *loose]))
    assert said == [
        *own[:SHOWN],
        Row("", "… and 3 more; -v lists them", ""),
        *waiting,
        *loose,
    ]
