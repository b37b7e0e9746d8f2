"""The laws of merging documents: on plain data against an oracle, on bytes with comments."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

import pytest
import yaml
from budget import examples
from document_samples import Sample, edited, versions
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.merge.data import (
    DocMerge,
    changed_keys,
    merge_document,
    merge_values,
    same_document,
)
from hermes_dist.model.documents.api import (
    ABSENT,
    Kind,
    Unmergeable,
    dump,
    get,
    graft,
    load_data,
    parse,
    rewrite,
    same,
)
from hermes_dist.model.keypath import Item, KeyPath, format_key, parse_key
from hermes_dist.model.paths import RelPath
from hermes_dist.model.side import Side
from hermes_dist.model.values import child, key_field, leaves

CONFIG = RelPath("config.yaml")
OTHER = RelPath("settings.yaml")
JOBS = RelPath("cron/jobs.json")
LAW = settings(max_examples=examples(2000), deadline=None)


def merge(
    base: str | None, ours: str, theirs: str, path: RelPath = CONFIG, **favour: Side
) -> DocMerge:
    old = base.encode() if base is not None else None
    return merge_document(
        path, old, ours.encode(), theirs.encode(), lambda key: favour.get(format_key(key))
    )


def text_of(*args: str, **favour: Side) -> str:
    return merge(*args, **favour).content.decode()


def keys_of(result: DocMerge) -> list[str]:
    return [format_key(key) for key in result.conflicts]


# An oracle: the rules read once more, on plain data, without shapes but sets.


def oracle(base: object, ours: object, theirs: object, at: str = "") -> tuple[object, list[str]]:
    if same(ours, theirs) or same(theirs, base):
        return ours, []
    maps = [isinstance(side, dict) for side in (base, ours, theirs)]
    if maps[1] and maps[2] and (maps[0] or base is ABSENT):
        return _oracle_of_maps(base, ours, theirs, lambda name: f"{at}.{name}" if at else str(name))
    if same(ours, base):
        return theirs, []
    lists = [side for side in (base, ours, theirs) if side is not ABSENT]
    if ABSENT not in (ours, theirs) and all(isinstance(side, list) for side in lists):
        if at == "toolsets" and all(len({*map(repr, side)}) == len(side) for side in lists):
            old = [] if base is ABSENT else base
            mine = [x for x in ours if x in theirs or x not in old]
            return mine + [x for x in theirs if x not in old and x not in mine], []
        for field in ("id", "name"):
            rows = [
                [row.get(field) if isinstance(row, dict) else None for row in side]
                for side in lists
            ]
            if all(isinstance(x, str) for row in rows for x in row) and all(
                len({*r}) == len(r) for r in rows
            ):
                named = [{row[field]: row for row in side} for side in lists]
                old = {} if base is ABSENT else named[0]
                merged, clashes = _oracle_of_maps(
                    old, named[-2], named[-1], lambda name, field=field: f"{at}[{field}={name}]"
                )
                return list(merged.values()), clashes
    # An empty map in settings is as none where it makes a difference.
    empty = [side is ABSENT or side == {} for side in (base, ours, theirs)]
    if at and sum(empty) > 1:
        return next((s for s, e in zip((ours, theirs), empty[1:], strict=True) if not e), {}), []
    return ours, [at]


def _oracle_of_maps(
    base: object, ours: dict[str, object], theirs: dict[str, object], name: Callable[[str], str]
) -> tuple[dict[str, object], list[str]]:
    old = base if isinstance(base, dict) else {}
    merged, clashes = {}, []
    for key in [
        *ours,
        *(key for key in theirs if key not in ours),
        *(k for k in old if k not in {**ours, **theirs}),
    ]:
        sides = (side.get(key, ABSENT) for side in (old, ours, theirs))
        value, more = oracle(*sides, name(key))
        clashes += more
        if value is not ABSENT:
            merged[key] = value
    return merged, clashes


def loose(value: object) -> object:
    """The data with the order of sets and named lists forgotten: the oracle places nothing."""
    if isinstance(value, dict):
        return {key: loose(part) for key, part in value.items()}
    if isinstance(value, list):
        return sorted(
            (loose(part) for part in value), key=lambda part: json.dumps(part, sort_keys=True)
        )
    return value


def dice(**how: object) -> st.SearchStrategy[list[object]]:
    """Three or four versions of a small document: related ones mostly, as versions are."""
    return st.integers(0, 1 << 62).map(lambda seed: versions(random.Random(seed), **how))


@LAW
@given(dice())
def test_plain_data_merges_as_the_oracle_says(sides: list[object]) -> None:
    base, ours, theirs, _ = sides
    value, clashes = merge_values(CONFIG, base, ours, theirs)
    expected, where = oracle(base, ours, theirs)
    assert same(loose(value), loose(expected))
    assert sorted(map(format_key, clashes)) == sorted(where)


@LAW
@given(dice())
def test_what_one_side_alone_did_is_the_result(sides: list[object]) -> None:
    base, other, *_ = sides
    assert loose(merge_values(CONFIG, base, base, other)[0]) == loose(other)
    assert same(merge_values(CONFIG, base, base, other)[0], other) or list(base) != list(other)
    assert merge_values(CONFIG, base, other, base) == (other, ())
    assert merge_values(CONFIG, base, other, other) == (other, ())


@LAW
@given(dice())
def test_swapping_the_sides_swaps_the_conflicts(sides: list[object]) -> None:
    base, ours, theirs, _ = sides
    one, first = merge_values(CONFIG, base, ours, theirs)
    two, second = merge_values(CONFIG, base, theirs, ours)
    assert set(first) == set(second)
    settled, none = merge_values(CONFIG, base, ours, theirs, lambda _: Side.THEIRS)
    assert none == ()
    assert same(loose(settled), loose(two))
    assert same(merge_values(CONFIG, base, ours, theirs, lambda _: Side.OURS)[0], one)


@LAW
@given(dice())
def test_nothing_is_lost_and_nothing_invented(sides: list[object]) -> None:
    base, ours, theirs, _ = sides
    value, clashes = merge_values(CONFIG, base, ours, theirs)
    for key, leaf in leaves(value):
        if not isinstance(leaf, list | dict):
            assert any(same(get(side, key), leaf) for side in (ours, theirs)), key
    for key, leaf in leaves(ours):
        if isinstance(leaf, list | dict) or same(get(base, key), leaf):
            continue
        blocked = any(key[: len(clash)] == clash for clash in clashes)
        assert same(get(value, key), leaf) or _replaced_above(base, ours, theirs, key), (
            key,
            blocked,
        )


def _replaced_above(base: object, ours: object, theirs: object, key: KeyPath) -> bool:
    """Items of lists that are named on one side only have no address on the others."""
    return any(isinstance(part, Item) for part in key)


@LAW
@given(dice())
def test_a_second_update_changes_nothing(sides: list[object]) -> None:
    base, ours, theirs, _ = sides
    old, own, new = (dump(side, Kind.YAML) for side in (base, ours, theirs))
    first = merge_document(CONFIG, old, own, new)
    again = merge_document(CONFIG, first.base, first.content, new)
    assert again.content == first.content
    assert again.base == first.base
    assert set(again.conflicts) == set(first.conflicts)


@LAW
@given(dice(lists=False))
def test_two_steps_end_where_one_ends(sides: list[object]) -> None:
    base, ours, mid, last = sides
    old, own, one, two = (dump(side, Kind.YAML) for side in (base, ours, mid, last))
    step = merge_document(CONFIG, old, own, one)
    stepped = merge_document(CONFIG, step.base, step.content, two)
    direct = merge_document(CONFIG, old, own, two)
    keys = {key for side in (base, ours, mid, last) for key, _ in leaves(side)}
    for key in keys:
        heads = [key[:n] for n in range(len(key) + 1)]
        if any(
            not isinstance(get(side, head), dict | type(ABSENT))
            for side in (base, ours, mid, last)
            for head in heads[:-1]
        ):
            continue  # a map here and a value there: what conflicts is not the same path
        if any(isinstance(get(side, key), dict) for side in (base, ours, mid, last)):
            continue  # its keys speak for themselves
        mine, then = get(ours, key), get(mid, key)
        if same(mine, then) and not same(mine, get(base, key)):
            continue  # the user made the very change that v2 made
        if any(
            head in (*step.conflicts, *stepped.conflicts, *direct.conflicts) for head in heads[:-1]
        ):
            continue
        assert same(get(_data(stepped.content), key), get(_data(direct.content), key)), key
        assert (key in stepped.conflicts) == (key in direct.conflicts)


def _data(content: bytes) -> object:
    return load_data(content, Kind.YAML)


@LAW
@given(dice())
def test_a_json_text_merges_to_the_same_data_as_its_yaml(sides: list[object]) -> None:
    # JSON has one kind of number: there 1.0 is 1.
    base, ours, theirs, _ = json.loads(json.dumps(sides).replace("1.0", "1.5"))
    texts = [dump(side, Kind.YAML) for side in (base, ours, theirs)]
    twins = [json.dumps(side, indent=2).encode() for side in (base, ours, theirs)]
    one = merge_document(OTHER, *texts)
    two = merge_document(RelPath("settings.json"), *twins)
    assert same(load_data(one.content, Kind.YAML), load_data(two.content, Kind.JSON))
    assert same(load_data(one.base, Kind.YAML), load_data(two.base, Kind.JSON))
    assert one.conflicts == two.conflicts


@LAW
@given(dice())
def test_edits_of_different_keys_never_conflict(sides: list[dict[str, object]]) -> None:
    base, mine, yours, _ = sides
    ours = {**base, "mine": mine}
    theirs = {**base, "yours": yours}
    result = merge_document(OTHER, *(dump(side, Kind.YAML) for side in (base, ours, theirs)))
    assert result.conflicts == ()
    assert same(_data(result.content), {**base, "mine": mine, "yours": yours})


def _comments(text: str) -> list[str]:
    return [note.strip() for note in re.findall(r"# note \d+[^\n\r]*|# mine \d+", text)]


def _three(seed: int) -> tuple[str, str, str]:
    """A file with comments, and two edits of it of which ours adds comments of its own."""
    rng = random.Random(seed)
    base = Sample(seed).text()
    sides = []
    for mine in (True, False):
        doc = parse(base.encode(), Kind.YAML)
        text = rewrite(doc, edited(rng, doc.value, rng.randint(1, 3))).content.decode()
        lines = text.split("\n")
        for n in range(rng.randint(0, 3)) if mine else ():
            at = rng.randrange(len(lines))
            lines.insert(at, " " * rng.choice([0, 2, 4]) + f"# mine {n}")
        sides.append("\n".join(lines))
    return base, sides[0], sides[1]


def test_no_comment_of_ours_is_lost_in_500_files() -> None:
    wanted = examples(500)
    done = fallen_back = 0
    for seed in range(1000, 2000):
        if done == wanted:
            break
        try:
            base, ours, theirs = _three(seed)
            values = [_data(side.encode()) for side in (base, ours, theirs)]
            result = merge(base, ours, theirs, OTHER)
        except Invalid:
            continue  # a comment where none can be
        except Unmergeable:
            fallen_back += 1
            continue
        done += 1
        text = result.content.decode()
        had = _comments(base)
        for note in _comments(ours):
            assert note in had or note in text, (seed, note)
        for note in _comments(text):
            assert note in ours or note in theirs, (seed, note)
        value, clashes = merge_values(OTHER, *(side or {} for side in values))
        extra = set(result.conflicts) - set(clashes)
        assert set(clashes) <= set(result.conflicts) or extra
        if not extra:  # a comment in the way is a conflict that the data does not know
            assert same(_data(result.content) or {}, value), seed
    assert done == wanted
    assert fallen_back < wanted / 20


# Comments, by examples


def test_upstreams_comments_come_along_with_entries_not_touched_here() -> None:
    base = "# old\na: 1 # x\nm: # head\n  k: 1\nz: 0\n"
    ours = "# old\na: 1 # x\nm: # head\n  k: 1\nz: 9\n"
    theirs = "# new\na: 2 # y\n# group\nm: # HEAD\n  k: 1 # side\nz: 0\n"
    assert (
        text_of(base, ours, theirs) == "# new\na: 2 # y\n# group\nm: # HEAD\n  k: 1 # side\nz: 9\n"
    )


def test_a_comment_of_ours_stays_with_the_entry_that_upstream_changed() -> None:
    assert text_of("a: 1\n", "# mine\na: 1 # why\n", "# theirs\na: 2\n") == (
        "# mine\n# theirs\na: 2 # why\n"
    )


def test_upstream_deleting_an_entry_with_a_comment_of_ours_is_a_conflict() -> None:
    base, ours, theirs = "a: 1\nb: 2\n", "a: 1\n# mine\nb: 2\n", "a: 1\n"
    result = merge(base, ours, theirs)
    assert (result.content.decode(), keys_of(result)) == (ours, ["b"])
    assert result.base == b"a: 1\nb: 2\n"
    assert merge(base, ours, theirs, b=Side.THEIRS).content == b"a: 1\n"
    kept = merge(base, ours, theirs, b=Side.OURS)
    assert (kept.content.decode(), kept.base, kept.conflicts) == (ours, b"a: 1\n", ())
    items = merge("l:\n- a\n- b\n", "l:\n- a\n- b # mine\n", "l:\n- a\n")
    assert keys_of(items) == ["l"]
    assert keys_of(
        merge("l:\n- id: a\n- id: b\n", "l:\n- id: a # mine\n- id: b\n", "l:\n- id: b\n")
    ) == ["l[id=a]"]
    assert keys_of(merge("l:\n- id: a\n", "l:\n- id: a # mine\n", "l: []\n")) == ["l"]
    assert keys_of(merge("m:\n  a: 1\n", "m:\n  a: 1 # mine\n", "m: {}\n")) == ["m.a"]
    assert text_of("# up\nb: 2\na: 1\n", "# up\nb: 2\na: 5\n", "a: 1\n") == "a: 5\n"


# Shapes


def test_a_set_takes_what_both_sides_did() -> None:
    ours = "plugins:\n  enabled:\n  - a # mine\n  - u\n"
    result = merge("plugins: {enabled: [a, b]}\n", ours, "plugins: {enabled: [a, b, m]}\n")
    assert result.content.decode() == "plugins:\n  enabled:\n  - a # mine\n  - m\n  - u\n"
    assert keys_of(merge("l: [a]\n", "l: [a, u]\n", "l: [a, b]\n")) == ["l"]
    both = merge("l: [a]\n", "l: [a, u]\n", "l: [a, b]\n", l=Side.BOTH)
    assert (both.content, both.base, both.conflicts) == (b"l: [a, u, b]\n", b"l: [a, b]\n", ())
    for path in ("mcp_servers.x.tools.include", "some.place.allowed_tools"):
        sides = [
            graft(None, dump(_nest(path, value), Kind.YAML), Kind.YAML, [parse_key(path)])
            for value in ("a", "ab", "ac")
        ]
        assert same(
            get(_data(merge_document(CONFIG, *sides).content), parse_key(path)), ["a", "c", "b"]
        )


def _nest(path: str, letters: str) -> object:
    value: object = list(letters)
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def test_what_is_the_machines_is_neither_taken_nor_an_edit() -> None:
    assert (
        text_of(
            "_config_version: 1\na: 1\n", "_config_version: 9\na: 1\n", "_config_version: 3\na: 2\n"
        )
        == "_config_version: 9\na: 2\n"
    )
    on = "mcp_servers:\n  h:\n    command: x\n    enabled: true\n"
    off = on.replace("true", "false")
    assert text_of(off, on, off.replace("x", "y")) == on.replace("x", "y")
    gone = merge(off, on, "mcp_servers: {}\n")
    assert (gone.content, gone.conflicts) == (b"mcp_servers: {}\n", ())
    assert text_of("mcp_servers: {}\na: 1\n", "mcp_servers: {}\na: 2\n", off) == off + "a: 2\n"
    here = merge(None, on.replace("    enabled: true\n", ""), off)
    assert "enabled" not in here.content.decode()


def _jobs(*jobs: dict[str, object]) -> bytes:
    return json.dumps({"jobs": list(jobs), "updated_at": None}, indent=2).encode()


def test_jobs_merge_by_definition_and_keep_their_runs() -> None:
    def job(**more: object) -> dict[str, object]:
        return {
            "id": "ab",
            "prompt": "p",
            "enabled": False,
            "state": "paused",
            "next_run_at": None,
            **more,
        }

    base, theirs = _jobs(job()), _jobs(job(prompt="q"), job(id="cd"))
    ran = job(
        enabled=True,
        state="scheduled",
        next_run_at="t",
        last_run_at="s",
        last_status="ok",
        fire_claim=None,
    )
    mine = {"id": "mine", "prompt": "m", "enabled": True}
    result = merge_document(JOBS, base, _jobs(ran, mine), theirs)
    assert json.loads(result.content)["jobs"] == [{**ran, "prompt": "q"}, job(id="cd"), mine]
    assert result.conflicts == ()
    dropped = merge_document(JOBS, base, _jobs(ran, mine), _jobs())
    assert (json.loads(dropped.content)["jobs"], dropped.conflicts) == ([mine], ())
    edit = merge_document(JOBS, base, _jobs(job(prompt="m")), theirs)
    assert keys_of(edit) == ["jobs[id=ab].prompt"]
    assert json.loads(edit.base)["jobs"] == [job(), job(id="cd")]
    assert same_document(JOBS, base, _jobs(ran))
    assert not same_document(JOBS, base, theirs)
    assert [format_key(key) for key in changed_keys(JOBS, _jobs(ran), theirs)] == [
        "jobs[id=ab].prompt",
        "jobs[id=cd]",
    ]


# Conflicts, favour, the next base


def test_the_next_base_is_theirs_with_conflicts_put_back() -> None:
    result = merge("a: 1 # one\nb: 1\n", "a: 2\nb: 1\n", "a: 3 # three\nb: 2\nc: 1\n")
    assert (result.content, keys_of(result)) == (b"a: 2\nb: 2\nc: 1\n", ["a"])
    assert result.base == b"a: 1 # three\nb: 2\nc: 1\n"
    new = merge("k: 1\n", "k: 1\nz: 5\n", "k: 1\nz: 6\n")
    assert (new.base, keys_of(new)) == (b"k: 1\n", ["z"])


@pytest.mark.parametrize(
    ("side", "content", "base"),
    [
        (Side.OURS, "a: 2\n", "a: 3\n"),
        (Side.THEIRS, "a: 3\n", "a: 3\n"),
        (Side.BOTH, "a: 2\n", "a: 3\n"),
    ],
)
def test_a_favour_settles_a_conflict(side: Side, content: str, base: str) -> None:
    result = merge("a: 1\n", "a: 2\n", "a: 3\n", a=side)
    assert (result.content.decode(), result.base.decode(), result.conflicts) == (content, base, ())


def test_a_favour_for_theirs_deletes_and_brings_back() -> None:
    assert merge("a: 1\nb: 1\n", "a: 1\nb: 2\n", "a: 1\n", b=Side.THEIRS).content == b"a: 1\n"
    assert merge("a: 1\nb: 1\n", "a: 1\n", "a: 1\nb: 2\n", b=Side.THEIRS).content == b"a: 1\nb: 2\n"


def test_a_favour_is_asked_at_conflicts_only() -> None:
    asked: list[KeyPath] = []
    merge_document(CONFIG, b"a: 1\nb: 1\n", b"a: 2\nb: 1\n", b"a: 3\nb: 2\n", asked.append)
    assert asked == [("a",)]


# Whole documents


@pytest.mark.parametrize(
    ("ours", "theirs", "result"),
    [
        ("", "a: 1\n", "a: 1\n"),
        ("# mine\n", "a: 1 # x\n", "# mine\na: 1 # x\n"),
        ("# mine", "a: 1\n", "# mine\na: 1"),
        ("{}\n", "a: 1\n", "a: 1\n"),
        ("a: 1\n", "", "a: 1\n"),
        ("---\n", "a: 1\n", "---\na: 1\n"),
    ],
)
def test_a_document_that_holds_nothing_is_an_empty_map(ours: str, theirs: str, result: str) -> None:
    merged = merge(None, ours, theirs)
    assert yaml.safe_load(merged.content) == yaml.safe_load(result)
    assert (merged.content.decode(), merged.conflicts) == (result, ())


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("a: 1\n", "a: [\n", "a: 2\n"),
        ("a: 1\n", "a: 1\na: 2\n", "a: 2\n"),
        ("a: 1\n", "a: 2\n---\nb: 1\n", "a: 2\n"),
        ("1: a\nb: 1\n", "true: a\nb: 1\n", "1: a\nb: 2\n"),
    ],
)
def test_what_cannot_be_merged_by_structure_says_so(base: str, ours: str, theirs: str) -> None:
    with pytest.raises(Unmergeable):
        merge(base, ours, theirs)


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        ("x: &x 1\na: *x\nb: 1\n", "x: &x 1\na: *x\nb: 2\n", "x: &x 1\na: 5\nb: 1\n"),
        ("x: &x 1\nb: 1\n", "x: &x 1\nb: 2\n", "x: &x 1\na: *x\nb: 1\n"),
    ],
)
def test_a_change_of_an_anchor_beside_an_edit_is_a_conflict_at_its_key(
    base: str, ours: str, theirs: str
) -> None:
    result = merge(base, ours, theirs)
    assert (result.content.decode(), result.base.decode()) == (ours, base)
    assert keys_of(result) == ["a"]


def test_two_new_documents_of_different_kinds_are_left_to_lines() -> None:
    with pytest.raises(Unmergeable):
        merge(None, "- a\n", "a: 1\n")
    clash = merge("a: 1\n", "- a\n", "b: 1\n")
    assert (clash.content, clash.base, clash.conflicts) == (b"- a\n", b"a: 1\n", ((),))
    with pytest.raises(Unmergeable):
        merge_document(RelPath("SOUL.md"), b"a", b"b", b"c")


def test_windows_line_ends_and_marks_stay() -> None:
    result = merge("a: 1\nb: 1\n", "\ufeffa: 1\r\nb: 2\r\n", "a: 3\nb: 1\nc:\n  d: 1\n")
    assert result.content.decode() == "\ufeffa: 3\r\nb: 2\r\nc:\r\n  d: 1\r\n"


def test_documents_are_compared_as_data() -> None:
    assert same_document(CONFIG, b"a: 'x'\n", b"# c\na: x\n")
    assert not same_document(CONFIG, b"a: 1\n", b"a: 1.0\n")
    assert not same_document(CONFIG, b"a: [\n", b"a: 1\n")
    assert not same_document(RelPath("SOUL.md"), b"a", b"b")
    assert changed_keys(CONFIG, b"a: 1\nm: {x: 1}\n", b"a: '1'\nm: {x: 1, y: 2}\nn: {k: 1}\n") == [
        ("a",),
        ("m", "y"),
        ("n",),
    ]
    assert changed_keys(CONFIG, b"a: [", b"b: 1\n") == [()]
    assert changed_keys(RelPath("SOUL.md"), b"a", b"b") == [()]
    assert changed_keys(CONFIG, b"a: 1\n", b"a: 1 # c\n") == []


def test_the_helpers_of_data_see_named_items() -> None:
    rows: list[object] = [{"id": "1", "name": "n"}]
    assert key_field(rows, []) == "id"
    assert key_field([], []) is None
    assert child(rows, Item("id", "1")) == rows[0]
    assert child({True: 1}, 1) is ABSENT


def test_what_is_remembered_of_an_open_conflict_does_not_grow_by_blank_lines() -> None:
    base = b"\nagent:\n  turns: 5\nkeep: 1\n"
    ours = b"agent:\n  turns: 6\ntext: mine\nkeep: 1\n"
    theirs = b"text: theirs\n\nkeep: 1\n"
    once = merge_document(RelPath("x.yaml"), base, ours, theirs)
    twice = merge_document(RelPath("x.yaml"), once.base, once.content, theirs)
    assert (twice.content, twice.base, twice.conflicts) == (once.content, once.base, once.conflicts)


SHORT = {"id": "7", "prompt": "Look.", "schedule": {"kind": "interval", "minutes": 60}}
LONG: dict[str, object] = {
    **SHORT,
    "name": "Look.",
    "skills": [],
    "skill": None,
    "model": None,
    "no_agent": False,
    "deliver": "local",
    "schedule": {"kind": "interval", "minutes": 60, "display": "every 60m"},
    "schedule_display": "every 60m",
    "repeat": {"times": None, "completed": 0},
    "workdir": None,
}


def _holding(*jobs: dict[str, object]) -> dict[str, object]:
    return {"jobs": list(jobs)}


@pytest.mark.parametrize(("one", "other"), [(SHORT, LONG), (LONG, SHORT)])
def test_what_goes_without_saying_in_a_job_is_no_change_and_no_conflict(
    one: dict[str, object], other: dict[str, object]
) -> None:
    path = RelPath("cron/jobs.json")
    a, b = (json.dumps(_holding(job)).encode() for job in (one, other))
    assert same_document(path, a, b)
    assert changed_keys(path, a, b) == []
    news = {"skills": ["x"], "skill": "x", "deliver": "telegram", "prompt": "Look twice."}
    merged, conflicts = merge_values(path, _holding(one), _holding(other), _holding(one | news))
    assert conflicts == ()
    assert merged == _holding(other | news)


def _every(minutes: int) -> dict[str, object]:
    text = f"every {minutes}m"
    schedule = {"kind": "interval", "minutes": minutes, "display": text}
    return {"id": "ab", "schedule": schedule, "schedule_display": text}


_DAILY: dict[str, object] = {
    "id": "ab",
    "schedule": {"kind": "cron", "expr": "0 9 * * *", "display": "0 9 * * *"},
    "schedule_display": "0 9 * * *",
}


@pytest.mark.parametrize("theirs", [_every(5), _DAILY], ids=["other minutes", "another kind"])
def test_a_schedule_that_both_changed_is_one_question_and_never_a_mixture(
    theirs: dict[str, object],
) -> None:
    base, ours = _jobs(_every(60)), _every(30)
    result = merge_document(JOBS, base, _jobs(ours), _jobs(theirs))
    assert keys_of(result) == ["jobs[id=ab].schedule"]
    assert json.loads(result.content)["jobs"] == [ours]
    assert json.loads(result.base)["jobs"] == [_every(60)]
    for side, right in ((Side.OURS, ours), (Side.THEIRS, theirs)):
        settled = merge_document(JOBS, base, _jobs(ours), _jobs(theirs), lambda _key, s=side: s)
        assert settled.conflicts == ()
        assert json.loads(settled.content)["jobs"] == [right]


@given(st.sampled_from([_every(60), _every(30), _DAILY]), st.sampled_from([_every(60), _DAILY]))
def test_what_is_shown_of_a_schedule_comes_from_where_the_schedule_does(
    ours: dict[str, object], theirs: dict[str, object]
) -> None:
    for stale in (ours, {**ours, "schedule_display": "by hand"}):
        result = merge_document(JOBS, _jobs(_every(60)), _jobs(stale), _jobs(theirs))
        [job] = json.loads(result.content)["jobs"]
        assert job in (stale, theirs, {**theirs, "schedule_display": stale["schedule_display"]})
        if job["schedule"] != stale["schedule"]:
            assert job == theirs


def test_the_first_skill_goes_along_with_the_skills() -> None:
    def job(*skills: str) -> dict[str, object]:
        return {"id": "ab", "skills": list(skills), "skill": skills[0]}

    result = merge_document(JOBS, _jobs(job("a")), _jobs(job("b")), _jobs(job("c")))
    assert keys_of(result) == ["jobs[id=ab].skills"]
    assert json.loads(result.content)["jobs"] == [job("b")]
    # An older file has the one alone.
    alone = ({"id": "ab", "skill": name} for name in ("a", "a", "c"))
    merged = merge_document(JOBS, *(_jobs(each) for each in alone))
    assert json.loads(merged.content)["jobs"] == [{"id": "ab", "skill": "c"}]


@pytest.mark.parametrize(
    "more",
    [
        {"skills": ["x"]},
        {"deliver": "mail"},
        {"no_agent": True},
        {"repeat": {"times": 2}},
        {"model": "m"},
        {"mood": None},
    ],
)
def test_a_field_that_says_something_is_a_change(more: dict[str, object]) -> None:
    path = RelPath("cron/jobs.json")
    one, other = (json.dumps(_holding(job)).encode() for job in (SHORT, {**SHORT, **more}))
    assert not same_document(path, one, other)
    assert changed_keys(path, one, other) == [parse_key(f"jobs[id=7].{next(iter(more))}")]


def test_what_goes_without_saying_is_known_of_jobs_alone() -> None:
    a, b = b"model: null\ndeliver: local\n", b"{}\n"
    assert not same_document(RelPath("config.yaml"), a, b)


# Rules of lists that only the random laws would have noticed


def test_a_list_that_the_user_left_alone_takes_upstreams_order_in_a_file_they_edited() -> None:
    for one, other in (("- id: p\n- id: q\n", "- id: q\n- id: p\n"), ("[a, b]\n", "[b, a]\n")):
        key = "toolsets" if one[0] == "[" else "l"
        gap = " " if one[0] == "[" else "\n"
        base, theirs = f"{key}:{gap}{one}", f"{key}:{gap}{other}"
        assert text_of(base, f"{base}mine: 1\n", theirs) == f"{theirs}mine: 1\n"


def test_a_list_that_the_user_reordered_keeps_their_order() -> None:
    base, ours = "l:\n- id: p\n- id: q\n", "l:\n- id: q\n- id: p\n"
    assert text_of(base, ours, base + "- id: r\n") == "l:\n- id: q\n- id: r\n- id: p\n"


def test_the_order_of_jobs_is_no_edit_and_that_of_other_lists_is() -> None:
    one, two = (
        b'{"jobs": [%s]}' % b", ".join(b'{"id": "%s", "prompt": "Go."}' % name for name in names)
        for names in ((b"p", b"q"), (b"q", b"p"))
    )
    for path, alike in ((JOBS, True), (RelPath("other.json"), False)):
        assert same_document(path, one, two) is alike
        assert (changed_keys(path, one, two) == []) is alike
    assert not same_document(JOBS, one, two.replace(b"Go.", b"Stay."))


def test_a_set_with_a_duplicate_is_taken_whole() -> None:
    merged = merge("toolsets: [a, b]\n", "toolsets: [a, a, b]\n", "toolsets: [a, b, c]\n")
    assert (merged.content, merged.conflicts) == (b"toolsets: [a, a, b]\n", (("toolsets",),))


def test_a_set_that_is_new_on_both_sides_is_joined() -> None:
    assert text_of("k: 1\n", "k: 1\ntoolsets: [a]\n", "k: 1\ntoolsets: [b]\n") in (
        "k: 1\ntoolsets: [a, b]\n",
        "k: 1\ntoolsets: [b, a]\n",
    )


def test_both_joins_two_lists_and_is_ours_for_anything_else() -> None:
    merged, conflicts = merge_values(
        OTHER, {"l": [1], "x": 1}, {"l": [2, 3], "x": 2}, {"l": [3, 4], "x": 3}, lambda _: Side.BOTH
    )
    assert (merged, conflicts) == ({"l": [2, 3, 4], "x": 2}, ())
    mixed, _ = merge_values(OTHER, {"l": [1]}, {"l": [2]}, {"l": "x"}, lambda _: Side.BOTH)
    assert mixed == {"l": [2]}
    other, _ = merge_values(OTHER, {"l": [1]}, {"l": "x"}, {"l": [2]}, lambda _: Side.BOTH)
    assert other == {"l": "x"}


def test_servers_of_the_users_stay_if_upstream_drops_its_last_one_whichever_side_is_taken() -> None:
    """The section that the package dropped was never only the package's: it is a map of named things."""
    base = "a: 1\nmcp_servers:\n  x: {command: z}\n"
    ours = "a: 1\nmcp_servers:\n  own: {command: y}\n  x: {command: z}\n"
    for side in (None, *Side):
        chosen = {"mcp_servers": side, "mcp_servers.x": side} if side else {}
        merged = merge(base, ours, "a: 1\n", **chosen)
        assert _data(merged.content) == {"a": 1, "mcp_servers": {"own": {"command": "y"}}}
        assert merged.conflicts == ()
    edited = ours.replace("z", "edited")
    assert keys_of(merge(base, edited, "a: 1\n")) == ["mcp_servers.x"]
    taken = merge(base, edited, "a: 1\n", **{"mcp_servers.x": Side.THEIRS})
    assert _data(taken.content) == {"a": 1, "mcp_servers": {"own": {"command": "y"}}}
    assert merge(base, base.replace("a: 1", "a: 2"), "a: 1\n").content == b"a: 2\n"
    gone = merge(base, "a: 1\n", base + "  new: {command: n}\n")
    assert _data(gone.content) == {"a": 1, "mcp_servers": {"new": {"command": "n"}}}


