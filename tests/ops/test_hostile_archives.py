"""Hostile archives: each is refused by name of the rule, and nothing of it is kept."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from caseless import Caseless
from tars import foreign, info, member, ours, strict, zipped

from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.profiles.lifecycle import NEW_ENV
from hermes_dist.errors import Cancelled, DistError
from hermes_dist.ops.change.request import Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.transfer.import_archive import import_
from hermes_dist.world.archive.write import END

BIG = 40 << 20
F, D = tarfile.REGTYPE, tarfile.DIRTYPE
ROOT = info("bot", D, mode=0o755)
SOUL = b"I am a bot.\n"


def pax(**rows: str) -> bytes:
    """A header of records as POSIX has them."""
    data = b""
    for key, value in rows.items():
        body = f" {key}={value}\n".encode()
        size = next(n for n in range(len(body), len(body) + 9) if len(str(n)) + len(body) == n)
        data += str(size).encode() + body
    return member(b"bot/header", data, kind=b"x")


def named(name: str) -> bytes:
    return foreign(ROOT, info(name))


UNSAFE = "unsafe path"
KINDS = "are not allowed"
PLAIN = "a header has unexpected fields"


class Large(NamedTuple):
    """An archive that is made when its turn comes, and not by whoever collects the tests."""

    make: Callable[[], bytes]


HOSTILE: dict[str, tuple[bytes | Large, str]] = {
    # as ours, bent
    "dot dot": (strict(member(b"bot/../evil", b"x")), UNSAFE),
    "absolute": (strict(member(b"/etc/passwd", b"x")), UNSAFE),
    "another root": (
        strict(member(b"other/"), member(b"other/x", b"x")),
        "the folder of a file is missing|more than its one folder",
    ),
    "a drive letter": (strict(member(b"bot/C:evil", b"x")), UNSAFE),
    "a backslash": (strict(member(b"bot/..\\evil", b"x")), UNSAFE),
    "a newline": (strict(member(b"bot/a\nerror: all is well", b"x")), UNSAFE),
    "an escape code": (strict(member(b"bot/\x1b[2Jx", b"x")), UNSAFE),
    "a bell behind a NUL": (strict(member(b"bot/x\0\x07", b"x")), PLAIN),
    "no UTF-8": (strict(member(b"bot/\xff\xfe", b"x")), UNSAFE),
    "an invisible letter": (strict(member("bot/a\u200bb".encode(), b"x")), UNSAFE),
    "git": (strict(member(b"bot/.git/"), member(b"bot/.git/config", b"x")), UNSAFE),
    "a Windows device": (strict(member(b"bot/NUL.txt", b"x")), UNSAFE),
    "a hard link": (
        strict(member(b"bot/x", kind=b"1", link=b"/etc/passwd")),
        f"hard links {KINDS}",
    ),
    "a symlink": (strict(member(b"bot/x", kind=b"2", link=b"/etc")), f"symlinks {KINDS}"),
    "a character device": (strict(member(b"bot/x", kind=b"3")), f"devices {KINDS}"),
    "a block device": (strict(member(b"bot/x", kind=b"4")), f"devices {KINDS}"),
    "a FIFO": (strict(member(b"bot/x", kind=b"6")), f"FIFOs {KINDS}"),
    "a contiguous file": (strict(member(b"bot/x", kind=b"7")), f"entries of unknown kinds {KINDS}"),
    "a sparse file": (strict(member(b"bot/x", kind=b"S")), f"sparse files {KINDS}"),
    "an extended header": (
        strict(pax(path="bot/x"), member(b"bot/x", b"x")),
        f"extended headers {KINDS}",
    ),
    "a long name of GNU": (
        strict(member(b"././@LongLink", b"bot/x\0", kind=b"L"), member(b"bot/x")),
        f"headers {KINDS}",
    ),
    "a name twice": (strict(member(b"bot/x", b"1"), member(b"bot/x", b"2")), "appears twice"),
    "names out of order": (strict(member(b"bot/x", b"1"), member(b"bot/a", b"2")), "not in order"),
    "a file and a folder": (
        strict(member(b"bot/a", b"1"), member(b"bot/a/"), member(b"bot/a/x", b"2")),
        "some file systems can't hold both",
    ),
    "a file without its folder": (
        strict(member(b"bot/a/x", b"x")),
        "the folder of a file is missing",
    ),
    "a set-user-id file": (
        strict(member(b"bot/x", b"x", mode=b"0004755")),
        "mode '4755' is not allowed",
    ),
    "a world-writable file": (
        strict(member(b"bot/x", b"x", mode=b"0000666")),
        "mode '666' is not allowed",
    ),
    "an owner": (strict(member(b"bot/x", b"x", uid=b"0001750")), PLAIN),
    "a time": (strict(member(b"bot/x", b"x", mtime=b"14000000000")), PLAIN),
    "a user's name": (strict(member(b"bot/x", b"x", user=b"root")), PLAIN),
    "something behind the prefix": (strict(member(b"bot/x", b"x", tail=b"boo")), PLAIN),
    "an old magic": (strict(member(b"bot/x", b"x", magic=b"ustar  \0")), PLAIN),
    "a negative size": (strict(member(b"bot/x", size=b"\xff" * 11 + b"\xf0\0")), PLAIN),
    "a size in base 256": (strict(member(b"bot/x", size=b"\x80" + b"\0" * 10 + b"\1")), PLAIN),
    "a size with a sign": (strict(member(b"bot/x", size=b"-0000000001\0")), PLAIN),
    "a folder with a content": (
        strict(member(b"bot/a/", size=b"00000001000\0"), bytes(512)),
        PLAIN,
    ),
    "a wrong sum": (strict(member(b"bot/x", b"x", sum=True)), "a header's sum is wrong"),
    "padding that says something": (
        strict(member(b"bot/x", b"x")[:-1] + b"!"),
        "its padding is not empty",
    ),
    "something behind the end": (
        strict(member(b"bot/x", b"x"), end=END + member(b"bot/y", b"y")),
        "there is data after",
    ),
    "half an end": (
        strict(member(b"bot/x", b"x"), end=bytes(512) + member(b"bot/y", b"y")),
        "there is data after",
    ),
    "no end": (strict(member(b"bot/x", b"x"), end=b""), "ends too early"),
    "one empty block": (strict(member(b"bot/x", b"x"), end=bytes(512)), "ends too early"),
    "a second gzip member": (
        strict(member(b"bot/x", b"x")) + zipped(b"more"),
        "there is data after",
    ),
    "bytes behind gzip": (strict(member(b"bot/x", b"x")) + b"more", "there is data after"),
    "a broken gzip": (
        strict(member(b"bot/x", b"x" * 999))[:-12] + b"\0" * 12,
        "damaged|ends too early",
    ),
    "a wrong CRC": (
        strict(member(b"bot/x", b"x"))[:-8] + b"\1\2\3\4" + strict(member(b"bot/x", b"x"))[-4:],
        "damaged",
    ),
    "no root": (zipped(member(b"SOUL.md", SOUL) + END), "does not begin with its one folder"),
    "a root that goes up": (zipped(member(b"../") + END), UNSAFE),
    "nothing at all": (zipped(END), "the archive is empty"),
    "no tar": (zipped(b"hello" * 300), "sum is wrong"),
    "no gzip": (b"PK\3\4" + bytes(600), "not an archive"),
    "an empty file": (b"", "not an archive"),
    "a bomb": (
        Large(lambda: strict(member(b"bot/x", size=b"%011o\0" % (1 << 30)), bytes(64 << 20))),
        "too large|200 times",
    ),
    "a bomb of machine files": (
        Large(
            lambda: strict(
                member(b"bot/memories/"),
                member(b"bot/memories/x", size=b"%011o\0" % (1 << 30)),
                bytes(64 << 20),
            )
        ),
        "200 times its size|ends too early",
    ),
    "a large file": (Large(lambda: ours({"x": os.urandom(1 << 20) * 33})), "too large"),
    "a large folder": (
        Large(lambda: strict(*(member(b"bot/%05d" % n) for n in range(20_001)))),
        "more than 20,000 files",
    ),
    "a base content under a wrong name": (
        ours({f".dist/base/{'0' * 64}": b"x"}),
        "under the wrong name",
    ),
    "a card that is none": (
        ours({".dist/archive.json": b"[]", "SOUL.md": SOUL}),
        "card can't be read",
    ),
    "a card of the future": (
        ours({".dist/archive.json": b'{"format": 2}', "SOUL.md": SOUL}),
        "newer than this program",
    ),
    "a card with a path upwards": (
        ours(
            {
                ".dist/archive.json": b'{"format": 1, "long": {".dist/long/x": "../evil"}}',
                ".dist/long/x": b"x",
            }
        ),
        UNSAFE,
    ),
    "a file without a name": (ours({".dist/long/x": b"x", "SOUL.md": SOUL}), "without a name"),
    "a lock that is none": (
        ours({"distribution.lock": b"\0", "SOUL.md": SOUL}),
        "lockfile is damaged",
    ),
    "a lock with a hostile source": (
        ours(
            {
                "distribution.lock": b'format = 1\nsource = "ext::sh -c evil"\n[pin]\nurl = "x"\ntree = "'
                + b"0" * 64
                + b'"\n'
            }
        ),
        "not a source",
    ),
    "a reserved name": (ours({"SOUL.md": SOUL}, "root"), "reserved"),
    "a name that is an option": (ours({"SOUL.md": SOUL}, "-rf"), "not a profile name"),
    # as others write them
    "foreign: dot dot": (named("bot/../../evil"), UNSAFE),
    "foreign: absolute": (named("/etc/passwd"), UNSAFE),
    "foreign: a drive letter": (named("bot/C:\\evil"), UNSAFE),
    "foreign: a newline": (named("bot/a\nb"), UNSAFE),
    "foreign: two roots": (foreign(ROOT, info("other/x")), "more than its one folder"),
    "foreign: a symlink": (
        foreign(ROOT, info("bot/x", tarfile.SYMTYPE, link="/etc")),
        f"symlinks {KINDS}",
    ),
    "foreign: a hard link": (
        foreign(ROOT, info("bot/x", tarfile.LNKTYPE, link="/etc/passwd")),
        f"hard links {KINDS}",
    ),
    "foreign: a device": (foreign(ROOT, info("bot/x", tarfile.CHRTYPE)), f"devices {KINDS}"),
    "foreign: a FIFO": (foreign(ROOT, info("bot/x", tarfile.FIFOTYPE)), f"FIFOs {KINDS}"),
    "foreign: set-user-id": (foreign(ROOT, info("bot/x", mode=0o4755)), "mode 4755 is not allowed"),
    "foreign: a name twice": (foreign(ROOT, info("bot/x"), info("bot/x")), "twice"),
    "foreign: a sparse file": (
        foreign(ROOT, more=member(b"bot/x", kind=b"S", size=b"40000000000\0")),
        f"sparse files {KINDS}",
    ),
    "foreign: sparse by POSIX": (
        foreign(
            ROOT,
            (info("bot/x", size=1, pax={"GNU.sparse.realsize": "4294967296"}), b"x"),
            style=tarfile.PAX_FORMAT,
        ),
        f"sparse files {KINDS}",
    ),
    "foreign: a negative size": (
        foreign(ROOT, more=member(b"bot/x", size=b"\xff" * 12)),
        "a size is negative or too large",
    ),
    "foreign: a huge size": (
        foreign(ROOT, more=member(b"bot/x", size=b"\x80" + b"\xff" * 11)),
        "negative or too large size|too large",
    ),
    "foreign: a size by POSIX that is negative": (
        foreign(ROOT, more=pax(size="-1") + member(b"bot/x")),
        "is not valid",
    ),
    "foreign: a size by POSIX that is huge": (
        foreign(ROOT, more=pax(size="9" * 30) + member(b"bot/x")),
        "negative or too large",
    ),
    "foreign: a path by POSIX": (
        foreign(ROOT, more=pax(path="bot/../../evil") + member(b"bot/x")),
        UNSAFE,
    ),
    "foreign: a link by POSIX": (
        foreign(ROOT, more=pax(linkpath="/etc") + member(b"bot/x")),
        "is not valid",
    ),
    "foreign: a header of a gigabyte": (
        foreign(ROOT, more=member(b"h", kind=b"x", size=b"10000000000\0")),
        "header is too large",
    ),
    "foreign: a long name of a gigabyte": (
        foreign(ROOT, more=member(b"h", kind=b"L", size=b"10000000000\0")),
        "header is too large",
    ),
    "foreign: a header that lies": (
        foreign(ROOT, more=member(b"h", b"99 path=x\n", kind=b"x") + member(b"bot/x")),
        "header can.t be read",
    ),
    "foreign: a wrong sum": (foreign(ROOT, more=member(b"bot/x", sum=True)), "sum is wrong"),
    "foreign: a size that is not a number": (
        foreign(ROOT, more=member(b"bot/x", size=b"0000000000z\0")),
        "not a valid number",
    ),
    "foreign: cut short": (
        foreign(ROOT, (info("bot/x", size=5000), b"x" * 5000))[:60],
        "ends too early|damaged",
    ),
    "foreign: something behind": (foreign(ROOT, info("bot/x")) + b"more", "there is data after"),
    "foreign: no root": (named("./SOUL.md"), "one folder|unsafe"),
    "foreign: a bomb": (
        Large(lambda: foreign(ROOT, (info("bot/x", size=BIG), b"a" * BIG))),
        "too large|200 times",
    ),
    "foreign: a large file": (
        Large(lambda: foreign(ROOT, (info("bot/x", size=33 << 20), os.urandom(1 << 20) * 33))),
        "too large",
    ),
}

TWINS: dict[str, bytes] = {
    "case twins": strict(member(b"bot/SOUL.md", b"1"), member(b"bot/soul.md", b"2")),
    "NFC twins": strict(member("bot/e\u0301".encode(), b"1"), member("bot/\u00e9".encode(), b"2")),
    "twin folders": strict(
        member(b"bot/A/"), member(b"bot/A/x", b"1"), member(b"bot/a/"), member(b"bot/a/y", b"2")
    ),
    "foreign: case twins": foreign(ROOT, info("bot/SOUL.md"), info("bot/soul.md")),
}


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    root = tmp_path / ".hermes"
    (root / "profiles" / "other").mkdir(parents=True)
    (root / "profiles" / "other" / "SOUL.md").write_text("mine")
    return Context(HERMES, Layout(HERMES, root, tmp_path), dict(os.environ))


def everything(root: Path) -> dict[str, bytes]:
    """Every file but locks, which are empty."""
    files = {
        str(p.relative_to(root)): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file() or p.is_symlink()
    }
    return {name: data for name, data in files.items() if not (name.endswith(".lock") and not data)}


def never() -> str:
    raise AssertionError("nobody is asked for a passphrase")


def assert_refused(ctx: Context, path: Path, rule: str, *, bomb: bool = False) -> None:
    """Importing it fails by the rule, in bounded time and memory, with a clean sentence, and changes nothing."""
    before = everything(path.parent)
    if path.stat().st_size > 1 << 20 or bomb:
        tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises(DistError) as caught:
            import_(ctx, path, Request(), lambda _: True, passphrase=never)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert re.search(rule, str(caught.value)), caught.value
    assert not re.search(r"[\x00-\x1f\x7f]", str(caught.value)), "raw bytes in an error"
    assert time.monotonic() - began < 40
    assert peak < 128 << 20
    assert everything(path.parent) == before
    assert not list(ctx.layout.shared.glob("arriving/*"))


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_archive_is_refused_by_its_rule_and_leaves_nothing(
    case: str, ctx: Context, tmp_path: Path
) -> None:
    data, rule = HOSTILE[case]
    path = tmp_path / "x.tar.gz"
    path.write_bytes(data.make() if isinstance(data, Large) else data)
    assert_refused(ctx, path, rule, bomb="bomb" in case or "gigabyte" in case)


@pytest.mark.needs("linux")
@pytest.mark.parametrize("case", TWINS)
def test_names_that_the_disk_takes_for_one_are_refused(
    case: str, ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(TWINS[case])
    with monkeypatch.context() as patch:
        Caseless(patch, ctx.layout.root)
        assert_refused(ctx, path, "this disk can't hold both")


@pytest.mark.needs("linux")
@pytest.mark.parametrize("case", TWINS)
def test_names_that_the_disk_tells_apart_come_in_side_by_side(
    case: str, ctx: Context, tmp_path: Path
) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(TWINS[case])
    assert import_(ctx, path, Request(), lambda _: True, passphrase=never).done
    assert not list(ctx.layout.shared.glob("arriving/*"))


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) + len(TWINS) >= 90


@pytest.mark.parametrize("style", ["ours", "foreign"])
def test_an_archive_cut_short_at_any_block_is_refused(
    style: str, ctx: Context, tmp_path: Path
) -> None:
    files = {
        f"skills/s{n}/SKILL.md": os.urandom(700) for n in range(4 if style == "ours" else 2)
    } | {"SOUL.md": SOUL}
    if style == "ours":
        data = ours(files)
    else:
        data = foreign(
            ROOT, *((info(f"bot/{name}", size=len(text)), text) for name, text in files.items())
        )
    path = tmp_path / "x.tar.gz"
    cuts = [*range(0, len(data), 512), len(data) - 1, len(data) - 4, len(data) - 9]
    for cut in cuts:
        path.write_bytes(data[:cut])
        assert_refused(ctx, path, "too early|not an archive|damaged")
    path.write_bytes(data)
    assert (
        import_(ctx, path, Request(dry_run=True), lambda _: True, passphrase=never).proposal
        is not None
    )


def test_one_changed_byte_anywhere_is_refused_or_changes_nothing_that_counts(
    ctx: Context, tmp_path: Path
) -> None:
    files = {"SOUL.md": SOUL, "skills/a/SKILL.md": b"---\nname: a\n---\n"}
    data = ours(files)
    path = tmp_path / "x.tar.gz"
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        try:
            import_(ctx, path, Request(), lambda _: True, passphrase=never)
        except DistError:
            continue
        home = ctx.layout.profiles / "bot"
        assert {name: (home / name).read_bytes() for name in files} == files
        shutil.rmtree(home)


def test_a_file_that_is_not_ours_is_never_overwritten(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(
        ours(
            {
                "SOUL.md": b"theirs",
                "skills/a/SKILL.md": b"theirs",
                ".env": b"K=1",
                "memories/MEMORY.md": b"theirs",
            },
            "other",
        )
    )
    (ctx.layout.profiles / "other" / "memories").mkdir()
    (ctx.layout.profiles / "other" / "memories" / "MEMORY.md").write_text("mine, too")
    with pytest.raises(Cancelled):
        import_(ctx, path, Request(), lambda _: False, passphrase=never)
    import_(ctx, path, Request(), lambda _: True, passphrase=never)
    home = ctx.layout.profiles / "other"
    assert (home / "SOUL.md").read_text() == "mine"
    assert (home / "memories" / "MEMORY.md").read_text() == "mine, too"
    assert (home / ".env").read_text() == NEW_ENV
    assert not (tmp_path / ".local").exists()
