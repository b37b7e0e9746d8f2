"""What is left out for want of a program is named, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from leftout import ABILITIES, PROGRAMS

TESTS = Path(__file__).parent


def test_everything_that_a_test_needs_is_named_by_the_summary() -> None:
    asked = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"mark\.needs\(\"([\w-]+)\"\)", path.read_text("utf-8"))
    }
    assert asked == {*PROGRAMS, *ABILITIES}


def test_no_test_is_skipped() -> None:
    skips = re.compile(r"pytest\.(?:skip\(|mark\.skip|importorskip)|unittest\.skip")
    assert [
        path.name
        for path in TESTS.rglob("*.py")
        if path != Path(__file__) and skips.search(path.read_text("utf-8"))
    ] == []
