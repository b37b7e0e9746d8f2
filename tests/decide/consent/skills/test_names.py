"""What front matter calls a skill: whatever the agent's own parser reads is always among our names."""

from __future__ import annotations

import time

import pytest
import yaml
from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reach_ways import NAMES

from hermes_dist.decide.consent.skills import names as skill_names
from hermes_dist.decide.consent.skills.names import front_of, is_plain, names_in
from hermes_dist.model.paths import folded


def by_the_agent(text: str) -> list[str]:
    """The names that the agent may read: with its YAML library, and line by line where another one refuses."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if not text.startswith("---"):
        return []
    closing = skill_names._CLOSING.search(text[3:])
    if closing is None:
        return []
    front = text[3 : closing.start() + 3]
    lines = [line.split(":", 1) for line in front.strip().split("\n") if ":" in line]
    found = [value.strip() for key, value in lines if key.strip() == "name"][-1:]
    try:
        data = yaml.safe_load(front)
    except Exception:  # noqa: BLE001 - as the agent catches all
        return found
    name = data.get("name") if isinstance(data, dict) else None
    return [name] if isinstance(name, str) else []


_SCALARS = st.sampled_from(
    [
        "foo",
        '"foo"',
        "'foo'",
        '"f\\x6fo"',
        "!!str foo",
        "&a foo",
        "*a",
        ">-\n  foo",
        "|\n  foo",
        "foo\n  bar",
        "foo # bar",
        "'it''s'",
        "a: b",
        "[foo]",
        "{name: foo}",
        "",
        "yes",
        "12",
        "foo, bar",
        '"foo\nbar"',
        "ſoo",
    ]
)
_KEYS = st.sampled_from(
    [
        "name",
        '"name"',
        "'name'",
        '"n\\x61me"',
        "!!str name",
        "&k name",
        "name ",
        "? name\n",
        "<<",
        "x",
        "description",
        "- name",
        "  name",
        "tags",
        "names",
        "*a ",
        "{name",
        "\u2028name",
        "x\u2028name",
        "\tname",
        "#name",
    ]
)
_LINES = st.builds(lambda key, value: f"{key}: {value}", _KEYS, _SCALARS) | st.sampled_from(
    [
        "",
        "# note",
        "- a",
        "]",
        "}",
        "...",
        "%YAML 1.1",
        "--- ",
        "x: &a {name: foo}",
        "d: a: b",
        'd: "a',
        'b"',
        "d: 'a",
    ]
)
_FRONTS = st.builds(
    lambda first, lines, end, eol: eol.join((f"---{first}", *lines, end)) + eol + "Text.",
    st.sampled_from(["", " ", "-", " {name: foo}", "name: foo", " !!map"]),
    st.lists(_LINES, max_size=5),
    st.sampled_from(["---", "--- ", "----", ""]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)


@settings(max_examples=examples(1500))
@given(st.builds(lambda mark, text: mark + text, st.sampled_from(["", "\ufeff"]), _FRONTS))
@example('---\nd: "\nname: foo\n"\n"name": bar\n---\n')
@example("---\nd: |\nname: foo\n---\n")
def test_law_what_the_agent_reads_is_among_our_names(text: str) -> None:
    names = names_in(text.encode())
    read = by_the_agent(text)
    assert names is None or {folded(name) for name in read if name} <= {*names}


@pytest.mark.parametrize(("name", "front"), NAMES)
def test_a_name_is_found_however_it_is_spelled(name: str, front: str) -> None:
    names = names_in(f"---{front}\n---\nText.\n".encode())
    assert ("!!" in front) is (names is None)
    assert names is None or folded(name) in names


@pytest.mark.parametrize(
    "front",
    [
        'name: "foo"\nx: [{url: http://h}]\n"n\\x61me": bar',
        "x: [\nname: >-\n  foo",
        "x: [\nname: foo\n  bar",
        "x: [\n? name\n: bar",
        "x: [\ny: &a foo\nname: *a",
        "x: [\nname: !!str foo",
        "name: !other foo",
        'x: [\nname: "fo\\x6f"',
    ],
)
def test_what_cannot_be_read_for_sure_may_have_any_name(front: str) -> None:
    assert names_in(f"---\n{front}\n---\n".encode()) is None


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("name: foo\n", ()),
        ("---\nname: foo\n", ()),
        ("---\nname: foo\n---", ()),
        (" ---\nname: foo\n---\n", ()),
        ("---\n---\nname: foo\n---\n", ()),
        ("---\ndescription: d\n---\nname: foo\n---\n", ()),
        ("---\nname: [foo]\n---\n", ("[foo]",)),
        ("---\nname: Foo\ndescription: it does: this\n---\n", ("foo",)),
        ("---\nname: foo\ndescription: it does: this\nmeta:\n  author: x\n---\n", ("foo",)),
        ("---\nname: foo\ndescription: >\n  A long\n  text.\n---\n", ("foo",)),
        ("---\nname: foo\ntags:\n- a\n- b\n---\n", ("foo",)),
    ],
)
def test_a_usual_skill_has_one_name_or_none(text: str, names: tuple[str, ...]) -> None:
    assert names_in(text.encode()) == names


def test_thousands_of_usual_skills_are_read_without_a_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skill = (
        '---\nname: pdf-tools\ndescription: "Reads, writes: merges"\nversion: 1.0.0\nlicense: MIT\n'
        "metadata:\n  hermes:\n    tags: [a, b]\n    related_skills: [x]\n---\n"
    )
    assert is_plain(front_of(skill.encode()) or "")
    monkeypatch.setattr(skill_names, "_read", None)
    began = time.process_time()
    for number in range(1000):
        assert names_in(f"{skill}{number}".encode()) == ("pdf-tools",)
    assert time.process_time() - began < 1
