"""The head of a lock, read without its long tables: it says what the whole lock says, whatever the text."""

from __future__ import annotations

import pytest
import tomli
from budget import examples
from hypothesis import event, given, settings
from hypothesis import strategies as st

from hermes_dist.errors import Invalid
from hermes_dist.model import lock_head as lockhead
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.lock_head import (
    LockHead,
    count,
    load_brief,
    load_head,
    pending,
    reason,
    source_of,
)
from hermes_dist.model.lock_package import Approval, LockedPackage
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Conflict, Effect, EffectKind
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import Digest, Entry, Tree

D = Digest.of(b"1")
PIN = Pin(
    url="https://github.com/you/bot",
    kind=PinKind.BRANCH,
    ref="refs/heads/main",
    commit="a" * 40,
    version="1.2.0",
    tree=D,
)
LOCK = Lock(
    packages=(LockedPackage(name="bot", source="github.com/you/bot", pin=PIN),),
    approved=(Approval("hooks/y", "", D),),
    base=Tree({RelPath("SOUL.md"): Entry(D), RelPath("pages/[id].md"): Entry(D, executable=True)}),
    shipped=Tree({RelPath("mcp.json"): Entry(D)}),
    upstream={RelPath("SOUL.md"): Entry(D), RelPath("hooks/x/run.py"): None},
    conflicts=(Conflict(RelPath("SOUL.md")),),
    parked=(Effect(EffectKind.RUNS, RelPath("hooks/x"), "", (("change", "new"),), D),),
)
TEXT = dump_lock(LOCK).decode()


def head_of(lock: Lock) -> LockHead:
    parked = tuple((str(e.path), e.key, e.facts) for e in lock.parked)
    return LockHead(lock.source, lock.pin, lock.name, len(lock.conflicts), parked, whole=lock.whole)


