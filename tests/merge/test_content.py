"""Contents of one path joined by what the file is, and the coarser ways where a finer one does not do."""

from __future__ import annotations

import pytest

from hermes_dist.merge import content as joining
from hermes_dist.merge.content import Joined, join_contents
from hermes_dist.model.documents.api import Kind, Limits, load_data
from hermes_dist.model.keypath import BODY, format_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.voice.notes import sentences


def joined(
    path: str, base: str | None, ours: str, theirs: str, favour: Side | None = None
) -> Joined:
    old = None if base is None else base.encode()
    return join_contents(RelPath(path), old, ours.encode(), theirs.encode(), lambda _key: favour)


def skill(name: str, body: str) -> str:
    return f"---\nname: {name}\ndescription: d\n---\n{body}"


def test_neighbouring_settings_join_in_a_document_and_conflict_in_a_text() -> None:
    texts = "a: 1\nb: 1\n", "a: 2\nb: 1\n", "a: 1\nb: 2\n"
    document = joined("config.yaml", *texts)
    assert (document.content, document.conflicts) == (b"a: 2\nb: 2\n", ())
    prose = joined("notes.md", *texts)
    assert (prose.content, prose.conflicts) == (b"a: 2\nb: 1\n", (("", "edit/edit"),))
    assert (sentences(document.notes), sentences(prose.notes)) == ((), ())


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "kind"),
    [
        ("x: 1\nk: 1\n", "x: 1\nk: 2\n", "x: 1\nk: 3\n", "edit/edit"),
        ("x: 1\nk: 1\n", "x: 1\n", "x: 1\nk: 3\n", "delete/edit"),
        ("x: 1\nk: 1\n", "x: 1\nk: 2\n", "x: 1\n", "edit/delete"),
        ("x: 1\n", "x: 1\nk: 2\n", "x: 1\nk: 3\n", "add/add"),
        (None, "x: 1\nk: 2\n", "x: 1\nk: 3\n", "add/add"),
    ],
)
def test_a_conflict_says_at_its_key_what_met_what_with_ours_first(
    base: str | None, ours: str, theirs: str, kind: str
) -> None:
    merged = joined("config.yaml", base, ours, theirs)
    assert merged.conflicts == (("k", kind),)
    assert load_data(merged.content, Kind.YAML) == load_data(ours.encode(), Kind.YAML)


def test_a_skill_joins_its_head_by_key_and_its_body_by_line_and_names_the_body() -> None:
    clean = joined(
        "skills/s/SKILL.md", skill("s", "one\n"), skill("s", "mine\n"), skill("t", "one\n")
    )
    assert (clean.content, clean.conflicts) == (skill("t", "mine\n").encode(), ())
    both = joined(
        "skills/s/SKILL.md", skill("s", "one\n"), skill("m", "mine\n"), skill("t", "theirs\n")
    )
    assert both.conflicts == (("name", "edit/edit"), (format_key(BODY), "edit/edit"))
    assert both.content == skill("m", "mine\n").encode()
    assert both.base == skill("s", "one\n").encode()
    gone = joined("skills/s/SKILL.md", skill("s", "one\n"), skill("s", ""), skill("s", "theirs\n"))
    assert gone.conflicts == ((format_key(BODY), "delete/edit"),)


def test_each_conflict_is_asked_about_by_its_own_key() -> None:
    asked: list[str] = []

    def by_name(key: str) -> Side | None:
        asked.append(key)
        return Side.THEIRS if key == "m.a" else None

    base, ours, theirs = (f"m:\n  a: {n}\n  b: {n}\n".encode() for n in (1, 2, 3))
    merged = join_contents(RelPath("config.yaml"), base, ours, theirs, by_name)
    assert merged.content == b"m:\n  a: 3\n  b: 2\n"
    assert merged.base == b"m:\n  a: 3\n  b: 1\n"
    assert merged.conflicts == (("m.b", "edit/edit"),)
    assert set(asked) == {"m.a", "m.b"}


def test_a_side_settles_a_text_as_a_whole() -> None:
    for side, content in (
        (Side.OURS, b"mine\n"),
        (Side.THEIRS, b"theirs\n"),
        (Side.BOTH, b"mine\ntheirs\n"),
    ):
        merged = joined("notes.md", "one\n", "mine\n", "theirs\n", side)
        assert (merged.content, merged.base, merged.conflicts) == (content, b"theirs\n", ())


def test_texts_that_are_new_on_both_sides_are_told_from_edits() -> None:
    assert joined("notes.md", None, "mine\n", "theirs\n").conflicts == (("", "add/add"),)
    assert joined("notes.md", "one\n", "mine\n", "theirs\n").conflicts == (("", "edit/edit"),)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_is_no_text_on_any_side_is_taken_whole(at: int) -> None:
    contents = [b"one\n", b"mine\n", b"theirs\n"]
    contents[at] = b"\0\xff"
    base, ours, theirs = contents
    assert join_contents(
        RelPath("logo.png"), base, ours, theirs, lambda _key: Side.THEIRS
    ) == Joined(whole=True)