def test_servers_that_are_null_are_none_so_that_each_side_can_add_its_own() -> None:
    none, mine, new = (
        "mcp_servers:\n",
        "mcp_servers:\n  own: {command: y}\n",
        "mcp_servers:\n  x: {command: z}\n",
    )
    both = merge(none, mine, new)
    assert (_data(both.content), both.conflicts) == (
        {"mcp_servers": {"own": {"command": "y"}, "x": {"command": "z"}}},
        (),
    )
    assert text_of(none + "a: 1\n", none + "a: 2\n", "mcp_servers: {}\na: 1\n") == (none + "a: 2\n")
    emptied = merge(new, none, new.replace("z", "w"))
    assert (emptied.content.decode(), keys_of(emptied)) == (none, ["mcp_servers.x"])
    assert text_of(new + "a: 1\n", new + "a: 2\n", none + "a: 1\n") == none + "a: 2\n"


@pytest.mark.parametrize("spelled", ["1e3", "1000.0", "1.0e3"])
def test_a_number_of_json_that_is_spelled_anew_is_no_edit(spelled: str) -> None:
    base, mine = '{"a": 1000, "b": 1}\n', f'{{"a": {spelled}, "b": 1}}\n'
    path = RelPath("s.json")

    def ends(ours: str, theirs: str) -> tuple[str, tuple[object, ...]]:
        done = merge_document(path, base.encode(), ours.encode(), theirs.encode())
        again = merge_document(path, done.base, done.content, theirs.encode())
        assert (again.content, again.base) == (done.content, done.base)
        return done.content.decode(), done.conflicts

    assert ends(mine, base.replace("1000", "1001")) == (base.replace("1000", "1001"), ())
    assert ends(mine, base.replace('"b": 1', '"b": 2')) == (mine.replace('"b": 1', '"b": 2'), ())
    mixed = base.replace('"b": 1', '"b": 3')
    assert ends(mixed, mine) == (mixed, ())
    assert same_document(path, base.encode(), mine.encode())
    assert not same_document(RelPath("s.yaml"), b"a: 1000\n", b"a: 1000.0\n")


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        # The agent dropped the empty map; upstream fills it, or leaves it.
        ("m: {}\nk: 1\n", "k: 1\n", "m:\n  x: 1\nk: 1\n", "m:\n  x: 1\nk: 1\n"),
        ("m: {}\nk: 1\n", "k: 2\n", "m: {}\nk: 1\n", "k: 2\n"),
        # It left an empty map, and upstream takes it out or fills it.
        ("m:\n  x: 1\nk: 1\n", "m: {}\nk: 2\n", "k: 1\n", "m: {}\nk: 2\n"),
        ("k: 1\n", "m: {}\nk: 2\n", "m:\n  x: 1\nk: 1\n", "m:\n  x: 1\nk: 2\n"),
        # What upstream does with its own empty map is done.
        ("m: {}\nk: 1\n", "m: {}\nk: 2\n", "k: 1\n", "k: 2\n"),
        ("k: 1\n", "k: 2\n", "m: {}\nk: 1\n", "m: {}\nk: 2\n"),
    ],
)
def test_an_empty_map_that_the_agent_drops_or_leaves_is_no_edit(
    base: str, ours: str, theirs: str, result: str
) -> None:
    done = merge_document(RelPath("config.yaml"), *(s.encode() for s in (base, ours, theirs)))
    assert (done.content.decode(), done.conflicts) == (result, ())
    again = merge_document(RelPath("config.yaml"), done.base, done.content, theirs.encode())
    assert again.content == done.content


