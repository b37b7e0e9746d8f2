"""The docs say what the commands do."""

from __future__ import annotations

import re
import runpy
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hermes_dist.cli.entry.exit_codes import EXIT_CODES
from hermes_dist.cli.entry.reference import modules, reference
from hermes_dist.cli.entry.verbs import NESTED, VERBS, Nested, Verb

DOCS = Path(__file__).parent.parent / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]


def test_the_reference_of_commands_is_what_the_commands_say() -> None:
    assert (DOCS / "commands.md").read_text() == reference(), "run: make docs"


def test_each_command_has_its_exit_codes_in_the_table_and_no_other_has_any() -> None:
    def names(table: Mapping[str, Verb | Nested], above: str = "") -> Iterator[str]:
        for name, found in table.items():
            if isinstance(found, Nested):
                yield from names(found.verbs, f"{above}{name} ")
            else:
                yield above + name

    assert set(EXIT_CODES) == {*names(VERBS), *names(NESTED)}, "see cli/entry/exit_codes.py"


def test_the_page_of_modules_is_what_the_modules_say() -> None:
    assert (DOCS / "modules.md").read_text() == modules(), "run: make docs"


def test_the_pages_of_fields_are_what_the_schemas_say() -> None:
    for name, text in runpy.run_path(str(DOCS / "build" / "schemas.py"))["pages"]().items():
        assert (DOCS / "reference" / name).read_text("utf-8") == text, "run: make docs"


@pytest.mark.parametrize("page", ["json.md", "lockfile.md", "manifest.md"])
def test_every_field_has_a_sentence(page: str) -> None:
    """It is the ``description`` in ``schema/``; without one, a reader sees only a name."""
    rows = (DOCS / "reference" / page).read_text("utf-8").splitlines()
    silent = [row for row in rows if re.fullmatch(r"\| `.*\|\s*\|", row)]
    assert not silent


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_named_in_the_docs_exist(page: Path) -> None:
    for verb in re.findall(
        r"(?:`|\$ )(?:hermes profile|hermes-dist) ([a-z][a-z-]+)", page.read_text()
    ):
        assert verb in {**VERBS, **NESTED, "profile": 0, "help": 0}, (
            f"{page.name} speaks of `{verb}`"
        )


def test_the_program_in_the_page_of_routes_gives_an_answer() -> None:
    source = re.findall(r"```python\n(.*?)```", (DOCS / "routes.md").read_text(), re.DOTALL)[0]
    setup, call = source.split("\n\n", 1)
    names: dict[str, object] = {}
    exec(setup, names)
    assert eval(call.strip(), names) == "coder"
