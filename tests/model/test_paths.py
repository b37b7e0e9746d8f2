"""Names and paths: an unsafe one cannot exist."""

from __future__ import annotations

import unicodedata

import pytest
from budget import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hermes_dist.agents.names import RESERVED
from hermes_dist.errors import Invalid
from hermes_dist.model import paths
from hermes_dist.model.paths import (
    DEFAULT_PROFILE,
    MAX_DEPTH,
    MAX_NAME_BYTES,
    MAX_PATH_BYTES,
    AliasName,
    ProfileName,
    RelPath,
    folded,
    folders_of,
    safe_paths,
)

SAFE = [
    "SOUL.md",
    "skills/research/paper search/SKILL.md",
    ".env.EXAMPLE",
    ".gitignore",
    ".github/workflows/ci.yml",
    "a",
    "-x",
    "ünïcode/日本語.md",
    "a.b.c.d.e.f",
    "consul.md",
    "com.md",
    "lpt10",
    "git~2",
    "a'b",
    "x{1}",
    "x" * MAX_NAME_BYTES,
    "..a",
    "a..b",
    "/".join("d" * MAX_DEPTH),
    ".gitx",
    "nul-x",
    "😀.md",
    "a~1",
]

UNSAFE = {
    "upwards or empty": [
        "",
        ".",
        "..",
        "/",
        "a/",
        "/a",
        "a//b",
        "a/../b",
        "../a",
        "a/..",
        "./a",
        "a/./b",
    ],
    ".git is not allowed": [".git", ".GIT", ".Git/config", "a/.git/hooks", "git~1", "GIT~1"],
    "invisible": [
        ".g\u200cit",
        ".gi\u200dt",
        "\ufeff.git",
        "a\u200b",
        "a\u202eb",
        "a\u2066b",
        "a\u00ad",
        "a\ufe0f",
        "a\u3164",
        "a\U000e0041",
        "a\U000e0100",
    ],
    "end with a dot or a space": [".git.", ".git ", "a.", "a ", " a", "x/a. ", "...", "a/ /b"],
    "character": [
        "a\\b",
        "c:",
        "a:b",
        ".git::$INDEX_ALLOCATION",
        "a<b",
        "a>b",
        'a"b',
        "a|b",
        "a?",
        "a*",
        "C:/x",
    ],
    "control": [
        "a\0b",
        "a\nb",
        "a\x1b[2J",
        "a\x7f",
        "a\x85",
        "a\ud800",
        "a\udc80",
        "a\u2028b",
        "a\u2029",
    ],
    "device": [
        "con",
        "CON",
        "con.txt",
        "Aux.tar.gz",
        "nul",
        "prn.md",
        "com1",
        "COM9.log",
        "lpt0",
        "com\u00b9",
        "conin$",
        "x/NUL/y",
        "con .txt",
    ],
    "bytes": [
        "x" * (MAX_NAME_BYTES + 1),
        "ü" * (MAX_NAME_BYTES // 2 + 1),
        "/".join(["x" * 150] * 3),
    ],
    "deep": ["/".join("d" * (MAX_DEPTH + 1))],
}


@pytest.mark.parametrize("text", SAFE)
def test_an_ordinary_path_is_itself(text: str) -> None:
    assert RelPath(text) == text
    assert str(RelPath(text)) == text
    assert RelPath(RelPath(text)) == text


@pytest.mark.parametrize(
    ("rule", "text"), [(rule, text) for rule, texts in UNSAFE.items() for text in texts]
)
def test_an_unsafe_path_can_not_exist_and_the_error_names_the_rule(rule: str, text: str) -> None:
    with pytest.raises(Invalid, match=r"^.*unsafe path: ") as caught:
        RelPath(text)
    known = "may not be" if rule == "upwards or empty" else rule
    assert known in caught.value.what
    shown = f"{caught.value}"
    assert shown.isprintable(), "an error shows no raw foreign characters"
    assert len(shown) < 700


def test_a_path_knows_its_parts() -> None:
    path = RelPath("skills/research/SKILL.MD")
    assert path.parts == ("skills", "research", "SKILL.MD")
    assert path.top == "skills"
    assert path.name == "SKILL.MD"
    assert path.suffix == ".md"
    assert path.parent == "skills/research"
    assert path.parents == ("skills", "skills/research")
    assert all(isinstance(folder, RelPath) for folder in [path.parent, *path.parents])
    assert path / "x" == "skills/research/SKILL.MD/x"
    with pytest.raises(Invalid):
        path / ".."
    root = RelPath("SOUL.md")
    assert root.parent is None
    assert root.parents == ()
    assert root.top == root.name == "SOUL.md"


@pytest.mark.parametrize(
    ("name", "suffix"), [("a", ""), (".env", ""), (".env.example", ".example"), ("a.tar.GZ", ".gz")]
)
def test_a_suffix_needs_something_before_it(name: str, suffix: str) -> None:
    assert RelPath(name).suffix == suffix


def test_under_means_the_folder_itself_or_below_and_never_a_namesake() -> None:
    assert RelPath("skills").under("skills")
    assert RelPath("skills/a").under("skills")
    assert not RelPath("skills-old/a").under("skills")
    assert not RelPath("a/skills").under("skills")


KELVIN = "\u212a"
"""Small, it is one byte and plain; as it is written, it is three."""
_PIECES = st.sampled_from(
    [
        ".",
        "..",
        "/",
        "a",
        "B",
        ".git",
        "con",
        " ",
        "\u200b",
        "é",
        "e\u0301",
        "\\",
        "\0",
        "~1",
        "git",
        "ſ",
        "K",
    ]
)
_TEXT = st.one_of(
    st.text(), st.lists(_PIECES, max_size=8).map("".join), st.text(st.characters(), max_size=6)
)


@settings(max_examples=examples(2000), deadline=None)
@given(_TEXT)
@example("\ud800")
def test_law_a_path_is_refused_or_stays_below_its_root_on_every_system(text: str) -> None:
    try:
        path = RelPath(text)
    except Invalid:
        return
    assert path == text
    assert path.encode().decode() == text
    for part in path.parts:
        assert part.strip(" ") == part
        assert part.rstrip(".") == part
        assert part not in {"", ".", ".."}
        assert folded(part) != ".git"
        assert not set(part) & set('/\\:<>"|?*\0')
        assert unicodedata.normalize("NFC", part).casefold() not in {
            ".git",
            "git~1",
            "con",
            "nul",
            "aux",
            "prn",
        }
    for folder in path.parents:
        assert RelPath(str(folder)) == folder


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.md", "a.MD"),
        ("é", "e\u0301"),
        ("ﬁ", "FI"),
        ("straße", "STRASSE"),
        ("K", "k"),
        ("ſ", "S"),
        ("Å", "å"),
        ("a\u200bb", "ab"),
    ],
)
def test_names_that_some_file_system_takes_for_one_fold_alike(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_names_that_differ_stay_apart() -> None:
    assert len({folded(name) for name in ["a", "b", "é", "e", "ss1", "日", "本"]}) == 7


@settings(max_examples=examples(2000), deadline=None)
@given(st.one_of(st.text(max_size=8), st.text("aA\u0345\u0301\u00dfſİıﬃ\u0390\u1fb3", max_size=6)))
def test_law_folding_is_stable_and_blind_to_case_and_composition(name: str) -> None:
    key = folded(name)
    assert folded(key) == key
    assert folded(unicodedata.normalize("NFD", name)) == key
    assert folded(unicodedata.normalize("NFC", name)) == key
    if "\u0345" not in unicodedata.normalize(
        "NFD", name
    ):  # its case changes its place among the marks
        assert folded(name.casefold()) == key


@pytest.mark.parametrize("name", ["a", "0", "research-bot", "a_b-c", "x" * 64, "default", "con-x"])
def test_the_agents_names_of_profiles_are_names(name: str) -> None:
    assert ProfileName(name) == name
    assert ProfileName(name).is_default is (name == "default")


BAD_PROFILES = [
    "",
    "A",
    "-a",
    "_a",
    "a b",
    "a/b",
    "..",
    "x" * 65,
    "a\n",
    "ü",
    "a.b",
    "\x1b",
    *sorted(RESERVED - {"default"}),
]


@pytest.mark.parametrize("name", BAD_PROFILES)
def test_other_names_of_profiles_are_refused_with_a_way_out(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        ProfileName(name)
    assert caught.value.hint
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "near"), [("My Bot", ", such as my-bot"), ("Hermes!", ""), ("\u00df..", ""), ("-", "")]
)
def test_a_text_that_is_no_name_is_refused_with_one_that_can_be_had(text: str, near: str) -> None:
    with pytest.raises(Invalid) as caught:
        ProfileName.typed(text)
    assert caught.value.hint.partition("64 at most")[2] == near


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("Exo Executive Agent", "exo-executive-agent"),
        ("LhqgSalesAgent", "lhqgsalesagent"),
        ("Ünïcode  Bot!", "unicode-bot"),
        ("--x--", "x"),
        ("a" * 63 + " b", "a" * 63),
        ("a_b", "a_b"),
    ],
)
def test_a_free_label_becomes_a_profile_name(label: str, slug: str) -> None:
    assert ProfileName.slug(label) == slug