def tables(text: str) -> list[str]:
    """The beginning of a lock, and its tables."""
    first, *others = text.split("\n[")
    return [first, *(f"[{other}" for other in others)]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A lock after a few accidents: lines gone, doubled and moved, tables in another order, bytes exchanged."""
    text = TEXT
    if draw(st.booleans()):
        first, *others = tables(text)
        text = "\n".join([first, *draw(st.permutations(others))])
    lines = text.splitlines(keepends=True)
    for _ in range(draw(st.integers(0, 2))):
        at, to = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        line = lines.pop(at) if draw(st.booleans()) and len(lines) > 1 else lines[at]
        lines[to:to] = draw(
            st.sampled_from(
                [[], [line], ["[base]\n"], ["[upstream]\n"], ['["x"]\n'], ["partial = true\n"]]
            )
        )
    data = "".join(lines).encode()
    for _ in range(draw(st.integers(0, 1))):
        at = draw(st.integers(0, len(data)))
        bit = draw(
            st.sampled_from(
                [
                    b"",
                    b"[",
                    b'"',
                    b"#",
                    b"\n",
                    b"9",
                    b" ",
                    b"\xff",
                    b"\r\n[base]\n",
                    b"conflicts = []\n",
                ]
            )
        )
        data = data[:at] + bit + data[at + draw(st.integers(0, 2)) :]
    return data


@settings(max_examples=examples(600), deadline=None)
@given(damaged())
def test_law_the_head_never_says_other_than_the_whole_lock_and_never_fails(data: bytes) -> None:
    head = load_head(data)
    try:
        lock = load_lock(data)
    except Invalid:
        event("damaged")
        return
    event("readable")
    assert source_of(data) == (lock.source, len(lock.layers))
    assert head is not None
    assert head._replace(parked=tuple(sorted(head.parked))) == head_of(lock)._replace(
        parked=tuple(sorted(head_of(lock).parked))
    )
    brief = load_brief(data)
    assert brief is not None
    assert brief[:3] == (lock.pin, len(lock.conflicts), lock.held)
    for one in lock.packages:
        assert one.pin.url in brief.package
        assert one.pin.tree in brief.package
    for answer in lock.inputs:
        assert f" {answer.name}={answer.value!r}" in brief.package


_HEX = "0123456789abcdef" * 4
_KEYS = [
    "bare",
    "bare-2",
    '"a/b"',
    '"bare"',
    '"a = b"',
    '"é"',
    '""',
    '"a',
    'a"',
    "a b",
    "'a'",
    '"a\\\\b"',
    '"\x7f"',
    "é",
    "",
]
_VALUES = [
    f'"644 {_HEX}"',
    f'"755 {_HEX}"',
    f'"645 {_HEX}"',
    f"'644 {_HEX}'",
    f'"644 {_HEX[1:]}"',
    f'"644 {_HEX[1:]}A"',
]
_VALUES += [f'"644  {_HEX[1:]}"', f'"755 {_HEX[1:]} "', '""', "1"]
_GOOD = st.tuples(
    st.sampled_from(_KEYS[:6]), st.just(" = "), st.sampled_from(_VALUES[:2]), st.just("\n")
)
_ODD = st.tuples(
    st.sampled_from(_KEYS),
    st.sampled_from([" = ", "=", " =  ", " = = "]),
    st.sampled_from(_VALUES),
    st.sampled_from(["\n", "\r\n", " # c\n", "\n\n", ""]),
)
_ROWS = st.tuples(
    st.lists(_GOOD, max_size=3, unique_by=lambda row: row[0]),
    st.just([]) | st.lists(_GOOD | _ODD, max_size=1),
).map(lambda rows: "".join("".join(row) for part in rows for row in part))


@settings(max_examples=examples(150))
@given(_ROWS, _ROWS)
def test_law_a_table_of_paths_is_what_toml_says_or_is_left_to_toml(one: str, two: str) -> None:
    data = f"format = 2\n\n[shipped]\n{one}\n[base]\n{two}".encode()
    start = lockhead.start_of_paths(data)
    event("left to TOML" if start == len(data) else "read")
    if start < len(data):
        tables = lockhead.path_tables(data)
        assert tables == {
            name: rows for name, rows in tomli.loads(data.decode()).items() if name != "format"
        }


def _row(key: str = '"a/b"', sign: str = " = ", value: str = _VALUES[0], end: str = "\n") -> str:
    return f"{key}{sign}{value}{end}"


_ONE_BY_ONE = [
    *((_row(key=key), key in _KEYS[:6]) for key in _KEYS),
    *((_row(value=value), value in _VALUES[:2]) for value in _VALUES),
    *((_row(sign=sign), sign == " = ") for sign in (" = ", "=", " =  ", " = = ", "")),
    *(
        (_row(end=end), end == "\n")
        for end in ("\n", "\r\n", " # c\n", "\n\n", "\n\n\n", '"\n', "")
    ),
    ('"x" = "644 ' + _HEX + '"\n', False),
    ('"x', False),
    ("# c\n", False),
    ("\n", False),
    ("", True),
]


@pytest.mark.parametrize(("row", "good"), _ONE_BY_ONE)
def test_a_table_of_paths_is_left_to_toml_only_if_a_row_is_odd(row: str, *, good: bool) -> None:
    around = [_row(key='"x"'), _row(key="y", value=_VALUES[1])]
    for rows in ([*around, row], [row, *around], [around[0], row, around[1]]):
        data = f"format = 2\n\n[shipped]\n{''.join(around)}\n[base]\n{''.join(rows)}".encode()
        start = lockhead.start_of_paths(data)
        assert (start < len(data)) is good
        if good:
            assert lockhead.path_tables(data) == {
                name: table
                for name, table in tomli.loads(data.decode()).items()
                if name != "format"
            }


def test_tables_in_another_order_are_read_to_the_end() -> None:
    first, *others = tables(TEXT)
    data = "\n".join([first, *others[::-1]])
    told = data.replace("conflicts = [", "unknown = [").replace("parked = [", "others = [")
    assert "[base]" in told.partition("[upstream]")[0]
    head = load_head(told.encode())
    assert head is not None
    assert (head.conflicts, head.parked, head.whole) == (0, (), False)
    behind = (
        TEXT.replace("conflicts = [", "unknown = [")
        + '\n  [[conflicts]]\n  path = "a"\n  key = ""\n  kind = "edit/edit"\n'
    )
    head = load_head(behind.encode())
    assert head is not None
    assert head.conflicts == len(load_lock(behind.encode()).conflicts) == 1


def test_damage_in_a_long_table_is_seen() -> None:
    assert load_head(TEXT.replace(f'"644 {D}"\n"pages', '"no entry"\n"pages').encode()) is None
    for table in ("\n[consent]\n", "\n[shipped]\n", "\n[base]\n"):
        before, found, _ = TEXT.partition(table)
        assert load_head(f"{before}{found}nonsense".encode()) is None


def test_a_newer_lock_and_a_damaged_one_have_no_head() -> None:
    assert load_head(TEXT.encode()) == head_of(LOCK)
    assert source_of(TEXT.replace("format = 2", "format = 3").encode()) is None
    assert source_of(TEXT.replace("[[packages]]", "[[parcels]]").encode()) is None
    for other in (
        TEXT.replace("format = 2", "format = 3"),
        TEXT.replace("format = 2", 'format = "1"'),
        TEXT.replace("[[packages]]", "[[parcels]]"),
        TEXT.replace('path = "SOUL.md"', "path = 7"),
        TEXT.replace('key = ""', "key = []"),
        TEXT.replace('name = "bot"', "name = 1"),
        "upstream = 7\n" + TEXT.replace("\n[upstream]\n", "\n[unknown]\n"),
        TEXT[:200],
    ):
        assert load_head(other.encode()) is None, other[:300]


@pytest.mark.parametrize("said", ["format = true\n", "format = 0\n", 'format = "2"\n', ""])
def test_a_lock_without_the_number_of_its_format_is_damaged(said: str) -> None:
    number = next(line for line in TEXT.splitlines(keepends=True) if line.startswith("format ="))
    data = TEXT.replace(number, said, 1).encode()
    assert load_head(data) is None
    with pytest.raises(Invalid, match="the format number is missing"):
        load_lock(data)


@pytest.mark.parametrize("name", ["base", "shipped"])
@pytest.mark.parametrize("first", [True, False])
def test_a_table_of_paths_that_is_there_twice_is_damage(name: str, *, first: bool) -> None:
    again = f'[{name}]\nagain = "644 {D}"\n'
    text = f'{name}.again = "644 {D}"\n{TEXT}' if first else f"{TEXT}\n{again}"
    assert load_head(text.encode()) is None
    with pytest.raises(Invalid, match=r"twice|two times"):
        load_lock(text.encode())


def test_a_lock_too_large_to_be_one_has_no_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockhead, "MAX_BYTES", 100)
    assert load_head(TEXT.encode()) is None


@pytest.mark.parametrize(
    ("upstream", "told", "waits"),
    [
        (["SOUL.md"], [], ["SOUL.md"]),
        (["SOUL.md"], ["SOUL.md"], []),
        (["hooks/x/run.py", "hooks/xy/run.py"], ["hooks/x"], ["hooks/xy/run.py"]),
        (["hooks"], ["hooks/x"], ["hooks"]),
        ([], ["SOUL.md"], []),
    ],
)
def test_what_is_neither_open_nor_parked_is_pending(
    upstream: list[str], told: list[str], waits: list[str]
) -> None:
    assert list(pending(upstream, told)) == waits


@pytest.mark.parametrize("value", [-1, True, 1.0, "1", None, []])
def test_what_is_no_number_of_things_is_refused_by_its_name(value: object) -> None:
    with pytest.raises(TypeError, match="generation is not a number"):
        count({"generation": value}, "generation")
    assert count({}, "generation") == 0


def test_the_reason_is_said_in_words() -> None:
    assert reason(KeyError("pin")) == "'pin' is missing"
    assert reason(RecursionError("maximum recursion depth exceeded")) == "it is nested too deeply"
    assert reason(TypeError("name is not text")) == "name is not text"


def is_damaged(data: bytes) -> bool:
    try:
        load_lock(data)
    except Invalid:
        return True
    return False


def test_a_lock_that_is_cut_off_has_no_head_wherever_that_happened() -> None:
    data = TEXT.encode()
    wrong = [
        end
        for end in range(len(data))
        if is_damaged(data[:end]) and load_head(data[:end]) is not None
    ]
    assert wrong == []


@pytest.mark.parametrize("byte", [b"\0", b"\n", b'"', b"x", b"=", b"]", b""])
def test_a_lock_with_one_wrong_byte_in_its_long_tables_has_no_head_wherever_that_is(
    byte: bytes,
) -> None:
    data = TEXT.encode()
    wrong = [
        data[max(0, at - 30) : at + 30]
        for at in range(data.index(b"[shipped]"), len(data))
        if is_damaged(bad := data[:at] + byte + data[at + 1 :]) and load_head(bad) is not None
    ]
    assert wrong == []


def test_a_row_that_is_said_twice_is_damage() -> None:
    rows = TEXT.partition("\n[base]\n")[2]
    assert load_head((TEXT + rows).encode()) is None
    bare = f"{TEXT}name = {rows.splitlines()[0].partition(' = ')[2]}\n"
    assert load_head(bare.encode()) is not None
    quoted = f'"name" = {rows.splitlines()[0].partition(" = ")[2]}\n'
    assert load_head((bare + quoted).encode()) is None
