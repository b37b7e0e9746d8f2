"""The pages on formats and exit codes say what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from hermes_dist.decide.versions import specifiers
from hermes_dist.errors import ExitCode, worst
from hermes_dist.model.keypath import format_key, parse_key
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.lock_package import LockedPackage
from hermes_dist.model.manifest import KNOWN_FIELDS
from hermes_dist.model.source import Pin, is_range, parse_source
from hermes_dist.world.load import load_manifest, violations

DOCS = Path(__file__).parent.parent / "docs"
PACKAGE = DOCS.parent / "hermes_dist"
FORMATS = (DOCS / "formats.md").read_text("utf-8")
CODES = (DOCS / "exit-codes.md").read_text("utf-8")


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", FORMATS, re.DOTALL)
    assert found
    return found[1]


def _section(title: str) -> str:
    return FORMATS.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


def _first_column(title: str) -> list[str]:
    cells = [
        line.split(" | ")[0] for line in _section(title).splitlines() if line.startswith("| `")
    ]
    return [word for cell in cells for word in re.findall(r"`([^`]+)`", cell)]


def test_the_lockfile_shown_is_one_as_it_is_written() -> None:
    shown = _block("toml").encode()
    lock = load_lock(shown)
    assert dump_lock(lock) == shown
    told = {word for word in _first_column("The lockfile") if word.isidentifier()}
    tables = {"upstream", "authored", "released", "unfilled", "shipped", "base"}
    own = {*Lock.__struct_fields__, "format", "since"} - {"packages", "approved", "off", "more"}
    package = {*LockedPackage.__struct_fields__, *Pin._fields} - {"pin", "more"}
    assert told == (own - tables) | package
    assert all(
        f"| `{table}` |" in FORMATS
        for table in ["[[packages]]", "[consent]", *(f"[{name}]" for name in tables)]
    )
    consent = _section("The lockfile").split("| `[consent]` |")[1].split("\n")[0]
    assert "`approved`" in consent
    assert "`off`" in consent


def test_the_manifest_shown_passes_validate_and_every_field_is_told() -> None:
    shown = _block("yaml")
    assert violations(yaml.safe_load(shown), "distribution") == []
    assert load_manifest(shown.encode()).warnings == ()
    assert set(_first_column("The manifest")) == set(KNOWN_FIELDS)


@pytest.mark.parametrize(
    "form",
    [form for form in _first_column("Sources") if "…" not in form and "host.name" not in form],
)
def test_every_form_of_a_source_that_is_shown_is_one(form: str) -> None:
    assert parse_source(form)


def test_the_folder_shown_with_an_at_sign_is_that_folder() -> None:
    assert "`./bot@home/`" in FORMATS
    assert parse_source("./bot@home/").location == "./bot@home"


@pytest.mark.parametrize("text", _first_column("Version ranges"))
def test_every_range_that_is_shown_is_one(text: str) -> None:
    assert specifiers(text)
    assert is_range(text) is (text != "1.2")


@pytest.mark.parametrize(
    "key", [key for key in _first_column("Paths of conflicts") if not key.startswith("(")]
)
def test_every_key_that_is_shown_is_read_and_written_so(key: str) -> None:
    assert format_key(parse_key(key)) == key


def test_every_exit_code_of_an_error_is_told() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", CODES, re.MULTILINE)}
    assert set(ExitCode) == told


def test_the_order_of_the_exit_codes_is_told() -> None:
    order = re.search(r"in the order ([\d, ]+),\s+worst first", CODES)
    assert order is not None
    assert [int(code) for code in order[1].split(", ")] == list(map(int, ExitCode))


@pytest.mark.parametrize("code", ExitCode, ids=str)
def test_the_worst_code_counts(code: ExitCode) -> None:
    better = list(ExitCode)[list(ExitCode).index(code) :]
    assert worst(reversed(better)) is code


def test_nothing_that_ran_is_no_failure() -> None:
    assert worst([]) == 0


def test_no_exit_code_is_written_as_a_number() -> None:
    """A number in the code would be missing in the table, and so in the order."""
    for path in (*PACKAGE.glob("cli/**/*.py"), PACKAGE / "errors.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
                value = node.value.value
                assert not isinstance(value, int) or value in (True, False), (
                    f"{path.name}:{node.lineno}"
                )


def test_the_words_of_the_glossary_stand_in_order() -> None:
    words = re.findall(
        r"^\| \*\*(.+?)\*\* \|", (DOCS / "glossary.md").read_text("utf-8"), re.MULTILINE
    )
    assert words == sorted(words)
    for word in (
        "base",
        "ours",
        "theirs",
        "manifest",
        "lockfile",
        "pin",
        "ref",
        "package",
        "profile",
        "home",
        "payload",
        "placed",
        "shipped",
        "upstream",
        "parked",
        "effect",
        "consent",
        "conflict",
        "favour",
        "generation",
        "store",
        "front door",
        "brand",
        "registry",
    ):
        assert word in words