@pytest.mark.parametrize("label", ["", "日本", "!!!", "Test", "hermes"])
def test_a_label_of_which_nothing_usable_is_left_is_refused(label: str) -> None:
    with pytest.raises(Invalid):
        ProfileName.slug(label)


@settings(max_examples=examples(500), deadline=None)
@given(st.text())
def test_law_a_slug_is_a_name_or_refused(label: str) -> None:
    try:
        name = ProfileName.slug(label)
    except Invalid:
        return
    assert ProfileName(str(name)) == name


@pytest.mark.parametrize(
    "text", ["https://me:s3cret@h/x", "https://h/x?token=s3cret", "me:s3cret@h:o/r"]
)
def test_a_source_where_a_profile_is_wanted_is_not_repeated(text: str) -> None:
    with pytest.raises(Invalid, match="not a source") as caught:
        ProfileName(text)
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {caught.value.where}"


def test_the_default_profile_is_default() -> None:
    assert DEFAULT_PROFILE.is_default


@pytest.mark.parametrize("name", ["bot", "Bot2", "a.b", "a-b_c"])
def test_a_command_may_be_called_so(name: str) -> None:
    assert AliasName(name) == name


@pytest.mark.parametrize(
    "name", ["", "-x", ".x", "a b", "a/b", "a;b", "$x", "a.", "ü", "a\n", "x" * 65]
)
def test_a_command_may_not_be_called_so(name: str) -> None:
    with pytest.raises(Invalid):
        AliasName(name)


