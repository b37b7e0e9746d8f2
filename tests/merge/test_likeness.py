"""Likeness: what two files have in common that says something, measured on generated packages."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from budget import examples
from templated import KINDS, case_of, found


def skill(name: str, *body: str) -> str:
    lines = ["---", f"name: {name}", "description: x", "version: 1.0.0", "---", "", f"# {name}", ""]
    return "\n".join([*lines, "## When to use", "", *body, "", "## Steps", "", "---", ""])


def test_blank_lines_rules_and_stock_headings_are_no_likeness() -> None:
    tides = skill("tides", "When the sea is asked about.", "Read the table of the harbour.")
    invoices = skill("invoices", "When money is owed.", "Write down who owes how much.")
    assert not found({"skills/tides/SKILL.md": tides}, {"skills/invoices/SKILL.md": invoices})


def test_what_other_files_of_the_package_say_too_is_no_likeness() -> None:
    stock = [f"Every skill of this package says sentence number {n}." for n in range(9)]
    body = {
        name: skill(name, *stock, f"Only {name} says so.", f"And {name}s that.") for name in "abcd"
    }
    stays = {f"skills/{name}/SKILL.md": body[name] for name in "cd"}
    base = {**stays, "skills/a/SKILL.md": body["a"]}
    assert not found(base, {**stays, "skills/b/SKILL.md": body["b"]})


def test_the_name_in_the_front_matter_tells_which_of_two_is_meant() -> None:
    lines = [f"Sentence number {n} is quite long." for n in range(8)]
    old = {"skills/x/SKILL.md": skill("tides", *lines)}
    side = {
        "skills/y/SKILL.md": skill("other", *lines),
        "skills/z/SKILL.md": skill("tides", *lines[:6], "Two sentences", "are new ones."),
    }
    assert found(old, side) == {"skills/x/SKILL.md": "skills/z/SKILL.md"}


def test_two_jobs_of_equal_settings_and_other_prompts_are_two_jobs() -> None:
    same = '"schedule": "0 9 * * *",\n"deliver": "origin",\n"enabled": true,\n"model": "default"'
    one, two = (
        f'{{\n"name": "{name}",\n{same},\n"prompt": "{prompt}"\n}}\n'
        for name, prompt in (("tides", "Tell the tides."), ("bills", "Pay what is due."))
    )
    assert not found({"cron/tides.json": one}, {"cron/bills.json": two})


@pytest.mark.parametrize("kind", KINDS)
def test_unrelated_files_of_one_template_are_never_a_rename(kind: str) -> None:
    rng = random.Random(kind)
    for number in range(examples(12_000)):
        case = case_of(rng, kind, rename=False)
        assert not found(case.base, case.side), (number, case.old, case.new)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_renamed_and_edited_is_found(kind: str) -> None:
    rng = random.Random(kind)
    tally: Counter[bool] = Counter()
    for _ in range(examples(4_000, least=300)):
        case = case_of(rng, kind, rename=True, edited=rng.uniform(0, 0.4))
        tally[found(case.base, case.side) == {case.old: case.new}] += 1
    assert tally[True] >= 0.95 * tally.total(), tally


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_the_name_at_the_top_of_a_document_tells_which_of_two_is_meant(suffix: str) -> None:
    lines = [f"line{n}: This is sentence number {n} of it." for n in range(8)]

    def document(name: str, *more: str) -> str:
        return "\n".join([f"name: {name}", *more, ""])

    old = {f"jobs/x{suffix}": document("tides", *lines)}
    side = {
        f"jobs/y{suffix}": document("other", *lines),
        f"jobs/z{suffix}": document(
            "tides", *lines[:6], "two: Two sentences", "are: are new ones."
        ),
    }
    assert found(old, side) == {f"jobs/x{suffix}": f"jobs/z{suffix}"}


def test_a_name_in_one_of_two_files_alone_does_not_make_them_two() -> None:
    settings = [f"key{n}: {n}" for n in range(12)]
    plain, named = "\n".join([*settings, ""]), "\n".join(["name: tides", *settings, ""])
    assert found({"a/x.yaml": plain}, {"b/y.yaml": named}) == {"a/x.yaml": "b/y.yaml"}
    other = "\n".join(["name: bills", *settings, ""])
    assert found({"a/x.yaml": other}, {"b/y.yaml": named}) == {}
