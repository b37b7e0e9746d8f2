"""Programs on PATH, found as a shell finds them, except here and where they must not be."""

from __future__ import annotations

import os
from pathlib import Path

from hermes_dist.world.agent.programs import find_command, is_program, search_path


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_the_first_that_may_be_run_is_found(tmp_path: Path) -> None:
    program(tmp_path / "a/tool", 0o644)
    (tmp_path / "b/tool").mkdir(parents=True)
    third = program(tmp_path / "c/tool")
    program(tmp_path / "d/tool")
    env = {"PATH": os.pathsep.join(str(tmp_path / name) for name in "abcd")}
    assert find_command("tool", env) == third
    assert find_command("other", env) is None


def test_a_folder_can_be_left_out_under_whatever_name(tmp_path: Path) -> None:
    program(tmp_path / "ours/tool")
    (tmp_path / "link").symlink_to(tmp_path / "ours")
    theirs = program(tmp_path / "theirs/tool")
    env = {"PATH": f"{tmp_path / 'link'}:{tmp_path / 'ours'}:{tmp_path / 'theirs'}"}
    assert find_command("tool", env, outside=tmp_path / "ours") == theirs


def test_empty_entries_do_not_mean_where_one_stands(tmp_path: Path) -> None:
    assert search_path({"PATH": f":{tmp_path}::"}) == (tmp_path,)
    assert search_path({"PATH": ""}) == ()


def test_a_folder_is_no_program(tmp_path: Path) -> None:
    assert not is_program(tmp_path)
    assert not is_program(tmp_path / "missing")
    assert is_program(program(tmp_path / "x"))