def test_a_path_has_the_longest_length_the_table_says() -> None:
    text = "/".join(["x" * 99] * 4)
    assert len(text) == MAX_PATH_BYTES - 1
    assert RelPath(text + "y") == text + "y"
    with pytest.raises(Invalid, match="bytes"):
        RelPath(text + "yy")


_TEXTS = st.sampled_from(
    [
        *SAFE,
        *(text for texts in UNSAFE.values() for text in texts),
        "skills/a/SKILL.md",
        "CON",
        "c/",
    ]
)


_PLAIN = [
    "SOUL.md",
    "skills/A-b/SKILL.md",
    "-x",
    "..a",
    ".gitx/a",
    "con-x/y.z",
    "x" * MAX_NAME_BYTES,
]
_PLAIN += ["/".join("d" * MAX_DEPTH), "comX", "lpt10/nul_", "a..b/.c"]


def test_plain_paths_are_taken_without_a_look_at_each_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paths, "_fault_of_name", None)
    found = list(safe_paths(_PLAIN))
    assert found == _PLAIN
    assert {type(path) for path in found} == {RelPath}


@pytest.mark.parametrize("text", [text for texts in UNSAFE.values() for text in texts])
def test_an_unsafe_path_is_refused_among_plain_ones(text: str) -> None:
    for texts in ([text], [text, *_PLAIN], [*_PLAIN, text], ["a", text.upper(), "b"]):
        with pytest.raises(Invalid, match="unsafe path"):
            list(safe_paths(texts))


def _made(texts: list[str]) -> list[RelPath] | str:
    try:
        return [RelPath(text) for text in texts]
    except Invalid as error:
        return str(error)


@settings(max_examples=examples(300))
@given(st.lists(_TEXTS | st.text("ab./", max_size=8), max_size=4))
@example([KELVIN * MAX_NAME_BYTES])
def test_many_paths_are_as_safe_as_each_alone(texts: list[str]) -> None:
    try:
        together: list[RelPath] | str = list(safe_paths(texts))
    except Invalid as error:
        together = str(error)
    assert together == _made(texts)
    assert not isinstance(together, list) or all(type(path) is RelPath for path in together)


@given(st.lists(st.sampled_from([text for text in SAFE if text]), max_size=5))
def test_the_folders_of_paths_are_all_that_are_above_them(texts: list[str]) -> None:
    paths = [RelPath(text) for text in texts]
    assert folders_of(paths) == {folder for path in paths for folder in path.parents}


@pytest.mark.parametrize("kind", [ProfileName, AliasName])
@pytest.mark.parametrize(
    ("typed", "ends"), [("a!" * 70, "…' "), ("it's" * 40, '…" '), ("a!", "'a!' ")]
)
def test_a_long_name_is_cut_within_its_quotes(
    kind: type[ProfileName | AliasName], typed: str, ends: str
) -> None:
    with pytest.raises(Invalid) as caught:
        kind(typed)
    assert ends in caught.value.what
    assert len(caught.value.what) < 140
