"""The lock keeps answers to inputs, and of a secret only that there is one."""

from __future__ import annotations

import pytest

from hermes_dist.errors import Invalid
from hermes_dist.model.lock import Lock, dump_lock, load_lock
from hermes_dist.model.lock_head import load_head
from hermes_dist.model.lock_package import InputAnswer, LockedPackage
from hermes_dist.model.paths import RelPath
from hermes_dist.model.source import Pin, PinKind
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree

PIN = Pin(url="/x", kind=PinKind.FOLDER, tree=EMPTY.digest)
LOCK = Lock(
    packages=(LockedPackage(source="/x", pin=PIN),),
    inputs=(
        InputAnswer("turns", 40),
        InputAnswer("on", True),
        InputAnswer("share", 0.5),
        InputAnswer("team", 'a "b"\\ ü'),
        InputAnswer("token"),
    ),
    unfilled=Tree({RelPath("SOUL.md"): Entry(Digest.of(b"x"))}),
)


def test_answers_come_back_as_they_were() -> None:
    again = load_lock(dump_lock(LOCK))
    assert again == LOCK
    assert again.input_values == {"on": True, "share": 0.5, "team": 'a "b"\\ ü', "turns": 40}
    assert Digest.of(b"x") in again.contents()
    assert load_head(dump_lock(LOCK)) is not None


def test_a_lock_without_inputs_does_not_name_them() -> None:
    text = dump_lock(Lock(packages=LOCK.packages))
    assert b"inputs" not in text
    assert b"unfilled" not in text


def test_an_answer_that_is_no_single_value_is_damage() -> None:
    text = dump_lock(LOCK).replace(b"value = 40", b"value = [40]")
    with pytest.raises(Invalid, match="not a single value"):
        load_lock(text)
