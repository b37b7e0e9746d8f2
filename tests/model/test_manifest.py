"""Manifests as public repositories hold them."""

from __future__ import annotations

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model.documents.api import load_manifest_data, parse_manifest_text
from hermes_dist.model.manifest import EnvVar, Manifest, parse_manifest, same_as_dumped
from hermes_dist.model.notes import Note, NoteKind
from hermes_dist.voice.notes import sentence, words_of


def read(text: str) -> Manifest:
    doc = parse_manifest_text(text.encode())
    return parse_manifest(doc.value, doc)


def told(text: str) -> list[str]:
    return [sentence(odd.note) for odd in read(text).warnings]


def test_a_whole_manifest_is_read_field_by_field() -> None:
    manifest = read(
        """\
# A comment.
name: research-bot
version: "1.2.0"
description: Reads papers.
hermes_requires: ">=0.18.0"
author: Ada
license: MIT
homepage: https://example.org
repository: https://github.com/you/research-bot
keywords: [papers, citations]
dependencies: {other: ^1}
signing_key: "ssh-ed25519 AAAA"
merge: {SOUL.md: keep, "config.yaml: model": theirs}
env_requires:
  - name: API_KEY
    description: A key
  - {name: MODE, required: false, default: fast}
distribution_owned: [SOUL.md, skills/]
"""
    )
    assert manifest == Manifest(
        name="research-bot",
        version="1.2.0",
        description="Reads papers.",
        hermes_requires=">=0.18.0",
        author="Ada",
        license="MIT",
        homepage="https://example.org",
        repository="https://github.com/you/research-bot",
        keywords=("papers", "citations"),
        dependencies={"other": "^1"},
        signing_key="ssh-ed25519 AAAA",
        merge={"SOUL.md": "keep", "config.yaml: model": "theirs"},
        env=(EnvVar("API_KEY", "A key"), EnvVar("MODE", required=False, default="fast")),
        owned=manifest.owned,
    )
    assert manifest.owned == ("SOUL.md", "skills")
    assert manifest.warnings == ()
    assert manifest.label == "research-bot@1.2.0"


def test_a_name_is_enough() -> None:
    manifest = read("name: x")
    assert manifest == Manifest(name="x")
    assert manifest.label == "x"
    assert manifest.owned is None


