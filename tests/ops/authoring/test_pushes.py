"""The note of a push: what a run sent before it ended early is this profile's own, however it ended."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from gitrepo import GIT, Repo
from machines import BOT, Machine
from sshkeys import make

from hermes_dist.errors import Busy, DistError, Refused, Unreachable
from hermes_dist.ops.authoring import publish as publishing
from hermes_dist.ops.authoring.publication import PublishOptions
from hermes_dist.ops.authoring.pushes import Push, note, read_pushes
from hermes_dist.ops.homes import open_home
from hermes_dist.ops.package.status import status
from hermes_dist.ops.profiles.lifecycle import rename
from hermes_dist.ops.profiles.trash_and_archive import put_away
from hermes_dist.world.git.push import Publisher


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "srv" / "bot.git", bare=True)


@pytest.fixture
def ada(tmp_path: Path, repo: Repo) -> Machine:
    """A profile that was published, and edited since."""
    machine = Machine(tmp_path / "ada")
    machine.fill()
    machine.init()
    machine.publish(f"file://{repo.path}")
    machine.edit("SOUL.md", "Rule 1 stands", "Rule 1 is first")
    return machine


def note_of(machine: Machine) -> Path:
    return machine.home / ".dist/pushes.json"


def cut_off(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, of: object, step: str, key: str = ""
) -> None:
    """Publish, and die at a step."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(of, step, die)
        with pytest.raises(KeyboardInterrupt):
            machine.publish(bump="minor", key=key)
    assert note_of(machine).exists()


def test_a_git_that_is_killed_when_all_has_arrived_is_no_refusal(
    tmp_path: Path, repo: Repo, ada: Machine
) -> None:
    program = tmp_path / "tools/git"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" != push ] || {{ {GIT} "$@"; kill -9 $$; }}; done\nexec {GIT} "$@"\n'
    )
    program.chmod(0o755)
    ada.env["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    with pytest.raises(Unreachable, match="stopped before the host answered") as told:
        ada.publish(bump="minor")
    assert "may have taken it all" in told.value.hint
    assert repo.git("tag").split() == ["v0.1.0", "v0.2.0"]
    ada.env["PATH"] = os.environ["PATH"]
    ada.edit("SOUL.md", "Rule 1 is first", "Rule 1 is the very first")
    assert ada.publish(bump="minor").publication.tag == "v0.3.0"
    assert status(ada.ctx, BOT).clean


def test_a_signed_one_is_expected_also_below_what_others_published(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make(ada.root, "key")
    cut_off(ada, monkeypatch, publishing, "_remember", str(key.path))
    repo.commit({"README.md": "By others.\n"})
    ada.edit("SOUL.md", "Rule 20 stands", "Rule 20 is late")
    with pytest.raises(Refused, match="previous release was signed"):
        ada.publish(bump="minor")
    ada.edit("SOUL.md", "Rule 20 is late", "Rule 20 stands")
    assert not ada.publish().publication.is_new
    assert ada.lock.signer == key.public.fingerprint
    assert ada.lock.pin.commit == repo.git("rev-parse", "main")


def test_a_note_of_what_was_never_sent_is_in_nobodys_way(
    repo: Repo, ada: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(ada, monkeypatch, Publisher, "push")
    shutil.rmtree(ada.ctx.layout.git_cache)
    repo.commit({"README.md": "By others.\n"})
    assert ada.publish(bump="minor").publication.tag == "v0.2.0"
    assert not note_of(ada).exists()


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        DEEP,
        b'{"format":1,"more":' + DEEP,
        b'{"format":1,"pushes":[{"place":"\xff"}]}',
        b'{"format":2,"pushes":[]}',
    ],
)
def test_a_note_that_is_none_is_as_good_as_none(ada: Machine, data: bytes) -> None:
    note_of(ada).write_bytes(data)
    assert ada.publish(bump="minor").publication.tag == "v0.2.0"
    assert not note_of(ada).exists()


@pytest.mark.parametrize("make_it", [os.mkfifo, os.mkdir])
def test_without_a_place_for_the_note_nothing_is_sent(
    repo: Repo, ada: Machine, make_it: object
) -> None:
    """Nothing waits for it either."""
    assert callable(make_it)
    make_it(note_of(ada))
    with pytest.raises(DistError, match="not a regular file") as told:
        ada.publish(bump="minor")
    assert told.value.where == str(note_of(ada))
    assert repo.git("tag") == "v0.1.0"


@pytest.mark.parametrize("how", ["delete", "rename"])
def test_a_profile_that_goes_while_the_question_waits_is_not_published(
    repo: Repo, ada: Machine, how: str
) -> None:
    """Nor does a ghost of it come back for the note."""

    def yes_after_it_went(_made: object) -> bool:
        if how == "rename":
            rename(ada.ctx, "bot", "robot")
        else:
            put_away(ada.ctx, BOT, "trash")
        return True

    with pytest.raises(DistError) as told:
        publishing.publish(ada.ctx, BOT, PublishOptions(bump="minor"), yes_after_it_went)
    assert told.value.where == str(ada.home)
    assert not ada.home.exists()
    assert repo.git("tag") == "v0.1.0"


def test_two_terminals_that_note_at_once_lose_no_note(ada: Machine) -> None:
    home = open_home(ada.ctx, BOT)

    def until_noted(number: int) -> str:
        push = Push(
            place="p", branch="main", received="", commit=f"{number:040}", package={}, merged={}
        )
        while True:
            with suppress(Busy):
                note(home, push)
                return push.commit

    with ThreadPoolExecutor(8) as pool:
        noted = set(pool.map(until_noted, range(8)))
    assert {one.commit for one in read_pushes(ada.home)} == noted
