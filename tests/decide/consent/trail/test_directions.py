"""Where a script goes: it leaves its folder only by words that say so."""

from __future__ import annotations

import pytest
from shelf import Shelf

from hermes_dist.decide.consent.mentions import Names
from hermes_dist.decide.consent.reach import Reach, Start


def covered(files: dict[str, str | bytes], *words: str) -> set[str]:
    shelf = Shelf()
    return set(
        map(str, Reach(Names(shelf.tree(files)), shelf.read).of(Start(owner="s", words=words)))
    )


@pytest.mark.parametrize(
    "line",
    [
        'cd "$(dirname "$0")"',
        'cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && make',
        'cd "${0%/*}"',
        "cd .",
        'parser.add_argument("-m", "--model", help="x")',
        'parser.add_argument("--dir", default="x")',
        "ls /cd",
    ],
)
def test_a_script_that_stays_in_its_folder_finds_nothing_in_the_home(line: str) -> None:
    files: dict[str, str | bytes] = {"srv/run.sh": line, "Makefile": "", "lib/x.py": ""}
    assert covered(files, "bash", "srv/run.sh") == {"srv/run.sh"}