@pytest.mark.parametrize(
    "text", ["version: 1", "name:", 'name: ""', "name: []", "name: {a: b}", "name: [a]"]
)
def test_without_a_name_it_is_refused_with_the_place_and_a_way_out(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(text)
    assert caught.value.where == "distribution.yaml:1: name"
    assert "name: my-agent" in caught.value.hint


@pytest.mark.parametrize("data", [None, [], "x", 1])
def test_what_is_no_map_is_refused(data: object) -> None:
    with pytest.raises(Invalid, match="map of fields"):
        parse_manifest(data)


@pytest.mark.parametrize("name", ["Exo Executive Agent", "LhqgSalesAgent", "24h-assistant", "日本"])
def test_a_name_with_spaces_or_capitals_is_kept(name: str) -> None:
    assert read(f"name: {name}").name == name


@pytest.mark.parametrize(
    ("written", "version"),
    [
        ("0.0.2.63", "0.0.2.63"),
        ("1.10", "1.10"),
        ("1.0", "1.0"),
        ("0123", "0123"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("1_0", "1_0"),
        ("1e3", "1e3"),
        ("no", "no"),
        ('"1.10"', "1.10"),
        ("1", "1"),
        ("1.10   # bumped", "1.10"),
        ("~", ""),
        ("", ""),
        ("[1, 2]", "1, 2"),
        (".nan", ".nan"),
        ("v1.0-rc1", "v1.0-rc1"),
    ],
)
def test_a_version_is_as_it_is_written_whatever_yaml_makes_of_it(
    written: str, version: str
) -> None:
    assert read(f"name: x\nversion: {written}\n").version == version
    assert read(f"name: x\r\nversion: {written}\r\n").version == version
    assert (
        read(f"# version: 9\nother:\n  version: 8\nname: x\n'version' : {written}\n").version
        == version
    )


def test_names_and_requirements_that_yaml_takes_for_numbers_are_as_written() -> None:
    manifest = read("name: 007\nhermes_requires: 0.20\n")
    assert (manifest.name, manifest.hermes_requires) == ("007", "0.20")


def test_environment_as_a_list_of_strings() -> None:
    assert read("name: x\nenv_requires: [A_KEY, B_KEY]").env == (EnvVar("A_KEY"), EnvVar("B_KEY"))


def test_environment_as_a_map() -> None:
    env = read(
        "name: x\nenv_requires:\n  A: what it is\n  B: {description: d, required: false}\n"
    ).env
    assert env == (EnvVar("A", "what it is"), EnvVar("B", "d", required=False))


def test_environment_as_a_list_of_one_key_maps() -> None:
    assert read("name: x\nenv_requires:\n  - A_KEY: what it is\n").env == (
        EnvVar("A_KEY", "what it is"),
    )


def test_desc_for_description_in_variables_and_at_the_top() -> None:
    manifest = read("name: x\ndesc: hello\nenv_requires: [{name: A, desc: a thing}]")
    assert manifest.env == (EnvVar("A", "a thing"),)
    assert manifest.description == "hello"
    assert [sentence(odd.note) for odd in manifest.warnings] == [
        "distribution.yaml:2: desc: it is read as description"
    ]
    assert read("name: x\ndesc: a\ndescription: b").description == "b"


def test_a_variable_with_spaces_is_kept_and_marked_as_unusable() -> None:
    manifest = read("name: x\nenv_requires: [{name: MY KEY}, {name: lower}, {name: GOOD_1}]")
    assert [var.usable for var in manifest.env] == [False, False, True]
    assert len(manifest.warnings) == 2
    assert "never written" in words_of(manifest.warnings[0].what)


@pytest.mark.parametrize("name", ["A\nB", "A=1", "A\u202e", "1A", "Ä", "A-B", "$(id)", "A "])
def test_what_is_no_variable_is_never_usable(name: str) -> None:
    assert not EnvVar(name).usable


def test_variables_without_a_name_are_left_out_and_told() -> None:
    manifest = read(
        "name: x\nenv_requires: [{description: d, required: true}, 5, [A], {name: ''}, {name: A}, A]"
    )
    assert [var.name for var in manifest.env] == ["A"]
    assert len(manifest.warnings) == 4
    assert [odd.steps for odd in manifest.warnings] == [
        ("env_requires", number) for number in (0, 1, 2, 3)
    ]


@pytest.mark.parametrize("row", ["description: d", "desc: d", "required: true", "default: x"])
def test_a_row_with_nothing_but_one_known_field_is_no_variable_of_that_name(row: str) -> None:
    manifest = read(f"name: x\nenv_requires:\n  - {row}\n")
    assert manifest.env == ()
    assert [sentence(odd.note) for odd in manifest.warnings] == [
        "distribution.yaml:3: env_requires[0]: it has no name and was left out"
    ]


def test_every_oddity_names_field_and_line() -> None:
    text = """\
# A comment.
name: x
post_install: rm
env_requires:
  - name: KEY
    description: a

  - description: b
    name: 5bad
  - description: c
    required: false
distribution_owned:
- SOUL.md
- ../up
merge:
  # which
  SOUL.md: maybe
  "config.yaml: a.b": never
keywords: a
icon: b
"""
    assert told(text) == [
        "distribution.yaml:3: unknown fields, kept and not acted on: icon, post_install",
        "distribution.yaml:9: env_requires[1].name: '5bad' is not a valid variable name and is never written",
        "distribution.yaml:10: env_requires[2]: it has no name and was left out",
        "distribution.yaml:14: distribution_owned[1]: '../up' is not a safe path and was left out",
        "distribution.yaml:17: merge.SOUL.md: 'maybe' is not one of keep, theirs, merge and was left out",
        "distribution.yaml:18: merge.config.yaml: a.b: 'never' is not one of keep, theirs, merge and was left out",
    ]
    assert told(text.replace("\n", "\r\n")) == told(text)
    assert told("\ufeff" + text) == told(text)


def test_an_oddity_of_a_map_of_variables_names_the_variable_and_its_line() -> None:
    found = told("name: x\nenv_requires:\n  GOOD: a\n  bad one: b\n")
    assert found == [
        "distribution.yaml:4: env_requires.bad one.name: 'bad one' is not a valid variable name and is never written"
    ]


def test_the_line_of_an_oddity_is_the_nearest_that_is_there() -> None:
    assert told("name: x\nenv_requires: [5, {a: b,\n c: d}]\n") == [
        "distribution.yaml:2: env_requires[0]: it has no name and was left out",
        "distribution.yaml:2: env_requires[1]: it has no name and was left out",
    ]


def test_an_oddity_that_only_moved_is_the_same() -> None:
    assert read("name: x\nmerge: keep").warnings == read("# new\nname: x\n\nmerge: keep").warnings


def test_without_a_text_an_oddity_names_the_field_alone() -> None:
    assert sentence(parse_manifest({"name": "x", "merge": "keep"}).warnings[0].note).startswith(
        "distribution.yaml: merge: "
    )


def test_a_name_that_is_no_text_is_refused_with_its_line() -> None:
    with pytest.raises(Invalid) as caught:
        read("version: 1.0.0\n\nname:\n  a: b\n")
    assert caught.value.where == "distribution.yaml:3: name"


def test_environment_of_another_shape_is_told() -> None:
    assert told("name: x\nenv_requires: yes please") == [
        "distribution.yaml:2: env_requires: it is not a list and was not understood"
    ]


@pytest.mark.parametrize(
    ("written", "required"),
    [
        ("true", True),
        ("no", False),
        ('"false"', False),
        ("~", False),
        ("0", False),
        ('"yes"', True),
        ('"No"', False),
    ],
)
def test_required_in_every_spelling(written: str, required: bool) -> None:
    assert (
        read(f"name: x\nenv_requires: [{{name: A, required: {written}}}]").env[0].required
        is required
    )


@pytest.mark.parametrize(
    ("written", "default"),
    [("8080", "8080"), ("true", "true"), ("off", "false"), ("[a]", None), ("~", None), ('""', "")],
)
def test_a_default_is_text(written: str, default: str | None) -> None:
    assert (
        read(f"name: x\nenv_requires: [{{name: A, default: {written}}}]").env[0].default == default
    )


def test_unknown_fields_are_kept_and_named_once() -> None:
    manifest = read(
        "name: x\npost_install: rm -rf /\nskills: [a]\nsource: github.com/x/y\ninstalled_at: now\n1: 2"
    )
    assert manifest.unknown == {"post_install": "rm -rf /", "skills": ["a"], "1": 2}
    assert [words_of(odd.what) for odd in manifest.warnings] == [
        "unknown fields, kept and not acted on: 1, post_install, skills"
    ]


@pytest.mark.parametrize(
    ("written", "owned"),
    [
        (
            "[SOUL.md, ./skills/, /cron/, 'plugins/*', 'scripts/**', ./././a]",
            ["SOUL.md", "skills", "cron", "plugins", "scripts", "a"],
        ),
        ("SOUL.md, skills/ cron", ["SOUL.md", "skills", "cron"]),
        ("[a, a/, a]", ["a"]),
        ("[]", None),
        ("~", None),
        ("''", None),
    ],
)
def test_owned_paths_in_every_spelling(written: str, owned: list[str] | None) -> None:
    manifest = read(f"name: x\ndistribution_owned: {written}")
    assert manifest.owned == (None if owned is None else tuple(owned))
    assert manifest.warnings == ()


@pytest.mark.parametrize("item", [".", "./", "/", "'*'", "'**'", "./*", "''"])
def test_owning_the_whole_package_is_as_saying_nothing_and_is_told(item: str) -> None:
    manifest = read(f"name: x\ndistribution_owned: [SOUL.md, {item}]")
    assert manifest.owned is None
    assert "whole package" in words_of(manifest.warnings[0].what)


def test_unsafe_owned_paths_are_left_out_and_told() -> None:
    manifest = read("name: x\ndistribution_owned: [../x, 'skills/**/*.md', {a: b}, .git, SOUL.md]")
    assert manifest.owned == ("SOUL.md",)
    assert len(manifest.warnings) == 4
    assert read("name: x\ndistribution_owned: [../x]").owned == ()
    odd = read("name: x\ndistribution_owned: {a: b}").warnings[0]
    assert odd.what.kind is NoteKind.NOT_A_LIST


def test_authors_licenses_and_keywords_in_free_form() -> None:
    manifest = read(
        "name: x\nauthor: {name: Ada, email: a@b.c, n: [1]}\nlicense: [MIT, Apache-2.0]\nkeywords: 'a, b  c,'\n"
    )
    assert manifest.author == "Ada a@b.c"
    assert manifest.license == "MIT, Apache-2.0"
    assert manifest.keywords == ("a", "b", "c")
    assert read("name: x\nkeywords: ''").keywords == ()


def test_merge_policies_of_other_kinds_are_told() -> None:
    manifest = read("name: x\nmerge: {b: nuke, a: keep, c: [x]}")
    assert manifest.merge == {"a": "keep"}
    assert [odd.steps for odd in manifest.warnings] == [("merge", "b"), ("merge", "c")]
    assert read("name: x\nmerge: keep").warnings[0].what.kind is NoteKind.NOT_A_MAP_OF_PATHS


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "dependencies: [{name: turbofit, repo: a/b, install: 'hermes skills install'}]",
            ("turbofit",),
        ),
        ("dependencies: {a: {git: b}}", ()),
        ("dependencies: requests", ("requests",)),
        ("dependencies: 3", ()),
        ("dependencies: [{name: a}, {name: 3}, {pip: b}]", ("a",)),
    ],
)
def test_dependencies_that_are_written_for_another_program_are_told(
    text: str, names: tuple[str, ...]
) -> None:
    """The agent does not know the field, and installs such a package."""
    manifest = read(f"name: x\n{text}")
    assert manifest.dependencies is None
    (odd,) = manifest.warnings
    assert (odd.steps, odd.line) == (("dependencies",), 2)
    assert odd.what == Note.of(NoteKind.FOR_ANOTHER_PROGRAM, names=names)


