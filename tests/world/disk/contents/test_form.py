"""The form of a box, told by the last bytes of its file."""

from __future__ import annotations

from pathlib import Path

import pytest

from hermes_dist.world.disk.contents.form import is_newer

_COUNT = bytes(8)


@pytest.mark.parametrize(
    ("data", "newer"),
    [
        (b"hd-pack2" + _COUNT, True),
        (b"anything" * 9 + b"hd-pack9" + _COUNT, True),
        (b"anything" * 9 + b"hd-pack1" + _COUNT, False),
        (b"anything" * 9 + b"hd-packs" + _COUNT, False),
        (b"anything" * 9 + b"my-pack2" + _COUNT, False),
        (b"hd-pack2" + _COUNT + b"more", False),
        (b"d-pack2" + _COUNT, False),
        (b"", False),
    ],
)
def test_a_box_of_a_newer_form_has_its_mark_at_the_end(
    tmp_path: Path, data: bytes, *, newer: bool
) -> None:
    box = tmp_path / "box"
    box.write_bytes(data)
    with box.open("rb") as file:
        assert is_newer(file.fileno()) is newer
