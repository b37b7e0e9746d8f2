"""Sessions that nobody thought of: packages and homes changed at random, and the same laws hold."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path

import pytest
from budget import IS_QUICK
from histories import Author, Files, Version, manifest, ordinary
from test_replay import ALL, Home, Played

from hermes_dist.errors import DistError
from hermes_dist.model.paths import ProfileName
from hermes_dist.model.side import Side
from hermes_dist.ops.change.request import Choices, Request
from hermes_dist.ops.context import Context
from hermes_dist.ops.package import resolve as settle
from hermes_dist.ops.package.status import status
from hermes_dist.ops.package.update import update

SESSIONS = 8 if IS_QUICK else 24
BLOCKS = (
    "model:\n  default: a/b  # cheap\n  provider: x\n",
    "agent:\n  max_turns: 5\n",
    "# Tools.\ntoolsets:\n  - web\n  - files\n",
    "display: {compact: false, width: 1}\n",
    "mcp_servers:\n  s:\n    command: npx\n    args: [a, b]\n",
    "approvals:\n  mode: manual\n",
    "list:\n  - name: a\n    v: 1\n  - name: b\n    v: 2\n",
    "text: |\n  one\n  two\n",
    "memory:\n  enabled: true\n\n  # deep\n  limit: 20\n",
)
EDITS = (
    ("a/b", "c/d"),
    ("turns: 5", "turns: 6"),
    ("- web", "- web\n  - net"),
    ("v: 1", "v: 3"),
    ("one", "uno"),
    ("limit: 20", "limit: 30  # more"),
    ("false", "true"),
    ("npx", "uvx"),
)


def settled(ctx: Context, name: ProfileName, side: Side) -> None:
    """Settle every conflict with one side; with ours, where both would be two values for one."""
    if side is Side.BOTH:
        with suppress(DistError):
            settle.resolve(ctx, name, side, Request(), lambda _: True)
            return
        side = Side.OURS
    settle.resolve(ctx, name, side, Request(), lambda _: True)


def config(rng: random.Random) -> bytes:
    text = "".join(
        block + "\n" * (rng.random() < 0.3)
        for block in rng.sample(BLOCKS, rng.randint(0, len(BLOCKS)))
    )
    for old, new in EDITS:
        text = text.replace(old, new) if rng.random() < 0.3 else text
    text += "***\nbad: [\n" * (rng.random() < 0.04)
    return (text.replace("\n", "\r\n") if rng.random() < 0.1 else text).encode()


def jobs(rng: random.Random) -> bytes:
    schedules = ("every 2h", "0 9 * * 1", {"kind": "interval", "minutes": 5})
    made = [
        {"name": f"j{n}", "prompt": rng.choice("pq"), "schedule": rng.choice(schedules)}
        for n in range(rng.randint(0, 3))
    ]
    return json.dumps(
        {
            "jobs": [
                {"id": f"{n:012x}", **job} if rng.random() < 0.6 else job
                for n, job in enumerate(made)
            ]
        }
    ).encode()


def changed(rng: random.Random, author: Author, files: Files) -> Files:
    """Some lines, files, folders, names and settings changed."""
    files = dict(files)
    for _ in range(rng.randint(1, 6)):
        texts = sorted(p for p in files if p.endswith(".md"))
        kind = rng.random()
        if kind < 0.4 and texts:
            path = rng.choice(texts)
            long = files[path].count(b"\n") > 6
            files[path] = (
                author.change(files[path], 2)
                if long
                else files[path] + author.line().encode() + b"\n"
            )
        elif kind < 0.5 and files:
            files.pop(rng.choice(sorted(files)))
        elif kind < 0.6 and texts:
            path = rng.choice(texts)
            if path.startswith("skills/"):
                files.setdefault(
                    f"skills/m{rng.randrange(5)}/{path.rpartition('/')[2]}", files.pop(path)
                )
        elif kind < 0.7:
            old = rng.choice(
                sorted({p.rpartition("/")[0] for p in files if p.startswith("skills/")})
                or ["skills/none"]
            )
            new = f"skills/z{rng.randrange(5)}"
            if not any(path.startswith(f"{new}/") for path in files):
                files = {
                    new + p[len(old) :] if p.startswith(f"{old}/") else p: data
                    for p, data in files.items()
                }
        elif kind < 0.8:
            files[f"skills/n{rng.randrange(6)}/SKILL.md"] = author.skill("n", 3)
        elif kind < 0.95:
            files["config.yaml"] = config(rng)
        else:
            files[f"skills/n{rng.randrange(6)}/data.bin"] = b"\0" + rng.randbytes(20)
    return files


def versions(rng: random.Random, author: Author) -> list[Version]:
    files = {**ordinary(author, 3), "config.yaml": config(rng)}
    found = []
    for number in range(4):
        whole = {**files, "distribution.yaml": manifest("bot", str(number))}
        if rng.random() < 0.6:
            whole["cron/jobs.json"] = jobs(rng)
        if rng.random() < 0.4:
            servers = {
                name: {"command": rng.choice(["npx", "uvx"])} for name in rng.sample("abc", 2)
            }
            whole["mcp.json"] = json.dumps({"mcpServers": servers}).encode()
        found.append(Version(whole))
        files = changed(
            rng, author, {p: data for p, data in files.items() if p != "distribution.yaml"}
        )
    return found


def edit(home: Home, rng: random.Random, author: Author) -> None:
    own = {
        p: d
        for p, d in home.files().items()
        if p != "distribution.yaml" and not p.startswith(("cron/", ".env"))
    }
    wanted = changed(rng, author, own)
    for path in own.keys() - wanted.keys():
        (home.path / path).unlink()
    for path, data in wanted.items():
        if own.get(path) != data:
            (home.path / path).parent.mkdir(parents=True, exist_ok=True)
            (home.path / path).write_bytes(data)


def lines_of(files: Files) -> set[bytes]:
    return {
        line
        for path, data in files.items()
        if path.endswith((".md", ".bin"))
        for line in data.split(b"\n")
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SESSIONS))
def test_whatever_both_sides_do_nothing_of_the_users_is_lost_and_every_conflict_can_be_settled(
    seed: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    played = Played.of(versions(rng, Author(f"upstream {seed}")), tmp_path)
    home = played.install(1, "bot")
    for number in (2, 3, 4):
        edit(home, rng, Author(f"user {seed} {number}"))
        before, base = home.files(), home.base(home.lock)
        request = Request(choices=ALL if rng.random() < 0.7 else Choices(), to=f"v{number}")
        outcome = update(played.ctx, home.name, request, lambda _: True)
        assert outcome.skipped == ()
        assert lines_of(before) - lines_of(base) <= lines_of(home.files())
        picture = home.picture()
        assert (
            update(played.ctx, home.name, request, lambda _: True).open_conflicts
            == outcome.open_conflicts
        )
        update(played.ctx, home.name, Request(choices=request.choices), lambda _: True)
        assert home.picture() == picture, "a second update changed something"
        assert status(played.ctx, home.name).conflicts == home.lock.conflicts
        if rng.random() < 0.5:
            settle_everything(played, home, rng)


def settle_everything(played: Played, home: Home, rng: random.Random) -> None:
    for _ in range(4):
        if home.lock.conflicts:
            settled(played.ctx, home.name, rng.choice(list(Side)))
        if home.lock.parked:
            settle.approve(played.ctx, home.name, Request(), lambda _: True)
    assert home.lock.conflicts == ()
    assert home.lock.parked == ()
