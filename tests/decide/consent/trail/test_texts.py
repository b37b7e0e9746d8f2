"""What is read of a file: all that can name another."""

from __future__ import annotations

from shelf import Shelf

from hermes_dist.decide.consent.mentions import Names
from hermes_dist.decide.consent.reach import Reach, Start


def covered(files: dict[str, str | bytes], *words: str) -> set[str]:
    shelf = Shelf()
    return set(
        map(str, Reach(Names(shelf.tree(files)), shelf.read).of(Start(owner="s", words=words)))
    )


def test_a_large_file_is_read_to_its_end() -> None:
    for size in (100_000, 131_072, 1 << 20, 3 << 20):
        for line in (". ../lib/x.sh", "python3 -m box", "cd app", "sys.path.append('box')"):
            files: dict[str, str | bytes] = {
                "srv/run.sh": "# word\n" * (size // 7) + line,
                "lib/x.sh": "",
                "box/__main__.py": "",
                "app/Makefile": "",
            }
            assert len(covered(files, "bash", "srv/run.sh")) == 2, (size, line)
            assert covered(
                {**files, "srv/run.sh": "# word\n" * (size // 7)}, "bash", "srv/run.sh"
            ) == {"srv/run.sh"}


def test_a_packed_program_may_load_any_code_but_no_content_and_no_text() -> None:
    files: dict[str, str | bytes] = {
        "srv/app.pyz": b"PK\3\4",
        "lib/x.sh": "",
        "app/Makefile": "",
        "skills/s/run.py": "",
        "docs/guide.md": "",
        "data/x.json": "",
    }
    expected = {"srv/app.pyz", "lib/x.sh", "app/Makefile"}
    assert covered(files, "python", "srv/app.pyz") == expected
