"""The line merge: its rules one by one, and its laws on generated texts."""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from itertools import pairwise

import pytest
from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hermes_dist.merge.match import Change, changes
from hermes_dist.merge.text import (
    MAX_BYTES,
    MAX_LINES,
    TextMerge,
    _joined,
    _usual_end,
    marker_left,
    merge_text,
    mergeable,
    similarity,
    unified,
    with_differences,
    with_markers,
)
from hermes_dist.model.side import Side

LAW = settings(max_examples=examples(2_000), deadline=None)


def text(lines: str | list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def lines(data: bytes) -> list[str]:
    return data.decode().splitlines()


def crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


# ---------------------------------------------------------------------------------------- what may be merged


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", True),
        ("später\n".encode(), True),
        (b"a\0b\n", False),
        (b"caf\xe9\n", False),
        (b"x" * MAX_BYTES, True),
        (b"x" * (MAX_BYTES + 1), False),
        (b"\n" * MAX_LINES, True),
        (b"\n" * MAX_LINES + b"x", False),
    ],
    ids=[
        "empty",
        "utf-8",
        "nul",
        "latin-1",
        "largest",
        "too large",
        "most lines",
        "too many lines",
    ],
)
def test_text_is_merged_by_lines_when_it_is_utf_8_without_nul_and_not_too_large(
    data: bytes, answer: bool
) -> None:
    assert mergeable(data) is answer


@pytest.mark.parametrize("at", [0, 1, 2])
def test_merging_what_is_no_text_is_refused(at: int) -> None:
    sides = [b"a\n", b"b\n", b"c\n"]
    sides[at] = b"\0"
    with pytest.raises(ValueError, match="by lines"):
        merge_text(sides[0], sides[1], sides[2])


# ------------------------------------------------------------------------------------------------- the rules


def test_changes_apart_from_each_other_are_both_taken() -> None:
    merged = merge_text(text("abcde"), text("Abcde"), text("abcdE"))
    assert merged == TextMerge(text("AbcdE"), text("abcdE"), 0)


def test_a_conflict_keeps_ours_live_and_puts_the_next_base_back() -> None:
    merged = merge_text(text("abcdefg"), text("abXdefg"), text("abYdeFg"))
    assert merged.content == text("abXdeFg")
    assert merged.base == text("abcdeFg")
    assert merged.conflicts == 1
    (hunk,) = merged.hunks
    assert (hunk.base_line, hunk.base) == (3, ("c",))
    assert (hunk.ours_line, hunk.ours) == (3, ("X",))
    assert (hunk.theirs_line, hunk.theirs) == (3, ("Y",))


def test_a_hunk_names_the_lines_of_each_side_where_they_stand_there() -> None:
    (hunk,) = merge_text(text("abcd"), text("12abXd"), text("abd")).hunks
    assert (hunk.base_line, hunk.ours_line, hunk.theirs_line) == (3, 5, 3)
    assert (hunk.base, hunk.ours, hunk.theirs) == (("c",), ("X",), ())


@pytest.mark.parametrize(
    ("favour", "content"), [(Side.OURS, "aXeF"), (Side.THEIRS, "aYeF"), (Side.BOTH, "aXYeF")]
)
def test_a_favour_settles_the_conflict_and_the_next_base_is_theirs(
    favour: Side, content: str
) -> None:
    merged = merge_text(text("acef"), text("aXef"), text("aYeF"), favour)
    assert merged.content == text(content)
    assert merged.base == text("aYeF")
    assert merged.conflicts == 0
    assert len(merged.hunks) == 1


def test_both_says_once_what_both_sides_say() -> None:
    assert merge_text(text("abc"), text("aXSYc"), text("aPSQc"), Side.BOTH).content == text(
        "aXPSYQc"
    )


def test_two_files_that_appeared_apart_are_joined_by_both_and_conflict_otherwise() -> None:
    merged = merge_text(b"", b"mine\n", b"yours\n")
    assert (merged.content, merged.base, merged.conflicts) == (b"mine\n", b"", 1)
    assert merge_text(b"", b"mine\n", b"yours\n", Side.BOTH).content == b"mine\nyours\n"


