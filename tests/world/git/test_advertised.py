"""The answer of a server that is asked for all refs at once: what git reads in it, or nothing."""

from __future__ import annotations

from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.world.git.advertised import advertised
from hermes_dist.world.ports import Refs

A, B, C = ("a" * 40, "b" * 40, "c" * 40)
ABILITIES = "multi_ack symref=HEAD:refs/heads/main object-format=sha1 agent=git/2.39.5"


def packets(*lines: str | None) -> bytes:
    """Packets of git; None ends a part."""
    whole = b""
    for line in lines:
        data = (line or "").encode()
        whole += b"0000" if line is None else b"%04x%s" % (len(data) + 4, data)
    return whole


def answer(*lines: str, abilities: str = ABILITIES) -> bytes:
    first, *others = lines
    return packets("# service=git-upload-pack\n", None, f"{first}\0{abilities}\n", *others, None)


WHOLE = answer(
    f"{A} HEAD",
    f"{A} refs/heads/main\n",
    f"{B} refs/heads/of/ä\n",
    f"{C} refs/pull/1/head\n",
    f"{C} refs/tags/v1\n",
    f"{B} refs/tags/v1^{{}}\n",
    f"{B} refs/tags/v2\n",
    f"shallow {B}\n",
)


def test_refs_are_read() -> None:
    assert advertised(WHOLE) == Refs(
        head="refs/heads/main",
        head_commit=A,
        heads={"main": A, "of/ä": B},
        tags={"v1": B, "v2": B},
        annotated={"v1": C},
    )


def test_a_head_that_is_no_branch_has_no_name() -> None:
    found = advertised(answer(f"{A} HEAD", f"{A} refs/heads/main\n", abilities="ofs-delta"))
    assert found == Refs(head="", head_commit=A, heads={"main": A}, tags={})


def test_longer_names_of_commits_are_read() -> None:
    found = advertised(answer(f"{A[:32] * 2} HEAD", f"{A[:32] * 2} refs/heads/main\n"))
    assert found is not None
    assert found.head_commit == "a" * 64


def test_what_only_git_can_judge_is_left_to_it() -> None:
    lines = f"{A} HEAD\0{ABILITIES}\n"
    title = "# service=git-upload-pack\n"
    for other in (
        b"",
        b"<!doctype html>\n",
        f"{A}\trefs/heads/main\n".encode(),  # a server that only hands out files
        answer(f"{'0' * 40} capabilities^{{}}"),  # an empty repository
        packets(title, None, "version 1\n", lines, None),
        packets(title, None, "version 2\n", "ls-refs=unborn\n", None),
        packets(title, None, "ERR no such repository", None),
        packets(title, None, f"{A} HEAD\n", None),
        packets(title, lines, None),
        packets("# service=git-receive-pack\n", None, lines, None),
        packets(title, None, lines),
        packets(title, None, lines, None, None),
        answer(f"{A} refs/heads/two words"),
        answer(f"{A} refs/heads/two\nlines"),
        answer(f"{A[1:]} refs/heads/main"),
        answer(f"{A} HEAD", abilities="symref=HEAD:refs/heads/\x1b[2Jx"),
        answer(f"{A} HEAD", abilities="symref=HEAD:--upload-pack=x"),
        WHOLE + b"-001",
        WHOLE + b"0001",
        WHOLE + b"zzzz",
    ):
        assert advertised(other) is None, other


@settings(max_examples=examples(300))
@given(st.integers(0, len(WHOLE) - 1))
def test_law_a_part_of_an_answer_is_never_taken_for_all(end: int) -> None:
    assert advertised(WHOLE[:end]) is None