def test_a_document_that_can_not_be_joined_by_key_is_joined_by_line_and_that_is_told() -> None:
    broken = "a: 1\nx: 1\nb: [\n"
    merged = joined(
        "config.yaml", broken, broken.replace("a: 1", "a: 2"), broken.replace("[", "[[")
    )
    assert merged.content == b"a: 2\nx: 1\nb: [[\n"
    assert sentences(merged.notes)[0].startswith("config.yaml: merged as text: ")
    plain = joined("skills/s/SKILL.md", "one\nx\ntwo\n", "ONE\nx\ntwo\n", "one\nx\nTWO\n")
    assert (plain.content, plain.conflicts) == (b"ONE\nx\nTWO\n", ())
    assert sentences(plain.notes) == (
        "skills/s/SKILL.md: merged as text: a version has no front matter",
    )


def test_nothing_is_joined_unseen_into_a_document_that_the_user_broke() -> None:
    old = "a: 1\nb: 1\nc: 1\nd: 1\n"
    broken, new = old + 'e: "x\n', old.replace("a: 1", "a: 2")
    assert joined("config.yaml", old, broken, new).whole
    # The front matter of many skills is no YAML to us, and the agent reads them.
    skill = "---\nname: s\ndescription: a: b\n---\none\nx\ntwo\n"
    merged = joined(
        "skills/s/SKILL.md", skill, skill.replace("one", "ONE"), skill.replace("two", "TWO")
    )
    assert merged.content == skill.replace("one", "ONE").replace("two", "TWO").encode()


def test_lines_never_join_a_readable_document_to_one_that_is_none() -> None:
    merged = joined("config.yaml", "a: 1\nx: 1\n", "a: 2\nx: 1\n", "a: 1\nx: 1\nb: [\n")
    assert merged.whole
    assert sentences(merged.notes)[0].startswith("config.yaml: not merged: ")
    assert sentences(merged.notes)[0].endswith("; merged by lines it would not be valid")


@pytest.mark.parametrize("path", ["config.yaml", "skills/s/SKILL.md"])
def test_a_document_is_read_once_however_many_conflicts_there_are(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[bytes] = []

    def counted(data: bytes, kind: Kind, **how: Limits) -> object:
        reads.append(data)
        return load_data(data, kind, **how)

    monkeypatch.setattr(joining, "load_data", counted)
    texts = ["".join(f"k{n}: {side}\n" for n in range(50)) for side in ("base", "ours", "theirs")]
    if path.endswith(".md"):
        texts = [f"---\n{text}---\nbody\n" for text in texts]
    assert len(joined(path, *texts).conflicts) == 50
    assert len(reads) == 3


def test_a_conflict_in_json_is_told_in_json_and_not_as_yaml_would_read_it() -> None:
    # YAML has no tab between a key and its value, and knows no such number as one.
    base, ours, theirs = (f'{{"k":\t{{"a": {n}}},\n\t"x": 1}}' for n in range(3))
    merged = joined("x.json", base, ours, theirs)
    assert merged.conflicts == (("k.a", "edit/edit"),)


TAGS = (
    b"a: !secret token # mine\nb: !include x.yaml\nm: !foo {x: 1}\n"
    b"l:\n- !bar\n  k: 1\nt: !raw |\n  x\nn: 1\nz: 1\n"
)


def test_a_document_with_tags_is_merged_by_key_where_nothing_touches_them() -> None:
    path = RelPath("home.yaml")

    def joined(ours: bytes, theirs: bytes) -> Joined:
        return join_contents(path, TAGS, ours, theirs, lambda _: None)

    done = joined(TAGS.replace(b"n: 1", b"n: 2"), TAGS.replace(b"z: 1", b"z: 2"))
    assert done.content == TAGS.replace(b"n: 1", b"n: 2").replace(b"z: 1", b"z: 2")
    assert (done.conflicts, done.notes) == ((), ())
    done = joined(TAGS.replace(b"n: 1", b"n: 2"), TAGS.replace(b"token", b"other"))
    assert done.content == TAGS.replace(b"n: 1", b"n: 2").replace(b"token", b"other")
    done = joined(TAGS.replace(b"token", b"my"), TAGS.replace(b"!secret token", b"!env token"))
    assert (done.content, [key for key, _ in done.conflicts]) == (
        TAGS.replace(b"token", b"my"),
        ["a"],
    )
    done = joined(TAGS.replace(b"n: 1", b"n: 2"), TAGS.replace(b"k: 1", b"k: 2"))
    assert done.content in (
        TAGS.replace(b"n: 1", b"n: 2").replace(b"k: 1", b"k: 2"),
        TAGS.replace(b"n: 1", b"n: 2"),
    )
