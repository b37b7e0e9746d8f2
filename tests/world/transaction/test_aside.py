"""Where homes are kept that are no profiles now."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.brand import BESIDE, HERMES, SHARED, Layout
from hermes_dist.world.transaction import aside
from hermes_dist.world.transaction.aside import everywhere, placed, tidy


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "root").mkdir()
    return Layout(HERMES, tmp_path / "root", tmp_path)


def test_on_one_file_system_they_are_in_the_shared_folder(layout: Layout) -> None:
    assert placed(layout).trash == layout.root / SHARED / "trash"


def test_with_profiles_on_another_one_they_are_beside_the_profiles(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.profiles.mkdir()
    compared = []

    def elsewhere(one: Path, other: Path) -> bool:
        compared.append((one, other))
        return False

    monkeypatch.setattr(aside, "on_one_mount", elsewhere)
    assert placed(layout).trash == layout.profiles / ".distributions/trash"
    assert compared == [(layout.profiles, layout.root)]  # distributions/ would be made in the root


def test_both_folders_are_looked_into(layout: Layout) -> None:
    assert [each.aside for each in everywhere(layout)] == [SHARED, BESIDE]


def test_only_empty_folders_are_removed(layout: Layout) -> None:
    beside = layout._replace(aside=BESIDE)
    beside.staging.mkdir(parents=True)
    (beside.trash / "ada@20260101T000000Z").mkdir(parents=True)
    tidy(layout)
    assert [path.name for path in (layout.root / BESIDE).iterdir()] == ["trash"]
    (beside.trash / "ada@20260101T000000Z").rmdir()
    tidy(layout)
    assert list(layout.profiles.iterdir()) == []
