"""A text that is read by the entries that it shares with another one is what it is when it is read as a whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from budget import examples
from hypothesis import event, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model.documents import api, yaml_parse, yaml_shared
from hermes_dist.model.documents.api import DEFAULT, EDITING, Document, Kind
from hermes_dist.model.documents.layout import comments_at, root_view
from hermes_dist.model.documents.nodes import Limits, Node
from hermes_dist.model.documents.yaml_shared import read_shared

_ENTRIES = [
    "a: 1",
    "b:\n  c: x\n  d: [1, {e: 2}]",
    "c:\n- x\n- y: 1\n  z: 2",
    "d: |\n  a: 1\n\n  # no comment",
    "e: >+\n  text\n\n",
    'f: "in\n  two lines"',
    "g: plain\n  goes on",
    "h:",
    "i: {j: 1,\n  k: 2}  # flow",
    "# above\nj: 1 # beside\n  # below",
    "1: number",
    '"k": quoted',
    "l: äöü 😀",
    "m:\n  n:\n    o: [p]\n  # in between\n  q: ''",
    "a: 2",
    "b:\n  c: y",
]
_LINES = [
    *(
        "",
        "# note",
        "  # deep",
        "  c: x",
        "- x",
        "  - y",
        "  text",
        "---",
        "...",
        "? k",
        ": v",
        "k",
    ),
    *('s: "open', 't"', "u: [1,", "2]", "]", "{a: 1}", "v: 'it", "'", "w: |2", "x: |", "y: >-"),
    *("&x", "z: &x 1", "z: *x", "<<: {z: 1}", "z: {<<: {y: 1}}", "!t", "z: !t v", "z: !t [v]"),
    *("%TAG ! x", "\tk: 1", "true: b", "a : 2", "\u2028a: 3", "\ufeffb: 1", "z: 1\r", "-x: 1"),
    *(
        "z: 1e999",
        "z: =",
        "z: 2020-13-40",
        ".inf: 1",
        ".nan: 1",
        "~: 1",
        ": 1",
        "-- x: 1",
        "...x: 1",
    ),
]
_ENTRY, _LINE = st.sampled_from(_ENTRIES), st.sampled_from(_LINES)
_TEXT = st.lists(_ENTRY | _ENTRY | _ENTRY | _LINE, max_size=8)
_LIMITS = st.sampled_from([DEFAULT, EDITING, Limits(nodes=12, tags=True), Limits(depth=3)])


@st.composite
def _two_texts(draw: st.DrawFn) -> tuple[str, str]:
    """One text, and another that has some of its lines."""
    one = draw(_TEXT)
    lines = list(one)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = draw(st.lists(_ENTRY | _LINE, max_size=2))
    if draw(st.booleans()):
        # Edits of lines, not of entries.
        lines = "\n".join(lines).split("\n")
        at = draw(st.integers(0, len(lines)))
        lines[at : at + draw(st.integers(0, 2))] = draw(st.lists(_LINE, max_size=1))
    ends = [draw(st.sampled_from(["\n", "\n", "\n", "", "\n\n"])) for _ in range(2)]
    return "\n".join(one) + ends[0], "\n".join(lines) + ends[1]


def _told(node: Node) -> Iterator[object]:
    yield repr(node.value), node.start, node.end, node.form, node.tied, node.knot, node.tail
    for entry in node.entries:
        yield repr(entry.key), type(entry.key), entry.start, entry.key_end
        yield from _told(entry.node)


def _all_of(doc: Document) -> object:
    root = list(_told(doc.root)) if doc.root else None
    return doc.kind, doc.text, doc.bom, root, doc.scalars, comments_at(doc, 0, len(doc.text))


def _whole(text: str, limits: Limits) -> Document | None:
    try:
        return yaml_parse.parse(text, limits)
    except Invalid:
        return None


@settings(max_examples=examples(40_000), deadline=None)
@given(_two_texts(), _LIMITS)
def test_shared_or_whole_a_text_is_the_same_document(
    texts: tuple[str, str], limits: Limits
) -> None:
    one, other = texts
    like = _whole(one, limits)
    if like is None:
        return
    got = read_shared(other, limits, like)
    whole = _whole(other, limits)
    event(f"shared: {got is not None}, readable: {whole is not None}")
    if got is not None:
        assert whole is not None
        assert _all_of(got) == _all_of(whole)
        assert got.size >= whole.size


@settings(max_examples=examples(4000), deadline=None)
@given(st.lists(_two_texts(), min_size=1, max_size=3), _LIMITS)
def test_it_is_so_from_one_text_to_the_next(texts: list[tuple[str, str]], limits: Limits) -> None:
    like = None
    for text in (text for pair in texts for text in pair):
        whole = _whole(text, limits)
        got = read_shared(text, limits, like) if like else None
        if got is not None:
            assert whole is not None
            assert _all_of(got) == _all_of(whole)
        like = got or whole or like


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("b: 2\n", "a: 1\n...\nb: 2\n"),  # what ends a document ends it for what follows, too
        ("b: 2\n", "a: 1\n--- \nb: 2\n"),
        ("b: 2\n", 'a: "1\nb: 2\n"\n'),  # inside a text, lines are no entries
        ("b: 2\n", "a: [1,\nb: 2\n]\n"),
        ("a: &x 1\nb: 2\n", "b: 2\nc: *x\n"),
        ("a: 1\nb: 2\n", "a: 1\nc: 3\nb: 2\na: 1\n"),
        ("b: 2\n", ": 1\nb: 2\n"),
        ("?\n: 1\nb: 2\n", "?\n: 1\nb: 3\n"),
        ("# mine\nb: 2\n", "# yours\nb: 2\n"),
        ("? b\n: 2\nc: 3\n", "? b\n: 2\nc: 4\n"),
    ],
)
def test_in_doubt_a_text_is_read_as_a_whole(one: str, other: str) -> None:
    like = yaml_parse.parse(one, DEFAULT)
    assert read_shared(other, DEFAULT, like) is None


@pytest.mark.parametrize(
    "other",
    [
        "a: 1\nb:\n  c: x\n  d: y\nz: 2\n",  # an entry more inside the one above
        "a: 1\nb:\n  c: x\n# below\nz: 2\n",
        "a: 1\nb:\n  c: x\n\nz: 2\n",
        "z: 2\nb:\n  c: x\na: 1\n",
        "a: 1\nz: 2",
        "b:\n  c: x\n",
    ],
)
def test_an_edit_of_one_entry_leaves_the_others_shared(other: str) -> None:
    like = yaml_parse.parse("a: 1\nb:\n  c: x\nz: 2\n", DEFAULT)
    got = read_shared(other, DEFAULT, like)
    assert got is not None
    assert _all_of(got) == _all_of(yaml_parse.parse(other, DEFAULT))


def _settings(entries: int, **other: object) -> str:
    made = {f"part{n}": f"\n  on: true\n  words: [a, b{n}]" for n in range(entries)}
    return "".join(f"{key}: {value}\n" for key, value in {**made, **other}.items())


def test_only_what_differs_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    plain = yaml_parse.parse

    def noted(text: str, limits: Limits, *, bom: bool = False) -> Document:
        parsed.append(text)
        return plain(text, limits, bom=bom)

    first = _settings(40)
    api.parse(first.encode(), Kind.YAML)
    monkeypatch.setattr(yaml_parse, "parse", noted)
    second = _settings(40, part20="changed", more=1)
    doc = api.parse(second.encode(), Kind.YAML)
    assert parsed == ["part20: changed\n", "more: 1\n"]
    monkeypatch.undo()
    assert _all_of(doc) == _all_of(yaml_parse.parse(second, DEFAULT))
    view = root_view(doc)
    assert view is not None
    assert [kid.chunk.start for kid in view.kids() if kid.chunk] == [
        second.index(f"{entry.key}:") for entry in view.node.entries
    ]


def test_who_changes_data_changes_it_for_nobody_else() -> None:
    first, second = (_settings(40, last=n).encode() for n in range(2))
    data = api.load_data(first, Kind.YAML)
    assert isinstance(data, dict)
    data["part0"]["words"].append("mine")
    again = api.load_data(second, Kind.YAML)
    assert isinstance(again, dict)
    again["part1"]["words"].append("mine")
    assert api.parse(first, Kind.YAML).value == yaml_parse.parse(first.decode(), DEFAULT).value
    assert api.parse(second, Kind.YAML).value == yaml_parse.parse(second.decode(), DEFAULT).value
    # One with an anchor, or what could be one, is not copied, so it shares nothing.
    third = _settings(40, last="a & b").encode()
    once = api.load_data(third, Kind.YAML)
    assert isinstance(once, dict)
    once["part2"]["words"].append("mine")
    assert api.parse(second, Kind.YAML).value == yaml_parse.parse(second.decode(), DEFAULT).value


def test_a_tag_is_refused_in_a_text_that_shares_it_with_one_that_was_edited() -> None:
    first, second = (_settings(40, tagged="!mine x", last=n).encode() for n in range(2))
    assert api.parse(first, Kind.YAML, limits=EDITING).root is not None
    with pytest.raises(Invalid, match="tags are not allowed"):
        api.parse(second, Kind.YAML)
    assert api.parse(second, Kind.YAML, limits=EDITING).root is not None


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_byte_order_mark_is_of_its_own_text_alone(mark: str) -> None:
    first, second = _settings(40), mark + _settings(40, more=1)
    api.parse(first.encode(), Kind.YAML)
    doc = api.parse(second.encode(), Kind.YAML)
    assert doc.bom is bool(mark)
    assert doc.encode(doc.text) == second.encode()
    assert api.parse(first.encode(), Kind.YAML).bom is False


def test_many_texts_that_grow_reach_the_limit_as_a_whole_does() -> None:
    # What is gone still counts, until a whole parse counts anew: so no text is refused for that.
    for n in range(200):
        text = _settings(50, last="[" + "1, " * 400 + str(n) + "]")
        assert api.parse(text.encode(), Kind.YAML).value == yaml_parse.parse(text, DEFAULT).value
    last = yaml_shared._last[0]
    assert last is not None
    assert last[0].size <= DEFAULT.nodes
