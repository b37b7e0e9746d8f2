"""What only saves time changes no answer: whatever is in the place of a record, commands say the same as without it."""

from __future__ import annotations

import binascii
import json
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import forked
import pytest
from budget import IS_QUICK
from gitrepo import Repo

from hermes_dist.world.disk.scan import MANY
from hermes_dist.world.records import head

SKILL = "---\nname: inner-{}\n---\nRun scripts/{}.py.\n"
JOBS = [
    {"name": f"job {n}", "prompt": "go", "schedule": "0 9 * * *", "skills": [f"inner-{n}"]}
    for n in range(3)
]
BIG = {
    "distribution.yaml": "name: bot\nversion: 1.0.0\nenv_requires:\n- name: SOME_TOKEN\n",
    "SOUL.md": "# Bot\n",
    "config.yaml": "model:\n  default: small\n",
    "cron/jobs.json": json.dumps({"jobs": JOBS}),
    **{f"skills/s{n}/SKILL.md": SKILL.format(n, n) for n in range(MANY + 10)},
    **{f"scripts/{n}.py": f"print({n})\n" for n in range(9)},
}
STATUS = ("status", "bot", "--json")
CHANGES = ("update", "bot", "-n", "-y")
VERBS: dict[str, tuple[tuple[str, ...], ...]] = {
    "seen": (STATUS, CHANGES),
    "seen-skills": (CHANGES,),
    "seen-manifest": (STATUS,),
    "last-look": (STATUS, ("status", "bot")),
    "index.json": (("list", "--json"), ("doctor",)),
    "known-tree": (CHANGES,),
    "known-trees": (("update", "top", "-n", "-y"),),
    "known-refs": (CHANGES,),
    "dates": (CHANGES,),
    "shallow": (CHANGES, ("gc", "-n")),
}
"""Each record, and commands that read it."""
_SEALED = {"seen": b"3", "seen-skills": b"3", "seen-manifest": b"3", "known-tree": b"2"}


Kind = tuple[str, Callable[[], object]]
"""What is in the place of a record, and how it comes there."""
PLACES = 5
"""So many of the kinds are no file with bytes in it."""


class World(NamedTuple):
    """A machine with a large profile, and one on layers."""

    root: Path

    @property
    def profile(self) -> Path:
        return self.root / "home" / ".hermes" / "profiles" / "bot"

    def run(self, *words: str) -> tuple[int, str, str]:
        env = {**os.environ, "HOME": str(self.root / "home")}
        done = forked.said(["hermes-dist", *words], env, self.root)
        assert "a bug in this program" not in done.stderr, (words, done.stderr)
        # What doctor counts of the cache is another number after each look.
        return done.returncode, re.sub(r"\d+(\.\d+)? [KM]?B\b", "SIZE", done.stdout), done.stderr

    def record(self, name: str) -> Path:
        shared = self.root / "home" / ".hermes" / "distributions"
        if name == "index.json":
            return shared / name
        caches = [*shared.glob(f"git/*{'layers' if name == 'known-trees' else 'big'}.git")]
        return (
            caches[0] / name
            if name in {p.name for p in caches[0].iterdir()}
            else self.profile / ".dist" / name
        )


@pytest.fixture(scope="module")
def made() -> list[World]:
    return []


