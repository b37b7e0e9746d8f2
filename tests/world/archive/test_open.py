"""Open what is said to be an archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.errors import Invalid
from hermes_dist.world.archive.open import read_archive
from hermes_dist.world.archive.read import Shelves


def test_a_file_of_an_agent_is_no_archive_and_what_to_do_with_it_is_said(tmp_path: Path) -> None:
    soul = tmp_path / "bot" / "SOUL.md"
    soul.parent.mkdir()
    soul.write_text("I am.")
    with pytest.raises(Invalid, match="not an archive") as caught:
        read_archive(soul, Shelves(keep=list), {})
    assert caught.value.where == str(soul)
    assert "is copied into the folder of its profile" in caught.value.hint