def test_a_change_that_both_sides_made_is_clean_beside_a_change_of_one_side() -> None:
    merged = merge_text(text("abcdef"), text("aXcdef"), text("aXcdEf"))
    assert merged == TextMerge(text("aXcdEf"), text("aXcdEf"), 0)


def test_the_same_lines_by_different_steps_are_clean() -> None:
    merged = merge_text(text("abcd"), text("aXYcd"), text("aXYcdE"))
    assert (merged.content, merged.conflicts) == (text("aXYcdE"), 0)


def test_changes_of_adjacent_lines_conflict() -> None:
    merged = merge_text(text("abcd"), text("aXcd"), text("abYd"))
    assert (merged.content, merged.base, merged.conflicts) == (text("aXcd"), text("abcd"), 1)


def test_an_insertion_right_before_a_changed_line_conflicts() -> None:
    assert merge_text(text("abcd"), text("aNbcd"), text("aBcd")).conflicts == 1


def test_a_line_between_two_changes_keeps_them_apart() -> None:
    assert merge_text(text("abc"), text("Abc"), text("abC")).content == text("AbC")


def test_deleting_what_the_other_side_edits_conflicts_and_stays_deleted() -> None:
    merged = merge_text(text("abc"), text("ac"), text("aBc"))
    assert (merged.content, merged.base, merged.conflicts) == (text("ac"), text("abc"), 1)


def test_separate_conflicts_are_counted_apart() -> None:
    assert merge_text(text("abcde"), text("aXcYe"), text("aPcQe")).conflicts == 2


# ------------------------------------------------------------------------------------------------- line ends


def test_theirs_lines_come_with_the_line_ends_of_ours() -> None:
    merged = merge_text(text("abcde"), crlf(text("Abcde")), text("abcdE"))
    assert merged.content == crlf(text("AbcdE"))
    assert merged.base == text("abcdE")
    assert merged.conflicts == 0


def test_the_next_base_has_the_line_ends_of_theirs() -> None:
    merged = merge_text(text("abc"), text("aXc"), crlf(text("aYc")))
    assert (merged.content, merged.base) == (text("aXc"), crlf(text("abc")))


def test_a_text_without_a_line_end_takes_that_of_another_side() -> None:
    joined = merge_text(b"", b"mine", b"a\r\nb\r\n", Side.BOTH)
    assert joined.content == b"mine\r\na\r\nb"
    joined = merge_text(b"x\r\ny\r\n", b"mine", b"theirs", Side.BOTH)
    assert joined.content == b"mine\r\ntheirs"
    assert merge_text(b"x", b"mine", b"theirs", Side.BOTH).content == b"mine\ntheirs"


def test_a_change_of_line_ends_alone_is_no_edit_that_conflicts() -> None:
    merged = merge_text(text("abc"), crlf(text("abc")), text("aXc"))
    assert (merged.content, merged.base, merged.conflicts) == (crlf(text("aXc")), text("aXc"), 0)


def test_of_mixed_line_ends_each_line_of_ours_keeps_its_own_and_new_ones_take_the_usual() -> None:
    merged = merge_text(b"a\nb\nc\nd\n", b"A\r\nb\r\nc\nd\r\n", b"a\nb\nc\nd\nE\n")
    assert merged.content == b"A\r\nb\r\nc\nd\r\nE\r\n"


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "content"),
    [
        (b"a\nb\nc\n", b"A\nb\nc", b"a\nb\nc\n", b"A\nb\nc"),
        (b"a\nb\nc\n", b"A\nb\nc\n", b"a\nb\nc", b"A\nb\nc"),
        (b"a\nb\nc", b"A\nb\nc", b"a\nb\nc\n", b"A\nb\nc\n"),
        (b"a\nb\nc", b"A\nb\nc\n", b"a\nb\nC", b"A\nb\nC\n"),
        (b"a\nb\nc", b"A\nb\nc", b"a\nb\nc\nd", b"A\nb\nc\nd"),
        (b"a\nb\nc", b"A\nb\nc", b"a\nb\nc\nd\n", b"A\nb\nc\nd\n"),
        (b"a\nb\nc\n", b"A\nb\nc", b"a\nb\nc\nd\n", b"A\nb\nc\nd"),
    ],
    ids=[
        "ours drops",
        "theirs drops",
        "theirs adds",
        "ours adds",
        "none, longer",
        "theirs adds, longer",
        "ours drops, longer",
    ],
)
def test_the_final_newline_is_ours_unless_only_theirs_changed_it(
    base: bytes, ours: bytes, theirs: bytes, content: bytes
) -> None:
    merged = merge_text(base, ours, theirs)
    assert (merged.content, merged.conflicts) == (content, 0)


