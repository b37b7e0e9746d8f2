"""Following logs: growth, rotation, truncation, and files that come late."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hermes_dist.world.agent.logs import Follower, last_lines


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "gateway.log"
    path.write_text("old\n")
    return path


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def texts(follower: Follower[str]) -> list[str]:
    return [line for _, line in follower.read()]


def test_only_what_is_written_from_now_on_is_followed(log: Path) -> None:
    with Follower({"a": log}) as follower:
        assert follower.read() == []
        add(log, "one\ntwo\n")
        assert follower.read() == [("a", "one"), ("a", "two")]
        assert follower.read() == []


def test_a_line_is_told_when_it_has_ended(log: Path) -> None:
    with Follower({"a": log}) as follower:
        add(log, "be")
        assert texts(follower) == []
        add(log, "gun\r\nnext")
        assert texts(follower) == ["begun"]


def test_a_rotated_log_is_read_to_its_end_and_its_successor_from_its_beginning(log: Path) -> None:
    with Follower({"a": log}) as follower:
        add(log, "before\nlast words")
        log.rename(log.with_suffix(".log.1"))
        log.write_text("after\n")
        assert texts(follower) == ["before", "last words", "after"]
        add(log, "more\n")
        assert texts(follower) == ["more"]


def test_a_rotated_log_whose_successor_comes_late_is_waited_for(log: Path) -> None:
    with Follower({"a": log}) as follower:
        log.rename(log.with_suffix(".log.1"))
        add(log.with_suffix(".log.1"), "still here\n")
        assert texts(follower) == ["still here"]
        log.write_text("new\n")
        assert texts(follower) == ["new"]


def test_a_truncated_log_is_read_from_its_beginning(log: Path) -> None:
    with Follower({"a": log}) as follower:
        add(log, "much more than that\n")
        assert texts(follower) == ["much more than that"]
        os.truncate(log, 0)
        add(log, "new\n")
        assert texts(follower) == ["new"]


def test_a_log_that_does_not_exist_yet_is_told_whole(tmp_path: Path) -> None:
    path = tmp_path / "late.log"
    with Follower({"a": path}) as follower:
        assert texts(follower) == []
        path.write_text("first\n")
        assert texts(follower) == ["first"]


def test_bytes_that_are_no_text_and_a_line_without_end_do_no_harm(log: Path) -> None:
    with Follower({"a": log}) as follower:
        with log.open("ab") as file:
            file.write(b"\xff\xfe\n" + b"x" * 200_000)
        found = texts(follower)
        assert found[0] == "\ufffd\ufffd"
        assert sum(map(len, found[1:])) > 100_000


def test_a_pipe_in_place_of_a_log_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert last_lines(tmp_path / "pipe", 5) == []
    with Follower({"a": tmp_path / "pipe"}) as follower:
        assert texts(follower) == []


def test_following_ends_when_nobody_reads(log: Path) -> None:
    asked = iter([True, True, False])
    with Follower({"a": log}) as follower:
        add(log, "x\n")
        assert list(follower.follow(lambda: next(asked), pause=0)) == [("a", "x")]


def test_the_last_lines_are_read_from_the_end(tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text("".join(f"line {number} {'x' * 50}\n" for number in range(10_000)))
    assert [line[:10] for line in last_lines(path, 2)] == ["line 9998 ", "line 9999 "]
    assert last_lines(path, 0) == []
    assert last_lines(tmp_path / "missing", 3) == []
