"""How a file is made private depends on what its disk keeps."""

from __future__ import annotations

from pathlib import Path

import pytest
from flatdisk import flatten

from hermes_dist.ops.private_files import can_be_private, way_to_private


def test_an_ordinary_file_needs_a_command(tmp_path: Path) -> None:
    assert can_be_private(tmp_path / "my words")
    assert way_to_private(tmp_path / "my words") == f"chmod 600 '{tmp_path}/my words'"


def test_on_a_disk_without_permissions_it_has_to_move(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flatten(monkeypatch)
    assert not can_be_private(tmp_path / "words")
    assert way_to_private(tmp_path / "words").startswith("move it to another disk")
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_tried_a_command_is_named(tmp_path: Path) -> None:
    assert way_to_private(tmp_path / "gone/words") == f"chmod 600 {tmp_path}/gone/words"