def test_a_text_without_line_ends_takes_those_of_the_others() -> None:
    assert merge_text(b"a\r\n", b"", b"b\r\nc\r\n", Side.THEIRS).content == b"b\r\nc\r\n"
    assert merge_text(b"a\r\nb\r\n", b"a\r\nX\r\n", b"").base == b"a\r\nb\r\n"


def test_only_a_newline_ends_a_line() -> None:
    odd = "a\x0bb\x0cc\u2028d\x85e\rf"
    merged = merge_text(
        f"1\n{odd}\n3\n".encode(), f"X\n{odd}\n3\n".encode(), f"1\n{odd}\nY\n".encode()
    )
    assert merged.content == f"X\n{odd}\nY\n".encode()


# ----------------------------------------------------------------------------------------------------- speed


def _most(line: str) -> list[str]:
    return [line.format(k) for k in range(MAX_LINES - 100)]


def test_the_largest_texts_merge_in_a_few_seconds_even_when_they_share_few_unique_lines() -> None:
    rng = random.Random(7)
    binary = [[rng.choice("ab") for _ in range(MAX_LINES - 100)] for _ in range(3)]
    shuffled = _most("line {}")
    rng.shuffle(shuffled)
    many = [rng.choices(_most("{}"), k=MAX_LINES - 100) for _ in range(3)]
    for sides in (binary, [_most("line {}"), shuffled, _most("line {}")[::-1]], many):
        start = time.process_time()
        merge_text(text(sides[0]), text(sides[1]), text(sides[2]))
        assert time.process_time() - start < 10


def test_a_few_edits_of_a_large_text_merge_exactly_however_repetitive_it_is() -> None:
    rng = random.Random(11)
    base = [rng.choice("ab") for _ in range(20_000)]
    ours, theirs, want = list(base), list(base), list(base)
    for k in range(60):
        (ours if k % 2 else theirs)[k * 300 + 50] = want[k * 300 + 50] = f"edit {k}"
    merged = merge_text(text(base), text(ours), text(theirs))
    assert (merged.content, merged.conflicts) == (text(want), 0)


# ------------------------------------------------------------------------------------------------ generators

Edit = tuple[int, int, str]
short = st.text("abcde", max_size=12)
edits = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 2), st.text("abcdeX", max_size=2)), max_size=3
)


def edited(base: str, steps: list[Edit]) -> str:
    for at, cut, new in steps:
        base = base[:at] + new + base[at + cut :]
    return base


