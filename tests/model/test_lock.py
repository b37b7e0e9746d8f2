"""The lockfile: stable bytes, a round trip, and clear errors for what can't be read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from budget import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hermes_dist.errors import Invalid
from hermes_dist.model import lock_head as module
from hermes_dist.model import lock_migrations
from hermes_dist.model.lock import Lock, dump_lock, load_lock, without_digests
from hermes_dist.model.lock_head import FORMAT, LockHead, load_head
from hermes_dist.model.lock_package import Approval, LockedPackage, Off, OffCause
from hermes_dist.model.paths import RelPath
from hermes_dist.model.plan import Answer, Conflict, ConflictKind, Effect, EffectKind
from hermes_dist.model.side import Side
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree

D1, D2 = Digest.of(b"1"), Digest.of(b"2")
TOP = LockedPackage(
    name="research-bot",
    source="github.com/you/research-bot#v1.2.0",
    signer="SHA256:abc",
    pin=Pin(
        url="https://github.com/you/research-bot",
        kind=PinKind.TAG,
        subfolder=RelPath("agents/bot"),
        ref="refs/tags/v1.2.0",
        commit="0123456789abcdef0123456789abcdef01234567",
        version="1.2.0",
        tree=D1,
    ),
)
LOCK = Lock(
    packages=(TOP,),
    base=Tree(
        {
            RelPath("SOUL.md"): Entry(D1),
            RelPath("scripts/it's a run.sh"): Entry(D2, executable=True),
        }
    ),
    shipped=Tree({RelPath("mcp.json"): Entry(D2)}),
    upstream={RelPath("SOUL.md"): Entry(D2), RelPath("old.md"): None},
    conflicts=(
        Conflict(RelPath("config.yaml"), 'a."x.y"'),
        Conflict(RelPath("SOUL.md"), kind=ConflictKind.DELETE_EDIT),
    ),
    parked=(
        Effect(
            EffectKind.SCHEDULES,
            RelPath("cron/jobs.json"),
            "jobs[id=ab12]",
            (("name", "x"), ("prompt", "look\n\x1b[2J")),
            D1,
            off=True,
        ),
        Effect(EffectKind.RUNS, RelPath("hooks/x"), "", (("change", "new"), ("files", "2")), D2),
    ),
    moved={RelPath("skills/a.md"): RelPath("skills/it's mine.md")},
    answers=(
        Answer(RelPath("hooks/x/run.py"), "", Side.THEIRS, f"644:{D1}"),
        Answer(RelPath("gone.md"), "", Side.BOTH, "-"),
    ),
    approved=(
        Approval(
            "hooks/y", "", D2, "1.1.0 0123456", (("command", "run.sh\n\x1b"), ("command", "x"))
        ),
        Approval("", "", D1),
    ),
    off=(
        Off(RelPath("config.yaml"), "mcp_servers.x", OffCause.USER),
        Off(RelPath("cron/jobs.json"), "jobs[id=a]", OffCause.AUTHOR),
    ),
    kept=frozenset(["SOUL.md", "config.yaml: model"]),
    held="0123456789abcdef0123456789abcdef01234567",
    generation=7,
)
MINIMAL = Lock(
    packages=(
        LockedPackage(source="./x", pin=Pin(url="/srv/x", kind=PinKind.FOLDER, tree=EMPTY.digest)),
    )
)


@pytest.mark.parametrize("lock", [LOCK, MINIMAL])
def test_a_lock_is_read_as_it_was_written(lock: Lock) -> None:
    assert load_lock(dump_lock(lock)) == lock
    assert dump_lock(load_lock(dump_lock(lock))) == dump_lock(lock)


def test_the_same_facts_in_another_order_give_the_same_bytes() -> None:
    other = replace(
        LOCK,
        conflicts=LOCK.conflicts[::-1],
        parked=LOCK.parked[::-1],
        upstream=dict(reversed(LOCK.upstream.items())),
        base=Tree(reversed(list(LOCK.base.items()))),
        kept=frozenset(sorted(LOCK.kept, reverse=True)),
    )
    assert other == LOCK
    assert dump_lock(other) == dump_lock(LOCK)


def test_the_file_is_sorted_toml_with_one_entry_a_line_and_no_time_in_it() -> None:
    text = dump_lock(LOCK).decode()
    raw = tomllib.loads(text)
    for table in ("base", "upstream", "shipped"):
        assert list(raw[table]) == sorted(raw[table])
    lines = text.splitlines()
    for path in ("SOUL.md", "scripts/it's a run.sh"):
        assert (
            sum(
                line.startswith((f'"{path}" = ', f'"{path}"'))
                for line in lines[lines.index("[base]") :]
            )
            == 1
        )
    assert [row["path"] for row in raw["conflicts"]] == ["SOUL.md", "config.yaml"]
    conflicts = lines.index("conflicts = [")
    assert lines[conflicts + 3] == "]"
    assert lines[conflicts + 1] == '    { path = "SOUL.md", key = "", kind = "delete/edit" },'
    parked = lines.index("parked = [")
    assert lines[parked + 3] == "]"
    approved = lines.index("approved = [")
    assert lines[approved - 1] == "[consent]"
    assert lines[approved + 3] == "]"
    assert [row["path"] for row in raw["consent"]["approved"]] == ["hooks/y", ""]
    assert raw["kept"] == sorted(raw["kept"])
    assert raw["format"] == FORMAT
    assert not any(
        isinstance(value, (float,)) or "time" in key or "date" in key for key, value in raw.items()
    )
    assert text.endswith("\n")


def test_adding_a_file_changes_one_line() -> None:
    more = replace(LOCK, base=LOCK.base.with_entries({RelPath("a.md"): Entry(D1)}))
    assert len(set(dump_lock(more).splitlines()) ^ set(dump_lock(LOCK).splitlines())) == 1


def test_without_the_digests_of_files_a_text_keeps_its_lines_and_whatever_else_is_in_it() -> None:
    other = 'note = "644 ' + "0" * 63 + '"'
    shown = without_digests(dump_lock(LOCK) + other.encode()).decode().splitlines()
    lines = (dump_lock(LOCK).decode() + other).splitlines()
    assert len(shown) == len(lines)
    for line, left in zip(lines, shown, strict=True):
        name, equals, value = line.partition(" = ")
        if value[1:5] in {"644 ", "755 "} and value[5:-1] in LOCK.contents():
            assert left == f'{name}{equals}""'
        else:
            assert left == line
    gone = sum(line != left for line, left in zip(lines, shown, strict=True))
    trees = (LOCK.base, LOCK.shipped, LOCK.released, LOCK.unfilled, LOCK.upstream, LOCK.authored)
    assert gone == sum(entry is not None for tree in trees for entry in tree.values())


def test_what_upstream_shipped_is_base_with_what_was_left_open() -> None:
    theirs = LOCK.theirs()
    assert theirs[RelPath("SOUL.md")] == Entry(D2)
    assert RelPath("old.md") not in theirs
    assert RelPath("scripts/it's a run.sh") in theirs


_TEXT = st.text(max_size=12)
_PATH = st.sampled_from(
    [
        "SOUL.md",
        "a/b c",
        "it's",
        "skills/ü",
        "b\u0301",
        "x.y/z",
        "-",
        "日本",
        "a=b",
        "#",
        "[base]",
        "x'y",
    ]
).map(RelPath)
_DIGEST = st.sampled_from([D1, D2])
_ENTRY = st.builds(Entry, _DIGEST, st.booleans())
_TREE = st.dictionaries(_PATH, _ENTRY).map(Tree)
_PIN = st.builds(
    Pin,
    url=_TEXT,
    kind=st.sampled_from([*PinKind]),
    subfolder=st.none() | _PATH,
    ref=_TEXT,
    commit=st.sampled_from(["", "a" * 40]),
    version=_TEXT,
    tree=_DIGEST,
)
_KIND = st.sampled_from(ConflictKind) | _TEXT.map(ConflictKind)  # a newer version may know more
_CONFLICT = st.builds(Conflict, _PATH, _TEXT, _KIND)
_FACTS = st.lists(st.tuples(_TEXT, _TEXT), max_size=3).map(tuple)
_EFFECT = st.builds(
    Effect, st.sampled_from([*EffectKind]), _PATH, _TEXT, _FACTS, _DIGEST, st.booleans()
)
_MORE = st.dictionaries(
    st.sampled_from(["later", "new field", "ü", "#"]),
    st.recursive(
        _TEXT
        | st.integers(-(2**60), 2**60)
        | st.booleans()
        | st.dates()
        | st.floats(allow_nan=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=3,
)
_PACKAGE = st.builds(
    LockedPackage,
    source=_TEXT,
    pin=_PIN,
    registry=_TEXT,
    name=_TEXT,
    signer=_TEXT,
    partial=st.booleans(),
    layer=st.sampled_from(["", "base", "pack"]),
    over=st.lists(_TEXT, max_size=2).map(tuple),
    only=st.sampled_from([(), ("skills",), ("mcp", "skills")]),
    more=_MORE,
)
_APPROVAL = st.builds(
    Approval,
    st.just("") | _PATH,
    _TEXT,
    _DIGEST,
    _TEXT,
    st.lists(st.tuples(_TEXT, _TEXT), max_size=3).map(tuple),
)
_OFF = st.builds(Off, _PATH, _TEXT, st.sampled_from([*OffCause]))
_LOCK = st.builds(
    Lock,
    packages=st.lists(_PACKAGE, min_size=1, max_size=3).map(tuple),
    base=_TREE,
    shipped=_TREE,
    upstream=st.dictionaries(_PATH, st.none() | _ENTRY),
    conflicts=st.lists(_CONFLICT, max_size=3).map(tuple),
    moved=st.dictionaries(_PATH, _PATH, max_size=3),
    parked=st.lists(_EFFECT, max_size=3).map(tuple),
    approved=st.lists(_APPROVAL, max_size=3).map(tuple),
    off=st.lists(_OFF, max_size=3).map(tuple),
    kept=st.frozensets(_TEXT, max_size=3),
    held=_TEXT,
    generation=st.integers(0, 2**60),
    more=_MORE,
)


@settings(max_examples=examples(2000), deadline=None)
@given(_LOCK)
def test_law_any_lock_is_read_as_it_was_written_and_its_head_says_the_same(lock: Lock) -> None:
    data = dump_lock(lock)
    assert load_lock(data) == lock
    assert dump_lock(load_lock(data)) == data
    assert load_head(data) == LockHead(
        lock.source,
        lock.pin,
        lock.name,
        len(lock.conflicts),
        tuple((e.path, e.key, e.facts) for e in lock.parked),
        whole=lock.whole,
        layers=len(lock.layers),
        held=lock.held,
    )


def _edited(change: Callable[[str], str]) -> bytes:
    text = dump_lock(LOCK).decode()
    assert change(text) != text
    return change(text).encode()


DAMAGED = {
    "empty": b"",
    "not toml": b"= [",
    "not utf-8": b"\xff\xfe",
    "no format": _edited(lambda t: t.replace("format = 2\n", "")),
    "format 0": _edited(lambda t: t.replace("format = 2", "format = 0")),
    "format true": _edited(lambda t: t.replace("format = 2", "format = true")),
    "format text": _edited(lambda t: t.replace("format = 2", 'format = "1"')),
    "no source": _edited(lambda t: t.replace("source = ", "sauce = ")),
    "no url": _edited(lambda t: t.replace("url = ", "earl = ")),
    "no package": _edited(lambda t: t.replace("[[packages]]", "[[parcels]]")),
    "no kind": _edited(lambda t: t.replace('kind = "tag"\n', "")),
    "an unknown kind of pin": _edited(lambda t: t.replace('kind = "tag"', 'kind = "twig"')),
    "packages of text": b'format = 2\npackages = "x"\n',
    "an empty list of packages": b"format = 2\npackages = []\n",
    "an approval of text": _edited(lambda t: t.replace("approved = [", 'approved = [ "x",')),
    "a fact of one": _edited(lambda t: t.replace('["command", "x"]', '["command"]')),
    "a fact of three": _edited(lambda t: t.replace('["command", "x"]', '["command", "x", "y"]')),
    "an unknown cause": _edited(lambda t: t.replace('cause = "user"', 'cause = "cat"')),
    "format 1 without a pin": b'format = 1\nsource = "x"\n',
    "format 1, pin is text": b'format = 1\nsource = "x"\npin = "y"\n',
    "format 1 without a source": b'format = 1\n[pin]\nurl = "x"\ntree = "%s"\n' % D1.encode(),
    "format 1, approved is text": b'format = 1\nsource = "x"\napproved = "x"\n[pin]\nurl = "x"\ntree = "%s"\n'
    % D1.encode(),
    "no tree": _edited(lambda t: t.replace("tree = ", "three = ")),
    "a digest too short": _edited(lambda t: t.replace(D1, D1[:-1])),
    "a digest in capitals": _edited(lambda t: t.replace(D1, D1.upper())),
    "another mode": _edited(lambda t: t.replace("755 ", "777 ")),
    "an entry without a mode": _edited(lambda t: t.replace('"644 ', '"')),
    "an absent base": _edited(lambda t: t + 'x = "absent"\n'),
    "a number for an entry": _edited(lambda t: t + "x = 5\n"),
    "a way out": _edited(lambda t: t.replace('"SOUL.md" =', '"../SOUL.md" =')),
    "an absolute path": _edited(lambda t: t.replace('path = "hooks/x"', 'path = "/etc/x"')),
    "a subfolder upwards": _edited(lambda t: t.replace("agents/bot", "../bot")),
    "an unknown kind of effect": _edited(lambda t: t.replace('"runs"', '"walks"')),
    "a text generation": _edited(lambda t: t.replace("generation = 7", 'generation = "7"')),
    "a negative generation": _edited(lambda t: t.replace("generation = 7", "generation = -7")),
    "kept is text": _edited(
        lambda t: t.replace("kept = [", "kept2 = [").replace("format = 2", 'format = 2\nkept = "x"')
    ),
    "kept holds numbers": _edited(lambda t: t.replace('"SOUL.md",', "5,")),
    "conflicts of text": _edited(lambda t: t.replace("conflicts = [", 'conflicts = [ "x",')),
    "name is a list": _edited(lambda t: t.replace('name = "research-bot"', "name = []")),
    "cut off": dump_lock(LOCK)[:-30],
    "nested": b"format = 2\nx = " + b"[" * 100_000,
    "a number of 5,000 digits": b"format = 2\nsource = " + b"9" * 5000,
    "40 MiB": b"#" * (40 * 2**20),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_lock_is_refused_with_the_place_and_a_way_out(data: bytes) -> None:
    with pytest.raises(Invalid, match="the lockfile is damaged") as caught:
        load_lock(data)
    assert caught.value.where == "distribution.lock"
    assert "adopt" in caught.value.hint
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    "written",
    [
        b'[base]\n"a" = "644 %s" # a remark\n',
        b"[base]\n'a' = '644 %s'\n",
        b'[base]\r\n"a" = "644 %s"\r\n',
        b'[base]\n"\\u0061" = "644 %s"\n',
        b'[base]\na = "644 %s"\n[later]\n',
        b'base = { a = "644 %s" }\n',
    ],
)
def test_a_lock_that_another_program_wrote_is_read_as_well(written: bytes) -> None:
    head = dump_lock(LOCK).partition(b"[base]")[0]
    own = written % D1.encode()
    assert load_lock(own + head if own.startswith(b"base") else head + own).base == Tree(
        {RelPath("a"): Entry(D1)}
    )


def test_base_said_twice_is_refused() -> None:
    for twice in (
        b'[base]\n"a" = "644 %s"\n"a" = "644 %s"\n',
        b'[base.x]\n[base]\n"a" = "644 %s"\nb = "644 %s"\n',
    ):
        with pytest.raises(Invalid, match="damaged"):
            load_lock(dump_lock(LOCK).partition(b"[base]")[0] + twice % (D1.encode(), D2.encode()))


def test_a_damaged_head_is_none() -> None:
    for name in (
        "empty",
        "not toml",
        "not utf-8",
        "no format",
        "no source",
        "no url",
        "no package",
        "name is a list",
        "nested",
        "40 MiB",
    ):
        assert load_head(DAMAGED[name]) is None, name


def test_a_newer_format_is_refused_with_the_version_to_install() -> None:
    data = _edited(
        lambda t: t.replace("format = 2", "format = 3").replace(
            'since = "0.2.0"', 'since = "0.7.0"'
        )
    )
    with pytest.raises(Invalid, match="format 3, newer than this program knows") as caught:
        load_lock(data)
    assert "'hermes-dist>=0.7.0'" in caught.value.hint
    assert load_head(data) is None


@pytest.mark.parametrize("since", ['since = "1; rm -rf"', "since = 5", "", 'since = "0.7\\u001b"'])
def test_a_newer_format_without_a_sane_version_asks_for_the_newest(since: str) -> None:
    data = _edited(
        lambda t: t.replace("format = 2", "format = 99").replace('since = "0.2.0"', since)
    )
    with pytest.raises(Invalid, match="format 99") as caught:
        load_lock(data)
    assert caught.value.hint.endswith("-U hermes-dist")


def test_older_formats_are_migrated_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def second(raw: dict[str, object]) -> dict[str, object]:
        stopped = raw.pop("stopped")
        return {**raw, "held": f"{stopped}/two"}

    def third(raw: dict[str, object]) -> dict[str, object]:
        return {**raw, "held": f"{raw['held']}/three"}

    old = _edited(lambda t: re.sub("(?m)^held = ", "stopped = ", t))
    monkeypatch.setattr(module, "FORMAT", 4)
    monkeypatch.setattr(lock_migrations, "MIGRATIONS", {2: second, 3: third})
    migrated = load_lock(old)
    assert migrated == replace(LOCK, held=f"{LOCK.held}/two/three")
    assert load_head(old) is not None
    assert b"format = 4\n" in dump_lock(migrated)
    assert load_lock(dump_lock(migrated)) == migrated


def test_every_older_format_has_its_migration() -> None:
    assert sorted(lock_migrations.MIGRATIONS) == list(range(1, FORMAT))


OLD_LOCKS = Path(__file__).parent.parent / "data" / "locks"


def test_format_1_says_the_same_in_today_s_format() -> None:
    old = (OLD_LOCKS / "format-1-full.toml").read_bytes()
    package = replace(TOP, source="github.com/you/research-bot//agents/bot#v1.2.0", partial=True)
    hook, job = LOCK.parked
    parked = (
        replace(job, facts=(("", "every 2h: look\n\x1b[2J"),)),
        replace(hook, facts=(("", "new hook x (2 files)"),)),
    )
    want = replace(
        LOCK,
        packages=(package,),
        parked=parked,
        answers=LOCK.answers[1:],
        moved={},
        off=(),
        approved=(Approval("", "", D1), Approval("", "", D2)),
    )
    assert load_lock(old) == want
    assert load_lock(dump_lock(load_lock(old))) == want
    assert want.granted == {D1, D2}
    assert load_head(old) == load_head(dump_lock(want))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("folder", "folder"),
        ("archive", "archive"),
        ("branch", "branch"),
        ("default-branch", "branch"),
        ("detached", "branch"),
        ("commit", "commit"),
        ("short-commit", "commit"),
        ("range", "range"),
        ("tag-called-latest", "tag"),
        ("git-folder", "tag"),
        ("registry", "range"),
        ("registry-version", "commit"),
        ("registry-tag", "tag"),
        ("registry-range", "range"),
    ],
)
def test_what_a_lock_of_format_1_followed_is_told_by_its_ref_and_source(
    name: str, kind: str
) -> None:
    old = (OLD_LOCKS / f"format-1-{name}.toml").read_bytes()
    lock = load_lock(old)
    assert lock.pin.kind == kind
    assert load_head(old) == load_head(dump_lock(lock))


def test_unknown_fields_are_kept_and_written_back() -> None:
    text = dump_lock(LOCK).decode()
    later = text.replace(
        "generation = 7\n",
        'generation = 7\nfuture = [\n    "x",\n]\nlayers = [\n    { a = 1 },\n]\n',
    )
    later = later.replace(
        "[[packages]]\n", '[[packages]]\ntier = { of = ["a"], at = 1979-05-27 }\n'
    ).replace("\n[upstream]\n", "\n[later]\nname = 5\n\n[later.deep]\nx = []\n\n[upstream]\n")
    lock = load_lock(later.encode())
    assert replace(lock, more={}).with_top(more={}) == LOCK
    assert sorted(lock.more) == ["future", "later", "layers"]
    assert list(lock.top.more) == ["tier"]
    assert sorted(dump_lock(lock).decode().splitlines()) == sorted(later.splitlines())
    assert load_lock(dump_lock(replace(lock, generation=8))) == replace(lock, generation=8)
    assert load_head(dump_lock(lock)) == load_head(dump_lock(LOCK))


def test_the_last_package_is_the_top() -> None:
    below = LockedPackage(source="base", name="base", pin=replace_pin(TOP.pin))
    lock = replace(LOCK, packages=(below, TOP))
    read = load_lock(dump_lock(lock))
    assert read == lock
    assert (read.name, read.source, read.pin, read.signer, read.partial, read.registry) == (
        TOP.name,
        TOP.source,
        TOP.pin,
        TOP.signer,
        False,
        "",
    )
    changed = read.with_top(partial=True)
    assert changed.packages == (below, replace(TOP, partial=True))
    head = load_head(dump_lock(lock))
    assert head is not None
    assert (head.name, head.pin) == (TOP.name, TOP.pin)


def replace_pin(pin: Pin) -> Pin:
    return pin._replace(url="https://github.com/you/base", kind=PinKind.RANGE)


def test_what_was_shown_at_a_consent_is_not_part_of_the_head() -> None:
    head = load_head(dump_lock(LOCK))
    assert head is not None
    assert load_head(dump_lock(replace(LOCK, approved=(), off=()))) == head


def test_the_head_of_a_lock_with_damaged_consents_is_not_believed() -> None:
    whole = dump_lock(LOCK)
    assert load_head(whole.partition(b"\n[consent]\n")[0] + b"\n[consent]\nnonsense") is None


def test_text_that_is_not_unicode_is_refused_and_not_a_crash() -> None:
    with pytest.raises(Invalid, match="not valid Unicode") as caught:
        dump_lock(LOCK.with_top(source="/srv/\udcff"))
    assert caught.value.where.isascii()
