"""Some of the changes in a home, chosen by file, key or hunk."""

from __future__ import annotations

import budget
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hermes_dist.decide.authoring.chosen import choose
from hermes_dist.decide.authoring.hunks import hunks_between, line_before, with_hunks
from hermes_dist.errors import Invalid
from hermes_dist.model.paths import RelPath
from hermes_dist.model.tree import Digest, Entry, Tree, together

BASE = {
    "SOUL.md": "one\ntwo\nthree\nfour\n",
    "config.yaml": "# settings\nagent:\n  max_turns: 60\nmodel: small\n",
    "skills/a/SKILL.md": "A.\n",
    "old.md": "Old.\n",
}
OURS = {
    "SOUL.md": "one!\ntwo\nthree\nfour\nfive\n",
    "config.yaml": "# settings, mine\nagent:\n  max_turns: 90\nmodel: large\n",
    "skills/a/SKILL.md": "A.\n",
    "skills/b/SKILL.md": "B.\n",
    "skills/b/more.md": "More.\n",
}


def chosen(*words: str) -> dict[str, str]:
    blobs: dict[Digest, bytes] = {}

    def tree(files: dict[str, str]) -> Tree:
        data = {RelPath(path): text.encode() for path, text in files.items()}
        blobs.update({Digest.of(each): each for each in data.values()})
        return Tree({path: Entry(Digest.of(each)) for path, each in data.items()})

    ours, base = tree(OURS), tree(BASE)
    made = choose(ours, base, words, blobs.__getitem__)
    read = together(made.blobs, blobs.__getitem__)
    return {str(path): read(entry.digest).decode() for path, entry in made.tree.items()}


@pytest.mark.parametrize(
    ("words", "change"),
    [
        (["SOUL.md"], {"SOUL.md": OURS["SOUL.md"]}),
        (["SOUL.md:2"], {"SOUL.md": "one\ntwo\nthree\nfour\nfive\n"}),
        (["SOUL.md:1", "SOUL.md:2"], {"SOUL.md": OURS["SOUL.md"]}),
        (["model"], {"config.yaml": BASE["config.yaml"].replace("small", "large")}),
        (["config.yaml: agent"], {"config.yaml": BASE["config.yaml"].replace("60", "90")}),
        (["skills/b/"], {path: OURS[path] for path in ("skills/b/SKILL.md", "skills/b/more.md")}),
        (["skills/b/more.md"], {"skills/b/more.md": "More.\n"}),
        (["old.md"], {"old.md": None}),
    ],
)
def test_only_what_is_named_differs(words: list[str], change: dict[str, str | None]) -> None:
    want = {path: text for path, text in {**BASE, **change}.items() if text is not None}
    assert chosen(*words) == want


@pytest.mark.parametrize(
    "word", ["SOUL.md:3", "skills/a", "agent.max", "nothing", "config.yaml:1", ""]
)
def test_a_word_that_names_no_change_is_refused(word: str) -> None:
    with pytest.raises(Invalid):
        chosen("SOUL.md", word)


@pytest.mark.parametrize(("line", "there"), [(1, 1), (2, 5), (3, 6), (4, 8), (5, 9)], ids=str)
def test_a_line_of_what_ships_is_found_where_it_stands(line: int, there: int) -> None:
    home = b"a\nallow: me\nb: x\nc: y\nkey: secret\nd\nown: z\ne\nf\n"
    assert line_before(home, b"a\nkey: ${KEY}\nd\ne\nf\n", line) == there


TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"d"]), max_size=12).map(
    b"".join
)


@given(TEXTS, TEXTS)
@settings(max_examples=budget.examples(500))
def test_all_hunks_are_the_text_and_none_is_the_other(before: bytes, after: bytes) -> None:
    numbers = [hunk.number for hunk in hunks_between(before, after)]
    assert with_hunks(before, after, numbers) == after
    assert with_hunks(before, after, ()) == before