@st.composite
def triples(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """A base over five letters and two sides, each a few edits away from it."""
    base = draw(short)
    return text(base), text(edited(base, draw(edits))), text(edited(base, draw(edits)))


KEEP, DROP, REPLACE, ADD = range(4)
fates = st.lists(st.integers(KEEP, ADD), min_size=1, max_size=12)


def lived(fate: list[int], side: str) -> list[str]:
    """The unique lines 0, 1, 2 … after what befell them on one side; new lines are unique to it."""
    out: list[str] = []
    for k, what in enumerate(fate):
        if what in (KEEP, ADD):
            out.append(f"line {k}")
        if what in (REPLACE, ADD):
            out.append(f"{side} {k}")
    return out


def unique(count: int) -> list[str]:
    return lived([KEEP] * count, "")


def spread(fate: list[int], first: int, count: int) -> list[int]:
    """The fates on every fourth line from `first` on; the rest is kept."""
    whole = [KEEP] * count
    for k, what in enumerate(fate):
        whole[first + 4 * k] = what
    return whole


# -------------------------------------------------------------------------------------------------- the laws


@LAW
@given(triples())
@example((b"a\r\n", b"b", b"\n\n"))
def test_when_one_side_changed_nothing_the_other_wins_byte_for_byte(
    sides: tuple[bytes, bytes, bytes],
) -> None:
    base, ours, theirs = sides
    assert merge_text(base, base, theirs) == TextMerge(theirs, theirs, 0)
    assert merge_text(base, ours, base) == TextMerge(ours, base, 0)
    assert merge_text(base, ours, ours) == TextMerge(ours, ours, 0)


@LAW
@given(triples())
def test_swapping_the_sides_swaps_the_conflicts(sides: tuple[bytes, bytes, bytes]) -> None:
    base, ours, theirs = sides
    one, other = merge_text(base, ours, theirs), merge_text(base, theirs, ours)
    assert [(h.base, h.ours, h.theirs) for h in one.hunks] == [
        (h.base, h.theirs, h.ours) for h in other.hunks
    ]
    assert one.conflicts == other.conflicts
    if not one.conflicts:
        assert one.content == other.content


@LAW
@given(fates, fates)
def test_edits_to_different_unique_lines_never_conflict(mine: list[int], yours: list[int]) -> None:
    count = 4 * 12 + 3
    ours, theirs = spread(mine, 0, count), spread(yours, 2, count)
    together = [o or t for o, t in zip(ours, theirs, strict=True)]
    merged = merge_text(text(unique(count)), text(lived(ours, "new")), text(lived(theirs, "new")))
    assert merged == TextMerge(text(lived(together, "new")), text(lived(theirs, "new")), 0)


@LAW
@given(triples(), st.sampled_from([None, *Side]))
def test_nothing_is_invented(sides: tuple[bytes, bytes, bytes], favour: Side | None) -> None:
    base, ours, theirs = sides
    merged = merge_text(base, ours, theirs, favour)
    assert not Counter(lines(merged.content)) - (Counter(lines(ours)) + Counter(lines(theirs)))
    assert not set(lines(merged.base)) - set(lines(base) + lines(theirs))


@LAW
@given(st.lists(st.tuples(st.integers(KEEP, ADD), st.integers(KEEP, ADD)), min_size=1, max_size=14))
def test_nothing_that_only_the_user_changed_is_lost(fate: list[tuple[int, int]]) -> None:
    mine, yours = [o for o, _ in fate], [t for _, t in fate]
    ours = lived(mine, "ours")
    content = lines(
        merge_text(text(unique(len(fate))), text(ours), text(lived(yours, "theirs"))).content
    )
    assert [line for line in content if line.startswith("ours")] == [
        line for line in ours if line.startswith("ours")
    ]
    gone = {f"line {k}" for k, what in enumerate(mine) if what in (DROP, REPLACE)}
    assert not gone & set(content)


@LAW
@given(st.lists(st.tuples(st.integers(KEEP, ADD), st.integers(KEEP, ADD)), min_size=1, max_size=14))
def test_merging_a_second_time_changes_nothing(fate: list[tuple[int, int]]) -> None:
    base, theirs = text(unique(len(fate))), text(lived([t for _, t in fate], "theirs"))
    once = merge_text(base, text(lived([o for o, _ in fate], "ours")), theirs)
    twice = merge_text(once.base, once.content, theirs)
    assert (twice.content, twice.base) == (once.content, once.base)
    assert bool(twice.conflicts) == bool(once.conflicts)


@LAW
@given(triples())
def test_a_settled_merge_has_theirs_as_its_base_and_a_second_one_changes_nothing(
    sides: tuple[bytes, bytes, bytes],
) -> None:
    base, ours, theirs = sides
    for favour in Side:
        merged = merge_text(base, ours, theirs, favour)
        assert (merged.base, merged.conflicts) == (theirs, 0)
        assert merge_text(merged.base, merged.content, theirs, favour).content == merged.content


@LAW
@given(triples())
def test_favouring_theirs_is_favouring_ours_seen_from_the_other_side(
    sides: tuple[bytes, bytes, bytes],
) -> None:
    base, ours, theirs = sides
    assert (
        merge_text(base, ours, theirs, Side.THEIRS).content
        == merge_text(base, theirs, ours, Side.OURS).content
    )
    assert (
        merge_text(base, ours, theirs, Side.OURS).content == merge_text(base, ours, theirs).content
    )


@LAW
@given(triples())
def test_favouring_both_loses_no_line_of_either_side_in_a_conflict(
    sides: tuple[bytes, bytes, bytes],
) -> None:
    merged = merge_text(*sides, Side.BOTH)
    content = Counter(lines(merged.content))
    ours, theirs = Counter[str](), Counter[str]()
    for hunk in merged.hunks:
        ours += Counter(hunk.ours)
        theirs += Counter(hunk.theirs)
    assert not (ours | theirs) - content


ABSENT = ""
block = st.tuples(*[st.sampled_from(["base", "base", ABSENT, "x", "y"])] * 3)


@LAW
@given(st.lists(block, min_size=1, max_size=6))
def test_an_update_in_two_steps_is_the_update_in_one_also_over_an_open_conflict(
    blocks: list[tuple[str, str, str]],
) -> None:
    # Where the user made the very change that v2 made and v3 gave up, the two rightly differ.
    blocks = [(ours, v2, v3) for ours, v2, v3 in blocks if not (ours == v2 != "base" and v3 != v2)]

    def page(states: list[str]) -> bytes:
        return text(
            [
                f"{line} {k}"
                for k, state in enumerate(states)
                for line in ("head", state, "foot")
                if line
            ]
        )

    v1 = page(["base"] * len(blocks))
    ours, v2, v3 = (page([states[side] for states in blocks]) for side in range(3))
    step = merge_text(v1, ours, v2)
    stepwise, direct = merge_text(step.base, step.content, v3), merge_text(v1, ours, v3)
    assert stepwise.content == direct.content
    assert [(h.base, h.ours, h.theirs) for h in stepwise.hunks] == [
        (h.base, h.ours, h.theirs) for h in direct.hunks
    ]
    assert stepwise.base == direct.base


@LAW
@given(triples())
def test_line_ends_change_nothing_but_the_line_ends(sides: tuple[bytes, bytes, bytes]) -> None:
    base, ours, theirs = sides
    plain = merge_text(base, ours, theirs)
    merged = merge_text(base, crlf(ours), theirs)
    assert (merged.content, merged.hunks) == (
        crlf(plain.content) if ours != base else merged.content,
        plain.hunks,
    )
    if theirs and base not in (ours, theirs) and ours != theirs:
        assert merge_text(base, ours, crlf(theirs)).content == plain.content
        assert merge_text(base, ours, crlf(theirs)).base == crlf(plain.base)


# ------------------------------------------------------------------------------------- matching, diff, likeness


@LAW
@given(st.lists(st.integers(0, 4), max_size=20), st.lists(st.integers(0, 4), max_size=20))
def test_what_lies_between_changes_is_equal_and_never_empty(a: list[int], b: list[int]) -> None:
    found = [Change(0, 0, 0, 0), *changes(a, b), Change(len(a), len(a), len(b), len(b))]
    for k, (one, next_one) in enumerate(pairwise(found)):
        assert a[one.a_hi : next_one.a_lo] == b[one.b_hi : next_one.b_lo]
        if 0 < k < len(found) - 2:
            assert next_one.a_lo > one.a_hi
    assert all(a[c.a_lo : c.a_hi] != b[c.b_lo : c.b_hi] for c in found[1:-1])


def test_a_unified_diff_reads_like_git_s() -> None:
    before = text([f"line {k}" for k in range(1, 21)])
    after = before.replace(b"line 3\n", b"line three\n").replace(b"line 18\n", b"")
    assert unified(before, after, "a/SOUL.md", "b/SOUL.md", context=1) == [
        "--- a/SOUL.md",
        "+++ b/SOUL.md",
        "@@ -2,3 +2,3 @@",
        " line 2",
        "-line 3",
        "+line three",
        " line 4",
        "@@ -17,3 +17,2 @@",
        " line 17",
        "-line 18",
        " line 19",
    ]


def test_a_unified_diff_of_a_new_file_and_of_a_lost_final_newline() -> None:
    assert unified(b"", b"a\n", "none", "new") == ["--- none", "+++ new", "@@ -0,0 +1 @@", "+a"]
    assert unified(b"a\n", b"a", "a", "b")[3:] == ["-a", "+a", "\\ No newline at end of file"]


def test_a_unified_diff_of_equal_texts_is_empty_and_of_other_bytes_says_so() -> None:
    assert unified(b"a\n", b"a\n", "a", "b") == []
    assert unified(b"a\n", b"\0", "a", "b") == ["Binary files a and b differ"]


def patched(before: list[str], diff: list[str]) -> list[str]:
    """The text after applying a unified diff strictly: every line it names has to be there."""
    out: list[str] = []
    at = 0
    for line in diff[2:]:
        head = re.fullmatch(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@", line)
        if head:
            start = int(head[1]) - (head[2] != "0")
            out += before[at:start]
            at = start
        elif line.startswith("+"):
            out.append(line[1:])
        else:
            assert before[at] == line[1:]
            out += [line[1:]] * line.startswith(" ")
            at += 1
    return out + before[at:]


@LAW
@given(triples(), st.integers(0, 3))
def test_a_unified_diff_leads_from_one_text_to_the_other(
    sides: tuple[bytes, bytes, bytes], context: int
) -> None:
    _, before, after = sides
    assert patched(lines(before), unified(before, after, "a", "b", context)) == lines(after)


@pytest.mark.parametrize(
    ("a", "b", "share"),
    [
        ("", "", 1.0),
        ("abcd", "abcd", 1.0),
        ("abcd", "dcba", 1.0),
        ("abcd", "abxy", 0.5),
        ("aaab", "a", 0.4),
        ("a", "", 0.0),
    ],
)
def test_similarity_is_the_share_of_common_lines(a: str, b: str, share: float) -> None:
    assert similarity(text(a), text(b)) == pytest.approx(share)
    assert similarity(text(b), text(a)) == pytest.approx(share)


@pytest.mark.parametrize(
    ("windows", "unix", "end"),
    [(2, 3, b"\n"), (3, 2, b"\r\n"), (1, 1, b"\n"), (0, 1, b"\n"), (0, 0, b"")],
)
def test_the_usual_end_of_a_line_is_that_of_most_lines(windows: int, unix: int, end: bytes) -> None:
    assert _usual_end(b"a\r\n" * windows + b"b\n" * unix) == end


def test_an_empty_last_line_keeps_its_end() -> None:
    assert _joined([b"a\n", b"\n"], b"\n", False) == b"a\n\n"
    assert _joined([b"a\n", b"b\n"], b"\n", False) == b"a\nb"
    assert _joined([b"a\n", b"b"], b"\n", True) == b"a\nb\n"


def test_conflicts_are_written_out_between_markers() -> None:
    base, ours, theirs = b"a\nb\nc\nd\n", b"a\nmine\nc\nd\n", b"a\nnew\nc\nD\n"
    marked = with_markers(base, ours, theirs)
    assert marked == (
        b"a\n<<<<<<< yours\nmine\n||||||| was\nb\n=======\nnew\n>>>>>>> theirs\nc\nd\n"
    )
    assert with_markers(base, ours, base) is None
    assert with_markers(b"\0", ours, theirs) is None


def test_a_marker_that_is_left_is_found_and_a_heading_is_none() -> None:
    sources = (b"Title\n=======\nb\n", b"Title\n=======\nmine\n", b"Title\n=======\nnew\n")
    marked = with_markers(*sources)
    assert marked is not None
    assert marker_left(marked, *sources) == 3
    assert marker_left(marked.replace(b"<<<<<<< yours\n", b""), *sources) == 4
    assert marker_left(b"Title\n=======\nboth\n", *sources) == 0
    assert marker_left(b"a\n=======\n", b"a\n", b"b\n", b"c\n") == 2
    assert marker_left(b"a\r\n>>>>>>> theirs\r\n", b"a\n") == 2


def test_every_difference_is_written_out_and_those_of_one_block_together() -> None:
    base, ours, theirs = text("abcd"), text("aXcdY"), text("aPcQ")
    apart = with_differences(base, ours, theirs)
    assert apart is not None
    assert apart.count(b"<<<<<<< yours") == 2
    whole = with_differences(base, ours, theirs, [(0, 5)])
    assert whole == (
        b"a\n<<<<<<< yours\nX\nc\nd\nY\n||||||| was\nb\nc\nd\n=======\nP\nc\nQ\n>>>>>>> theirs\n"
    )
    assert with_differences(base, ours, theirs, [(0, 2), (2, 5)]) == apart
    assert with_differences(base, ours, base) is not None
    assert with_differences(base, ours, ours) is None
    assert with_differences(b"\0", ours, theirs) is None