@pytest.mark.parametrize(
    "text",
    [
        "dependencies: []",
        "dependencies: {}",
        "dependencies: {style: ^1, tone: 2}",
        "dependencies: [style, {name: x}]",
        "dependencies: [{source: a/b, name: x}]",
    ],
)
def test_dependencies_that_can_be_packs_are_kept_and_judged_where_they_are_read(text: str) -> None:
    manifest = read(f"name: x\n{text}")
    assert manifest.warnings == ()
    assert manifest.dependencies is not None


def test_nine_kilobytes_of_comments_a_mark_and_windows_line_ends_do_no_harm() -> None:
    text = "\ufeff" + "# lots of words\r\n" * 600 + "name: x\r\nversion: 1.10\r\n"
    assert read(text).label == "x@1.10"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
_FIELDS = st.sampled_from(
    [
        "name",
        "version",
        "description",
        "desc",
        "author",
        "env_requires",
        "distribution_owned",
        "merge",
        "keywords",
        "hermes_requires",
        "dependencies",
        "extends",
        "x",
    ]
)


@settings(max_examples=examples(2000), deadline=None)
@given(st.dictionaries(_FIELDS, _VALUES))
def test_law_any_data_with_a_name_is_read_and_any_other_refused(data: dict[str, object]) -> None:
    try:
        manifest = parse_manifest(data)
    except Invalid:
        assert not isinstance(data.get("name"), str) or not str(data["name"]).strip()
        return
    assert manifest.name
    assert all(isinstance(var.name, str) and var.name for var in manifest.env)
    assert all(isinstance(word, str) for word in manifest.keywords)