def test_a_multi_line_text_that_is_folded_anew_is_no_edit() -> None:
    base = b"a: some long text that goes\n  on\nb: 1\nc: 1\n"
    mine = b"a: some long\n  text that goes on\nb: 2\nc: 1\n"
    path = RelPath("s.yaml")
    done = merge_document(path, base, mine, base.replace(b"c: 1", b"c: 2"))
    assert (done.content, done.conflicts) == (mine.replace(b"c: 1", b"c: 2"), ())
    theirs = b"a: some\n  long text that goes\n  on\nb: 1\nc: 1\n"
    done = merge_document(path, base, mine, theirs)
    assert (done.content, done.conflicts) == (mine, ())
    edited = base.replace(b"long", b"short")
    assert merge_document(path, base, mine, edited).content == edited.replace(b"b: 1", b"b: 2")


def test_jobs_with_windows_line_ends_keep_them() -> None:
    job = '{"id": "0123456789ab", "name": "a", "prompt": "p", "enabled": false}'
    more = '{"id": "0123456789ac", "name": "c", "prompt": "p", "enabled": false}'
    base = f'{{"jobs": [{job}]}}\n'
    ours = '{\r\n  "jobs": [\r\n    ' + job.replace('"p"', '"mine"') + "\r\n  ]\r\n}\r\n"
    theirs = f'{{"jobs": [{job.replace("false", "true")}, {more}]}}\n'
    done = merge_document(JOBS, base.encode(), ours.encode(), theirs.encode())
    assert done.conflicts == ()
    assert done.content.count(b"\n") == done.content.count(b"\r\n") > 5
    assert done.content.startswith(ours.encode()[: ours.index("]") - 4])