@pytest.fixture
def world(made: list[World], tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once, by the first test: only a test has the environment that all tests have."""
    if not made:
        made.append(new_world(tmp_path_factory.mktemp("world")))
    return made[0]


def new_world(root: Path) -> World:
    made = World(root)
    (made.root / "home").mkdir()
    big, top, layers = (
        Repo(made.root / f"{name}.git", bare=True) for name in ("big", "top", "layers")
    )
    for number in range(3):
        big.commit({**BIG, "scripts/8.py": f"print('{number}')\n"})
    layers.commit({f"l{n}/distribution.yaml": f"name: l{n}\nversion: 1.0.0\n" for n in range(3)})
    wanted = "".join(f"- file://{layers.path}//l{n}\n" for n in range(3))
    top.commit({"distribution.yaml": f"name: top\nversion: 1.0.0\ndependencies:\n{wanted}"})
    made.run("install", f"file://{big.path}", "--name", "bot", "-y", "--allow-effects")
    made.run("install", f"file://{top.path}", "--name", "top", "-y")
    (made.profile / "skills/s7/SKILL.md").write_text("Mine.\n")
    for number in range(2):
        big.commit({"SOUL.md": f"# Bot {number}\n", "skills/s1/SKILL.md": SKILL.format(1, number)})
        top.commit({"SOUL.md": f"# Top {number}\n"})
        made.run("update", "bot", "-y")
        made.run("update", "top", "-y")
    time.sleep(2.1)  # until then, what changed just now is not believed
    for words in (
        ("list",),
        ("status", "bot"),
        ("update", "top", "-y"),
        ("list",),
        ("status", "bot"),
    ):
        made.run(*words)
    big.commit(
        {
            "skills/s2/SKILL.md": SKILL.format(3, 2),
            "skills/s7/SKILL.md": "Theirs.\n",
            "scripts/2.py": "print('other')\n",
            "config.yaml": "model:\n  default: large\napprovals:\n  mode: off\n",
        }
    )
    top.commit({"SOUL.md": "# Top\n"})
    return made


def remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


def sealed(name: str, body: bytes) -> bytes:
    """A record of a program that means another thing by it, or of somebody who knows its form."""
    if name == "known-trees":
        return head(b"1", body) + body
    if name in {"last-look", "index.json"}:
        form = b"1" if name == "last-look" else b"6"
        return b"%b %08x\n" % (form, binascii.crc32(body)) + body
    return head(_SEALED[name], body) + body if name in _SEALED else body


def large(place: Path) -> None:
    place.touch()
    os.truncate(place, 1 << 40)


def others(name: str, place: Path, data: bytes) -> Iterator[Kind]:
    """What may be in the place of a record."""
    yield "a pipe", lambda: os.mkfifo(place)
    yield "a folder", lambda: (place / "x").mkdir(parents=True)
    yield "an endless file", lambda: place.symlink_to("/dev/zero")
    yield "a link to nothing", lambda: place.symlink_to(place.with_name("nothing"))
    yield "a terabyte", lambda: large(place)
    bodies = [b"", b"\0" * 60, b"\xff\xfe\n", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000]
    bodies += [b"5", b"null", b"{}", b'{"\\ud800":"\\udfff"}', b"x 9\n" * 9]
    for body in bodies:
        yield repr(body[:9]), lambda body=body: place.write_bytes(body)  # type: ignore[misc]
        yield f"sealed {body[:9]!r}", lambda body=body: place.write_bytes(sealed(name, body))  # type: ignore[misc]
    chance = random.Random(name)
    for _ in range(3):
        cut, at = chance.randrange(len(data) + 1), chance.randrange(max(1, len(data)))
        yield f"cut at {cut}", lambda cut=cut: place.write_bytes(data[:cut])  # type: ignore[misc]
        if name != "known-refs":  # names that are offered if one was mistyped
            wrong = bytes([*data[:at], *(byte ^ 4 for byte in data[at : at + 1]), *data[at + 1 :]])
            yield f"wrong at {at}", lambda wrong=wrong: place.write_bytes(wrong)  # type: ignore[misc]
    yield from of_other_values(name, place, data)


def of_other_values(name: str, place: Path, data: bytes) -> Iterator[Kind]:
    """Records in which something stands that no program of ours writes there."""
    if name == "dates":
        for date in ("9" * 5000, "9" * 25, "99999999999", "0", "-1", "x"):
            other = re.sub(rb" \d+", b" " + date.encode(), data)
            yield f"the date {date[:9]}", lambda other=other: place.write_bytes(other)  # type: ignore[misc]
    body = data[data.find(b"\n") + 1 :]
    if name == "index.json":
        facts: tuple[object, ...] = (None, 5, "x", [], {}, -1)
        for value in facts:
            found = json.loads(body)
            for row in found["rows"].values():
                row[3] = {**dict.fromkeys(row[3], value)}
            text = sealed(name, json.dumps(found).encode())
            yield f"facts like {value!r}", lambda text=text: place.write_bytes(text)  # type: ignore[misc]
    if name == "last-look":
        kept, _, rows = body.partition(b"\n")
        for field in ("by", "of", "shell", "said"):
            for value in (None, 5, [], {}, {"rows": 5}):
                found = {**json.loads(kept), field: value}
                if (field, value) != ("shell", {}):
                    text = sealed(name, json.dumps(found).encode() + b"\n" + rows)
                    yield f"{field} {value!r}", lambda text=text: place.write_bytes(text)  # type: ignore[misc]
        for field in json.loads(kept)["said"]:
            for value in (None, 5, [5], [[]], {}):
                found = json.loads(kept)
                # What is printed as JSON is a map of any values.
                if type(found["said"][field]) is not type(value):
                    found["said"][field] = value
                    text = sealed(name, json.dumps(found).encode() + b"\n" + rows)
                    yield f"{field} {value!r}", lambda text=text: place.write_bytes(text)  # type: ignore[misc]
    if name == "seen":
        for digest in ("x", "", "A" * 64):
            found = {
                path: (was, said if path.endswith("/") else digest)
                for path, (was, said) in json.loads(body).items()
            }
            told = sealed(name, json.dumps(found).encode())
            yield f"digests like {digest[:3]!r}", lambda told=told: place.write_bytes(told)  # type: ignore[misc]


def tried(kinds: list[Kind]) -> list[Kind]:
    """In a quick run, what is no file, and of the rest some of each sort."""
    return [*kinds[:PLACES], *(kinds[PLACES::4] if IS_QUICK else kinds[PLACES:])]


@pytest.mark.parametrize("name", VERBS)
def test_whatever_is_in_the_place_of_a_record_commands_say_the_same(
    world: World, name: str
) -> None:
    place = world.record(name)
    data = place.read_bytes()
    remove(place)
    true: dict[Sequence[str], tuple[int, str, str]] = {}
    for words in VERBS[name]:
        remove(place)
        true[words] = world.run(*words)
    for kind, make in tried([*others(name, place, data)]):
        for words in VERBS[name]:
            remove(place)
            make()
            assert world.run(*words) == true[words], (kind, words)
    remove(place)
    place.write_bytes(data)
    for words in VERBS[name]:
        assert world.run(*words) == true[words], "the record itself"