AUTHORS = """\
# Mine.
name: bot
version: 1.10
description: "Reads."
author: Ada
env_requires:
  - name: A
    description: a
    required: true
    default: 8080
  - {name: B, required: false}
distribution_owned: [SOUL.md, skills/]
post_install: x
"""
DUMPED = """\
name: my-profile
version: '1.1'
description: Reads.
author: Ada
env_requires:
- name: A
  description: a
  default: 8080
- name: B
  description: ''
  required: false
distribution_owned:
- SOUL.md
- skills
source: https://github.com/you/bot
installed_at: '2025-01-01T00:00:00+00:00'
"""


def _same(authors: str, found: str) -> bool:
    return same_as_dumped(load_manifest_data(authors.encode()), load_manifest_data(found.encode()))


def test_the_agents_own_dump_counts_as_the_authors() -> None:
    assert _same(AUTHORS, DUMPED)
    assert _same("name: bot", "name: x\nversion: 0.1.0\nsource: y\n")
    assert _same(AUTHORS, AUTHORS.replace("post_install: x\n", ""))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("'1.1'", "'1.2'"),
        ("Reads.", "Writes."),
        ("author: Ada", "author: Eve"),
        ("8080", "9090"),
        ("8080", "'8080'"),
        ("required: false", "required: true"),
        ("- skills\n", "- skills\n- cron\n"),
        ("- name: B", "- name: C"),
        ("source:", "homepage:"),
        ("author: Ada\n", ""),
        ("version: '1.1'\n", ""),
    ],
)
def test_a_dump_that_was_edited_is_an_edit(old: str, new: str) -> None:
    assert old in DUMPED
    assert not _same(AUTHORS, DUMPED.replace(old, new))


@pytest.mark.parametrize(
    "authors",
    [
        "name: x\nenv_requires: [A]",
        "name: x\nenv_requires: {A: b}",
        "name: x\ndistribution_owned: a",
    ],
)
def test_what_the_agent_would_refuse_it_did_not_dump(authors: str) -> None:
    assert not _same(authors, "name: x\nversion: 0.1.0\n")


def test_no_manifest_is_nobodys_dump() -> None:
    assert not same_as_dumped(None, {"name": "x"})
    assert not same_as_dumped({"name": "x"}, None)
    assert not same_as_dumped({"name": "x"}, ["name"])
