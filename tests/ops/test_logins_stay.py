"""No store of keys or logins of any generation leaves a home, whichever way out."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from hermes_dist.agents.stores import (
    CREDENTIAL_PAIRS,
    CREDENTIALS,
    CREDENTIALS_ANYWHERE,
    CREDENTIALS_INSIDE,
)
from hermes_dist.brand import HERMES, Layout
from hermes_dist.decide.leaving.publish import permitted
from hermes_dist.decide.ownership import is_machine, payload_of
from hermes_dist.model.manifest import Manifest
from hermes_dist.model.paths import ProfileName, RelPath
from hermes_dist.model.tree import EMPTY, Digest, Entry, Tree
from hermes_dist.ops.context import Context
from hermes_dist.ops.transfer.export import Packing, export

ROOT = sorted({*CREDENTIALS, *CREDENTIALS_INSIDE, *CREDENTIALS_ANYWHERE})
DEEP = sorted(
    f"{at}/{name}"
    for name in (*CREDENTIALS_ANYWHERE, *CREDENTIAL_PAIRS)
    for at in ("skills/s", "hooks/h/lib")
)
NAMES = [name.replace("*", "x") for name in (*ROOT, *DEEP)]
PATHS = sorted({path for name in NAMES for path in (name, f"{name}/inside.json")})


def swapped(path: str) -> str:
    """The same in other letters: one place on many disks."""
    return path.swapcase()


@pytest.mark.parametrize("path", PATHS)
def test_it_is_neither_published_nor_contributed_nor_packed_nor_installed(path: str) -> None:
    for spelled in (RelPath(path), RelPath(swapped(path))):
        tree = Tree({spelled: Entry(Digest.of(b"x"), executable=False)})
        assert is_machine(spelled)
        for own in (False, True):
            leaves, stays = permitted(tree, EMPTY, None, own=own)
            assert (len(leaves), len(stays)) == (0, 1)
            assert len(permitted(tree, tree, None, own=own)[0]) == 0, (
                "not even where it was received once"
            )
        for owned in (None, (spelled,), (RelPath(spelled.top),)):
            assert (
                len(payload_of(tree, Manifest(name="pack", version="1.0.0", owned=owned)).tree) == 0
            )


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_an_export_holds_none_of_them(home: Path, tmp_path: Path, kind: str) -> None:
    ctx = Context(
        HERMES, Layout(HERMES, home / ".hermes", home), {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    )
    ada = ctx.layout.profiles / "ada"
    for name in NAMES:
        place = ada / name if kind == "file" else ada / name / "inside.json"
        if any(parent.is_file() for parent in place.parents) or place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("PLANTED=1\n")
    (ada / "SOUL.md").write_text("I am Ada.\n")
    (ada / "skills/s/SKILL.md").write_text("---\nname: s\n---\n")
    export(ctx, ProfileName("ada"), Packing(), tmp_path / "ada.tar.gz")
    with tarfile.open(tmp_path / "ada.tar.gz") as archive:
        held = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        assert any(name.endswith("skills/s/SKILL.md") for name in held)
        assert [name for name, file in held.items() if file and b"PLANTED" in file.read()] == []
