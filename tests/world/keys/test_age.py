from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest
from tars import Memory

from hermes_dist.errors import Invalid
from hermes_dist.world.keys.age import AgeWriter, decrypted

PASSPHRASE = "correct horse bättery staple"
SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_001]


def sealed(data: bytes, *, work: int = 10) -> bytes:
    out = Memory()
    writer = AgeWriter(out, PASSPHRASE, work)
    for at in range(0, len(data), 7000):
        writer.write(data[at : at + 7000])
    writer.close()
    return bytes(out.data)


def opened(data: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return b"".join(decrypted(io.BytesIO(data), passphrase))


@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_read_again_and_by_another_implementation(size: int) -> None:
    data = os.urandom(size)
    assert opened(sealed(data)) == data
    assert pyrage.passphrase.decrypt(sealed(data), PASSPHRASE) == data


def test_what_another_implementation_wrote_is_read() -> None:
    data = os.urandom(150_000)
    assert opened(pyrage.passphrase.encrypt(data, PASSPHRASE)) == data


def test_a_guess_costs_as_much_as_at_age_itself() -> None:
    out = Memory()
    AgeWriter(out, PASSPHRASE).close()
    assert bytes(out.data).splitlines()[1].endswith(b" 18")


@pytest.mark.needs("age")
def test_age_itself_opens_it_and_is_opened(tmp_path: Path) -> None:
    """Its passphrase comes from a terminal alone, so it gets one."""
    path = tmp_path / "x.age"
    path.write_bytes(sealed(b"hello" * 30_000, work=18))
    got = on_terminal(["age", "-d", "-o", str(tmp_path / "plain"), str(path)])
    assert (tmp_path / "plain").read_bytes() == b"hello" * 30_000, got
    got = on_terminal(
        ["age", "-p", "-o", str(tmp_path / "theirs.age"), str(tmp_path / "plain")], times=2
    )
    assert opened((tmp_path / "theirs.age").read_bytes()) == b"hello" * 30_000, got


def on_terminal(argv: list[str], times: int = 1) -> str:
    """Run a program on a terminal of its own, and type the passphrase when asked."""
    code = (
        "import os, pty, sys\n"
        "pid, fd = pty.fork()\n"
        "if pid == 0: os.execvp(sys.argv[2], sys.argv[2:])\n"
        "got, typed = b'', 0\n"
        "while True:\n"
        "    try: more = os.read(fd, 1024)\n"
        "    except OSError: break\n"
        "    if not more: break\n"
        "    got += more\n"
        "    if typed < int(sys.argv[1]) and got.count(b': ') > typed:\n"
        f"        typed += 1; os.write(fd, {PASSPHRASE!r}.encode() + b'\\n')\n"
        "os.waitpid(pid, 0); print(got)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(times), *argv],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout


def test_another_passphrase_is_refused() -> None:
    with pytest.raises(Invalid, match="passphrase is wrong"):
        opened(sealed(b"x"), "another one")


def damaged() -> Iterator[tuple[str, bytes]]:
    data = sealed(os.urandom(70_000))
    head = data.index(b"---")
    yield "the label", b"age-encryption.org/v2\n" + data[22:]
    yield "the salt", data[:40] + bytes([data[40] ^ 1]) + data[41:]
    yield (
        "the sum",
        data[: head + 6] + (b"A" if data[head + 6 : head + 7] != b"A" else b"B") + data[head + 7 :],
    )
    yield "the nonce", data[: head + 50] + bytes([data[head + 50] ^ 1]) + data[head + 51 :]
    yield "the first piece", data[:300] + bytes([data[300] ^ 1]) + data[301:]
    yield "the last piece", data[:-1] + bytes([data[-1] ^ 1])
    yield "the end, cut", data[:-1]
    yield "the last piece, gone", data[: head + 64 + 65_552]
    yield "everything but the header", data[: head + 48]
    yield "more behind", data + b"x" * 100
    yield "other recipients", pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()])
    yield "too much work", data.replace(b" 10\n", b" 30\n", 1)


DAMAGED = dict(damaged())


@pytest.mark.parametrize("what", list(DAMAGED))
def test_damage_is_told(what: str) -> None:
    with pytest.raises(Invalid):
        opened(DAMAGED[what])


def test_memory_stays_small_whatever_the_size() -> None:
    import tracemalloc

    class Nothing:
        def write(self, data: bytes) -> None:
            pass

        def close(self) -> None:
            pass

    writer = AgeWriter(Nothing(), PASSPHRASE, 10)
    tracemalloc.start()
    for _ in range(64):
        writer.write(bytes(1 << 20))
    writer.close()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
