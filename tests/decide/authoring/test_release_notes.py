"""Release notes from changelogs as people write them, and from the messages of tags."""

from __future__ import annotations

import re

import budget
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.authoring.release_notes import (
    changelog_in,
    from_changelog,
    from_tag,
    section_of,
)
from hermes_dist.model.paths import RelPath

KEEP = """\
# Changelog

## [Unreleased]
- Not out yet.

## [1.3.0] - 2026-02-01
### Added
- A weekly summary.

```
## 9.9.9 is only code
```

## v1.2.1 (2026-01-05)

- A bug less.


- Another one less.
## 1.2.0
First.
[1.3.0]: https://example.org
"""


def told(text: str, version: str, before: str = "") -> list[str]:
    found = from_changelog("CHANGELOG.md", text, version, before)
    return list(found.lines) if found else []


def test_one_version_is_its_section_without_the_title() -> None:
    assert told(KEEP, "1.2.1", "1.2.0") == ["- A bug less.", "", "- Another one less."]


def test_several_versions_have_their_titles_newest_first() -> None:
    lines = told(KEEP, "1.3.0", "1.2.0")
    assert lines[:3] == ["[1.3.0] - 2026-02-01", "### Added", "- A weekly summary."]
    assert "v1.2.1 (2026-01-05)" in lines
    assert not any("Not out yet" in line or "First." in line for line in lines)


def test_an_earlier_version_alone_has_its_title() -> None:
    assert told("## 1.1\nSays it.\n", "1.2", "1.0") == ["1.1", "Says it."]


def test_without_a_version_before_only_the_new_one_counts() -> None:
    assert told(KEEP, "v1.2.0") == ["First.", "[1.3.0]: https://example.org"]
    assert told(KEEP, "1.2.1", "nightly") == told(KEEP, "1.2.1", "1.2.0")


@pytest.mark.parametrize(
    ("version", "before"), [("1.2.0", "1.3.0"), ("1.3.0", "1.3.0"), ("2.0", "1.3.0"), ("", "")]
)
def test_nothing_is_said_about_other_versions(version: str, before: str) -> None:
    assert told(KEEP, version, before) == []


@pytest.mark.parametrize(
    "text",
    [
        "1.4.0\n=====\n\n* Says it.\n\n1.3.0\n=====\n\n* Old.\n",
        "Version 1.4.0 (2026-03-01)\n--------------------------\n* Says it.\n\n1.3.0\n-----\n* Old.\n",
        "# bot 1.4.0\n* Says it.\n# bot 1.3.0\n* Old.\n",
        "\ufeff## <1.4.0>\r\n* Says it.\r\n\r\n## 1.3.0\r\n* Old.\r\n",
        "### 1.4.0 ###\n* Says it.\n### 1.3.0\n* Old.\n",
    ],
)
def test_titles_are_known_in_every_usual_spelling(text: str) -> None:
    assert told(text, "1.4.0", "1.3.0") == ["* Says it."]


def test_a_section_within_one_is_told_once() -> None:
    text = "## 1.4.0\n### Since 1.3.9\n* Says it.\n## 1.3.0\n"
    assert told(text, "1.4.0", "1.3.0") == ["### Since 1.3.9", "* Says it."]


def test_a_version_that_is_none_is_compared_as_text() -> None:
    assert told("## 1.4.0-lynx.final\nSays it.\n", "1.4.0-lynx.final", "1.3.0") == ["Says it."]


@given(st.text(), st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=budget.examples(200))
def test_any_text_is_read(text: str, version: str, before: str) -> None:
    found = from_changelog("x", text, version, before)
    assert found is None or set(found.lines) <= {line.rstrip() for line in text.splitlines()} | {
        line.strip(" \t#") for line in text.splitlines()
    } | {"", *(line.strip() for line in text.splitlines())}


def test_the_changelog_is_found_by_its_name_in_the_folder_of_the_package() -> None:
    paths = [RelPath(p) for p in ("docs/CHANGELOG.md", "changelog.py", "History.rst", "SOUL.md")]
    assert changelog_in(paths) == "History.rst"
    assert changelog_in([*paths, RelPath("CHANGELOG")]) == "CHANGELOG"
    assert changelog_in(paths[:2]) is None


def tag(message: str) -> bytes:
    head = b"object " + b"a" * 40 + b"\ntype commit\ntag v1.4.0\ntagger A <a@b> 1 +0000\n\n"
    return head + message.encode()


def test_the_message_of_a_tag_is_taken() -> None:
    found = from_tag("v1.4.0", tag("bot 1.4.0\n\n- A weekly summary.\n"), "bot 1.4.0")
    assert found is not None
    assert (found.where, found.lines) == (
        "tag v1.4.0",
        ("bot 1.4.0", "", "- A weekly summary."),
    )


@pytest.mark.parametrize("message", ["", "v1.4.0\n", "Release bot 1.4.0.\n", "Version 1.4.0"])
def test_a_message_that_only_names_the_version_says_nothing(message: str) -> None:
    assert from_tag("v1.4.0", tag(message), "bot 1.4.0") is None


def test_one_section_as_text() -> None:
    assert section_of(KEEP, "1.2.1") == "- A bug less.\n\n- Another one less."
    assert section_of(KEEP, "7.0") == ""


@pytest.mark.parametrize(
    "line", ["# " + "# " * 150_000 + "x", "# 1" + " " * 300_000 + "x", "# a\n" * 60_000]
)
def test_what_is_made_to_take_long_is_read_once(line: str) -> None:
    # Quadratic time would be minutes.
    assert from_changelog("C", line, "2.0", "1.0") is None


def test_notes_without_end_are_cut() -> None:
    found = from_changelog("C", "# 2.0\n" + "x" * 9000 + "\n" + "y\n" * 9000, "2.0", "1.0")
    assert found is not None
    assert len(found.lines) == 2000
    assert found.lines[0] == "x" * 4999 + "…"
    assert from_tag("t", b"\n\n" + b"x" * (1 << 21), "a") is not None


def test_every_usual_name_of_a_changelog_is_one() -> None:
    names = "Changelog CHANGES history NEWS releaseNotes release-notes Release_Notes releases release notes change"
    usual = r"(changelog|changes|history|news|release[-_]?notes|releases)(\.(md|markdown|rst|txt))?"
    for name in names.split():
        for ending in ("", ".md", ".Markdown", ".rst", ".TXT", ".md.txt", ".py"):
            path = RelPath(f"{name}{ending}")
            is_one = re.fullmatch(usual, path, re.IGNORECASE) is not None
            assert (changelog_in([path]) == path) == is_one
